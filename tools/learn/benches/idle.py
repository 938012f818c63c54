"""What connections cost that say nothing, and what they cost another one that is in use.

Chapter 1's threads, chapter 2's loop and the framework take turns. Each serves the same number of
idle connections. All of them have sent a line and got it back, so that none is merely queued. Then
one more connection sends lines among them. Server and client share one core, as in `http`: on two,
most of a round trip is the time that the other core takes to wake up.

The kernel's memory is only known for the whole machine, so what counts is how much it grew. That
includes the client's end of each connection, which is the same for all three. Slabs that could be
reclaimed are left out: most are caches, and looking at a file is enough to change them.
"""

import contextlib
import json
import math
import resource
import statistics
import subprocess
import time

from learn import process
from learn.build import build
from learn.errors import LearnError
from learn.kernel import cpu_s, kibibytes, one_core, threads
from learn.needs import BUILD
from learn.servers import running
from learn.term import plural

SUMMARY = "memory, CPU time and latency beside ten thousand idle connections"
NEEDS = BUILD

SERVERS = (
    ("chapter 1, a thread each", "idle_threads"),
    ("chapter 2, callbacks", "idle_callbacks"),
    ("final, coroutines", "idle_final"),
)
CLIENT = "idle_client"
WANTED = 10_000
OTHER_DESCRIPTORS = 40  # what a server or the client has open besides
BYTES_EACH = 64 * 1024  # a thread and both ends of its connection, in the process and in the kernel
ROUND_TRIPS = 5000
REPEATS = 3
IDLE_S = 3.0
SETTLE_S = 0.5
LIMIT_S = 120


def measure(context) -> dict:
    programs = [program for _, program in SERVERS]
    build(context, "release", [*programs, CLIENT])
    process.allow_descriptors()
    count, reason = most_connections()
    runs: dict[str, list[dict]] = {program: [] for program in programs}
    bar = context.term.progress(plural(count, "idle connection"))
    with one_core():
        for turn in range(REPEATS):
            for number, program in enumerate(programs):
                bar.update(turn * len(programs) + number, REPEATS * len(programs), program)
                runs[program].append(_run(context, program, count, bar))
    bar.drop()
    return {
        "wanted": WANTED,
        "connections": count,
        "limited_by": reason,
        "idle_s": IDLE_S,
        "round_trips": ROUND_TRIPS,
        "repeats": REPEATS,
        "servers": [{"name": name} | _median(runs[program]) for name, program in SERVERS],
    }


def most_connections() -> tuple[int, str | None]:
    """How many connections this machine allows, and why there are not as many as wanted."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    available = kibibytes("/proc/meminfo", "MemAvailable")
    limits = [(WANTED, None)]
    if descriptors != resource.RLIM_INFINITY:
        said = f"a process may have {descriptors:,} open files here (ulimit -Hn)"
        limits.append((descriptors - OTHER_DESCRIPTORS, said))
    if available:
        said = f"{available // 2**20:,} MiB of memory are available, and half of that is used"
        limits.append((available // 2 // BYTES_EACH, said))
    count, reason = min(limits, key=lambda limit: limit[0])
    if count < 1:
        raise LearnError(f"there is no room for a single idle connection: {reason}")
    return count, reason


def show(term, result: dict) -> None:
    idle = f"CPU in {result['idle_s']:.0f} s"
    head = ["", "connections", "threads", "memory each", "kernel each", idle]
    rows = [[*head, "echo alone", "among them", "p99"]]
    for each in result["servers"]:
        kernel = each["kernel_stack_bytes"] + each["page_table_bytes"] + each["slab_bytes"]
        counts = [f"{each[key]:,}" for key in ("connections", "threads")]
        sizes = [f"{value:,.0f} B" for value in (each["resident_bytes"], kernel)]
        keys = ("alone_p50_us", "p50_us", "p99_us")
        times = [f"{each['idle_cpu_s']:.2f} s", *(f"{each[key]:.1f} µs" for key in keys)]
        rows.append([each["name"], *counts, *sizes, *times])
    term.table(rows, "lrrrrrrrr", indent="")
    for note in _notes(result):
        term.line(term.style(f"  {note}", "dim"))


def _notes(result: dict) -> list[str]:
    notes = []
    count = result["connections"]
    if count < result["wanted"]:
        limit = result["limited_by"]
        notes.append(f"{count:,} connections instead of {result['wanted']:,}: {limit}.")
    for each in result["servers"]:
        if each["connections"] < count:
            few = f"{each['connections']:,} connections, nine tenths of what it could serve"
            notes.append(f"{each['name']}: {few}.")
    return [
        *notes,
        "Memory: what the server's process has resident for each idle connection.",
        "Kernel: its stacks, page tables and other objects, with both ends of the connection.",
        f"Echo: medians of {result['round_trips']:,} round trips of a line on one more connection,"
        " before the idle ones came and among them.",
        f"The medians of {result['repeats']} runs; server and client share a core.",
    ]


def _median(runs: list[dict]) -> dict:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _run(context, program: str, count: int, bar) -> dict:
    """One server and one client, from their start to their end."""
    with contextlib.ExitStack() as stack:
        server, url = stack.enter_context(running([context.binary(program)], program))
        client = stack.enter_context(_Client(context, url.rpartition(":")[2], count, bar))
        alone = client.answer("p50_us", "p99_us")
        before = _memory(server)
        client.go_on()
        (opened,) = client.answer("open")
        if not 0 < opened <= count:
            raise LearnError(f"{program} served {plural(opened, 'idle connection')} of {count:,}")
        time.sleep(SETTLE_S)
        after = _memory(server)
        running_threads = threads(server)
        used = cpu_s(server)
        time.sleep(IDLE_S)
        used = cpu_s(server) - used
        client.go_on()
        among = client.answer("p50_us", "p99_us")
    return {
        "connections": opened,
        "threads": running_threads,
        **{key: max(0, after[key] - before[key]) / opened for key in before},
        "idle_cpu_s": round(used, 2),
        "alone_p50_us": alone[0],
        "p50_us": among[0],
        "p99_us": among[1],
    }


def _memory(server) -> dict:
    """What the server has, and what the kernel has for it. The resident size stands in `smaps`:
    that of `status` is counted for each processor and may be behind."""
    return {
        "resident_bytes": kibibytes(f"/proc/{server.pid}/smaps_rollup", "Rss"),
        "kernel_stack_bytes": kibibytes("/proc/meminfo", "KernelStack"),
        "page_table_bytes": kibibytes(f"/proc/{server.pid}/status", "VmPTE"),
        "slab_bytes": kibibytes("/proc/meminfo", "SUnreclaim"),
    }


class _Client:
    """The client program: it goes on when it is told to, and answers each step with a line."""

    def __init__(self, context, port: str, count: int, bar):
        self._command = [context.binary(CLIENT), port, count, ROUND_TRIPS]
        self._bar = bar

    def __enter__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self._child = process.spawn(self._command, **pipes)
        self._lines = process.output(self._child, time.monotonic() + LIMIT_S)
        return self

    def __exit__(self, *_):
        process.end(self._child)
        self._child.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()

    def go_on(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended, and said why
            self._child.stdin.write(b"\n")
            self._child.stdin.flush()

    def answer(self, *keys: str) -> list:
        """The numbers of the client's next line."""
        for line in self._lines:
            if line is None:
                self._bar.tick()
                continue
            try:
                said = json.loads(line)
                numbers = [said[key] for key in keys]
            except (ValueError, TypeError, KeyError):
                raise LearnError(f"the client with the idle connections said: {line}") from None
            if not all(type(each) in (int, float) and math.isfinite(each) for each in numbers):
                raise LearnError(f"the client with the idle connections said: {line}")
            return numbers
        if self._child.poll() is None:
            raise LearnError(f"the client with the idle connections was not done after {LIMIT_S} s")
        how = process.describe_exit(self._child.returncode)
        raise LearnError(f"the client with the idle connections ended with {how}")
