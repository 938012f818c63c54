"""Mutants: patches that are read and applied strictly, with errors that point at the line."""

import unittest

from course import CourseTest
from learn import mutants
from learn.errors import LearnError


class MutantTest(CourseTest):
    def read(self, name="one"):
        return mutants.read(self.chapter, name)

    def fails(self, *parts, apply=False):
        with self.assertRaises(LearnError) as caught:
            mutant = self.read()
            if apply:
                mutant.applied(self.chapter)
        for part in ("chapters/ch01_small/mutants/one.patch", *parts):
            self.assertIn(part, caught.exception.message)

    def edit_patch(self, old, new):
        self.edit("chapters/ch01_small/mutants/one.patch", old, new)


class Reading(MutantTest):
    def test_a_mutant_has_a_task_a_killer_and_a_reason(self):
        self.mutant("one")
        mutant = self.read()
        self.assertEqual(mutant.task.id, "1.1")
        self.assertEqual(mutant.killed_by, "a door opens")
        self.assertEqual(mutant.why, "it is plausible")
        self.assertEqual(mutants.names(self.chapter), ["one"])

    def test_what_is_missing_or_unknown_is_named(self):
        for old, new, *parts in (
            ("task: 1.1", "tasks: 1.1", ":1: expected `task: …`"),
            ("task: 1.1", "task: 1.7", ":1: there is no task '1.7'"),
            ("killed-by: a door opens", "killed-by: a door opem", ":2:", "did you mean a door opens?"),
            ("killed-by: a door opens", "killed-by: a door closes", ":2: task 1.1 has no test case"),
            ("why: it is plausible\n", "why:\n", ":3: expected `why: …`"),
            ("plausible\n\n", "plausible\n", ":4: expected an empty line"),
            ("--- a/funnel/", "--- a/", ":5: expected `--- a/funnel/NAME.cpp`"),
            ("door.cpp\n+++", "door.h\n+++", ":5: expected"),
            ("+++ b/funnel/door.cpp", "+++ b/funnel/x.cpp", ":5: expected"),
            ("@@ -6,3 +6,3 @@", "@@ -6,4 +6,4 @@", ":7: this hunk has not the lines"),
            ("@@ -6,3 +6,3 @@", "@@ -6,2 +6,2 @@", ":11: this is no line of a diff"),
            ("@@ -6,3 +6,3 @@", f"@@ -{'6' * 5000},3 +6,3 @@", ":7: this is no line of a diff"),
            ("@@ -6,3 +6,3 @@", "what?", ":7: this is no line of a diff"),
        ):
            self.mutant("one")
            self.edit_patch(old, new)
            self.fails(*parts)

    def test_a_patch_without_a_diff(self):
        head = "task: 1.1\nkilled-by: a door opens\nwhy: x\n\n"
        self.write("chapters/ch01_small/mutants/one.patch", head)
        self.fails("there is no diff in it")


class Applying(MutantTest):
    def applied(self):
        return self.read().applied(self.chapter)

    def test_only_its_lines_change(self):
        self.mutant("one")
        original = (self.root / "chapters/ch01_small/funnel/door.cpp").read_text()
        expected = original.replace("// a door opens: pass", "// a door opens: fail")
        self.assertEqual(self.applied(), {"funnel/door.cpp": expected})

    def test_it_finds_its_place_when_lines_were_added_above(self):
        self.mutant("one")
        old = "namespace funnel {\n"
        self.edit("chapters/ch01_small/funnel/door.cpp", old, f"{old}int added;\n")
        self.assertIn("// a door opens: fail", self.applied()["funnel/door.cpp"])

    def test_what_no_longer_fits_or_fits_twice_does_not_apply(self):
        self.mutant("one")
        self.edit("chapters/ch01_small/funnel/door.cpp", "a door opens: pass", "a door opens:  pass")
        self.fails("does not fit chapters/ch01_small/funnel/door.cpp at line 6", apply=True)
        text = "  // #region task 1.1\n  // a door opens: pass\n  push();\n"
        path = self.root / "chapters/ch01_small/funnel/door.cpp"
        path.write_text(text)
        self.assertIn("a door opens: fail", self.applied()["funnel/door.cpp"])
        path.write_text(text * 2)
        self.fails("does not fit", apply=True)

    def test_a_file_that_is_gone(self):
        self.mutant("one")
        (self.root / "chapters/ch01_small/funnel/door.cpp").unlink()
        self.fails("door.cpp: no such file", apply=True)

    def test_several_hunks_count_what_was_added_above_them(self):
        lines = [f"line {i}" for i in range(1, 21)]
        self.write("chapters/ch01_small/funnel/house.cpp", "\n".join(lines) + "\n")
        patch = "task: 1.2\nkilled-by: a door closes\nwhy: x\n\n"
        patch += "--- a/funnel/house.cpp\n+++ b/funnel/house.cpp\n"
        patch += "@@ -2 +2,3 @@\n-line 2\n+two\n+two\n+two\n@@ -10,2 +12 @@\n line 10\n-line 11\n"
        lines[15:17] = ["line 10", "line 11"]  # so that the second hunk fits in two places
        self.write("chapters/ch01_small/funnel/house.cpp", "\n".join(lines) + "\n")
        self.write("chapters/ch01_small/mutants/one.patch", patch)
        result = self.applied()["funnel/house.cpp"].splitlines()
        self.assertEqual(result[:5], ["line 1", "two", "two", "two", "line 3"])
        self.assertEqual(result[11:13], ["line 10", "line 12"])
        self.assertEqual(len(result), 21)


if __name__ == "__main__":
    unittest.main()
