"""`run:` and `recorded:`: what commands print, and when that may be shown."""

import os
import re
import signal
import unittest
from unittest import mock

import tree  # puts support on the path
import support
from snip import commands

RECORDED = r"\*Recorded on .+, (1 core|\d+ cores), Linux .+, \d{4}-\d\d-\d\d\.\*"


class Run(tree.SnipTest):
    def output(self, command):
        lines = self.expanded(f"run: {command}")
        self.assertEqual([lines[0], lines[1], lines[-1]], ["```console", f"$ {command}", "```"])
        return lines[2:-1]

    def test_a_command_is_shown_with_all_that_it_prints(self):
        self.assertEqual(self.output("echo a; echo; echo b >&2 | cat"), ["a", "", "b"])
        self.assertEqual(self.output("true"), [])

    def test_it_runs_at_the_root_without_input_colour_or_a_language_of_its_own(self):
        self.write("final/x")
        self.assertEqual(self.output("ls final; cat"), ["x"])
        lines = ["1 dumb C.UTF-8 100 UTC"]
        self.assertEqual(self.output("echo $NO_COLOR $TERM $LC_ALL $COLUMNS $TZ"), lines)

    def test_control_characters_and_the_clones_place_are_left_out(self):
        command = r"printf '\033[31mred\033[0m  \n'; echo $PWD/x.cpp; echo $PWD $PWD-2; printf '\n\n'"
        self.assertEqual(self.output(command), ["red", "x.cpp", f". {self.root}-2"])

    def test_another_output_is_a_difference(self):
        body = self.expanded("run: cat x || echo no")
        self.write("x", "yes\n")
        self.page(tree.block("run: cat x || echo no", *body))
        result = self.main("snip", "--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn("\n    -no\n    +yes\n", result.stdout)

    def test_an_exit_code_has_to_be_the_one_expected(self):
        message = "`echo why; exit 3` ended with exit code 3, not 0"
        message += "; if that is right, add the option exits: 3"
        told = self.assertRefused("run: echo why; exit 3", message)
        self.assertIn("\n    why\n", told)
        lines = self.expanded("run: echo why; exit 3\nexits: 3")
        self.assertEqual(lines[1:3], ["$ echo why; exit 3", "why"])
        self.assertRefused("run: exit 3 | echo why", "`exit 3 | echo why` ended with exit code 3")
        self.assertRefused("run: true\nexits: 3", "`true` ended with exit code 0, not 3")
        self.assertRefused("run: kill -SEGV $$", "`kill -SEGV $$` ended with SIGSEGV, not 0")
        for wrong in ("x", "-1", "256", "", "²", "9" * 5000):
            message = "exits: expected a number from 0 to 255"
            self.assertRefused(f"run: touch ran\nexits: {wrong}", message)
        self.assertFalse((self.root / "ran").exists())

    def test_a_command_that_cannot_be_started(self):
        self.assertRefused("run: echo \0", r"run: is followed by control characters: 'echo \x00'")
        self.assertRefused(f"run: true {'x' * 200_000}", "cannot start bash: Argument list too long")

    def test_what_takes_too_long_is_ended_with_all_it_started(self):
        with mock.patch.object(commands, "CHECKED_LIMIT_S", 0.3):
            command = "sleep 60 & echo $! >pid; wait"
            self.assertRefused(f"run: {command}", f"`{command}` was not done after 0 s")
        pid = int((self.root / "pid").read_text())
        self.assertTrue(support.gone(pid))

    def test_what_a_command_leaves_behind_is_ended_before_the_next(self):
        leaves = tree.block("run: sleep 60 >log & echo $! >pid")
        lives = "grep '^State:.[RSDT]' /proc/$(cat pid)/status 2>log || echo gone"
        self.page(leaves, tree.block(f"run: {lives}"))
        self.assertEqual(self.main("snip").returncode, 0)
        self.assertIn("\ngone\n", self.read())

    def test_what_prints_too_much_is_refused(self):
        self.assertRefused("run: yes", "`yes` printed more than 1.0 MiB")
        self.assertRefused("run: seq 201", "`seq 201` prints 201 lines, more than the 200 of")


class Recorded(tree.SnipTest):
    RANDOM = "recorded: od -An -N8 -tx8 /dev/urandom"

    def record(self, directive, *body):
        self.page(tree.block(directive, *body))
        result = self.main("snip", "--record")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return self.read().split("\n")[1:-2]

    def test_it_is_kept_with_date_and_machine(self):
        lines = self.record(self.RANDOM)
        self.assertEqual(lines[:2], ["```console", "$ od -An -N8 -tx8 /dev/urandom"])
        self.assertEqual(lines[-3:-1], ["```", ""])
        self.assertRegex(lines[-1], f"^{RECORDED}$")
        self.assertRegex(lines[2], "^ [0-9a-f]{16}$")

    def test_nothing_runs_again_while_the_command_is_the_same(self):
        lines = self.record(self.RANDOM)
        for options in ([], ["--check"], ["--record"]):
            self.assertEqual(self.main("snip", *options).returncode, 0)
            self.assertEqual(self.read().split("\n")[1:-2], lines)

    def test_it_runs_only_when_asked_to(self):
        message = "nothing recorded; ./learn snip --record book/page.md records it"
        self.assertRefused("recorded: touch ran", message)
        self.assertFalse((self.root / "ran").exists())

    def test_another_command_makes_it_stale(self):
        lines = self.record(self.RANDOM)
        message = "this was recorded with another command, `od -An -N8 -tx8 /dev/urandom`; ./learn"
        self.assertRefused("recorded: echo other", message, body=lines)
        lines = self.record("recorded: echo other", *lines)
        self.assertEqual(lines[1:3], ["$ echo other", "other"])

    def test_lines_that_it_names_get_the_numbers_that_they_have_now(self):
        self.write("book/other.md", "# Other\n\nRead\n\n## Read `it`\n")
        self.write("tests/a.cpp", "CHECK(f() == 1);\nCHECK(g(1,\n        2));\n")
        told = "test tests/a.cpp:1  f() == 1\nalso tests/a.cpp:2  g(1, 2)  (got 3)\n"
        told += "read book/other.md:5  “Read it”\ncode work/a.cpp:1  f() == 1\n"
        self.write("told", told)
        lines = self.record("recorded: cat told")
        self.assertEqual("\n".join(lines[2:6]) + "\n", told)
        self.assertEqual(self.main("snip", "--check").returncode, 0)

        self.write("book/other.md", "# Other\n\n\nRead\n\n## Read `it`\n")
        self.write("tests/a.cpp", "//\n//\nCHECK(f() == 1);\nCHECK(g(1,\n        2));\n")
        self.assertEqual(self.main("snip", "--check").returncode, 1)
        self.assertEqual(self.main("snip").returncode, 0)
        now = told.replace("tests/a.cpp:1", "tests/a.cpp:3")
        now = now.replace("tests/a.cpp:2", "tests/a.cpp:4").replace("md:5", "md:6")
        self.assertEqual(self.read().split("\n")[3:7], now.splitlines())
        self.assertEqual(self.main("snip", "--check").returncode, 0)

    def test_it_is_stale_when_nobody_knows_which_line_it_names(self):
        self.write("tests/a.cpp", "CHECK(f());\n")
        self.write("told", "tests/a.cpp:1  f()\n")
        lines = self.record("recorded: cat told")
        how = "not in line 1; empty this block and record it again"
        self.write("tests/a.cpp", "//\nCHECK(f());\nCHECK(f());\n")
        message = f"tests/a.cpp has 'f()' in 2 lines, {how}"
        self.assertRefused("recorded: cat told", message, body=lines)
        (self.root / "tests/a.cpp").unlink()
        message = f"tests/a.cpp has 'f()' in 0 lines, {how}"
        self.assertRefused("recorded: cat told", message, body=lines)

    def test_an_emptied_block_is_recorded_anew(self):
        lines = self.record(self.RANDOM)
        self.assertNotEqual(self.record(self.RANDOM)[2], lines[2])

    def test_a_recording_without_its_caption_is_none(self):
        lines = self.record(self.RANDOM)
        self.assertRefused(self.RANDOM, "nothing recorded", body=lines[:-1])

    def test_a_failed_command_records_nothing(self):
        self.assertRefused("recorded: exit 1", "`exit 1` ended with exit code 1", record=True)

    def test_the_machines_name_is_plain_text(self):
        facts = {"cpu": "A_B_C *x* <i>", "cores": 2, "kernel": "6", "date": "2024-01-02"}
        with mock.patch.object(commands, "machine", return_value=facts):
            last = self.record("recorded: true")[-1]
        self.assertEqual(last, r"*Recorded on A\_B\_C \*x\* \<i\>, 2 cores, Linux 6, 2024-01-02.*")

    def test_what_was_recorded_before_an_interruption_is_kept(self):
        first = tree.block("recorded: echo one")
        second = tree.block("recorded: touch began; sleep 60")
        self.page(first, second)
        child = self.start("snip", "--record")
        self.assertTrue(support.wait_until((self.root / "began").exists))
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(support.LIMIT_S), 130)
        self.assertRegex(self.read(), re.escape("$ echo one\none\n```\n\n") + RECORDED)
        self.assertTrue(self.read().endswith(second))
        self.assertEqual(sorted(os.listdir(self.root / "book")), ["page.md"])


if __name__ == "__main__":
    unittest.main()
