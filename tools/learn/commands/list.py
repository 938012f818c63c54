"""`./learn list`: all tasks and how far each is."""

from learn import work
from learn.arguments import Parser
from learn.chapters import Chapter, Task, require_chapters
from learn.progress import Progress
from learn.term import plural

SUMMARY = "lists all tasks and how far each is"
ORDER = 27
COURSE = (80, "list", "all tasks, and how far each is")


def run(context, arguments: list[str]) -> int:
    Parser("list", SUMMARY).parse(arguments)
    chapters = require_chapters(context.root)
    progress = Progress(context.root)
    term = context.term
    for number, chapter in enumerate(chapters):
        if number:
            term.line()
        title = term.style(f"{chapter.number}  {chapter.title}", "bold")
        term.line(title + ("" if chapter.started else term.style("  not started", "dim")))
        width = max(len(task.title) for task in chapter.tasks)
        for task in chapter.tasks:
            mark, state = task_state(term, chapter, task, progress)
            title = task.title.ljust(width)
            term.line(f"  {mark} {task.id}  {title}  {term.style(state, 'dim')}".rstrip())
    return 0


def task_state(term, chapter: Chapter, task: Task, progress: Progress) -> tuple[str, str]:
    """A mark and a few words for a task."""
    tests, hints = len(task.tests), progress.hints(task)
    green = len(set(task.tests) & progress.green(chapter))
    with_hints = f", {hints} of {len(task.hints)} hints taken" if hints else ""
    if green == tests:
        return term.mark(True), f"green{with_hints}"
    if not chapter.started:
        return " ", plural(tests, "test") + with_hints
    if green:
        return term.mark(False), f"{green} of {plural(tests, 'test')} green{with_hints}"
    if work.is_written(chapter, task):
        return term.mark(False), f"begun, {plural(tests, 'test')}{with_hints}"
    return " ", f"not begun, {plural(tests, 'test')}{with_hints}"
