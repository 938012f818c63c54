"""Proves of each chapter that its tests find what they are for: `./learn test chapters`.

The reference passes; the skeleton compiles and every task is red on it; with one task blanked
that task is red; each mutant is killed by the test that it names.
"""

import contextlib
import functools
import tempfile
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from learn import cases, chapter_rules, mutants, process, skeleton
from learn.cases import Case, State
from learn.chapter_test import build_tests, listed_in
from learn.chapters import Chapter, Task, discover
from learn.errors import LearnError
from learn.steps import Job, Outcome
from learn.term import plural, seconds
from learn.variants import Recipe, VariantFolder, make
from learn.versions import REFERENCE

# Variants that are made and tested side by side. A test mostly waits, so that two would not keep two
# processors busy.
AT_ONCE = 3
# A wrong solution may wait for ever. The reference has no more time: where it needed more, every
# mutant would count as killed.
LIMIT_S = 5.0
FIXED_CHECKS = 5  # rules, reference, test cases, variant, skeleton


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
        self._mutants = mutants.names(chapter)
        self._total = FIXED_CHECKS + len(chapter.tasks) + len(self._mutants)
        self._done = 0

    def run(self) -> None:
        self._check("rules", self._rules)
        if self._check("reference", self._reference):
            self._check("test cases", self._test_cases)
            if self._check("variant", self._variant_built):
                self._variants()

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
        build_tests(self._context, self._chapter, REFERENCE, self._job.bar.part)
        program = REFERENCE.test_program(self._context, self._chapter)
        running = cases.run(program, self._chapter.tests, self._job.bar.tick, LIMIT_S)
        with closing(running) as results:
            for case in results:
                if not case.green:
                    yield f"{case.name!r} is red on the reference: {describe(case)}"

    def _test_cases(self):
        listed = listed_in(self._context, self._chapter, REFERENCE)
        yield from chapter_rules.tests(self._chapter, [name for name, _ in listed])

    def _variant_built(self):
        folder = VariantFolder(self._context, self._chapter)
        folder.become({})
        folder.build(self._job.bar.part, self._job.log_path)
        self._recipe = Recipe(self._context, self._chapter)
        return []

    # ---- the variants, side by side

    def _variants(self) -> None:
        todo = [("skeleton", self._skeleton)]
        for task in self._chapter.tasks:
            todo.append((f"task {task.id} blanked", functools.partial(self._blanked, task)))
        for name in self._mutants:
            todo.append((f"mutant {name}", functools.partial(self._mutant, name)))
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
        changes = {
            path: skeleton.make_file(self._chapter, path).decode()
            for path in dict.fromkeys(task.file for task in self._chapter.tasks)
        }
        tests = [test for task in self._chapter.tasks for test in task.tests]
        ids = {task.id for task in self._chapter.tasks}
        return (yield from self._must_call(ids, folder, changes, tests, "the skeleton"))

    def _blanked(self, task: Task, folder: Path):
        source = skeleton.reference_source(self._chapter, task.file)
        changes = {task.file: skeleton.blanked(source, [task.id])}
        what = f"a blank task {task.id}"
        return (yield from self._must_call({task.id}, folder, changes, list(task.tests), what))

    def _must_call(self, tasks: set[str], folder: Path, changes, tests: list[str], what: str):
        """Each test has to come to a stub of these tasks: one that is red for another reason says
        nothing of them."""
        results = yield from self._run(folder, changes, tests)
        bad = [c for c in results if c.state != State.UNWRITTEN or c.needs not in tasks]
        if not bad:
            return _Verdict([])
        first = bad[0]
        how = "is green" if first.green else f"does not come to a stub ({describe(first)})"
        more = f" (and {plural(len(bad) - 1, 'other test')})" if len(bad) > 1 else ""
        return _Verdict([f"{first.name!r} {how} on {what}{more}"])

    def _mutant(self, name: str, folder: Path):
        mutant = mutants.read(self._chapter, name)
        changes = mutant.applied(self._chapter)
        [case] = yield from self._run(folder, changes, [mutant.killed_by])
        if case.state == State.MISSING:
            return _Verdict([f"{mutant.killed_by!r} is not in the test program"])
        if case.green:
            return _Verdict([f"survives {mutant.killed_by!r}"])
        return _Verdict([], f"; killed: {describe(case)}")

    def _run(self, folder: Path, changes: dict[str, str], tests: list[str]):
        program = yield from make(self._recipe, changes, folder)
        results: list[Case] = []
        with cases.Cases(program, tests, LIMIT_S, at_once=1) as running:
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
