"""Whose code of a chapter is meant: the learner's, the reference, the framework, or a variant."""

from dataclasses import dataclass
from pathlib import Path

from learn import work
from learn.chapters import Chapter
from learn.context import Context


@dataclass(frozen=True)
class Version:
    prefix: str  # of the targets: see cmake/FunnelChapters.cmake
    preset: str
    words: str

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
    what = "the course's own solution, although you have started"
    choice.add_argument("--reference", action="store_true", help=what)
    if final:
        choice.add_argument("--final", action="store_true", help="the framework in final/")


def chosen(options, chapter: Chapter) -> Version:
    """The version that the options name, else the learner's if the chapter was started."""
    if getattr(options, "final", False):
        return FINAL
    if options.reference:
        return REFERENCE
    return MINE if chapter.started else REFERENCE


def require_usable(version: Version, chapter: Chapter) -> None:
    if version == MINE:
        work.require_complete(chapter)
