"""What the threads of a process that does not end wait for, as the kernel says it (Linux)."""

import platform
from collections import Counter
from pathlib import Path

from learn.term import plural

_X86_64 = """
    0 read  1 write  7 poll  23 select  35 nanosleep  42 connect  43 accept  44 send  45 recv
    46 sendmsg  47 recvmsg  202 futex  230 nanosleep  232 epoll_wait  270 select  271 poll
    281 epoll_wait  288 accept
"""
_GENERIC = """
    22 epoll_wait  63 read  64 write  72 select  73 poll  98 futex  101 nanosleep  115 nanosleep
    202 accept  203 connect  206 send  207 recv  211 sendmsg  212 recvmsg  242 accept
"""
_NUMBERS = {"x86_64": _X86_64, "aarch64": _GENERIC}
_WORDS = {"futex": "for a lock or another thread", "nanosleep": "in a sleep"}


def describe(pid: int) -> str:
    """`it was waiting in recv`, `it had 2 threads: in accept, in recv`; empty if unknown."""
    words = _NUMBERS.get(platform.machine(), "").split()
    calls = dict(zip(words[::2], words[1::2]))
    places: Counter[str] = Counter()
    for status in sorted(Path(f"/proc/{pid}/task").glob("*/syscall")):
        try:
            word = status.read_text().split()[0]
        except (OSError, IndexError):
            continue
        if word == "running":
            places["computing"] += 1
        elif word.lstrip("-").isdigit():
            call = calls.get(word, "a system call")
            places[_WORDS.get(call, f"in {call}")] += 1
    if not places:
        return ""
    if list(places) == ["computing"]:
        return "it was busy all the time: is there a loop without an end?"
    if places.total() == 1:
        return f"it was waiting {next(iter(places))}"
    each = (f"{place} ({count})" if count > 1 else place for place, count in places.items())
    return f"it had {plural(places.total(), 'thread')}: {', '.join(each)}"
