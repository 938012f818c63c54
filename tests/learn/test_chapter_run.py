"""`./learn test N.M`: whose code is tested, what a red test shows, what a green one says."""

import os
import signal
import unittest
from unittest import mock

import support
from course import CourseTest
from learn import cases, chapter_test
from learn.progress import Progress
from learn.cases import Test
from learn.versions import REFERENCE


class RunTest(CourseTest):
    def run_tests(self, *arguments, code=None):
        result = self.main("test", *arguments)
        self.assertNotIn("Traceback", result.stdout + result.stderr)
        if code is not None:
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def calls(self):
        path = self.root / "calls"
        return path.read_text() if path.exists() else ""


class Whose(RunTest):
    def test_the_reference_when_nothing_was_started(self):
        result = self.run_tests("1", code=0)
        self.assertIn("the reference (chapters/ch01_small; chapter 1 is not started)", result.stdout)
        self.assertIn("4 tests green", result.stdout)
        self.assertIn("--target test_funnel_ch01", self.calls())
        self.assertFalse((self.root / "work").exists())

    def test_what_is_done_before_the_tests_is_said_in_plain_words(self):
        context, titles = self.context(), []

        def progress(title):
            titles.append(title)
            return context.term.progress(title)

        with mock.patch.dict(os.environ, self.environment(), clear=True):
            wanted = chapter_test.parts(self.chapter)
            chapter_test.build_tests(context, self.chapter, REFERENCE, wanted, progress)
        self.assertEqual(titles, ["set up", "compile"])

    def test_the_learners_once_it_is_there_unless_another_is_named(self):
        self.main("start", "1")
        self.assertIn("your code (work/ch01_small)", self.run_tests("1", code=1).stdout)
        self.assertIn("4 tests green", self.run_tests("1", "--reference", code=0).stdout)

    def test_on_mine_needs_the_chapters_before_it(self):
        result = self.run_tests("1", "--on-mine")
        self.assertOneLine(result, 1, "you have not started chapter 1")
        self.main("start", "1")
        result = self.run_tests("1", "--on-mine")
        self.assertOneLine(result, 2, "there is no chapter before chapter 1 to build it on")

    def test_on_mine_is_built_on_the_learners_chapters(self):
        for path in sorted((self.root / "chapters/ch01_small").rglob("*")):
            if path.is_file():
                name = str(path.relative_to(self.root)).replace("ch01_small", "ch02_more")
                text = path.read_text().replace("chapter = 1", "chapter = 2").replace('"1.', '"2.')
                self.write(name, text.replace("task 1.", "task 2."))
        self.write("tests/ch02_more/door_test.cpp", 'TEST_CASE("a door opens") {}\n')
        self.main("start", "2")
        self.assertOneLine(self.run_tests("2.1", "--on-mine"), 1, "you have not started chapter 1")
        self.main("start", "1")
        self.run_tests("2.1", "--on-mine")
        self.assertIn("--preset learner --target test_onmine_ch02_door", self.calls())

    def test_the_framework_passes_what_claims_to(self):
        result = self.run_tests("1", "--final", code=0)
        self.assertIn("2 tests green: the framework passes chapter 1; 2 tests of the", result.stdout)
        self.assertIn("--preset dev --target test_final_ch01", self.calls())
        result = self.run_tests("1.2", "--final")
        self.assertOneLine(result, 1, "no test of task 1.2 claims to pass on the framework")

    def test_all_stages_without_a_number_know_nothing_of_work(self):
        self.main("start", "1")
        for option in ("--final", "--reference", "--only=x", "--challenges"):
            self.assertOneLine(self.run_tests(option), 2, "is for a chapter or a task")

    def test_one_thing_at_a_time(self):
        self.assertOneLine(self.run_tests("1.1", "1.2"), 2, "one chapter or task at a time")
        self.assertOneLine(self.run_tests("1", "dev"), 2, "one chapter or task at a time")
        self.assertOneLine(self.run_tests("1", "--list"), 2, "./learn list shows the tasks")


class Green(RunTest):
    def setUp(self):
        super().setUp()
        self.main("start", "1")

    def test_a_task_that_is_done_names_the_next(self):
        self.solve("a door opens", "a door opens twice")
        result = self.run_tests("1.1", code=0)
        self.assertIn("Task 1.1 is done: 2 tests, all green. Well done!", result.stdout)
        self.assertIn("See it run: ./learn run 1 hello --open", result.stdout)
        self.assertIn("Next: 1.2 Close it", result.stdout)
        self.assertIn("work/ch01_small/funnel/house.cpp:7", result.stdout)

    def test_a_chapter_that_is_done_is_celebrated(self):
        self.solve()
        result = self.run_tests("1", code=0)
        self.assertIn("Chapter 1 is done: all 2 tasks are green", result.stdout)
        self.assertIn("./learn compare --mine", result.stdout)

    def test_a_chapter_is_celebrated_by_the_run_alone_that_ends_it(self):
        self.solve()
        self.run_tests("1.2", code=0)
        self.assertIn("Congratulations", self.run_tests("1.1", code=0).stdout)
        for what, tests in (("1.1", "2 tests"), ("1", "4 tests")):
            again = self.run_tests(what, code=0).stdout
            self.assertTrue(again.endswith(f"\n{tests} green: chapter 1 is done.\n"), again)
        self.becomes("fail")
        self.run_tests("1.1", code=1)
        self.edit_work("funnel/door.cpp", "// a door opens: fail", "// a door opens: pass")
        self.assertIn("Congratulations", self.run_tests("1", "--only", "opens", code=0).stdout)

    def test_green_and_red_are_remembered(self):
        self.solve()
        self.run_tests("1")
        chapter = self.chapter
        self.assertEqual(Progress(self.root).green(chapter), set(chapter.tests))
        self.becomes("fail")
        self.run_tests("1")
        self.assertEqual(
            set(chapter.tests) - Progress(self.root).green(chapter), {"a door opens"}
        )

    def test_the_reference_and_the_framework_leave_no_trace(self):
        self.run_tests("1", "--reference", code=0)
        self.run_tests("1", "--final", code=0)
        self.assertFalse((self.root / "work/progress.toml").exists())

    def test_one_test_by_a_part_of_its_name(self):
        self.solve()
        result = self.run_tests("1", "--only", "TWICE", code=0)
        self.assertIn("1 test green", result.stdout)
        result = self.run_tests("1", "--only", "a door shuts")
        self.assertOneLine(result, 2, "no test with 'a door shuts'", "did you mean a door closes")


class Red(RunTest):
    def setUp(self):
        super().setUp()
        self.main("start", "1")
        self.solve()

    def test_what_is_not_written_is_said_without_fuss(self):
        self.main("reset", "1.2")
        result = self.run_tests("1", code=1)
        self.assertIn("✗ 1.2 Close it", result.stdout)
        self.assertIn("task 1.2 is not written yet: Nobody freezes inside.", result.stdout)
        self.assertNotIn("what happened", result.stdout)

    def test_the_place_to_write_is_the_first_that_is_blank(self):
        self.main("reset", "1.1")
        self.solve("a door opens")
        text = self.run_tests("1.1", code=1).stdout
        self.assertIn("1 of 2 tests green, then:", text)
        self.assertIn("code      work/ch01_small/funnel/door.cpp:14\n", text)

    def test_a_test_may_need_another_task_first(self):
        self.main("reset", "1.1")
        self.change_program("tasks.get(name, '1.1')", "'1.2'")
        result = self.run_tests("1.1", code=1)
        self.assertIn("this test needs task 1.2 first, which is not written yet", result.stdout)

    def test_a_failure_shows_all_that_helps(self):
        self.becomes("fail")
        text = self.run_tests("1.1", code=1).stdout
        for part in (
            "✗ 1.1 Open it",
            "  a door opens\n",
            "1.5 ms  peer  knocks at the door",
            "hears nothing",
            "expected  open",
            "got       shut",
            'test      tests/ch01_small/door_test.cpp:9  door() == "open"',
            "after the knock",
            "code      work/ch01_small/funnel/door.cpp:8  (the first of 2 regions)\n",
            "read      book/ch01.md:3  “Open it”",
            "hint      ./learn hint 1.1",
            'build/learner/bin/test_mine_ch01_door --test-case="a door opens"',
        ):
            self.assertIn(part, text)
        self.assertNotIn("\x1b", text)

    def test_it_stops_at_the_first_unless_told_to_go_on(self):
        self.becomes("fail")
        self.becomes("crash", "a door opens twice")
        text = self.run_tests("1", code=1).stdout
        self.assertNotIn("a door opens twice", text)
        self.assertNotIn("1.2", text)
        text = self.run_tests("1", "--all", code=1).stdout
        self.assertIn("✗ a door opens twice  (crashed)", text)
        self.assertIn("✓ 1.2 Close it", text)

    def test_a_sanitizers_report_is_cut_to_the_learners_lines(self):
        self.becomes("crash")
        text = self.run_tests("1.1", code=1).stdout
        self.assertIn("heap-use-after-free: memory is used that was freed already", text)
        self.assertIn("work/ch01_small/funnel/door.cpp:8  funnel::open\n", text)
        self.assertIn("that is in task 1.1", text)
        self.assertNotIn("operator delete", text)

    def test_a_signal_has_a_name(self):
        self.becomes("abort")
        self.assertIn("the process was ended by SIGABRT", self.run_tests("1.1", code=1).stdout)

    def test_what_does_not_end_is_ended(self):
        self.becomes("hang")
        with mock.patch.object(cases, "time_scale", lambda: 0.2):
            text = self.run_tests("1.1", code=1).stdout
        self.assertIn("the test was not done after 2 s; it was waiting in a sleep", text)
        self.assertIn("knocks at the door", text)

    def test_a_test_that_the_program_does_not_have_is_the_courses_fault(self):
        self.edit("chapters/ch01_small/tasks.toml", '"a door opens", ', '"a dog barks", "a door opens", ')
        self.change_program("options = dict", 'names.remove("a dog barks"); options = dict')
        text = self.run_tests("1.1", code=1).stdout
        self.assertIn("tasks.toml names this test, but no program of tests/ch01_small has it", text)


class Challenges(RunTest):
    """The text's challenges, on code that is written."""

    def setUp(self):
        super().setUp()
        self.write("tests/book/challenges/ch01.cpp")

    def begin(self):
        self.main("start", "1")
        self.write("work/ch01_small/challenges.h")

    def test_their_tests_are_built_and_run(self):
        self.begin()
        self.program("fakes/example", "import sys\nprint(sys.argv[0])\nsys.exit(1)")
        result = self.learn("test", "1", "--challenges")
        self.assertIn("--preset learner --target challenges_mine_ch01\n", self.calls())
        program = f"{self.root}/build/learner/bin/challenges_mine_ch01"
        self.assertEqual((result.stdout.splitlines()[-1], result.returncode), (program, 1))

    def test_what_does_not_compile_is_explained(self):
        self.begin()
        self.edit_work("funnel/door.cpp", 'funnel::not_implemented("1.1");', "SYNTAX")
        text = self.run_tests("1", "--challenges", code=1).stdout
        self.assertIn("your code does not compile: task 1.1", text)

    def test_without_a_start_or_a_header_it_says_what_to_do(self):
        self.assertOneLine(self.run_tests("1", "--challenges"), 1, "./learn start 1")
        self.begin()
        self.work("challenges.h").unlink()
        result = self.run_tests("1", "--challenges")
        self.assertOneLine(result, 1, "work/ch01_small/challenges.h", "book/ch01.md#challenges")
        (self.root / "tests/book/challenges/ch01.cpp").unlink()
        self.assertOneLine(self.run_tests("1", "--challenges"), 1, "chapter 1 has no challenges")

    def test_with_another_choice_beside_it_is_refused(self):
        self.begin()
        for arguments in (("1.1",), ("1", "--reference"), ("1", "--final"), ("1", "--all"),
                          ("1", "--only", "x")):  # fmt: skip
            self.assertOneLine(self.run_tests(*arguments, "--challenges"), 2, "your own code")


class CompileErrors(RunTest):
    def setUp(self):
        super().setUp()
        self.main("start", "1")

    def test_the_first_error_alone_with_its_task(self):
        self.edit_work("funnel/door.cpp", 'funnel::not_implemented("1.1");', "SYNTAX")
        result = self.run_tests("1.2", code=1)
        self.assertIn("your code does not compile: task 1.1 Open it", result.stdout)
        self.assertIn("work/ch01_small/funnel/door.cpp:8", result.stdout)
        self.assertIn("error: expected ';'", result.stdout)
        self.assertNotIn("another", result.stdout)
        self.assertIn("build/logs/build-learner.log", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_outside_of_the_tasks_no_task_is_named(self):
        self.edit_work("funnel/house.cpp", "void close", "SYNTAX close")
        text = self.run_tests("1", code=1).stdout
        self.assertIn("your code does not compile\n  work/ch01_small/funnel/house.cpp:5", text)

    def test_cmake_that_fails_is_not_the_learners_fault(self):
        self.program("path/cmake", "raise SystemExit('CMake Error: no compiler')")
        result = self.run_tests("1", code=1)
        self.assertNotIn("does not compile", result.stdout)
        self.assertIn("learn: cmake --preset learner failed", result.stderr)


class Processes(CourseTest):
    def test_the_time_scale_stretches_the_limit_and_nonsense_does_not(self):
        for text, scale in (("2", 2), ("0.5", 0.5), ("", 1), ("x", 1), ("-1", 1), ("nan", 1)):
            with mock.patch.dict(os.environ, {cases.SCALE: text}):
                self.assertEqual(cases.time_scale(), scale, text)

    def test_a_test_that_takes_all_memory_is_ended(self):
        program = self.program("greedy", "import time\nhoard = b'x' * (40 << 20)\ntime.sleep(20)")
        with mock.patch.object(cases, "MOST_MEMORY", 30 << 20):
            [case] = cases.run([Test(program, "a")])
        self.assertEqual(case.state, cases.State.ENDED)
        self.assertIn("of memory", case.why_ended)

    def test_output_without_end_is_cut(self):
        program = self.program("loud", "import sys\nwhile True: sys.stderr.write('x' * 9999)")
        with mock.patch.object(cases, "MOST_OUTPUT", 1 << 20):
            [case] = cases.run([Test(program, "a")])
        self.assertEqual(case.state, cases.State.ENDED)
        self.assertIn("printed more than 1 MiB", case.why_ended)
        self.assertLessEqual(len(case.stderr), cases.READ_OUTPUT)

    def test_what_it_prints_is_part_of_the_story_but_not_the_sanitizers_report(self):
        program = self.program("chatty", """
            import os, sys, time
            with open(os.environ["FUNNEL_STORY"], "a") as story:
                print("0.0", "begin", time.monotonic_ns(), sep="\\t", file=story)
                print("in the test", end=" ", flush=True)
                print("and on", file=sys.stderr, flush=True)
                print("==7==ERROR: AddressSanitizer: heap-use-after-free", file=sys.stderr)
            sys.exit(1)
        """)  # fmt: skip
        [case] = cases.run([Test(program, "a")])
        self.assertEqual([(e.who, e.what) for e in case.story], [("yours", "prints: in the test and on")])
        self.assertEqual(case.state, cases.State.CRASHED)

    def test_results_come_in_order_and_two_run_at_once(self):
        program = self.program(
            "timed",
            """
            import pathlib, sys, time
            out = dict(word.split("=", 1) for word in sys.argv[1:])["--out"]
            here = pathlib.Path(sys.argv[0]).parent
            name = sys.argv[1].partition("=")[2]
            (here / f"running-{name}").write_text("")
            until = time.monotonic() + 10
            while name == "a" and not (here / "running-b").exists():
                assert time.monotonic() < until
                time.sleep(0.005)
            """,
        )
        names = [case.name for case in cases.run([Test(program, name) for name in "abc"])]
        self.assertEqual(names, ["a", "b", "c"])

    def test_who_stops_asking_leaves_nothing_running(self):
        program = self.program(
            "slow",
            """
            import os, pathlib, sys, time
            name = sys.argv[1].partition("=")[2]
            (pathlib.Path(sys.argv[0]).parent / f"pid-{name}").write_text(str(os.getpid()))
            time.sleep(0.2 if name == "a" else 60)
            """,
        )
        stream = cases.run([Test(program, name) for name in "abc"])
        next(stream)
        stream.close()
        pids = [int(path.read_text() or 0) for path in self.root.glob("pid-*")]
        self.assertTrue(pids)
        self.assertTrue(support.wait_until(lambda: all(map(support.gone, pids))))

    def test_ctrl_c_leaves_nothing_behind(self):
        self.main("start", "1")
        self.solve()
        self.becomes("hang")
        child = self.start("test", "1.1")
        running = "test_mine_ch01_door"

        def found():
            return [p for p in os.listdir("/proc") if p.isdigit() and self.is_ours(p, running)]

        self.assertTrue(support.wait_until(found))
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), 130)
        self.assertEqual(child.stderr.read(), "")
        self.assertTrue(support.wait_until(lambda: not found()))
        self.assertEqual(list((self.root / "tmp").iterdir()), [])

    def is_ours(self, pid, name):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                text = file.read()
        except OSError:
            return False
        return f"{self.root}/build/learner/bin/{name}" in text


if __name__ == "__main__":
    unittest.main()
