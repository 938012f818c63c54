"""`./learn test`: everything that has to be right, stage by stage."""

import dataclasses
import functools

from learn.arguments import Parser, nearest
from learn.errors import LearnError, UsageError
from learn.install import ensure
from learn.runner import run_stages
from learn.stages import STAGES, lint_steps, present_stages

SUMMARY = "runs all tests, or the stages that are named"
ORDER = 20
NEEDS = tuple(dict.fromkeys(key for stage in STAGES for key in stage.needs))


def run(context, arguments: list[str]) -> int:
    parser = Parser("test", SUMMARY)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="only these, in this order")
    parser.add_argument("--list", action="store_true", help="show the stages and what they do")
    parser.add_argument("--all", action="store_true", help="clang-tidy on all files")
    options = parser.parse(arguments)
    stages = _chosen(present_stages(context.root), options.stages)
    if options.list:
        return _list(context, stages)
    if not stages:
        raise LearnError("there is nothing to test in this clone")
    if options.all:
        steps = functools.partial(lint_steps, everything=True)
        stages = [dataclasses.replace(s, steps=steps) if s.name == "lint" else s for s in stages]
    ensure(context, [key for stage in stages for key in stage.needs], "./learn test")
    return run_stages(context, stages)


def _chosen(stages, names: list[str]):
    if not names:
        return stages
    known = {stage.name: stage for stage in stages}
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no stage {name!r}{nearest(name, known)} (./learn test --list shows them)"
            )
    return [known[name] for name in dict.fromkeys(names)]


def _list(context, stages) -> int:
    width = max((len(stage.name) for stage in stages), default=0)
    for stage in stages:
        name = context.term.style(stage.name.ljust(width), "cyan")
        context.term.line(f"  {name}  {stage.what}")
    return 0
