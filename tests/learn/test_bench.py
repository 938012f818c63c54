"""`./learn bench`: what is measured and when that is worth nothing, with fakes of what it runs."""

import os
import re
from unittest import mock

import support
from learn import kernel, term
from learn.benches import compile as compiling
from learn.benches import http, waiting
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
        with mock.patch.object(http, "cpu_s", side_effect=[1.0, 1.004]):
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
            kernel.cpu_s(gone)


class Command(support.TreeTest):
    def test_rounds_are_refused_where_there_are_none(self):
        for name in ("compile", "waiting"):
            result = self.main("bench", name, "--rounds", "3")
            self.assertOneLine(result, 2, "has no rounds")

    def test_rounds_reach_the_bench_that_has_them(self):
        result = {"cases": [], "compile_s": {}, "preprocessed_lines": 1}
        with (
            mock.patch("learn.commands.bench.ensure"),
            mock.patch.object(http, "measure", return_value=result) as measure,
        ):
            for arguments in ([], ["--rounds", "3"]):
                self.assertEqual(self.main("bench", "http", "--json", *arguments).returncode, 0)
        self.assertEqual([call.args[1] for call in measure.call_args_list], [http.ROUNDS, 3])


class Compile(support.TreeTest):
    def setUp(self):
        super().setUp()
        self.write("final/demos/hello/hello.cpp", "int main() {}\n")
        path = mock.patch.dict(os.environ, {"PATH": f"{self.root}/path:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    def compiler(self, code):
        self.shell("path/g++", f'echo "$@" >>"{self.root}/calls"\n{code}\n')

    def test_each_level_is_compiled_and_the_lines_are_counted(self):
        preprocess = 'for last; do :; done; printf "1\\n2\\n3\\n" >"$last"'
        self.compiler(f'case "$*" in *" -E "*) {preprocess} ;; esac')
        context = self.context()
        result = compiling.measure(context)
        self.assertEqual(list(result["compile_s"]), ["-O0", "-O2"])
        self.assertEqual(result["preprocessed_lines"], 3)
        calls = (self.root / "calls").read_text().splitlines()
        levels = [re.search(r" (-O\d|-E) ", call)[1] for call in calls]
        self.assertEqual(levels, ["-O0"] * compiling.REPEATS + ["-O2"] * compiling.REPEATS + ["-E"])
        for call in calls:
            self.assertIn(f"-I{self.root}/final/include {self.root}/{compiling.SOURCE}", call)

    def test_a_figure_above_its_budget_is_marked(self):
        context = self.context()
        times = {"-O0": compiling.BUDGETS_S["-O0"], "-O2": compiling.BUDGETS_S["-O2"] + 0.01}
        compiling.show(context.term, {"compile_s": times, "preprocessed_lines": 110_001})
        marks = [line[0] for line in self.shown(context).splitlines()[1:]]
        self.assertEqual(marks, ["✓", "✗", "✗"])

    def test_what_does_not_compile_or_is_missing_is_told(self):
        self.compiler("exit 1")
        with self.assertRaisesRegex(LearnError, "hello does not compile"):
            compiling.measure(self.context())
        (self.root / compiling.SOURCE).unlink()
        with self.assertRaisesRegex(LearnError, "hello.cpp is missing"):
            compiling.measure(self.context())


class Waiting(support.CompareTest):
    def measure(self):
        context = self.context()
        with mock.patch.object(waiting, "build") as build, mock.patch.object(waiting, "COUNT", 5):
            result = waiting.measure(context)
        self.assertEqual(build.call_args.args[1:], ("release", ["slowserver", "demo_many"]))
        return result

    def test_the_asynchronous_program_waits_for_all_requests_together(self):
        self.fetch("one", args=["--sync"])
        self.fetch("many", args=["--async"])
        result = self.measure()
        known = {"requests": 5, "delay_ms": waiting.DELAY_MS, "program": "many"}
        self.assertEqual(result | known, result)
        self.assertGreaterEqual(result["wall_s"], waiting.DELAY_MS / 1000)
        self.assertGreater(result["peak_rss_bytes"], 0)

    def test_the_best_run_counts(self):
        self.fetch("many", args=["--async"])
        runs = [{"wall_s": s, "peak_rss_bytes": 1} for s in (0.4, 0.2, 0.3)]
        with mock.patch.object(waiting, "_run", side_effect=runs):
            self.assertEqual(self.measure()["wall_s"], 0.2)

    def test_a_figure_above_its_budget_is_marked(self):
        context = self.context()
        result = {"requests": 5, "delay_ms": 200, "program": "many"}
        waiting.show(context.term, {**result, "wall_s": 0.41, "peak_rss_bytes": 2**20})
        self.assertRegex(self.shown(context), r"(?m)^✗  wall time / delay +2\.05 +2\.00$")
        self.assertRegex(self.shown(context), r"(?m)^✓  peak memory +1\.0 MiB +64\.0 MiB$")

    def test_a_run_that_failed_is_no_measurement(self):
        self.fetch("many", "import sys; sys.exit('no such host')", args=["--async"])
        with self.assertRaisesRegex(LearnError, "many ended with exit code 1: no such host"):
            self.measure()

    def test_without_an_asynchronous_program_there_is_nothing_to_measure(self):
        self.fetch("one", args=["--sync"])
        with self.assertRaisesRegex(LearnError, "no asynchronous fetch program"):
            waiting.measure(self.context())


class Cores(support.TreeTest):
    def test_one_core_is_shared_and_then_all_are_back(self):
        before = os.sched_getaffinity(0)
        with kernel.one_core():
            self.assertEqual(len(os.sched_getaffinity(0)), 1)
        self.assertEqual(os.sched_getaffinity(0), before)
