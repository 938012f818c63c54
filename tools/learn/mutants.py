"""Plausible wrong solutions: small patches in chapters/chNN_NAME/mutants.

    task: 1.2
    killed-by: SENTENCE OF A TEST CASE
    why: one sentence

    --- a/funnel/socket_write.cpp
    +++ b/funnel/socket_write.cpp
    @@ -12,3 +12,3 @@
    …
"""

import re
from dataclasses import dataclass

from learn.arguments import nearest
from learn.chapters import Chapter, Task
from learn.errors import LearnError
from learn.regions import RegionError, Source

FIELDS = ("task", "killed-by", "why")
COUNT = r"(\d{1,9})"  # `int` refuses a text of thousands of digits
HUNK = re.compile(rf"@@ -{COUNT}(?:,{COUNT})? \+\d+(?:,{COUNT})? @@.*")


@dataclass(frozen=True)
class Hunk:
    line: int  # where it should be, from 1
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True)
class Mutant:
    name: str
    task: Task
    killed_by: str
    why: str
    hunks: dict[str, tuple[Hunk, ...]]  # by the file's path in the chapter

    def applied(self, chapter: Chapter) -> dict[str, str]:
        """The changed files; raises `LearnError` when the patch does not fit the reference."""
        return {path: self._apply(chapter, path, hunks) for path, hunks in self.hunks.items()}

    def _apply(self, chapter: Chapter, path: str, hunks: tuple[Hunk, ...]) -> str:
        try:
            source = Source.read(chapter.reference / path, f"chapters/{chapter.folder}/{path}")
        except RegionError as error:
            raise LearnError(f"{_shown(chapter, self.name)} is for {error.message}") from error
        lines = [line.removesuffix("\n") for line in source.lines]
        moved = 0
        for hunk in hunks:
            at = _place(lines, hunk, hunk.line - 1 + moved)
            if at is None:
                what = f"does not fit {source.shown} at line {hunk.line}"
                raise LearnError(f"{_shown(chapter, self.name)} {what}: make the patch anew")
            lines[at : at + len(hunk.old)] = hunk.new
            moved = at - (hunk.line - 1) + len(hunk.new) - len(hunk.old)
        return "\n".join(lines) + "\n"


def _place(lines: list[str], hunk: Hunk, wanted: int) -> int | None:
    """Where the hunk's old lines are: at its line, else at the one other place that has them."""
    size = len(hunk.old)

    def fits(at: int) -> bool:
        return 0 <= at <= len(lines) - size and tuple(lines[at : at + size]) == hunk.old

    if fits(wanted):
        return wanted
    found = [at for at in range(len(lines) - size + 1) if fits(at)]
    return found[0] if len(found) == 1 else None


def names(chapter: Chapter) -> list[str]:
    return sorted(path.stem for path in (chapter.reference / "mutants").glob("*.patch"))


def read(chapter: Chapter, name: str) -> Mutant:
    """Reads a mutant; raises `LearnError` that names the file and the line."""
    shown = _shown(chapter, name)
    try:
        text = (chapter.reference / "mutants" / f"{name}.patch").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LearnError(f"cannot read {shown}: {error}") from error
    lines = text.removesuffix("\n").split("\n")
    fields, begin = _fields(lines, shown)
    task = next((task for task in chapter.tasks if task.id == fields["task"]), None)
    if not task:
        raise LearnError(f"{shown}:1: there is no task {fields['task']!r}")
    killer = fields["killed-by"]
    if killer not in task.tests:
        hint = nearest(killer, task.tests)
        raise LearnError(f"{shown}:2: task {task.id} has no test case {killer!r}{hint}")
    hunks = _hunks(lines, begin, shown)
    if not hunks:
        raise LearnError(f"{shown}: there is no diff in it")
    return Mutant(name, task, killer, fields["why"], hunks)


def _shown(chapter: Chapter, name: str) -> str:
    return f"chapters/{chapter.folder}/mutants/{name}.patch"


def _fields(lines: list[str], shown: str) -> tuple[dict[str, str], int]:
    fields = {}
    for number, name in enumerate(FIELDS):
        key, colon, value = lines[number].partition(":") if number < len(lines) else ("", "", "")
        if key != name or not colon or not value.strip():
            raise LearnError(f"{shown}:{number + 1}: expected `{name}: …`")
        fields[name] = value.strip()
    if len(lines) <= len(FIELDS) or lines[len(FIELDS)].strip():
        raise LearnError(f"{shown}:{len(FIELDS) + 1}: expected an empty line before the diff")
    return fields, len(FIELDS) + 1


def _hunks(lines: list[str], begin: int, shown: str) -> dict[str, tuple[Hunk, ...]]:
    files: dict[str, list[Hunk]] = {}
    path, at = "", begin
    while at < len(lines):
        line = lines[at]
        hunk = HUNK.fullmatch(line)
        if line.startswith("--- "):
            path = _path(lines, at, shown)
            files[path] = []
            at += 2
        elif hunk and path:
            found, at = _hunk(lines, at, hunk, shown)
            files[path].append(found)
        elif not line.strip() or line.startswith(("diff ", "index ")):
            at += 1
        else:
            raise LearnError(f"{shown}:{at + 1}: this is no line of a diff: {line!r}")
    return {path: tuple(hunks) for path, hunks in files.items() if hunks}


def _path(lines: list[str], at: int, shown: str) -> str:
    old = re.fullmatch(r"--- a/(funnel/[\w.]+\.cpp)(\t.*)?", lines[at])
    new = lines[at + 1] if at + 1 < len(lines) else ""
    if not old or new.partition("\t")[0] != f"+++ b/{old[1]}":
        what = "expected `--- a/funnel/NAME.cpp` and `+++ b/funnel/NAME.cpp`"
        raise LearnError(f"{shown}:{at + 1}: {what}")
    return old[1]


def _hunk(lines: list[str], at: int, head: re.Match, shown: str) -> tuple[Hunk, int]:
    old_left, new_left = int(head[2] or 1), int(head[3] or 1)
    first, old, new = at, [], []
    while old_left or new_left:
        at += 1
        line = lines[at] if at < len(lines) else "@"
        kind, text = line[:1] or " ", line[1:]
        if kind not in " -+" or (kind != "+" and not old_left) or (kind != "-" and not new_left):
            what = "this hunk has not the lines that its head counts"
            raise LearnError(f"{shown}:{first + 1}: {what}")
        if kind != "+":
            old.append(text)
            old_left -= 1
        if kind != "-":
            new.append(text)
            new_left -= 1
    at += 1
    if at < len(lines) and lines[at].startswith("\\"):  # no newline at the end of the file
        at += 1
    return Hunk(int(head[1]), tuple(old), tuple(new)), at
