"""Which test file has which test case: tests/chNN_NAME/FILE_test.cpp, read without a compiler."""

import re

from learn.chapters import Chapter

SUFFIX = "_test.cpp"
TEST_CASE = re.compile(r'^\s*TEST_CASE\(\s*"([^"\n]*)"', re.MULTILINE)
NAME = re.compile(r"\w+", re.ASCII)  # what editors leave beside a file has another


def every_file(chapter: Chapter) -> list[str]:
    """The names of the test files, without `_test.cpp`."""
    folder = chapter.root / "tests" / chapter.folder
    names = (path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    return sorted(name for name in names if NAME.fullmatch(name))


def path_of(chapter: Chapter, file: str) -> str:
    return f"tests/{chapter.folder}/{file}{SUFFIX}"


def claims_final(chapter: Chapter, file: str) -> bool:
    """Tells whether the file's tests pass on the framework too, as its first line says."""
    text = (chapter.root / path_of(chapter, file)).read_text(encoding="utf-8", errors="replace")
    return text.startswith("// final: yes\n")


def cases_of(chapter: Chapter, file: str) -> list[str]:
    path = chapter.root / path_of(chapter, file)
    return TEST_CASE.findall(path.read_text(encoding="utf-8", errors="replace"))


def by_case(chapter: Chapter) -> dict[str, str]:
    """The file of each test case."""
    return {name: file for file in every_file(chapter) for name in cases_of(chapter, file)}
