#!/usr/bin/env python3
"""Prose, comments and messages are in plain English: words that give a translation away are found.

Checked is the text of whole files, whatever it stands in: a comment, a message, a page. A file that
is not in FOLDERS has not been edited yet.
"""

import re

import common
from common import Finding

FOLDERS = (
    "chapters/",
    "tests/ch0",
    "tests/support/",
    "book/ch",
    "book/how-to-work-through.md",
    "CONTRIBUTING.md",
    "tools/learn/",
)
SUFFIXES = (".cpp", ".h", ".md", ".py", ".toml", ".txt")

# What gives a translation away, and what to write instead.
WORDS = (
    (r"\bwho(?:m)?ever\b", 'name the one who does it: "a client that …", "you"'),
    (r"\bfor ever\b", '"forever", where it is meant'),
    (r"\btime-outs?\b", '"timeout"'),
    (r"\bnor has\b", "two sentences"),
    (r"\b(?:it|this|that|which|there) is no (?:tool|socket|page|number|class|error|client)\b", '"is not a …"'),
    (r"\bit is that of\b", "say whose it is"),
    (r"\bthere is a most\b", '"there is a limit"'),
    (r"\bfor who (?:wants|waits|asks|reads|does|only|looks)\b", '"for a caller that …"'),
    (r"(?:^|[.:;,] |/// |// )who (?:wants|waits|asks|reads|does|stops)\b", '"a caller that …"'),
    (r"\bdescriptor of the test's\b", '"the test\'s descriptor"'),
    (r"\bno more than so many\b", '"at most"'),
    (r"\b(?:came|comes|stands|stood|what is) behind (?:it|that|them|the (?:name|delimiter|head|line))\b", '"after", for order'),
)


def check(root):
    findings, names = [], common.tracked(root)
    checked = [name for name in names if name.startswith(FOLDERS) and name.endswith(SUFFIXES)]
    for name in checked:
        text = (root / name).read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, instead in WORDS:
                found = re.search(pattern, line, re.IGNORECASE)
                if found:
                    said = found[0].strip(" .:;,/")
                    findings.append(Finding(name, number, f"“{said}”: write {instead}"))
    return findings, f"{len(checked)} files"


if __name__ == "__main__":
    common.run("words", __doc__, check)
