#!/usr/bin/env python3
"""Compiles the programs of this folder, none of which may compile, and reads what is said.

The first line of each is `// expect: ` and a regular expression: the first error of the compiler
must have it, so that nobody has to look for the sentence among others. everything_right.cpp is the
opposite: it has what is allowed, and must compile.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "final" / "include"
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror=unused-result"]
RIGHT = "everything_right"


def first_error(text):
    """Returns what the compiler says up to its second error."""
    starts = [match.start() for match in re.finditer(r"^.*\berror: ", text, re.MULTILINE)]
    if not starts:
        return ""
    return text[starts[0] : starts[1] if len(starts) > 1 else len(text)]


def judge(compiler, source):
    """Compiles one program. Returns nothing if all is well, else what is not."""
    expected = source.read_text().splitlines()[0].removeprefix("// expect: ")
    command = [compiler, *FLAGS, f"-I{INCLUDE}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if source.stem == RIGHT:
        return f"does not compile:\n{done.stderr}" if done.returncode or done.stderr else None
    if not done.returncode:
        return "compiles"
    if not re.search(expected, first_error(done.stderr)):
        return f'the first error does not say "{expected}":\n{done.stderr}'
    return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    arguments.add_argument("names", nargs="*", help="only programs whose name has one of these")
    options = arguments.parse_args()
    sources = [
        source
        for source in sorted(HERE.glob("*.cpp"))
        if not options.names or any(name in source.stem for name in options.names)
    ]
    failed = 0
    for source in sources:
        problem = judge(options.compiler, source)
        failed += problem is not None
        print(f"FAILED {source.stem}: {problem}" if problem else f"ok     {source.stem}", flush=True)
    print(f"{len(sources) - failed} passed, {failed} failed")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
