"""Notices saved files by their modification times, as often as `POLL_S`."""

import time
from pathlib import Path

from learn.term import Progress

POLL_S = 0.25
SETTLE_S = 0.1  # editors write a file in several steps
SUFFIXES = {".cpp", ".h"}


class Changed(Exception):
    """Something was saved while a run was under way."""


class Watcher:
    def __init__(self, folders: list[Path]):
        self._folders = folders
        self._seen = self._look()
        self._looked = time.monotonic()

    def wait(self) -> list[Path]:
        """Returns the files that changed, once they have come to rest."""
        while (now := self._look()) == self._seen:
            time.sleep(POLL_S)
        while True:
            time.sleep(SETTLE_S)
            if (after := self._look()) == now:
                break
            now = after
        changed = {path for path, _ in set(now.items()) ^ set(self._seen.items())}
        self._seen = now
        return sorted(changed)

    def check(self) -> None:
        """Raises `Changed` when something was saved; cheap enough to be called all the time."""
        if time.monotonic() - self._looked < POLL_S:
            return
        self._looked = time.monotonic()
        if self._look() != self._seen:
            self._seen = {}  # so that `wait` takes what is there for new
            raise Changed

    def _look(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for folder in self._folders:
            for path in folder.rglob("*"):
                if path.suffix in SUFFIXES and not path.name.startswith("."):
                    try:
                        status = path.stat()
                    except OSError:  # it is being replaced
                        continue
                    found[path] = (status.st_mtime_ns, status.st_size)
        return found


class WatchingProgress(Progress):
    """A bar under which a run ends as soon as something is saved."""

    def __init__(self, terminal, title: str, watcher: Watcher):
        super().__init__(terminal, title)
        self._watcher = watcher

    def tick(self) -> None:
        super().tick()
        self._watcher.check()
