"""Builds a chapter's test program and runs its tests: what `test`, `watch` and `bench` share."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from learn import cases, process, test_files
from learn.build import build
from learn.cases import Case, Test
from learn.chapters import Chapter, Task
from learn.context import Context
from learn.doctest_report import listed
from learn.errors import LearnError
from learn.versions import FINAL, Version, require_usable

LIST_LIMIT_S = 30
# Who learns to wait for sockets need not know what a preset is.
IN_PLAIN_WORDS = ("set up", "compile")


@dataclass(frozen=True)
class Part:
    """Some tests that are shown together: those of a task, or of given code (no task)."""

    task: Task | None
    tests: tuple[str, ...]


@dataclass
class PartResult:
    part: Part
    cases: list[Case] = field(default_factory=list)

    @property
    def green(self) -> bool:
        return len(self.cases) == len(self.part.tests) and all(case.green for case in self.cases)

    @property
    def first_red(self) -> Case | None:
        return next((case for case in self.cases if not case.green), None)


def parts(chapter: Chapter, task: Task | None = None, only: set[str] | None = None) -> list[Part]:
    """The tests in the order in which they run; `only` leaves out others."""
    found = [Part(each, each.tests) for each in chapter.tasks if task in (None, each)]
    if not task:
        found.append(Part(None, chapter.given))
    if only is not None:
        found = [Part(p.task, tuple(t for t in p.tests if t in only)) for p in found]
    return [part for part in found if part.tests]


def build_tests(
    context: Context, chapter: Chapter, version: Version, wanted: list[Part], progress
) -> None:
    """Brings the test programs of these parts up to date; raises `BuildFailed`."""
    require_usable(version, chapter)
    files = test_files.by_case(chapter)
    needed = {files[test] for part in wanted for test in part.tests if test in files}
    targets = sorted({version.test_target(chapter, file) for file in needed})
    if not targets:
        raise LearnError(f"no file of tests/{chapter.folder} has these tests")
    build(context, version.preset, targets, progress=progress, titles=IN_PLAIN_WORDS)


def available(chapter: Chapter, version: Version) -> set[str] | None:
    """The test cases that the version has: None for all, fewer for the framework."""
    if version != FINAL:
        return None
    files = test_files.every_file(chapter)
    claiming = [file for file in files if test_files.claims_final(chapter, file)]
    return {name for file in claiming for name in test_files.cases_of(chapter, file)}


def listed_in(context: Context, program: Path) -> list[str]:
    """All test cases of a built program."""
    lines: list[str] = []
    command = [program, "--list-test-cases", "--reporters=xml"]
    with (context.logs / "list-tests.log").open("wb") as log:
        code = process.run(command, log=log, on_line=lines.append, limit_s=LIST_LIMIT_S)
    found = listed("\n".join(lines))
    if code or not found:
        how = process.describe_exit(code) if code else "an empty list"
        raise LearnError(f"{context.shown(program)} --list-test-cases ended with {how}")
    return [name for name, _ in found]


def tests_of(context: Context, chapter: Chapter, version: Version, names) -> list[Test]:
    """The test cases with their programs, which are built."""
    files = test_files.by_case(chapter)
    tests = []
    for name in names:
        file = files.get(name)
        program = version.test_program(context, chapter, file) if file else None
        if program and not program.exists():
            raise LearnError(f"the build did not make {context.shown(program)}")
        tests.append(Test(program, name))
    return tests


def run_parts(
    context: Context,
    chapter: Chapter,
    version: Version,
    wanted: list[Part],
    *,
    go_on: bool,
    bar,
    on_part: Callable[[PartResult], None] = lambda result: None,
) -> list[PartResult]:
    """Runs the parts in their order, up to the first red test unless `go_on`."""
    names = [test for part in wanted for test in part.tests]
    results, done, total = [], 0, len(names)
    stream = cases.run(tests_of(context, chapter, version, names), bar.tick)
    with closing(stream):
        for part in wanted:
            result = PartResult(part)
            results.append(result)
            for _ in part.tests:
                case = next(stream)
                done += 1
                bar.update(done, total, case.name)
                result.cases.append(case)
                if not (case.green or go_on):
                    break
            on_part(result)
            if not (result.green or go_on):
                break
    return results
