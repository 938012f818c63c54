"""What has to be right in a chapter's files before anything is compiled. Each rule yields the
sentences of what breaks it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from learn import examples, mutants, skeleton
from learn.book import prose_words, sections
from learn.chapters import Chapter
from learn.errors import LearnError
from learn.versions import REFERENCE

MOST_FILE_LINES = 250  # of a given file, comments and all
MOST_TASK_LINES = 60
MOST_TASK_REGIONS = 6
TESTS = range(4, 9)  # of a task
MOST_TESTS = 45  # of all tasks together
MUTANTS = range(2, 5)  # of a task
MOST_MUTANTS = 20
MOST_HINT_WORDS = 80


@dataclass(frozen=True)
class Budget:
    """What a whole chapter may take of a learner's time."""

    tasks: range
    written_lines: int
    given_lines: int
    words: range


BUDGET = Budget(range(5, 7), 300, 1200, range(3500, 5001))
BUDGETS = {
    # The loop comes with more around it: three pollers, signals, a log, a trace, a clock for tests.
    2: Budget(range(5, 7), 300, 1450, range(3500, 5001)),
    # The coroutines have more of everything.
    4: Budget(range(7, 8), 360, 1500, range(3500, 6001)),
}


def _budget(chapter: Chapter) -> Budget:
    return BUDGETS.get(chapter.number, BUDGET)


def regions(chapter: Chapter) -> Iterator[str]:
    """Every task has regions in each of its files, and no other file has any."""
    expected = {(path, task.id) for task in chapter.tasks for path in task.files}
    found = set()
    for path in skeleton.paths(chapter):
        if path.endswith((".cpp", ".h")):
            source = skeleton.reference_source(chapter, path)
            try:
                found |= {(path, task) for task in source.tasks()}
            except LearnError as error:
                yield error.message
    for path, task in sorted(expected - found):
        yield f"chapters/{chapter.folder}/{path} has no region `task {task}`"
    for path, task in sorted(found - expected):
        yield f"chapters/{chapter.folder}/{path} has a region `task {task}`, tasks.toml does not"


def book(chapter: Chapter) -> Iterator[str]:
    """The chapter's text is there, has the section of every task, and is read in an afternoon."""
    path = chapter.root / chapter.book
    if not path.is_file():
        yield f"chapters/{chapter.folder}/tasks.toml: there is no {chapter.book}"
        return
    anchors = sections(path)
    for task in chapter.tasks:
        if task.book not in anchors:
            yield f"{chapter.book} has no section #{task.book}, where task {task.id} points"
    yield from _within(chapter.book, prose_words(path), _budget(chapter).words, "words of prose")


def sizes(chapter: Chapter) -> Iterator[str]:
    """A learner can read and write it in the time that the book gives. Comments and blank lines
    count for files only."""
    by_task: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    lines = 0
    for path in skeleton.paths(chapter):
        if not path.startswith("funnel/"):
            continue
        source = skeleton.reference_source(chapter, path)
        lines += _code_lines(source.text)
        if len(source.lines) > MOST_FILE_LINES:
            yield f"{source.shown} has {len(source.lines)} lines, more than {MOST_FILE_LINES}"
        for task, found in source.tasks().items():
            counts[task] += len(found)
            by_task[task] += sum(_code_lines(source.body(region)) for region in found)
    for task in sorted(by_task):
        most = range(1, MOST_TASK_LINES + 1)
        yield from _within(f"task {task}", by_task[task], most, "lines to write")
        yield from _within(f"task {task}", counts[task], range(1, MOST_TASK_REGIONS + 1), "regions")
    written, budget = by_task.total(), _budget(chapter)
    if written > budget.written_lines:
        yield f"{chapter.folder} has {written} lines to write, more than {budget.written_lines}"
    if lines - written > budget.given_lines:
        yield f"{chapter.folder} gives {lines - written} lines, more than {budget.given_lines}"


def _code_lines(text: str) -> int:
    """How many lines there are to read or write: no blanks, no comments, no list of headers."""
    other = re.compile(r"\s*(//.*)?$|#(include|pragma once)\b")
    return sum(not other.match(line) for line in text.splitlines())


def headers(chapters: list[Chapter]) -> Iterator[str]:
    """A header's name belongs to one chapter, for chapters are layers of one library."""
    owners: dict[str, str] = {}
    for chapter in chapters:
        for path in skeleton.paths(chapter):
            if path.endswith(".h") and path.startswith("funnel/"):
                owner = owners.setdefault(path, chapter.folder)
                if owner != chapter.folder:
                    yield f"<{path}> is in {owner} and in {chapter.folder}"


def wrong_solutions(chapter: Chapter) -> Iterator[str]:
    """Every mutant is well formed and fits, and every task has some, but not too many."""
    where = mutants.shown(chapter)
    try:
        found = mutants.read(chapter)
    except LearnError as error:
        yield error.message
        return
    for mutant in found:
        try:
            mutant.applied(chapter)
        except LearnError as error:
            yield error.message
    counts = Counter(mutant.task.id for mutant in found)
    for task in chapter.tasks:
        yield from _within(f"{where}: task {task.id}", counts[task.id], MUTANTS, "mutants")
    yield from _within(where, len(found), range(MOST_MUTANTS + 1), "mutants")


def sentences(chapter: Chapter) -> Iterator[str]:
    """Tasks have their few tests, and the second hint is short."""
    toml = f"chapters/{chapter.folder}/tasks.toml"
    for task in chapter.tasks:
        yield from _within(f"{toml}: task {task.id}", len(task.tests), TESTS, "test cases")
        words = len(task.hints[1].split())
        if words > MOST_HINT_WORDS:
            yield f"{toml}: the second hint of task {task.id} has {words} words, at most {MOST_HINT_WORDS}"
        if task.example not in examples.names(chapter, REFERENCE):
            yield f"{toml}: task {task.id} runs {task.example!r}, which is not an example of the chapter"
    count = sum(len(task.tests) for task in chapter.tasks)
    yield from _within(toml, count, range(MOST_TESTS + 1), "test cases of tasks")
    yield from _within(toml, len(chapter.tasks), _budget(chapter).tasks, "tasks")


def _within(what: str, count: int, wanted: range, things: str) -> Iterator[str]:
    if count not in wanted:
        least, most = wanted.start, wanted.stop - 1
        expected = f"at most {most}" if not least else f"{least} to {most}"
        yield f"{what} has {count} {things}, expected {expected}"


def tests(chapter: Chapter, listed: list[str]) -> Iterator[str]:
    """Every test case of the program belongs to one task, or to given code; none is missing."""
    toml = f"chapters/{chapter.folder}/tasks.toml"
    for name, count in Counter(listed).items():
        if count > 1:
            yield f"tests/{chapter.folder} has {count} test cases {name!r}"
    known = set(chapter.tests)
    for name in dict.fromkeys(listed):
        if name not in known:
            yield f"{toml}: the test case {name!r} belongs to no task"
    for name in chapter.tests:
        if name not in set(listed):
            yield f"{toml}: there is no test case {name!r}"


RULES = (regions, book, sizes, wrong_solutions, sentences)
