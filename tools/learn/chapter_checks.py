"""Proves of each chapter that its tests find what they are for: `./learn test chapters`.

The reference passes, its examples do what they should, and so do the solutions of its challenges; the skeleton compiles and every task is
red on it; with one task blanked that task is red; with all later tasks blanked it is green, and its
example runs; each mutant is killed by the test that it names; what shows a mistake fails.
"""

import contextlib
import functools
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from learn import (
    cases,
    challenges,
    chapter_rules,
    editor,
    example_tests,
    examples,
    must_fail,
    mutants,
    process,
    skeleton,
    test_files,
)
from learn.build import build
from learn.cases import Case, State, Test
from learn.chapter_test import build_tests, listed_in, parts, tests_of
from learn.chapters import Chapter, Task, discover
from learn.errors import LearnError
from learn.mutants import Mutant
from learn.steps import Job, Outcome
from learn.term import plural, seconds
from learn.variants import Recipe, VariantFolder, example_path, make
from learn.versions import REFERENCE

# Variants that are made and tested side by side. A test mostly waits, so that two would not keep two
# processors busy.
AT_ONCE = 3
# A wrong solution may hang. The reference has no more time than that: if it needed more, every mutant
# would count as killed.
LIMIT_S = 5.0
MOST_SAID = 12  # lines of an example's tests
FIXED_CHECKS = 8  # rules, reference, test cases, examples, challenges, editor, variant, skeleton


@dataclass(frozen=True)
class CheckChapters:
    """The step of the stage `chapters`."""

    def run(self, job: Job) -> Outcome:
        chapters = discover(job.context.root)
        findings = _Findings(job.log_path)
        started = time.monotonic()
        problems = list(chapter_rules.headers(chapters))
        findings.add("headers", problems, time.monotonic() - started)
        for chapter in chapters:
            _Checker(job, chapter, findings).run()
        return findings.outcome


class _Findings:
    """What the checks came to: every failure is shown, not only the first, for each is a line or
    two."""

    def __init__(self, log_path: Path):
        self._log_path = log_path
        self.outcome = Outcome()

    def add(self, check: str, problems: list[str], duration_s: float, how: str = "") -> None:
        """Takes note of a check that found these problems, or none; `how` is for the log."""
        said = "; ".join(problems) or f"passed{how}"
        with self._log_path.open("a", encoding="utf-8") as log:
            log.write(f"{check}: {said}  {seconds(duration_s)}\n")
        if problems:
            self.outcome.failed += 1
            self.outcome.excerpt += [f"{check}: {problems[0]}", *problems[1:]]
        else:
            self.outcome.passed += 1


@dataclass(frozen=True)
class _Verdict:
    problems: list[str]
    how: str = ""  # it passed, for the log


class _Checker:
    """All checks of one chapter."""

    def __init__(self, job: Job, chapter: Chapter, findings: _Findings):
        self._job = job
        self._findings = findings
        self._context = job.context
        self._chapter = chapter
        self._files = test_files.by_case(chapter)
        self._mutants: list[Mutant] = []
        self._must_fail = must_fail.sources(chapter)
        self._done = 0

    def run(self) -> None:
        self._check("rules", self._rules)
        if self._check("reference", self._reference):
            self._check("test cases", self._test_cases)
            self._check("examples", self._examples)
            self._check("challenges", self._challenges)
            self._check("editor", self._editor)
            if self._check("variant", self._variant_built):
                self._variants()

    @property
    def _total(self) -> int:
        programs = len(self._mutants) + len(self._must_fail)
        return FIXED_CHECKS + 2 * len(self._chapter.tasks) - 1 + programs

    def _check(self, title: str, check) -> bool:
        self._show(title)
        started = time.monotonic()
        try:
            problems = list(check())
        except LearnError as error:
            problems = [error.message, *error.excerpt]
        self._settle(title, _Verdict(problems), time.monotonic() - started)
        return not problems

    def _show(self, title: str) -> None:
        self._job.bar.update(self._done, self._total, f"{self._chapter.short}: {title}")

    def _settle(self, title: str, verdict: _Verdict, duration_s: float) -> None:
        self._done += 1
        self._show(title)
        check = f"{self._chapter.short}, {title}"
        self._findings.add(check, verdict.problems, duration_s, verdict.how)

    # ---- what is done once

    def _rules(self):
        for rule in chapter_rules.RULES:
            yield from rule(self._chapter)

    def _reference(self):
        everything = parts(self._chapter)
        build_tests(self._context, self._chapter, REFERENCE, everything, self._job.bar.part)
        tests = tests_of(self._context, self._chapter, REFERENCE, self._chapter.tests)
        running = cases.run(tests, self._job.bar.tick, LIMIT_S)
        with closing(running) as results:
            for case in results:
                if not case.green:
                    yield f"{case.name!r} is red on the reference: {describe(case)}"

    def _test_cases(self):
        listed = []
        for file in sorted(set(self._files.values())):
            program = REFERENCE.test_program(self._context, self._chapter, file)
            listed += listed_in(self._context, program)
        yield from chapter_rules.tests(self._chapter, listed)

    def _examples(self):
        names = examples.names(self._chapter, REFERENCE)
        targets = [examples.target(self._chapter, REFERENCE, name) for name in names]
        build(self._context, REFERENCE.preset, targets, progress=self._job.bar.part)
        prefix = self._context.binary(f"{REFERENCE.library(self._chapter)}_", REFERENCE.preset)
        command = example_tests.command(self._chapter)
        environment = example_tests.environment(prefix)
        with self._job.log_path.open("ab") as log:
            code = process.run(command, log=log, env=environment, on_tick=self._job.bar.tick)
        if code:
            yield f"{example_tests.shown(self._chapter)} ended with {process.describe_exit(code)}"

    def _challenges(self):
        """The solutions that the text shows are right."""
        if not challenges.exist(self._chapter):
            return
        target = f"challenges_{REFERENCE.library(self._chapter)}"
        build(self._context, REFERENCE.preset, [target], progress=self._job.bar.part)
        with self._job.log_path.open("ab") as log:
            command = [self._context.binary(target, REFERENCE.preset)]
            code = process.run(command, log=log, on_tick=self._job.bar.tick, limit_s=60)
        if code:
            yield f"the solutions of the challenges: {target} ended with {process.describe_exit(code)}"

    def _editor(self):
        """clangd finds nothing wrong in the files of a skeleton, where it is installed."""
        clangd = shutil.which("clangd")
        if not clangd:
            self._job.context.term.line("    clangd is not installed: what an editor sees is not checked")
            return
        with tempfile.TemporaryDirectory(prefix="learn-") as folder:
            copy = replace(self._chapter, at=Path(folder))
            files = skeleton.make(self._chapter)
            for path, content in files.items():
                place = copy.work / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            (copy.work / editor.NAME).write_bytes(editor.commands(copy, files))
            for path in self._chapter.task_files:
                yield from self._opened(clangd, copy.work, path)

    def _opened(self, clangd: str, folder: Path, path: str):
        lines: list[str] = []
        command = [clangd, f"--check={folder / path}", "--log=error", "--check-lines=0-0"]
        with self._job.log_path.open("ab") as log:
            tick = self._job.bar.tick
            code = process.run(command, log=log, on_line=lines.append, on_tick=tick, cwd=folder)
        if code:
            errors = [line for line in lines if line.startswith("E[")]
            yield f"clangd does not take {path}: {(errors or lines or ['no word'])[0]}"

    def _variant_built(self):
        self._mutants = mutants.read(self._chapter)
        folder = VariantFolder(self._context, self._chapter)
        folder.become({})
        files = sorted(set(self._files.values()))
        names = sorted({task.example for task in self._chapter.tasks})
        folder.build(files, names, self._job.bar.part, self._job.log_path)
        self._recipe = Recipe(self._context, self._chapter, files, names)
        return []

    # ---- the variants, side by side

    def _variants(self) -> None:
        todo = [("skeleton", self._skeleton)]
        for task in self._chapter.tasks:
            todo.append((f"task {task.id} blanked", functools.partial(self._blanked, task)))
        for task in self._chapter.tasks[:-1]:
            todo.append((f"task {task.id} before the next", functools.partial(self._alone, task)))
        for source in self._must_fail:
            todo.append((f"must fail {source.stem}", functools.partial(self._fails, source)))
        for mutant in self._mutants:
            todo.append((f"mutant {mutant.name}", functools.partial(self._mutant, mutant)))
        running = [self._variant(title, judge) for title, judge in todo]
        with contextlib.ExitStack() as stack:
            for each in running:
                stack.callback(each.close)  # ends what still runs when one is stopped
            side_by_side(running, self._job.bar.tick)

    def _variant(self, title: str, judge) -> Generator[None, None, None]:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="learn-") as folder:
            try:
                verdict = yield from judge(Path(folder))
            except LearnError as error:
                verdict = _Verdict([error.message, *error.excerpt])
        self._settle(title, verdict, time.monotonic() - started)

    def _skeleton(self, folder: Path):
        return (yield from self._must_call(self._chapter.tasks, folder, "the skeleton"))

    def _blanked(self, task: Task, folder: Path):
        return (yield from self._must_call((task,), folder, f"a blank task {task.id}"))

    def _must_call(self, tasks: tuple[Task, ...], folder: Path, what: str):
        """Each test has to come to a stub of these tasks: one that is red for another reason says
        nothing of them."""
        tests = [test for task in tasks for test in task.tests]
        results = yield from self._run(folder, skeleton.blank(self._chapter, tasks), tests)
        ids = {task.id for task in tasks}
        bad = [c for c in results if c.state != State.UNWRITTEN or c.needs not in ids]
        if not bad:
            return _Verdict([])
        first = bad[0]
        how = "is green" if first.green else f"does not come to a stub ({describe(first)})"
        more = f" (and {plural(len(bad) - 1, 'other test')})" if len(bad) > 1 else ""
        return _Verdict([f"{first.name!r} {how} on {what}{more}"])

    def _alone(self, task: Task, folder: Path):
        """A task needs nothing of a later one: its tests are green and its example runs without."""
        later = self._chapter.tasks[self._chapter.tasks.index(task) + 1 :]
        changes = skeleton.blank(self._chapter, later)
        example = example_path(task.example)
        programs = yield from make(self._recipe, changes, [*self._mains(task.tests), example], folder)
        for case in (yield from self._run_in(programs, task.tests)):
            if not case.green:
                why = describe(case)
                return _Verdict([f"{case.name!r} is red while later tasks are blank: {why}"])
        prefix = str(programs[example]).removesuffix(task.example)
        output = folder / "output"
        with output.open("wb") as log:
            command = example_tests.command(self._chapter, task.example)
            settings = {"env": example_tests.environment(prefix), "stdout": log, "stderr": log}
            code = yield from process.run_beside(command, **settings)
        if code:
            said = output.read_text(errors="replace").splitlines()[-MOST_SAID:]
            return _Verdict([f"{task.run} does not run while later tasks are blank", *said])
        return _Verdict([])

    def _fails(self, source: Path, folder: Path):
        return _Verdict((yield from must_fail.judge(self._recipe, source, folder)))

    def _mutant(self, mutant: Mutant, folder: Path):
        changes = mutant.applied(self._chapter)
        [case] = yield from self._run(folder, changes, [mutant.killed_by])
        if case.state == State.MISSING:
            return _Verdict([f"{mutant.killed_by!r} is not in the test program"])
        if case.green:
            return _Verdict([f"survives {mutant.killed_by!r}"])
        return _Verdict([], f"; killed: {describe(case)}")

    def _mains(self, tests) -> list[str]:
        files = {self._files[test] for test in tests if test in self._files}
        return [test_files.path_of(self._chapter, file) for file in sorted(files)]

    def _run(self, folder: Path, changes: dict[str, str], tests: list[str]):
        programs = yield from make(self._recipe, changes, self._mains(tests), folder)
        return (yield from self._run_in(programs, tests))

    def _run_in(self, programs: dict[str, Path], names):
        tests = []
        for name in names:
            file = self._files.get(name)
            main = test_files.path_of(self._chapter, file) if file else ""
            tests.append(Test(programs.get(main), name))
        results: list[Case] = []
        with cases.Cases(tests, LIMIT_S, at_once=1) as running:
            while not running.done:
                results += running.step()
                yield
        return results


def side_by_side(jobs: list[Generator], tick) -> None:
    """Advances the generators in turn, `AT_ONCE` at a time and in their order, to their ends."""
    waiting, running = deque(jobs), []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            running.append(waiting.popleft())
        for each in list(running):
            if next(each, running) is running:
                running.remove(each)
        tick()
        time.sleep(cases.POLL_S)


def describe(case: Case) -> str:
    """One clause on how a red test ended."""
    if case.why_ended:
        return f"it {case.why_ended}"
    if case.report.failures:
        failure = case.report.failures[0]
        place = failure if failure.line else case.report  # what was thrown has no line
        return f"{place.file}:{place.line} {failure.expression or failure.got}"
    task = f" (task {case.needs})" if case.needs else ""
    return f"{case.state.value}{task}, {process.describe_exit(case.code)}"
