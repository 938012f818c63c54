"""Plausible wrong solutions, in chapters/chNN_NAME/mutants.toml.

    [[mutant]]
    name = "write-short-send-is-whole"
    task = "1.3"
    killed-by = "SENTENCE OF A TEST CASE"
    why = "One sentence."
    file = "funnel/socket_write.cpp"
    replace = '''
      text that is exactly once in the file'''
    with = '''
      what stands there instead'''
"""

import re
import tomllib
from dataclasses import dataclass

from learn.arguments import nearest
from learn.chapters import TASK_FILE, Chapter, Task
from learn.errors import LearnError
from learn.regions import RegionError, Source

NAME = "mutants.toml"
FIELDS = ("name", "task", "killed-by", "why", "file", "replace", "with")
MUTANT_NAME = re.compile(r"[a-z0-9-]+", re.ASCII)


@dataclass(frozen=True)
class Mutant:
    name: str
    task: Task
    killed_by: str
    why: str
    file: str  # below the chapter's folder
    replace: str
    replacement: str

    def applied(self, chapter: Chapter) -> dict[str, str]:
        """The changed file; raises `LearnError` when the text is not exactly once in it."""
        where = f"{shown(chapter)}: {self.name}"
        try:
            source = Source.read(
                chapter.reference / self.file, f"chapters/{chapter.folder}/{self.file}"
            )
        except RegionError as error:
            raise LearnError(f"{where} is for {error.message}") from error
        count = source.text.count(self.replace)
        if count != 1:
            times = "nowhere" if not count else f"{count} times"
            raise LearnError(f"{where}: its text is {times} in {source.shown}, expected once")
        return {self.file: source.text.replace(self.replace, self.replacement)}


def shown(chapter: Chapter) -> str:
    return f"chapters/{chapter.folder}/{NAME}"


def read(chapter: Chapter) -> list[Mutant]:
    """All mutants of a chapter; raises `LearnError` that names the file, and the mutant or the
    line."""
    try:
        text = (chapter.reference / NAME).read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise LearnError(f"cannot read {shown(chapter)}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LearnError(f"{shown(chapter)} is not TOML: {error}") from error
    entries = table.pop("mutant", [])
    if table or not isinstance(entries, list):
        raise LearnError(f"{shown(chapter)}: expected nothing but [[mutant]]")
    mutants = [_mutant(chapter, entry, number) for number, entry in enumerate(entries, 1)]
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise LearnError(f"{shown(chapter)}: {name} is there {names.count(name)} times")
    return mutants


def find(chapter: Chapter, name: str) -> Mutant:
    mutants = {mutant.name: mutant for mutant in read(chapter)}
    if name not in mutants:
        raise LearnError(f"{shown(chapter)} has no mutant {name!r}{nearest(name, mutants)}")
    return mutants[name]


def _mutant(chapter: Chapter, entry, number: int) -> Mutant:
    where = f"{shown(chapter)}: mutant {number}"
    if not isinstance(entry, dict):
        raise LearnError(f"{where} has to be a table: [[mutant]]")
    name = entry.get("name")
    if isinstance(name, str) and MUTANT_NAME.fullmatch(name):
        where = f"{shown(chapter)}: {name}"
    elif name is not None:
        raise LearnError(f"{where}: a name has only a-z, 0-9 and -, got {name!r}")
    for field in FIELDS:
        if not isinstance(entry.get(field), str) or not (entry[field].strip() or field == "with"):
            raise LearnError(f"{where}: expected a text for {field!r}")
    for field in entry:
        if field not in FIELDS:
            raise LearnError(f"{where}: nothing is known of {field!r}{nearest(field, FIELDS)}")
    task = next((task for task in chapter.tasks if task.id == entry["task"]), None)
    if not task:
        raise LearnError(f"{where}: there is no task {entry['task']!r}")
    killer = entry["killed-by"]
    if killer not in task.tests:
        hint = nearest(killer, task.tests)
        raise LearnError(f"{where}: task {task.id} has no test case {killer!r}{hint}")
    if not TASK_FILE.fullmatch(entry["file"]):
        expected = "expected funnel/NAME.cpp or funnel/NAME.h"
        raise LearnError(f"{where}: {expected}, got {entry['file']!r}")
    texts = entry["replace"], entry["with"]
    return Mutant(entry["name"], task, killer, entry["why"], entry["file"], *texts)
