"""`./learn show N.M`: the reference's solution of a task."""

from learn import skeleton
from learn.arguments import Parser
from learn.chapters import one_task
from learn.errors import LearnError
from learn.progress import Progress

SUMMARY = "shows the solution of a task, once yours is green"
ORDER = 25
COURSE = (60, "show N.M", "the solution, once yours is green, or with --spoil")


def run(context, arguments: list[str]) -> int:
    parser = Parser("show", SUMMARY)
    parser.add_argument("task", metavar="N.M")
    parser.add_argument("--spoil", action="store_true", help="although yours is not green yet")
    options = parser.parse(arguments)
    chapter, task = one_task(context.root, options.task)
    if not (options.spoil or Progress(context.root).is_done(chapter, task)):
        how = f"./learn hint {task.id} helps; --spoil shows it all the same"
        raise LearnError(f"task {task.id} is not green yet; {how}")
    term = context.term
    term.line(f"{term.style(f'{task.id} {task.title}', 'bold')}\n  {task.sentence}")
    for path in task.files:
        source = skeleton.reference_source(chapter, path)
        for region in source.named(f"task {task.id}"):
            term.line("\n" + term.style(f"{source.shown}:{region.begin + 1}", "dim"))
            for line in source.body(region, markers=False).splitlines():
                term.line(line)
    return 0
