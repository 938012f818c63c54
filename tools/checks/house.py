#!/usr/bin/env python3
"""Checks the house rules on every file that is, or would be, committed."""

import re

import common
from common import Finding

TOP = """
    CMakeLists.txt CMakePresets.json README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md LICENSE
    .clang-format .clang-tidy .gitignore .ci learn chapters final tests book tools cmake
    """.split()
MOST_LINES, MANY_LINES = 600, 400  # of a C++ file: an error, and worth a word

TEMPORARY = re.compile(
    r"(~|\.(orig|rej|sw[op]|tmp|bak|log|o|a|so|gcda|gcno|pyc)|(^|/)(a\.out|core|\.DS_Store))$"
)
# The words are put together here so that this file does not find itself.
OPEN_END = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"]) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.~}/-])/(wor" r"k/|roo" r"t/|tmp/bash_job" r"s)")
UNREAD = re.compile(r"(\.lock|package-lock\.json)$|^tests/fuzz/corpus/")  # not written by us


def check_name(name):
    top = name.split("/")[0]
    if top not in TOP:
        yield f"{top} is not part of the top level: move it into one of its folders"
    if TEMPORARY.search(name):
        yield "a temporary or generated file: delete it or add it to .gitignore"


def check_text(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        word = OPEN_END.search(line)
        if word:
            yield Finding(name, number, f"{word[0]} is left open: finish it or drop the line")
        path = MACHINE_PATH.search(line)
        if path and name != ".gitignore":
            yield Finding(name, number, f"{path[0]} is a path of one machine: make it relative")
    lines = text.count("\n")
    if name.endswith((".h", ".cpp")) and lines > MOST_LINES:
        yield Finding(name, 1, f"{lines} lines, at most {MOST_LINES}: split it")
    if name.endswith(".h") and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield Finding(name, 1, "#pragma once is missing: add it as the first directive")


def check(root):
    names, findings, long_files = common.tracked(root), [], []
    for name in names:
        findings += [Finding(name, 1, text) for text in check_name(name)]
        data = (root / name).read_bytes()
        if not data:
            findings.append(Finding(name, 1, "the file is empty: fill it or delete it"))
        if b"\0" in data or UNREAD.search(name):
            continue
        text = data.decode(errors="replace")
        findings += check_text(name, text)
        if name.endswith((".h", ".cpp")) and MANY_LINES < text.count("\n") <= MOST_LINES:
            long_files.append(f"{name} {text.count(chr(10))}")
    summary = f"{len(names)} files"
    if long_files:
        summary += f"; longer than {MANY_LINES} lines: {', '.join(long_files)}"
    return findings, summary


if __name__ == "__main__":
    common.run("house", __doc__, check)
