"""Which sources are checked, through which compiled files, and what is shown of problems."""

import json
import os
import subprocess
from unittest import mock

import support
from learn import lint, sources, term
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
    def units(self, *files):
        entries = [
            {"directory": str(self.root / "build"), "file": f"../src/{name}"}
            for name in ("task.cpp", "loop.cpp")
        ] + [{"directory": "/", "file": "/usr/generated.cpp"}]
        self.write("src/task.cpp", "#include <funnel/task.h>\n#include <funnel/loop.h>\n")
        self.write("src/loop.cpp", '#include "loop.h"\n#include "part.h"\n')
        return lint.units_for(self.root, list(files), entries)

    def test_sources_that_are_compiled_are_checked_others_not(self):
        self.assertEqual(self.units("src/task.cpp", "bench/raw.cpp"), ["src/task.cpp"])

    def test_a_header_is_seen_through_one_source_that_includes_it(self):
        self.assertEqual(self.units("include/funnel/task.h"), ["src/task.cpp"])
        self.assertEqual(self.units("src/part.h"), ["src/loop.cpp"])
        self.assertEqual(self.units("src/none.h"), [])

    def test_a_header_adds_no_source_when_one_is_looked_at_anyway(self):
        self.assertEqual(self.units("src/loop.cpp", "include/funnel/loop.h"), ["src/loop.cpp"])


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
        self.write("build/dev/build.ninja")
        entries = [{"directory": str(self.root), "file": name} for name in ("a.cpp", "b.cpp")]
        self.write("build/dev/compile_commands.json", json.dumps(entries))
        path = mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def test_each_file_is_told_with_its_problems(self):
        context = self.context()
        bar = term.Progress(context.term, "x")
        log = context.logs / "lint.log"
        found = dict(lint.tidy(context, ["a.cpp", "b.cpp"], log_path=log, bar=bar))
        self.assertEqual(found, {"a.cpp": ["a.cpp:1:5: error: unused"], "b.cpp": []})
        self.assertIn("9 warnings", log.read_text())

    def test_badly_formatted_files_are_listed(self):
        context = self.context()
        bar = term.Progress(context.term, "x")
        bad = lint.badly_formatted(context, ["a.cpp", "b.h"], context.logs / "lint.log", bar)
        self.assertEqual(bad, ["b.h"])
