"""The tests of a chapter's examples: tests/chNN_NAME/examples_test.py, a module of `unittest`.

It finds the programs by the environment: `FUNNEL_EXAMPLES` and an example's name are a path. The
methods `test_NAME` and `test_NAME_more` drive the example NAME as a user would.
"""

import os
import sys

from learn.chapters import Chapter

PREFIX = "FUNNEL_EXAMPLES"


def shown(chapter: Chapter) -> str:
    return f"tests/{chapter.folder}/examples_test.py"


def command(chapter: Chapter, example: str = "") -> list[str]:
    """Runs the tests of one example, or of all."""
    words = [sys.executable, "-B", str(chapter.root / shown(chapter))]
    if example:
        words += ["-k", f"*.test_{example}", "-k", f"*.test_{example}_*"]
    return words


def environment(prefix) -> dict[str, str]:
    return {**os.environ, PREFIX: str(prefix)}
