"""Starts servers of ours that name their address: the slow server, the benched ones."""

import contextlib
import re
import selectors
import subprocess
import time

from learn import process
from learn.errors import LearnError
from learn.term import clean

START_LIMIT_S = 10
LISTENING = re.compile(rb"^listening on ((?:http|tcp)://\S+)")


@contextlib.contextmanager
def running(command: list, what: str):
    """Runs a server of ours on a free port for a while; yields its process and its URL."""
    if not command[0].exists():
        raise LearnError(f"{what} is not built: {command[0]} is missing; run it without --no-build")
    child = process.spawn([*command, "--port", "0"], stdout=subprocess.PIPE)
    try:
        with child.stdout:
            yield child, _url(child, what)
    finally:
        process.end(child)


def _url(child: subprocess.Popen, what: str) -> str:
    line = _first_line(child, time.monotonic() + START_LIMIT_S)
    found = LISTENING.match(line)
    if found:
        return found[1].decode().rstrip("/")
    if line:
        said = repr(clean(line.decode("utf-8", "replace")).strip())
        raise LearnError(f"{what} did not say where it listens, but {said}")
    if child.poll() is not None:
        how = process.describe_exit(child.returncode)
        raise LearnError(f"{what} ended with {how} before it said where it listens")
    raise LearnError(f"{what} did not say within {START_LIMIT_S} s where it listens")


def _first_line(child: subprocess.Popen, until: float) -> bytes:
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n") and (left := until - time.monotonic()) > 0:
            if selector.select(left):
                data = child.stdout.read1(1)
                if not data:
                    _wait_for_end(child, left)
                    break
                line += data
    return line


def _wait_for_end(child: subprocess.Popen, limit_s: float) -> None:
    """After the end of its output a program is about to end; then it can be said how."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(limit_s)
