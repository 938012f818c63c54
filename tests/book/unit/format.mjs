import assert from "node:assert/strict";
import { test } from "node:test";
import {
  counted,
  describe_request,
  mebibytes,
  number,
  seconds,
} from "../../../book/.vitepress/theme/comparison/format.js";
import { default_parameters, to_form_body } from "../../../book/.vitepress/theme/comparison/parameters.js";
import {
  ideal_seconds,
  rounds,
  summary,
  worst_seconds,
} from "../../../book/.vitepress/theme/comparison/summary.js";

function run_of(...programs) {
  return {
    urls: 20,
    delay_ms: 200,
    concurrency: 20,
    programs: programs.map((result) => ({
      name: result.name,
      phase: result.error ? "failed" : "done",
      result,
    })),
  };
}

test("durations have the unit that suits them", () => {
  assert.deepEqual(
    [0, 0.0004, 0.0056, 0.0561, 0.1, 0.2034, 1, 4.027, 40.27, 402.7].map(seconds),
    ["0 s", "0.4 ms", "5.6 ms", "56 ms", "0.100 s", "0.203 s", "1.00 s", "4.03 s", "40.3 s", "403 s"],
  );
  assert.deepEqual(
    [0.00996, 0.0996, 0.9996, 9.996, 99.96].map(seconds),
    ["10 ms", "0.100 s", "1.00 s", "10.0 s", "100 s"],
  );
});

test("what was not measured is a dash", () => {
  assert.deepEqual([seconds(null), mebibytes(null), number(null)], ["–", "–", "–"]);
});

test("counts, memory and requests read as sentences do", () => {
  assert.deepEqual([counted(1, "URL"), counted(0, "URL"), counted(20, "URL")], ["1 URL", "0 URLs", "20 URLs"]);
  assert.equal(mebibytes(5 * 1048576), "5.0 MiB");
  assert.equal(
    describe_request("sync", 2, { start: 0.4, end: 0.6, bytes: 1, error: null }),
    "sync, request 3: from 0.400 s to 0.600 s, 0.200 s, 1 byte",
  );
  assert.equal(
    describe_request("sync", 0, { start: 0, end: 0.5, bytes: 0, error: "refused" }),
    "sync, request 1: from 0 s to 0.500 s, failed after 0.500 s: refused",
  );
});

test("the limits follow from the parameters", () => {
  const run = { urls: 20, delay_ms: 200, concurrency: 6 };
  assert.deepEqual([ideal_seconds(run), worst_seconds(run), rounds(run)], [0.2, 4, 4]);
  assert.equal(rounds({ ...run, concurrency: 200 }), 1);
});

test("the summary names both times and how they compare", () => {
  const slow = { name: "sync", wall_s: 4.02 };
  const text = (wall_s) => summary(run_of(slow, { name: "async", wall_s }));
  assert.equal(text(0.21), "async took 0.210 s, sync 4.02 s: 19 times as long.");
  assert.equal(text(2), "async took 2.00 s, sync 4.02 s: 2.0 times as long.");
  assert.equal(text(4.01), "async took 4.01 s, sync 4.02 s: about the same.");
  assert.equal(text(8.04), "sync took 4.02 s, async 8.04 s: 2.0 times as long.");
  assert.equal(summary(run_of(slow)), "");
});

test("the summary of a failure is its reason", () => {
  const failed = { name: "async", wall_s: null, error: "ended by signal 11" };
  assert.equal(summary(run_of({ name: "sync", wall_s: 4 }, failed)), "async failed: ended by signal 11");
  assert.equal(
    summary(run_of(failed, { ...failed, name: "sync" })),
    "async failed: ended by signal 11; sync failed: ended by signal 11",
  );
});

test("the form says what the reader typed, also when it is no number", () => {
  assert.equal(to_form_body(default_parameters()), "urls=20&delay=200&concurrency=20");
  assert.equal(to_form_body({ urls: "", delay: "a&b", concurrency: "-1" }), "urls=&delay=a%26b&concurrency=-1");
});
