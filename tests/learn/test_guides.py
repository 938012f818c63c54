"""What guides a learner: status, list, hints, diff and show; and what is remembered."""

import unittest

from course import CourseTest
from learn.progress import Progress


class Status(CourseTest):
    def test_before_a_start_it_says_how_to_begin(self):
        text = self.main().stdout
        self.assertIn("chapter 1  A small chapter", text)
        self.assertIn("./learn start 1", text)
        self.assertIn("./learn serve", text)
        self.assertIn("./learn test N.M", text)

    def test_on_the_way_it_says_what_comes_next(self):
        self.main("start", "1")
        self.solve("a door opens", "a door opens twice")
        self.main("test", "1.1")
        text = self.main().stdout
        self.assertIn("▕██████████          ▏ 1 of 2 tasks", text)
        self.assertIn("✓ 1.1  Open it  green", text)
        self.assertIn("→ 1.2  Close it  not begun, 1 test", text)
        self.assertIn("Next: 1.2 Close it", text)
        self.assertEqual(self.main("status").stdout, text)

    def test_a_finished_chapter_leads_on(self):
        self.main("start", "1")
        self.solve()
        self.main("test", "1")
        text = self.main().stdout
        self.assertIn("2 of 2 tasks", text)
        self.assertIn("Chapter 1 is done.", text)

    def test_from_any_folder(self):
        result = self.learn(cwd="/")
        self.assertIn("A small chapter", result.stdout)


class List(CourseTest):
    def test_every_task_has_a_state(self):
        self.assertIn("not started", self.main("list").stdout)
        self.main("start", "1")
        self.solve("a door opens")
        self.main("test", "1.1")
        self.main("hint", "1.2")
        text = self.main("list").stdout
        self.assertIn("✗ 1.1  Open it   1 of 2 tests green", text)
        self.assertIn("  1.2  Close it  not begun, 1 test, 1 of 3 hints taken", text)
        self.edit_work("funnel/house.cpp", 'funnel::not_implemented("1.2");', "x();")
        self.assertIn("✗ 1.2  Close it  begun, 1 test", self.main("list").stdout)


class Hints(CourseTest):
    def hints(self, *arguments):
        result = self.main("hint", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_they_come_one_after_the_other_and_are_remembered(self):
        first = self.hints("1.1")
        self.assertIn("What is a door?", first)
        self.assertNotIn("Push it.", first)
        self.assertIn("./learn hint 1.1 again gives an approach", first)
        second = self.hints("1.1")
        self.assertIn("What is a door?", second)
        self.assertIn("Push it.", second)
        self.assertNotIn("door.push", second)
        self.assertIn("     door.push();\n     door.wait();\n", self.hints("1.1"))
        self.assertIn("show 1.1 --spoil", self.hints("1.1"))
        self.assertIn("What is a door?", self.hints("1.1"))

    def test_one_level_can_be_asked_for(self):
        text = self.hints("1.1", "--level", "2")
        self.assertIn("Push it.", text)
        self.assertNotIn("What is a door?", text)
        self.assertOneLine(self.main("hint", "1.1", "--level", "4"), 2, "from 1 to 3")

    def test_without_a_task_it_is_the_one_that_comes_next(self):
        self.assertOneLine(self.main("hint"), 1, "no chapter is started yet: ./learn start 1")
        self.main("start", "1")
        self.solve("a door opens", "a door opens twice")
        self.main("test", "1.1")
        self.assertIn("Who is cold?", self.hints())
        self.solve("a door closes")
        self.main("test", "1")
        self.assertOneLine(self.main("hint"), 1, "every task of chapter 1 is green")

    def test_reading_without_a_start_they_name_the_text(self):
        text = self.hints("1.2")
        self.assertIn("book/ch01.md:7", text)
        self.assertNotIn("work/", text)


class Diff(CourseTest):
    def setUp(self):
        super().setUp()
        self.main("start", "1")

    def test_a_stub_is_no_code_to_compare(self):
        self.assertOneLine(self.main("diff", "1.1"), 1, "nothing of yours", "show 1.1 --spoil")

    def test_only_what_differs_in_the_tasks_regions(self):
        self.solve()
        self.edit_work("funnel/door.cpp", "// a door opens: pass", "kick();")
        self.edit_work("funnel/door.cpp", "void twice", "int elsewhere;\nvoid twice")
        self.assertOneLine(self.main("diff", "1.1"), 1, "task 1.1 is not green yet", "--spoil")
        text = self.main("diff", "1.1", "--spoil").stdout
        self.assertIn("- work/ch01_small/funnel/door.cpp:8  (yours)", text)
        self.assertIn("+ chapters/ch01_small/funnel/door.cpp:7  (the reference)", text)
        self.assertIn("-   kick();", text)
        self.assertIn("+   push();", text)
        self.assertNotIn("elsewhere", text)

    def test_the_same_is_said_to_be_the_same(self):
        self.edit_work("funnel/house.cpp", 'funnel::not_implemented("1.2");',
                       "// a door closes: pass\n  pull();")  # fmt: skip
        self.assertEqual(self.main("test", "1.2").returncode, 0)
        self.assertIn("to the letter", self.main("diff", "1.2").stdout)

    def test_before_a_start_there_is_nothing_to_compare(self):
        self.work().rename(self.root / "elsewhere")
        self.assertOneLine(self.main("diff", "1.1"), 1, "./learn start 1")


class Show(CourseTest):
    def test_a_reader_asks_for_it(self):
        self.assertOneLine(self.main("show", "1.2"), 1, "task 1.2 is not green yet", "--spoil")
        text = self.main("show", "1.2", "--spoil").stdout
        self.assertIn("chapters/ch01_small/funnel/house.cpp:6", text)
        self.assertIn("  pull();", text)
        self.assertNotIn("#region", text)

    def test_who_writes_sees_it_when_green_or_on_demand(self):
        self.main("start", "1")
        self.assertOneLine(self.main("show", "1.2"), 1, "not green yet", "--spoil")
        self.assertIn("pull();", self.main("show", "1.2", "--spoil").stdout)
        self.solve()
        self.main("test", "1")
        self.assertIn("pull();", self.main("show", "1.2").stdout)


class Memory(CourseTest):
    def test_damage_of_any_kind_begins_anew(self):
        self.main("start", "1")
        path = self.root / "work/progress.toml"
        for damage in (b"\xff\xfe", b"[hints", b"hints = 3", b"[hints]\nx = 'y'", b"[green]\nch01 = 1",
                       b"[green]\nch01 = [1, 2]", b'[hints]\n"1.1" = -4', b""):  # fmt: skip
            path.write_bytes(damage)
            for command in ((), ("list",), ("hint", "1.1")):
                result = self.main(*command)
                self.assertEqual((result.returncode, result.stderr), (0, ""), (damage, command))

    def test_tests_that_are_no_more_do_not_count(self):
        self.write("work/progress.toml", '[green]\nch01 = ["gone", "a door closes"]\n')
        self.assertEqual(Progress(self.root).green(self.chapter), {"a door closes"})

    def test_a_place_that_cannot_be_written_is_one_line(self):
        (self.root / "work/progress.toml").mkdir(parents=True)
        self.assertOneLine(self.main("hint", "1.1"), 1, "cannot write work/progress.toml")


class Help(CourseTest):
    def test_every_command_explains_itself(self):
        for name in "status start test watch hint diff show reset list run trace".split():
            result = self.main("help", name)
            self.assertEqual(result.returncode, 0, name)
            self.assertIn(f"./learn {name}", result.stdout)


if __name__ == "__main__":
    unittest.main()
