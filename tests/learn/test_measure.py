"""One fetch program measured: what is counted, and every way in which a program can fail."""

import json
import textwrap
import time
import unittest

import support
from learn.measure import BadOutput, Report, Request, Result, Run, most_in_flight


def requests(*spans):
    return [Request(i, start, end, 0, None) for i, (start, end) in enumerate(spans)]


class InFlight(unittest.TestCase):
    def test_nothing_was_in_flight_without_requests(self):
        self.assertEqual(most_in_flight([]), 0)

    def test_one_after_the_other_is_one(self):
        self.assertEqual(most_in_flight(requests((0, 1), (1, 2), (2, 3))), 1)

    def test_overlapping_requests_are_counted_at_their_busiest(self):
        self.assertEqual(most_in_flight(requests((0, 4), (1, 2), (1.5, 3), (2.5, 5))), 3)

    def test_the_order_of_the_reports_does_not_matter(self):
        self.assertEqual(most_in_flight(requests((5, 6), (0, 9), (1, 2), (5.5, 7))), 3)

    def test_a_request_that_took_no_time_was_in_flight(self):
        self.assertEqual(most_in_flight(requests((1, 1))), 1)
        self.assertEqual(most_in_flight(requests((0, 2), (1, 1), (1.5, 1.5))), 2)


class Reports(unittest.TestCase):
    GOOD = {"url": "u", "start": 0, "end": 0.5, "status": 200, "bytes": 3, "error": None}

    def read(self, **changes):
        return Report(["u"]).read(json.dumps(self.GOOD | changes))

    def test_a_good_line_is_a_request(self):
        self.assertEqual(self.read(), Request(0, 0, 0.5, 3, None))
        self.assertEqual(self.read(error="refused").error, "refused")

    def test_requests_for_one_url_are_told_apart_by_their_order(self):
        report = Report(["u", "v", "u"])
        line = json.dumps(self.GOOD)
        self.assertEqual([report.read(line).index for _ in range(2)], [0, 2])
        self.assertEqual(report.missing, 1)

    def test_every_bad_value_is_refused(self):
        for changes in (
            {"start": -1},
            {"start": 1, "end": 0.5},
            {"end": float("inf")},
            {"end": float("nan")},
            {"end": "1"},
            {"start": True},
            {"bytes": -1},
            {"bytes": 1.5},
            {"bytes": None},
            {"error": 7},
            {"url": "other"},
            {"url": ["u"]},
        ):
            with self.subTest(changes), self.assertRaises(BadOutput):
                self.read(**changes)

    def test_what_is_no_object_with_all_fields_is_refused(self):
        for line in ("", "hello", "[]", "{}", '{"url": "u"}', "1", "null"):
            with self.subTest(line), self.assertRaises(BadOutput):
                Report(["u"]).read(line)

    def test_one_request_too_many_is_refused(self):
        report = Report(["u"])
        report.read(json.dumps(self.GOOD))
        with self.assertRaises(BadOutput):
            report.read(json.dumps(self.GOOD))


class Runs(support.TreeTest):
    def run_program(self, code, count=3, limit_s=20.0, delay_ms=10):
        path = self.program("fetch", code)
        run = Run("p", "w", [path, "-"], [f"http://h/delay/{delay_ms}"] * count, limit_s)
        self.batches = list(run.requests())
        return run.result

    def test_a_good_run_is_measured(self):
        code = support.FETCH.replace("urls =", "block = bytearray(40 << 20)\nurls =")
        result = self.run_program(code, delay_ms=200)
        self.assertIsNone(result.error)
        self.assertEqual([request.index for request in result.requests], [0, 1, 2])
        self.assertEqual(result.max_in_flight, 3)
        self.assertEqual(result.threads, 1)
        self.assertTrue(0.2 <= result.wall_s < 5, result.wall_s)
        self.assertTrue(0 < result.cpu_s < 5, result.cpu_s)
        self.assertTrue(40 << 20 < result.peak_rss_bytes < 400 << 20, result.peak_rss_bytes)

    def test_memory_is_the_programs_own_and_not_ours(self):
        ballast = bytearray(200 << 20)
        result = self.run_program(support.FETCH)
        self.assertLess(result.peak_rss_bytes, len(ballast) // 2)

    def test_threads_are_counted_at_their_most(self):
        code = """
            import threading, time
            threads = [threading.Thread(target=time.sleep, args=(0.3,)) for _ in range(6)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        """
        self.assertEqual(self.run_program(textwrap.dedent(code) + support.FETCH).threads, 7)

    def test_requests_are_seen_while_the_program_runs(self):
        self.run_program(support.FETCH.replace("if ", "sys.argv.append('--sync')\nif ", 1))
        self.assertGreater(len([batch for batch in self.batches if batch]), 1)

    def test_ten_thousand_urls_fit(self):
        result = self.run_program(support.FETCH, count=10_000)
        self.assertIsNone(result.error)
        self.assertEqual(result.max_in_flight, 10_000)

    def test_an_exit_code_is_told_with_the_last_line_of_stderr(self):
        code = "import sys; print('first', file=sys.stderr); sys.exit('cannot resolve')"
        self.assertEqual(self.run_program(code).error, "ended with exit code 1: cannot resolve")

    def test_a_signal_is_told_by_name(self):
        code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
        self.assertEqual(self.run_program(code).error, "was ended by SIGSEGV")

    def test_garbage_is_quoted_and_the_program_ended(self):
        begin = time.monotonic()
        code = "import time; print('\\x1b[31mhello', flush=True); time.sleep(60)"
        self.assertIn("'hello'", self.run_program(code).error)
        self.assertLess(time.monotonic() - begin, 10)

    def test_endless_output_without_a_line_is_ended(self):
        code = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
        self.assertIn("no report", self.run_program(code).error)

    def test_missing_requests_are_counted(self):
        code = support.FETCH.replace("urls:\n        report", "urls[1:]:\n        report")
        result = self.run_program(code)
        self.assertEqual(result.error, "ended after 2 of 3 requests")
        self.assertEqual(len(result.requests), 2)

    def test_a_program_that_hangs_is_ended(self):
        result = self.run_program("import time; time.sleep(60)", limit_s=0.3)
        self.assertIn("was not done after", result.error)
        self.assertIsNone(result.wall_s)

    def test_a_program_that_closes_its_output_and_stays_is_ended(self):
        code = "import os, time; os.close(1); time.sleep(60)"
        self.assertIn("was not done after", self.run_program(code, limit_s=0.3).error)

    def test_what_a_program_leaves_behind_is_ended(self):
        code = """
            import subprocess, sys
            child = subprocess.Popen(["sleep", "60"])
            open(sys.argv[0] + ".pid", "w").write(str(child.pid))
        """
        result = self.run_program(textwrap.dedent(code) + support.FETCH)
        self.assertIsNone(result.error)
        pid = int((self.root / "fetch.pid").read_text())
        self.assertTrue(support.gone(pid))

    def test_failed_requests_are_counted_with_their_reasons(self):
        result = Result("p", "w", requests=requests((0, 1), (0, 1)))
        refused = Request(2, 0, 1, 0, "connection refused")
        result.requests += [refused, refused]
        self.assertEqual(result.error, "2 of 4 requests failed: connection refused")
        result.requests += [Request(3, 0, 1, 0, "timeout")]
        reasons = "2 × connection refused; 1 × timeout"
        self.assertEqual(result.error, f"3 of 5 requests failed: {reasons}")
        result.requests += [Request(n, 0, 1, 0, f"reason {n}") for n in (4, 4, 4, 5, 6)]
        reasons = "3 × reason 4; 2 × connection refused; 1 × timeout"
        self.assertEqual(result.error, f"8 of 10 requests failed: {reasons}")
        self.assertFalse(result.ok)
