import assert from "node:assert/strict";
import { test } from "node:test";
import { lay_out, ticks } from "../../../book/.vitepress/theme/comparison/timeline.js";

function program(name, wall_s, spans) {
  const requests = spans.map(([start, end]) => ({ start, end, bytes: 1, error: null }));
  return { name, result: { name, wall_s, requests } };
}

test("both programs lie on the longer one's axis", () => {
  const { panels } = lay_out([
    program("sync", 4, [[0, 2], [2, 4]]),
    program("async", 2, [[0, 2], [0, 2]]),
  ]);
  const spans = panels.map((panel) => panel.rows.map((row) => [row.left, row.width]));
  assert.deepEqual(spans, [[[0, 50], [50, 50]], [[0, 50], [0, 50]]]);
});

test("rows and panels lie below each other, and the axis below all", () => {
  const { panels, axis_top, height } = lay_out([
    program("sync", 1, [[0, 1], [0, 1]]),
    program("async", 1, [[0, 1]]),
  ]);
  const [first, second] = panels;
  assert.ok(first.rows[0].top > first.top);
  assert.equal(first.rows[1].top, first.rows[0].top + first.pitch);
  assert.ok(second.top > first.bottom && axis_top > second.bottom && height > axis_top);
});

test("200 requests have a row each that can be seen", () => {
  for (const count of [1, 31, 61, 200]) {
    const [panel] = lay_out([program("sync", 1, Array(count).fill([0, 1]))]).panels;
    assert.equal(panel.rows.length, count);
    assert.ok(panel.bar_height >= 1 && panel.bar_height < panel.pitch, `${count} rows`);
    assert.ok(panel.bottom - panel.top < 700, `${count} rows`);
  }
});

test("a program without a result has no panel, one without requests no row", () => {
  const { panels, ticks: marks } = lay_out([
    { name: "sync", result: null },
    program("async", null, []),
  ]);
  assert.deepEqual(panels.map(({ name, rows }) => [name, rows.length]), [["async", 0]]);
  assert.ok(marks.length > 1);
});

test("the ticks are round, start at 0 and stay on the axis", () => {
  const labels = (end) => ticks(end).map((tick) => tick.label);
  assert.deepEqual(labels(4.03), ["0", "1 s", "2 s", "3 s", "4 s"]);
  assert.deepEqual(labels(0.213), ["0", "0.05 s", "0.10 s", "0.15 s", "0.20 s"]);
  assert.deepEqual(labels(1), ["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s"]);
  assert.deepEqual(labels(0.01), ["0", "0.002 s", "0.004 s", "0.006 s", "0.008 s", "0.010 s"]);
  assert.deepEqual(labels(100), ["0", "20 s", "40 s", "60 s", "80 s", "100 s"]);
  for (let end = 0.001; end < 500; end *= 1.37) {
    const marks = ticks(end);
    assert.ok(marks.length >= 3 && marks.length <= 6, `${marks.length} ticks for ${end} s`);
    assert.ok(marks.at(-1).left <= 100);
  }
});
