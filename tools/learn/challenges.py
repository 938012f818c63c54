"""What a chapter's text asks for at its end, beyond its tasks: work/chNN_NAME/challenges.h, and the
program that tests it."""

from learn import process, verdict, work
from learn.build import CompilationFailed, build
from learn.chapter_test import IN_PLAIN_WORDS
from learn.chapters import Chapter
from learn.context import Context
from learn.errors import LearnError
from learn.versions import MINE

HEADER = "challenges.h"


def exist(chapter: Chapter) -> bool:
    return (chapter.root / f"tests/book/challenges/{chapter.short}.cpp").is_file()


def run(context: Context, chapter: Chapter) -> int:
    """Builds the tests of the learner's challenges and becomes them."""
    if not exist(chapter):
        raise LearnError(f"chapter {chapter.number} has no challenges")
    work.require(chapter)
    work.require_complete(chapter)
    if not (chapter.work / HEADER).is_file():
        where = f"{chapter.book}#challenges says what goes there"
        raise LearnError(f"{work.shown(chapter, HEADER)} is not written yet; {where}")
    target = f"challenges_{MINE.library(chapter)}"
    try:
        build(context, MINE.preset, [target], titles=IN_PLAIN_WORDS)
    except CompilationFailed as failure:
        verdict.show_build_failure(context, chapter, MINE, failure)
        return 1
    process.become(context, context.binary(target, MINE.preset), [])
