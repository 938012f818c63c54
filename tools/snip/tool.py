"""What `./learn snip` does with a text: expands its directives and compares, or writes."""

import contextlib
import difflib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from learn.context import Context
from learn.errors import LearnError
from learn.regions import HASH_SUFFIXES, Source
from snip import benches, commands, diffs
from snip.directives import Directive, parse
from snip.markdown import Block, Document, MarkdownError
from snip.places import Excerpt, Places, as_learners_know
from snip.render import caption, fenced, language

TEXTS = ("book", "chapters", "final")  # and what lies at the top
SOURCES = ("chapters", "final", "tests", "tools")  # where an unused region is looked for
# Not Python: its tests have markers in strings.
WITH_REGIONS = (".h", ".cpp", *sorted(HASH_SUFFIXES - {".py"}))
SHOWN_LINES = 8
COMMENT = re.compile(r"(?ms)//[^\n]*|/\*.*?\*/|^\s*#[^\n]*")


@dataclass(frozen=True)
class Problem:
    """What is wrong at a line, how to mend it, and lines that show it."""

    shown: str
    line: int
    message: str
    excerpt: tuple[str, ...] = ()


@dataclass
class Text:
    """A Markdown file as it was read."""

    path: Path
    shown: str
    data: bytes
    document: Document


class Tool:
    def __init__(self, context: Context, record: bool = False):
        self.problems: list[Problem] = []
        self.good = 0  # blocks that were, or now are, as they should be
        self.unread = 0  # texts whose blocks could not be found
        self._context = context
        self._record = record
        self._places = Places(context.root)

    def read(self, path: Path) -> Text | None:
        """Reads a text; None, with a problem told, when its blocks cannot be found."""
        shown = self._context.shown(path)
        try:
            data = path.read_bytes()
            return Text(path, shown, data, Document(data.decode("utf-8")))
        except MarkdownError as error:
            self.problems.append(Problem(shown, error.line, error.message))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or f"not UTF-8 ({error})"
            self.problems.append(Problem(shown, 1, f"cannot be read: {reason}"))
        self.unread += 1
        return None

    def check(self, text: Text) -> None:
        for _, block, body in self._expanded(text):
            if body == block.body:
                self.good += 1
                continue
            how = f"this block is not what its source has now; ./learn snip {text.shown} mends it"
            self._tell(text, block, how, _changes(block.body, body))

    def write(self, text: Text) -> int:
        """Writes the text anew if a block differs; returns how many do.

        Blocks with problems stay as they are. When something ends the work early, what was made
        until then is written.
        """
        bodies: dict[int, list[str]] = {}
        try:
            for index, block, body in self._expanded(text):
                self.good += 1
                if body != block.body:
                    bodies[index] = body
        finally:
            written = self._store(text, bodies)
        return written

    def _store(self, text: Text, bodies: dict[int, list[str]]) -> int:
        try:
            if bodies:
                _replace(text, text.document.text(bodies).encode())
        except LearnError as error:
            self.problems.append(Problem(text.shown, 1, error.message))
            return 0
        return len(bodies)

    def check_regions(self) -> None:
        """Tells of regions that no text read so far uses, and of markers that are not right."""
        for path in _below(self._context.root, SOURCES, WITH_REGIONS):
            try:
                self._places.source(self._context.shown(path))
            except LearnError as error:
                shown, line, message = _placed(error.message, self._context.shown(path))
                self.problems.append(Problem(shown, line, message))
        for shown, region in self._places.unused():
            what = f"no text uses the region {region.name!r}; use it or take its markers out"
            self.problems.append(Problem(shown, region.begin, what))

    def _expanded(self, text: Text) -> Iterator[tuple[int, Block, list[str]]]:
        """Each block with what should stand in it; problems are told instead."""
        for index, block in enumerate(text.document.blocks):
            try:
                body = self._expand(block, text)
            except LearnError as error:
                self._tell(text, block, error.message, error.excerpt)
            else:
                yield index, block, body

    def _tell(self, text: Text, block: Block, message: str, excerpt) -> None:
        self.problems.append(Problem(text.shown, block.line, message, tuple(excerpt)))

    def _expand(self, block: Block, text: Text) -> list[str]:
        directive = parse(block.text)
        match directive.name:
            case "snip":
                excerpt = self._places.excerpt(directive.argument)
                return self._titled(directive, excerpt, language(excerpt.source.shown))
            case "diff":
                excerpt = diffs.difference(self._context.root, self._places, directive.argument)
                return self._titled(directive, excerpt, "diff")
            case "run":
                return commands.run(self._context, directive)
            case "recorded":
                return self._recorded(directive, block, text)
            case "bench":
                return benches.table(self._places, directive.argument)

    def _titled(self, directive: Directive, excerpt: Excerpt, info: str) -> list[str]:
        code = fenced(excerpt.lines, info)
        if "place" not in directive.options:
            return code
        function, _, rest = directive.options["place"].partition(",")
        function, rest = function.strip(" `"), rest.strip()
        parts = [f"`{as_learners_know(excerpt.source.shown)}`"]
        if function:
            _look_for(function, excerpt.source)
            parts.append(f"`{function}`")
        if rest:
            parts.append(rest)
        return [caption(", ".join(parts)), "", *code]

    def _recorded(self, directive: Directive, block: Block, text: Text) -> list[str]:
        known = commands.recorded_command(block.body)
        if known == directive.argument:
            return commands.renumbered(self._places, block.body)
        if self._record:
            return commands.record(self._context, directive)
        what = f"this was recorded with another command, `{known}`" if known else "nothing recorded"
        raise LearnError(f"{what}; ./learn snip --record {text.shown} records it")


def markdown_files(root: Path) -> list[Path]:
    """The Markdown files that snip looks after."""
    return [*sorted(root.glob("*.md")), *_below(root, TEXTS, (".md",))]


def _below(root: Path, tops: tuple[str, ...], suffixes: tuple[str, ...]) -> list[Path]:
    """The files below some folders, but for what is hidden or was fetched."""
    found = []
    for top in tops:
        for place, folders, names in os.walk(root / top):
            folders[:] = [name for name in folders if name != "node_modules" and name[0] != "."]
            found += [Path(place, name) for name in names if name.endswith(suffixes)]
    return sorted(found)


def _look_for(function: str, source: Source) -> None:
    """A name that the file does not have any more is as stale as code that it has not."""
    code = COMMENT.sub("", source.text)
    owner, _, name = re.sub(r"[(<].*", "", function).strip().rpartition("::")
    call = rf"(?<![\w~]){re.escape(name)}\s*\("
    if owner:
        inside = rf"\b(?:class|struct)\s+{re.escape(owner.rpartition('::')[2])}\b.*?{call}"
        call = rf"(?<!\w){re.escape(owner)}::{re.escape(name)}\s*\(|{inside}"
    if not name or not re.search(call, code, re.DOTALL):
        raise LearnError(f"place: {source.shown} does not have {function!r}")


def _changes(old: list[str], new: list[str]) -> list[str]:
    """The first lines that differ: `-` as the text has them, `+` as they should be."""
    lines = [
        line
        for line in list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
        if not line.startswith("@@")
    ]
    return lines[:SHOWN_LINES] + (["…"] if len(lines) > SHOWN_LINES else [])


def _placed(message: str, shown: str) -> tuple[str, int, str]:
    """A message that begins with `FILE:LINE: ` or not, in its parts."""
    found = re.match(rf"{re.escape(shown)}:(\d+): ", message)
    return (shown, int(found[1]), message[found.end() :]) if found else (shown, 1, message)


def _replace(text: Text, data: bytes) -> None:
    """Puts a whole new file into the old one's place, which keeps its mode."""
    path = text.path.resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".snip-", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.chmod(file.name, stat.S_IMODE(path.stat().st_mode))
                if path.read_bytes() != text.data:
                    raise LearnError(f"{text.shown} changed in the meantime; run it again")
                os.replace(file.name, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(file.name)
                raise
    except OSError as error:
        raise LearnError(f"cannot write {text.shown}: {error.strerror or error}") from error
