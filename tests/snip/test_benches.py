"""`bench:`: a table of what was measured, with the machine it was measured on."""

import json
import unittest
from unittest import mock

import tree
from learn.benches import compile as compiling

MACHINE = {"cpu": "Fast_1", "cores": 2, "kernel": "6.1", "date": "2024-01-02"}
RESULT = {"bench": "compile", "machine": MACHINE, "preprocessed_lines": 120_000}
RESULT["compile_s"] = {"-O0": 1.25, "-O2": 2.0}
PLACE = "book/recordings/bench-compile.json"
MADE = f"make it anew with ./learn bench compile --json >{PLACE}"


class Bench(tree.SnipTest):
    def test_the_table_is_the_one_that_the_bench_shows(self):
        self.write(PLACE, json.dumps(RESULT))
        lines = [
            "|  | hello.cpp | measured | budget |",
            "| :-- | :-- | --: | --: |",
            "| ✓ | compile -O0 | 1.25 s | 1.5 s |",
            "| ✓ | compile -O2 | 2.00 s | 2.5 s |",
            "| ✗ | preprocessed lines | 120,000 | 110,000 |",
            "",
            r"*`./learn bench compile` on Fast\_1, 2 cores, Linux 6.1, 2024-01-02.*",
        ]
        self.assertEqual(self.expanded("bench: compile"), lines)

    def test_notes_become_captions(self):
        case = {"name": "a|b", "cpu_us_per_request": {"raw_epoll": 1, "hello": 2}, "rounds": 3}
        cases = [case | {"ratio": 2, "budget": 1.4}]
        result = RESULT | {"bench": "http", "cases": cases}
        self.write("book/recordings/bench-http.json", json.dumps(result))
        lines = self.expanded("bench: http")
        self.assertIn(r"| ✗ | a\|b | 1.00 µs | 2.00 µs | 2.00 | 1.40 |", lines)
        self.assertIn("*Medians of 3 rounds of 1 s; differences under 3 % mean nothing.*", lines)

    def test_what_a_recording_says_stays_in_its_line(self):
        odd = MACHINE | {"cpu": "a\n# b\ud800"}
        self.write(PLACE, json.dumps(RESULT | {"machine": odd}))
        self.assertIn("on a # b?, 2 cores", self.expanded("bench: compile")[-1])

    def test_an_unknown_bench(self):
        message = "there is no bench 'compil'; did you mean compile?"
        self.assertRefused("bench: compil", message)

    def test_a_missing_recording(self):
        message = f"{PLACE} is missing; make it with ./learn bench compile --json >{PLACE}"
        self.assertRefused("bench: compile", message)

    def test_what_is_no_recording_of_this_bench(self):
        for text, message in (
            ("{", f"{PLACE} cannot be read"),
            ("[" * 100_000, f"{PLACE} cannot be read"),
            ("[]", f"{PLACE} is no recording of this bench; {MADE}"),
            (json.dumps(RESULT | {"bench": "http"}), f"{PLACE} is no recording of this bench"),
            (json.dumps(RESULT | {"compile_s": 1}), f"{PLACE} is not what ./learn bench compile"),
            (json.dumps(RESULT | {"compile_s": {}}), f"{PLACE} is not what ./learn bench compile"),
            (json.dumps(RESULT).replace("1.25", "NaN"), f"{PLACE} is not what ./learn bench"),
            (json.dumps(RESULT).replace("1.25", "Infinity"), f"{PLACE} is not what ./learn bench"),
            (json.dumps(RESULT | {"machine": []}), f"{PLACE} is not what ./learn bench compile"),
            (json.dumps(RESULT | {"preprocessed_lines": "x"}), f"{PLACE} is not what ./learn"),
        ):
            with self.subTest(text[:80]):
                self.write(PLACE, text)
                self.assertRefused("bench: compile", message)

    def test_a_bench_that_stumbles_over_its_recording(self):
        self.write(PLACE, json.dumps(RESULT))
        with mock.patch.object(compiling, "show", side_effect=AttributeError("no items")):
            message = f"{PLACE} is not what ./learn bench compile --json prints now; make it anew"
            told = self.assertRefused("bench: compile", message)
        self.assertIn("(AttributeError: no items)", told)


if __name__ == "__main__":
    unittest.main()
