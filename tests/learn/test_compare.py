"""`./learn compare`: its bounds, its forms of output, programs that fail, and Ctrl-C."""

import json
import os
import pathlib
import re
import resource
import signal
import textwrap
import unittest
import xml.etree.ElementTree as xml
from unittest import mock

from fakes import WAIT_FOR
from support import FETCH, REPOSITORY, CompareTest, TreeTest, gone, wait_until
from learn import servers
from learn.commands import compare
from learn.errors import LearnError, UsageError
from learn.measure import Request, Result
from learn.programs import discover


class Bounds(CompareTest):
    def test_numbers_outside_their_bounds_are_refused(self):
        for option, good, bad in (
            ("--urls", ("1", "10000"), ("0", "10001", "many", "1e3", "٣", "")),
            ("--delay", ("0", "60000"), ("-1", "60001", "0.5")),
            ("--concurrency", ("1", "10000"), ("0", "10001")),
        ):
            for value in good:
                compare.parse([option, value])
            for value in bad:
                with self.subTest(option=option, value=value), self.assertRaises(UsageError) as e:
                    compare.parse([option, value])
                self.assertIn(f"{option}: expected a whole number", str(e.exception))
        self.assertOneLine(self.main("compare", "--urls", "0"), 2, "1 to 10000", "'0'")

    def test_what_is_no_url_is_refused(self):
        for url in ("localhost", "ftp://h/", "http://h/a b", "http://h/\n"):
            with self.subTest(url), self.assertRaises(UsageError):
                compare.parse([url])
        self.assertOneLine(self.main("compare", "localhost"), 2, "expected http://")

    def test_options_of_the_slow_server_are_refused_beside_urls(self):
        for option in ("--urls", "--delay"):
            self.assertOneLine(self.main("compare", option, "5", "http://h/"), 2, "leave them out")

    def test_two_forms_of_output_at_once_are_refused(self):
        self.assertOneLine(self.main("compare", "--json", "--events"), 2, "--json")

    def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(self):
        self.assertOneLine(self.main("compare", "--svg", "nowhere/a.svg"), 2, "nowhere/a.svg")

    def test_without_programs_there_is_nothing_to_compare(self):
        self.assertOneLine(self.compare(), 1, "compare.toml")

    def test_a_missing_slow_server_is_named(self):
        self.fetch("one")
        (self.root / "build/release/bin/slowserver").unlink()
        self.assertOneLine(self.compare(), 1, "slow server", "not built")

    def test_a_slow_server_that_says_nothing_is_an_error(self):
        self.fetch("one")
        self.program("build/release/bin/slowserver", "print('hello')")
        self.assertOneLine(self.compare(), 1, "where it listens, but 'hello'")
        self.program("build/release/bin/slowserver", "import time; time.sleep(60)")
        with mock.patch.object(servers, "START_LIMIT_S", 0.2):
            result = self.main("compare", "--no-build")
        self.assertOneLine(result, 1, "did not say within 0.2 s")

    def test_a_slow_server_that_ends_at_once_is_told_with_how_it_ended(self):
        self.fetch("one")
        endings = {"raise SystemExit(3)": "exit code 3", "import os; os.abort()": "SIGABRT"}
        for code, how in endings.items():
            self.program("build/release/bin/slowserver", code)
            result = self.compare()
            self.assertOneLine(result, 1, f"the slow server ended with {how} before it said where")


class Limits(unittest.TestCase):
    """A run that hangs is ended, one that only waits never is."""

    def limit_s(self, *arguments):
        return compare.Workload(compare.parse(list(arguments))).limit_s

    def test_one_request_after_the_other_may_take_its_longest(self):
        self.assertGreater(self.limit_s("--urls", "30", "--delay", "60000"), 30 * 60)
        urls = ["http://a/"] * 30
        self.assertGreater(self.limit_s(*urls), 30 * compare.REQUEST_LIMIT_S)

    def test_the_demo_waits_for_the_longest_delay_and_not_for_ever(self):
        text = (REPOSITORY / "final/demos/fetch/fetch.cpp").read_text()
        patience_s = int(re.search(r"patience = std::chrono::seconds\((\d+)\)", text)[1])
        self.assertGreater(patience_s, compare.MOST_DELAY_MS / 1000)
        self.assertLess(patience_s, compare.REQUEST_LIMIT_S)


class Sentences(unittest.TestCase):
    """The limits of a run are named as on the book's page."""

    def sentence(self, *arguments, requests=()):
        result = Result("one", "", requests=[Request(0, 0.0, s, 0, None) for s in requests])
        work = compare.Workload(compare.parse(list(arguments)))
        return compare._bounds_sentence(work, [result])

    def test_the_limits_follow_from_the_delay(self):
        self.assertEqual(
            self.sentence("--urls", "20"), "Ideal: 200 ms = max(delay); worst: 4.00 s = sum(delay)."
        )
        self.assertEqual(
            self.sentence("--urls", "20", "--concurrency", "6"),
            "Ideal: 200 ms = max(delay); 6 at a time: 800 ms = 4 rounds; "
            "worst: 4.00 s = sum(delay).",
        )

    def test_the_limits_of_given_urls_follow_from_what_was_measured(self):
        urls = ["http://a/"] * 3
        self.assertEqual(
            self.sentence(*urls, requests=[0.2, 0.3, 0.2]),
            "Ideal: 300 ms = the longest request; worst: 700 ms = all requests added up.",
        )
        self.assertEqual(
            self.sentence(*urls, "--concurrency", "2", requests=[0.2, 0.2, 0.2]),
            "Ideal: 200 ms = the longest request; 2 at a time: at least 300 ms; "
            "worst: 600 ms = all requests added up.",
        )
        self.assertEqual(
            self.sentence(*urls),
            "Ideal: 0 s = the longest request; worst: 0 s = all requests added up.",
        )


class Discovery(TreeTest):
    GOOD = """
        [[program]]
        name = "NAME"
        order = ORDER
        target = "t"
        path = "bin/p"
        args = []
        waits = "w"
    """

    def toml(self, place, name, order=1):
        text = self.GOOD.replace("NAME", name).replace("ORDER", str(order))
        self.write(f"{place}/compare.toml", text)

    def assertRefused(self, text, part):
        self.write("final/demos/a/compare.toml", text)
        with self.assertRaises(LearnError) as caught:
            discover(self.root)
        self.assertIn("final/demos/a/compare.toml", str(caught.exception))
        self.assertIn(part, str(caught.exception))

    def test_programs_of_chapters_and_demos_come_in_their_order(self):
        self.toml("final/demos/fetch", "last", 90)
        self.toml("chapters/ch02/examples", "second", 20)
        self.toml("chapters/ch01/examples", "first", 10)
        names = [program.name for program in discover(self.root)]
        self.assertEqual(names, ["first", "second", "last"])

    def test_a_file_that_is_not_right_is_named(self):
        self.assertRefused("name = ", "not TOML")
        self.assertRefused("", "no [[program]]")
        self.assertRefused(self.GOOD.replace("ORDER", '"1"'), "'order'")
        self.assertRefused(self.GOOD.replace("ORDER", "true"), "'order'")
        self.assertRefused(self.GOOD.replace("ORDER", "1").replace("[]", "[1]"), "'args'")
        self.assertRefused(self.GOOD.replace("order = ORDER", ""), "'order'")
        self.assertRefused(self.GOOD.replace("ORDER", "1\nmore = 2"), "'more'")

    def test_two_programs_of_one_name_are_refused(self):
        self.toml("final/demos/a", "same")
        self.toml("final/demos/b", "same")
        with self.assertRaises(LearnError):
            discover(self.root)


class Output(CompareTest):
    def setUp(self):
        super().setUp()
        self.fetch("sync", args=["--sync"])
        self.fetch("async", args=["--async"])

    def test_the_table_and_the_timeline_show_both_programs(self):
        result = self.compare("--urls", 4, "--delay", 20)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = [line.split() for line in result.stdout.splitlines() if line.startswith("✓")]
        self.assertEqual([row[1] for row in rows], ["sync", "async"])
        self.assertIn("Ideal: 20 ms = max(delay); worst: 80 ms = sum(delay).", result.stdout)
        self.assertEqual(sum("▕" in line for line in result.stdout.splitlines()), 8)
        self.assertEqual(result.stderr, "")

    def test_json_is_one_object_of_the_agreed_shape(self):
        result = self.compare("--urls", 3, "--delay", 10, "--concurrency", 2, "--json")
        value = json.loads(result.stdout)
        self.assertEqual(list(value), ["urls", "delay_ms", "concurrency", "programs"])
        self.assertEqual([value["urls"], value["delay_ms"], value["concurrency"]], [3, 10, 2])
        for program, in_flight in zip(value["programs"], (1, 3)):
            self.assertEqual(
                list(program),
                "name waits ok error wall_s cpu_s max_in_flight threads".split()
                + ["peak_rss_bytes", "requests"],
            )
            self.assertIs(program["ok"], True)
            self.assertIsNone(program["error"])
            self.assertEqual(program["max_in_flight"], in_flight)
            self.assertEqual(len(program["requests"]), 3)
            self.assertEqual(list(program["requests"][0]), ["start", "end", "bytes", "error"])

    def test_events_tell_the_run_in_its_order(self):
        result = self.compare("--urls", 2, "--delay", 10, "--events")
        events = [json.loads(line) for line in result.stdout.splitlines()]
        kinds = [event["event"] for event in events]
        one = ["program", "request", "request", "result"]
        self.assertEqual(kinds, ["begin", *one, *one, "end"])
        self.assertEqual(events[0]["programs"], ["sync", "async"])
        self.assertEqual(events[1], {"event": "program", "name": "sync", "state": "running"})
        self.assertEqual(list(events[2]), "event name index start end bytes error".split())
        self.assertEqual([events[2]["index"], events[3]["index"]], [0, 1])
        self.assertEqual(events[4]["program"]["name"], "sync")

    def test_events_come_while_the_program_runs(self):
        gate = self.root / "gate"
        wait = f"import pathlib\nwait_for(pathlib.Path({str(gate)!r}))\n"
        self.fetch("gated", FETCH + textwrap.dedent(WAIT_FOR) + wait, order=-1)
        child = self.start("compare", "--no-build", "--urls", 1, "--delay", 0, "--events")
        for line in child.stdout:
            if json.loads(line)["event"] == "request":
                break
        gate.touch()  # not before the event has come, and the program waits for it
        events = map(json.loads, child.stdout)
        program = next(event["program"] for event in events if event["event"] == "result")
        self.assertEqual((program["name"], program["error"]), ("gated", None))

    def test_a_failure_before_the_run_is_an_event_too(self):
        (self.root / "build/release/bin/slowserver").unlink()
        result = self.compare("--events")
        last = json.loads(result.stdout.splitlines()[-1])
        self.assertEqual(last["event"], "error")
        self.assertIn("slow server", last["message"])
        self.assertOneLine(result, 1, "slow server")

    def test_what_the_build_says_stays_out_of_the_json(self):
        self.program("path/cmake", 'print("[1/1] Building x.o")')
        self.write("build/release/build.ninja")
        os.environ["PATH"], before = f"{self.root}/path:{os.environ['PATH']}", os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        with mock.patch.object(compare, "ensure"):
            for form in ("--json", "--events"):
                result = self.main("compare", "--urls", 1, "--delay", 0, form)
                for line in result.stdout.splitlines():
                    json.loads(line)
                self.assertIn("build release", result.stderr)

    def test_pictures_and_pages_are_written_and_well_formed(self):
        result = self.compare("--urls", 3, "--delay", 1, "--svg", "a.svg", "--html", "a.html")
        self.assertEqual(result.returncode, 0, result.stderr)
        picture = xml.parse(self.root / "a.svg").getroot()
        self.assertTrue(picture.tag.endswith("svg"))
        page = (self.root / "a.html").read_text()
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        self.assertIn("<svg", page)

    def test_given_urls_are_fetched_without_the_slow_server(self):
        (self.root / "build/release/bin/slowserver").unlink()
        urls = ["http://localhost/5", "http://localhost/7"]
        result = self.compare("--json", *urls)
        value = json.loads(result.stdout)
        self.assertEqual([value["urls"], value["delay_ms"], value["concurrency"]], [2, None, 2])
        self.assertTrue(all(program["ok"] for program in value["programs"]))
        self.assertIn("the longest request", self.compare(*urls).stdout)

    def test_an_https_url_is_refused(self):
        result = self.main("compare", "http://localhost/5", "https://localhost/7")
        self.assertOneLine(result, 2, "'https://localhost/7'", "https is not built yet")

    def test_the_concurrency_reaches_the_program(self):
        code = "import sys\nassert sys.argv[-3:] == ['--concurrency', '3', '-'], sys.argv\n"
        self.fetch("strict", code + FETCH)
        result = self.compare("--urls", 5, "--delay", 0, "--concurrency", 3, "--json")
        self.assertIs(json.loads(result.stdout)["programs"][2]["ok"], True, result.stdout)

    def test_programs_get_all_the_descriptors_there_are(self):
        code = "import resource, sys\nsys.exit(str(resource.getrlimit(resource.RLIMIT_NOFILE)))"
        self.fetch("limit", code)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(500, hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        result = self.compare("--urls", 1, "--delay", 0, "--json")
        self.assertIn(f"({hard}, {hard})", json.loads(result.stdout)["programs"][2]["error"])


class Failures(CompareTest):
    def test_a_program_that_fails_does_not_keep_the_others_from_running(self):
        self.fetch("broken", "import sys; sys.exit('no such host')")
        self.fetch("killed", "import os; os.kill(os.getpid(), 9)")
        self.fetch("garbled", "print('<html>')")
        self.fetch("good")
        result = self.compare("--urls", 2, "--delay", 1)
        self.assertEqual(result.returncode, 1)
        self.assertIn("✗ broken ended with exit code 1: no such host", result.stdout)
        self.assertIn("✗ killed was ended by SIGKILL", result.stdout)
        self.assertIn("✗ garbled printed a line that is no report", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^✓  good")
        self.assertEqual(result.stderr, "")

    def test_failed_requests_make_a_program_fail_and_are_marked(self):
        self.fetch("refused", FETCH.replace("error=None", "error='connection refused'"))
        result = self.compare("--urls", 2, "--delay", 1)
        self.assertEqual(result.returncode, 1)
        self.assertIn("2 of 2 requests failed: connection refused", result.stdout)
        value = json.loads(self.compare("--urls", 2, "--delay", 1, "--json").stdout)
        self.assertIs(value["programs"][0]["ok"], False)

    def test_without_a_good_run_nothing_is_said_of_the_ideal(self):
        self.fetch("broken", "import sys; sys.exit('no such host')")
        self.assertNotIn("Ideal", self.compare("http://127.0.0.1:9/delay/5").stdout)
        self.fetch("good")
        self.assertIn("Ideal", self.compare("http://127.0.0.1:9/delay/5").stdout)

    def test_a_program_that_is_not_built_is_named(self):
        self.fetch("one")
        (self.root / "build/release/bin/one").unlink()
        result = self.compare("--urls", 1, "--delay", 0)
        self.assertIn("✗ one is not built: build/release/bin/one is missing", result.stdout)


class Stopping(CompareTest):
    HANGING = """
        import os, subprocess, sys, time
        alone = subprocess.Popen(["sleep", "60"], start_new_session=True)
        child = subprocess.Popen(["sh", "-c", "PLEA sleep 60; sleep 60"])
        with open(sys.argv[0] + ".tmp", "w") as file:
            file.write(f"{os.getpid()} {alone.pid} {child.pid}")
        os.rename(sys.argv[0] + ".tmp", sys.argv[0] + ".pids")
        time.sleep(60)
    """

    def stop(self, number, plea=""):
        self.fetch("hanging", self.HANGING.replace("PLEA", plea))
        pids_file = self.root / "build/release/bin/hanging.pids"
        pids_file.unlink(missing_ok=True)
        child = self.start("compare", "--no-build", "--urls", 1)
        self.assertTrue(wait_until(pids_file.exists))
        pids = [int(pid) for pid in pids_file.read_text().split()]
        server = [
            int(entry.name)
            for entry in pathlib.Path("/proc").glob("[0-9]*")
            if str(self.root / "build/release/bin/slowserver") in _command_line(entry)
        ]
        self.assertEqual(len(server), 1)
        os.kill(child.pid, number)
        self.assertEqual(child.wait(timeout=15), 128 + number)
        self.assertEqual([pid for pid in pids + server if not gone(pid)], [])
        self.assertNotIn("Traceback", child.stderr.read())

    def test_control_c_leaves_no_process_behind_even_one_that_will_not_end(self):
        self.stop(signal.SIGINT, plea="trap '' TERM;")

    def test_sigterm_and_a_lost_terminal_leave_no_process_behind(self):
        self.stop(signal.SIGTERM)
        self.programs.clear()
        self.stop(signal.SIGHUP)


def _command_line(entry):
    try:
        return (entry / "cmdline").read_text()
    except OSError:
        return ""
