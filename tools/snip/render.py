"""How things look in Markdown: fenced code, captions, tables."""

import io
import re
from pathlib import Path

from learn.term import Terminal

LANGUAGES = {
    ".cmake": "cmake",
    ".cpp": "cpp",
    ".css": "css",
    ".h": "cpp",
    ".html": "html",
    ".js": "js",
    ".json": "json",
    ".lua": "lua",
    ".md": "md",
    ".mjs": "js",
    ".py": "python",
    ".sh": "sh",
    ".toml": "toml",
    ".vue": "vue",
}


def language(shown: str) -> str:
    path = Path(shown)
    return "cmake" if path.name == "CMakeLists.txt" else LANGUAGES.get(path.suffix, "")


def fenced(lines: list[str], info: str) -> list[str]:
    """A code block, whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + info, *lines, fence]


def caption(text: str) -> str:
    return f"*{text}*"


def escaped(text: str) -> str:
    """Plain text, in one line, that Markdown and the site show as it is."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return re.sub(r"([\\`*_\[\]|<>])", r"\\\1", text)


class MarkdownTerminal(Terminal):
    """Takes what a command shows on a terminal as Markdown, in `lines`."""

    def __init__(self):
        super().__init__(io.StringIO())
        self.lines: list[str] = []

    def line(self, text: str = "") -> None:
        if text.strip():
            self.lines += [caption(escaped(text.strip())), ""]

    def table(self, rows: list[list[str]], align: str, indent: str = "") -> None:
        rule = ["--:" if side == "r" else ":--" for side in align]
        head, *others = [[escaped(cell) for cell in row] for row in rows]
        self.lines += [f"| {' | '.join(row)} |" for row in (head, rule, *others)] + [""]
