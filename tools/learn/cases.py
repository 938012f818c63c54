"""Runs test cases, each in a process of its own, and judges how it ended."""

import contextlib
import enum
import os
import resource
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from learn import crash, doctest_report, process, waiting
from learn.doctest_report import Report
from learn.skeleton import NOT_WRITTEN, UNWRITTEN_LINE
from learn.story import Event, read_story
from learn.term import clean

AT_ONCE = 2
LIMIT_S = 10.0
SCALE = "FUNNEL_TEST_TIME_SCALE"
MOST_MEMORY = 1 << 30  # bytes; a test that takes more has run wild
MOST_OUTPUT = 64 << 20
READ_OUTPUT = 256 << 10
POLL_S = 0.004
GRACE_S = 0.2
SANITIZERS = {
    "ASAN_OPTIONS": "color=never",
    "UBSAN_OPTIONS": "print_stacktrace=1:color=never",
    "LSAN_OPTIONS": "color=never",
}


class State(enum.Enum):
    GREEN = "green"
    RED = "red"
    UNWRITTEN = "not written yet"
    CRASHED = "crashed"
    ENDED = "ended by the watchdog"
    MISSING = "not in the test program"


@dataclass
class Case:
    """What one test case came to."""

    name: str
    state: State
    report: Report = field(default_factory=Report)
    story: list[Event] = field(default_factory=list)
    stderr: str = ""
    code: int = 0
    why_ended: str = ""  # by the watchdog

    @property
    def green(self) -> bool:
        return self.state == State.GREEN

    @property
    def needs(self) -> str:
        """The id of the task that was called and is not written, empty when unknown."""
        found = UNWRITTEN_LINE.search(self.stderr)
        return found[1] if found else ""


def time_scale() -> float:
    """The factor for all time limits, from the environment; 1 when that makes no sense."""
    try:
        scale = float(os.environ.get(SCALE, "1"))
    except ValueError:
        return 1.0
    return scale if 0 < scale < 1e6 else 1.0


@dataclass(frozen=True)
class Test:
    """A test case and the program that has it; none if no test file does."""

    program: Path | None
    name: str


def run(tests: list[Test], tick=lambda: None, limit_s=LIMIT_S) -> Iterator[Case]:
    """Yields the results in the order of `tests`.

    `tick` is called again and again meanwhile. A caller that stops asking ends what still runs.
    """
    with Cases(tests, limit_s) as all_of_them:
        while not all_of_them.done:
            yield from all_of_them.step()
            tick()
            time.sleep(POLL_S)


class Cases:
    """Test cases on their way, `at_once` at a time; `step` is to be called until `done`."""

    def __init__(self, tests: list[Test], limit_s=LIMIT_S, at_once: int = AT_ONCE):
        self._limit_s = limit_s
        self._at_once = at_once
        self._waiting = deque(tests)
        self._running: deque[_Running | _Missing] = deque()

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="learn-")
        return self

    def __exit__(self, *_):
        for case in self._running:
            case.end()
        self._folder.cleanup()

    @property
    def done(self) -> bool:
        return not (self._waiting or self._running)

    def step(self) -> list[Case]:
        """Starts what may start, and returns the results that are there, in the given order."""
        while self._waiting and sum(not case.done for case in self._running) < self._at_once:
            place = Path(self._folder.name) / str(len(self._waiting))
            place.mkdir()
            self._running.append(_begun(self._waiting.popleft(), place, self._limit_s))
        for case in self._running:
            case.look()
        results = []
        while self._running and self._running[0].done:
            results.append(self._running.popleft().result())
        return results


def _begun(test: Test, folder: Path, limit_s: float):
    if not test.program:
        return _Missing(test.name)
    return _Running(test.program, test.name, folder, limit_s)


class _Missing:
    """A test case that no program has."""

    done = True

    def __init__(self, name: str):
        self._name = name

    def look(self) -> None:
        pass

    def end(self) -> None:
        pass

    def result(self) -> Case:
        return Case(self._name, State.MISSING)


class _Running:
    """One test case on its way."""

    def __init__(self, program: Path, name: str, folder: Path, limit_s: float):
        self.done = False
        self._name = name
        self._folder = folder
        self._limit_s = limit_s * time_scale()
        self._why_ended = ""
        self._looked = 0.0
        self._printed = Printed()
        environment = {**os.environ, "FUNNEL_STORY": str(folder / "story")}
        for key, value in SANITIZERS.items():
            environment[key] = ":".join(filter(None, [value, os.environ.get(key)]))
        command = [program, f"--test-case={name}", "--reporters=xml", f"--out={folder / 'xml'}"]
        with self._printed.writer() as output:
            self._child = process.spawn(
                command,
                grace=GRACE_S,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
            )
        self._started = time.monotonic()

    def look(self) -> None:
        """Notices that the process has ended, or ends it when it has gone too far."""
        if self.done:
            return
        self._printed.read()
        if self._child.poll() is not None:
            process.forget(self._child)
            self.done = True
            return
        now = time.monotonic()
        if now - self._started > self._limit_s:
            waits = waiting.describe(self._child.pid)
            self._stop(f"was not done after {self._limit_s:g} s" + (f"; {waits}" if waits else ""))
        elif self._printed.size > MOST_OUTPUT:
            self._stop(f"printed more than {MOST_OUTPUT >> 20} MiB")
        elif now - self._looked > 0.05:
            self._looked = now
            if _memory(self._child.pid) > MOST_MEMORY:
                self._stop(f"took more than {MOST_MEMORY >> 30} GiB of memory")

    def end(self) -> None:
        if not self.done:
            process.end(self._child)
            self.done = True
            self._printed.read()

    def result(self) -> Case:
        report = doctest_report.read(self._folder / "xml", self._name)
        self._printed.close()
        code = self._child.returncode or 0
        case = Case(self._name, State.GREEN, report, stderr=self._printed.text, code=code)
        story = read_story(self._folder / "story")
        case.story = story.with_prints(_own_lines(self._printed.lines) if story.begin_s else [])
        case.why_ended = self._why_ended
        case.state = _judge(case)
        return case

    def _stop(self, why: str) -> None:
        self._why_ended = why
        self.end()


def _judge(case: Case) -> State:
    if case.why_ended:
        return State.ENDED
    if case.code == NOT_WRITTEN:
        return State.UNWRITTEN
    if case.code < 0 or crash.is_report(case.stderr):
        return State.CRASHED
    if case.report.failures:
        return State.RED  # and what leaks, leaks because the test was cut short
    if case.code == 0 and not case.report.found:
        return State.MISSING
    return State.GREEN if case.code == 0 and case.report.passed else State.CRASHED


def _own_lines(lines: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """What the learner printed: not the report of a sanitizer, nor what a stub says."""
    for number, (_, text) in enumerate(lines):
        if crash.begins_report(text) or UNWRITTEN_LINE.search(text):
            return lines[:number]
    return lines


def _memory(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


class Printed:
    """What a program prints, read while it runs: the beginning is kept, with the moment of each
    line."""

    def __init__(self):
        self.size = 0
        self.lines: list[tuple[float, str]] = []
        self._kept = b""
        self._line = b""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)

    @contextlib.contextmanager
    def writer(self):
        """The end for the program, which closes with the block."""
        try:
            yield self._writer
        finally:
            os.close(self._writer)

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")

    def read(self) -> None:
        """Takes what is there, without waiting."""
        while self._reader >= 0:
            try:
                data = os.read(self._reader, 1 << 16)
            except BlockingIOError:
                return
            self._take(data)
            if not data:
                return

    def close(self) -> None:
        self.read()
        if self._line:
            self._take(b"\n")
        os.close(self._reader)
        self._reader = -1

    def _take(self, data: bytes) -> None:
        self.size += len(data)
        data = data[: max(READ_OUTPUT - len(self._kept), 0)]
        self._kept += data
        *whole, self._line = (self._line + data).split(b"\n")
        now = time.monotonic()
        self.lines += [(now, clean(line.decode("utf-8", "replace"))) for line in whole]
