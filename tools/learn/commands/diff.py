"""`./learn diff N.M`: the learner's code of a task against the reference's."""

import difflib

from learn import skeleton, work
from learn.arguments import Parser
from learn.chapters import one_task
from learn.errors import LearnError
from learn.term import plural

SUMMARY = "shows your code of a task against the reference"
ORDER = 24
COURSE = (50, "diff N.M", "your code of the task against the reference")
STYLES = {"-": ("red",), "+": ("green",)}


def run(context, arguments: list[str]) -> int:
    parser = Parser("diff", SUMMARY)
    parser.add_argument("task", metavar="N.M")
    options = parser.parse(arguments)
    chapter, task = one_task(context.root, options.task)
    work.require(chapter)
    mine, regions = work.task_regions(chapter, task)
    if not work.is_written(chapter, task):
        how = f"./learn hint {task.id} helps, ./learn show {task.id} --spoil is the solution"
        raise LearnError(f"there is nothing of yours in task {task.id} yet; {how}")
    reference = skeleton.reference_source(chapter, task.file)
    term, different = context.term, 0
    for own, other in zip(regions, reference.named(f"task {task.id}")):
        lines = _lines(mine.body(own), reference.body(other))
        if not any(line[0] in STYLES for line in lines):
            continue
        different += 1
        term.line(term.style(f"- {mine.shown}:{own.begin + 1}  (yours)", "red"))
        term.line(term.style(f"+ {reference.shown}:{other.begin + 1}  (the reference)", "green"))
        for line in lines:
            term.line(term.style(line.rstrip(), *STYLES.get(line[0], ())))
        term.line()
    if not different:
        term.line(f"Your code of task {task.id} is the reference's, to the letter.")
    elif different < len(regions):
        same = len(regions) - different
        term.line(term.style(f"{plural(same, 'other region')} of the task: no difference", "dim"))
    return 0


def _lines(mine: str, reference: str) -> list[str]:
    found = difflib.ndiff(mine.splitlines(), reference.splitlines(), charjunk=None)
    return [line for line in found if not line.startswith("?")]
