"""A small tree with one page, and ways to run `./learn snip` on it."""

import pathlib
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "tests" / "learn"))

from support import TreeTest  # noqa: E402

PAGE = "book/page.md"
CLOSING = "<!-- /snip -->"
TASKS = """
    chapter = 1
    title = "x"
    book = "book/page.md"

    [[task]]
    id = "1.1"
    title = "Count"
    files = ["funnel/x.cpp"]
    sentence = "It counts."
    book = "count"
    run = "hello"
    hints = ["a", "b", "c"]
    tests = ["it counts"]
"""


def block(directive, *body):
    """A directive with what stands in it, as the lines of a text."""
    return "\n".join([f"<!-- {directive} -->", *body, CLOSING, ""])


def region(name, *lines):
    """A region of a C++ file."""
    return "\n".join([f"// #region {name}", *lines, f"// #endregion {name}", ""])


class SnipTest(TreeTest):
    def page(self, *parts):
        """Writes the page; lines are taken as they are."""
        path = self.root / PAGE
        path.parent.mkdir(exist_ok=True)
        path.write_bytes("".join(parts).encode())
        return path

    def read(self):
        return (self.root / PAGE).read_bytes().decode()

    def expanded(self, directive, *body):
        """The lines that snip writes into a block, which `--check` then finds good."""
        self.page(block(directive, *body))
        result = self.main("snip", self.root / PAGE)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        lines = self.read().split("\n")
        first = next(i for i, line in enumerate(lines) if "-->" in line)
        self.assertEqual(lines[-2:], [CLOSING, ""])
        result = self.main("snip", "--check", self.root / PAGE)
        self.assertEqual(result.returncode, 0, result.stdout)
        return lines[first + 1 : -2]

    def assertRefused(self, directive, message, line=1, *, body=(), record=False):
        """Nothing is written, and the one problem is told at its line."""
        before = self.page(block(directive, *body)).read_bytes()
        for option in ["--record"] if record else [None, "--check"]:
            result = self.main("snip", *filter(None, [option]), self.root / PAGE)
            self.assertEqual((result.returncode, result.stderr), (1, ""), result.stdout)
            self.assertIn(f"{PAGE}:{line}: error: {message}", result.stdout)
            self.assertEqual(result.stdout.count(": error: "), 1, result.stdout)
            self.assertEqual((self.root / PAGE).read_bytes(), before)
        return result.stdout

