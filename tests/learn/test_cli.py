"""The command line: every mistake is one line, from any folder, without colours in a pipe."""

import re
import shutil
import signal
import subprocess
import sys

from support import REPOSITORY, TreeTest
from learn import cli
from learn.arguments import Parser
from learn.commands import compare

PROGRAM = """
    [[program]]
    name = "fetch"
    order = 1
    target = "demo_fetch"
    path = "bin/fetch"
    args = []
    waits = "as fetch does"
"""


class CommandLine(TreeTest):
    def test_an_error_of_the_command_line_is_an_exit_code(self):
        self.assertOneLine(self.learn("sevre"), 2, "'sevre'", "did you mean serve?")

    def test_without_argument_every_command_is_shown(self):
        result = self.main()
        self.assertEqual(result.returncode, 0)
        for name in ("serve", "test", "compare", "bench", "lint", "demo", "doctor"):
            self.assertRegex(result.stdout, rf"(?m)^  \./learn {name} ")

    def test_help_and_its_options_are_the_same(self):
        shown = self.main().stdout
        for arguments in (["help"], ["-h"], ["--help"]):
            self.assertEqual(self.main(*arguments).stdout, shown)

    def test_help_of_a_command_names_its_options(self):
        for arguments in (["help", "compare"], ["compare", "--help"]):
            result = self.main(*arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn("--concurrency K", result.stdout)

    def test_every_command_says_what_it_does(self):
        for name in cli.command_names():
            module = cli.load(name)
            self.assertTrue(module.SUMMARY and module.ORDER, name)

    def test_a_misspelt_command_is_answered_with_the_nearest(self):
        self.assertOneLine(self.main("sevre"), 2, "'sevre'", "did you mean serve?")

    def test_a_command_that_resembles_none_is_refused(self):
        result = self.main("zzzz")
        self.assertOneLine(result, 2, "'zzzz'")
        self.assertNotIn("did you mean", result.stderr)

    def test_a_misspelt_option_is_answered_with_the_nearest(self):
        self.assertOneLine(self.main("compare", "--dela", "5"), 2, "--delay?")
        self.assertOneLine(self.main("serve", "--prot=1"), 2, "--port?")

    def test_arguments_and_options_may_come_in_any_order(self):
        urls = ["http://a/", "http://b/"]
        self.assertEqual(compare.parse([urls[0], "--json", urls[1]]).urls, urls)
        self.assertEqual(compare.parse(["--json"]).urls, [])
        result = self.main("lint", "a.cpp", "--base", "x", "b.cpp")
        self.assertOneLine(result, 2, "not both")

    def test_help_of_more_than_one_thing_is_refused(self):
        self.assertOneLine(self.main("help", "compare", "junk"), 2, "'junk'")

    def test_an_argument_too_many_is_refused(self):
        self.assertOneLine(self.main("serve", "now"), 2, "'now'")
        self.assertOneLine(self.main("doctor", "now"), 2, "'now'")

    def test_an_option_without_its_value_is_refused(self):
        self.assertOneLine(self.main("serve", "--port"), 2, "--port")

    def test_what_follows_two_dashes_is_no_option(self):
        for arguments in (["--", "-x"], ["a", "--", "-x"], ["--base", "r", "--", "-x"]):
            parser = Parser("lint", "")
            parser.add_argument("files", nargs="*")
            parser.add_argument("--base")
            self.assertEqual(parser.parse(arguments).files[-1], "-x")

    def test_ports_are_checked(self):
        for port in ("65536", "-1"):
            self.assertOneLine(self.main("serve", "--port", port), 2, "0 to 65535")

    def test_a_misspelt_stage_is_answered_with_the_nearest(self):
        self.write("tools/checks/a.py", 'if __name__ == "__main__":\n    pass\n')
        self.assertOneLine(self.main("test", "cheks"), 2, "did you mean checks?")

    def test_an_unknown_demo_and_bench_are_refused(self):
        self.write("final/demos/hello/hello.cpp", "// Says hello.\nint main() {}\n")
        self.assertOneLine(self.main("demo", "helo"), 2, "did you mean hello?")
        self.assertOneLine(self.main("bench", "htttp"), 2, "did you mean http?")

    def test_demos_are_listed_with_their_first_comment(self):
        self.write("final/demos/hello/hello.cpp", "\n// Says hello.\n// And more.\n")
        self.write("final/demos/chat/main.cpp", "/* none */\n")
        result = self.main("demo")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"(?m)^  hello  Says hello$")
        self.assertRegex(result.stdout, r"(?m)^  chat   see final/demos/chat/main\.cpp$")


class Surroundings(TreeTest):
    def test_works_from_any_folder_of_the_clone(self):
        self.write("a/b/file")
        result = self.learn("demo", cwd=self.root / "a" / "b")
        self.assertOneLine(result, 1, "no demo")

    def test_finds_its_own_clone_when_nothing_points_elsewhere(self):
        result = self.learn("test", "--list", cwd=REPOSITORY / "tests", FUNNEL_LEARN_ROOT="")
        self.assertRegex(result.stdout, r"(?m)^  learn ")

    def test_no_colour_and_no_control_character_in_a_pipe(self):
        result = self.learn()
        self.assertNotRegex(result.stdout, r"[\x00-\x09\x0b-\x1f]")

    def test_colours_on_a_terminal(self):
        shown, code = self.on_terminal()
        self.assertEqual(code, 0)
        self.assertIn("\x1b[", shown)

    def test_no_colours_on_a_terminal_when_they_are_not_wanted(self):
        for changes in ({"NO_COLOR": "1"}, {"CI": "true"}):
            self.assertNotIn("\x1b[", self.on_terminal(**changes)[0])

    def test_a_reader_that_goes_away_is_no_error(self):
        child = self.start("help")
        child.stdout.close()
        self.assertIn(child.wait(), (0, 128 + signal.SIGPIPE))
        self.assertEqual(child.stderr.read(), "")

    def test_readers_that_go_away_are_no_error_whichever_stream_tells(self):
        broken = (
            "import os, sys\n"
            "reader, writer = os.pipe()\n"
            "os.close(reader)\n"
            "os.dup2(writer, 1)\n"
            "os.dup2(writer, 2)\n"
            "os.execv(sys.argv[1], sys.argv[1:])\n"
        )
        through = (sys.executable, "-ISBc", broken)
        (self.root / "path").mkdir()
        for name in ("python3", "readlink", "dirname"):  # what ./learn starts with, and no compiler
            (self.root / "path" / name).symlink_to(shutil.which(name))
        self.write("final/demos/fetch/compare.toml", PROGRAM)
        # Without --json it is stdout that is told of the missing compiler, with it stderr.
        for form in ((), ("--json",), ("--events",)):
            result = self.learn("compare", *form, through=through, PATH=f"{self.root}/path")
            self.assertEqual(result.returncode, 128 + signal.SIGPIPE, form)
        self.assertFalse((self.root / "build/learn/unexpected-error.txt").exists())

    def test_closed_streams_are_no_error(self):
        closed = ("sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh")
        self.assertEqual(self.learn("help", through=closed).returncode, 0)
        self.assertEqual(self.learn("sevre", through=closed).returncode, 2)
        closed = ("sh", "-c", 'exec "$@" >&-', "sh")
        self.assertOneLine(self.learn("sevre", through=closed), 2, "'sevre'")

    def test_nothing_that_is_opened_later_becomes_a_closed_stream(self):
        self.write("book/.vitepress/dist/index.html")
        closed = ("sh", "-c", 'exec "$@" 2>&-', "sh")
        code = "import os; open('stream', 'w').write(os.readlink('/proc/self/fd/2'))"
        self.program("build/release/bin/siteserver", code)
        self.learn("serve", "--no-build", through=closed)
        self.assertEqual((self.root / "stream").read_text(), "/dev/null")

    def test_a_full_disk_is_one_line(self):
        full = ("sh", "-c", 'exec "$@" >/dev/full', "sh")
        for arguments in (["help"], ["compare", "--help"], ["bench", "--list"]):
            self.assertOneLine(self.learn(*arguments, through=full), 1, "No space left on device")
        full = ("sh", "-c", 'exec "$@" 2>/dev/full', "sh")
        self.assertEqual(self.learn("sevre", through=full).returncode, 2)

    def test_control_c_before_anything_is_loaded_is_silent(self):
        name = "tools/learn/__main__.py"
        self.write(name, (REPOSITORY / name).read_text())
        self.write("tools/learn/__init__.py")
        ends_itself = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
        self.write("tools/learn/cli.py", ends_itself)
        command = [sys.executable, "-ISB", self.root / "tools/learn"]
        result = subprocess.run(command, capture_output=True, timeout=30)
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGINT, b""))

    def test_leaves_no_compiled_python_among_the_sources(self):
        before = set(REPOSITORY.glob("tools/learn/**/__pycache__"))
        self.learn()
        self.assertEqual(set(REPOSITORY.glob("tools/learn/**/__pycache__")), before)


class Defects(TreeTest):
    def test_a_defect_is_one_line_and_its_details_are_in_a_file(self):
        (self.root / "final/demos/fetch/compare.toml").mkdir(parents=True)  # no file
        result = self.learn("compare", "--no-build")
        self.assertOneLine(result, 1, "unexpected error", "IsADirectoryError")
        place = re.search(r"details are in (\S+)", result.stderr)[1]
        self.assertIn("Traceback", (self.root / place).read_text())
        events = self.main("compare", "--no-build", "--events").stdout
        self.assertIn('{"event": "error", "message": "[Errno 21]', events)
