"""Regions: what is between two markers, and errors that point at the line."""

import pathlib
import unittest

import support  # noqa: F401  (puts the tool on the path)
from learn.regions import RegionError, Source

TEXT = """\
int before;
// #region whole
int f() {
  // #region task 1.2
  return 1;
  // #endregion task 1.2
}
// #endregion whole
  // #region task 1.2
  int rest;
  // #endregion task 1.2
"""


def parsed(text, name="x.cpp"):
    return Source(text, name)


class Reading(unittest.TestCase):
    def test_regions_come_with_their_lines_and_indent(self):
        found = [(r.name, r.begin, r.end, r.indent) for r in parsed(TEXT).regions]
        self.assertEqual(
            found, [("whole", 2, 8, ""), ("task 1.2", 4, 6, "  "), ("task 1.2", 9, 11, "  ")]
        )

    def test_a_tasks_regions_are_found_together(self):
        tasks = parsed(TEXT).tasks()
        self.assertEqual(list(tasks), ["1.2"])
        self.assertEqual([r.begin for r in tasks["1.2"]], [4, 9])

    def test_a_body_leaves_out_inner_markers_when_asked_to(self):
        source = parsed(TEXT)
        [whole] = source.named("whole")
        self.assertIn("#region task 1.2", source.body(whole))
        self.assertEqual(source.body(whole, markers=False), "int f() {\n  return 1;\n}\n")

    def test_a_line_knows_its_task(self):
        source = parsed(TEXT)
        self.assertEqual([source.task_at(n) for n in (3, 5, 7, 10)], ["", "1.2", "", "1.2"])

    def test_other_line_ends_and_a_missing_last_one_are_no_matter(self):
        source = parsed(TEXT.replace("\n", "\r\n").rstrip())
        self.assertEqual(len(source.regions), 3)
        self.assertTrue(source.text.endswith("\n"))

    def test_where_a_hash_begins_a_comment_markers_stand_behind_it(self):
        source = parsed("# #region a\nx = 1\n# #endregion a\n", "x.py")
        self.assertEqual(source.body(source.named("a")[0]), "x = 1\n")
        self.assertEqual(parsed("# #region a\n").regions, [])


class Replacing(unittest.TestCase):
    def test_only_the_lines_between_the_markers_change(self):
        source = parsed(TEXT)
        first, second = source.tasks()["1.2"]
        text = source.replaced({first: "  stub();", second: ""})
        self.assertEqual(
            text,
            TEXT.replace("  return 1;\n", "  stub();\n").replace("  int rest;\n", ""),
        )
        self.assertEqual(len(parsed(text).tasks()["1.2"]), 2)


class Errors(unittest.TestCase):
    def fails(self, text, message):
        with self.assertRaises(RegionError) as caught:
            parsed(text).regions
        self.assertEqual(caught.exception.message, message)

    def test_a_missing_end(self):
        self.fails(
            "x\n// #region task 1.2\n",
            "x.cpp:2: the region 'task 1.2' is never ended; expected // #endregion task 1.2",
        )

    def test_an_end_without_a_beginning(self):
        self.fails(
            "\n// #endregion a\n",
            "x.cpp:2: the end of a region 'a' that never began; no // #region a before it",
        )

    def test_crossing(self):
        self.fails(
            "// #region a\n// #region b\n// #endregion a\n// #endregion b\n",
            "x.cpp:3: 'a' ends here, but 'b' of line 2 is still open; expected // #endregion b",
        )

    def test_doubles(self):
        one = "// #region a\n// #endregion a\n"
        self.fails(one + one, "x.cpp:3: there is a region 'a' already, on line 1")
        self.fails(
            "// #region task 1.1\n// #region task 1.1\n",
            "x.cpp:2: the region 'task 1.1' begins again, before its end; it began on line 1",
        )

    def test_a_task_inside_a_task(self):
        self.fails(
            "// #region task 1.1\n// #region task 1.2\n",
            "x.cpp:2: task 1.2 begins inside task 1.1",
        )

    def test_a_marker_behind_code_or_without_a_name(self):
        self.fails("} // #endregion a\n", "x.cpp:1: #endregion has to stand on a line of its own")
        self.fails("//#region\n", "x.cpp:1: #region without the region's name")

    def test_a_name_that_is_not_there(self):
        with self.assertRaises(RegionError) as caught:
            parsed(TEXT).named("task 1.3")
        self.assertEqual(
            caught.exception.message,
            "x.cpp has no region 'task 1.3'; did you mean task 1.2?",
        )

    def test_a_file_that_cannot_be_read(self):
        with self.assertRaises(RegionError) as caught:
            Source.read(pathlib.Path("/nowhere/x.cpp"), "x.cpp")
        self.assertEqual(caught.exception.message, "x.cpp: no such file or directory")


if __name__ == "__main__":
    unittest.main()
