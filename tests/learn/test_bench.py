"""`./learn bench`: what a run of wrk is worth, and when it is worth nothing."""

import os
from unittest import mock

import support
from learn import term
from learn.benches import http
from learn.errors import LearnError

GOOD = "echo '  2000 requests in 1.00s, 1.50MB read'"


class Wrk(support.TreeTest):
    def setUp(self):
        super().setUp()
        path = mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def cost_us(self, wrk, script=None):
        self.shell("path/wrk", f'echo "$@" >"{self.root}/arguments"\n{wrk}\n')
        context = self.context()
        with mock.patch.object(http, "_cpu_s", side_effect=[1.0, 1.004]):
            bar = term.Progress(context.term, "x")
            return http.cost_us(context, None, "http://h:1", script, bar)

    def test_the_cost_is_cpu_time_over_counted_requests(self):
        self.assertAlmostEqual(self.cost_us(GOOD), 2.0)
        self.assertEqual((self.root / "arguments").read_text(), "-t1 -c64 -d1s http://h:1/\n")

    def test_pipelining_is_a_script(self):
        self.cost_us(GOOD, "tests/bench/pipeline.lua")
        arguments = (self.root / "arguments").read_text()
        self.assertIn(f"-s {self.root}/tests/bench/pipeline.lua", arguments)

    def test_runs_that_are_worth_nothing_are_refused(self):
        for wrk in (
            "exit 1",
            "true",
            "echo '  0 requests in 1.00s'",
            GOOD + "; echo '  Non-2xx or 3xx responses: 7'",
            GOOD + "; echo '  Socket errors: connect 0, read 3, write 0, timeout 0'",
        ):
            with self.subTest(wrk), self.assertRaises(LearnError):
                self.cost_us(wrk)

    def test_a_wrk_that_hangs_is_ended(self):
        with mock.patch.object(http, "WRK_GRACE_S", -0.7), self.assertRaises(LearnError):
            self.cost_us("sleep 60")

    def test_a_server_that_has_gone_is_told(self):
        gone = mock.Mock(pid=0)
        with self.assertRaises(LearnError):
            http._cpu_s(gone)


class Cores(support.TreeTest):
    def test_one_core_is_shared_and_then_all_are_back(self):
        before = os.sched_getaffinity(0)
        with http._one_core():
            self.assertEqual(len(os.sched_getaffinity(0)), 1)
        self.assertEqual(os.sched_getaffinity(0), before)
