"""Runs the scripts that try programs with a compiler on compilers that are none."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]


class ProgramsTest(unittest.TestCase):
    def compiler(self, code):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "compiler"
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)
        return path

    def run_script(self, script, *arguments, scale="1"):
        done = subprocess.run(
            [sys.executable, "-B", TESTS / script / "run.py", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, "FUNNEL_TEST_TIME_SCALE": scale},
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout.splitlines()

    def test_a_compiler_that_does_not_end_is_a_failure(self):
        compiler = self.compiler("exec sleep 1000")
        arguments = ("--compiler", compiler, "url_for_fraction")
        status, lines = self.run_script("must_not_compile", *arguments, scale="0.001")
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [
                f"FAILED  url_for_fraction: {compiler} did not end within 0.12 s",
                "0 passed, 1 failed",
            ],
        )

    def test_a_compiler_that_cannot_say_who_it_is_fails_every_program(self):
        sleeps, fails = self.compiler("exec sleep 1000"), self.compiler("exit 3")
        missing = fails.parent / "missing"
        for compiler, scale, why in (
            (sleeps, "0.001", f"{sleeps} did not end within 0.12 s"),
            (fails, "1", "returned non-zero exit status 3."),
            (missing, "1", f"No such file or directory: '{missing}'"),
        ):
            with self.subTest(why):
                arguments = ("--compiler", compiler, "good/")
                status, lines = self.run_script("compiler", *arguments, scale=scale)
                self.assertEqual((status, len(lines)), (1, 2))
                self.assertIn(why, lines[0])
                self.assertRegex(lines[1], r"^0 passed, [1-9]\d* failed$")

    def test_a_program_that_compiles_is_a_failure_where_none_may(self):
        arguments = ("--compiler", self.compiler("exit 0"), "url_for_fraction", "task_copied")
        status, lines = self.run_script("must_not_compile", *arguments)
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            ["FAILED  task_copied: compiles", "FAILED  url_for_fraction: compiles",
             "0 passed, 2 failed"],
        )  # fmt: skip

    def test_a_coroutine_program_that_fails_is_a_failure(self):
        compiler = self.compiler("case $* in *-E*) echo 12 __clang__;; *) exit 1;; esac")
        status, lines = self.run_script("compiler", "--compiler", compiler, "good/")
        self.assertEqual(status, 1)
        self.assertTrue(all(line.startswith("FAILED  good/") for line in lines[:-1]), lines)
        self.assertIn("does not compile", lines[0])

    def test_no_program_of_that_name_is_a_failure(self):
        for script in ("must_not_compile", "compiler"):
            with self.subTest(script):
                compiler = self.compiler("echo 12 __clang__")
                status, lines = self.run_script(script, "--compiler", compiler, "no-such")
                self.assertEqual((status, lines), (1, ["0 passed, 0 failed"]))


if __name__ == "__main__":
    unittest.main()
