"""Runs one fetch program: times, threads and memory are measured here, requests are its report."""

import json
import math
import os
import re
import selectors
import subprocess
import tempfile
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

from learn import process
from learn.errors import LearnError
from learn.skeleton import NOT_WRITTEN, UNWRITTEN_LINE
from learn.term import clean, plural, shorten

SAMPLE_S = 0.005
SHOWN_REASONS = 3
QUOTED_CHARACTERS = 80


@dataclass(frozen=True)
class Request:
    """One request as the program reported it; times in seconds since the program's start."""

    index: int
    start: float
    end: float
    bytes: int
    error: str | None


@dataclass
class Result:
    """What one run of a program came to. What could not be measured is None."""

    name: str
    waits: str
    wall_s: float | None = None
    cpu_s: float | None = None
    threads: int | None = None
    peak_rss_bytes: int | None = None
    failure: str | None = None  # why the run as a whole does not count
    requests: list[Request] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        """Why this is not a good run: the program's failure, or the failed requests."""
        failed = [request.error for request in self.requests if request.error is not None]
        if self.failure or not failed:
            return self.failure
        reasons = Counter(failed).most_common()
        said = reasons[0][0]
        if len(reasons) > 1:
            said = "; ".join(f"{count} × {reason}" for reason, count in reasons[:SHOWN_REASONS])
        return f"{len(failed)} of {plural(len(self.requests), 'request')} failed: {said}"

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def max_in_flight(self) -> int:
        return most_in_flight(self.requests)

    def as_json(self) -> dict:
        return {
            "name": self.name,
            "waits": self.waits,
            "ok": self.ok,
            "error": self.error,
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
            "max_in_flight": self.max_in_flight,
            "threads": self.threads,
            "peak_rss_bytes": self.peak_rss_bytes,
            "requests": [
                {"start": r.start, "end": r.end, "bytes": r.bytes, "error": r.error}
                for r in self.requests
            ],
        }


def most_in_flight(requests: list[Request]) -> int:
    """Counts the most requests that ran at one time; one that ends as another starts is over."""
    starts = sorted(request.start for request in requests)
    # Even a request that took no time was in flight.
    ends = sorted(max(r.end, math.nextafter(r.start, math.inf)) for r in requests)
    most = ended = 0
    for started, start in enumerate(starts, 1):
        while ends[ended] <= start:
            ended += 1
        most = max(most, started - ended)
    return most


class BadOutput(Exception):
    """The program printed something that is not the report agreed on."""


class Report:
    """Reads a program's report line by line, and knows which requests are still missing."""

    def __init__(self, urls: list[str]):
        self._open = defaultdict(deque)
        for index, url in enumerate(urls):
            self._open[url].append(index)
        self.missing = len(urls)

    def read(self, line: str) -> Request:
        try:
            entry = json.loads(line)
            url, start, end = entry["url"], entry["start"], entry["end"]
            size, error = entry["bytes"], entry["error"]
        except (ValueError, TypeError, KeyError):
            raise BadOutput(f"printed a line that is no report of a request: {_quote(line)}")
        if not (_is_time(start) and _is_time(end) and start <= end):
            raise BadOutput(f"reported times that cannot be: {_quote(line)}")
        if type(size) is not int or size < 0 or not isinstance(error, str | None):
            raise BadOutput(f"reported a size or an error that cannot be: {_quote(line)}")
        waiting = self._open.get(url) if isinstance(url, str) else None
        if not waiting:
            raise BadOutput(f"reported a request that was not wanted: {_quote(line)}")
        self.missing -= 1
        return Request(waiting.popleft(), start, end, size, error)


def _is_time(value) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0


def _quote(line: str) -> str:
    return repr(shorten(clean(line), QUOTED_CHARACTERS))


class Run:
    """One program's run: `requests()` yields them as they finish, then `result` is complete."""

    def __init__(self, name: str, waits: str, command: list, urls: list[str], limit_s: float):
        self.result = Result(name, waits)
        self._command = command
        self._urls = urls
        self._limit_s = limit_s
        self._report = Report(urls)
        self._sampled = 0.0

    def requests(self):
        """Yields lists of finished requests, an empty list now and then while nothing happens."""
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
            stdin.write("".join(url + "\n" for url in self._urls).encode())
            stdin.seek(0)
            started = time.monotonic()
            child = process.spawn(
                self._command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr
            )
            try:
                with child.stdout:
                    for batch in self._watch(child, started):
                        self.result.requests += batch
                        yield batch
            except BadOutput as error:
                self.result.failure = str(error)
            finally:
                process.end(child)
            self.result.requests.sort(key=lambda request: request.index)
            self._judge(child, stderr)

    def to_the_end(self) -> Result:
        """Runs it whole; raises `LearnError` when it failed."""
        for _ in self.requests():
            pass
        if not self.result.ok:
            raise LearnError(f"{self.result.name} {self.result.error}")
        return self.result

    def _watch(self, child, started: float):
        lines = process.Lines()
        os.set_blocking(child.stdout.fileno(), False)
        with selectors.DefaultSelector() as selector, _ExitWatch(child, selector) as exit_watch:
            selector.register(child.stdout, selectors.EVENT_READ)
            while True:
                self._sample(child.pid)
                ready = [key.fileobj for key, _ in selector.select(SAMPLE_S)]
                if exit_watch.has_ended(self.result, started):
                    break
                if time.monotonic() - started > self._limit_s:
                    self.result.failure = f"was not done after {self._limit_s:.0f} s, and ended"
                    return
                if child.stdout in ready:
                    data = os.read(child.stdout.fileno(), 1 << 16)
                    if not data:
                        selector.unregister(child.stdout)
                    yield self._read(lines.feed(data))
                else:
                    yield []
        while data := _read_now(child.stdout.fileno()):
            yield self._read(lines.feed(data))
        yield self._read(lines.end())

    def _read(self, lines: list[str]) -> list[Request]:
        return [self._report.read(line) for line in lines]

    def _sample(self, pid: int) -> None:
        """Reads threads and memory from /proc: rusage's maximum still holds the parent's pages."""
        now = time.monotonic()
        if now - self._sampled < SAMPLE_S:
            return
        self._sampled = now
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        for name, pattern, scale in (
            ("threads", r"^Threads:\s+(\d+)", 1),
            ("peak_rss_bytes", r"^VmHWM:\s+(\d+) kB", 1024),
        ):
            found = re.search(pattern, status, re.MULTILINE)
            if found:
                value = int(found[1]) * scale
                setattr(self.result, name, max(value, getattr(self.result, name) or 0))

    def _judge(self, child, stderr) -> None:
        if self.result.failure:
            return
        code = child.returncode
        if code < 0:
            self.result.failure = f"was ended by {process.describe_exit(code)}"
        elif code > 0:
            stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - 4096))
            said = clean(stderr.read().decode("utf-8", "replace")).strip().splitlines()
            unwritten = [line for line in said if UNWRITTEN_LINE.match(line)]
            reason = ": " + shorten(said[-1], 200) if said else ""
            self.result.failure = f"ended with exit code {code}{reason}"
            if code == NOT_WRITTEN and unwritten:
                self.result.failure = f"stopped: {unwritten[0]}"
        elif self._report.missing:
            wanted = len(self._urls)
            done = wanted - self._report.missing
            self.result.failure = f"ended after {done} of {plural(wanted, 'request')}"


class _ExitWatch:
    """Notices the child's end at once (where the system has pidfds), and takes its CPU time."""

    def __init__(self, child, selector):
        self._child = child
        try:
            self._fd = os.pidfd_open(child.pid)
            selector.register(self._fd, selectors.EVENT_READ)
        except (AttributeError, OSError):
            self._fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._fd >= 0:
            os.close(self._fd)

    def has_ended(self, result: Result, started: float) -> bool:
        now = time.monotonic()
        pid, status, usage = os.wait4(self._child.pid, os.WNOHANG)
        if not pid:
            return False
        self._child.returncode = os.waitstatus_to_exitcode(status)
        result.wall_s = now - started
        result.cpu_s = usage.ru_utime + usage.ru_stime
        return True


def _read_now(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return b""
