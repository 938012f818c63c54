"""The first error of a learner's build, and the place in the learner's code that it is about."""

import re
from dataclasses import dataclass

from learn import work
from learn.build import STEP, first_error
from learn.chapters import Chapter, Task
from learn.versions import Version


@dataclass(frozen=True)
class CompileError:
    lines: list[str]  # as the compiler has it
    file: str = ""  # from the root of the clone, empty when it is no line of the learner's
    line: int = 0
    task: Task | None = None
    remark: str = ""


def explain(output: str, chapter: Chapter, version: Version) -> CompileError:
    lines = first_error(output)
    folder = version.folder(chapter)
    place = _place(output, lines, folder)
    if not place:
        return CompileError(lines, remark=_remark(lines, chapter))
    file, line = place
    if lines[0].startswith(f"{file}:"):
        lines = _without_others(lines, folder)
    task = None
    if version.is_mine:
        task = work.task_at(chapter, file.removeprefix(f"{folder}/"), line)
    return CompileError(lines, file, line, task)


def _place(output: str, error: list[str], folder: str) -> tuple[str, int] | None:
    """Where the learner's code causes the first error.

    An error in a header of the system is about the line that led there, which g++ names before it
    ("required from here"), or after it.
    """
    own = re.compile(rf"(?:^|[\s,]){re.escape(folder)}/(\S+?):(\d+)(?::\d+)?[:,]?")
    direct = own.match(error[0]) if error else None
    if direct:
        return f"{folder}/{direct[1]}", int(direct[2])
    for line in [*reversed(_before(output, error)), *error[1:]]:
        found = own.search(line)
        if found:
            return f"{folder}/{found[1]}", int(found[2])
    return None


def _without_others(lines: list[str], folder: str) -> list[str]:
    """Leaves out what is added about other people's code: candidates, who includes whom."""
    for number, line in enumerate(lines):
        if number and re.match(r"In file included from|\S+:\d+(:\d+)?: note:", line):
            if not line.startswith(folder):
                return lines[:number]
    return lines


def _before(output: str, error: list[str]) -> list[str]:
    """The lines of the same compiler run that stand above the error."""
    lines = output.splitlines()
    try:
        end = lines.index(error[0])
    except (ValueError, IndexError):
        return []
    begin = end
    while begin and not (STEP.match(lines[begin - 1]) or lines[begin - 1].startswith("FAILED:")):
        begin -= 1
    return lines[begin:end]


def _remark(lines: list[str], chapter: Chapter) -> str:
    text = "\n".join(lines)
    missing = re.search(r"undefined reference to [`'](.*?)'", text)
    if missing:
        return f"nothing defines {missing[1]}: was a function renamed, or its parameters changed?"
    if f"tests/{chapter.folder}/" in text:
        return "the tests do not fit your header: was a name or a signature changed there?"
    return ""
