"""What has to be right in a chapter's files before anything is compiled. Each rule yields the
sentences of what breaks it."""

import re
from collections import Counter
from collections.abc import Iterator

from learn import mutants, skeleton
from learn.book import sections
from learn.chapters import Chapter
from learn.errors import LearnError

LEAST_MUTANTS = 2  # for each task
MOST_TASK_LINES = 150
MOST_CHAPTER_LINES = 800
MOST_GIVEN_LINES = 1200
MOST_FILE_LINES = 250


def regions(chapter: Chapter) -> Iterator[str]:
    """Every task has its regions in its one file, and no other file has any."""
    expected = {(task.file, task.id) for task in chapter.tasks}
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
    """The chapter's text is there and has the section of every task."""
    path = chapter.root / chapter.book
    if not path.is_file():
        yield f"chapters/{chapter.folder}/tasks.toml: there is no {chapter.book}"
        return
    anchors = sections(path)
    for task in chapter.tasks:
        if task.book not in anchors:
            yield f"{chapter.book} has no section #{task.book}, where task {task.id} points"


def sizes(chapter: Chapter) -> Iterator[str]:
    """A learner can read and write it in the time that the book gives. Comments and blank lines
    count for files only."""
    by_task: Counter[str] = Counter()
    lines = 0
    for path in skeleton.paths(chapter):
        if not path.startswith("funnel/"):
            continue
        source = skeleton.reference_source(chapter, path)
        lines += _code_lines(source.text)
        if len(source.lines) > MOST_FILE_LINES:
            yield f"{source.shown} has {len(source.lines)} lines, more than {MOST_FILE_LINES}"
        for task, found in source.tasks().items():
            by_task[task] += sum(_code_lines(source.body(region)) for region in found)
    for task, count in sorted(by_task.items()):
        if count > MOST_TASK_LINES:
            yield f"task {task} has {count} lines to write, more than {MOST_TASK_LINES}"
    written = by_task.total()
    if written > MOST_CHAPTER_LINES:
        yield f"{chapter.folder} has {written} lines to write, more than {MOST_CHAPTER_LINES}"
    if lines - written > MOST_GIVEN_LINES:
        yield f"{chapter.folder} gives {lines - written} lines, more than {MOST_GIVEN_LINES}"


def _code_lines(text: str) -> int:
    return sum(not re.match(r"\s*(//.*)?$", line) for line in text.splitlines())


def headers(chapters: list[Chapter]) -> Iterator[str]:
    """A header's name belongs to one chapter, for chapters are layers of one library."""
    owners: dict[str, str] = {}
    for chapter in chapters:
        for path in skeleton.paths(chapter):
            if path.endswith(".h") and path.startswith("funnel/"):
                owner = owners.setdefault(path, chapter.folder)
                if owner != chapter.folder:
                    yield f"<{path}> is in {owner} and in {chapter.folder}"


def patches(chapter: Chapter) -> Iterator[str]:
    """Every mutant is well formed and fits, and every task has enough of them."""
    counts: Counter[str] = Counter()
    for name in mutants.names(chapter):
        try:
            mutant = mutants.read(chapter, name)
            mutant.applied(chapter)
            counts[mutant.task.id] += 1
        except LearnError as error:
            yield error.message
    for task in chapter.tasks:
        if counts[task.id] < LEAST_MUTANTS:
            have = f"{counts[task.id]} of {LEAST_MUTANTS} mutants at least"
            yield f"task {task.id} has {have}, in chapters/{chapter.folder}/mutants"


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


RULES = (regions, book, sizes, patches)
