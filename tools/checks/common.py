"""What the checks of this folder share: findings, their report, and reading includes."""

import argparse
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Finding(NamedTuple):
    """One broken rule; `text` says what is wrong and how to mend it."""

    path: str
    line: int
    text: str


class Include(NamedTuple):
    """One #include line; `quoted` tells "x.h" from <x.h>."""

    line: int
    name: str
    quoted: bool


def includes(path):
    """Lists the #include lines of a source file."""
    found = []
    for number, text in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(text)
        if match:
            found.append(Include(number, match[2], match[1] == '"'))
    return found


def cpp_files(*folders):
    """Lists the headers and sources below the folders that exist, sorted."""
    return sorted(p for folder in folders for p in folder.rglob("*") if p.suffix in (".h", ".cpp"))


def tracked(root):
    """Lists the files that git has or, not being ignored, would take."""
    which = ["--cached", "--others", "--exclude-standard"]
    command = ["git", "-C", str(root), "ls-files", "-z", *which]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"ls-files failed: {done.stderr.strip()}")
    names = sorted(set(done.stdout.split("\0")) - {""})
    return [name for name in names if (root / name).is_file()]


def run(name, description, check):
    """Runs `check(root)`, which returns findings and a summary, and exits with its verdict."""
    arguments = argparse.ArgumentParser(prog=f"{name}.py", description=description)
    arguments.add_argument(
        "--root",
        type=pathlib.Path,
        default=pathlib.Path(__file__).resolve().parents[2],
        help="the tree to check (default: the one this script is in)",
    )
    findings, summary = check(arguments.parse_args().root.resolve())
    for finding in sorted(set(findings)):
        print(f"{finding.path}:{finding.line}: {finding.text}")
    if findings:
        print(f"{name}: {len(set(findings))} to mend")
        sys.exit(1)
    print(f"{name}: good ({summary})")
