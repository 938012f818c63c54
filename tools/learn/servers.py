"""Starts servers of ours that name their address: the slow server, the benched ones."""

import contextlib
import re
import selectors
import subprocess
import time

from learn import process
from learn.errors import LearnError

START_LIMIT_S = 10
LISTENING = re.compile(rb"^listening on (http://\S+)")


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
    until = time.monotonic() + START_LIMIT_S
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n") and (left := until - time.monotonic()) > 0:
            if selector.select(left):
                data = child.stdout.read1(1)
                if not data:
                    break
                line += data
    found = LISTENING.match(line)
    if not found:
        raise LearnError(f"{what} did not say within {START_LIMIT_S} s where it listens")
    return found[1].decode().rstrip("/")
