"""Whose code of a chapter is meant: the learner's, the reference, the framework, or a variant."""

from dataclasses import dataclass
from pathlib import Path

from learn import work
from learn.chapters import Chapter
from learn.context import Context
from learn.errors import UsageError


@dataclass(frozen=True)
class Version:
    prefix: str  # of the targets: see cmake/FunnelChapters.cmake
    preset: str
    words: str

    def library(self, chapter: Chapter) -> str:
        return f"{self.prefix}_{chapter.short}"

    def test_target(self, chapter: Chapter) -> str:
        return f"test_{self.library(chapter)}"

    def test_program(self, context: Context, chapter: Chapter) -> Path:
        return self.program(context, self.test_target(chapter))

    def program(self, context: Context, target: str) -> Path:
        return context.build / self.preset / "bin" / target

    def folder(self, chapter: Chapter) -> str:
        """Where this version's sources are, from the root of the clone."""
        return f"{_FOLDERS[self.prefix]}/{chapter.folder}" if self.prefix in _FOLDERS else "final"


PRESET = "learner"
_FOLDERS = {
    "mine": "work",
    "funnel": "chapters",
    "variant": f"build/{PRESET}/variants",
}

MINE = Version("mine", PRESET, "your code")
REFERENCE = Version("funnel", PRESET, "the reference")
FINAL = Version("final", "dev", "the framework")
VARIANT = Version("variant", PRESET, "a variant")


def add_options(parser, *, final: bool = False) -> None:
    """Adds the options that choose a version to a command's parser."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--mine", action="store_true", help="your code, in work/")
    choice.add_argument("--reference", action="store_true", help="the course's own solution")
    if final:
        choice.add_argument("--final", action="store_true", help="the framework in final/")


def chosen(options, chapter: Chapter) -> Version:
    """The version that the options name, else the learner's if the chapter was started."""
    if getattr(options, "final", False):
        return FINAL
    if options.reference:
        return REFERENCE
    if options.mine:
        if not chapter.started:
            n = chapter.number
            raise UsageError(f"chapter {n} is not started: ./learn start {n}, or leave out --mine")
        return MINE
    return MINE if chapter.started else REFERENCE


def require_usable(version: Version, chapter: Chapter) -> None:
    if version == MINE:
        work.require_complete(chapter)
