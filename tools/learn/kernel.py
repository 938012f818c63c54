"""What the kernel tells of a process and of the machine, and the one core that a bench runs on."""

import contextlib
import os
import re
from pathlib import Path

from learn.errors import LearnError

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
GONE = "a benched server ended in the middle of its measurement"


@contextlib.contextmanager
def one_core():
    """Pins this process, and so every child it starts meanwhile, to one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def cpu_s(server) -> float:
    """User and system time of the server so far."""
    try:
        fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise LearnError(GONE) from None
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def threads(server) -> int:
    """How many threads the server has now."""
    try:
        status = Path(f"/proc/{server.pid}/status").read_text()
    except OSError:
        raise LearnError(GONE) from None
    return int(re.search(r"^Threads:\s+(\d+)", status, re.MULTILINE)[1])


def kibibytes(path: str, name: str) -> int:
    """A number of the kernel's in bytes; 0 where it has none, as of a process that has ended."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(path).read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
