"""Other programs: children, each in a session of its own and ended with everything it started, and
one that takes our place."""

import os
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple, NoReturn

from learn.context import Context
from learn.errors import LearnError, Stopped

GRACE_S = 2.0
TICK_S = 0.1
LONGEST_LINE = 1 << 20

_children: dict[int, tuple[subprocess.Popen, float]] = {}  # by process id, with its grace
_spawning = False
_pending = 0


def install_signal_handlers() -> None:
    """Turns Ctrl-C, SIGTERM and SIGHUP into `Stopped` in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup ./learn …` asked for hang-ups to be ignored; leave that so.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _on_signal)


def _on_signal(number: int, _frame) -> None:
    global _pending
    if _spawning:  # between fork and the entry in _children: raising here would lose the child
        _pending = number
        return
    _stop(number)


def _stop(number: int) -> None:
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)  # the clean-up is short and must not be cut
    raise Stopped(number)


def allow_descriptors() -> None:
    """Lets programs that are started have as many descriptors as the system allows: a request in
    flight takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spawn(command: list, grace: float = GRACE_S, **options) -> subprocess.Popen:
    """Starts `command` as the leader of a new session, without standard input unless given.

    `grace` is the time in seconds that it gets to end by itself when it is asked to.
    """
    global _spawning, _pending
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("start_new_session", True)
    command = [str(part) for part in command]
    _spawning = True
    try:
        child = subprocess.Popen(command, **options)
        _children[child.pid] = (child, grace)
    except OSError as error:
        raise LearnError(f"cannot start {command[0]}: {error.strerror}") from error
    finally:
        _spawning = False
        if _pending:
            number, _pending = _pending, 0
            _stop(number)
    return child


def end(child: subprocess.Popen) -> None:
    """Ends `child` and all that belongs to it: asks first (SIGTERM), then insists (SIGKILL).

    Returns when they are gone, or after the grace and `GRACE_S` more: what runs as root cannot be
    ended from here.
    """
    _, grace = _children.get(child.pid, (child, GRACE_S))
    family = Family(child)
    _signal_all(family.living(), signal.SIGTERM)
    _wait_until_gone(family, time.monotonic() + grace)
    until = time.monotonic() + GRACE_S
    while (living := family.living()) and time.monotonic() < until:
        _signal_all(living, signal.SIGKILL)
        time.sleep(0.01)
    child.poll()
    _children.pop(child.pid, None)


def forget(child: subprocess.Popen) -> None:
    """Takes an ended child off the list; what it left behind in its session is ended."""
    if Family(child).living():
        end(child)
    _children.pop(child.pid, None)


def end_all() -> None:
    for child, _ in list(_children.values()):
        end(child)


def _wait_until_gone(family: "Family", until: float) -> None:
    while family.living() and time.monotonic() < until:
        time.sleep(0.01)


def _signal_all(pids: set[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


class Family:
    """A child, the members of its session and all their descendants, as far as they live.

    Who was seen once stays a member: a descendant in a session of its own whose parents have ended
    can no longer be told from anybody else's process.
    """

    def __init__(self, child: subprocess.Popen):
        self._child = child
        self._seen: dict[int, str] = {}  # when each process id's owner had started

    def living(self) -> set[int]:
        self._child.poll()
        if not Path("/proc/self/stat").exists():
            return self._group()
        processes = _living_processes()
        members = {pid for pid, process in processes.items() if self._is_member(pid, process)}
        grown = True
        while grown:
            children = {pid for pid, process in processes.items() if process.parent in members}
            grown = not children <= members
            members |= children
        self._seen = {pid: processes[pid].started for pid in members}
        return members

    def _is_member(self, pid: int, process: "_Process") -> bool:
        if pid == self._child.pid:
            return self._child.returncode is None  # else the number may be another's by now
        return process.session == self._child.pid or self._seen.get(pid) == process.started

    def _group(self) -> set[int]:
        """Without /proc the process group stands for all of them."""
        try:
            os.killpg(self._child.pid, 0)
            return {-self._child.pid}
        except (ProcessLookupError, PermissionError):
            return set()


class _Process(NamedTuple):
    parent: int
    session: int
    started: str


def _living_processes() -> dict[int, _Process]:
    processes = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = Path(f"/proc/{entry}/stat").read_text(errors="replace")
        except OSError:
            continue
        # The name in parentheses may hold anything, so count the fields from its end.
        fields = text.rpartition(")")[2].split()
        if fields[0] not in "ZX":
            processes[int(entry)] = _Process(int(fields[1]), int(fields[3]), fields[19])
    return processes


class Lines:
    """Cuts a stream of bytes into lines of text."""

    def __init__(self):
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = lines + [self._rest], b""
        return [line.decode("utf-8", "replace") for line in lines]

    def end(self) -> list[str]:
        rest, self._rest = self._rest, b""
        return [rest.decode("utf-8", "replace")] if rest else []


def run(command, *, log, on_line=None, on_tick=None, limit_s=None, **options) -> int:
    """Runs `command`, writes what it prints to the open file `log`; returns its exit code.

    `on_line` sees each line, `on_tick` is called ten times a second. A command that is not done
    after `limit_s` is ended, and the result is -SIGALRM. `options` are those of `spawn`.
    """
    child = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    until = time.monotonic() + limit_s if limit_s else float("inf")
    with child.stdout:
        for line in output(child, until, log.write):
            if line is None:
                if on_tick:
                    on_tick()
            elif on_line:
                on_line(line)
    log.flush()
    if child.returncode is None:
        end(child)
        log.write(f"\nended: not done after {limit_s:.0f} s\n".encode())
        return -signal.SIGALRM
    forget(child)
    return child.returncode


def run_beside(command: list, limit_s: float = 600, **options) -> Generator[None, None, int]:
    """Runs a command beside others: to be advanced until it returns the exit code. Closing it ends
    the command, and so does the end of its time."""
    child = spawn(command, **options)
    until = time.monotonic() + limit_s
    try:
        while child.poll() is None and time.monotonic() < until:
            yield
        if child.poll() is not None:
            forget(child)
    finally:
        if child.poll() is None:
            end(child)
    return child.returncode


def run_all(commands: list, *, log, at_once: int, on_end=None, on_tick=None, limit_s, **options):
    """Runs commands side by side, `at_once` at a time; returns the exit code of each and the bytes
    that it printed, in the order of `commands`.

    The output of each is added to the open file `log` when it has ended, in one piece. `on_end` is
    called then, with the command's place, `on_tick` about ten times a second. `limit_s` and
    `options` are as with `run`.
    """
    results: list[tuple[int, bytes]] = [(0, b"")] * len(commands)
    waiting, running = list(enumerate(commands)), []
    ticked = 0.0
    while waiting or running:
        while waiting and len(running) < at_once:
            place, command = waiting.pop(0)
            running.append(_Running(place, command, limit_s, options))
        for one in [one for one in running if one.has_ended()]:
            running.remove(one)
            results[one.place] = (one.code, one.printed())
            log.write(f"\n$ {' '.join(map(str, one.command))}\n".encode() + results[one.place][1])
            log.flush()
            if on_end:
                on_end(one.place)
        if on_tick and time.monotonic() - ticked >= TICK_S:
            ticked = time.monotonic()
            on_tick()
        time.sleep(0.01)
    return results


class _Running:
    """One of several children. It prints to a file: nobody has to empty that while it runs."""

    def __init__(self, place: int, command: list, limit_s: float, options: dict):
        self.place = place
        self.command = command
        self.code = 0
        self._limit_s = limit_s
        self._until = time.monotonic() + limit_s
        self._file = tempfile.TemporaryFile()
        self._child = spawn(command, stdout=self._file, stderr=subprocess.STDOUT, **options)

    def has_ended(self) -> bool:
        if self._child.poll() is not None:
            forget(self._child)
            self.code = self._child.returncode
            return True
        if time.monotonic() < self._until:
            return False
        end(self._child)
        self.code = -signal.SIGALRM
        self._file.seek(0, os.SEEK_END)
        self._file.write(f"\nended: not done after {self._limit_s:.0f} s\n".encode())
        return True

    def printed(self) -> bytes:
        with self._file:
            self._file.seek(0)
            return self._file.read()


def output(child: subprocess.Popen, until=float("inf"), keep=lambda data: None):
    """Yields the child's lines, and None at least every 0.1 s, until it has ended or time is up.

    `keep` gets the bytes as they are. A pipe that something else still holds open is left.
    """
    lines = Lines()
    os.set_blocking(child.stdout.fileno(), False)
    open_end = True
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while time.monotonic() < until:
            ended = child.poll() is not None
            if not open_end:
                time.sleep(0 if ended else 0.01)
            elif selector.select(0 if ended else TICK_S):
                data = os.read(child.stdout.fileno(), 1 << 16)
                keep(data)
                yield from lines.feed(data)
                if not data:
                    open_end = False
                    selector.unregister(child.stdout)
            elif ended:
                break  # something that it left behind holds the pipe open
            if ended and not open_end:
                break
            if ended:
                until = min(until, time.monotonic() + GRACE_S)
            yield None
    yield from lines.end()


def become(context: Context, binary: Path, arguments: list[str]) -> NoReturn:
    """Lets a program that was built take the place of this process."""
    if not binary.exists():
        raise LearnError(f"the build did not make {context.shown(binary)}")
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores these, and what is ignored stays so: the program would not end where it does
    # when it is started by itself.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(binary, [str(binary), *arguments])


def describe_exit(code: int) -> str:
    """Says how a process ended: `exit code 3`, `SIGSEGV`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
