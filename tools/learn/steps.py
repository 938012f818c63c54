"""The steps of which a stage of `./learn test` is made; each runs something and counts."""

import os
import re
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

from learn import lint, process, site
from learn.build import STEP, BuildFailed, build
from learn.context import Context
from learn.term import Progress, clean

SHOWN_LINES = 30
LIMIT_S = 1800
CLOSING = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")
FAILURE = re.compile(r"\s*(FAIL|FAILED|not ok|✗)\b|.*: (fatal )?error:", re.IGNORECASE)
CTEST_LINE = re.compile(r"\s*(\d+)/(\d+) Test\s+#\d+: (\S+)")


@dataclass
class Outcome:
    """What a step or a stage came to; `excerpt` is what to show of a failure."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    excerpt: list[str] = field(default_factory=list)
    stop: bool = False  # the stage's other steps make no sense any more

    def add(self, other: "Outcome") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.excerpt = self.excerpt or other.excerpt
        self.stop = self.stop or other.stop


@dataclass
class Job:
    """Where a step runs: the stage's log and bar, and the builds that failed before."""

    context: Context
    log_path: Path
    bar: Progress
    failed_builds: dict[str, str]  # preset -> the stage whose build of it failed
    stage: str

    def run(self, command: list, on_line=None) -> tuple[int, str]:
        """Runs a command; returns its exit code and what it printed."""
        with self.log_path.open("ab") as log:
            log.write(f"\n$ {' '.join(map(str, command))}\n".encode())
            log.flush()
            start = log.tell()
            code = process.run(
                command,
                log=log,
                on_line=on_line,
                on_tick=self.bar.tick,
                limit_s=LIMIT_S,
                cwd=self.context.root,
            )
        with self.log_path.open("rb") as log:
            log.seek(start)
            return code, clean(log.read().decode("utf-8", "replace"))

    def run_all(self, commands: list[list], names: list[str]) -> list[tuple[int, str]]:
        """Runs commands side by side; returns the same of each, in their order."""
        done = 0

        def on_end(place: int) -> None:
            nonlocal done
            done += 1
            self.bar.update(done, len(commands), names[place])

        with self.log_path.open("ab") as log:
            results = process.run_all(
                commands,
                log=log,
                at_once=os.cpu_count() or 1,
                on_end=on_end,
                on_tick=self.bar.tick,
                limit_s=LIMIT_S,
                cwd=self.context.root,
            )
        return [(code, clean(printed.decode("utf-8", "replace"))) for code, printed in results]


@dataclass(frozen=True)
class Build:
    """Configures and builds a preset; a stage whose build failed goes no further."""

    preset: str
    targets: tuple[str, ...] = ()

    def run(self, job: Job) -> Outcome:
        if self.preset in job.failed_builds:
            reason = f"the {self.preset} build failed in stage {job.failed_builds[self.preset]}"
            return Outcome(skipped=1, excerpt=[reason], stop=True)
        try:
            build(
                job.context,
                self.preset,
                self.targets,
                log_path=job.log_path,
                progress=job.bar.part,
            )
        except BuildFailed:
            job.failed_builds[self.preset] = job.stage
            raise
        return Outcome()


@dataclass(frozen=True)
class Ctest:
    """Runs the tests of a preset that was built, those with `label` when given."""

    preset: str
    label: str = ""

    def run(self, job: Job) -> Outcome:
        report = job.context.state / f"ctest-{job.stage}.xml"
        report.unlink(missing_ok=True)
        command = ["ctest", "--preset", self.preset, "--no-tests=error", "--output-junit", report]
        command += ["-L", self.label] if self.label else []
        command += ["-j", str(os.cpu_count() or 1)]

        def on_line(line: str) -> None:
            test = CTEST_LINE.match(line)
            if test:
                job.bar.update(int(test[1]), int(test[2]), test[3])

        code, text = job.run(command, on_line)
        return self._count(report, code, text)

    def _count(self, report: Path, code: int, text: str) -> Outcome:
        try:
            cases = xml.parse(report).getroot().findall("testcase")
        except (OSError, xml.ParseError):
            cases = []
        if not cases:
            return Outcome(failed=1, excerpt=tail(text))
        outcome = Outcome()
        for case in cases:
            outcome.add(_ctest_case(case))
        return settle(outcome, code, text)


def _ctest_case(case: xml.Element) -> Outcome:
    name, status = case.get("name"), case.get("status")
    skip = case.find("skipped")
    reason = skip.get("message", "") if skip is not None else ""
    if status == "run":
        return Outcome(passed=1)
    if status == "disabled" or reason.startswith("SKIP_"):
        return Outcome(skipped=1)
    if status == "notrun":  # its program is missing, or what it needs failed
        return Outcome(failed=1, excerpt=[f"test {name} was not run: {reason}"])
    said = clean(case.findtext("system-out") or "")
    return Outcome(failed=1, excerpt=[f"test {name}", *tail(said)])


@dataclass(frozen=True)
class Unittest:
    """Runs the Python tests of a folder, its modules side by side."""

    folder: str

    def run(self, job: Job) -> Outcome:
        modules = sorted(path.name for path in (job.context.root / self.folder).glob("test*.py"))
        python = [sys.executable, "-B", "-m", "unittest", "discover", "-v", "-s", self.folder]
        outcome = Outcome()
        for code, text in job.run_all([[*python, "-p", name] for name in modules], modules):
            outcome.add(count_unittest(code, text))
        return outcome if modules else Outcome(failed=1, excerpt=["no test was found"])


def count_unittest(code: int, text: str) -> Outcome:
    ran = _last(r"^Ran (\d+) tests? in", text)
    closing = _last(r"^(?:OK|FAILED)(?: \((.*)\))?$", text)
    if not ran or not closing or ran[1] == "0":
        return Outcome(failed=1, excerpt=tail(text) or ["no test was found"])
    counts = dict(re.findall(r"([a-z ]+)=(\d+)", closing[1] or ""))
    counts = {name.strip(): int(count) for name, count in counts.items()}
    failed = sum(counts.get(k, 0) for k in ("failures", "errors", "unexpected successes"))
    skipped = counts.get("skipped", 0)
    outcome = Outcome(max(int(ran[1]) - failed - skipped, 0), failed, skipped)
    first = re.search(r"^={70}\n((?:FAIL|ERROR): .*?)(?=^={70}\n|^-{70}\nRan )", text, re.M | re.S)
    outcome.excerpt = tail(first[1]) if first else []
    return settle(outcome, code, text)


def _last(pattern: str, text: str) -> re.Match | None:
    """The last line that matches: what a test prints may look like a summary too."""
    found = None
    for found in re.finditer(pattern, text, re.MULTILINE):
        pass
    return found


@dataclass(frozen=True)
class Program:
    """Runs a program that passes when it ends with 0, or counts in its closing line."""

    command: tuple

    def run(self, job: Job) -> Outcome:
        def on_line(line: str) -> None:
            step = STEP.match(line)
            if step:
                job.bar.update(int(step[1]), int(step[2]), step[3])

        code, text = job.run(list(self.command), on_line)
        lines = text.rstrip().splitlines()
        closing = CLOSING.fullmatch(lines[-1].strip()) if lines else None
        if closing:
            return settle(Outcome(*(int(n or 0) for n in closing.groups())), code, text)
        return settle(Outcome(passed=0 if code else 1), code, text)


@dataclass(frozen=True)
class NodeTests:
    """Runs test files with Node's own runner."""

    files: tuple[Path, ...]

    def run(self, job: Job) -> Outcome:
        code, text = job.run(["node", "--test", "--test-reporter=tap", *self.files])
        counts = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.M))
        counts = {name: int(count) for name, count in counts.items()}
        outcome = Outcome(
            counts.get("pass", 0),
            counts.get("fail", 0) + counts.get("cancelled", 0),
            counts.get("skipped", 0) + counts.get("todo", 0),
        )
        return settle(outcome, code, text)


@dataclass(frozen=True)
class Packages:
    """Installs the locked npm packages of a folder."""

    folder: str

    def run(self, job: Job) -> Outcome:
        place = job.context.root / self.folder
        site.install_packages(job.context, place, log_path=job.log_path, progress=job.bar.part)
        return Outcome()


@dataclass(frozen=True)
class BuildSite:
    """Builds the book's site."""

    def run(self, job: Job) -> Outcome:
        site.build_site(job.context, log_path=job.log_path, progress=job.bar.part)
        return Outcome(passed=1)


@dataclass(frozen=True)
class Tidy:
    """clang-tidy, one file at a time; every file counts, those that it cannot see as skipped."""

    files: tuple[str, ...]

    def run(self, job: Job) -> Outcome:
        files, where = list(self.files), {"log_path": job.log_path, "bar": job.bar}
        units = lint.units_for(job.context, files, **where)
        outcome = Outcome(skipped=len(units.unseen))
        for _, problems in lint.tidy(job.context, units, **where):
            outcome.add(Outcome(failed=1, excerpt=problems) if problems else Outcome(passed=1))
        if units.unseen:
            job.context.term.line(f"    {lint.unseen_sentence(units)}")
        return outcome if outcome.passed + outcome.failed + outcome.skipped else Outcome(skipped=1)


def settle(outcome: Outcome, code: int, text: str) -> Outcome:
    """A run that ended badly counts at least one failure, whatever was counted."""
    if code and not outcome.failed:
        outcome.failed = 1
        outcome.excerpt = [*first_failure(text), f"ended with {process.describe_exit(code)}"]
    if outcome.failed and not outcome.excerpt:
        outcome.excerpt = first_failure(text)
    return outcome


def first_failure(text: str) -> list[str]:
    """The lines from the first that tells of a failure on; the last ones when none does."""
    lines = text.rstrip().splitlines()
    first = next((i for i, line in enumerate(lines) if FAILURE.match(line)), None)
    return tail(text) if first is None else lines[first : first + SHOWN_LINES]


def tail(text: str) -> list[str]:
    return text.rstrip().splitlines()[-SHOWN_LINES:]
