"""`./learn test`: everything that has to be right, or a chapter or task of the course."""

import dataclasses
import functools

from learn import challenges, chapter_run
from learn.arguments import Parser, nearest
from learn.chapter_run import Wanted
from learn.chapters import Chapter, Task, find, is_selection
from learn.errors import LearnError, UsageError
from learn.install import ensure
from learn.needs import BUILD
from learn.runner import run_stages
from learn.stages import STAGES, lint_steps, present_stages
from learn.versions import add_options, chosen

SUMMARY = "runs all tests, or the stages that are named, or those of a chapter"
ORDER = 20
COURSE = (20, "test N.M", "test your code of a task, up to the first red test; N for a chapter")
NEEDS = tuple(dict.fromkeys(key for stage in STAGES for key in stage.needs))
OF_CHAPTERS = ("reference", "on_mine", "final", "only", "challenges")


def run(context, arguments: list[str]) -> int:
    parser = Parser("test", SUMMARY)
    parser.add_argument(
        "stages",
        nargs="*",
        metavar="STAGE, N or N.M",
        help="only these stages, in this order; or one chapter, or one task",
    )
    parser.add_argument("--list", action="store_true", help="show the stages and what they do")
    parser.add_argument(
        "--all",
        action="store_true",
        help="of a chapter: go on after a red test; of the stages: clang-tidy on all files",
    )
    add_options(parser, final=True)
    parser.add_argument("--only", metavar="TEXT", help="tests of a chapter with this in their name")
    parser.add_argument(
        "--challenges", action="store_true", help="the challenges at a chapter's end, instead"
    )
    options = parser.parse(arguments)
    if any(map(is_selection, options.stages)):
        return _of_chapter(context, options)
    for name in OF_CHAPTERS:
        if getattr(options, name):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} is for a chapter or a task: ./learn test 1 --{option}")
    return _stages(context, options)


def _of_chapter(context, options) -> int:
    if len(options.stages) > 1:
        raise UsageError(f"one chapter or task at a time, got {' '.join(options.stages)}")
    if options.list:
        raise UsageError("--list shows the stages; ./learn list shows the tasks")
    chapter, task = find(context.root, options.stages[0])
    if options.challenges:
        return _challenges(context, options, chapter, task)
    version = chosen(options, chapter)
    wanted = Wanted(chapter, task, version, options.all, options.only or "")
    ensure(context, BUILD, "./learn test")
    chapter_run.announce(context, wanted)
    return 0 if chapter_run.run(context, wanted) else 1


def _challenges(context, options, chapter: Chapter, task: Task | None) -> int:
    if task or options.all or any(getattr(options, name) for name in OF_CHAPTERS[:-1]):
        alone = f"./learn test {chapter.number} --challenges"
        raise UsageError(f"--challenges are a chapter's, and your own code: {alone}")
    ensure(context, BUILD, "./learn test")
    return challenges.run(context, chapter)


def _stages(context, options) -> int:
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
