"""One run of a chapter's tests, from the build to the verdict and what comes next."""

from dataclasses import dataclass

from learn import progress, verdict, work
from learn.arguments import nearest
from learn.build import CompilationFailed
from learn.chapter_test import (
    PartResult,
    available,
    build_tests,
    parts,
    run_parts,
)
from learn.chapters import Chapter, Task, discover
from learn.context import Context
from learn.errors import LearnError, UsageError
from learn.progress import Progress
from learn.steering import next_task
from learn.term import plural
from learn.versions import MINE, REFERENCE, Version


@dataclass(frozen=True)
class Wanted:
    chapter: Chapter
    task: Task | None
    version: Version
    go_on: bool = False  # after a red test
    only: str = ""  # a part of a test case's name

    @property
    def words(self) -> str:
        n = self.chapter.number
        return f"task {self.task.id}" if self.task else f"chapter {n}"


def run(context: Context, wanted: Wanted, bar=None) -> bool:
    """Builds, tests and shows; returns whether all was green."""
    term = context.term
    bar = bar or term.progress(wanted.words)
    chapter, version = wanted.chapter, wanted.version
    chosen = _chosen(wanted)
    try:
        build_tests(context, chapter, version, chosen, bar.part)
    except CompilationFailed as failure:
        bar.drop()
        verdict.show_build_failure(context, chapter, version, failure)
        return False

    def on_part(result: PartResult) -> None:
        verdict.show_part(context, result, wanted.go_on)
        if wanted.go_on:
            verdict.show_reds(context, result)

    options = {"go_on": wanted.go_on, "bar": bar, "on_part": on_part}
    results = run_parts(context, chapter, version, chosen, **options)
    bar.drop()
    was_done = next_task(chapter, Progress(context.root)) is None
    if version.is_mine:
        _remember(context, chapter, results)
    red = next((result for result in results if not result.green), None)
    if red:
        verdict.FailureView(context, chapter, version).show(red.part, red.first_red)
    else:
        _celebrate(context, wanted, results, was_done)
    return red is None


def _chosen(wanted: Wanted):
    chapter = wanted.chapter
    there = available(chapter, wanted.version)
    chosen = parts(chapter, wanted.task, there)
    if not chosen:
        raise LearnError(f"no test of {wanted.words} claims to pass on {wanted.version.words}")
    if not wanted.only:
        return chosen
    names = [test for part in chosen for test in part.tests]
    matching = {name for name in names if wanted.only.lower() in name.lower()}
    if not matching:
        close = nearest(wanted.only, names)
        raise UsageError(f"{wanted.words} has no test with {wanted.only!r} in its name{close}")
    return parts(chapter, wanted.task, matching)


def _remember(context: Context, chapter: Chapter, results: list[PartResult]) -> None:
    cases = [case for result in results for case in result.cases]
    green = {case.name for case in cases if case.green}
    progress.record(context, chapter, green, {case.name for case in cases} - green)


def _celebrate(
    context: Context, wanted: Wanted, results: list[PartResult], was_done: bool
) -> None:
    term, chapter = context.term, wanted.chapter
    count = plural(sum(len(result.cases) for result in results), "test")
    if not wanted.version.is_mine:
        passes = f"{wanted.version.words} passes {wanted.words}"
        term.line(f"\n{count} green: {passes}{_left_out(wanted, results)}")
        if wanted.version == REFERENCE and not chapter.started:
            how = f"./learn start {chapter.number} gives you the tasks to write yourself"
            term.line(term.style(how, "dim"))
        return
    following = next_task(chapter, Progress(context.root))
    if wanted.only and (following or was_done):
        term.line(f"\n{count} green.")
        return
    if following:
        done = f"{wanted.words.capitalize()} is done: {count}, all green. Well done!"
        term.line(f"\n{term.style(done, 'bold')}")
        show_run(context, wanted)
        show_next(context, chapter, following)
        return
    if was_done:
        term.line(f"\n{count} green: chapter {chapter.number} is done.")
        return
    tasks = plural(len(chapter.tasks), "task")
    done = f"Chapter {chapter.number} is done: all {tasks} are green, and the code is yours."
    term.line(f"\n{term.style(done, 'bold')} Congratulations!")
    show_run(context, wanted)
    show_after(context, chapter)


def _left_out(wanted: Wanted, results: list[PartResult]) -> str:
    """The framework passes only what it claims to."""
    every = sum(len(part.tests) for part in parts(wanted.chapter, wanted.task))
    others = every - sum(len(result.cases) for result in results)
    if wanted.only or not others:
        return ""
    return f"; {plural(others, 'test')} of the chapter's own classes left out"


def show_next(context: Context, chapter: Chapter, task: Task) -> None:
    """What to do now, with all that one needs for it."""
    term = context.term
    version = MINE if chapter.started else REFERENCE
    term.line(f"\nNext: {term.style(f'{task.id} {task.title}', 'bold')}\n  {task.sentence}\n")
    rows = verdict.pointers(chapter, task, version)
    rows.insert(2, ("test", f"./learn test {task.id}, or at each save: ./learn watch {task.id}"))
    for label, text in rows:
        term.line(f"  {label.ljust(verdict.LABEL)}{text}")


def show_run(context: Context, wanted: Wanted) -> None:
    """The program that now works, on the code that has just turned green."""
    if wanted.task:
        command = f"./learn run {wanted.chapter.number} {wanted.task.run}"
        context.term.line(f"See it run: {context.term.style(command, 'cyan')}")


def show_after(context: Context, chapter: Chapter) -> None:
    n = chapter.number
    rows = [
        (f"./learn run {n}", "the chapter's programs, on your code"),
        ("./learn compare --mine", "what waiting costs them"),
        (f"./learn show {n}.1", "the course's own solution of a task"),
    ]
    following = next((c for c in discover(context.root) if c.number == n + 1), None)
    if following:
        rows.append((f"./learn start {n + 1}", f"the next chapter: {following.title}"))
    context.term.line()
    for command, words in rows:
        context.term.line(f"  {command.ljust(24)}{words}")


def announce(context: Context, wanted: Wanted) -> None:
    """Says whose code is tested, where that may be in doubt, and what is wrong with it."""
    term, chapter, version = context.term, wanted.chapter, wanted.version
    where = version.folder(chapter)
    if version == REFERENCE and not chapter.started:
        where += f"; chapter {chapter.number} is not started"
    term.line(term.style(f"{wanted.words}: {version.words} ({where})", "dim"))
    show_note(context, wanted)


def show_note(context: Context, wanted: Wanted) -> None:
    note = work.note(wanted.chapter) if wanted.version.is_mine else ""
    if note:
        context.term.line(context.term.style(note, "yellow"))
