#!/usr/bin/env python3
"""Compiles and runs the coroutine programs of this folder and compares with what GCC 12 does.

good/ holds the shapes of code that our rules allow: each must work, with every compiler.
miscompiled/ holds those that the rules forbid, because GCC 12 refuses them or makes them destroy
an object twice. On GCC 12 each must still misbehave, as its comment "GCC 12: …" says or else at
run time: one that works means that the toolchain has changed and the rules are due for another
look. On other compilers it is only mentioned.
"""

import functools
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import programs  # noqa: E402

LEVELS = ["-O0", "-O2"]
STACK_BYTES = 8 << 20  # what Linux gives by default; the overflow must not depend on the shell
MARKER = re.compile(r"^// GCC 12: (?P<how>.*?)(?: at (?P<level>-\S+))?$", re.MULTILINE)


def is_gcc_12(compiler):
    """Asks the compiler's preprocessor who it is."""
    command = [compiler, "-E", "-P", "-x", "c++", "-"]
    text = "__GNUC__ __clang__"
    done = programs.run(command, input=text, check=True)
    return done.stdout.split() == ["12", "__clang__"]


def limit_stack():
    """Runs in the child: sets its stack, and leaves no core file."""
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    soft = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def try_program(compiler, source, level):
    """Compiles and runs one program. Returns "works", or how it does not."""
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "program")
        command = [compiler, "-std=c++20", "-w", level, f"-I{HERE}", source, "-o", binary]
        built = programs.run(command)
        if built.returncode:
            return "does not compile"
        try:
            ran = programs.run([binary], limit_s=20, preexec_fn=limit_stack)
        except subprocess.TimeoutExpired:
            return "hangs"
    if ran.returncode < 0:
        return signal.Signals(-ran.returncode).name
    return "; ".join(ran.stdout.splitlines()) or "fails" if ran.returncode else "works"


def expectation(source):
    """Returns how GCC 12 misbehaves, if the program says so, and at which levels."""
    marker = MARKER.search(source.read_text())
    if not marker:
        return None, LEVELS
    return marker["how"], [marker["level"]] if marker["level"] else LEVELS


def misbehaves_as(how, outcome):
    """Compares an outcome with the program's word; without one, the program must have run."""
    return outcome == how if how else outcome not in ("works", "does not compile")


def judge(compiler, gcc_12, source):
    """Returns the verdict on one program, "ok", "differs" or "FAILED", and what it rests on."""
    outcomes = {level: try_program(compiler, source, level) for level in LEVELS}
    if source.parent.name == "good":
        wrong = [f"{level}: {how}" for level, how in outcomes.items() if how != "works"]
        return ("FAILED", ", ".join(wrong)) if wrong else ("ok", "works")
    how, levels = expectation(source)
    changed = [level for level in levels if not misbehaves_as(how, outcomes[level])]
    if not changed:
        return "ok", f"misbehaves as known ({outcomes[levels[0]]})"
    words = ", ".join(f"{level}: {outcomes[level]}" for level in changed)
    if gcc_12:
        return "FAILED", f"{words}; toolchain changed, look at the coroutine rules again"
    return "differs", f"{words}, unlike with GCC 12"


def judge_with(compiler):
    gcc_12 = is_gcc_12(compiler)
    if not gcc_12:
        print(f"{compiler} is not GCC 12: what it does better is mentioned, not failed")
    return functools.partial(judge, compiler, gcc_12)


if __name__ == "__main__":
    sys.exit(programs.main(__doc__, HERE, ["good/*.cpp", "miscompiled/*.cpp"], judge_with))
