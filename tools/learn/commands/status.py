"""`./learn`: where you are, what comes next, and the commands in brief."""

from learn import chapter_run, overview, work
from learn.arguments import Parser
from learn.chapters import Chapter, discover
from learn.commands import help
from learn.commands.list import task_state
from learn.progress import Progress
from learn.steering import current, next_task
from learn.term import BLOCKS

SUMMARY = "shows where you are and what comes next; so does ./learn alone"
ORDER = 5
BAR_WIDTH = 20


def run(context, arguments: list[str]) -> int:
    Parser("status", SUMMARY).parse(arguments)
    chapters = discover(context.root)
    if not chapters:
        return help.run(context, [])
    progress = Progress(context.root)
    _chapters(context, chapters, progress)
    if any(chapter.started for chapter in chapters):
        _where(context, current(context), progress)
    else:
        _to_begin(context, chapters[0])
    overview.show(context, brief=True)
    return 0


def _chapters(context, chapters: list[Chapter], progress: Progress) -> None:
    term = context.term
    width = max(len(chapter.title) for chapter in chapters)
    term.line()
    for chapter in chapters:
        done = sum(progress.is_done(chapter, task) for task in chapter.tasks)
        total = len(chapter.tasks)
        bar = term.style(_bar(done, total), "green" if done == total else "cyan")
        count = f"{done} of {total} tasks" if chapter.started or done else "not started"
        title = chapter.title.ljust(width)
        term.line(f"  chapter {chapter.number}  {title}  ▕{bar}▏ {term.style(count, 'dim')}")


def _bar(done: int, total: int) -> str:
    full, rest = divmod(round(done / total * BAR_WIDTH * 8), 8)
    return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(BAR_WIDTH)


def _where(context, chapter: Chapter, progress: Progress) -> None:
    term = context.term
    task = next_task(chapter, progress)
    term.line()
    for each in chapter.tasks:
        mark, state = task_state(term, chapter, each, progress)
        mark = term.style("→", "cyan") if each == task else mark
        term.line(f"    {mark} {each.id}  {each.title}  {term.style(state, 'dim')}")
    note = work.note(chapter)
    if note:
        term.line("\n" + term.style(note, "yellow"))
    if task:
        chapter_run.show_next(context, chapter, task)
    else:
        term.line(f"\n  Chapter {chapter.number} is done.")
        chapter_run.show_after(context, chapter)


def _to_begin(context, first: Chapter) -> None:
    term, n = context.term, first.number
    rows = (
        ("./learn serve", "to read the book, with its live demos"),
        (f"./learn start {n}", "to write chapter 1 yourself, task by task"),
        (f"./learn test {n}", "to see its tests pass on the course's own solution"),
    )
    term.line("\nTo begin:")
    for command, what in rows:
        term.line(f"  {term.style(command.ljust(18), 'bold')}{what}")
