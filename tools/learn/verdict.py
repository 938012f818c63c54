"""Shows what the tests of a chapter came to: short when green, all that helps when red."""

from learn import crash, test_files, work
from learn.book import sections
from learn.build import CompilationFailed
from learn.cases import Case, State
from learn.chapter_test import Part, PartResult
from learn.chapters import Chapter, Task
from learn.compile_errors import explain
from learn.context import Context
from learn.regions import RegionError, Source
from learn.skeleton import is_stub
from learn.story import show_story
from learn.term import plural
from learn.versions import Version

LABEL = 10
MOST_NOTES = 4
MOST_CHARACTERS = 240
MOST_MORE = 2  # assertions that failed after the first


def part_title(part: Part) -> str:
    return f"{part.task.id} {part.task.title}" if part.task else "given code"


def show_part(context: Context, result: PartResult, go_on: bool) -> None:
    """One line for a task: green, or how far it got."""
    term = context.term
    total = len(result.part.tests)
    green = sum(case.green for case in result.cases)
    if result.green:
        note = plural(total, "test")
    elif go_on:
        note = f"{green} of {plural(total, 'test')} green"
    else:
        note = f"{green} of {plural(total, 'test')} green, then:" if green else ""
    title = part_title(result.part)
    term.line(f"{term.mark(result.green)} {title}  {term.style(note, 'dim')}".rstrip())
    if result.part.task is None and not result.green:
        term.line(term.style("  Given code calls yours: the cause is probably in a task.", "dim"))


def show_reds(context: Context, result: PartResult) -> None:
    """The names of the red tests of a part, when the run goes on after the first."""
    for case in result.cases:
        if not case.green:
            what = case.state.value if case.state != State.RED else ""
            context.term.line(f"    {context.term.mark(False)} {case.name}" + _dim(context, what))


def _dim(context: Context, text: str) -> str:
    return context.term.style(f"  ({text})", "dim") if text else ""


class FailureView:
    """Shows one red test: what happened, what was expected, and what to do next."""

    def __init__(self, context: Context, chapter: Chapter, version: Version):
        self._context = context
        self._term = context.term
        self._chapter = chapter
        self._version = version

    def show(self, part: Part, case: Case) -> None:
        self._term.line(f"\n  {self._term.style(case.name, 'bold')}\n")
        if case.state == State.UNWRITTEN:
            self._unwritten(part, case)
        elif case.state == State.MISSING:
            where = f"chapters/{self._chapter.folder}/tasks.toml"
            folder = f"tests/{self._chapter.folder}"
            self._term.line(f"  {where} names this test, but no program of {folder} has it")
        else:
            self._story(case)
            self._what_went_wrong(case)
            self._next_steps(part.task, case)
        self._term.line()

    def _unwritten(self, part: Part, case: Case) -> None:
        task = next((t for t in self._chapter.tasks if t.id == case.needs), part.task)
        if not task:
            self._term.line("  it calls a task that is not written yet")
            return
        first = part.task and task.id != part.task.id
        reason = f"this test needs task {task.id} first, which" if first else f"task {task.id}"
        self._term.line(f"  {reason} is not written yet: {task.sentence}\n")
        self._pointers(task)

    def _story(self, case: Case) -> None:
        if case.story:
            self._term.line(self._term.style("  what happened", "dim"))
            show_story(self._term, case.story)
            self._term.line()

    def _what_went_wrong(self, case: Case) -> None:
        failures = case.report.failures
        for failure in failures[:1]:
            if failure.expected:
                self._labelled("expected", readable(failure.expected), "green")
            if failure.got:
                self._labelled("got", readable(failure.got), "red")
            place = f"{failure.file}:{failure.line}" if failure.line else ""
            place = place or f"{case.report.file}:{case.report.line}"
            said = failure.expression if failure.expression != failure.expected else ""
            self._labelled("test", f"{place}  {self._term.style(said, 'dim')}".rstrip())
            for note in failure.notes[:MOST_NOTES]:
                self._labelled("", note)
        for failure in failures[1 : 1 + MOST_MORE]:
            got = f"  (got {readable(failure.got)})" if failure.got else ""
            text = f"{failure.file}:{failure.line}  {failure.expression}{got}"
            self._labelled("also", self._term.style(text, "dim"))
        if len(failures) > 1 + MOST_MORE:
            more = f"and {plural(len(failures) - 1 - MOST_MORE, 'more assertion')} of this test"
            self._labelled("", self._term.style(more, "dim"))
        if case.state == State.ENDED:
            self._labelled("ended", f"the test {case.why_ended}", "red")
            self._labelled("test", f"{case.report.file}:{case.report.line}")
        elif case.state == State.CRASHED:
            self._crash(case)

    def _crash(self, case: Case) -> None:
        found = crash.explain(case.stderr, case.code, self._context.root)
        self._labelled("crashed", found.what, "red")
        for line in found.lines:
            self._labelled("", line)
        mine = f"{self._version.folder(self._chapter)}/"
        frame = next((frame for frame in found.frames if frame.file.startswith(mine)), None)
        if frame and self._version.is_mine:
            task = work.task_at(self._chapter, frame.file.removeprefix(mine), frame.line)
            if task:
                self._labelled("", self._term.style(f"that is in task {task.id}", "dim"))
        if case.report.line:
            self._labelled("test", f"{case.report.file}:{case.report.line}")

    def _next_steps(self, task: Task | None, case: Case) -> None:
        self._term.line()
        if task:
            self._pointers(task)
        file = test_files.by_case(self._chapter)[case.name]
        program = self._version.test_program(self._context, self._chapter, file)
        alone = f'{self._context.shown(program)} --test-case="{case.name}"'
        self._labelled("alone", self._term.style(alone, "dim"))

    def _pointers(self, task: Task) -> None:
        for label, text in pointers(self._chapter, task, self._version):
            self._labelled(label, text)

    def _labelled(self, label: str, text: str, *styles: str) -> None:
        lines = text.splitlines() or [""]
        self._term.line(f"  {label.ljust(LABEL)}{self._term.style(lines[0], *styles)}")
        for line in lines[1:]:
            self._term.line(f"  {'':{LABEL}}{self._term.style(line, *styles)}")


def readable(value: str) -> str:
    """A value on one line, line ends as the story writes them, without the middle of a long one."""
    text = value
    if "\n" in value or "\r" in value:
        text = value.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
        text = f'"{text}"'
    if len(text) <= MOST_CHARACTERS:
        return text
    left_out = len(text) - MOST_CHARACTERS
    end = MOST_CHARACTERS // 4
    return f"{text[: MOST_CHARACTERS - end]} … ({left_out} more) … {text[-end:]}"


def pointers(chapter: Chapter, task: Task, version: Version) -> list[tuple[str, str]]:
    """Where the code of a task is, where the book explains it, how to get a hint."""
    return [
        ("code", code_place(chapter, task, version)),
        ("read", book_place(chapter, task)),
        ("hint", f"./learn hint {task.id}"),
    ]


def code_place(chapter: Chapter, task: Task, version: Version) -> str:
    folder = version.folder(chapter)
    if not version.is_mine and version.prefix != "funnel":
        return folder
    places: list[str] = []
    blank: list[str] = []
    for file in task.files:
        path = f"{folder}/{file}"
        try:
            source = Source.read(chapter.root / path, path)
            regions = source.tasks().get(task.id, [])
        except RegionError:
            return path
        for region in regions:
            places.append(f"{path}:{region.begin + 1}")
            blank += places[-1:] if is_stub(source.body(region)) else []
    if blank:
        return blank[0]
    # Which of several is wrong, a red test does not say.
    among = f"  (the first of {len(places)} regions)" if len(places) > 1 else ""
    return f"{places[0]}{among}" if places else f"{folder}/{task.files[0]}"


def book_place(chapter: Chapter, task: Task) -> str:
    section = sections(chapter.root / chapter.book).get(task.book)
    if section:
        return f"{chapter.book}:{section.line}  “{section.title}”"
    return f"{chapter.book}#{task.book}"


def show_build_failure(
    context: Context, chapter: Chapter, version: Version, failure: CompilationFailed
) -> None:
    """The first error alone, with the task that it is in."""
    term = context.term
    error = explain(failure.output, chapter, version)
    title = f"{version.words} does not compile"
    if error.task:
        title += f": task {error.task.id} {error.task.title}"
    term.line(f"{term.mark(False)} {term.style(title, 'bold')}")
    if error.file:
        term.line(f"  {error.file}:{error.line}")
    term.line()
    for line in error.lines:
        term.line(f"  {line}")
    term.line()
    if error.remark:
        term.line(f"  {error.remark}")
    term.line(term.style(f"  all that the compiler said: {failure.log}", "dim"))
