"""From saving a file of a chapter to the verdict of its task's tests: what `watch` makes one wait.

Measured on a copy of the reference in the build folder, one file after the other. The best of some
runs counts: what else the machine does can only make a run longer.
"""

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from learn import cases, test_files
from learn.chapter_test import tests_of
from learn.chapters import Chapter, Task, require_chapters
from learn.errors import LearnError
from learn.needs import BUILD
from learn.term import seconds
from learn.variants import VariantFolder
from learn.versions import VARIANT

SUMMARY = "from saving a chapter's file to the verdict of its tests"
NEEDS = BUILD

LIMIT_S = 5.0
RUNS = 3


def measure(context) -> dict:
    chapters = require_chapters(context.root)
    bar = context.term.progress("save to verdict")
    start_s = _start_s()
    results = []
    for chapter in chapters:
        variant = VariantFolder(context, chapter)
        variant.become({})
        variant.build(test_files.every_file(chapter), progress=bar.part)  # a learner has built it already
        saves = [(task, path) for task in chapter.tasks for path in _saved(chapter, task)] * RUNS
        for number, (task, path) in enumerate(saves):
            bar.update(number, len(saves), f"task {task.id}")
            times = _measure_task(context, chapter, task, path, variant, number, bar)
            total_s = start_s + times["build_s"] + times["tests_s"]
            named = {"task": task.id, "file": path, "start_s": start_s}
            results.append(named | times | {"total_s": total_s})
        variant.become({})
    bar.drop()
    return {"limit_s": LIMIT_S, "runs": RUNS, "tasks": _best(results)}


def _saved(chapter: Chapter, task: Task) -> list[str]:
    """The files that somebody saves for a task: its own, and the header of its first, since a new
    member has to stand there."""
    header = Path(task.files[0]).with_suffix(".h")
    also = [str(header)] if (chapter.reference / header).is_file() else []
    return list(dict.fromkeys([*task.files, *also]))


def _best(results: list[dict]) -> list[dict]:
    """The quickest run of each file of a task, in the tasks' order."""
    best: dict[tuple[str, str], dict] = {}
    for result in results:
        key = result["task"], result["file"]
        known = best.setdefault(key, result)
        if result["total_s"] < known["total_s"]:
            best[key] = result
    return list(best.values())


def show(term, result: dict) -> None:
    limit = result["limit_s"]
    rows = [["", "task", "file", "start", "build", "tests", "together", "limit"]]
    for each in result["tasks"]:
        times = [seconds(each[key]) for key in ("start_s", "build_s", "tests_s", "total_s")]
        mark = term.mark(each["total_s"] <= limit)
        rows.append([mark, each["task"], each["file"], *times, seconds(limit)])
    term.table(rows, "lllrrrrr", indent="")
    note = f"the best of {result['runs']} runs"
    term.line(term.style(f"  From a saved file to the verdict of its task's tests; {note}.", "dim"))


def _start_s() -> float:
    """How long `./learn` itself takes to begin; the quickest of some starts."""
    times = []
    for _ in range(RUNS):
        started = time.monotonic()
        command = [sys.executable, "-I", "-S", Path(__file__).parent.parent, "list"]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        times.append(time.monotonic() - started)
    return min(times)


def _measure_task(context, chapter, task: Task, path: str, variant: VariantFolder, number, bar):
    source = (chapter.reference / path).read_text(encoding="utf-8")
    by_case = test_files.by_case(chapter)
    files = sorted({by_case[test] for test in task.tests})
    variant.become({})
    variant.build(files, progress=bar.part)  # the save before this one was of another file
    started = time.monotonic()
    variant.become({path: f"{source}// saved, number {number}\n"})
    variant.build(files, progress=bar.part)
    built = time.monotonic()
    tests = tests_of(context, chapter, VARIANT, task.tests)
    with closing(cases.run(tests, bar.tick)) as results:
        red = [case.name for case in results if not case.green]
    if red:
        raise LearnError(f"{red[0]!r} is red on the reference: ./learn test chapters says more")
    return {"build_s": built - started, "tests_s": time.monotonic() - built}
