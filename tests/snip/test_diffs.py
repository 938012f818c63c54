"""`diff:`: two places, two folders, a patch."""

import unittest

import tree

OLD = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
PATCH = """\
task: 1.1
killed-by: it counts
why: somebody would

diff --git a/funnel/x.cpp b/funnel/x.cpp
--- a/funnel/x.cpp
+++ b/funnel/x.cpp
@@ -1,4 +1,4 @@ f()
 int f() {
   // #region task 1.1
-  return 1;
+  return 2;

@@ -7 +7,2 @@
-int g();
+++ h();
+-- h();
"""


class Diff(tree.SnipTest):
    def lines(self, argument):
        first, *lines, last = self.expanded(f"diff: {argument}")
        self.assertEqual((first, last), ("```diff", "```"))
        return lines

    def test_two_files_are_shown_with_three_lines_around_and_no_numbers(self):
        self.write("final/a.cpp", OLD)
        self.write("final/b.cpp", OLD.replace("a", "A").replace("j", "J"))
        lines = ["-a", "+A", " b", " c", " d", "@@ … @@", " g", " h", " i", "-j", "+J"]
        self.assertEqual(self.lines("final/a.cpp..final/b.cpp"), lines)

    def test_two_regions_are_shown_without_their_markers(self):
        regions = tree.region("a", "  x", "  y") + tree.region("task 1.1", "x", "z")
        self.write("final/a.cpp", regions)
        self.assertEqual(self.lines("final/a.cpp#a .. final/a.cpp#task 1.1"), [" x", "-y", "+z"])

    def test_a_file_of_two_folders(self):
        for folder, text in (("ch01_a", "x"), ("ch02_b", "y")):
            path = f"chapters/{folder}/examples/fetch.cpp"
            self.write(path, tree.region("task 1.1", text) + f"rest {text}\n")
        where = "chapters/ch01_a..chapters/ch02_b"
        self.assertEqual(self.lines(f"examples/fetch.cpp#task 1.1 {where}"), ["-x", "+y"])
        changed = ["-x", "-rest x", "+y", "+rest y"]
        self.assertEqual(self.lines(f"examples/fetch.cpp {where}"), changed)

    def test_what_does_not_differ_or_is_no_pair(self):
        self.write("a.cpp", "x\n")
        self.assertRefused("diff: a.cpp..a.cpp", "diff: a.cpp and a.cpp are the same")
        for wrong in ("a.cpp", "a.cpp..", "..a.cpp", "a.cpp..a.cpp..a.cpp", "../x.patch"):
            self.assertRefused(f"diff: {wrong}", "diff: expected PLACE..PLACE")
        self.assertRefused("diff: a.cpp..b.cpp", "b.cpp: no such file or directory")
        self.assertRefused(f"diff: a.cpp final..{'x' * 5000}", "a.cpp final: no such file")


class Patch(tree.SnipTest):
    PLACE = "chapters/ch01_x/mutants/m.patch"

    def setUp(self):
        super().setUp()
        self.write("chapters/ch01_x/tasks.toml", tree.TASKS)
        self.path = self.write("chapters/ch01_x/funnel/x.cpp", """
            int f() {
              // #region task 1.1
              return 1;

              // #endregion task 1.1
            }
            int g();
        """)
        self.write(self.PLACE, PATCH)

    def test_a_patch_is_shown_without_head_markers_and_numbers(self):
        first, *lines, last = self.expanded(f"diff: {self.PLACE}")
        shown = [" int f() {", "-  return 1;", "+  return 2;", "@@ … @@"]
        self.assertEqual(lines, [*shown, "-int g();", "+++ h();", "+-- h();"])

    def test_its_title_names_the_file_that_it_changes(self):
        title = self.expanded(f"diff: {self.PLACE}\nplace: f, the mutant")[0]
        self.assertEqual(title, "*`funnel/x.cpp`, `f`, the mutant*")

    def test_a_patch_that_does_not_fit_any_more_is_stale(self):
        self.write("chapters/ch01_x/funnel/x.cpp", "int f() {\n  return 3;\n}\n")
        fits = f"{self.PLACE} does not fit chapters/ch01_x/funnel/x.cpp at line 1: make the patch"
        self.assertRefused(f"diff: {self.PLACE}", fits)

    def test_lines_that_are_in_two_places_are_no_place(self):
        text = self.path.read_text().replace("int g();", "\nint g();\nint g();")
        self.path.write_text(text)
        self.assertRefused(f"diff: {self.PLACE}", f"{self.PLACE} does not fit")

    def test_what_is_no_mutant_of_a_chapter(self):
        for text, message in (
            ("", ":1: expected `task: …`"),
            (PATCH.replace("why: ", "why "), ":3: expected `why: …`"),
            (PATCH.replace("+++ b", "--- b"), ":6: expected `--- a/funnel/NAME.cpp`"),
            (PATCH.replace("funnel/x.cpp", "../x.cpp"), ":6: expected `--- a/funnel/NAME.cpp`"),
            (PATCH.replace("-1,4", "-1,9"), ":8: this hunk has not the lines that its head counts"),
            (PATCH + PATCH[PATCH.index("---") :].replace("x.cpp", "y.cpp"), " is for chapters/ch01_x"),
            (PATCH.partition("diff")[0], ": there is no diff in it"),
        ):
            self.write(self.PLACE, text)
            self.assertRefused(f"diff: {self.PLACE}", self.PLACE + message)

    def test_a_mutant_of_two_files_is_refused(self):
        self.write("chapters/ch01_x/funnel/y.cpp", self.path.read_text())
        self.write(self.PLACE, PATCH + PATCH[PATCH.index("---") :].replace("x.cpp", "y.cpp"))
        message = f"{self.PLACE} changes more than one file; a page shows one"
        self.assertRefused(f"diff: {self.PLACE}", message)

    def test_patches_elsewhere_are_none(self):
        for name in ("m.patch", "chapters/ch01_x/m.patch", "chapters/x/mutants/m.patch"):
            message = f"diff: {name} is no mutant; expected chapters/chNN_NAME/mutants/NAME.patch"
            self.assertRefused(f"diff: {name}", message)


if __name__ == "__main__":
    unittest.main()
