"""`diff:`: two places, two folders, a patch."""

import unittest

import tree

OLD = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
PATCH = """\
task: 1.2
why: somebody would

diff --git a/funnel/x.cpp b/funnel/x.cpp
--- a/funnel/x.cpp
+++ b/funnel/x.cpp
@@ -1,4 +1,4 @@ f()
 int f() {
   // #region task 1.2
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
        self.write("chapters/ch01_x/funnel/x.cpp", """
            int f() {
              // #region task 1.2
              return 1;

              // #endregion task 1.2
            }
            int g();
        """)
        self.patch = self.write(self.PLACE, PATCH)

    def test_a_patch_is_shown_without_head_markers_and_numbers(self):
        first, *lines, last = self.expanded(f"diff: {self.PLACE}")
        shown = [" int f() {", "-  return 1;", "+  return 2;", "@@ … @@"]
        self.assertEqual(lines, [*shown, "-int g();", "+++ h();", "+-- h();"])

    def test_its_title_names_the_file_that_it_changes(self):
        title = self.expanded(f"diff: {self.PLACE}\nplace: f, the mutant")[0]
        self.assertEqual(title, "*`funnel/x.cpp`, `f`, the mutant*")

    def test_a_patch_that_does_not_fit_any_more_is_stale(self):
        self.write("chapters/ch01_x/funnel/x.cpp", "int f() {\n  return 3;\n}\n")
        fits = f"{self.PLACE} does not fit chapters/ch01_x/funnel/x.cpp any more; make it anew"
        self.assertRefused(f"diff: {self.PLACE}", fits)

    def test_what_is_no_patch(self):
        for text in (
            "",
            "int x;\n",
            PATCH.replace("+++ b", "--- b"),
            PATCH.replace("-1,4", "-1,9"),
            PATCH.replace("-1,4", f"-1,{'9' * 5000}"),
            PATCH + PATCH.replace("x.cpp", "y.cpp"),
            PATCH + "@@ -0,0 +0,0 @@\n",
        ):
            self.write(self.PLACE, text)
            message = f"{self.PLACE} is no unified diff of one file"
            self.assertRefused(f"diff: {self.PLACE}", message)

    def test_a_patch_of_a_file_that_cannot_be(self):
        self.write(self.PLACE, PATCH.replace("funnel/x.cpp", "funnel/\0"))
        self.assertRefused(f"diff: {self.PLACE}", r"'chapters/ch01_x/funnel/\x00' is no name of")
        self.write(self.PLACE, PATCH.replace("funnel/x.cpp", "../../../x.cpp"))
        self.assertRefused(f"diff: {self.PLACE}", "chapters/ch01_x/../../../x.cpp is outside")


if __name__ == "__main__":
    unittest.main()
