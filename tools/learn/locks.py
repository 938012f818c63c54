"""One at a time: two runs of the tool must not make the same thing at once."""

import contextlib
import fcntl
from pathlib import Path

from learn.context import Context


@contextlib.contextmanager
def alone(context: Context, path: Path, what: str):
    """Holds the lock `path`; a second run says that it waits for one that does `what`."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            context.term.line(f"waiting for another ./learn that {what}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
