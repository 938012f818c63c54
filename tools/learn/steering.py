"""Where a person is on the way: the chapter they are in, and the task that comes next."""

from learn.chapters import Chapter, Task, require_chapters
from learn.context import Context
from learn.errors import LearnError
from learn.progress import Progress


def current(context: Context) -> Chapter:
    """The first started chapter that is not done, else the last that was started."""
    chapters = require_chapters(context.root)
    progress = Progress(context.root)
    started = [chapter for chapter in chapters if chapter.started]
    if not started:
        raise LearnError(f"no chapter is started yet: ./learn start {chapters[0].number}")
    unfinished = (chapter for chapter in started if next_task(chapter, progress))
    return next(unfinished, started[-1])


def next_task(chapter: Chapter, progress: Progress) -> Task | None:
    """The first task that is not green, None when all are."""
    return next((task for task in chapter.tasks if not progress.is_done(chapter, task)), None)
