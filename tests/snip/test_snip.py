"""`./learn snip`: which files it writes, what the check says, and that nothing is ever lost."""

import contextlib
import os
import unittest
from unittest import mock

import tree
from learn.commands import snip
from snip import tool

GOOD = tree.block("snip: x.cpp", "```cpp", "int x;", "```")
EMPTY = tree.block("snip: x.cpp")
BAD = tree.block("snip: x.cpp#none", "```cpp", "old;", "```")


class Command(tree.SnipTest):
    def setUp(self):
        super().setUp()
        self.write("x.cpp", "int x;\n")


class Writing(Command):
    def test_every_text_of_the_clone_is_written(self):
        names = ["README.md", "book/a.md", "book/deep/b.md", "chapters/ch01_x/README.md"]
        others = ["book/node_modules/c.md", "book/.vitepress/d.md", "work/e.md", "build/f.md"]
        for name in (*names, *others):
            self.write(name, EMPTY)
        result = self.main("snip")
        self.assertEqual(result.returncode, 0)
        told = [f"wrote {name} (1 block)" for name in names] + ["4 blocks as the code has them"]
        self.assertEqual(result.stdout.splitlines(), told)
        for name in names:
            self.assertEqual((self.root / name).read_text(), GOOD)
        for name in others:
            self.assertEqual((self.root / name).read_text(), EMPTY)

    def test_named_files_only(self):
        for name in ("README.md", "book/a.md"):
            self.write(name, EMPTY)
        with contextlib.chdir(self.root / "book"):
            self.assertEqual(self.main("snip", "a.md").returncode, 0)
        self.assertEqual((self.root / "README.md").read_text(), EMPTY)
        self.assertEqual((self.root / "book/a.md").read_text(), GOOD)

    def test_what_is_no_text_of_the_clone_is_refused(self):
        outside = tree.REPOSITORY / "README.md"
        for name in ("nothing.md", self.root / "x.cpp", outside, "a\0.md", ""):
            self.assertOneLine(self.main("snip", name), 2, "is no Markdown file of this clone")
        result = self.main("snip", "--check", "--record")
        self.assertOneLine(result, 2, "--check or --record, not both")

    def test_a_text_that_is_right_is_not_touched(self):
        path = self.page(GOOD)
        before = path.stat()
        self.assertEqual(self.main("snip").stdout, "1 block as the code has them\n")
        self.assertEqual(path.stat(), before)

    def test_a_block_with_a_problem_stays_and_the_others_are_written(self):
        self.page(EMPTY, BAD, EMPTY)
        result = self.main("snip")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{tree.PAGE}:3: error: x.cpp has no region 'none'", result.stdout)
        self.assertEqual(self.read(), GOOD + BAD + GOOD)

    def test_a_text_whose_blocks_are_unclear_stays_as_it_is(self):
        text = EMPTY + "<!-- snip: x.cpp -->\nA sentence.\n"
        self.page(text)
        result = self.main("snip")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{tree.PAGE}:3: error: this block is never closed", result.stdout)
        self.assertEqual(self.read(), text)

    def test_mode_and_link_of_a_file_are_kept(self):
        path = self.page(EMPTY)
        path.chmod(0o640)
        path = path.rename(self.root / "elsewhere.text")
        (self.root / "README.md").symlink_to(path)
        self.assertEqual(self.main("snip").returncode, 0)
        self.assertTrue((self.root / "README.md").is_symlink())
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)
        self.assertEqual(path.read_text(), GOOD)


class Loss(Command):
    def refused(self, message):
        result = self.main("snip")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(f"{tree.PAGE}:1: error: {message}", result.stdout)
        self.assertEqual(os.listdir(self.root / "book"), ["page.md"])

    def test_what_cannot_be_written_leaves_the_old_file_and_no_other(self):
        self.page(EMPTY)
        for name in ("replace", "chmod"):
            error = OSError(28, "No space left on device")
            with mock.patch.object(tool.os, name, side_effect=error):
                self.refused(f"cannot write {tree.PAGE}: No space left on device")
            self.assertEqual(self.read(), EMPTY)

    def test_what_somebody_wrote_in_the_meantime_stays(self):
        self.page("a\n", tree.block("run: echo mine >>book/page.md"))
        self.refused(f"{tree.PAGE} changed in the meantime; run it again")
        self.assertTrue(self.read().startswith("a\n") and self.read().endswith("mine\n"))

    def test_the_old_text_is_whole_until_the_new_one_is(self):
        self.page(EMPTY)
        real, seen = os.replace, []

        def replace(new, old):
            seen.append((open(new).read(), open(old).read()))
            real(new, old)

        with mock.patch.object(tool.os, "replace", replace):
            self.assertEqual(self.main("snip").returncode, 0)
        self.assertEqual(seen, [(GOOD, EMPTY)])

    def test_a_text_that_is_not_utf_8(self):
        (self.root / "book").mkdir()
        (self.root / tree.PAGE).write_bytes(GOOD.encode() + b"\xff\n")
        self.refused("cannot be read: not UTF-8")


class Check(Command):
    def check(self, *files):
        before = {path: path.read_bytes() for path in self.root.rglob("*") if path.is_file()}
        result = self.main("snip", "--check", *files)
        after = {path: path.read_bytes() for path in self.root.rglob("*") if path.is_file()}
        self.assertEqual((before, result.stderr), (after, ""))
        *lines, closing = result.stdout.splitlines()
        self.assertEqual(result.returncode, 0 if closing.endswith(" 0 failed") else 1)
        return lines, closing

    def test_it_counts(self):
        self.page(GOOD, "text\n", GOOD)
        self.assertEqual(self.check(), ([], "2 passed, 0 failed"))

    def test_a_difference_is_told_with_its_lines(self):
        self.page("\n", tree.block("snip: x.cpp", "```cpp", "int y;", "```"), GOOD)
        how = "this block is not what its source has now; ./learn snip book/page.md mends it"
        shown = [f"book/page.md:2: error: {how}", "    -int y;", "    +int x;"]
        self.assertEqual(self.check(), (shown, "1 passed, 1 failed"))

    def test_a_long_difference_is_cut(self):
        self.write("x.cpp", "".join(f"{i}\n" for i in range(99)))
        self.page(GOOD)
        lines, _ = self.check()
        self.assertEqual(len(lines), 1 + tool.SHOWN_LINES + 1)
        self.assertEqual(lines[-1], "    …")

    def test_differences_in_white_space_count(self):
        for code in ("```cpp\nint x;\n\n```", "```cpp\nint x; \n```", "\n```cpp\nint x;\n```"):
            self.page(tree.block("snip: x.cpp", code))
            self.assertEqual(self.check()[1], "0 passed, 1 failed")

    def test_regions_that_no_text_uses_are_told(self):
        regions = "".join(tree.region(name, f"{name};") for name in ("a", "b", "task 1.1"))
        for name in ("final/y.cpp", "tests/ch01/z.h", "final/node_modules/m.h", "work/w.cpp"):
            self.write(name, regions)
        self.write("chapters/ch01_x/a.toml", "# #region c\n# #endregion c\n")
        self.page(tree.block("snip: final/y.cpp#a", "```cpp", "a;", "```"))
        what = "error: no text uses the region {!r}; use it or take its markers out"
        told = [
            "chapters/ch01_x/a.toml:1: " + what.format("c"),
            "final/y.cpp:4: " + what.format("b"),
            "tests/ch01/z.h:1: " + what.format("a"),
            "tests/ch01/z.h:4: " + what.format("b"),
        ]
        self.assertEqual(self.check(), (told, "1 passed, 4 failed"))
        self.assertEqual(self.check(self.root / tree.PAGE), ([], "1 passed, 0 failed"))

    def test_a_region_that_a_diff_uses_is_used(self):
        self.write("final/y.cpp", tree.region("a", "a;") + tree.region("b", "b;"))
        self.page(tree.block("diff: final/y.cpp#a..final/y.cpp#b", "```diff", "-a;", "+b;", "```"))
        self.assertEqual(self.check(), ([], "1 passed, 0 failed"))

    def test_regions_are_not_called_unused_while_a_text_is_unclear(self):
        self.write("final/y.cpp", "// #region a\na;\n// #endregion a\n")
        self.page("<!-- snip: final/y.cpp#a -->\n")
        lines, closing = self.check()
        self.assertEqual((len(lines), closing), (1, "0 passed, 1 failed"))

    def test_markers_that_are_not_right_are_told_where_they_are(self):
        one = "// #region a\n// #endregion a\n"
        self.write("final/y.cpp", one + one)
        (self.root / "final/z.h").write_bytes(b"\xff")
        told = ["final/y.cpp:3: error: there is a region 'a' already, on line 1"]
        told += ["final/z.h:1: error: final/z.h is not UTF-8: invalid start byte"]
        self.assertEqual(self.check(), (told, "0 passed, 2 failed"))


class Building(Command):
    def built(self, directive, *options):
        self.page(tree.block(directive))
        self.program("build/release/bin/p", "print('p')")
        with mock.patch.object(snip, "ensure"), mock.patch.object(snip, "build") as build:
            self.main("snip", *options)
        return [call.args[1] for call in build.call_args_list]

    def test_programs_of_the_release_build_are_built_before_they_run(self):
        program = "build/release/bin/p"
        self.assertEqual(self.built(f"run: {program}"), ["release"])
        self.assertEqual(self.built(f"recorded: {program}", "--record"), ["release"])

    def test_nothing_is_built_for_what_does_not_run(self):
        self.assertEqual(self.built("run: true"), [])
        self.assertEqual(self.built("recorded: build/release/bin/p"), [])
        self.assertEqual(self.built("snip: build/release/bin/p"), [])


if __name__ == "__main__":
    unittest.main()
