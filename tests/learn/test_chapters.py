"""Chapters and tasks: what tasks.toml may be, and what `1.2` on the command line means."""

import unittest

from course import TOML, CourseTest
from learn import book, chapters
from learn.errors import LearnError, UsageError


class Reading(CourseTest):
    def fails(self, old, new, *parts):
        self.write("chapters/ch01_small/tasks.toml", TOML.replace(old, new, 1))
        with self.assertRaises(LearnError) as caught:
            chapters.discover(self.root)
        for part in ("chapters/ch01_small/tasks.toml", *parts):
            self.assertIn(part, caught.exception.message)

    def test_a_chapter_has_its_tasks_and_tests(self):
        [chapter] = chapters.discover(self.root)
        self.assertEqual(chapter.task_files, ["funnel/door.cpp", "funnel/house.cpp"])
        self.assertEqual(chapter.tasks_in("funnel/house.cpp"), [chapter.tasks[1]])
        self.assertEqual(chapter.tasks[0].example, "hello")
        self.assertEqual((chapter.number, chapter.short), (1, "ch01"))
        self.assertEqual([task.id for task in chapter.tasks], ["1.1", "1.2"])
        self.assertEqual(len(chapter.tests), 4)
        self.assertFalse(chapter.started)

    def test_what_is_no_toml_is_named_with_its_line(self):
        self.fails('title = "Open it"', "title = Open it", ":8:", "is not TOML")

    def test_a_missing_an_unknown_and_a_wrong_field(self):
        self.fails('title = "Open it"', "", ":6:", "task 1.1 has no 'title'")
        self.fails("sentence =", "sentense =", ":6:", "has no 'sentence'")
        self.fails('book = "open-it"', 'book = "x"\ncolour = 1', ":12:", "nothing is known of 'colour'")
        self.fails('book = "open-it"', "book = 3", ":11:", "'book' has the wrong type: 3")
        self.fails('"Nobody waits outside."', '" "', ":10:", "'sentence' is empty")

    def test_hints_tests_file_and_ids_are_checked(self):
        self.fails('"Push it.", ', "", ":13:", "a list of 3 texts")
        self.fails('tests = ["a door closes"]', "tests = []", ":24:", "task 1.2 has no tests")
        self.fails("funnel/door.cpp", "../door.cpp", ":9:", "expected funnel/NAME.cpp or funnel/NAME.h, got '../door.cpp'")
        self.fails('["funnel/door.cpp"]', "[]", ":9:", "task 1.1 has no files")
        self.fails('["funnel/door.cpp"]', "[1]", ":9:", "got 1")
        self.fails('id = "1.2"', 'id = "1.3"', ":17:", "the id is '1.3', expected '1.2'")
        self.fails("chapter = 1", "chapter = 2", ":1:", "the folder is ch01_small")

    def test_names_of_test_cases_are_unique_and_fit_for_a_filter(self):
        self.fails('"a door closes"', '"a door opens"', "'a door opens' is there twice")
        self.fails('"a door closes"', '"open, close"', ":24:", "has ',' in its name")

    def test_a_broken_file_is_one_line_on_the_command_line(self):
        self.write("chapters/ch01_small/tasks.toml", "chapter = \n")
        for command in ((), ("list",), ("test", "1"), ("hint", "1.1")):
            self.assertOneLine(self.main(*command), 1, "chapters/ch01_small/tasks.toml:1:")


class Finding(CourseTest):
    def test_a_chapter_may_be_given_in_several_ways(self):
        for word in ("1", "01", "ch01", "ch1", "ch01_small"):
            self.assertEqual(chapters.find(self.root, word)[0].number, 1, word)

    def test_a_task_is_found(self):
        for word in ("1.2", "1.02", "ch01.2", "ch01_small.2"):
            chapter, task = chapters.find(self.root, word)
            self.assertEqual((chapter.number, task.id), (1, "1.2"), word)

    def test_what_there_is_not_is_answered_with_what_there_is(self):
        for word, part in (
            ("7", "there is no chapter '7'; there is 1"),
            ("1.9", "there is no task '1.9' in chapter 1; its tasks are 1.1 to 1.2"),
            ("1.", "there is no task '1.'"),
        ):
            with self.assertRaises(UsageError) as caught:
                chapters.find(self.root, word)
            self.assertIn(part, caught.exception.message)

    def test_commands_for_tasks_want_a_task(self):
        for command in ("hint", "diff", "show"):
            self.assertOneLine(self.main(command, "1"), 2, "expected a task", "1.1 to 1.2")
        for word, chapter in (("1.2", "1"), ("12.3", "12"), ("ch01_small.2", "ch01_small")):
            result = self.main("start", word)
            self.assertOneLine(result, 2, "expected a chapter", f"its chapter is {chapter}\n")

    def test_words_that_mean_chapters(self):
        for word in ("1", "12", "ch01", "1.2", "1.", "ch01_small", "ch01_small.2", "ch01.2"):
            self.assertTrue(chapters.is_selection(word), word)
        for word in ("dev", "checks", "", "x1", "1.2_small", "1-2"):
            self.assertFalse(chapters.is_selection(word), word)

    def test_without_chapters_there_is_nothing_to_find(self):
        (self.root / "chapters/ch01_small/tasks.toml").unlink()
        self.assertOneLine(self.main("test", "1"), 1, "no chapter in this clone yet")


class Book(CourseTest):
    def test_sections_have_the_anchors_that_the_site_gives_them(self):
        path = self.write("book/x.md", "# The `recv` of 0!\n```\n# no heading\n```\n## 2 doors {#two}\n")
        found = {s.anchor: (s.title, s.line) for s in book.sections(path).values()}
        self.assertEqual(found, {"the-recv-of-0": ("The recv of 0!", 1), "two": ("2 doors", 5)})
        self.assertEqual(book.slug("2 doors"), "_2-doors")

    def test_a_missing_text_has_no_sections(self):
        self.assertEqual(book.sections(self.root / "none.md"), {})


if __name__ == "__main__":
    unittest.main()
