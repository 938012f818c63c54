"""`./learn bench memory`: which programs are measured, and when that is worth nothing."""

from unittest import mock

import support
from learn.benches import memory
from learn.errors import LearnError

FEW = support.FETCH.replace("report(url, 0.0, now())", "report(url, now(), now())")


class Memory(support.CompareTest):
    def measure(self, count=5):
        with (
            mock.patch.object(memory, "build") as build,
            mock.patch.object(memory, "COUNT", count),
            mock.patch.object(memory, "DELAY_MS", 200),
        ):
            result = memory.measure(self.context())
        self.targets = build.call_args.args[2]
        return result

    def test_every_program_that_has_them_all_in_flight_is_measured(self):
        self.fetch("one", args=["--sync"])
        self.fetch("many", args=["--threads"])
        self.fetch("loop", args=["--async"])
        result = self.measure()
        self.assertEqual(self.targets, ["slowserver", "demo_many", "demo_loop"])
        self.assertEqual([each["name"] for each in result["programs"]], ["many", "loop"])
        for each in result["programs"]:
            self.assertEqual(each["threads"], 1)
            self.assertGreater(each["resident_bytes"], 1 << 20)
            self.assertGreater(each["virtual_bytes"], each["resident_bytes"])

    def test_the_kernels_stacks_are_what_the_machine_has_more_than_before(self):
        self.fetch("many")
        grown = mock.Mock(side_effect=[1000, 900, *[5000] * 10_000])
        with mock.patch.object(memory, "_stacks_of_all", grown):
            self.assertEqual(self.measure()["programs"][0]["kernel_stack_bytes"], 4000)

    def test_the_table_has_a_line_for_each(self):
        context = self.context()
        one = {"name": "many", "threads": 5001, "resident_bytes": 2**20}
        one |= {"kernel_stack_bytes": 2**21, "virtual_bytes": 2**30}
        memory.show(context.term, {"requests": 5000, "delay_ms": 1, "programs": [one]})
        head, row, *_ = self.shown(context).splitlines()
        self.assertRegex(head, r"^5,000 requests +threads +resident +kernel stacks +virtual$")
        self.assertRegex(row, r"^many +5,001 +1\.0 MiB +2\.0 MiB +1024\.0 MiB$")

    def test_a_run_that_failed_or_had_fewer_in_flight_is_no_measurement(self):
        self.fetch("many", "import sys; sys.exit('no such host')")
        with self.assertRaisesRegex(LearnError, "many ended with exit code 1: no such host"):
            self.measure()
        self.fetch("many", FEW)
        with self.assertRaisesRegex(LearnError, "many had 1 requests in flight, not 5"):
            self.measure()

    def test_without_such_a_program_there_is_nothing_to_measure(self):
        self.fetch("one", args=["--sync"])
        with self.assertRaisesRegex(LearnError, "no fetch program in this clone"):
            memory.measure(self.context())
