"""`./learn diff N.M`: the learner's code of a task against the reference's."""

import difflib
from collections.abc import Iterator

from learn import skeleton, work
from learn.arguments import Parser
from learn.chapters import Chapter, Task, one_task
from learn.errors import LearnError
from learn.progress import Progress
from learn.regions import Region, Source
from learn.term import plural

SUMMARY = "shows your code of a task against the reference, once yours is green"
ORDER = 24
COURSE = (50, "diff N.M", "your code of the task against the reference")
STYLES = {"-": ("red",), "+": ("green",)}


def run(context, arguments: list[str]) -> int:
    parser = Parser("diff", SUMMARY)
    parser.add_argument("task", metavar="N.M")
    parser.add_argument("--spoil", action="store_true", help="although yours is not green yet")
    options = parser.parse(arguments)
    chapter, task = one_task(context.root, options.task)
    work.require(chapter)
    found = work.task_regions(chapter, task)
    if not work.is_written(chapter, task):
        how = f"./learn hint {task.id} helps, ./learn show {task.id} --spoil is the solution"
        raise LearnError(f"there is nothing of yours in task {task.id} yet; {how}")
    if not (options.spoil or Progress(context.root).is_done(chapter, task)):
        how = f"./learn hint {task.id} helps; --spoil shows the difference all the same"
        raise LearnError(f"task {task.id} is not green yet; {how}")
    term = context.term
    different = [_show(term, *pair) for pair in _pairs(chapter, task, found)]
    same = different.count(False)
    if not any(different):
        term.line(f"Your code of task {task.id} is the reference's, to the letter.")
    elif same:
        term.line(term.style(f"{plural(same, 'other region')} of the task: no difference", "dim"))
    return 0


def _pairs(chapter: Chapter, task: Task, found) -> Iterator[tuple[Source, Region, Source, Region]]:
    """Each region of the learner's with the reference's."""
    for path, (mine, regions) in zip(task.files, found):
        reference = skeleton.reference_source(chapter, path)
        for own, other in zip(regions, reference.named(f"task {task.id}")):
            yield mine, own, reference, other


def _show(term, mine: Source, own: Region, reference: Source, other: Region) -> bool:
    """Shows how two regions differ; returns whether they do."""
    lines = _lines(mine.body(own), reference.body(other))
    if not any(line[0] in STYLES for line in lines):
        return False
    term.line(term.style(f"- {mine.shown}:{own.begin + 1}  (yours)", "red"))
    term.line(term.style(f"+ {reference.shown}:{other.begin + 1}  (the reference)", "green"))
    for line in lines:
        term.line(term.style(line.rstrip(), *STYLES.get(line[0], ())))
    term.line()
    return True


def _lines(mine: str, reference: str) -> list[str]:
    found = difflib.ndiff(mine.splitlines(), reference.splitlines(), charjunk=None)
    return [line for line in found if not line.startswith("?")]
