"""Which sources are checked, through which compiled files, and what is shown of problems."""

import contextlib
import json
import os
import subprocess
from unittest import mock

import support
from learn import lint, sources, steps, term
from learn.errors import UsageError


class GitTest(support.TreeTest):
    def git(self, *arguments):
        plain = ("user.name=T", "user.email=t@example.org", "commit.gpgsign=false")
        options = [word for setting in plain for word in ("-c", setting)]
        command = ["git", *options, *arguments]
        subprocess.run(command, cwd=self.root, check=True, capture_output=True)

    def setUp(self):
        super().setUp()
        self.git("init", "-q", "-b", "work")
        for name in ("a.cpp", "b.cpp", "b.h", "notes.md"):
            self.write(name, "int x;\n")
        self.commit("first")

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)


class Sources(GitTest):
    def test_all_are_those_that_git_tracks_and_that_are_there(self):
        self.write("new.cpp")
        (self.root / "a.cpp").unlink()
        self.assertEqual(sources.all_sources(self.root), ["b.cpp", "b.h"])

    def test_changed_are_edited_and_new_ones(self):
        self.write("b.h", "int y;\n")
        self.write("sub/new.cpp")
        (self.root / "a.cpp").unlink()
        self.assertEqual(sources.changed_sources(self.root, "HEAD"), ["b.h", "sub/new.cpp"])

    def test_an_unknown_revision_is_a_usage_error(self):
        for base in ("nowhere", "-p", ""):
            with self.assertRaises(UsageError):
                sources.changed_sources(self.root, base)

    def test_the_default_base_is_where_this_line_of_work_began(self):
        self.assertIsNone(sources.default_base(self.root))
        self.write("a.cpp", "int y;\n")
        self.commit("second")

        def changed():
            return sources.changed_sources(self.root, sources.default_base(self.root))

        self.assertEqual(changed(), ["a.cpp"])
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")
        self.assertEqual(changed(), ["a.cpp"])
        self.git("update-ref", "refs/remotes/origin/main", "HEAD~1")
        self.write("b.cpp", "int y;\n")
        self.commit("third")
        self.assertEqual(changed(), ["a.cpp", "b.cpp"])

    def test_a_folder_that_is_no_clone_is_one_line(self):
        with mock.patch.dict(os.environ, {"GIT_DIR": str(self.root / "nowhere")}):
            self.write("CMakeLists.txt")
            with self.assertRaises(Exception) as caught:
                sources.all_sources(self.root)
        self.assertIn("git ls-files failed here", str(caught.exception))


class Units(support.TreeTest):
    def setUp(self):
        super().setUp()
        self.write("src/task.cpp", "#include <funnel/task.h>\n#include <funnel/loop.h>\n")
        self.write("src/loop.cpp", '#include "loop.h"\n#include "part.h"\n')
        self.write("fuzz/loop_fuzz.cpp", "#include <funnel/loop.h>\n")
        self.compiles("lint", "../src/task.cpp", "../src/loop.cpp", "../src/gone.cpp", "/usr/x.cpp")

    def compiles(self, preset, *files):
        entries = [{"directory": str(self.root / "build"), "file": file} for file in files]
        self.write(f"build/{preset}/compile_commands.json", json.dumps(entries))

    def units(self, *files):
        return lint.Units(self.root, list(files), ["lint", "fuzz"])

    def assertChosen(self, files, chosen):
        self.assertEqual(self.units(*files).chosen, set(chosen))

    def test_sources_that_are_compiled_are_checked_others_not(self):
        self.assertChosen(["src/task.cpp", "bench/raw.cpp"], ["src/task.cpp"])

    def test_a_header_is_seen_through_one_source_that_includes_it(self):
        self.assertChosen(["include/funnel/task.h"], ["src/task.cpp"])
        self.assertChosen(["src/part.h"], ["src/loop.cpp"])
        self.assertChosen(["src/none.h"], [])

    def test_a_header_adds_no_source_when_one_is_looked_at_anyway(self):
        self.assertChosen(["src/loop.cpp", "include/funnel/loop.h"], ["src/loop.cpp"])
        self.assertChosen(["include/funnel/loop.h", "src/task.cpp"], ["src/task.cpp"])

    def test_a_fuzzer_is_checked_when_its_preset_is_configured(self):
        fuzzer = "fuzz/loop_fuzz.cpp"
        self.assertEqual(self.units(fuzzer).unseen, [fuzzer])
        self.compiles("fuzz", "../src/task.cpp", f"../{fuzzer}")
        units = self.units(fuzzer, "src/task.cpp")
        self.assertEqual(units.unseen, [])
        self.assertEqual(units.folder(fuzzer), self.root / "build/fuzz")
        self.assertEqual(units.folder("src/task.cpp"), self.root / "build/lint")

    def test_what_nothing_compiles_is_told_by_its_folder(self):
        self.assertEqual(lint.unseen_sentence(self.units("src/task.cpp")), "")
        said = lint.unseen_sentence(self.units("fuzz/a.cpp", "src/none.h", "fuzz/b.cpp"))
        self.assertTrue(said.endswith("compiles them: fuzz (2), src (1)"), said)


class Problems(GitTest):
    def setUp(self):
        super().setUp()
        self.shell(
            "path/clang-tidy",
            """
            for last; do :; done
            [ "$last" = a.cpp ] || exit 0
            echo "9 warnings generated."
            echo "$PWD/a.cpp:1:5: error: unused"
            exit 1
            """,
        )
        self.shell("path/clang-format", 'for last; do :; done\n[ "$last" != b.h ]\n')
        self.write("build/lint/build.ninja")
        entries = [{"directory": str(self.root), "file": name} for name in ("a.cpp", "b.cpp")]
        self.write("build/lint/compile_commands.json", json.dumps(entries))
        path = mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def test_each_file_is_told_with_its_problems(self):
        context = self.context()
        log = context.logs / "lint.log"
        where = {"log_path": log, "bar": term.Progress(context.term, "x")}
        units = lint.units_for(context, ["a.cpp", "b.cpp"], **where)
        found = dict(lint.tidy(context, units, **where))
        self.assertEqual(found, {"a.cpp": ["a.cpp:1:5: error: unused"], "b.cpp": []})
        self.assertIn("9 warnings", log.read_text())

    def lint(self, *files, cwd=None):
        with mock.patch("learn.commands.lint.ensure"), contextlib.chdir(cwd or self.root):
            return self.main("lint", *files)

    def test_the_command_says_what_it_found_and_what_it_could_not_see(self):
        self.write("c.cpp")
        self.commit("second")
        result = self.lint()
        self.assertEqual(result.returncode, 1)
        self.assertIn("    b.h  (clang-format -i b.h)", result.stdout)
        self.assertIn("    a.cpp:1:5: error: unused", result.stdout)
        self.assertIn("clang-tidy, since no configured preset compiles them: . (2)", result.stdout)

    def test_files_are_named_from_where_one_stands(self):
        (self.root / "sub").mkdir()
        for name in ("../b.cpp", "./../b.cpp", self.root / "b.cpp"):
            result = self.lint(name, cwd=self.root / "sub")
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertRegex(result.stdout, r"clang-format .* 1 file\n")
        self.assertOneLine(self.lint("b.cpp", cwd=self.root / "sub"), 2, "'b.cpp'", "git tracks")

    def test_a_stage_counts_what_it_could_not_see_as_skipped(self):
        context = self.context()
        bar = term.Progress(context.term, "x")
        job = steps.Job(context, context.logs / "lint.log", bar, {}, "lint")
        outcome = steps.Tidy(("b.cpp", "b.h")).run(job)
        self.assertEqual((outcome.passed, outcome.failed, outcome.skipped), (1, 0, 1))
        self.assertIn(". (1)", self.shown(context))
        self.assertEqual(steps.Tidy(()).run(job).skipped, 1)

    def test_badly_formatted_files_are_listed(self):
        context = self.context()
        bar = term.Progress(context.term, "x")
        bad = lint.badly_formatted(context, ["a.cpp", "b.h"], context.logs / "lint.log", bar)
        self.assertEqual(bad, ["b.h"])
