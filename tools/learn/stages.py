"""The stages of `./learn test`, in their order. A stage that has nothing to run is not listed."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from learn import needs
from learn.chapter_checks import CheckChapters
from learn.sources import all_sources, changed_sources, default_base
from learn.steps import Build, BuildSite, Ctest, NodeTests, Packages, Program, Tidy, Unittest


@dataclass(frozen=True)
class Stage:
    """`steps` yields the stage's steps; each is asked for when the one before it has ended, so a
    step can use what an earlier one built."""

    name: str
    what: str
    steps: Callable[[Path], Iterator]
    present: Callable[[Path], bool]
    needs: tuple[str, ...] = ()


def has(*paths: str) -> Callable[[Path], bool]:
    """A stage is there when one of the paths (patterns allowed) exists."""
    return lambda root: any(next(root.glob(path), None) for path in paths)


def python(*arguments) -> Program:
    return Program((sys.executable, "-B", *arguments))


def format_steps(root: Path) -> Iterator:
    yield Program(("clang-format", "--dry-run", "-Werror", *all_sources(root)))


def check_steps(root: Path) -> Iterator:
    for check in sorted(root.glob("tools/checks/*.py")):
        if '__name__ == "__main__"' in check.read_text():  # not what the checks share
            yield python(check)
    if has("tests/checks/test*.py")(root):
        yield Unittest("tests/checks")


def dev_steps(root: Path) -> Iterator:
    yield Build("dev", ("test_programs",))
    yield Ctest("dev")


def chapter_steps(root: Path) -> Iterator:
    if has("tests/chapters/test*.py")(root):
        yield Unittest("tests/chapters")
    yield Build("learner")  # the chapters alone, without the framework
    yield CheckChapters()


def release_steps(root: Path) -> Iterator:
    yield Build("release")
    yield Ctest("release", label="release")


def tsan_steps(root: Path) -> Iterator:
    yield Build("tsan", ("test_programs",))
    yield Ctest("tsan")


def fuzz_steps(root: Path) -> Iterator:
    yield Build("fuzz")
    yield Ctest("fuzz")


def wire_steps(root: Path) -> Iterator:
    yield Build("release")
    yield Unittest("tests/wire")


def compiler_steps(root: Path) -> Iterator:
    yield python("tests/compiler/run.py")
    yield python("tests/must_not_compile/run.py")


def consumer_steps(root: Path) -> Iterator:
    yield Build("release")
    yield python("tests/consumer/run.py")


def learn_steps(root: Path) -> Iterator:
    yield Unittest("tests/learn")


def book_steps(root: Path) -> Iterator:
    yield Build("release")
    yield Unittest("tests/snip")
    yield python("tools/learn", "snip", "--check")
    yield BuildSite()
    yield Packages("tests/book")
    units = tuple(sorted(root.glob("tests/book/unit/*.mjs")))
    if units:
        yield NodeTests(units)
    yield Program(("node", "tests/book/run.mjs"))


def lint_steps(root: Path, everything: bool = False) -> Iterator:
    base = None if everything else default_base(root)
    yield Tidy(tuple(changed_sources(root, base) if base else all_sources(root)))


has_cmake = has("CMakeLists.txt")


def has_sources(root: Path) -> bool:
    """Tells whether git has C++ files here; without git, which is going to be asked for, yes."""
    if not (root / ".git").exists():
        return False
    return not shutil.which("git") or bool(all_sources(root))


STAGES = (
    Stage(
        "format",
        "every C++ file is formatted as .clang-format says",
        format_steps,
        has_sources,
        ("git", "clang-format"),
    ),
    Stage(
        "checks",
        "the rules that no compiler knows: layers, includes, names",
        check_steps,
        has("tools/checks/*.py"),
        ("git", "g++"),
    ),
    Stage(
        "dev",
        "the framework builds and passes with AddressSanitizer and UBSan",
        dev_steps,
        has_cmake,
        needs.BUILD,
    ),
    Stage(
        "chapters",
        "each chapter's tests find the blank task and every plausible wrong solution",
        chapter_steps,
        has("chapters/*/tasks.toml"),
        needs.BUILD,
    ),
    Stage(
        "release",
        "the optimised build, and the tests that need its speed",
        release_steps,
        has_cmake,
        needs.BUILD,
    ),
    Stage(
        "tsan",
        "what uses threads, with clang's ThreadSanitizer",
        tsan_steps,
        has_cmake,
        needs.BUILD + needs.CLANG,
    ),
    Stage(
        "fuzz",
        "each fuzzer for a while, from its corpus",
        fuzz_steps,
        has("tests/fuzz/*.cpp"),
        needs.BUILD + needs.CLANG,
    ),
    Stage(
        "wire",
        "the servers and clients byte by byte, and with curl",
        wire_steps,
        has("tests/wire/test*.py"),
        (*needs.BUILD, "curl"),
    ),
    Stage(
        "compiler",
        "which coroutine patterns this compiler gets right, and what must not compile",
        compiler_steps,
        has("tests/compiler/run.py"),
        ("g++",),
    ),
    Stage(
        "consumer",
        "the installed package in programs of others",
        consumer_steps,
        has("tests/consumer/run.py"),
        (*needs.BUILD, "make"),
    ),
    Stage(
        "learn",
        "this tool",
        learn_steps,
        has("tests/learn/test*.py"),
    ),
    Stage(
        "book",
        "the site builds, and works in a browser",
        book_steps,
        has("tests/book/run.mjs"),
        (*needs.BUILD, *needs.SITE, "chromium"),
    ),
    Stage(
        "lint",
        "clang-tidy on what changed, or on all with --all",
        lint_steps,
        lambda root: has_cmake(root) and has_sources(root),
        (*needs.BUILD, "git", "clang-tidy"),
    ),
)


def present_stages(root: Path) -> list[Stage]:
    return [stage for stage in STAGES if stage.present(root)]
