"""`./learn test`: how stages are run, counted, shown and summed up."""

import os
import re
import sys
import unittest
from unittest import mock

import support
from learn import stages, steps
from learn.build import BuildFailed
from learn.errors import LearnError
from learn.runner import run_stages
from learn.stages import Stage
from learn.steps import Build, Outcome, Program, count_unittest

CHECK = 'import sys\nif __name__ == "__main__":\n    sys.exit({})\n'


def python(code):
    return Program((sys.executable, "-ISc", code))


class RunnerTest(support.TreeTest):
    def run_steps(self, **stages_by_name):
        """Runs stages that are given as lists of steps; returns the exit code and the lines."""
        context = self.context()
        made = [
            Stage(name, "", lambda root, s=steps: iter(s), lambda root: True)
            for name, steps in stages_by_name.items()
        ]
        code = run_stages(context, made)
        self.lines = self.shown(context).splitlines()
        return code

    def row(self, name):
        """The numbers of a stage in the table: passed, failed, skipped."""
        table = self.lines[self.lines.index("") :]
        (row,) = [line for line in table if re.search(rf"(^| ){name} ", line)]
        return [int(number) for number in row.split()[-3:]]


class Counting(RunnerTest):
    def test_all_passed(self):
        self.assertEqual(self.run_steps(a=[python(""), python("")], b=[python("")]), 0)
        self.assertEqual(self.lines[-1], "3 passed, 0 failed")
        self.assertEqual(self.row("a"), [2, 0, 0])
        self.assertEqual(self.row("together"), [3, 0, 0])

    def test_a_failure_does_not_keep_the_next_stage_from_running(self):
        failing = python("import sys; print('it broke'); sys.exit(3)")
        self.assertEqual(self.run_steps(a=[failing], b=[python("")]), 1)
        self.assertEqual(self.lines[-1], "1 passed, 1 failed")
        self.assertIn("    it broke", self.lines)
        self.assertIn("    ended with exit code 3", self.lines)
        self.assertIn("    the whole log: build/logs/a.log", self.lines)
        self.assertIn("it broke", (self.root / "build/logs/a.log").read_text())

    def test_a_program_may_count_for_itself_in_its_last_line(self):
        self.run_steps(
            a=[python("print('x'); print('7 passed, 0 failed, 2 skipped')")],
            b=[python("import sys; print('FAIL  second\\nwhy\\n5 passed, 1 failed'); sys.exit(1)")],
        )
        self.assertEqual(self.lines[-1], "12 passed, 1 failed, 2 skipped")
        self.assertIn("    FAIL  second", self.lines)
        self.assertIn("    why", self.lines)

    def test_a_bad_exit_is_a_failure_whatever_was_counted(self):
        self.run_steps(a=[python("import os; print('7 passed, 0 failed', flush=True); os.abort()")])
        self.assertEqual(self.lines[-1], "7 passed, 1 failed")
        self.assertIn("    ended with SIGABRT", self.lines)

    def test_nothing_passed_is_no_success(self):
        self.assertEqual(self.run_steps(a=[]), 1)
        self.assertEqual(self.lines[-1], "0 passed, 0 failed")

    def test_an_error_of_a_step_is_a_failure_of_its_stage(self):
        broken = mock.Mock()
        broken.run.side_effect = LearnError("no lock file", ["because"])
        self.assertEqual(self.run_steps(a=[broken], b=[python("")]), 1)
        self.assertIn("    no lock file", self.lines)
        self.assertEqual(self.lines[-1], "1 passed, 1 failed")

    def test_a_step_that_hangs_is_ended(self):
        with mock.patch.object(steps, "LIMIT_S", 0.3):
            self.run_steps(a=[python("import time; print('here', flush=True); time.sleep(60)")])
        self.assertEqual(self.lines[-1], "0 passed, 1 failed")
        self.assertIn("    here", self.lines)

    def test_a_step_cannot_leave_a_process_behind(self):
        code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
        self.assertEqual(self.run_steps(a=[python(code)]), 0)
        pid = int(re.findall(r"^\d+$", (self.root / "build/logs/a.log").read_text(), re.M)[0])
        self.assertTrue(support.gone(pid))


class DependentBuilds(RunnerTest):
    def test_a_stage_whose_build_failed_goes_no_further_and_others_of_that_build_are_skipped(self):
        failed = BuildFailed("the dev build failed", ["a.cpp:1:1: error: no"])
        with mock.patch.object(steps, "build", side_effect=failed) as build:
            code = self.run_steps(
                one=[Build("dev"), python("")],
                two=[Build("dev"), python("")],
                three=[python("")],
            )
        self.assertEqual(code, 1)
        self.assertEqual(build.call_count, 1)
        rows = [self.row(name) for name in ("one", "two", "three")]
        self.assertEqual(rows, [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
        self.assertIn("    a.cpp:1:1: error: no", self.lines)
        self.assertIn("    the dev build failed in stage one", self.lines)
        self.assertEqual(self.lines[-1], "1 passed, 1 failed, 1 skipped")


class Unittests(unittest.TestCase):
    def count(self, closing, ran=5, code=0, middle=""):
        text = f"{middle}{'-' * 70}\nRan {ran} tests in 0.1s\n\n{closing}\n"
        outcome = count_unittest(code, text)
        return outcome.passed, outcome.failed, outcome.skipped

    def test_the_closing_line_is_read(self):
        self.assertEqual(self.count("OK"), (5, 0, 0))
        self.assertEqual(self.count("OK (skipped=2)"), (3, 0, 2))
        self.assertEqual(self.count("FAILED (failures=1, errors=2)", code=1), (2, 3, 0))
        self.assertEqual(self.count("FAILED (unexpected successes=1)", code=1), (4, 1, 0))
        self.assertEqual(self.count("OK (expected failures=1)"), (5, 0, 0))

    def test_what_a_test_printed_is_not_the_closing_line(self):
        printed = "Ran 1 test in 0.1s\n\nOK\n"
        closing = "FAILED (failures=1)"
        self.assertEqual(self.count(closing, code=1, middle=printed), (4, 1, 0))

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual(self.count("OK", ran=0), (0, 1, 0))
        self.assertEqual(count_unittest(1, "ImportError: x").failed, 1)

    def test_the_first_failing_test_is_shown_and_only_that(self):
        double, single = "=" * 70, "-" * 70
        text = "".join(f"{double}\nFAIL: {name}\n{single}\nwhy {name}\n\n" for name in "ab")
        text += f"{single}\nRan 3 tests in 0.1s\n\nFAILED (failures=2)\n"
        excerpt = count_unittest(1, text).excerpt
        self.assertEqual((excerpt[0], excerpt[-1]), ("FAIL: a", "why a"))


class Modules(RunnerTest):
    """The Python tests of a folder, whose modules run side by side."""

    def module(self, name, body):
        lines = "".join(f"        {line}\n" for line in body.splitlines())
        head = "import os, pathlib, time, unittest\nclass T(unittest.TestCase):\n"
        self.write(f"tests/some/test_{name}.py", f"{head}    def test_{name}(self):\n{lines}")

    def run_modules(self, processors=2):
        with mock.patch.object(steps.os, "cpu_count", return_value=processors):
            code = self.run_steps(a=[steps.Unittest("tests/some")])
        self.log = (self.root / "build/logs/a.log").read_text()
        return code

    def test_their_counts_are_summed_and_the_log_has_all_that_they_printed(self):
        self.module("a", "print('from a')")
        self.module("b", "self.skipTest('why')")
        self.module("c", "self.fail('it broke')")
        self.write("tests/some/test_d.py", "import nothing_of_that_name")
        self.write("tests/some/other.py", "raise SystemExit(9)")
        self.assertEqual(self.run_modules(), 1)
        self.assertEqual(self.lines[-1], "1 passed, 2 failed, 1 skipped")
        self.assertIn("    AssertionError: it broke", self.lines)
        for said in ("from a", "skipped 'why'", "it broke", "nothing_of_that_name", "-p test_a.py"):
            self.assertIn(said, self.log)

    def test_as_many_run_at_once_as_there_are_processors(self):
        wait = f"""root, until = pathlib.Path("{self.root}"), time.monotonic() + 20
(root / "NAME").touch()
while not (root / "OTHER").exists():
    self.assertLess(time.monotonic(), until)
    time.sleep(0.01)"""
        self.module("a", wait.replace("NAME", "a").replace("OTHER", "b"))
        self.module("b", wait.replace("NAME", "b").replace("OTHER", "a"))
        self.assertEqual(self.run_modules(), 0, self.lines)

    def test_no_more_run_at_once(self):
        alone = f"""place = pathlib.Path("{self.root}/running")
place.touch(exist_ok=False)
time.sleep(0.2)
place.unlink()"""
        for name in "abc":
            self.module(name, alone)
        self.assertEqual(self.run_modules(processors=1), 0, self.lines)

    def test_a_module_that_ends_badly_is_a_failure_whatever_it_counted(self):
        self.module("a", "pass")
        end = "import atexit, os\natexit.register(lambda: os._exit(3))\n"
        path = self.root / "tests/some/test_a.py"
        path.write_text(end + path.read_text())
        self.module("b", "pass")
        self.assertEqual(self.run_modules(), 1)
        self.assertEqual(self.lines[-1], "2 passed, 1 failed")
        self.assertIn("    ended with exit code 3", self.lines)

    def test_a_module_without_a_test_is_a_failure_and_so_is_a_folder_without_a_module(self):
        self.assertEqual(self.run_modules(), 1)
        self.assertIn("    no test was found", self.lines)
        self.module("a", "pass")
        self.write("tests/some/test_b.py")
        self.assertEqual(self.run_modules(), 1)
        self.assertEqual(self.lines[-1], "1 passed, 1 failed")

    def test_a_module_that_hangs_is_ended(self):
        self.module("a", "time.sleep(60)")
        with mock.patch.object(steps, "LIMIT_S", 0.3):
            self.run_modules()
        self.assertEqual(self.lines[-1], "0 passed, 1 failed")
        self.assertIn("ended: not done after 0 s", self.log)


class Ctests(RunnerTest):
    JUNIT = """<?xml version="1.0"?><testsuite>
        <testcase name="net.stream" status="run"/>
        <testcase name="http.parser" status="fail"><failure message=""/>
          <system-out>parser.cpp:7: ERROR: CHECK( 1 == 2 )</system-out></testcase>
        <testcase name="demo.hello" status="notrun">
          <skipped message="SKIP_RETURN_CODE=77"/></testcase>
        <testcase name="slow" status="disabled"/>
        <testcase name="unbuilt" status="notrun">
          <skipped message="Unable to find executable"/></testcase>
        </testsuite>"""

    def ctest(self, junit, code):
        self.write("junit.xml", junit)
        self.shell(
            "path/ctest",
            f"""
            echo "$@" >"{self.root}/arguments"
            while [ $# -gt 0 ]; do
              if [ "$1" = --output-junit ] && [ -s "{self.root}/junit.xml" ]; then
                cp "{self.root}/junit.xml" "$2"
              fi
              shift
            done
            echo "No tests were found!!!"
            exit {code}
            """,
        )
        with mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"}):
            self.run_steps(a=[steps.Ctest("dev", label="quick")])

    def test_tests_are_counted_and_the_first_failure_is_shown(self):
        self.ctest(self.JUNIT, 8)
        self.assertEqual(self.lines[-1], "1 passed, 2 failed, 2 skipped")
        self.assertIn("    test http.parser", self.lines)
        self.assertIn("    parser.cpp:7: ERROR: CHECK( 1 == 2 )", self.lines)
        arguments = (self.root / "arguments").read_text()
        self.assertIn("--preset dev --no-tests=error", arguments)
        self.assertIn("-L quick", arguments)

    def test_no_test_at_all_is_a_failure(self):
        self.ctest("", 8)
        self.assertEqual(self.lines[-1], "0 passed, 1 failed")
        self.assertIn("    No tests were found!!!", self.lines)

    def test_the_report_of_an_earlier_run_is_not_read(self):
        self.ctest(self.JUNIT, 8)
        self.ctest("", 8)
        self.assertEqual(self.lines[-1], "0 passed, 1 failed")


class NodeTests(RunnerTest):
    def test_the_counts_of_nodes_runner_are_read(self):
        counts = "# tests 6\\n# pass 3\\n# fail 1\\n# cancelled 1\\n# skipped 1\\n# todo 0\\n"
        self.shell("path/node", f'printf "{counts}"; exit 1\n')
        with mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"}):
            self.run_steps(a=[steps.NodeTests((self.root / "a.mjs",))])
        self.assertEqual(self.lines[-1], "3 passed, 2 failed, 1 skipped")


class CommandLine(support.TreeTest):
    def test_stages_run_to_the_closing_line(self):
        self.write("tools/checks/good.py", CHECK.format(0))
        self.write("tools/checks/shared.py", "raise SystemExit(9)")
        result = self.learn("test", "checks")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], "1 passed, 0 failed")
        self.assertNotIn("\x1b", result.stdout)

    def test_a_failing_stage_is_the_exit_code(self):
        self.write("tools/checks/bad.py", CHECK.format("'layers: web includes http'"))
        result = self.learn("test", CI="true")
        self.assertEqual(result.returncode, 1)
        self.assertIn("    layers: web includes http", result.stdout)
        self.assertEqual(result.stdout.splitlines()[-1], "0 passed, 1 failed")

    def test_only_stages_that_exist_are_listed(self):
        self.write("tools/checks/good.py", CHECK.format(0))
        self.write("tests/compiler/run.py", "")
        result = self.main("test", "--list")
        names = [line.split()[0] for line in result.stdout.splitlines()]
        self.assertEqual(names, ["checks", "compiler"])

    def test_without_git_a_clone_has_the_stages_that_ask_for_it(self):
        self.assertFalse(stages.has_sources(self.root))
        self.write(".git", "")
        with mock.patch.object(stages.shutil, "which", return_value=None):
            self.assertTrue(stages.has_sources(self.root))

    def test_an_empty_clone_has_nothing_to_test(self):
        self.assertOneLine(self.main("test"), 1, "nothing to test")

    def test_the_script_of_continuous_integration_runs_the_same(self):
        text = (support.REPOSITORY / ".ci/run").read_text()
        self.assertIn("exec ./learn test", text)

    def test_stage_names_are_unique(self):
        names = [stage.name for stage in stages.STAGES]
        self.assertEqual(len(names), len(set(names)))


class Outcomes(unittest.TestCase):
    def test_adding_keeps_the_first_excerpt(self):
        total = Outcome(1, 2, 3, ["first"])
        total.add(Outcome(1, 1, 1, ["second"], stop=True))
        self.assertEqual(total, Outcome(2, 3, 4, ["first"], True))
