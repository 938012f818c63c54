"""Finds in a Markdown text the blocks that snip writes, and puts new ones in their place."""

import re
from dataclasses import dataclass, field

from learn.arguments import nearest
from learn.errors import LearnError
from snip.directives import DIRECTIVES

CLOSING = "<!-- /snip -->"
COMMENT = re.compile(r"[ \t]*<!--(.*)", re.DOTALL)
FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
NAMED = re.compile(r"\s*([A-Za-z]+)[ \t]*:")
INLINE = re.compile(rf"<!--\s*(?:/snip\b|(?:{'|'.join(DIRECTIVES)})\s*:)")
# Besides fenced code, what snip writes are captions and tables.
OWN_LINE = re.compile(r"\*.*\*|\|.*\|")


class MarkdownError(LearnError):
    """The blocks of a text cannot be told apart; nothing of it is touched. `line` is from 1."""

    def __init__(self, line: int, message: str):
        super().__init__(message)
        self.line = line


@dataclass
class Block:
    """One directive and the lines that it owns, which are those from `begin` up to `end`."""

    text: str  # of the comment
    line: int  # where the comment begins, from 1
    begin: int
    indent: str
    end: int = 0
    body: list[str] = field(default_factory=list)  # its lines, without the indent


class Document:
    """A Markdown text; raises `MarkdownError`."""

    def __init__(self, text: str):
        self._lines = text.split("\n")
        self.blocks: list[Block] = []
        _Scan(self._lines, self.blocks).run()
        for block in self.blocks:
            lines = self._lines[block.begin : block.end]
            block.body = [line.removesuffix("\r").removeprefix(block.indent) for line in lines]
            _refuse_foreign_lines(block)

    def text(self, bodies: dict[int, list[str]] | None = None) -> str:
        """The whole text, with new bodies for the blocks whose index has one."""
        lines = list(self._lines)
        for index, body in sorted((bodies or {}).items(), reverse=True):
            block = self.blocks[index]
            ending = "\r" if lines[block.line - 1].endswith("\r") else ""
            new = [(block.indent + line if line else "") + ending for line in body]
            lines[block.begin : block.end] = new
        return "\n".join(lines)


class _Fences:
    """Told line by line, knows which lines are fenced code."""

    def __init__(self):
        self.opened = 0  # the number of the line that opened the present one, 0 outside
        self._fence = ""

    def take(self, line: str, number: int) -> bool:
        if self.opened:
            bare = line.strip()
            if bare.startswith(self._fence) and not bare.strip(self._fence[0]):
                self.opened = 0
            return True
        found = FENCE.match(line)
        if found:
            self.opened, self._fence = number, found[1]
        return bool(found)


class _Scan:
    """One walk through the lines, past all code, where a directive means nothing."""

    def __init__(self, lines: list[str], blocks: list[Block]):
        self._lines = [line.removesuffix("\r") for line in lines]
        self._blocks = blocks
        self._open: Block | None = None

    def run(self) -> None:
        fences = _Fences()
        number = 0
        while number < len(self._lines):
            line = self._lines[number]
            if fences.take(line, number + 1):
                number += 1
            elif COMMENT.match(line):
                number = self._comment(number)
            else:
                found = INLINE.search(CODE_SPAN.sub("", line))
                if found:
                    what = f"{found[0]}… has to stand on a line of its own"
                    raise MarkdownError(number + 1, what)
                number += 1
        if fences.opened:
            raise MarkdownError(fences.opened, "this code block is never closed")
        if self._open:
            raise MarkdownError(self._open.line, f"this block is never closed; expected {CLOSING}")

    def _comment(self, first: int) -> int:
        """Reads the comment that begins on line `first`; returns the line behind it."""
        last = first
        while last < len(self._lines) and "-->" not in self._lines[last]:
            last += 1
        whole = "\n".join(self._lines[first : last + 1])
        text, _, rest = COMMENT.match(whole)[1].partition("-->")
        if last == len(self._lines):
            raise MarkdownError(first + 1, "this comment is never closed; expected -->")
        if not _is_ours(text, first + 1):
            return last + 1
        if rest.strip():
            raise MarkdownError(last + 1, f"the comment has to end its line, not {rest.strip()!r}")
        if text.strip() == "/snip":
            self._close(first)
        else:
            self._begin(text, first, last + 1)
        return last + 1

    def _begin(self, text: str, first: int, begin: int) -> None:
        if self._open:
            more = f"expected {CLOSING} before the directive of line {first + 1}"
            raise MarkdownError(self._open.line, f"this block is never closed; {more}")
        line = self._lines[first]
        indent = line[: len(line) - len(line.lstrip())]
        self._open = Block(text.strip(), first + 1, begin, indent)

    def _close(self, end: int) -> None:
        if not self._open:
            raise MarkdownError(end + 1, f"{CLOSING} closes nothing; no directive before it")
        self._open.end = end
        self._blocks.append(self._open)
        self._open = None


def _is_ours(text: str, line: int) -> bool:
    """Tells a directive from other comments; a comment that only looks like one is an error."""
    whole = " ".join(text.split())
    word = whole.partition(" ")[0]
    named = NAMED.match(text)
    if word.startswith("/") and whole != "/snip":
        raise MarkdownError(line, f"there is no closing <!-- {whole} -->; expected {CLOSING}")
    if named and named[1] not in DIRECTIVES:
        known = nearest(named[1].lower(), DIRECTIVES)
        what = f"there is no directive {named[1]!r}{known} (other comments begin otherwise)"
        raise MarkdownError(line, what)
    if word in DIRECTIVES and not named:
        raise MarkdownError(line, f"a directive needs a colon: <!-- {word}: … -->")
    return bool(named) or word == "/snip"


def _refuse_foreign_lines(block: Block) -> None:
    """What somebody wrote between the comments by mistake must not be lost."""
    fences = _Fences()
    for number, line in enumerate(block.body, block.begin + 1):
        bare = line.strip()
        if not fences.take(line, number) and bare and not OWN_LINE.fullmatch(bare):
            what = f"this line is inside a block that snip writes; move it behind {CLOSING}"
            raise MarkdownError(number, what)
