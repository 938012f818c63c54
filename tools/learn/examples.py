"""A chapter's example programs: FOLDER/examples/NAME.cpp, for each of its versions."""

import re
from pathlib import Path

from learn.arguments import nearest
from learn.chapters import Chapter
from learn.errors import LearnError, UsageError
from learn.sources import about_of
from learn.versions import MINE, REFERENCE, Version

NAME = re.compile(r"\w[\w-]*", re.ASCII)  # what editors leave beside a file has another


def names(chapter: Chapter, version: Version) -> list[str]:
    """Those that CMake makes programs of: see funnel_sources in cmake/FunnelChapters.cmake."""
    folder = chapter.root / version.folder(chapter) / "examples"
    return sorted(path.stem for path in folder.glob("*.cpp") if NAME.fullmatch(path.stem))


def every_name(chapter: Chapter) -> list[str]:
    """The reference's, and those that the learner has added."""
    mine = names(chapter, MINE) if chapter.started else []
    return sorted({*names(chapter, REFERENCE), *mine})


def named(chapter: Chapter, name: str) -> str:
    """The example of that name, which may be given as a file's; raises with the nearest."""
    known = every_name(chapter)
    wanted = Path(name).stem if name.endswith(".cpp") else name
    if not known:
        raise LearnError(f"chapter {chapter.number} has no example yet")
    if wanted not in known:
        hint = nearest(wanted, known)
        how = f"./learn run {chapter.number} lists them"
        raise UsageError(f"chapter {chapter.number} has no example {name!r}{hint} ({how})")
    return wanted


def version_of(chapter: Chapter, name: str, wanted: Version) -> Version:
    """The wanted version if it has this example, else the one that has."""
    if name in names(chapter, wanted):
        return wanted
    return REFERENCE if wanted.is_mine else MINE


def target(chapter: Chapter, version: Version, name: str) -> str:
    return f"{version.library(chapter)}_{name}"


def about(chapter: Chapter, version: Version, name: str) -> str:
    return about_of(chapter.root / version.folder(chapter) / "examples" / f"{name}.cpp")
