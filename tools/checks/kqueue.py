#!/usr/bin/env python3
"""Checks that chapter 2's kqueue backend compiles, against a header with FreeBSD's declarations.

No system with kqueue is part of the tests: nothing is linked, and nothing runs.
"""

import os
import re
import subprocess

import common
from common import Finding

SOURCE = "chapters/ch02_eventloop/funnel/poller_kqueue.cpp"
STUB = "tests/support/kqueue"
FOLDERS = (STUB, "chapters/ch02_eventloop", "chapters/ch01_blocking")
OPTIONS = ("-fsyntax-only", "-std=c++20", "-Wall", "-Wextra", "-Werror")
MESSAGE = re.compile(r"^(.+?):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$", re.MULTILINE)
# What is compiled. The headers come first, as they are on Linux: those of the compiler itself would
# look for files that FreeBSD alone has. And code that is left out would compile whatever it says.
WHOLE = f"""{{headers}}
#undef __linux__
#define __FreeBSD__ 14
#include "{SOURCE}"
#if !({{condition}})
#error "nothing of {SOURCE} was compiled: FreeBSD is not in its #if"
#endif
"""


def whole(root):
    """Returns the program that includes the source as FreeBSD would see it."""
    headers = [f"#include <{include.name}>" for include in common.includes(root / SOURCE)]
    condition = re.search(r"^#if (.*)$", (root / SOURCE).read_text(), re.MULTILINE)
    return WHOLE.format(headers="\n".join(headers), condition=condition[1] if condition else "1")


def compile_source(root):
    """Returns the findings of the compiler, by file and line."""
    command = [os.environ.get("CXX", "g++"), *OPTIONS, *(f"-I{folder}" for folder in FOLDERS)]
    done = subprocess.run(
        [*command, "-x", "c++", "-"], input=whole(root), capture_output=True, text=True, cwd=root
    )
    if not done.returncode:
        return []
    found = [
        Finding(SOURCE, 1, text) if path == "<stdin>" else Finding(path, int(line), text)
        for path, line, text in MESSAGE.findall(done.stderr)
    ]
    return found or [Finding(SOURCE, 1, f"does not compile: {done.stderr.strip()[:200]}")]


def check(root):
    for name in (SOURCE, f"{STUB}/sys/event.h"):
        if not (root / name).is_file():
            return [Finding(name, 1, "the file is missing: tools/checks/kqueue.py needs it")], ""
    return compile_source(root), f"{SOURCE} compiles, for its syntax only"


if __name__ == "__main__":
    common.run("kqueue", __doc__, check)
