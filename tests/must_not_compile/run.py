#!/usr/bin/env python3
"""Compiles the programs of this folder, none of which may compile, and reads what is said.

The first line of each is `// expect: ` and a regular expression: the first error of the compiler
must have it, so that nobody has to look for the sentence among others. everything_right.cpp is the
opposite: it has what is allowed, and must compile.
"""

import atexit
import contextlib
import functools
import os
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import programs  # noqa: E402

INCLUDE = HERE.parent.parent / "final" / "include"
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror=unused-result"]
RIGHT = "everything_right"


def first_error(text):
    """Returns what the compiler says up to its second error."""
    starts = [match.start() for match in re.finditer(r"^.*\berror: ", text, re.MULTILINE)]
    if not starts:
        return ""
    return text[starts[0] : starts[1] if len(starts) > 1 else len(text)]


def precompile(compiler):
    """Compiles what most programs include, once. Returns the folder that g++ finds it in; other
    compilers do not look there."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    header = INCLUDE / "funnel" / "web.h"
    compiled = pathlib.Path(folder.name, "funnel", "web.h.gch")
    compiled.parent.mkdir()
    command = [compiler, *FLAGS, "-w", f"-I{INCLUDE}", "-x", "c++-header", header, "-o", compiled]
    with contextlib.suppress(*programs.FAILURES):  # they come again where it is included
        programs.run(command)
    return folder.name


def judge(compiler, precompiled, source):
    """Compiles one program. Returns the verdict and what it rests on."""
    expected = source.read_text().splitlines()[0].removeprefix("// expect: ")
    command = [compiler, *FLAGS, "-fsyntax-only", f"-I{precompiled}", f"-I{INCLUDE}", source]
    done = programs.run(command, env={**os.environ, "LC_ALL": "C"})
    if source.stem == RIGHT:
        wrong = done.returncode or done.stderr
        return ("FAILED", f"does not compile:\n{done.stderr}") if wrong else ("ok", "compiles")
    if not done.returncode:
        return "FAILED", "compiles"
    if not re.search(expected, first_error(done.stderr)):
        return "FAILED", f'the first error does not say "{expected}":\n{done.stderr}'
    return "ok", "is refused, and it is said why"


def judge_with(compiler):
    return functools.partial(judge, compiler, precompile(compiler))


if __name__ == "__main__":
    sys.exit(programs.main(__doc__, HERE, ["*.cpp"], judge_with))
