"""`./learn reset N.M`: a task, a file or a chapter as it was given; what was there is kept."""

from learn import ask, progress, skeleton, work
from learn.arguments import Parser, nearest
from learn.chapters import Chapter, Task, find
from learn.errors import LearnError, UsageError

SUMMARY = "gives a task, a file or a chapter anew; keeps a backup"
ORDER = 26
COURSE = (70, "reset N.M", "the task's stub again; what you had is kept")


def run(context, arguments: list[str]) -> int:
    parser = Parser("reset", SUMMARY)
    parser.add_argument("what", metavar="N.M or N", help="a task, or a whole chapter")
    parser.add_argument("file", nargs="?", metavar="FILE", help="only this file of chapter N")
    parser.add_argument("--yes", action="store_true", help="reset a whole chapter, unasked")
    options = parser.parse(arguments)
    chapter, task = find(context.root, options.what)
    work.require(chapter)
    if task and options.file:
        raise UsageError(f"a task or a file, not both: ./learn reset {chapter.number} FILE")
    if task:
        return _task(context, chapter, task)
    if options.file:
        return _file(context, chapter, options.file)
    return _chapter(context, chapter, options.yes)


def _task(context, chapter: Chapter, task: Task) -> int:
    if work.is_as_given(chapter, task):
        context.term.line(f"Task {task.id} is as it was given: there was nothing to reset")
        return 0
    kept = work.reset_task(chapter, task)
    progress.forget(context, chapter, task.tests)
    where = " and ".join(work.shown(chapter, path) for path in task.files)
    _say(context, f"Task {task.id} is a stub again, in {where}", kept)
    return 0


def _file(context, chapter: Chapter, given: str) -> int:
    known = [*skeleton.paths(chapter), skeleton.HEADER]
    path = given.removeprefix(work.shown(chapter) + "/")
    if path not in known:
        by_name = [each for each in known if each.rpartition("/")[2] == path]
        if len(by_name) != 1:
            hint = nearest(path, known)
            raise UsageError(f"chapter {chapter.number} has no file {given!r}{hint}")
        path = by_name[0]
    kept = work.reset_file(chapter, path)
    tests = [test for task in chapter.tasks_in(path) for test in task.tests]
    progress.forget(context, chapter, tests)
    _say(context, f"{work.shown(chapter, path)} is as it was given", kept)
    return 0


def _chapter(context, chapter: Chapter, agreed: bool) -> int:
    n = chapter.number
    if not agreed:
        if not ask.can_ask(context.term):
            raise LearnError(f"./learn reset {n} begins the whole chapter anew; it takes --yes")
        question = f"Begin chapter {n} anew? What you wrote is kept in work/{work.BACKUPS}/."
        if not ask.agreed(context.term, question, default=False):
            raise LearnError("nothing was changed")
    kept = work.reset_chapter(chapter)
    progress.forget(context, chapter, chapter.tests)
    _say(context, f"{work.shown(chapter)} is as it was given", kept)
    return 0


def _say(context, what: str, kept: str) -> None:
    context.term.line(f"{context.term.mark(True)} {what}")
    if kept:
        context.term.line(f"  What you had is kept: {kept}")
