"""What is remembered of a learner's way: hints taken, and which tests were green last.

It is kept in work/progress.toml, which may be deleted or damaged: then it begins anew.
"""

import contextlib
import json
import os
import tomllib
from pathlib import Path

from learn.chapters import Chapter, Task
from learn.context import Context
from learn.errors import LearnError
from learn.locks import alone

NAME = "progress.toml"
HEAD = "# What ./learn remembers of your way. Your code does not depend on it.\n"


class Progress:
    def __init__(self, root: Path):
        self._path = root / "work" / NAME
        self._hints: dict[str, int] = {}
        self._green: dict[str, list[str]] = {}
        self._read()

    def hints(self, task: Task) -> int:
        """How many of the task's hints were taken."""
        return self._hints.get(task.id, 0)

    def green(self, chapter: Chapter) -> set[str]:
        """The chapter's tests that were green when they ran last."""
        return set(self._green.get(chapter.short, ())) & set(chapter.tests)

    def is_done(self, chapter: Chapter, task: Task) -> bool:
        return set(task.tests) <= self.green(chapter)

    def _read(self) -> None:
        try:
            table = tomllib.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return
        for key, level in _table(table, "hints").items():
            if type(level) is int and level > 0:
                self._hints[key] = level
        for key, names in _table(table, "green").items():
            if isinstance(names, list):
                self._green[key] = [name for name in names if isinstance(name, str)]

    def _write(self) -> None:
        lines = [HEAD, "[hints]"]
        lines += [f"{json.dumps(task)} = {level}" for task, level in sorted(self._hints.items())]
        lines += ["", "[green]"]
        for chapter, names in sorted(self._green.items()):
            lines += [f"{chapter} = ["]
            lines += [f"  {json.dumps(name, ensure_ascii=False)}," for name in names]
            lines += ["]"]
        new = self._path.with_name(f".{NAME}.{os.getpid()}")
        try:
            self._path.parent.mkdir(exist_ok=True)
            try:
                new.write_text("\n".join(lines) + "\n", encoding="utf-8")
                new.replace(self._path)
            finally:
                new.unlink(missing_ok=True)
        except OSError as error:
            raise LearnError(f"cannot write work/{NAME}: {error.strerror}") from error


@contextlib.contextmanager
def _changing(context: Context):
    with alone(context, context.state / "progress.lock", "writes down your progress"):
        progress = Progress(context.root)
        yield progress
        progress._write()


def take_hints(context: Context, task: Task, level: int) -> None:
    with _changing(context) as progress:
        progress._hints[task.id] = max(level, progress.hints(task))


def record(context: Context, chapter: Chapter, green: set[str], red: set[str]) -> None:
    """Remembers what some tests came to; the others stay as they were."""
    if (green <= (before := Progress(context.root).green(chapter))) and not red & before:
        return
    with _changing(context) as progress:
        now = (progress.green(chapter) | green) - red
        progress._green[chapter.short] = [name for name in chapter.tests if name in now]


def forget(context: Context, chapter: Chapter, tests) -> None:
    record(context, chapter, set(), set(tests))


def _table(table: dict, name: str) -> dict:
    value = table.get(name)
    return value if isinstance(value, dict) else {}
