"""Mutants: wrong solutions that are read and applied strictly, with errors that say where."""

import unittest

from course import CourseTest
from learn import mutants
from learn.errors import LearnError

TOML = "chapters/ch01_small/mutants.toml"


class MutantTest(CourseTest):
    def setUp(self):
        super().setUp()
        self.mutant("one")

    def fails(self, *parts, apply=False):
        with self.assertRaises(LearnError) as caught:
            mutant = mutants.find(self.chapter, "one")
            if apply:
                mutant.applied(self.chapter)
        for part in (TOML, *parts):
            self.assertIn(part, caught.exception.message)


class Reading(MutantTest):
    def test_a_mutant_has_a_task_a_killer_and_a_reason(self):
        self.mutant("two", "1.2", "a door closes")
        one, two = mutants.read(self.chapter)
        self.assertEqual((one.name, two.name), ("one", "two"))
        self.assertEqual(one.task.id, "1.1")
        self.assertEqual(one.killed_by, "a door opens")
        self.assertEqual(one.why, "it is plausible")

    def test_what_is_missing_or_unknown_is_named(self):
        for old, new, *parts in (
            ("task =", "tasks =", ": one: expected a text for 'task'"),
            ('"1.1"', '"1.7"', ": one: there is no task '1.7'"),
            ("a door opens", "a door opem", "no test case 'a door opem'; did you mean a door opens?"),
            ("a door opens", "a door closes", ": one: task 1.1 has no test case"),
            ('"it is plausible"', '" "', ": one: expected a text for 'why'"),
            ('"it is plausible"', "3", ": one: expected a text for 'why'"),
            ("funnel/door.cpp", "door.cpp", ": one: expected funnel/NAME.cpp or funnel/NAME.h"),
            ("funnel/door.cpp", "funnel/../x.cpp", ": one: expected funnel/NAME.cpp"),
            ('"one"', '"One 1"', ": mutant 1: a name has only a-z, 0-9 and -, got 'One 1'"),
            ("why =", "colour = 1\nwhy =", ": one: nothing is known of 'colour'"),
            ("[[mutant]]", "[mutant]", ": expected nothing but [[mutant]]"),
            ("[[mutant]]", "a = 1\n[[mutant]]", ": expected nothing but [[mutant]]"),
            ("[[mutant]]", "[[mutant", " is not TOML: "),
        ):
            self.mutant("one")
            self.edit(TOML, old, new)
            self.fails(*parts)

    def test_a_name_is_given_once_and_found(self):
        self.write(TOML, (self.root / TOML).read_text() * 2)
        self.fails(": one is there 2 times")
        self.mutant("one")
        with self.assertRaises(LearnError) as caught:
            mutants.find(self.chapter, "ona")
        self.assertIn("has no mutant 'ona'; did you mean one?", caught.exception.message)

    def test_a_missing_file(self):
        (self.root / TOML).unlink()
        self.fails("cannot read")


class Applying(MutantTest):
    def test_only_its_text_changes(self):
        [(path, text)] = mutants.find(self.chapter, "one").applied(self.chapter).items()
        before = (self.root / "chapters/ch01_small" / path).read_text()
        self.assertEqual(path, "funnel/door.cpp")
        self.assertEqual(text, before.replace("// a door opens: pass", "// a door opens: fail"))

    def test_a_header_may_be_wrong_too(self):
        self.write("chapters/ch01_small/funnel/door.h", "// a door opens: pass\n")
        self.mutant("one", file="funnel/door.h")
        changed = mutants.find(self.chapter, "one").applied(self.chapter)
        self.assertEqual(changed, {"funnel/door.h": "// a door opens: fail\n"})

    def test_a_text_that_is_not_exactly_once_in_the_file(self):
        door = self.root / "chapters/ch01_small/funnel/door.cpp"
        text = door.read_text()
        door.write_text(text * 2)
        self.fails("one: its text is 2 times in chapters/ch01_small/funnel/door.cpp", apply=True)
        door.write_text("")
        self.fails("one: its text is nowhere in", "expected once", apply=True)

    def test_a_file_that_is_gone(self):
        (self.root / "chapters/ch01_small/funnel/door.cpp").unlink()
        self.fails("door.cpp: no such file", apply=True)


if __name__ == "__main__":
    unittest.main()
