#!/usr/bin/env python3
"""Checks that public headers stay cheap: what they may not include, and how long hello becomes."""

import os
import re
import subprocess

import common
from common import Finding

HELLO = "final/demos/hello/hello.cpp"
MOST_LINES = 110_000  # of g++ -E for HELLO; the standard headers alone are 86,000
INTEROP = "asio.h"  # the one public header that is there to show Asio's types

# Matches both the name in an #include and the end of the path it was found at. nlohmann's
# json_fwd.hpp is allowed, with the one file that it includes itself.
FORBIDDEN = re.compile(
    r"""(^|/)(
        asio(\.hpp|/.*) | openssl/.* | z(lib|conf)\.h |
        nlohmann/(?!(json_fwd|detail/abi_macros)\.hpp$).* |
        re2/.* | fmt/.* | regex | iostream
    )$""",
    re.VERBOSE,
)
MARKER = re.compile(r'^# \d+ "([^"]*)"((?: \d)*)$')
MEND = "include it in a source, or hide the type behind a forward declaration"


def preprocess(root, *arguments, code=None):
    """Runs the compiler's preprocessor; returns its output and, if it failed, its complaint."""
    command = [os.environ.get("CXX", "g++"), "-E", "-std=c++20", "-I", str(root / "final/include")]
    done = subprocess.run([*command, *arguments], input=code, capture_output=True, text=True)
    complaint = next((line for line in done.stderr.splitlines() if "error" in line), "failed")
    return done.stdout, complaint if done.returncode else None


def public_headers(root):
    base = root / "final/include/funnel"
    return [p for p in common.cpp_files(base) if p != base / INTEROP]


def check_text(root):
    """Finds forbidden #include lines."""
    return [
        Finding(str(file.relative_to(root)), include.line, f"<{include.name}> is forbidden: {MEND}")
        for file in public_headers(root)
        for include in common.includes(file)
        if FORBIDDEN.search(include.name)
    ]


def blame(root, stack, public):
    """Turns the include stack at a forbidden file into a finding at our innermost header."""
    depth = max(i for i, path in enumerate(stack) if path.startswith(public))
    ours, entered = stack[depth], stack[depth + 1]
    lines = [i.line for i in common.includes(root / ours) if entered.endswith("/" + i.name)]
    name = os.path.relpath(ours, root)
    text = f"{entered} brings in {stack[-1]}: {MEND}"
    return Finding(name, lines[0] if lines else 1, text)


def check_transitive(root):
    """Follows the line markers of all public headers at once to forbidden files."""
    public = str(root / "final/include/funnel") + os.sep
    code = "".join(f'#include "{header}"\n' for header in public_headers(root))
    output, complaint = preprocess(root, "-x", "c++", "-", code=code)
    if complaint:
        return [Finding("final/include/funnel", 1, f"does not preprocess: {complaint}")]
    findings, stack = [], []
    for line in output.splitlines():
        marker = MARKER.match(line)
        if not marker:
            continue
        path, flags = marker[1], marker[2].split()
        if "1" in flags:
            stack.append(path)
            ours = any(header.startswith(public) for header in stack)
            if ours and not path.startswith(public) and FORBIDDEN.search(path):
                findings.append(blame(root, stack, public))
        elif "2" in flags:
            stack.pop()
    return findings


def check_hello(root):
    """Counts the preprocessed lines of hello; returns findings and a phrase for the summary."""
    if not (root / HELLO).is_file():
        return [], f"{HELLO} is missing, so its length was NOT checked"
    output, complaint = preprocess(root, str(root / HELLO))
    if complaint:
        return [Finding(HELLO, 1, f"does not preprocess: {complaint}")], ""
    lines = output.count("\n")
    if lines > MOST_LINES:
        text = f"{lines} preprocessed lines, at most {MOST_LINES}: look for a new standard header"
        return [Finding(HELLO, 1, text)], ""
    return [], f"hello has {lines} preprocessed lines of {MOST_LINES}"


def check(root):
    hello, phrase = check_hello(root)
    findings = check_text(root) or check_transitive(root)
    return findings + hello, f"{len(public_headers(root))} public headers; {phrase}"


if __name__ == "__main__":
    common.run("header_cost", __doc__, check)
