"""Children: read while they run, ended with all that is theirs."""

import io
import os
import signal
import subprocess
import sys
import time
import unittest
from unittest import mock

import support
from learn import process
from learn.errors import LearnError


def python(code):
    return [sys.executable, "-ISc", code]


LEAVES = "import subprocess, sys; subprocess.Popen(%r); print('done')"


class Running(unittest.TestCase):
    def run_quietly(self, command, **options):
        self.log, self.lines = io.BytesIO(), []
        return process.run(command, log=self.log, on_line=self.lines.append, **options)

    def test_every_line_is_seen_also_an_unended_one(self):
        self.assertEqual(self.run_quietly(["printf", "a\\n\\nb"]), 0)
        self.assertEqual(self.lines, ["a", "", "b"])
        self.assertEqual(self.log.getvalue(), b"a\n\nb")

    def test_much_output_arrives_whole(self):
        self.run_quietly(python("for i in range(50000): print(i)"))
        self.assertEqual(self.lines, [str(i) for i in range(50000)])

    def test_ticks_come_while_nothing_is_printed(self):
        ticks = []
        self.run_quietly(["sleep", "0.5"], on_tick=lambda: ticks.append(1))
        self.assertGreater(len(ticks), 2)

    def test_a_signal_is_a_negative_code(self):
        code = self.run_quietly(python("import os; os.kill(os.getpid(), 11)"))
        self.assertEqual(process.describe_exit(code), "SIGSEGV")

    def test_time_runs_out(self):
        begin = time.monotonic()
        code = self.run_quietly(["sleep", "60"], limit_s=0.2)
        self.assertEqual(process.describe_exit(code), "SIGALRM")
        self.assertLess(time.monotonic() - begin, 5)

    def test_what_does_not_exist_is_one_sentence(self):
        with self.assertRaises(LearnError) as caught:
            self.run_quietly(["/nowhere/program"])
        said = "cannot start /nowhere/program: No such file or directory"
        self.assertEqual(str(caught.exception), said)

    def test_an_heir_that_holds_the_pipe_open_is_not_waited_for(self):
        with mock.patch.object(process, "GRACE_S", 30):
            begin = time.monotonic()
            self.run_quietly(python(LEAVES % ["sleep", "60"]))
        self.assertEqual(self.lines, ["done"])
        self.assertLess(time.monotonic() - begin, 15)

    def test_an_heir_that_keeps_talking_is_not_listened_to_for_ever(self):
        with mock.patch.object(process, "GRACE_S", 0.2):
            self.run_quietly(python(LEAVES % ["yes"]))
        self.assertIn("done", self.lines)


class SideBySide(unittest.TestCase):
    def run_all(self, *codes, **options):
        self.log = io.BytesIO()
        options = {"at_once": 2, "limit_s": 30, **options}
        return process.run_all([python(code) for code in codes], log=self.log, **options)

    def test_each_has_its_exit_code_and_its_output_in_the_order_of_the_commands(self):
        results = self.run_all(
            "import time; time.sleep(0.3); print('late')",
            "import os, sys; print('soon', file=sys.stderr); os.kill(os.getpid(), 11)",
            "print('third')",
        )
        self.assertEqual(results, [(0, b"late\n"), (-11, b"soon\n"), (0, b"third\n")])

    def test_the_log_has_each_output_in_one_piece_under_its_command(self):
        code = "for _ in range(1000): print('%s' * 100, flush=True)"
        self.run_all(code % "a", code % "b")
        for letter in "ab":
            command = " ".join(python(code % letter))
            whole = f"\n$ {command}\n" + (letter * 100 + "\n") * 1000
            self.assertIn(whole, self.log.getvalue().decode())

    def test_who_waits_hears_of_each_end_and_of_time_that_passes(self):
        ended, ticks = [], []
        handlers = {"on_end": ended.append, "on_tick": lambda: ticks.append(1)}
        self.run_all("import time; time.sleep(0.5)", "", **handlers)
        self.assertEqual(sorted(ended), [0, 1])
        self.assertGreater(len(ticks), 2)

    def test_what_one_leaves_behind_is_ended(self):
        [(_, printed)] = self.run_all(
            "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
        )
        self.assertTrue(support.gone(int(printed)))

    def test_time_runs_out_for_one_alone(self):
        hangs = "import time; print('here', flush=True); time.sleep(60)"
        results = self.run_all(hangs, "print('done')", limit_s=5)
        self.assertEqual(results[0], (-signal.SIGALRM, b"here\n\nended: not done after 5 s\n"))
        self.assertEqual(results[1], (0, b"done\n"))


class Ending(unittest.TestCase):
    def test_a_program_gets_time_to_end_by_itself(self):
        code = (
            "import os, signal, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'bye\\n'), os._exit(0)))\n"
            "print('ready', flush=True)\ntime.sleep(60)"
        )
        child = process.spawn(python(code), stdout=subprocess.PIPE)
        with child.stdout:
            child.stdout.readline()
            process.end(child)
            self.assertEqual(child.stdout.read(), b"bye\n")
        self.assertEqual(child.returncode, 0)

    HERMIT = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True)\n"
        "os.close(1)\n"
        "time.sleep(60)"
    )

    def test_a_child_in_a_session_of_its_own_is_ended_though_its_parent_goes_first(self):
        hermit = python(self.HERMIT)
        code = f"import subprocess, time; subprocess.Popen({hermit}, start_new_session=True)\n"
        child = process.spawn(python(code + "time.sleep(60)"), grace=0.2, stdout=subprocess.PIPE)
        with child.stdout:
            pid = int(child.stdout.readline())
        process.end(child)
        self.assertTrue(support.gone(child.pid) and support.gone(pid))

    def test_a_child_in_our_own_session_is_ended_as_well(self):
        hermit = python(self.HERMIT)
        child = process.spawn(hermit, grace=0.2, stdout=subprocess.PIPE, start_new_session=False)
        with child.stdout:
            child.stdout.readline()
        process.end(child)
        self.assertEqual(child.returncode, -signal.SIGKILL)

    def test_a_child_that_cannot_be_ended_is_left(self):
        child = process.spawn(["sleep", "60"], grace=0.1)
        with (
            mock.patch.object(process, "GRACE_S", 0.1),
            mock.patch.object(os, "kill", side_effect=PermissionError),
        ):
            process.end(child)
        self.assertIsNone(child.poll())
        child.kill()
        child.wait()

    def test_a_process_that_got_the_number_of_a_member_is_none(self):
        child = process.spawn(["sleep", "60"])
        family = process.Family(child)
        family._seen[os.getpid()] = "when something else was started"
        self.assertEqual(family.living(), {child.pid})
        process.end(child)
        self.assertEqual(process.Family(child).living(), set())

    def test_a_program_that_will_not_is_ended(self):
        stubborn = ["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"]
        child = process.spawn(stubborn, grace=0.2, stdout=subprocess.PIPE)
        with child.stdout:
            child.stdout.readline()
            process.end_all()
        self.assertEqual(child.returncode, -9)
        self.assertTrue(support.gone(child.pid))

