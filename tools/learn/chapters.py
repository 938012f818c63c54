"""The chapters and their tasks, as chapters/chNN_NAME/tasks.toml has them.

    chapter = 1
    title = "One client at a time"
    book = "book/ch01-blocking.md"
    given = ["sentence of a test case"]     # what proves given code, and so belongs to no task

    [[task]]
    id = "1.1"
    title = "Own a descriptor"
    files = ["funnel/socket.cpp"]           # where its regions are: .cpp or .h
    sentence = "Close the descriptor exactly once, whatever happens."
    book = "own-a-descriptor"                # the anchor of its section
    run = "hello --port 0"                  # the example that works once the task is green
    hints = ["a question", "an approach", "nearly the code"]
    tests = ["sentence of a test case"]
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from learn.arguments import nearest
from learn.errors import LearnError, UsageError

FOLDER = re.compile(r"ch(\d\d)_[a-z0-9_]+")
TASK_FILE = re.compile(r"funnel/\w+\.(cpp|h)", re.ASCII)
HINTS = 3
NOT_IN_NAMES = ',*?"\\'  # of test cases: doctest's filters read these
CHAPTER_FIELDS = {"chapter": int, "title": str, "book": str, "task": list}
TASK_FIELDS = {
    "id": str,
    "title": str,
    "files": list,
    "sentence": str,
    "book": str,
    "run": str,
    "hints": list,
    "tests": list,
}


@dataclass(frozen=True)
class Task:
    id: str
    title: str
    files: tuple[str, ...]  # below the chapter's folder
    sentence: str
    book: str  # an anchor in the chapter's text
    run: str  # an example and its arguments
    hints: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def example(self) -> str:
        return self.run.split()[0]


@dataclass(frozen=True)
class Chapter:
    root: Path  # of the clone
    folder: str
    number: int
    title: str
    book: str
    given: tuple[str, ...]
    tasks: tuple[Task, ...]
    at: Path | None = None  # where work/ is, if not in the clone

    @property
    def short(self) -> str:
        return self.folder.partition("_")[0]

    @property
    def reference(self) -> Path:
        return self.root / "chapters" / self.folder

    @property
    def work(self) -> Path:
        """The learner's own; exists from `./learn start` on."""
        return (self.at or self.root) / "work" / self.folder

    @property
    def started(self) -> bool:
        return self.work.is_dir()

    @property
    def tests(self) -> list[str]:
        return [*self.given, *(test for task in self.tasks for test in task.tests)]

    @property
    def task_files(self) -> list[str]:
        """The files in which the learner writes, each once, in the order of the tasks."""
        return list(dict.fromkeys(path for task in self.tasks for path in task.files))

    def tasks_in(self, path: str) -> list[Task]:
        return [task for task in self.tasks if path in task.files]


def discover(root: Path) -> list[Chapter]:
    """Returns the chapters in their order; raises `LearnError` for a tasks.toml that is wrong."""
    folders = [path.parent for path in sorted(root.glob("chapters/ch*/tasks.toml"))]
    return [read(root, folder.name) for folder in folders if FOLDER.fullmatch(folder.name)]


def require_chapters(root: Path) -> list[Chapter]:
    """Like `discover`, for who needs one at least."""
    chapters = discover(root)
    if not chapters:
        raise LearnError("there is no chapter in this clone yet")
    return chapters


def read(root: Path, folder: str) -> Chapter:
    shown = f"chapters/{folder}/tasks.toml"
    try:
        text = (root / shown).read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise LearnError(f"cannot read {shown}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        at = re.search(r" \(at line (\d+)", str(error))
        where = f"{shown}:{at[1]}" if at else shown
        raise LearnError(f"{where}: is not TOML: {error}") from error
    return _Reader(shown, text).chapter(root, folder, table)


def is_selection(word: str) -> bool:
    """Tells whether a word of the command line means a chapter or a task: `1`, `ch01`, `1.2`."""
    return bool(re.fullmatch(r"(ch)?\d+(_\w*)?(\.\d*)?", word))


def find(root: Path, word: str) -> tuple[Chapter, Task | None]:
    """What `1` or `1.2` on the command line means; raises `UsageError` with the nearest."""
    first, dot, number = word.partition(".")
    chapter = find_chapter(root, first)
    return chapter, _find_task(chapter, word, number) if dot else None


def find_chapter(root: Path, word: str) -> Chapter:
    chapters = require_chapters(root)
    for chapter in chapters:
        if word in (chapter.folder, chapter.short) or _number(word) == chapter.number:
            return chapter
    first, dot, _ = word.partition(".")
    if dot and is_selection(word):
        raise UsageError(f"expected a chapter, got the task {word!r}; its chapter is {first}")
    known = [chapter.folder for chapter in chapters]
    have = ", ".join(str(chapter.number) for chapter in chapters)
    there = f"there is {have}" if len(chapters) == 1 else f"there are {have}"
    raise UsageError(f"there is no chapter {word!r}{nearest(word, known)}; {there}")


def _find_task(chapter: Chapter, word: str, number: str) -> Task:
    wanted = f"{chapter.number}.{number.lstrip('0')}"
    for task in chapter.tasks:
        if task.id == wanted:
            return task
    have = f"its tasks are {chapter.tasks[0].id} to {chapter.tasks[-1].id}"
    raise UsageError(f"there is no task {word!r} in chapter {chapter.number}; {have}")


def one_task(root: Path, word: str) -> tuple[Chapter, Task]:
    """Like `find`, for commands that take a task and not a whole chapter."""
    chapter, task = find(root, word)
    if not task:
        ids = f"{chapter.tasks[0].id} to {chapter.tasks[-1].id}"
        raise UsageError(f"expected a task, got chapter {word!r}; its tasks are {ids}")
    return chapter, task


def _number(word: str) -> int | None:
    digits = word.removeprefix("ch")
    return int(digits) if digits.isascii() and digits.isdigit() else None


class _Reader:
    """Checks one tasks.toml; each error names the file and, where it can, the line."""

    def __init__(self, shown: str, text: str):
        self._shown = shown
        self._lines = text.splitlines()

    def chapter(self, root: Path, folder: str, table: dict) -> Chapter:
        given = table.pop("given", [])
        self._check(table, CHAPTER_FIELDS, "the chapter", -1)
        number = int(FOLDER.fullmatch(folder)[1])
        if table["chapter"] != number:
            self._fail("chapter", -1, f"chapter is {table['chapter']}, the folder is {folder}")
        if not table["task"]:
            self._fail("task", -1, "there is no [[task]]")
        self._check_names(given, "given", -1)
        tasks = tuple(self._task(each, i, number) for i, each in enumerate(table["task"]))
        chapter = Chapter(
            root, folder, number, table["title"], table["book"], tuple(given), tasks
        )
        self._check_unique(chapter)
        return chapter

    def _task(self, table, index: int, chapter: int) -> Task:
        if not isinstance(table, dict):
            self._fail("task", -1, "'task' has to be a table: [[task]]")
        what = f"task {table.get('id', index + 1)}"
        self._check(table, TASK_FIELDS, what, index)
        expected = f"{chapter}.{index + 1}"
        if table["id"] != expected:
            self._fail("id", index, f"the id is {table['id']!r}, expected {expected!r}")
        self._check_files(table["files"], what, index)
        if len(table["hints"]) != HINTS or not all(_is_text(hint) for hint in table["hints"]):
            self._fail("hints", index, f"{what}: 'hints' has to be a list of {HINTS} texts")
        if not table["tests"]:
            self._fail("tests", index, f"{what} has no tests")
        self._check_names(table["tests"], "tests", index)
        lists = {name: tuple(table[name]) for name in ("files", "hints", "tests")}
        return Task(**table | lists)

    def _check_files(self, files: list, what: str, index: int) -> None:
        if not files:
            self._fail("files", index, f"{what} has no files")
        for file in files:
            if not isinstance(file, str) or not TASK_FILE.fullmatch(file):
                expected = "expected funnel/NAME.cpp or funnel/NAME.h"
                self._fail("files", index, f"{what}: {expected}, got {file!r}")

    def _check(self, table: dict, fields: dict, what: str, index: int) -> None:
        for name, kind in fields.items():
            if name not in table:
                self._fail("", index, f"{what} has no {name!r}")
            value = table[name]
            if not isinstance(value, kind) or isinstance(value, bool):
                self._fail(name, index, f"{what}: {name!r} has the wrong type: {value!r}")
            if kind is str and not value.strip():
                self._fail(name, index, f"{what}: {name!r} is empty")
        unknown = sorted(set(table) - set(fields))
        if unknown:
            close = nearest(unknown[0], fields)
            self._fail(unknown[0], index, f"{what}: nothing is known of {unknown[0]!r}{close}")

    def _check_names(self, names, field: str, index: int) -> None:
        if not isinstance(names, list) or not all(_is_text(name) for name in names):
            self._fail(field, index, f"{field!r} has to be a list of test cases")
        for name in names:
            bad = next((c for c in name if c in NOT_IN_NAMES or not c.isprintable()), None)
            if bad:
                self._fail(field, index, f"the test case {name!r} has {bad!r} in its name")

    def _check_unique(self, chapter: Chapter) -> None:
        seen = set()
        for name in chapter.tests:
            if name in seen:
                self._fail("", -1, f"the test case {name!r} is there twice")
            seen.add(name)

    def _fail(self, field: str, index: int, message: str):
        line = self._line(field, index)
        where = f"{self._shown}:{line}" if line else self._shown
        raise LearnError(f"{where}: {message}")

    def _line(self, field: str, index: int) -> int:
        """The line of a field of the task number `index`, of the chapter for -1; 0 if unknown."""
        heads = [i for i, text in enumerate(self._lines) if text.strip() == "[[task]]"]
        heads.append(len(self._lines))
        if index + 1 >= len(heads):
            return 0
        first = heads[index] if index >= 0 else 0
        for i in range(first, heads[index + 1]):
            if re.match(rf"\s*{re.escape(field)}\s*=", self._lines[i]):
                return i + 1
        return first + 1 if index >= 0 else 0


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())
