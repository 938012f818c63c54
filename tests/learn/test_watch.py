"""`./learn watch N`: at each save the verdict anew, the first red test only."""

import contextlib
import os
import signal
import threading
import unittest

import support
from course import CourseTest
from learn.watcher import Changed, Watcher


class Watching(CourseTest):
    """Reads what a running `watch` prints, up to what a test waits for."""

    def setUp(self):
        super().setUp()
        self.main("start", "1")
        self.solve()

    def begin(self, *arguments):
        self.child = self.start("watch", *arguments)
        self.text = ""

        def read():
            with contextlib.suppress(ValueError, OSError):
                while data := os.read(self.child.stdout.fileno(), 1 << 16):
                    self.text += data.decode()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()

    def shows(self, text, times=1):
        found = support.wait_until(lambda: self.text.count(text) >= times)
        self.assertTrue(found, f"{text!r} is not {times} times in:\n{self.text}")

    def end(self):
        self.child.send_signal(signal.SIGINT)
        self.assertEqual(self.child.wait(20), 130)
        self.reader.join(20)
        self.assertEqual(self.child.stderr.read(), "")
        self.assertEqual(list((self.root / "tmp").iterdir()), [])

    def test_each_save_gives_a_verdict_until_ctrl_c(self):
        self.begin("1")
        self.shows("Chapter 1 is done")
        self.shows("watching work/ch01_small/funnel")
        self.becomes("fail")
        self.shows("hears nothing")
        self.shows("watching", 2)
        self.edit_work("funnel/door.cpp", "// a door opens: fail", "SYNTAX")
        self.shows("error: expected ';'")
        self.shows("watching", 3)
        self.edit_work("funnel/door.cpp", "SYNTAX", "// a door opens: pass")
        self.shows("Chapter 1 is done", 2)
        self.assertNotIn("\x1b", self.text)
        self.end()

    def test_a_file_that_goes_and_comes_back_is_told_and_forgiven(self):
        self.begin("1.2")
        self.shows("watching")
        path = self.work("funnel/house.cpp")
        content = path.read_text()
        path.unlink()
        self.shows("house.cpp is missing")
        self.shows("watching", 2)
        path.write_text(content)
        self.shows("is done", 2)
        self.end()

    def test_a_save_while_tests_run_begins_them_again(self):
        self.becomes("hang")
        self.begin("1.1")
        self.assertTrue(support.wait_until((self.root / "hangs").exists))
        self.edit_work("funnel/door.cpp", "// a door opens: hang", "// a door opens: pass")
        self.shows("is done")
        self.end()
        self.assertNotIn("was not done after", self.text)  # else it was the watchdog

    def test_a_chapter_that_has_changed_is_told_at_each_run(self):
        told = "chapter 1 has changed since you started it; ./learn start 1 --update"
        self.edit("chapters/ch01_small/funnel/house.cpp", "void close", "int added;\nvoid close")
        self.begin("1.1")
        self.shows("watching")
        self.assertEqual(self.text.count(told), 1, self.text)
        self.becomes("fail")
        self.shows(told, 2)
        self.end()

    def test_without_a_number_it_is_the_chapter_one_is_in(self):
        self.begin()
        self.shows("Chapter 1 is done")
        self.end()

    def test_on_a_terminal_the_screen_is_cleared(self):
        shown, code = self.on_terminal("watch", "1", answer="\x03", once="watching")
        self.assertEqual(code, 130, shown)
        self.assertIn("\x1b[H\x1b[2J", shown)


class Beginning(CourseTest):
    def test_what_is_not_started_is_not_watched(self):
        self.assertOneLine(self.main("watch", "1"), 1, "./learn start 1")
        self.assertOneLine(self.main("watch"), 1, "no chapter is started yet")
        self.assertOneLine(self.main("watch", "3"), 2, "there is no chapter '3'")


class Files(support.TreeTest):
    def setUp(self):
        super().setUp()
        self.write("a.cpp", "1")
        self.before = (self.root / "a.cpp").stat().st_mtime_ns
        self.watcher = Watcher([self.root])

    def test_saved_new_and_deleted_files_are_noticed(self):
        for change in (
            lambda: self.write("a.cpp", "22"),
            lambda: self.write("b.h", "1"),
            lambda: (self.root / "a.cpp").unlink(),
        ):
            change()
            self.assertEqual(len(self.watcher.wait()), 1)

    def test_what_editors_leave_beside_is_not(self):
        for name in (".a.cpp.swp", "a.cpp~", ".#b.h", "4913", "x.txt"):
            self.write(name)
        self.watcher._looked = 0
        self.watcher.check()

    def test_a_change_in_between_raises_once(self):
        self.write("a.cpp", "22")
        self.watcher._looked = 0
        with self.assertRaises(Changed):
            self.watcher.check()
        status = (self.root / "a.cpp").stat()
        self.write("a.cpp", "1")  # as it was before: there is something to do all the same
        os.utime(self.root / "a.cpp", ns=(status.st_atime_ns, self.before))
        self.assertTrue(self.watcher.wait())


if __name__ == "__main__":
    unittest.main()
