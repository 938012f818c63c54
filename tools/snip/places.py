"""What `FILE`, `FILE#REGION` and `FILE#REGION #REGION` stand for: lines of the clone's files."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from learn.errors import LearnError
from learn.regions import HASH_SUFFIXES, Region, Source

CHAPTER = re.compile(r"^chapters/ch\d\d_\w+/")


@dataclass(frozen=True)
class Excerpt:
    source: Source  # the whole file
    lines: list[str]


class Places:
    """Reads the files of the clone, and remembers which regions were asked for."""

    def __init__(self, root: Path):
        self._root = root
        self._sources: dict[str, Source] = {}
        self._used: dict[str, set[str]] = {}

    def excerpt(self, place: str) -> Excerpt:
        """The lines of a place, without markers and common indent; raises `LearnError`."""
        name, *regions = (part.strip() for part in place.split("#"))
        if not all(regions):
            raise LearnError(f"{place!r} has a # without a region behind it")
        source = self.source(name)
        self._used[source.shown].update(regions)
        chosen = [region for name in regions for region in source.named(name)]
        text = _joined(source, chosen) if regions else _between(source, 0, len(source.lines) + 1)
        lines = [line.rstrip() for line in textwrap.dedent(text).split("\n")]
        lines = without_blank_ends(lines)
        if not lines:
            raise LearnError(f"{place} has nothing to show")
        return Excerpt(source, lines)

    def source(self, name: str) -> Source:
        """The file of that name, its regions checked; raises `LearnError`."""
        path = self.path(name)
        shown = str(path.relative_to(self._root))
        if shown not in self._sources:
            source = Source.read(path, shown)
            source.regions  # raises for markers that are not right
            self._sources[shown] = source
            self._used.setdefault(shown, set())
        return self._sources[shown]

    def path(self, name: str) -> Path:
        """The file of that name, which has to be a file inside the clone."""
        if not name or not name.isprintable():
            raise LearnError(f"{name!r} is no name of a file")
        try:
            path = (self._root / name).resolve()
            other = path.exists() and not path.is_file()
        except (OSError, RuntimeError) as error:  # too long; links in a circle
            reason = getattr(error, "strerror", None) or error
            raise LearnError(f"{name} cannot be read: {reason}") from error
        if Path(name).is_absolute() or not path.is_relative_to(self._root):
            raise LearnError(f"{name} is outside the clone; name files from its root")
        if other:
            raise LearnError(f"{name} is not a file")
        return path

    def unused(self) -> list[tuple[str, Region]]:
        """The regions of all files read that nobody asked for; those of tasks need no reader."""
        return [
            (shown, region)
            for shown, source in sorted(self._sources.items())
            for region in source.regions
            if not region.task and region.name not in self._used[shown]
        ]


def without_blank_ends(lines: list[str]) -> list[str]:
    said = [number for number, line in enumerate(lines) if line.strip()]
    return lines[said[0] : said[-1] + 1] if said else []


def as_learners_know(shown: str) -> str:
    """A chapter's file has the same name in the learner's own folder and in the reference."""
    return CHAPTER.sub("", shown)


def _between(source: Source, begin: int, end: int) -> str:
    """The lines between two line numbers, without markers."""
    return source.body(Region("", begin, end, ""), markers=False)


def _joined(source: Source, regions: list[Region]) -> str:
    """The regions' lines in this order, with an ellipsis where something else is between them."""
    text = ""
    for before, region in zip([None, *regions], regions):
        body = _between(source, region.begin, region.end)
        if before:
            text += _seam(source, before, region, body)
        text += body
    return text


def _seam(source: Source, before: Region, region: Region, body: str) -> str:
    if before.end < region.begin:
        between = _between(source, before.end, region.begin)
        if not between.strip():
            return "\n" if between else ""
    leader = "#" if Path(source.shown).suffix in HASH_SUFFIXES else "//"
    indent = re.match(r"[ \t]*", body.lstrip("\n"))[0]
    gap = "" if indent else "\n"  # inside a function, or between two
    return f"{gap}{indent}{leader} …\n{gap}"
