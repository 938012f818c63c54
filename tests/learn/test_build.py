"""Builds: configured only when needed, one at a time, and the first error is what is shown."""

import contextlib
import io
import os
import textwrap
import threading
import unittest
from unittest import mock

import support
from fakes import CMAKE, NPM, WAIT_FOR
from learn import build, site
from learn.errors import LearnError


@contextlib.contextmanager
def in_background(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    try:
        yield
    finally:
        thread.join()


class BuildTest(support.TreeTest):
    def setUp(self):
        super().setUp()
        self.program("path/cmake", CMAKE)
        self.write("CMakePresets.json", "{}")
        path = mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def build(self, *targets):
        context = self.context()
        build.build(context, "release", targets)
        return self.shown(context)

    def calls(self):
        path = self.root / "calls"
        calls = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return calls


class Screen(io.StringIO):
    """Calls a function when a text is written that it has to show."""

    def __init__(self, text, then):
        super().__init__()
        self._text, self._then = text, then

    def write(self, text):
        if self._text in text:
            self._then()
        return super().write(text)


class Builds(BuildTest):
    BUILD = "--build --preset release"

    def test_the_first_build_configures_the_next_does_not(self):
        self.build("a", "b")
        self.assertEqual(self.calls(), ["--preset release", f"{self.BUILD} --target a b"])
        self.build()
        self.assertEqual(self.calls(), [self.BUILD])

    def test_compilers_are_asked_to_speak_english(self):
        self.program("path/cmake", "import os; print(os.environ['LC_ALL'])\n" + textwrap.dedent(CMAKE))
        self.build()
        log = (self.root / "build/logs/build-release.log").read_text()
        self.assertIn("C.UTF-8", log)

    def test_looking_for_new_files_is_no_step_of_the_build(self):
        looked = "print('[0/2] Re-checking globbed directories...')"
        self.program("path/cmake", textwrap.dedent(CMAKE) + f"\n{looked}\n")
        self.build()
        self.assertNotIn("build release", self.build())

    def test_where_no_bar_is_seen_each_step_says_that_it_has_begun(self):
        gated = """
            import pathlib, sys
            gate = pathlib.Path("gate")
            if "--build" in sys.argv:
                print("[1/2] Building CXX object x.o", flush=True)
            wait_for(gate)
            gate.unlink()
            if "--build" in sys.argv:
                print("[2/2] Linking y")
        """
        self.program("path/cmake", textwrap.dedent(WAIT_FOR) + textwrap.dedent(gated))
        os.utime(self.write("build/release/build.ninja"), (1, 1))  # older than the presets
        context = self.context()
        context.term.stream = Screen(" …\n", (self.root / "gate").touch)
        build.build(context, "release")
        said = [line.split("  ")[:2] for line in self.shown(context).splitlines()]
        self.assertEqual([line[0] or line[1] for line in said], [
            "configure release …", "✓ configure release", "build release …", "✓ build release",
        ])  # fmt: skip

    def test_changed_presets_are_configured_again_once(self):
        self.build()
        self.calls()
        os.utime(self.root / "build/release/build.ninja", (1, 1))  # older than the presets
        self.build()
        self.assertEqual(self.calls(), ["--preset release", self.BUILD])
        self.build()
        self.assertEqual(self.calls(), [self.BUILD])

    def test_a_clone_that_was_moved_is_configured_afresh(self):
        self.build()
        cache = self.root / "build/release/CMakeCache.txt"
        cache.write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/somewhere/else\n")
        self.calls()
        self.build()
        self.assertEqual(self.calls(), ["--preset release --fresh", self.BUILD])

    def test_a_failing_compilation_shows_its_first_error_and_the_log(self):
        self.write("broken")
        with self.assertRaises(build.BuildFailed) as caught:
            self.build()
        excerpt = ["b.cpp:3:7: error: expected ';'", "    3 | int x"]
        self.assertEqual(caught.exception.excerpt, excerpt)
        self.assertIn("with exit code 1", caught.exception.message)
        self.assertIn("build/logs/build-release.log", caught.exception.message)
        self.assertIn("another", (self.root / "build/logs/build-release.log").read_text())

    def test_on_the_command_line_the_excerpt_comes_before_the_one_line(self):
        self.write("broken")
        self.write("final/demos/hello/hello.cpp", "// Hello.")
        with mock.patch("learn.commands.demo.ensure"):
            result = self.main("demo", "hello")
        lines = result.stderr.splitlines()
        self.assertEqual(lines[0], "b.cpp:3:7: error: expected ';'")
        self.assertTrue(lines[-1].startswith("learn: the release build failed"), lines)

    def test_a_failing_configuration_shows_its_error_and_is_tried_again(self):
        self.write("bad")
        memory = self.write("build/learn/needs.json", "{}")
        with self.assertRaises(build.BuildFailed) as caught:
            self.build()
        self.assertIn("  install libfmt-dev", caught.exception.excerpt)
        self.assertFalse(memory.exists())  # the machine is looked at again
        (self.root / "bad").unlink()
        self.calls()
        self.build()
        self.assertEqual(self.calls()[0], "--preset release")

    def test_a_log_holds_one_build(self):
        self.write("broken")
        sizes = []
        for _ in range(2):
            with self.assertRaises(build.BuildFailed):
                self.build()
            sizes.append((self.root / "build/logs/build-release.log").stat().st_size)
        self.assertLessEqual(sizes[1], sizes[0])

    def test_two_builds_of_one_preset_wait_for_each_other(self):
        self.build()
        self.write("gated")
        self.calls()
        first, second = self.context(), self.context()
        with in_background(build.build, first, "release"):
            self.assertTrue(support.wait_until((self.root / "calls").exists))
            with in_background(build.build, second, "release"):
                waiting = "waiting for another ./learn that builds release"
                self.assertTrue(support.wait_until(lambda: waiting in self.shown(second)))
                self.assertEqual(self.calls(), [self.BUILD])
                self.write("gate")
        self.assertEqual(self.calls(), [self.BUILD])
        self.assertNotIn(waiting, self.shown(first))

    def test_without_cmake_it_is_one_sentence(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}), self.assertRaises(LearnError) as e:
            self.build()
        self.assertIn("cannot start cmake", str(e.exception))


class FirstErrors(unittest.TestCase):
    def first(self, *lines):
        return build.first_error("\n".join(lines))

    def test_linker_errors_are_found(self):
        undefined = "a.o: in function `f()': undefined reference to `g()'"
        self.assertEqual(self.first("[1/2] Linking", undefined)[0], undefined)

    def test_without_an_error_the_last_lines_are_shown(self):
        lines = [str(number) for number in range(100)]
        self.assertEqual(self.first(*lines), lines[-build.SHOWN_LINES :])

    def test_colours_are_taken_out(self):
        coloured = "\x1b[1ma.cpp:1:1: \x1b[31merror: no"
        self.assertEqual(self.first(coloured), ["a.cpp:1:1: error: no"])


class Sites(support.TreeTest):
    CI, BUILD = "book ci --no-audit --no-fund", "book run build"

    def setUp(self):
        super().setUp()
        self.program("path/npm", NPM)
        self.write("book/package.json", "{}")
        self.write("book/package-lock.json", "{}")
        self.write("book/index.md", "# Hello")
        path = mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def calls_of_a_build(self):
        calls = self.root / "path/calls"
        calls.unlink(missing_ok=True)
        site.build_site(self.context())
        return calls.read_text().splitlines() if calls.exists() else []

    def test_the_site_is_built_once(self):
        self.assertEqual(self.calls_of_a_build(), [self.CI, self.BUILD])
        self.assertEqual(self.calls_of_a_build(), [])

    def test_a_changed_new_or_deleted_page_builds_it_again(self):
        self.calls_of_a_build()
        for change in (
            lambda: self.write("book/index.md", "# Bye"),
            lambda: self.write("book/.vitepress/theme/style.css", "a"),
            lambda: (self.root / "book/.vitepress/theme/style.css").unlink(),
            lambda: (self.root / "book/.vitepress/dist/index.html").unlink(),
        ):
            change()
            self.assertEqual(self.calls_of_a_build(), [self.BUILD])

    def test_what_the_build_itself_makes_is_no_change(self):
        self.calls_of_a_build()
        self.write("book/.vitepress/cache/x")
        self.write("book/.vitepress/dist/y")
        self.write("book/node_modules/z")
        os.utime(self.root / "book/index.md", (1, 1))
        self.assertEqual(self.calls_of_a_build(), [])

    def test_other_packages_are_installed_and_the_site_built_again(self):
        self.calls_of_a_build()
        self.write("book/package-lock.json", '{"packages": {}}')
        self.assertEqual(self.calls_of_a_build(), [self.CI, self.BUILD])

    def test_a_failure_shows_the_error_and_is_tried_again(self):
        self.calls_of_a_build()
        self.write("book/bad")
        for _ in range(2):
            with self.assertRaises(LearnError) as caught:
                self.calls_of_a_build()
            self.assertEqual(caught.exception.excerpt[0], "Error: dead link in index.md")
            self.assertIn("`npm run build` in book failed", caught.exception.message)

    def test_a_failure_leaves_no_stamp_of_what_it_may_have_broken(self):
        self.calls_of_a_build()
        bad = self.write("book/bad")
        with self.assertRaises(LearnError):
            self.calls_of_a_build()
        bad.unlink()  # the sources are again those of the first build, dist/ need not be
        self.assertEqual(self.calls_of_a_build(), [self.BUILD])

    def test_two_at_once_build_the_site_once(self):
        self.write("book/gated")
        first, second = self.context(), self.context()
        with in_background(site.build_site, first):
            self.assertTrue(support.wait_until((self.root / "path/calls").exists))
            with in_background(site.build_site, second):
                waiting = "waiting for another ./learn that uses book"
                self.assertTrue(support.wait_until(lambda: waiting in self.shown(second)))
                self.write("gate")
        calls = (self.root / "path/calls").read_text().splitlines()
        self.assertEqual(calls, [self.CI, self.BUILD])
        self.assertNotIn(waiting, self.shown(first))

    def test_without_a_lock_file_there_is_nothing_to_build(self):
        (self.root / "book/package-lock.json").unlink()
        with self.assertRaises(LearnError) as caught:
            self.calls_of_a_build()
        self.assertEqual(str(caught.exception), "book/package-lock.json is missing")
