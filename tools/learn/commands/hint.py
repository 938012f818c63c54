"""`./learn hint N.M`: a question first, then an approach, then nearly the code."""

import textwrap

from learn import progress, verdict
from learn.arguments import Parser, whole_number
from learn.chapters import HINTS, one_task
from learn.errors import LearnError
from learn.progress import Progress
from learn.steering import current, next_task
from learn.versions import MINE

SUMMARY = "gives a hint for a task: a question, an approach, nearly the code"
ORDER = 23
COURSE = (40, "hint N.M", "a question; again for an approach; again for nearly the code")
TITLES = ("a question", "an approach", "nearly the code")


def run(context, arguments: list[str]) -> int:
    parser = Parser("hint", SUMMARY)
    parser.add_argument("task", nargs="?", metavar="N.M", help="(the task you are at)")
    level_type = whole_number(1, HINTS)
    parser.add_argument("--level", type=level_type, metavar="L", help="this one: 1, 2 or 3")
    options = parser.parse(arguments)
    chapter, task = _task(context, options.task)
    taken = Progress(context.root).hints(task)
    level = options.level or min(taken + 1, HINTS)
    term = context.term
    term.line(f"{term.style(f'{task.id} {task.title}', 'bold')}\n  {task.sentence}")
    for number in range(1, level + 1):
        if options.level and number < level:
            continue
        old = number < level
        term.line("\n" + term.style(f"  {number}  {TITLES[number - 1]}", "dim" if old else "cyan"))
        # The last has code, whose lines are as they are.
        lines = _lines(term, task.hints[number - 1], wrapped=number < HINTS)
        for line in lines:
            term.line(term.style(f"     {line}".rstrip(), *(["dim"] if old else [])))
    progress.take_hints(context, task, level)
    term.line()
    shown = ("code", "read") if chapter.started else ("read",)
    for label, text in verdict.pointers(chapter, task, MINE):
        if label in shown:
            term.line(f"  {label.ljust(verdict.LABEL)}{text}")
    term.line(term.style(f"\n  {_more(task, level)}", "dim"))
    return 0


def _task(context, word: str | None):
    if word:
        return one_task(context.root, word)
    chapter = current(context)
    task = next_task(chapter, Progress(context.root))
    if not task:
        raise LearnError(f"every task of chapter {chapter.number} is green: no hint is needed")
    return chapter, task


def _lines(term, hint: str, wrapped: bool) -> list[str]:
    text = hint.strip("\n")
    if not wrapped:
        return text.splitlines()
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        as_it_is = any(line.startswith((" ", "//", "- ")) for line in paragraph.splitlines())
        lines += [""] if lines else []
        lines += paragraph.splitlines() if as_it_is else _wrapped(paragraph, term)
    return lines


def _wrapped(paragraph: str, term) -> list[str]:
    width = min(term.columns - 6, 90)
    return textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)


def _more(task, level: int) -> str:
    if level < HINTS:
        return f"Still stuck? ./learn hint {task.id} again gives {TITLES[level]}."
    return f"There are no more; ./learn show {task.id} --spoil shows the solution."
