"""Runs each check of tools/checks on small trees: clean ones, and one per rule that breaks it."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKS = pathlib.Path(__file__).resolve().parents[2] / "tools/checks"


class CheckTest(unittest.TestCase):
    """Builds a tree in a temporary folder and runs `self.check` on it."""

    check = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run_check(self, **environment):
        return subprocess.run(
            [sys.executable, "-B", CHECKS / f"{self.check}.py", "--root", self.root],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )

    def expect_good(self, files, summary="good", **environment):
        self.write(files)
        done = self.run_check(**environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
        self.assertIn(summary, done.stdout)

    def expect_finding(self, files, place, words, **environment):
        """Expects exactly one finding, at `place` ("file:line"), that contains `words`."""
        self.write(files)
        done = self.run_check(**environment)
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        finding, summary = done.stdout.splitlines()
        self.assertTrue(finding.startswith(f"{place}: "), finding)
        self.assertIn(words, finding)
        self.assertEqual(summary, f"{self.check}: 1 to mend")


class WordsTest(CheckTest):
    check = "words"

    def setUp(self):
        super().setUp()
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def test_plain_english_is_good(self):
        self.expect_good({"book/ch01-x.md": "A client that waits sends nothing.\n"}, "1 files")

    def test_what_reads_like_a_translation_is_found(self):
        for text, said in (
            ("Whoever reads waits.", "Whoever"),
            ("It waits for ever.", "for ever"),
            ("The time-out is over.", "time-out"),
            ("It is no tool for this.", "is no tool"),
            ("There is a most of them.", "There is a most"),
            ("This is for who only looks.", "for who only"),
            ("/// Who waits is told.", "Who waits"),
            ("what came behind it is kept", "came behind it"),
        ):
            with self.subTest(text):
                self.expect_finding({"chapters/ch01_x/funnel/x.h": f"\n{text}\n"}, "chapters/ch01_x/funnel/x.h:2", said)

    def test_files_that_nobody_has_edited_yet_are_left_alone(self):
        self.expect_good({"final/src/core/x.cpp": "// whoever\n"}, "0 files")


class LayersTest(CheckTest):
    check = "layers"

    def setUp(self):
        super().setUp()
        self.write(
            {
                "final/include/funnel/result.h": "#include <variant>\n",
                "final/include/funnel/detail/join.h": "#include <funnel/result.h>\n",
                "final/include/funnel/httputil.h": "#include <funnel/result.h>\n",
                "final/include/funnel/web.h": "#include <funnel/httputil.h>\n",
                "final/src/net/buffer.h": "#include <funnel/result.h>\n",
                "final/src/http/parser.h": '#include "net/buffer.h"\n#include <asio.hpp>\n',
                "final/src/http/parser.cpp": '#include "http/parser.h"\n',
            }
        )

    def test_a_tree_in_order_is_good(self):
        self.expect_good({}, "layers: good (7 files in 6 layers)")

    def test_a_private_header_of_a_higher_layer_is_found(self):
        text = '#include <cstdio>\n#include "http/parser.h"\n'
        self.expect_finding(
            {"final/src/net/tls.cpp": text}, "final/src/net/tls.cpp:2", "higher layer http"
        )

    def test_angle_brackets_do_not_hide_a_private_header(self):
        text = "#include <http/parser.h>\n"
        self.expect_finding(
            {"final/src/net/tls.cpp": text}, "final/src/net/tls.cpp:1", "higher layer http"
        )

    def test_a_public_header_of_a_higher_layer_is_found_in_a_source(self):
        text = "#include <funnel/web.h>\n"
        self.expect_finding(
            {"final/src/http/server.cpp": text}, "final/src/http/server.cpp:1", "higher layer web"
        )

    def test_a_public_header_of_a_higher_layer_is_found_in_a_public_header(self):
        text = "#pragma once\n#include <funnel/httputil.h>\n"
        self.expect_finding(
            {"final/include/funnel/iostream.h": text}, "final/include/funnel/iostream.h:2", "higher"
        )

    def test_a_detail_header_of_a_higher_layer_is_found(self):
        text = "#include <funnel/detail/handler_traits.h>\n"
        self.expect_finding(
            {"final/src/core/task.cpp": text}, "final/src/core/task.cpp:1", "higher layer web"
        )

    def test_a_public_header_includes_no_private_one(self):
        text = '#include "net/buffer.h"\n'
        self.expect_finding(
            {"final/include/funnel/web.h": text}, "final/include/funnel/web.h:1", "private"
        )

    def test_a_public_header_that_the_table_does_not_know_is_found(self):
        self.expect_finding(
            {"final/include/funnel/novelty.h": "\n"}, "final/include/funnel/novelty.h:1", "PUBLIC"
        )

    def test_an_include_of_an_unknown_public_header_is_found(self):
        text = "#include <funnel/novelty.h>\n"
        self.expect_finding(
            {"final/src/net/tls.cpp": text}, "final/src/net/tls.cpp:1", "<funnel/novelty.h>"
        )

    def test_a_source_outside_the_layers_is_found(self):
        self.expect_finding({"final/src/util/x.cpp": "\n"}, "final/src/util/x.cpp:1", "no layer")

    def test_a_private_header_is_named_with_its_layer(self):
        text = '#include "buffer.h"\n'
        self.expect_finding({"final/src/net/x.cpp": text}, "final/src/net/x.cpp:1", "LAYER/name.h")

    def test_final_includes_nothing_of_a_chapter(self):
        files = {
            "chapters/ch01_blocking/funnel/socket.h": "\n",
            "final/demos/x.cpp": '#include "../../chapters/ch01_blocking/funnel/socket.h"\n',
        }
        self.expect_finding(files, "final/demos/x.cpp:1", "of chapters")

    def test_a_chapter_names_its_own_headers_as_final_does(self):
        files = {"chapters/ch03_futures/funnel/future.h": "#include <funnel/result.h>\n"}
        self.expect_good(files)

    def test_a_chapter_includes_nothing_of_final(self):
        files = {"chapters/ch01_blocking/x.cpp": "#include <final/src/net/buffer.h>\n"}
        self.expect_finding(files, "chapters/ch01_blocking/x.cpp:1", "of final")

    def test_a_header_name_belongs_to_one_chapter(self):
        files = {
            "chapters/ch01_blocking/funnel/socket.h": "\n",
            "chapters/ch02_eventloop/funnel/socket.h": "\n",
        }
        self.expect_finding(files, "chapters/ch02_eventloop/funnel/socket.h:1", "ch01_blocking")

    def test_an_include_cycle_is_found(self):
        files = {
            "final/src/net/a.h": '#include "net/b.h"\n',
            "final/src/net/b.h": '\n#include "net/a.h"\n',
        }
        cycle = "final/src/net/a.h -> final/src/net/b.h -> final/src/net/a.h"
        self.expect_finding(files, "final/src/net/b.h:2", cycle)


class HeaderCostTest(CheckTest):
    check = "header_cost"

    def setUp(self):
        super().setUp()
        self.write(
            {
                "final/include/funnel/result.h": "#pragma once\n#include <variant>\n",
                "final/include/funnel/web.h": "#pragma once\n#include <funnel/result.h>\n",
                "final/include/funnel/asio.h": "#pragma once\n#include <asio.hpp>\n",
                "elsewhere/nlohmann/json_fwd.hpp": "#include <nlohmann/detail/abi_macros.hpp>\n",
                "elsewhere/nlohmann/detail/abi_macros.hpp": "\n",
                "elsewhere/asio.hpp": "\n",
            }
        )
        self.elsewhere = str(self.root / "elsewhere")

    def test_cheap_headers_are_good_and_a_missing_hello_is_said(self):
        files = {"final/include/funnel/web_json.h": "#include <nlohmann/json_fwd.hpp>\n"}
        self.expect_good(files, "NOT checked", CPATH=self.elsewhere)

    def test_each_forbidden_include_is_found(self):
        for name in (
            "asio.hpp",
            "asio/ip/tcp.hpp",
            "openssl/ssl.h",
            "zlib.h",
            "nlohmann/json.hpp",
            "re2/re2.h",
            "fmt/format.h",
            "regex",
            "iostream",
        ):
            with self.subTest(name):
                files = {"final/include/funnel/web.h": f"#pragma once\n#include <{name}>\n"}
                self.expect_finding(files, "final/include/funnel/web.h:2", f"<{name}> is forbidden")

    def test_an_include_by_way_of_another_library_is_found(self):
        files = {
            "elsewhere/heavy.h": "#include <regex>\n",
            "final/include/funnel/auth.h": "#include <funnel/result.h>\n\n#include <heavy.h>\n",
        }
        self.expect_finding(
            files, "final/include/funnel/auth.h:3", "heavy.h brings in", CPATH=self.elsewhere
        )

    def test_an_include_by_way_of_the_interop_header_is_found(self):
        files = {"final/include/funnel/web.h": "#pragma once\n#include <funnel/asio.h>\n"}
        self.expect_finding(
            files, "final/include/funnel/asio.h:2", "asio.hpp brings in", CPATH=self.elsewhere
        )

    def test_a_header_that_does_not_preprocess_is_found(self):
        files = {"final/include/funnel/web.h": "#include <funnel/gone.h>\n"}
        self.expect_finding(files, "final/include/funnel:1", "funnel/gone.h")

    def test_a_short_hello_is_good(self):
        files = {"final/demos/hello/hello.cpp": "#include <funnel/web.h>\n"}
        self.expect_good(files, "preprocessed lines of 110000")

    def test_a_long_hello_is_found(self):
        files = {"final/demos/hello/hello.cpp": "int x;\n" * 110_001}
        self.expect_finding(files, "final/demos/hello/hello.cpp:1", "at most 110000")


class HouseTest(CheckTest):
    check = "house"

    def setUp(self):
        super().setUp()
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.write(
            {
                ".gitignore": "/build/\n/wor" "k/\n",
                "README.md": "Funnel\n",
                "final/src/net/x.h": "#pragma once\n",
                "build/ignored.o": "",
            }
        )

    def test_a_tidy_tree_is_good(self):
        files = {"tests/net.md": "See /network/, $HOME/wor" "k/ and wor" "k/ch01.\n"}
        self.expect_good(files, "house: good (4 files)")

    def test_a_stranger_at_the_top_level_is_found(self):
        self.expect_finding({"notes.md": "x\n"}, "notes.md:1", "top level")
        os.remove(self.root / "notes.md")
        self.expect_finding({"scripts/x.py": "x\n"}, "scripts/x.py:1", "top level")

    def test_a_committed_file_is_checked_as_a_new_one_is(self):
        self.write({"notes.md": "x\n"})
        subprocess.run(["git", "-C", self.root, "add", "notes.md"], check=True)
        self.expect_finding({}, "notes.md:1", "top level")

    def test_a_header_without_pragma_once_is_found(self):
        self.expect_finding({"tests/x.h": "// #pragma once\n"}, "tests/x.h:1", "#pragma once")

    def test_words_for_unfinished_work_are_found(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"):
            with self.subTest(word):
                self.expect_finding({"book/x.md": f"one\n// {word}: two\n"}, "book/x.md:2", word)

    def test_paths_of_a_machine_are_found(self):
        for path in ("/wor" "k/main", "/roo" "t/.bashrc", "/tmp/bash_job" "s.0/1"):
            with self.subTest(path):
                self.expect_finding({"book/x.md": f"in {path}\n"}, "book/x.md:1", "one machine")

    def test_empty_and_temporary_files_are_found(self):
        self.expect_finding({"book/x.md": ""}, "book/x.md:1", "empty")
        os.remove(self.root / "book/x.md")
        for name in ("book/x.md~", "book/x.orig", "tests/core", "tests/x.o"):
            with self.subTest(name):
                self.expect_finding({name: "x\n"}, f"{name}:1", "temporary")
                os.remove(self.root / name)

    def test_a_word_that_ends_like_a_temporary_file_is_no_finding(self):
        self.expect_good({"tests/score": "x\n"})

    def test_long_sources_are_found_and_longish_ones_named(self):
        self.expect_good({"tests/x.cpp": "//\n" * 600}, "longer than 400 lines: tests/x.cpp 600")
        self.expect_finding({"tests/x.cpp": "//\n" * 601}, "tests/x.cpp:1", "601 lines")

    def test_binary_files_and_fuzz_corpora_are_not_read(self):
        text = "/wor" "k/ TO" "DO\n"
        self.expect_good({"book/logo.png": "\0" + text, "tests/fuzz/corpus/http/a": text})


class KqueueTest(CheckTest):
    check = "kqueue"
    source = "chapters/ch02_eventloop/funnel/poller_kqueue.cpp"

    def setUp(self):
        super().setUp()
        name = "tests/support/kqueue/sys/event.h"
        self.write({name: (CHECKS.parents[1] / name).read_text()})

    def code(self, body, system="__FreeBSD__"):
        condition = f"#if defined(__APPLE__) || defined({system})"
        lines = ["#include <vector>", condition, "#include <sys/event.h>", body, "#endif"]
        return {self.source: "\n".join([*lines, ""])}

    def test_what_uses_kqueue_as_freebsd_declares_it_is_good(self):
        body = """
            #ifdef __linux__
            #error "this is not Linux"
            #endif
            int watch(int queue, int fd) {
              struct kevent entry;
              EV_SET(&entry, static_cast<uintptr_t>(fd), EVFILT_READ, EV_ADD, 0, 0, nullptr);
              return kevent(queue, &entry, 1, nullptr, 0, nullptr);
            }"""
        self.expect_good(self.code(body), "for its syntax only")

    def test_what_does_not_compile_is_found_at_its_line(self):
        for body, words in (
            ("int f(const struct kevent& e) { return e.fd; }", "fd"),
            ("int f() { return kevent(kqueue(), nullptr, 0); }", "too few arguments"),
            ("int f() { int unused; return 0; }", "unused"),
        ):
            with self.subTest(body):
                self.expect_finding(self.code(body), f"{self.source}:4", words)

    def test_code_that_is_left_out_is_found(self):
        files = self.code("this is not C++", system="__FreBSD__")
        self.expect_finding(files, f"{self.source}:1", "nothing of")

    def test_a_missing_file_is_found(self):
        self.expect_finding({}, f"{self.source}:1", "missing")


if __name__ == "__main__":
    unittest.main()
