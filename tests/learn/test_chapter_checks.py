"""The stage `chapters` finds what makes a chapter's tests worthless."""

import os
import textwrap
import unittest
from unittest import mock

from course import HOUSE, CourseTest
from learn import chapter_checks, chapter_rules, runner
from learn.benches import learner
from learn.chapter_rules import Budget
from learn.cases import Case, State
from learn.doctest_report import Failure, Report
from learn.stages import STAGES


class StageTest(CourseTest):
    """The small chapter is smaller than any real one may be: its limits are its own."""

    LIMITS = {"TESTS": range(1, 4), "BUDGET": Budget(range(2, 3), 300, 1200, range(0, 100))}

    def setUp(self):
        super().setUp()
        for name, limit in self.LIMITS.items():
            limited = mock.patch.object(chapter_rules, name, limit)
            limited.start()
            self.addCleanup(limited.stop)
        for name, task, test in (
            ("one", "1.1", "a door opens"),
            ("two", "1.1", "a door opens"),
            ("three", "1.2", "a door closes"),
            ("four", "1.2", "a door closes"),
        ):
            self.mutant(name, task, test)

    def check(self):
        context = self.context()
        stages = [stage for stage in STAGES if stage.name == "chapters"]
        with mock.patch.dict(os.environ, self.environment(), clear=True):
            code = runner.run_stages(context, stages)
        self.text = self.shown(context)
        return code, self.text.splitlines()[-1]

    def finds(self, *parts):
        code, _ = self.check()
        self.assertEqual(code, 1, self.text)
        for part in parts:
            self.assertIn(part, self.text)


class Good(StageTest):
    def test_every_check_counts_once(self):
        self.assertEqual(self.check(), (0, "16 passed, 0 failed"), self.text)
        log = (self.root / "build/logs/chapters.log").read_text()
        place = 'tests/ch01_small/door_test.cpp:9 door() == "open"'
        self.assertIn(f"ch01, mutant two: passed; killed: {place}", log)
        self.assertIn("ch01, task 1.2 blanked: passed", log)
        self.assertIn("ch01, task 1.1 before the next: passed", log)
        self.assertIn("ch01, examples: passed", log)
        self.assertIn("headers: passed", log)

    def test_work_is_left_alone_and_the_variant_ends_as_the_reference(self):
        self.write("work/ch01_small/funnel/door.cpp", "SYNTAX")
        self.assertEqual(self.check()[0], 0, self.text)
        variant = self.root / "build/learner/variants/ch01_small/funnel/door.cpp"
        reference = self.root / "chapters/ch01_small/funnel/door.cpp"
        self.assertEqual(variant.read_text(), reference.read_text())

    def test_a_mutant_that_hangs_or_crashes_is_killed(self):
        self.mutant("one", what="hang")
        self.mutant("two", what="crash")
        with mock.patch.object(chapter_checks, "LIMIT_S", 1.0):
            self.assertEqual(self.check(), (0, "16 passed, 0 failed"), self.text)


class Bad(StageTest):
    def test_a_mutant_that_survives(self):
        self.mutant("one", what="pass")
        self.finds("ch01, mutant one: survives 'a door opens'", "15 passed, 1 failed")

    def test_a_mutant_that_does_not_compile_or_apply(self):
        self.mutant("one", what="SYNTAX")
        self.mutant("two", file="funnel/house.cpp")
        self.finds("ch01, mutant one: does not compile", "error: expected ';'")
        self.assertIn("mutants.toml: two: its text is nowhere in chapters/ch01_small/funnel/house.cpp", self.text)

    def test_a_task_that_needs_a_later_one(self):
        needed = "  // a door opens: pass\n"
        self.edit("chapters/ch01_small/funnel/house.cpp", "  pull();\n", f"  pull();\n{needed}")
        self.edit("chapters/ch01_small/funnel/door.cpp", needed, "")
        self.finds("task 1.1 before the next: 'a door opens' is red while later tasks are blank")

    def test_an_example_that_does_something_else(self):
        self.edit("tests/ch01_small/examples_test.py", "hello x", "goodbye x")
        self.finds(
            "ch01, examples: tests/ch01_small/examples_test.py ended with exit code 1",
            "task 1.1 before the next: hello --open does not run while later tasks are blank",
        )

    def test_a_test_that_is_green_without_its_task(self):
        old = "// what is"
        self.edit("chapters/ch01_small/funnel/house.cpp", old, f"// a door closes: pass\n{old}")
        self.finds("'a door closes' is green on the skeleton", "green on a blank task 1.2")

    def test_a_test_that_is_green_by_another_task_of_the_same_file(self):
        (self.root / "chapters/ch01_small/funnel/house.cpp").unlink()
        self.edit("chapters/ch01_small/tasks.toml", "funnel/house.cpp", "funnel/door.cpp")
        door = self.root / "chapters/ch01_small/funnel/door.cpp"
        both = door.read_text() + textwrap.dedent(HOUSE)
        door.write_text(both.replace("// a door opens: pass", "// a door opens: pass\n// a door closes: pass"))
        self.finds("task 1.2 blanked: 'a door closes' is green on a blank task 1.2")
        self.assertNotIn("skeleton", self.text)

    def test_a_test_that_is_red_without_its_task_for_another_reason(self):
        self.change_program('else "unwritten"', 'else "abort"')
        self.finds(
            "skeleton: 'a door opens' does not come to a stub (crashed, SIGABRT)",
            "on the skeleton (and 2 other tests)",
            "task 1.2 blanked: 'a door closes' does not come to a stub",
        )

    def test_a_test_that_needs_another_task_than_the_blank_one(self):
        self.change_program("tasks.get(name, '1.1')", "'1.2'")
        self.finds("task 1.1 blanked: 'a door opens' does not come to a stub (not written yet (task 1.2)")
        self.assertNotIn("skeleton", self.text)
        self.assertNotIn("1.2 blanked", self.text)

    def test_a_red_reference_ends_it(self):
        given = "// what is given works: "
        self.edit("chapters/ch01_small/funnel/house.cpp", f"{given}pass", f"{given}fail")
        place = "tests/ch01_small/door_test.cpp:9"
        self.finds(f"'what is given works' is red on the reference: {place}")
        self.assertNotIn("mutant", self.text)

    def test_the_reference_has_no_more_time_than_a_mutant(self):
        given = "// what is given works: "
        self.edit("chapters/ch01_small/funnel/house.cpp", f"{given}pass", f"{given}hang")
        with mock.patch.object(chapter_checks, "LIMIT_S", 1.0):
            self.finds("is red on the reference: it was not done after 1 s")

    def test_a_test_that_belongs_to_no_task(self):
        self.write("more-tests", "a dog barks\na dog barks\n")
        self.finds("the test case 'a dog barks' belongs to no task", "has 2 test cases 'a dog barks'")

    def test_a_test_that_does_not_exist(self):
        self.edit("chapters/ch01_small/tasks.toml", 'given = [', 'given = ["a cat purrs", ')
        self.change_program("options = dict", 'names.remove("a cat purrs"); options = dict')
        self.finds("'a cat purrs' is red on the reference: not in the test program")

    def test_too_few_mutants_a_missing_section_a_missing_region(self):
        del self.mutants["one"], self.mutants["two"]
        self.mutant("three", "1.2", "a door closes")
        self.edit("book/ch01.md", "## Close it", "## Shut it")
        self.edit("chapters/ch01_small/funnel/door.cpp", "task 1.1", "task 1.4")
        self.finds(
            "mutants.toml: task 1.1 has 0 mutants, expected 2 to 4",
            "book/ch01.md has no section #close-it, where task 1.2 points",
            "door.cpp has no region `task 1.1`",
            "door.cpp has a region `task 1.4`, tasks.toml does not",
        )

    def test_sizes_that_nobody_can_read(self):
        region = "// #region task 1.2\n" + "x\n" * 9 + "// #endregion task 1.2\n"
        self.write("chapters/ch01_small/funnel/house.cpp", region * 7 + "y\n" * 200)
        self.finds(
            "house.cpp has 277 lines, more than 250",
            "task 1.2 has 63 lines to write, expected 1 to 60",
            "task 1.2 has 7 regions, expected 1 to 6",
        )

    def test_sizes_of_a_whole_chapter(self):
        house = HOUSE.replace("pull();", "pull();\n  x();")
        self.write("chapters/ch01_small/funnel/house.cpp", house)
        for fits, too_small, words in (
            (Budget(range(9), 5, 11, range(9)), Budget(range(9), 4, 11, range(9)), "has 5 lines to write, more than 4"),
            (Budget(range(9), 5, 9, range(9)), Budget(range(9), 5, 8, range(9)), "gives 9 lines, more than 8"),
        ):
            with mock.patch.object(chapter_rules, "BUDGET", fits):
                self.assertEqual(list(chapter_rules.sizes(self.chapter)), [])
            with mock.patch.object(chapter_rules, "BUDGET", too_small):
                self.assertEqual(list(chapter_rules.sizes(self.chapter)), [f"ch01_small {words}"])

    def test_a_solution_of_a_challenge_that_is_wrong(self):
        self.write("tests/book/challenges/ch01.cpp")
        self.program("fakes/example", "import sys; sys.exit(1)")
        self.finds("the solutions of the challenges: challenges_funnel_ch01 ended with exit code 1")

    def test_too_many_of_everything(self):
        for at in range(21):
            self.mutant(f"m{at}", *(("1.1", "a door opens"), ("1.2", "a door closes"))[at % 2])
        self.edit("chapters/ch01_small/tasks.toml", '"Push it."', f'"{"push " * 81}"')
        self.edit("chapters/ch01_small/tasks.toml", 'run = "hello"', 'run = "hallo --once"')
        self.edit("book/ch01.md", "Text.", "word " * 100)
        limits = {"TESTS": range(2, 4), "MOST_TESTS": 2}
        with mock.patch.multiple(chapter_rules, **limits):
            self.finds(
                "mutants.toml: task 1.1 has 13 mutants, expected 2 to 4",
                "mutants.toml has 25 mutants, expected at most 20",
                "the second hint of task 1.1 has 81 words, at most 80",
                "task 1.2 runs 'hallo', which is not an example of the chapter",
                "task 1.2 has 1 test cases, expected 2 to 3",
                "tasks.toml has 3 test cases of tasks, expected at most 2",
                "book/ch01.md has 108 words of prose, expected at most 99",
            )

    def test_a_missing_text(self):
        (self.root / "book/ch01.md").unlink()
        self.finds("tasks.toml: there is no book/ch01.md")

    def test_a_header_in_two_chapters(self):
        for path in sorted((self.root / "chapters/ch01_small").rglob("*")):
            if path.is_file():
                name = str(path.relative_to(self.root)).replace("ch01", "ch02")
                text = path.read_text().replace("chapter = 1", "chapter = 2").replace("1.", "2.")
                self.write(name, text)
        given = "// what is given works: "
        for chapter in ("ch01_small", "ch02_small"):
            self.edit(f"chapters/{chapter}/funnel/house.cpp", f"{given}pass", f"{given}fail")
        self.finds(
            "headers: <funnel/door.h> is in ch01_small and in ch02_small",
            "ch01, reference: 'what is given works' is red",
            "ch02, reference: no file of tests/ch02_small has these tests",
        )
        log = (self.root / "build/logs/chapters.log").read_text()
        self.assertIn("headers: <funnel/door.h> is in ch01_small and in ch02_small", log)


class MustFail(StageTest):
    """Programs that show a mistake; the fake compiler reads what they do from their text."""

    def program_that(self, first, *lines):
        text = "\n".join([f"// {first}", *lines, ""])
        self.write("tests/ch01_small/must_fail/mistake.cpp", text)

    def test_a_mistake_that_is_stopped_as_expected(self):
        for first, line in (
            ("does not compile: expected ';'", "SYNTAX"),
            ("sanitizer: use-after-scope", "// prints ERROR: use-after-scope, exits with 1"),
        ):
            self.program_that(first, line)
            self.assertEqual(self.check(), (0, "17 passed, 0 failed"), self.text)

    def test_a_mistake_that_nothing_stops(self):
        fine = "// prints all is well, exits with 0"
        for first, lines, *expected in (
            ("does not compile: expected ';'", ["fine"], "it compiles, expected \"expected ';'\""),
            ("does not compile: deleted", ["SYNTAX"], "expected 'deleted'", "expected ';'"),
            ("sanitizer: use-after-scope", [fine], "it runs to its end, expected 'use-after-scope'"),
            ("sanitizer: use-after-scope", ["// prints Segmentation, exits with 1"], "expected 'use-after-scope'"),
            ("sanitizer: x", ["SYNTAX"], "it does not compile"),
            ("fails somehow", ["fine"], "the first line has to be"),
        ):
            self.program_that(first, *lines)
            self.finds("ch01, must fail mistake: ", *expected)


class Headers(StageTest):
    """Which files are compiled again for a header that a variant changes."""

    def setUp(self):
        super().setUp()
        self.write("chapters/ch01_small/funnel/door.h", "#pragma once\n// a hinge\n")
        for name in ("three", "four"):
            del self.mutants[name]
        for name in ("three", "four"):
            self.mutant(name, "1.2", "a door closes", file="funnel/door.h")
        self.edit("chapters/ch01_small/mutants.toml", '"// a door closes: pass"', '"// a hinge"')

    def compiled(self, name):
        """What the compiler was given for a mutant, without the object's folder."""
        lines = (self.root / "compiled").read_text().splitlines()
        of_it = [line.split() for line in lines if line.split()[0] == name]
        return sorted(line[1] for line in of_it)

    def test_only_its_users_and_the_test_that_must_kill_it(self):
        self.finds("mutant three: survives 'a door closes'")  # the fake reads no headers
        self.assertEqual(
            self.compiled("door.h"),
            sorted(["funnel/door.cpp", "funnel/house.cpp", "tests/ch01_small/house_test.cpp"] * 2),
        )


class Words(unittest.TestCase):
    def test_a_red_test_is_told_with_its_place(self):
        report = Report(file="a_test.cpp", line=3)
        for failure, said in (
            (Failure("a_test.cpp", 7, "x == 1"), "a_test.cpp:7 x == 1"),
            (Failure(got="it threw"), "a_test.cpp:3 it threw"),
        ):
            report.failures = [failure]
            case = Case("a door opens", State.RED, report)
            self.assertEqual(chapter_checks.describe(case), said)


class Bench(StageTest):
    def test_every_task_is_measured_with_a_file_that_was_saved(self):
        context = self.context()
        with mock.patch.dict(os.environ, self.environment(), clear=True):
            result = learner.measure(context)
        saved = [(each["task"], each["file"]) for each in result["tasks"]]
        files = ["funnel/door.cpp", "funnel/door.h", "funnel/house.cpp"]
        self.assertEqual(saved, list(zip(["1.1", "1.1", "1.2"], files)))
        for each in result["tasks"]:
            self.assertGreater(each["total_s"], each["build_s"])
        learner.show(context.term, result)
        self.assertIn("funnel/house.cpp", self.shown(context))
        saved = (self.root / "saved").read_text().splitlines()
        expected = [f"{file} // saved, number {i}" for i, file in enumerate(files * learner.RUNS)]
        self.assertEqual([f"funnel/{line}" for line in dict.fromkeys(saved)], expected)

    def test_a_task_above_the_limit_is_marked(self):
        context = self.context()
        times = {"start_s": 1.0, "build_s": 2.0, "tests_s": 2.0}
        tasks = [{"task": "1.1", "file": "x.cpp", **times, "total_s": s} for s in (5.0, 5.01)]
        learner.show(context.term, {"limit_s": 5.0, "runs": 3, "tasks": tasks})
        marks = [line[0] for line in self.shown(context).splitlines()[1:3]]
        self.assertEqual(marks, ["✓", "✗"])

    def test_a_red_reference_is_not_measured(self):
        self.edit("chapters/ch01_small/funnel/house.cpp", "closes: pass", "closes: fail")
        with mock.patch.dict(os.environ, self.environment(), clear=True):
            with self.assertRaises(Exception) as caught:
                learner.measure(self.context())
        self.assertIn("'a door closes' is red", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
