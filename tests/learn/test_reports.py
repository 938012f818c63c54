"""What other programs report: doctest's XML, the story, sanitizers, a process that waits."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import support
from learn import compile_errors, crash, doctest_report, story, verdict, waiting
from learn.chapters import Chapter
from learn.versions import MINE

XML = """<?xml version="1.0" encoding="UTF-8"?>
<doctest binary="./t" version="2.4.9">
  <TestSuite name="s">
    <TestCase name="other" filename="t.cpp" line="8" skipped="true"/>
    <TestCase name="it" filename="t.cpp" line="9">
      <SubCase name="sub" filename="t.cpp" line="9">
        {inside}
      </SubCase>
      <OverallResultsAsserts successes="0" failures="1" test_case_success="{good}"/>
    </TestCase>
  </TestSuite>
</doctest>
"""


def expression(kind, original, *inside):
    parts = "".join(f"<{tag}>\n  {text}\n</{tag}>" for tag, text in inside)
    return (
        f'<Expression success="false" type="{kind}" filename="t.cpp" line="12">'
        f"<Original>\n  {original}\n</Original>{parts}</Expression>"
    )


class Doctest(support.TreeTest):
    def report(self, text, name="it"):
        return doctest_report.read(self.write("x.xml", text), name)

    def failure(self, inside):
        report = self.report(XML.format(inside=inside, good="false"))
        self.assertTrue(report.found)
        self.assertFalse(report.passed)
        return report.failures[0]

    def test_a_passing_case(self):
        report = self.report(XML.format(inside="", good="true"))
        self.assertTrue(report.passed)
        self.assertEqual((report.file, report.line, report.failures), ("t.cpp", 9, []))

    def test_a_case_that_is_not_there(self):
        self.assertFalse(self.report(XML.format(inside="", good="true"), "it too").found)
        self.assertFalse(self.report(XML.format(inside="", good="true"), "other").found)
        self.assertFalse(doctest_report.read(self.root / "none", "it").found)

    def test_a_comparison_is_taken_apart_where_that_is_certain(self):
        for original, expanded, expected, got in (
            ("a == b", "1 == 2", "2", "1"),
            ("a != b", "2 != 2", "!= 2", "2"),
            ("a &lt; b", "3 &lt; 2", "&lt; 2".replace("&lt;", "<"), "3"),
            ("a == b", "x == y == z", "a == b", "x == y == z"),
            ("f(a == b)", "1 == 2", "2", "1"),
            ("ok", "false", "ok", "false"),
        ):
            failure = self.failure(expression("CHECK", original, ("Expanded", expanded)))
            self.assertEqual((failure.expected, failure.got), (expected, got), original)
            self.assertEqual((failure.file, failure.line), ("t.cpp", 12))

    def test_a_negated_one_is_not(self):
        failure = self.failure(expression("CHECK_FALSE", "a == b", ("Expanded", "1 == 1")))
        self.assertEqual((failure.expected, failure.got), ("not a == b", "1 == 1"))

    def test_exceptions_that_came_or_did_not(self):
        thrown, wanted = ("Exception", '"bad &lt;x>"'), ("ExpectedException", "Err")
        said = ("ExpectedExceptionString", "gone")
        for kind, inside, expected, got in (
            ("CHECK_THROWS_AS", [wanted], "an exception Err", "no exception"),
            ("CHECK_THROWS_AS", [thrown, wanted], "an exception Err", "an exception: bad <x>"),
            ("CHECK_THROWS_WITH", [thrown, said], 'an exception "gone"', "an exception: bad <x>"),
            ("CHECK_NOTHROW", [thrown], "no exception", "an exception: bad <x>"),
            ("CHECK", [thrown], "f()", "an exception: bad <x>"),
        ):
            failure = self.failure(expression(kind, "f()", *inside))
            self.assertEqual((failure.expected, failure.got), (expected, got))

    def test_messages_notes_and_what_nobody_caught(self):
        failure = self.failure(
            '<Message type="FATAL ERROR" filename="t.cpp" line="3"><Text>\n  no way\n</Text></Message>'
        )
        self.assertEqual((failure.line, failure.got), (3, "no way"))
        failure = self.failure('<Exception crash="false">\n  bad\n</Exception>')
        self.assertEqual(failure.got, "an exception: bad")
        noted = expression("CHECK", "x", ("Expanded", "false"), ("Info", "first"), ("Info", "second"))
        self.assertEqual(self.failure(noted).notes, ("first", "second"))

    def test_line_ends_and_blanks_of_a_value_survive(self):
        inside = "<Expanded>\n          a\r\n b\r\n == \r\n\n        </Expanded>"
        text = expression("CHECK", "x == y").replace("</Expression>", inside + "</Expression>")
        failure = self.failure(text)
        self.assertEqual((failure.got, failure.expected), ("a\r\n b\r\n", "\r\n"))

    def test_values_are_shown_on_one_line(self):
        self.assertEqual(verdict.readable("a b"), "a b")
        self.assertEqual(verdict.readable("a\r\nb\t"), '"a\\r\\nb\\t"')
        long = verdict.readable("x" * 1000)
        self.assertIn("… (760 more) …", long)
        self.assertLess(len(long), 300)

    def test_what_was_cut_short_counts_up_to_there(self):
        whole = XML.format(inside=expression("CHECK", "x", ("Expanded", "false")), good="false")
        for end in range(0, len(whole), 7):
            report = self.report(whole[:end])
            self.assertFalse(report.passed)
        self.assertEqual(len(self.report(whole[: whole.index("</SubCase>")]).failures), 1)
        self.assertEqual(len(self.report(whole.replace("</SubCase>", "<<garbage")).failures), 1)

    def test_lists_are_read(self):
        text = '<doctest><TestCase name="a &amp; b" filename="t.cpp"/></doctest>'
        self.assertEqual(doctest_report.listed(text), [("a & b", "t.cpp")])
        self.assertEqual(doctest_report.listed("nonsense"), [])


class Stories(support.TreeTest):
    def test_lines_are_read_and_damaged_ones_left_out(self):
        path = self.write("story", "0.1\tpeer\tsends \"x\"\nnonsense\n1.5\tyours\tread\tsome\n2.")
        events = story.read_story(path).events
        self.assertEqual([event.who for event in events], ["peer", "yours"])
        self.assertEqual(events[1].what, "read\tsome")
        self.assertEqual(story.read_story(self.root / "none").events, [])

    def test_a_long_one_is_cut_in_the_middle(self):
        context = self.context()
        events = [story.Event(i, "peer", f"line {i}.") for i in range(100)]
        story.show_story(context.term, events)
        lines = self.shown(context).splitlines()
        self.assertEqual(len(lines), story.FIRST + 1 + story.LAST)
        self.assertIn("76 more lines", lines[story.FIRST])
        self.assertIn("line 99.", lines[-1])

    def test_control_characters_do_not_reach_the_terminal(self):
        path = self.write("story", "1.0\tpeer\t\x1b[2Jgone\n")
        self.assertEqual(story.read_story(path).events[0].what, "gone")

    def test_what_is_printed_is_put_in_its_place_and_what_follows_the_failure_left_out(self):
        path = self.write("story", "0.0\tbegin\t5000000000\n1.0\tclient\tconnects\n"
                          "3.0\texpected\ta greeting\n4.0\tfailed\there\n9.0\tserver\tends\n")  # fmt: skip
        told = story.read_story(path)
        events = told.with_prints([(5.002, "hello"), (5.006, "goodbye")])
        self.assertEqual([(e.who, e.what) for e in events],
                         [("client", "connects"), ("yours", "prints: hello"),
                          ("expected", "a greeting")])  # fmt: skip
        context = self.context()
        story.show_story(context.term, events)
        lines = self.shown(context).splitlines()
        self.assertTrue(lines[-1].endswith("a greeting  ✗"), lines)


ROOT = pathlib.Path("/home/me/my funnel")
ASAN = f"""=================================================================
==9==ERROR: AddressSanitizer: heap-use-after-free on address 0x60 at pc 0x5 bp 0x7 sp 0x7
READ of size 1 at 0x60 thread T0
    #0 0x51 in memcpy ../sanitizer_common/interceptors.inc:22
    #1 0x52 in funnel::Socket::read_some(unsigned long) const {ROOT}/work/ch01_x/funnel/a.cpp:41
    #2 0x53 in DOCTEST_ANON_FUNC_34 {ROOT}/tests/ch01_x/a_test.cpp:13
    #3 0x54 in main /usr/include/doctest/doctest.h:7008

0x60 is located 0 bytes inside of 8-byte region
freed by thread T0 here:
    #0 0x51 in operator delete(void*) ../asan_new_delete.cpp:152
    #1 0x52 in funnel::Socket::close() {ROOT}/work/ch01_x/funnel/a.cpp:20

previously allocated by thread T0 here:
    #1 0x52 in funnel::Socket::Socket(int) {ROOT}/work/ch01_x/funnel/a.cpp:9

SUMMARY: AddressSanitizer: heap-use-after-free {ROOT}/work/ch01_x/funnel/a.cpp:41
"""
UBSAN = f"""work/ch01_x/funnel/a.cpp:7:11: runtime error: signed integer overflow
    #0 0x1 in funnel::f(int) {ROOT}/work/ch01_x/funnel/a.cpp:7
"""
LEAK = f"""
==9==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 40 byte(s) in 1 object(s) allocated from:
    #0 0x1 in operator new(unsigned long) ../asan_new_delete.cpp:95
    #1 0x2 in funnel::g() {ROOT}/work/ch01_x/funnel/a.cpp:3

SUMMARY: AddressSanitizer: 40 byte(s) leaked in 1 allocation(s).
"""


class Crashes(unittest.TestCase):
    def test_a_wrong_access_says_where_and_who_freed_it(self):
        found = crash.explain(ASAN, 1, ROOT)
        self.assertEqual(
            found.what,
            "AddressSanitizer: heap-use-after-free: memory is used that was freed already",
        )
        self.assertEqual(
            list(found.lines),
            [
                "work/ch01_x/funnel/a.cpp:41  funnel::Socket::read_some",
                "tests/ch01_x/a_test.cpp:13  the test",
                "freed:",
                "  work/ch01_x/funnel/a.cpp:20  funnel::Socket::close",
                "previously allocated:",
                "  work/ch01_x/funnel/a.cpp:9  funnel::Socket::Socket",
            ],
        )
        self.assertTrue(crash.is_report(ASAN))

    def test_a_full_stack_is_recognised_by_what_is_on_it(self):
        frame = f"in funnel::f() {ROOT}/work/ch01_x/funnel/a.cpp:3"
        stack = "\n".join(f"    #{i} 0x5 {frame}" for i in range(30))
        text = f"==9==ERROR: AddressSanitizer: SEGV on unknown address 0x3 (pc 0x1)\n{stack}\n"
        found = crash.explain(text, 1, ROOT)
        self.assertIn("does a function call itself without end?", found.what)
        self.assertEqual(len(found.lines), 1)

    def test_undefined_behaviour_and_leaks(self):
        found = crash.explain(UBSAN, 1, ROOT)
        self.assertEqual(found.what, "undefined behaviour: signed integer overflow")
        self.assertEqual(found.frames[0].line, 7)
        found = crash.explain(LEAK, 23, ROOT)
        self.assertIn("memory was never freed", found.what)
        self.assertEqual(
            found.lines, ("40 bytes, allocated in", "work/ch01_x/funnel/a.cpp:3  funnel::g")
        )
        self.assertTrue(crash.is_report(UBSAN))
        self.assertFalse(crash.is_report(LEAK))

    def test_without_a_report_the_last_words_count(self):
        text = "terminate called after throwing an instance of 'std::system_error'\n  what():  Bad\n"
        self.assertIn("  what():  Bad".strip(), crash.explain(text, -6, ROOT).lines)
        self.assertIn("SIGPIPE: it wrote to a connection", crash.explain("", -13, ROOT).what)
        self.assertEqual(crash.explain("bye\n", 3, ROOT).lines, ("bye",))
        self.assertEqual(crash.explain("it hangs\n", -6, ROOT).what, "it hangs (SIGABRT)")
        text = "terminate called without an active exception\n"
        self.assertIn("a std::thread was destroyed", crash.explain(text, -6, ROOT).what)

    def test_any_cut_of_a_report_is_survived(self):
        for text in (ASAN, UBSAN, LEAK):
            for end in range(0, len(text), 11):
                crash.explain(text[:end], 1, ROOT)


class Waiting(unittest.TestCase):
    def test_a_process_that_waits_is_asked_where(self):
        code = "import socket as s; s = s.create_server(('', 0)); print(flush=True); s.accept()"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            found = support.wait_until(lambda: waiting.describe(child.pid).endswith("in accept"))
            child.kill()
        self.assertTrue(found)

    def test_one_that_has_gone_is_not(self):
        self.assertEqual(waiting.describe(2**22 + 1), "")


class CompileErrors(unittest.TestCase):
    def explain(self, output):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        chapter = Chapter(pathlib.Path(folder.name), "ch01_x", 1, "", "", (), ())
        return compile_errors.explain(output, chapter, MINE)

    def test_an_error_in_a_header_of_the_system_is_about_the_line_that_led_there(self):
        error = self.explain(
            "[1/2] Building other.o\n"
            "work/ch01_x/funnel/b.cpp:3:1: warning: other\n"
            "[2/2] Building a.o\nFAILED: a.o\n/usr/bin/g++ -c work/ch01_x/funnel/a.cpp\n"
            "/usr/include/c++/12/string: In instantiation of 'f':\n"
            "work/ch01_x/funnel/a.cpp:41:20:   required from here\n"
            "/usr/include/c++/12/string:99:7: error: no match\n"
        )
        self.assertEqual((error.file, error.line), ("work/ch01_x/funnel/a.cpp", 41))
        self.assertTrue(error.lines[0].startswith("/usr/include"))

    def test_candidates_in_other_peoples_code_are_left_out(self):
        own = "work/ch01_x/funnel/a.cpp:4:2: "
        error = self.explain(
            f"FAILED: a.o\n{own}error: no match\n    4 | f(1)\n{own}note: did you mean g\n"
            "In file included from /usr/include/c++/12/vector:64,\n"
            "/usr/include/c++/12/bits/x.h:3:1: note: candidate\n"
        )
        shown = [f"{own}error: no match", "    4 | f(1)", f"{own}note: did you mean g"]
        self.assertEqual(error.lines, shown)

    def test_what_the_linker_misses(self):
        error = self.explain(
            "FAILED: t\n/usr/bin/ld: serve_test.cpp:(.text+0x1): undefined reference to "
            "`funnel::serve_threads(funnel::Socket&)'\n"
        )
        self.assertIn("nothing defines funnel::serve_threads(funnel::Socket&)", error.remark)
        self.assertEqual(error.file, "")

    def test_a_test_that_does_not_fit_the_header(self):
        error = self.explain("tests/ch01_x/a_test.cpp:4:2: error: 'Socket' is not a member\n")
        self.assertIn("the tests do not fit your header", error.remark)


if __name__ == "__main__":
    unittest.main()
