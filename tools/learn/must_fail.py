"""Programs that show a mistake: tests/chNN_NAME/must_fail/NAME.cpp. The first line says who has to
stop it, and with which words:

    // does not compile: call to deleted constructor
    // sanitizer: stack-use-after-scope

The first kind is only compiled. The second has a main function, is linked with the chapter's
library, and must end with the sanitizer's report.
"""

import os
import re
from collections.abc import Generator
from pathlib import Path

from learn import process
from learn.build import first_error
from learn.cases import SANITIZERS
from learn.chapters import Chapter
from learn.variants import Recipe

FIRST_LINE = re.compile(r"// (does not compile|sanitizer): (\S.*)")
LIMIT_S = 20.0


def sources(chapter: Chapter) -> list[Path]:
    return sorted((chapter.root / "tests" / chapter.folder / "must_fail").glob("*.cpp"))


def judge(recipe: Recipe, source: Path, folder: Path) -> Generator[None, None, list[str]]:
    """Returns what is wrong with the program, or rather not wrong with it; to be advanced."""
    first = source.read_text(encoding="utf-8").partition("\n")[0]
    found = FIRST_LINE.fullmatch(first)
    if not found:
        return ["the first line has to be `// does not compile: TEXT` or `// sanitizer: TEXT`"]
    kind, expected = found[1], found[2]
    program = folder / "program"
    compile_it, link_it = recipe.alone(source, folder / "program.o", program)
    code, said = yield from _run(compile_it, recipe.folder, folder)
    if kind == "does not compile":
        return _compared(code, "\n".join(first_error(said)), expected, "it compiles")
    for command in (link_it, [program]):
        if code:
            return ["it does not compile", *first_error(said)]
        code, said = yield from _run(command, recipe.folder, folder)
    return _compared(code, said, expected, "it runs to its end")


def _compared(code: int, said: str, expected: str, no_failure: str) -> list[str]:
    if not code:
        return [f"{no_failure}, expected {expected!r}"]
    return [] if expected in said else [f"expected {expected!r}", *said.splitlines()[:12]]


def _run(command: list, cwd: Path, folder: Path) -> Generator[None, None, tuple[int, str]]:
    path = folder / "output"
    with path.open("wb") as log:
        environment = {**os.environ, **SANITIZERS, "LC_ALL": "C.UTF-8"}
        options = {"cwd": cwd, "stdout": log, "stderr": log, "env": environment}
        code = yield from process.run_beside(command, limit_s=LIMIT_S, **options)
    return code, path.read_text(errors="replace")
