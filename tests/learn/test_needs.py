"""What is on the machine: found by looking, remembered while it stays the same, installed."""

import json
import os
import re
import shutil
import subprocess
import sys
from unittest import mock

import support
from fakes import MachineTest
from learn import install, needs
from learn.commands import doctor
from learn.errors import LearnError
from learn.needs import ALL, Prober


class ProberTest(MachineTest):
    def prober(self):
        return Prober(self.root / "memory.json")

    def problem(self, key):
        (finding,) = self.prober().missing([key])
        return finding.detail


class Fakes(MachineTest):
    def test_a_fake_takes_the_place_of_a_link_and_is_not_written_through_it(self):
        tool = self.write("a machine's tool", "original")
        (self.path / "tool").symlink_to(tool)
        self.command("tool")
        self.assertEqual(tool.read_text(), "original")


class Probes(ProberTest):
    def test_a_command_that_is_not_there_is_missing(self):
        self.assertEqual(self.problem("cmake"), "not found in PATH")

    def test_a_command_that_is_too_old_is_missing_and_says_its_version(self):
        self.command("cmake", "3.23.9")
        self.assertIn("3.23.9, 3.24 or newer is needed", self.problem("cmake"))
        self.command("cmake", "3.24.0")
        self.assertEqual(self.prober().missing(["cmake"]), [])

    def test_versions_are_compared_as_numbers(self):
        self.command("node", "v9.11.2")
        self.assertIn("18.15 or newer", self.problem("node"))
        self.command("node", "v18.15.0")
        self.assertEqual(self.prober().missing(["node"]), [])

    def test_a_command_may_have_another_name(self):
        self.assertEqual(self.problem("chromium"), "not found in PATH")
        self.command("google-chrome")
        self.assertEqual(self.prober().missing(["chromium"]), [])
        with mock.patch.object(Prober, "probe", side_effect=AssertionError):
            self.assertEqual(self.prober().missing(["chromium"]), [])
        (self.path / "google-chrome").unlink()
        self.assertEqual(self.problem("chromium"), "not found in PATH")

    def test_the_browser_has_the_names_that_its_tests_look_for(self):
        text = (support.REPOSITORY / "tests/book/support/browser.mjs").read_text()
        named = re.findall(r'"([\w-]+)"', re.search(r"const names = \[(.*)\]", text)[1])
        self.assertEqual(named, ["chromium", *ALL["chromium"].aliases])

    def test_a_command_that_does_not_run_is_missing(self):
        self.shell("path/node", "exit 1\n")
        self.assertIn("does not say which version", self.problem("node"))

    def test_headers_are_looked_for_where_the_compiler_looks(self):
        self.compiler()
        self.assertIn("does not find this header", self.problem("re2/re2.h"))
        self.write("include/re2/re2.h")
        self.assertEqual(self.prober().missing(["re2/re2.h"]), [])

    def test_without_a_compiler_headers_are_missing(self):
        self.write("include/re2/re2.h")
        self.assertTrue(self.problem("re2/re2.h"))

    def test_a_clang_that_cannot_link_with_its_runtime_is_told(self):
        key = "clang++ -fsanitize=fuzzer"
        self.assertIn("not found", self.problem(key))
        self.shell("path/clang++", "exit 1\n")
        self.assertIn("-fsanitize=fuzzer", self.problem(key))
        self.shell("path/clang++", "exit 0\n")
        self.assertEqual(self.prober().missing([key]), [])

    def test_every_need_of_every_command_is_known(self):
        from learn import cli

        for name in cli.command_names():
            self.assertLessEqual(set(getattr(cli.load(name), "NEEDS", ())), set(ALL), name)


class Memory(ProberTest):
    def test_what_was_found_is_not_looked_for_again(self):
        self.everything_to_build()
        self.assertEqual(self.prober().missing(needs.BUILD), [])
        with mock.patch.object(Prober, "probe", side_effect=AssertionError):
            self.assertEqual(self.prober().missing(needs.BUILD), [])

    def test_what_was_missing_is_looked_for_again(self):
        self.problem("cmake")
        self.command("cmake")
        self.assertEqual(self.prober().missing(["cmake"]), [])

    def test_what_has_gone_or_changed_is_looked_for_again(self):
        self.everything_to_build()
        self.prober().missing(needs.BUILD)
        (self.root / "include/asio.hpp").unlink()
        self.command("cmake", "3.1.10000")
        found = {finding.need.key for finding in self.prober().missing(needs.BUILD)}
        self.assertEqual(found, {"asio.hpp", "cmake"})

    def test_a_damaged_memory_is_made_anew(self):
        self.command("ninja")
        for text in ("", "{", "[]"):
            (self.root / "memory.json").write_text(text)
            self.assertEqual(self.prober().missing(["ninja"]), [])
            self.assertIn("ninja", json.loads((self.root / "memory.json").read_text()))


class Installing(MachineTest):
    """With an apt-get that makes what it installs, and a sudo that just runs."""

    def setUp(self):
        super().setUp()
        self.shell("path/sudo", '[ "$1" = -n ] && shift\n[ "$1" = -v ] || exec "$@"\n')

    def apt(self, code):
        self.shell("path/apt-get", f'echo "$@ $DEBIAN_FRONTEND" >>"{self.root}/apt.log"\n{code}')

    def asked(self):
        path = self.root / "apt.log"
        return path.read_text().splitlines() if path.exists() else []

    def missing_ninja(self):
        self.everything_to_build()
        (self.path / "ninja").unlink()

    def test_what_is_missing_is_named_and_installed(self):
        self.missing_ninja()
        (self.root / "include/re2/re2.h").unlink()
        header = self.root / "include/re2/re2.h"
        self.apt(f'cp "{self.path}/cmake" "{self.path}/ninja"; touch "{header}"')
        context = self.context()
        install.ensure(context, needs.BUILD, "./learn serve")
        self.assertIn("ninja-build libre2-dev", self.shown(context))
        self.assertIn("less than a minute", self.shown(context))
        self.assertNotIn("[Y/n]", self.shown(context))
        update, installation = self.asked()
        self.assertIn(" update noninteractive", update)
        self.assertTrue(
            installation.endswith(
                " install -y --no-install-recommends ninja-build libre2-dev noninteractive"
            ),
            installation,
        )
        install.ensure(context, needs.BUILD, "./learn serve")
        self.assertEqual(len(self.asked()), 2)

    def test_a_command_asks_only_for_what_it_needs(self):
        self.everything_to_build()
        self.apt("exit 1")
        self.write("final/demos/hello/hello.cpp", "// Hello.")
        install.ensure(self.context(), needs.BUILD, "./learn demo")
        self.assertEqual(self.asked(), [])

    def test_without_apt_get_the_list_is_all_that_happens(self):
        self.missing_ninja()
        self.write("final/demos/hello/hello.cpp", "// Hello.")
        result = self.learn("demo", "hello", PATH=str(self.path))
        self.assertOneLine(result, 1, "package manager")
        self.assertIn("the Ninja build tool  not found in PATH", result.stdout)

    def test_a_failing_apt_get_is_told_with_its_first_error(self):
        self.missing_ninja()
        failure = 'echo "E: Unable to locate package"; exit 100'
        self.apt(f'case "$*" in *update*) ;; *) {failure} ;; esac')
        self.write("final/demos/hello/hello.cpp", "// Hello.")
        result = self.learn("demo", "hello", PATH=str(self.path))
        said = "apt-get install failed: Unable to locate package"
        self.assertOneLine(result, 1, said, "install.log")

    def test_without_root_and_a_password_it_says_what_to_type(self):
        self.missing_ninja()
        self.apt("exit 0")
        self.shell("path/id", "echo 1000\n")
        self.shell("path/sudo", "echo 'sudo: a password is required' >&2; exit 1\n")
        with mock.patch.object(os, "geteuid", return_value=1000):
            with self.assertRaises(LearnError) as caught:
                install.ensure(self.context(), needs.BUILD, "./learn demo")
        self.assertEqual(
            str(caught.exception),
            "apt-get update failed: sudo: a password is required; run as root: apt-get install "
            "ninja-build (the log is build/logs/install.log)",
        )
        self.assertEqual(self.asked(), [])

    def test_an_installation_that_did_not_help_is_told(self):
        self.missing_ninja()
        self.apt("exit 0")
        self.write("final/demos/hello/hello.cpp", "// Hello.")
        result = self.learn("demo", "hello", PATH=str(self.path))
        self.assertOneLine(result, 1, "still missing is the Ninja build tool")

    def test_on_a_terminal_it_asks_first(self):
        self.missing_ninja()
        self.apt("exit 0")
        self.write("final/demos/hello/hello.cpp", "// Hello.")
        shown, code = self.on_terminal("demo", "hello", answer="n\n", PATH=str(self.path))
        self.assertIn("Go on? [Y/n]", shown)
        self.assertIn("nothing was installed", shown)
        self.assertEqual((code, self.asked()), (1, []))
        shown, code = self.on_terminal("demo", "hello", answer="\x04", PATH=str(self.path))
        self.assertEqual((code, self.asked()), (1, []))
        shown, code = self.on_terminal("demo", "hello", answer="\n", PATH=str(self.path))
        self.assertEqual(len(self.asked()), 2)

    def test_longer_installations_say_how_long(self):
        findings = [needs.Finding(need, False, "") for need in ALL.values()]
        self.assertRegex(install.estimate(findings), r"^about \d min$")


class Doctor(MachineTest):
    def test_what_is_missing_is_marked_with_how_to_mend_it(self):
        self.everything_to_build()
        (self.path / "ninja").unlink()
        self.shell("path/apt-get", "exit 1\n")
        result = self.learn("doctor", PATH=str(self.path))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"(?m)^  ✗ ninja .* →  apt-get install ninja-build$")
        self.assertRegex(result.stdout, r"(?m)^  ✓ g\+\+ +12\.2\.0$")
        for what in ("open files", "free disk", "cores", "port 8888"):
            self.assertIn(what, result.stdout)

    def test_the_slow_server_warns_where_a_dash_is_shown(self):
        text = (support.REPOSITORY / "tools/slowserver/slowserver.cpp").read_text()
        enough = re.search(r"enough_descriptors = ([\d']+);", text)[1]
        self.assertEqual(int(enough.replace("'", "")), doctor.DESCRIPTORS)

    def test_what_only_a_bench_needs_may_be_missing(self):
        self.everything_to_build()
        for key in needs.ALL:
            if isinstance(needs.ALL[key], needs.Command) and key not in ("g++", "wrk"):
                self.command(key)
        result = self.learn("doctor", PATH=str(self.path))
        self.assertRegex(result.stdout, r"(?m)^  ✗ wrk ")
        self.assertEqual(result.returncode, 0, result.stdout)


class Bootstrap(MachineTest):
    """The script at the root, before there is a Python to hand over to."""

    def setUp(self):
        super().setUp()
        (self.path / "python3").unlink()
        text = support.LEARN.read_text()
        self.write("learn", text.replace("/usr/bin/python3", "/nowhere/python3")).chmod(0o755)
        self.write("tools/learn/__main__.py", 'import sys; print("started with", sys.argv[1:])')

    def boot(self, *arguments):
        return subprocess.run(
            [self.root / "learn", *arguments],
            env={"PATH": str(self.path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=support.LIMIT_S,
        )

    def test_hands_its_arguments_over(self):
        (self.path / "python3").symlink_to(sys.executable)
        result = self.boot("a b", "", "--c")
        self.assertEqual(result.stdout, "started with ['a b', '', '--c']\n")

    def test_started_through_a_link_it_finds_its_clone(self):
        (self.path / "python3").symlink_to(sys.executable)
        link = self.root / "elsewhere" / "learn"
        link.parent.mkdir()
        link.symlink_to("../learn")
        self.root, real = link.parent, self.root
        self.assertEqual(self.boot().stdout, "started with []\n")
        self.root = real

    def test_an_old_python_is_passed_over(self):
        self.shell("path/python3", "exit 1\n")
        (self.path / "python3.11").symlink_to(sys.executable)
        self.assertEqual(self.boot().stdout, "started with []\n")

    def test_a_missing_python_is_installed(self):
        ln = shutil.which("ln", path=os.defpath)
        self.shell(
            "path/apt-get",
            f"""
            echo "$@ $DEBIAN_FRONTEND" >>"{self.root}/apt.log"
            case "$*" in *python3) {ln} -s {sys.executable} "{self.path}/python3" ;; esac
            """,
        )
        result = self.boot()
        self.assertEqual(result.stdout, "started with []\n", result.stderr)
        self.assertIn("To be installed with apt-get", result.stderr)
        said = (self.root / "apt.log").read_text().splitlines()
        options = "-q -o DPkg::Lock::Timeout=120"
        self.assertEqual(said[0], f"{options} update noninteractive")
        self.assertEqual(len(said), 2)

    def test_a_missing_python_is_never_waited_for_at_a_hidden_question(self):
        self.shell("path/id", "echo 1000\n")
        self.shell("path/sudo", '[ "$1" = -n ] || exec sleep 60\nshift; exec "$@"\n')
        self.shell("path/apt-get", f'echo "$@" >>"{self.root}/apt.log"; exit 100\n')
        self.assertEqual(self.boot().returncode, 1)
        self.assertTrue((self.root / "apt.log").exists())

    def test_without_python_and_apt_get_it_says_what_is_wrong(self):
        self.assertOneLine(self.boot(), 1, "Python 3.11 or newer")

    def test_a_failing_installation_is_one_line_after_the_announcement(self):
        self.shell("path/apt-get", "exit 100\n")
        result = self.boot()
        self.assertEqual(result.returncode, 1)
        self.assertIn("learn: apt-get update failed; the log is", result.stderr)
