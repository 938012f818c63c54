"""`./learn run`, `trace` and `compare --mine`: programs of a chapter, the learner's where there."""

import json
import signal
import unittest

import fakes
from course import CourseTest
from learn import programs
from learn.commands.trace import without_noise
from learn.errors import LearnError


class Run(CourseTest):
    def test_an_example_gets_its_arguments_and_our_process(self):
        result = self.learn("run", "1", "hello", "--port", "0", "x")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], "funnel_ch01_hello --port 0 x")
        self.assertIn("hello, the reference", result.stderr)

    def test_the_learners_is_taken_when_it_is_there(self):
        self.main("start", "1")
        result = self.learn("run", "1", "hello")
        self.assertEqual(result.stdout.splitlines()[-1], "mine_ch01_hello")
        result = self.learn("run", "--reference", "1", "hello")
        self.assertEqual(result.stdout.splitlines()[-1], "funnel_ch01_hello")
        self.work("examples/hello.cpp").rename(self.work("examples/other.cpp"))
        self.assertOneLine(self.main("run", "1", "other"), 1, "examples/hello.cpp is missing")

    def test_with_sanitizers_it_is_the_build_of_the_tests(self):
        result = self.learn("run", "--sanitize", "1", "hello")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("--preset learner --target funnel_ch01_hello", (self.root / "calls").read_text())

    def test_its_options_are_taken_before_and_behind_the_name_up_to_two_dashes(self):
        self.main("start", "1")
        for arguments, expected in (
            (("hello", "--reference", "--sync", "x"), "funnel_ch01_hello --sync x"),
            (("hello", "--sync", "--", "--reference"), "mine_ch01_hello --sync --reference"),
            (("hello", "--", "--", "-h"), "mine_ch01_hello -- -h"),
        ):
            result = self.learn("run", "1", *arguments)
            self.assertEqual(result.stdout.splitlines()[-1], expected)
        self.assertOneLine(self.main("run", "1", "--sync", "hello"), 2, "there is no option --sync")
        self.assertIn("usage: ./learn run", self.main("run", "1", "hello", "--help").stdout)

    def ignored(self, *arguments):
        """Which signals a program ignores that was started so, of those that Python ignores."""
        line = self.learn(*arguments).stdout.splitlines()[-1]
        mask = int(line.removeprefix("SigIgn:"), 16)
        return {s for s in (signal.SIGPIPE, signal.SIGXFSZ) if mask >> (s - 1) & 1}

    STATUS = "grep SigIgn /proc/self/status\n"

    def test_it_gets_signals_as_when_it_is_started_by_itself(self):
        self.shell("fakes/example", self.STATUS)
        self.assertEqual(self.ignored("run", "1", "hello"), set())

    def test_so_does_a_demo(self):
        self.write("final/demos/hello/hello.cpp")
        self.shell("build/release/bin/hello", self.STATUS)
        self.assertEqual(self.ignored("demo", "hello"), set())

    def test_a_build_that_makes_nothing_is_told(self):
        self.program("path/cmake", fakes.CMAKE)
        missing = "the build did not make build/release/bin/funnel_ch01_hello"
        self.assertIn(missing, self.main("run", "1", "hello").stderr)

    def test_without_a_name_they_are_listed(self):
        for name in ("my-own", ".#hello", "hello copy", "hello.old"):
            self.write(f"chapters/ch01_small/examples/{name}.cpp", "// Mine.\n")
        text = self.main("run", "1").stdout
        self.assertIn("hello   Says hello\n", text)
        self.assertIn("my-own  Mine\n", text)
        self.assertEqual(len(text.splitlines()), 6, text)

    def test_an_unknown_one_is_answered_with_the_nearest(self):
        self.assertOneLine(self.main("run", "1", "hallo"), 2, "no example 'hallo'; did you mean hello?")

    def test_the_learners_compile_error_is_explained(self):
        self.main("start", "1")
        self.edit_work("funnel/door.cpp", 'funnel::not_implemented("1.1");', "SYNTAX")
        result = self.main("run", "1", "hello")
        self.assertEqual(result.returncode, 1)
        self.assertIn("your code does not compile: task 1.1", result.stdout)


class Trace(CourseTest):
    def test_a_recording_is_printed_as_it_is(self):
        text = "# $ hello --once\n12 0.000001 recvfrom(3, \"\") = 0\n"
        self.write("book/recordings/ch01-hello.trace", text)
        self.assertEqual(self.main("trace", "1", "hello").stdout, text)
        self.assertIn("./learn trace 1 hello", self.main("trace", "1").stdout)
        self.assertOneLine(self.main("trace", "1", "helo"), 2, "did you mean hello?")

    def test_without_recordings_it_says_so(self):
        self.assertOneLine(self.main("trace", "1"), 1, "nothing of chapter 1 is recorded yet")

    def record(self, *arguments):
        return self.main("trace", "1", "hello", "--record", *arguments)

    def strace(self, code):
        self.program("path/strace", code)

    STRACE = """
        import sys
        out = sys.argv[sys.argv.index("-o") + 1]
        open(out, "w").write(f"1 0.0 write({sys.argv[-1]})\\n")
    """

    def test_it_is_made_with_strace_and_remembers_its_arguments(self):
        self.strace(self.STRACE)
        self.assertEqual(self.record("--", "--urls", "two words").returncode, 0)
        path = self.root / "book/recordings/ch01-hello.trace"
        first = path.read_text().splitlines()[0]
        self.assertEqual(first, "# $ hello --urls 'two words'")
        path.write_text(first + "\nold\n")
        self.assertEqual(self.record().returncode, 0)
        self.assertEqual(path.read_text().splitlines(), [first, "1 0.0 write(two words)"])

    def test_how_it_is_loaded_and_what_the_resolver_asks_is_left_out(self):
        lines = [
            "7      0.000000 close(3) = 0",
            "7      0.500000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
            "7      0.000001 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 4",
            "7      0.000002 recvmsg(4, {msg_name={nl_pid=0}}) = 396",
            "7      0.000003 connect(3, {sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0",
            "7      +++ exited with 0 +++",
        ]
        connect = lines[4].replace("0.000003", "0.000006")
        self.assertEqual(without_noise(lines), [lines[1], connect, lines[5]])

    def test_what_would_be_ignored_is_refused(self):
        self.write("book/recordings/ch01-hello.trace", "old\n")
        result = self.main("trace", "1", "hello", "--", "--urls", "3")
        self.assertOneLine(result, 2, "are for --record")
        self.assertOneLine(self.main("trace", "1", "--record"), 2, "--record takes the name")

    def second_chapter(self):
        for path in sorted((self.root / "chapters/ch01_small").rglob("*")):
            if path.is_file():
                name = str(path.relative_to(self.root)).replace("ch01_small", "ch02_loop")
                text = path.read_text().replace("chapter = 1", "chapter = 2").replace('"1.', '"2.')
                self.write(name, text)

    EVENT = '{{"seq":{},"time_ns":1500000,"turn":2,"kind":"{}","id":7,"parent":{},"name":"tick"}}'

    def test_a_loops_trace_is_recorded_by_the_program_and_shown_as_a_table(self):
        self.second_chapter()
        lines = [self.EVENT.format(1, "timer.run", 0), self.EVENT.format(2, "timer.add", 7)]
        program = f"import os\nprint({lines[0]!r}, {lines[1]!r}, sep='\\n', file=open(os.environ['FUNNEL_TRACE'], 'w'))"
        self.program("fakes/example", program)
        result = self.main("trace", "2", "hello", "--record", "--", "--once")
        self.assertIn("wrote book/recordings/ch02-hello.jsonl: 2 events", result.stdout)
        shown = self.main("trace", "2", "hello").stdout.splitlines()
        self.assertEqual(shown[1].split(), ["1.500", "2", "timer.run", "#7", "tick"])
        self.assertEqual(shown[2].split(), ["1.500", "2", "timer.add", "#7", "#7", "tick"])
        self.assertIn("./learn trace 2 hello", self.main("trace", "2").stdout)

    def test_a_loops_trace_that_is_none(self):
        self.second_chapter()
        good = self.EVENT.format(1, "timer.run", 0)
        for text, part in (
            ("{", ":1: is not JSON"),
            ("[]", ":1: is not an object"),
            (good.replace('"turn":2', '"turn":"2"'), ":1: expected 'turn' to be a number"),
            (good.replace('"tick"', "3"), ":1: expected 'name' to be a text"),
            (good.replace('"id"', '"colour":1,"id"'), ":1: nothing is known of 'colour'"),
            (good + "\n" + good, ":2: seq is 1, expected 2"),
            ("", " is empty: does the program run a loop?"),
        ):
            self.write("book/recordings/ch02-hello.jsonl", text)
            self.assertOneLine(self.main("trace", "2", "hello"), 1, "ch02-hello.jsonl", part)
        self.program("fakes/example", "")
        result = self.main("trace", "2", "hello", "--record")
        self.assertOneLine(result, 1, "the trace of hello is empty")

    def test_a_program_that_fails_changes_no_recording(self):
        path = self.write("book/recordings/ch01-hello.trace", "old\n")
        self.strace("raise SystemExit(3)")
        self.assertOneLine(self.record(), 1, "hello ended with exit code 3")
        self.assertEqual(path.read_text(), "old\n")


class Compare(CourseTest):
    def listed(self, target="funnel_ch01_hello"):
        toml = f"""
            [[program]]
            name = "hello"
            order = 1
            target = "{target}"
            path = "bin/{target}"
            args = []
            waits = "not at all"
        """
        self.write("chapters/ch01_small/examples/compare.toml", toml)
        return programs.discover(self.root)

    def test_the_learners_programs_take_the_chapters_places(self):
        self.main("start", "1")
        [mine], [chapter] = programs.with_mine(self.root, self.listed())
        self.assertEqual(chapter, self.chapter)
        self.assertEqual(mine.name, "hello (yours)")
        self.assertEqual((mine.target, mine.path), ("mine_ch01_hello", "bin/mine_ch01_hello"))

    def test_without_any_it_says_so(self):
        with self.assertRaises(LearnError):
            programs.with_mine(self.root, self.listed())
        self.main("start", "1")
        with self.assertRaises(LearnError):
            programs.with_mine(self.root, self.listed("demo_fetch"))

    def test_one_that_the_learner_has_not_stays_the_chapters(self):
        self.main("start", "1")
        self.write("chapters/ch01_small/examples/other.cpp")
        text = (self.root / "chapters/ch01_small/examples/compare.toml")
        self.listed()
        first = text.read_text()
        text.write_text(first + first.replace("hello", "other"))
        found, _ = programs.with_mine(self.root, programs.discover(self.root))
        self.assertEqual([p.target for p in found], ["mine_ch01_hello", "funnel_ch01_other"])

    def test_a_file_that_is_missing_is_named_before_the_build(self):
        self.main("start", "1")
        self.listed()
        self.work("funnel/house.cpp").unlink()
        result = self.main("compare", "--mine")
        self.assertOneLine(result, 1, "house.cpp is missing", "./learn reset 1 funnel/house.cpp")

    def test_the_learners_compile_error_is_explained(self):
        self.main("start", "1")
        self.listed()
        self.edit_work("funnel/door.cpp", 'funnel::not_implemented("1.1");', "SYNTAX")
        result = self.main("compare", "--mine")
        self.assertOneLine(result, 1, "before your code compiles")
        self.assertIn("your code does not compile: task 1.1", result.stdout)
        [event] = self.main("compare", "--mine", "--events").stdout.splitlines()
        self.assertIn("before your code compiles", json.loads(event)["message"])

    def test_an_error_in_what_is_not_the_learners_is_not(self):
        self.main("start", "1")
        toml = "chapters/ch01_small/examples/compare.toml"
        self.listed()
        other = (self.root / toml).read_text().replace("hello", "other")
        self.edit("chapters/ch01_small/funnel/door.cpp", "push();", "SYNTAX")
        (self.root / toml).write_text((self.root / toml).read_text() + other)
        result = self.main("compare", "--mine")
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("your code", result.stdout)
        self.assertIn("learn: the release build failed", result.stderr)

    def test_a_program_with_an_unwritten_task_names_it(self):
        self.main("start", "1")
        self.listed()
        say = "task 1.1 is not written yet: Open it"
        fake = f"import sys\nprint('{say}', file=sys.stderr)\nprint('more', file=sys.stderr)\nsys.exit(86)"
        self.program("build/release/bin/mine_ch01_hello", fake)
        result = self.main("compare", "--mine", "--no-build", "http://127.0.0.1:9/")
        self.assertIn(say, result.stdout)


if __name__ == "__main__":
    unittest.main()
