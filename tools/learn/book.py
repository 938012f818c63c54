"""Where the book explains something: the headings of a chapter's text and their anchors."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path


NO_PROSE = (
    re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE),  # what the site needs to know
    re.compile(r"^ *(```+|~~~+).*?^ *\1 *$", re.DOTALL | re.MULTILINE),  # code
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"^ *\|.*$", re.MULTILINE),  # tables
)


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    line: int


def sections(path: Path) -> dict[str, Section]:
    """The sections of a Markdown file by their anchors; none when it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found, fence = {}, ""
    for number, line in enumerate(lines, 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        heading = re.match(r"#{1,6} +(.+)", line)
        if heading and not fence:
            section = _section(heading[1], number)
            found.setdefault(section.anchor, section)
    return found


def prose_words(path: Path) -> int:
    """The words that somebody reads: without code, outputs and tables."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for left_out in NO_PROSE:
        text = left_out.sub("", text)
    text = re.sub(r"<[^<>]+>", " ", text)
    return sum(any(c.isalnum() for c in word) for word in text.split())


def _section(heading: str, line: int) -> Section:
    given = re.search(r"\s*\{#([^\s}]+)\}\s*$", heading)
    title = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading[: given.start() if given else None])
    return Section(given[1] if given else slug(title), title.strip(), line)


def slug(title: str) -> str:
    """The anchor that VitePress makes of a heading."""
    plain = unicodedata.normalize("NFKD", title)
    plain = re.sub(r"[\u0300-\u036f\x00-\x1f]", "", plain)
    dashed = re.sub(r"[\s~`!@#$%^&*()\-_+=\[\]{}|\\;:\"'“”‘’<>,.?/]+", "-", plain).strip("-")
    return re.sub(r"^(\d)", r"_\1", dashed).lower()
