"""`snip:`: files and regions, and what of them is shown."""

import os
import unittest

import tree

SOURCE = """\
int before;
// #region whole
int f() {
  // #region task 1.2
  int a;

  int b;
  // #endregion task 1.2
}
// #endregion whole

// #region next
int g();
// #endregion next
int between;
  // #region task 1.2
    deeper();
  last();
  // #endregion task 1.2
"""


class Snip(tree.SnipTest):
    def setUp(self):
        super().setUp()
        self.source = self.write("final/x.cpp", SOURCE)

    def code(self, argument):
        first, *lines, last = self.expanded(f"snip: {argument}")
        self.assertEqual((first, last), ("```cpp", "```"))
        return lines

    def test_a_region_is_shown_without_inner_markers(self):
        lines = ["int f() {", "  int a;", "", "  int b;", "}"]
        self.assertEqual(self.code("final/x.cpp#whole"), lines)

    def test_the_whole_file_is_shown_without_markers(self):
        lines = self.code("final/x.cpp")
        self.assertEqual((lines[0], lines[-1], len(lines)), ("int before;", "  last();", 11))

    def test_common_indent_is_taken_off(self):
        self.write("final/y.cpp", tree.region("a", "    if (x) {", "", "      y();", "    }"))
        self.assertEqual(self.code("final/y.cpp#a"), ["if (x) {", "", "  y();", "}"])

    def test_regions_that_follow_each_other_are_joined_with_their_distance(self):
        lines = ["int f() {", "  int a;", "", "  int b;", "}", "", "int g();"]
        self.assertEqual(self.code("final/x.cpp#whole #next"), lines)
        self.write("final/y.cpp", tree.region("a", "x") + tree.region("b", "y"))
        self.assertEqual(self.code("final/y.cpp#a #b"), ["x", "y"])

    def test_an_ellipsis_says_that_something_is_left_out(self):
        lines = self.code("final/x.cpp#next #whole")
        self.assertEqual(lines[:5], ["int g();", "", "// …", "", "int f() {"])

    def test_all_regions_of_a_task_are_shown(self):
        lines = ["int a;", "", "int b;", "  // …", "  deeper();", "last();"]
        self.assertEqual(self.code("final/x.cpp#task 1.2"), lines)

    def test_the_language_is_that_of_the_file(self):
        for name, text, language in (
            ("a.h", "x", "cpp"),
            ("CMakeLists.txt", "x", "cmake"),
            ("a.toml", "x", "toml"),
            ("a.unknown", "x", ""),
        ):
            self.write(name, text)
            self.assertEqual(self.expanded(f"snip: {name}")[0], f"```{language}")

    def test_hash_comments_have_hash_ellipses(self):
        self.write("a.py", "# #region a\nx\n# #endregion a\ny\n# #region b\nz\n# #endregion b\n")
        self.assertEqual(self.expanded("snip: a.py#a #b")[1:-1], ["x", "", "# …", "", "z"])

    def test_code_with_fences_gets_a_longer_one(self):
        self.write("a.md", "````\nx\n````\n")
        lines = self.expanded("snip: a.md")
        self.assertEqual((lines[0], lines[-1]), ("`````md", "`````"))

    def test_trailing_space_and_other_line_ends_are_no_matter(self):
        self.source.write_bytes(b"\r\na  \r\n  b\r\n\r\n")
        self.assertEqual(self.code("final/x.cpp"), ["a", "  b"])


class Place(tree.SnipTest):
    def setUp(self):
        super().setUp()
        self.write("chapters/ch01_x/funnel/s.cpp", "void Socket::write_all() {}\n")

    def title(self, place):
        lines = self.expanded(f"snip: chapters/ch01_x/funnel/s.cpp\n     place: {place}")
        self.assertEqual(lines[1:3], ["", "```cpp"])
        return lines[0]

    def test_the_title_has_file_function_and_what_more_is_said(self):
        self.assertEqual(self.title("Socket::write_all"), "*`funnel/s.cpp`, `Socket::write_all`*")
        self.assertEqual(
            self.title("Socket::write_all(), new"), "*`funnel/s.cpp`, `Socket::write_all()`, new*"
        )
        self.assertEqual(self.title(""), "*`funnel/s.cpp`*")
        self.assertEqual(self.title(", a sketch"), "*`funnel/s.cpp`, a sketch*")

    def test_a_member_may_be_defined_in_its_class(self):
        self.write("chapters/ch01_x/funnel/s.cpp", "struct Box {\n  void open ();\n};\n")
        self.assertEqual(self.title("Box::open"), "*`funnel/s.cpp`, `Box::open`*")

    def test_an_operator_is_a_function_too(self):
        self.write("chapters/ch01_x/funnel/s.cpp", "Box& Box::operator=(Box&& other) {}\n")
        self.assertEqual(self.title("Box::operator=, moving"), "*`funnel/s.cpp`, `Box::operator=`, moving*")

    def test_a_function_that_the_file_does_not_have_is_stale(self):
        code = "// close(), Wrong::f()\n/* g() */\nint count;\nvoid Socket::write_all() {}\n"
        self.write("chapters/ch01_x/funnel/s.cpp", code)
        for name in (
            *("Socket::write", "write", "Wrong::write_all", "Socket::~write_all"),
            *("close", "Wrong::f", "g", "count", "::"),
        ):
            self.assertRefused(
                f"snip: chapters/ch01_x/funnel/s.cpp\nplace: {name}",
                f"place: chapters/ch01_x/funnel/s.cpp does not have {name!r}",
            )


class Errors(tree.SnipTest):
    def setUp(self):
        super().setUp()
        self.write("final/x.cpp", SOURCE)

    def test_a_missing_region_names_the_nearest(self):
        message = "final/x.cpp has no region 'hole'; did you mean whole?"
        self.assertRefused("snip: final/x.cpp#hole", message)

    def test_markers_that_are_not_right_are_told_with_their_line(self):
        one = "// #region a\n// #endregion a\n"
        self.write("final/y.cpp", one + one)
        message = "final/y.cpp:3: there is a region 'a' already, on line 1"
        self.assertRefused("snip: final/y.cpp#a", message)
        self.assertRefused("snip: final/y.cpp", message)

    def test_a_missing_file_and_what_is_no_file(self):
        self.assertRefused("snip: final/z.cpp", "final/z.cpp: no such file or directory")
        self.assertRefused("snip: final", "final is not a file")
        message = r"snip: is followed by control characters: 'a\x00b'"
        self.assertRefused("snip: a\0b", message)
        self.assertRefused("snip: #whole", "'' is no name of a file")
        self.assertRefused("snip: " + "x" * 5000, "x" * 5000)
        os.mkfifo(self.root / "fifo")
        self.assertRefused("snip: fifo", "fifo is not a file")
        (self.root / "round").symlink_to("round")
        self.assertRefused("snip: round", "round")

    def test_a_file_outside_the_clone(self):
        (self.root / "link.cpp").symlink_to(tree.REPOSITORY / "learn")
        message = "is outside the clone; name files from its root"
        for name in ("../x.cpp", "/etc/passwd", "link.cpp", str(self.root / "final/x.cpp")):
            self.assertRefused(f"snip: {name}", f"{name} {message}")

    def test_a_file_that_is_not_text(self):
        (self.root / "a.bin").write_bytes(b"\xff")
        self.assertRefused("snip: a.bin", "a.bin is not UTF-8")

    def test_nothing_to_show(self):
        self.write("final/y.cpp", "// #region a\n\n// #endregion a\n")
        self.assertRefused("snip: final/y.cpp#a", "final/y.cpp#a has nothing to show")
        self.assertRefused("snip: final/x.cpp#", "'final/x.cpp#' has a # without a region")
        self.assertRefused("snip:", "snip: is followed by nothing; say what to show")

    def test_options_that_it_does_not_know(self):
        known = "(options: place:)"
        for option in ("plcae: f", "place"):
            message = f"snip has no option {option!r}"
            self.assertIn(known, self.assertRefused(f"snip: final/x.cpp\n{option}", message))
        message = "the option 'place' is there twice"
        self.assertRefused("snip: final/x.cpp\nplace: f\nplace: f", message)
        message = "bench has no option 'place: f' (options: none)"
        self.assertRefused("bench: http\nplace: f", message)


if __name__ == "__main__":
    unittest.main()
