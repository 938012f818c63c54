"""Whose code of a chapter is meant: the learner's, the reference, the framework, or a variant."""

from dataclasses import dataclass
from pathlib import Path

from learn import work
from learn.chapters import Chapter, discover
from learn.context import Context
from learn.errors import UsageError


@dataclass(frozen=True)
class Version:
    prefix: str  # of the targets: see cmake/FunnelChapters.cmake
    preset: str
    words: str

    @property
    def is_mine(self) -> bool:
        """Tells whether it is the learner's code, whatever it is built on."""
        return _FOLDERS.get(self.prefix) == "work"

    def library(self, chapter: Chapter) -> str:
        return f"{self.prefix}_{chapter.short}"

    def test_target(self, chapter: Chapter, file: str) -> str:
        """The test program of a test file: a change then costs its own tests alone. The framework's
        tests are one program."""
        whole = f"test_{self.library(chapter)}"
        return whole if self.prefix == "final" else f"{whole}_{file}"

    def test_program(self, context: Context, chapter: Chapter, file: str) -> Path:
        return context.binary(self.test_target(chapter, file), self.preset)

    def folder(self, chapter: Chapter) -> str:
        """Where this version's sources are, from the root of the clone."""
        return f"{_FOLDERS[self.prefix]}/{chapter.folder}" if self.prefix in _FOLDERS else "final"


PRESET = "learner"
_FOLDERS = {
    "mine": "work",
    "onmine": "work",
    "funnel": "chapters",
    "variant": f"build/{PRESET}/variants",
}

MINE = Version("mine", PRESET, "your code")
ON_MINE = Version("onmine", PRESET, "your code, on your earlier chapters")
REFERENCE = Version("funnel", PRESET, "the reference")
FINAL = Version("final", "dev", "the framework")
VARIANT = Version("variant", PRESET, "a variant")


def add_options(parser, *, final: bool = False) -> None:
    """Adds the options that choose a version to a command's parser."""
    choice = parser.add_mutually_exclusive_group()
    what = "the course's own solution, although you have started"
    choice.add_argument("--reference", action="store_true", help=what)
    what = "your code, built on your own earlier chapters instead of the course's"
    choice.add_argument("--on-mine", action="store_true", help=what)
    if final:
        choice.add_argument("--final", action="store_true", help="the framework in final/")


def chosen(options, chapter: Chapter) -> Version:
    """The version that the options name, else the learner's if the chapter was started."""
    if getattr(options, "final", False):
        return FINAL
    if options.reference:
        return REFERENCE
    if options.on_mine:
        return ON_MINE
    return MINE if chapter.started else REFERENCE


def require_usable(version: Version, chapter: Chapter) -> None:
    """Raises unless all that the version is built from is there."""
    if not version.is_mine:
        return
    work.require(chapter)
    work.require_complete(chapter)
    if version == ON_MINE:
        below = [each for each in discover(chapter.root) if each.number < chapter.number]
        if not below:
            raise UsageError(f"there is no chapter before chapter {chapter.number} to build it on")
        for each in below:
            work.require(each)
            work.require_complete(each)
