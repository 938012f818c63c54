"""The learner's copy: started, reset, brought up to date; nothing that was written is lost."""

import json
import shutil
import textwrap
import unittest

from course import HOUSE, CourseTest
from learn import work
from learn.errors import LearnError


class WorkTest(CourseTest):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.main("start", "1").returncode, 0)

    def backups(self, name):
        found = sorted(self.root.glob(f"work/backup/*/ch01_small/{name}"))
        return [path.read_text() for path in found]


class Starting(CourseTest):
    def test_a_chapter_is_copied_with_stubs(self):
        result = self.main("start", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 tasks, 3 tests, red is expected", result.stdout)
        self.assertIn("Next: 1.1 Open it", result.stdout)
        door = self.work("funnel/door.cpp").read_text()
        self.assertEqual(door.count('  // #region task 1.1\n  funnel::not_implemented("1.1");\n'), 2)
        self.assertNotIn("push", door)
        include = "#include <funnel/door.h>\n#include <funnel/not_implemented.h>\n\n"
        self.assertTrue(door.startswith(include), door)
        self.assertTrue(self.work("examples/hello.cpp").exists())
        self.assertFalse(self.work("examples/compare.toml").exists())
        header = self.work("funnel/not_implemented.h").read_text()
        self.assertIn('{"1.2", "Close it",', header)
        self.assertIn("std::_Exit(86);", header)

    def test_an_editor_finds_how_each_file_is_compiled(self):
        self.main("start", "1")
        entries = json.loads(self.work("compile_commands.json").read_text())
        files = [entry["file"] for entry in entries]
        self.assertIn("funnel/door.cpp", files)
        self.assertIn("funnel/door.h", files)
        for entry in entries:
            self.assertEqual(entry["directory"], str(self.work()))
            self.assertIn(f"-I{self.work()}", entry["arguments"])
            self.assertTrue(self.work(entry["file"]).is_file(), entry["file"])
        self.work("compile_commands.json").unlink()
        self.edit("chapters/ch01_small/funnel/door.h", "#pragma once", "#pragma once\n// changed")
        self.assertEqual(self.main("start", "1", "--update").returncode, 0)
        self.assertTrue(self.work("compile_commands.json").is_file())

    def test_the_stubs_header_knows_the_tasks_of_every_chapter(self):
        toml = (self.root / "chapters/ch01_small/tasks.toml").read_text()
        second = toml.replace("chapter = 1", "chapter = 2").replace('"1.', '"2.')
        self.write("chapters/ch02_more/tasks.toml", second.replace("Close it", "Lock it"))
        self.main("start", "1")
        header = self.work("funnel/not_implemented.h").read_text()
        self.assertIn('{"1.2", "Close it",', header)
        self.assertIn('{"2.2", "Lock it",', header)

    def test_what_is_there_is_not_overwritten(self):
        self.write("work/ch01_small/mine.txt", "precious")
        self.assertOneLine(self.main("start", "1"), 1, "is there already", "reset 1")
        self.assertEqual(self.work("mine.txt").read_text(), "precious")

    def test_what_is_left_of_a_chapter_can_be_reset(self):
        self.main("start", "1")
        shutil.rmtree(self.work("funnel"))
        self.assertOneLine(self.main("start", "1"), 1, "is there already", "reset 1")
        self.assertOneLine(self.main("test", "1"), 1, "funnel/door.cpp and 3 more is missing")
        self.assertEqual(self.main("reset", "1", "--yes").returncode, 0)
        self.assertIn("not_implemented", self.work("funnel/door.cpp").read_text())

    def test_a_start_that_fails_leaves_nothing(self):
        self.edit("chapters/ch01_small/funnel/house.cpp", "// #endregion task 1.2", "")
        result = self.main("start", "1")
        self.assertOneLine(result, 1, "chapters/ch01_small/funnel/house.cpp:5", "never ended")
        self.assertFalse(self.work().exists())

    def test_a_folder_that_cannot_be_written_is_one_line(self):
        self.write("work", "a file, not a folder")
        self.assertOneLine(self.main("start", "1"), 1, "cannot write work/ch01_small")

    def test_without_a_terminal_nobody_is_asked(self):
        result = self.main("start", "1")
        self.assertNotIn("git", result.stdout)

    def test_work_becomes_a_repository_when_one_agrees(self):
        shown, code = self.on_terminal("start", "1", answer="\n")
        self.assertEqual(code, 0, shown)
        self.assertIn("work/ is a git repository now", shown)
        self.assertTrue((self.root / "work/.git").is_dir())

    def test_work_becomes_none_when_one_does_not(self):
        shown, code = self.on_terminal("start", "1", answer="n\n")
        self.assertEqual(code, 0, shown)
        self.assertFalse((self.root / "work/.git").exists())

    def test_quotes_in_a_task_are_no_harm_to_the_header(self):
        self.edit("chapters/ch01_small/tasks.toml", "Nobody waits outside.", 'It says \\"a\\\\b\\".')
        self.main("start", "1")
        header = self.work("funnel/not_implemented.h").read_text()
        self.assertIn(r'"It says \"a\\b\".",', header)


class Resetting(WorkTest):
    def test_a_task_is_a_stub_again_and_what_was_there_is_kept(self):
        self.solve("a door closes")
        self.main("test", "1.2")
        result = self.main("reset", "1.2")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"work/backup/[-\d]+/ch01_small/funnel/house.cpp")
        self.assertIn('not_implemented("1.2")', self.work("funnel/house.cpp").read_text())
        self.assertIn("// a door closes: pass", self.backups("funnel/house.cpp")[0])
        self.assertIn("not begun", self.main("list").stdout)

    def test_only_the_tasks_regions_change(self):
        self.solve()
        self.edit_work("funnel/door.cpp", "}  // namespace", "int helper;\n}  // namespace")
        self.edit_work("funnel/door.cpp", "#include <funnel/not_implemented.h>\n", "")
        self.main("reset", "1.1")
        text = self.work("funnel/door.cpp").read_text()
        self.assertIn("int helper;", text)
        self.assertIn("#include <funnel/not_implemented.h>", text)

    def test_a_stub_has_nothing_to_reset(self):
        result = self.main("reset", "1.1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("nothing to reset", result.stdout)
        self.assertEqual(self.backups("*"), [])

    def test_an_emptied_task_gets_its_stub_back(self):
        self.edit_work("funnel/house.cpp", '  funnel::not_implemented("1.2");\n', "")
        self.assertIn("is a stub again", self.main("reset", "1.2").stdout)
        self.assertIn('not_implemented("1.2")', self.work("funnel/house.cpp").read_text())
        self.assertEqual(len(self.backups("funnel/house.cpp")), 1)

    def test_a_file_can_be_had_anew(self):
        self.edit_work("funnel/door.cpp", "// #endregion task 1.1\n", "")
        for name in ("door.cpp", "funnel/door.cpp", "work/ch01_small/funnel/door.cpp"):
            self.assertEqual(self.main("reset", "1", name).returncode, 0, name)
        self.assertEqual(len(self.backups("funnel/door.cpp")), 3)
        self.assertOneLine(self.main("reset", "1", "dor.cpp"), 2, "has no file 'dor.cpp'", "door.cpp")
        self.assertOneLine(self.main("reset", "1.1", "door.cpp"), 2, "a task or a file, not both")

    def test_a_file_that_was_deleted_comes_back(self):
        self.work("funnel/house.cpp").unlink()
        result = self.main("test", "1")
        self.assertOneLine(result, 1, "house.cpp is missing", "./learn reset 1 funnel/house.cpp")
        self.main("reset", "1", "funnel/house.cpp")
        self.assertTrue(self.work("funnel/house.cpp").exists())

    def test_a_chapter_is_reset_after_a_question_only(self):
        self.solve()
        self.assertOneLine(self.main("reset", "1"), 1, "it takes --yes")
        shown, code = self.on_terminal("reset", "1", answer="\n")
        self.assertEqual((code, "nothing was changed" in shown), (1, True), shown)
        shown, code = self.on_terminal("reset", "1", answer="y\n")
        self.assertEqual(code, 0, shown)
        self.assertIn("not_implemented", self.work("funnel/door.cpp").read_text())
        self.assertIn("// a door opens: pass", self.backups("funnel/door.cpp")[0])

    def test_without_a_start_there_is_nothing_to_reset(self):
        self.main("reset", "1", "--yes")
        for path in sorted((self.root / "work").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        self.assertOneLine(self.main("reset", "1.1"), 1, "not started chapter 1", "./learn start 1")


class Markers(WorkTest):
    def damaged(self, old, new, *parts, way_out="./learn reset 1 funnel/house.cpp"):
        text = self.work("funnel/house.cpp").read_text()
        self.work("funnel/house.cpp").write_text(text.replace(old, new))
        for command in (("diff", "1.2"), ("reset", "1.2")):
            result = self.main(*command)
            self.assertOneLine(result, 1, *parts, way_out)
        self.assertEqual(self.main("list").returncode, 0)
        self.assertIn("1.2", self.main().stdout)
        self.work("funnel/house.cpp").write_text(text)

    def test_whatever_became_of_them_the_way_out_is_named(self):
        name, end = "work/ch01_small/funnel/house.cpp", "// #endregion task 1.2"
        begin = "// #region task 1.2"
        self.damaged(
            end, "", f"{name}:6: the region 'task 1.2' is never ended",
            way_out=f"(put `{end}` back before line 9)",
        )  # fmt: skip
        self.damaged(
            begin, "", f"{name}:8: the end of a region", "never began",
            way_out=f"(put `{begin}` back before line 6)",
        )  # fmt: skip
        self.damaged(begin, f"{begin}\n{begin}", f"{name}:7: the region 'task 1.2' begins again")
        self.damaged(end, "// #endregion task 1.1", f"{name}:8: the end of a region 'task 1.1'")
        self.damaged(begin, f"{begin}\n{end}\n{begin}", "has 2 regions of task 1.2, the chapter has 1")
        self.work("funnel/house.cpp").write_bytes(b"\xff")
        self.assertOneLine(self.main("diff", "1.2"), 1, "is not UTF-8")

    def note(self, task="1.2"):
        """What a test's run says of the markers, which is one line."""
        lines = self.main("test", task).stdout.splitlines()
        [note] = [line for line in lines if "region" in line]
        return note

    def test_one_that_is_lost_is_put_back_where_it_was_and_the_work_stays(self):
        self.solve()
        file = self.work("funnel/door.cpp")
        self.edit_work("funnel/door.cpp", "namespace funnel {\n", "int helper;\nnamespace funnel {\n")
        whole = file.read_text()
        lines = whole.splitlines(keepends=True)
        markers = [n for n, line in enumerate(lines, 1) if "region task 1.1" in line]
        self.assertEqual(len(markers), 4)
        for number in markers:
            file.write_text("".join(lines[: number - 1] + lines[number:]))
            marker = lines[number - 1].strip()
            way_out = f"(put `{marker}` back before line {number})"
            for command in (("diff", "1.1"), ("reset", "1.1")):
                self.assertOneLine(self.main(*command), 1, way_out)
            self.assertIn(way_out, self.note("1.1"))
            for command in ((), ("start", "1", "--update")):
                self.assertIn(way_out, self.main(*command).stdout)

    def test_where_what_was_given_has_changed_too_it_is_said_between_which_lines(self):
        self.edit_work("funnel/house.cpp", "// #endregion task 1.2\n}", "}\nint helper;")
        self.assertIn("(put `// #endregion task 1.2` back between lines 6 and 10)", self.note())
        self.main("reset", "1", "house.cpp")
        self.edit_work("funnel/house.cpp", "{\n  // #region task 1.2", "\n{")
        self.assertIn("(put `// #region task 1.2` back between lines 1 and 8)", self.note())
        self.main("reset", "1", "house.cpp")
        self.edit_work("funnel/house.cpp", "{\n  // #region task 1.2", "{\n}\nvoid close() {")
        self.assertIn("(put `// #region task 1.2` back between lines 1 and 9)", self.note())

    def test_an_update_that_needs_it_names_it(self):
        self.solve()
        self.edit("chapters/ch01_small/funnel/house.cpp", "void close", "int added;\nvoid close")
        self.edit_work("funnel/house.cpp", "  // #endregion task 1.2\n", "")
        result = self.main("start", "1", "--update")
        self.assertOneLine(result, 1, "put `// #endregion task 1.2` back before line 8")

    def test_tests_run_without_them_all_the_same(self):
        text = "// what is given works: pass\n// a door closes: pass\n"
        self.write("work/ch01_small/funnel/house.cpp", text)
        self.assertEqual(self.main("test", "1.2").returncode, 0)


class ChangedChapter(WorkTest):
    def test_a_chapter_that_stayed_the_same_is_up_to_date(self):
        self.solve()
        self.assertEqual(work.outdated(self.chapter), [])
        self.assertIn("is up to date", self.main("start", "1", "--update").stdout)

    def test_changes_are_noticed_and_taken_over_and_the_tasks_stay(self):
        self.solve("a door closes")
        self.edit("chapters/ch01_small/funnel/house.cpp", "void close", "int added;\nvoid close")
        self.write("chapters/ch01_small/funnel/new.h", "// new\n")
        for command in (("test", "1.2"), ()):
            said = self.main(*command)
            self.assertIn("chapter 1 has changed", said.stdout + said.stderr)
        result = self.main("start", "1", "--update")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = self.work("funnel/house.cpp").read_text()
        self.assertIn("int added;", text)
        self.assertIn("// a door closes: pass", text)
        self.assertNotIn("int added;", self.backups("funnel/house.cpp")[0])
        self.assertTrue(self.work("funnel/new.h").exists())
        self.assertEqual(self.main("test", "1.2").returncode, 0)
        self.assertEqual(work.outdated(self.chapter), [])

    def test_what_the_learner_changed_in_a_file_that_stayed_is_left(self):
        self.write("work/ch01_small/funnel/door.h", "#pragma once\nint mine;\n")
        self.edit("chapters/ch01_small/funnel/house.cpp", "void close", "int added;\nvoid close")
        self.main("start", "1", "--update")
        self.assertIn("int mine;", self.work("funnel/door.h").read_text())

    def test_a_file_that_the_chapter_dropped_is_moved_away(self):
        self.write("chapters/ch01_small/funnel/old.h", "// old\n")
        self.main("reset", "1", "--yes")
        (self.root / "chapters/ch01_small/funnel/old.h").unlink()
        self.main("start", "1", "--update")
        self.assertFalse(self.work("funnel/old.h").exists())
        self.assertEqual(self.backups("funnel/old.h"), ["// old\n"])

    def test_a_task_with_other_regions_now_is_not_guessed_at(self):
        self.solve()
        self.edit(
            "chapters/ch01_small/funnel/house.cpp",
            "pull();",
            "pull();\n  // #endregion task 1.2\n  // #region task 1.2",
        )
        result = self.main("start", "1", "--update")
        self.assertOneLine(result, 1, "has 1 region of task 1.2, the chapter has 2 now")
        self.assertIn("a door closes: pass", self.work("funnel/house.cpp").read_text())

    def cannot_update(self, name, *parts):
        """The update is refused, and changes nothing of a file."""
        before = self.work(name).read_text()
        result = self.main("start", "1", "--update")
        self.assertOneLine(result, 1, f"work/ch01_small/{name}:", *parts)
        self.assertEqual(self.work(name).read_text(), before)

    HOUSE = "funnel/house.cpp"
    ANEW = "./learn reset 1 funnel/house.cpp gives you the file anew, with a backup"

    def test_code_whose_markers_are_gone_is_not_taken_for_none(self):
        self.solve()
        self.edit("chapters/ch01_small/funnel/house.cpp", "void close", "int added;\nvoid close")
        self.edit_work(self.HOUSE, "// #region task 1.2", "")
        way_out = "put `// #region task 1.2` back before line 6"
        self.cannot_update(self.HOUSE, ":8: the end of a region 'task 1.2'", way_out)
        self.edit_work(self.HOUSE, "// #endregion task 1.2", "")
        self.cannot_update(
            self.HOUSE, "has 0 regions of task 1.2, the chapter has 1 now", self.ANEW
        )

    def move_the_task(self):
        """Lets the chapter have task 1.2 in the file of 1.1; returns what that file was."""
        chapter = self.root / "chapters/ch01_small"
        region = textwrap.dedent(HOUSE).partition("\n\n")[2]
        self.edit("chapters/ch01_small/tasks.toml", self.HOUSE, "funnel/door.cpp")
        (chapter / "funnel/door.cpp").write_text((chapter / "funnel/door.cpp").read_text() + region)
        return chapter / self.HOUSE

    def test_code_of_a_task_that_is_elsewhere_now_is_not_dropped(self):
        self.solve("a door closes")
        self.move_the_task().write_text("// nothing is left to write here\n")
        self.main("reset", "1", "door.cpp")
        self.cannot_update(
            self.HOUSE, "has 1 region of task 1.2, the chapter has none now", self.ANEW
        )
        self.main("reset", "1", "house.cpp")
        self.assertEqual(self.main("start", "1", "--update").returncode, 0)

    def test_code_in_a_file_that_the_chapter_dropped_is_not_deleted(self):
        self.solve("a door closes")
        self.move_the_task().unlink()
        self.main("reset", "1", "door.cpp")
        way_out = "the chapter has dropped this file: move what you need of it, and delete it"
        self.cannot_update(self.HOUSE, "the chapter has none now", way_out)
        self.work(self.HOUSE).unlink()
        self.assertEqual(self.main("start", "1", "--update").returncode, 0)

    def test_a_stub_in_a_file_that_the_chapter_dropped_goes_with_it(self):
        self.move_the_task().unlink()
        self.main("reset", "1", "door.cpp")
        self.assertEqual(self.main("start", "1", "--update").returncode, 0)
        self.assertFalse(self.work(self.HOUSE).exists())

    def test_a_memory_that_is_lost_is_no_matter(self):
        self.solve()
        self.work(".made-from").unlink()
        self.assertEqual(work.outdated(self.chapter), [])
        self.assertEqual(self.main("start", "1", "--update").returncode, 0)
        self.assertIn("a door closes: pass", self.work("funnel/house.cpp").read_text())

    def test_only_a_started_chapter_can_be_brought_up_to_date(self):
        self.work().rename(self.root / "work/elsewhere")
        self.assertOneLine(self.main("start", "1", "--update"), 2, "is not started")


class Backups(WorkTest):
    def test_two_in_one_second_do_not_meet(self):
        kept = {work.backup(self.chapter, ["funnel/door.cpp"]) for _ in range(3)}
        self.assertEqual(len(kept), 3)

    def test_a_backup_that_cannot_be_made_stops_the_reset(self):
        self.solve()
        self.write("work/backup", "a file, not a folder")
        with self.assertRaises(LearnError) as caught:
            work.reset_task(self.chapter, self.chapter.tasks[0])
        self.assertIn("cannot write work/backup", caught.exception.message)
        self.assertIn("a door opens: pass", self.work("funnel/door.cpp").read_text())


if __name__ == "__main__":
    unittest.main()
