"""Reads and replaces the regions of a source file: the lines between two marker comments.

    // #region task 1.2
    …
    // #endregion task 1.2

A name is given once in a file, but for those of tasks (`task N.M`): their regions together are what
a learner writes. Regions may enclose each other; a task's encloses and is enclosed by no other
task's. Markers stand on lines of their own, behind `//`, or behind `#` where that begins a comment.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from learn.arguments import nearest
from learn.errors import LearnError

TASK = "task "
HASH_SUFFIXES = {".cmake", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}


class RegionError(LearnError):
    """Markers that are not right; the message begins with `FILE:LINE: ` or `FILE: `."""


@dataclass(frozen=True)
class Region:
    name: str
    begin: int  # the line numbers of the two markers, from 1
    end: int
    indent: str  # what stands before the first marker

    @property
    def task(self) -> str:
        """The task's id, empty when this is another region."""
        return self.name.removeprefix(TASK) if self.name.startswith(TASK) else ""


class Source:
    """A text with its regions; `shown` is how errors call its file."""

    def __init__(self, text: str, shown: str):
        self.shown = shown
        self.lines = _lines(text)
        self._leader = "#" if Path(shown).suffix in HASH_SUFFIXES else "//"

    @classmethod
    def read(cls, path: Path, shown: str | None = None) -> "Source":
        shown = shown or str(path)
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return cls(file.read(), shown)
        except OSError as error:
            raise RegionError(f"{shown}: {(error.strerror or str(error)).lower()}") from error
        except UnicodeDecodeError as error:
            raise RegionError(f"{shown} is not UTF-8: {error.reason}") from error

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @cached_property
    def regions(self) -> list[Region]:
        """All regions in the order of their beginnings; raises `RegionError`."""
        found, open_ones = [], []
        for number, line in enumerate(self.lines, 1):
            marker = self._marker(line, number)
            if not marker:
                continue
            indent, kind, name = marker
            if kind == "region":
                self._may_begin(name, number, found, open_ones)
                open_ones.append(Region(name, number, 0, indent))
            else:
                found.append(self._ended(name, number, open_ones))
        if open_ones:
            last = open_ones[-1]
            self._fail(last.begin, f"the region {last.name!r} is never ended", self._end(last.name))
        return sorted(found, key=lambda region: region.begin)

    def markers(self) -> list[tuple[int, str]]:
        """The line and the words of each marker (`region NAME`, `endregion NAME`), in whatever
        order they stand; raises `RegionError` for one that is none."""
        found = ((n, self._marker(line, n)) for n, line in enumerate(self.lines, 1))
        return [(number, f"{marker[1]} {marker[2]}") for number, marker in found if marker]

    def named(self, name: str) -> list[Region]:
        """The regions of this name, several only for a task; raises `RegionError` for none."""
        found = [region for region in self.regions if region.name == name]
        if not found:
            close = nearest(name, {region.name for region in self.regions})
            raise RegionError(f"{self.shown} has no region {name!r}{close}")
        return found

    def tasks(self) -> dict[str, list[Region]]:
        """The regions of each task that has any, by its id."""
        by_task: dict[str, list[Region]] = {}
        for region in self.regions:
            if region.task:
                by_task.setdefault(region.task, []).append(region)
        return by_task

    def body(self, region: Region, *, markers: bool = True) -> str:
        """The lines between the markers; those of inner regions are left out unless `markers`."""
        inside = range(region.begin, region.end - 1)
        return "".join(self.lines[i] for i in inside if markers or not self._is_marker(i))

    def replaced(self, bodies: dict[Region, str]) -> str:
        """The whole text with these regions' lines replaced; their markers stay.

        No two of the regions may enclose each other.
        """
        lines = list(self.lines)
        for region in sorted(bodies, key=lambda region: -region.begin):
            lines[region.begin : region.end - 1] = _lines(bodies[region])
        return "".join(lines)

    def task_at(self, line: int) -> str:
        """The id of the task in whose region the line lies, empty when in none."""
        return next((r.task for r in self.regions if r.task and r.begin <= line <= r.end), "")

    def _is_marker(self, index: int) -> bool:
        return self._marker(self.lines[index], index + 1) is not None

    def _marker(self, line: str, number: int) -> tuple[str, str, str] | None:
        if "region" not in line:
            return None
        comment = re.escape(self._leader)
        found = re.fullmatch(rf"(.*?){comment}[ \t]*#(region|endregion)\b(.*)", line.rstrip())
        if not found:
            return None
        before, kind, name = found[1], found[2], " ".join(found[3].split())
        if before.strip():
            self._fail(number, f"#{kind} has to stand on a line of its own")
        if not name:
            self._fail(number, f"#{kind} without the region's name")
        return before, kind, name

    def _may_begin(self, name: str, number: int, found: list, open_ones: list) -> None:
        for region in open_ones:
            if region.name == name:
                what = f"the region {name!r} begins again, before its end"
                self._fail(number, what, f"it began on line {region.begin}")
            if region.task and name.startswith(TASK):
                self._fail(number, f"{name} begins inside {region.name}")
        first = next((region for region in found if region.name == name), None)
        if first and not first.task:
            self._fail(number, f"there is a region {name!r} already, on line {first.begin}")

    def _ended(self, name: str, number: int, open_ones: list) -> Region:
        if not any(region.name == name for region in open_ones):
            begun = f"no {self._leader} #region {name} before it"
            self._fail(number, f"the end of a region {name!r} that never began", begun)
        last = open_ones.pop()
        if last.name != name:
            what = f"{name!r} ends here, but {last.name!r} of line {last.begin} is still open"
            self._fail(number, what, self._end(last.name))
        return Region(last.name, last.begin, number, last.indent)

    def _end(self, name: str) -> str:
        return f"expected {self._leader} #endregion {name}"

    def _fail(self, line: int, what: str, more: str = ""):
        raise RegionError(f"{self.shown}:{line}: {what}" + (f"; {more}" if more else ""))


def _lines(text: str) -> list[str]:
    """Cuts as compilers count (`splitlines` knows more line ends); the last gets its end too."""
    return [line + "\n" for line in text.removesuffix("\n").split("\n")] if text else []
