"""What every command gets: where the clone is, where to write, and the terminal."""

import os
import sys
from pathlib import Path

from learn.term import Terminal


class Context:
    def __init__(self, root: Path | None = None):
        # The tests point the tool at a small tree of their own.
        chosen = root or os.environ.get("FUNNEL_LEARN_ROOT") or Path(__file__).parent.parent.parent
        self.root = Path(chosen).resolve()
        self.term = Terminal(sys.stdout)
        self.errors = Terminal(sys.stderr)

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def state(self) -> Path:
        """Where the tool keeps what it knows between two runs; made when first asked for."""
        return self._folder("learn")

    @property
    def logs(self) -> Path:
        return self._folder("logs")

    def binary(self, name: str, preset: str = "release") -> Path:
        """A program of a build."""
        return self.build / preset / "bin" / name

    def shown(self, path: Path) -> str:
        """A path as a person wants to read it: from the root of the clone."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)

    def quiet_stdout(self) -> None:
        """Keeps stdout for a program that reads it; what a person reads goes to stderr."""
        self.term = self.errors

    def _folder(self, name: str) -> Path:
        folder = self.build / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
