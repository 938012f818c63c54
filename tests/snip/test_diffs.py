"""`diff:`: two places, two folders, a mutant."""

import unittest

import tree

OLD = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
MUTANTS = """\
[[mutant]]
name = "m"
task = "1.1"
killed-by = "it counts"
why = "Somebody would."
file = "funnel/x.cpp"
replace = '''
  // #region task 1.1
  return 1;'''
with = '''
  // #region task 1.1
  return 2;'''
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
        for wrong in ("a.cpp", "a.cpp..", "..a.cpp", "a.cpp..a.cpp..a.cpp", "../x.cpp"):
            self.assertRefused(f"diff: {wrong}", "diff: expected PLACE..PLACE")
        self.assertRefused("diff: a.cpp..b.cpp", "b.cpp: no such file or directory")
        self.assertRefused(f"diff: a.cpp final..{'x' * 5000}", "a.cpp final: no such file")


class Mutant(tree.SnipTest):
    TOML = "chapters/ch01_x/mutants.toml"
    PLACE = f"{TOML}#m"

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
        self.write(self.TOML, MUTANTS)

    def test_a_mutant_is_shown_without_markers_and_numbers(self):
        first, *lines, last = self.expanded(f"diff: {self.PLACE}")
        self.assertEqual(lines, ["-  return 1;", "+  return 2;"])

    def test_its_title_names_the_file_that_it_changes(self):
        title = self.expanded(f"diff: {self.PLACE}\nplace: f, the mutant")[0]
        self.assertEqual(title, "*`funnel/x.cpp`, `f`, the mutant*")

    def test_a_mutant_that_does_not_fit_any_more_is_stale(self):
        self.write("chapters/ch01_x/funnel/x.cpp", "int f() {\n  return 3;\n}\n")
        message = f"{self.TOML}: m: its text is nowhere in chapters/ch01_x/funnel/x.cpp"
        self.assertRefused(f"diff: {self.PLACE}", message)

    def test_what_is_wrong_with_the_file_is_told(self):
        for text, message in (
            ("[[mutant", " is not TOML"),
            (MUTANTS.replace("why =", "because ="), ": m: expected a text for 'why'"),
            (MUTANTS.replace('"m"', '"n"'), " has no mutant 'm'"),
        ):
            self.write(self.TOML, text)
            self.assertRefused(f"diff: {self.PLACE}", self.TOML + message)

    def test_mutants_elsewhere_are_none(self):
        for name in ("mutants.toml", "chapters/ch01_x/mutants.toml", "chapters/x/mutants.toml#m"):
            message = f"diff: {name} is not a mutant; expected chapters/chNN_NAME/mutants.toml#NAME"
            self.assertRefused(f"diff: {name}", message)


if __name__ == "__main__":
    unittest.main()
