import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  default_story,
  describe,
  limits,
  milliseconds,
  next_moment,
  summarise,
  tell,
  work_ms,
} from "../../../book/.vitepress/theme/waiting/model.js";

const still = readFileSync(new URL("../../../book/figures/ch01-waiting.svg", import.meta.url), "utf8");

function told(clients, delay, only_first = false) {
  const { servers, ...rest } = tell({ clients, delay, only_first });
  return { ...Object.fromEntries(servers.map((server) => [server.id, server])), servers, ...rest };
}

function every_story() {
  const stories = [];
  for (let clients = limits.clients.min; clients <= limits.clients.max; ++clients) {
    for (let delay = limits.delay.min; delay <= limits.delay.max; delay += limits.delay.step) {
      stories.push(told(clients, delay), told(clients, delay, true));
    }
  }
  return stories;
}

const works = ({ kind }) => ["asked", "served", "works"].includes(kind);

test("one at a time takes the sum of the delays, the others the longest delay", () => {
  const { one, threads, loop } = told(6, 200);
  assert.equal(one.last_served, 6 * (200 + 2 * work_ms));
  // The sixth is asked after five others, and its answer finds the processor free.
  for (const { last_served } of [threads, loop]) assert.equal(last_served, 6 * work_ms + 200 + work_ms);
  assert.deepEqual([one.end, threads.end, loop.end], [1260, 1260, 1260]);
});

test("a client waits for those before it only where they are served one at a time", () => {
  const { one, threads } = told(3, 100);
  assert.equal(one.average_served, (110 + 220 + 330) / 3);
  assert.equal(threads.average_served, (110 + 115 + 120) / 3);
});

test("one slow client delays all the others only where they are served one at a time", () => {
  const { one, threads, loop } = told(4, 1000, true);
  const ends = (server) => server.rows.map((row) => row.at(-1).to);
  assert.deepEqual(ends(one), [1010, 1020, 1030, 1040]);
  // Four questions first, then three answers; the slow client's own comes when it has spoken.
  for (const server of [threads, loop]) assert.deepEqual(ends(server), [1010, 25, 30, 35]);
});

test("there is a thread for each client and one that accepts, and one for the loop", () => {
  for (const clients of [1, 5, 12]) {
    const { one, threads, loop } = told(clients, 50);
    assert.deepEqual([one, threads, loop].map((server) => server.threads), [1, clients + 1, 1]);
    assert.equal(threads.stacks_mebibytes, 8 * (clients + 1));
  }
});

test("a client's thread ends with it, and the threads that serve all of them stay", () => {
  const { one, threads, loop, end } = told(4, 300);
  const ends = (server) => server.lanes.map((lane) => lane.at(-1).to);
  assert.deepEqual([ends(one), ends(loop)], [[end], [end]]);
  assert.deepEqual(ends(threads), [end, ...threads.rows.map((row) => row.at(-1).to)]);
});

test("every row and lane is without gaps, and every client is asked and served", () => {
  for (const { servers, end } of every_story()) {
    for (const { rows, lanes } of servers) {
      for (const line of [...rows, ...lanes]) {
        assert.equal(line[0].from, 0);
        line.forEach(({ from, to }, i) => {
          assert.ok(to > from && to <= end);
          if (i > 0) assert.equal(from, line[i - 1].to);
        });
      }
      for (const row of rows) {
        assert.deepEqual(row.filter(works).map(({ kind }) => kind), ["asked", "served"]);
      }
    }
  }
});

test("one processor works for one client at a time, equally long for each", () => {
  for (const { servers } of every_story()) {
    for (const { id, rows, lanes } of servers) {
      const work = rows.flat().filter(works).sort((a, b) => a.from - b.from);
      work.forEach(({ from, to }, i) => {
        assert.equal(to - from, work_ms);
        assert.ok(i === 0 || from >= work[i - 1].to, `${id}: two at once at ${from}`);
      });
      assert.equal(lanes.flat().filter(works).reduce((sum, { from, to }) => sum + to - from, 0), work.length * work_ms);
    }
  }
});

test("nobody thinks longer or shorter than the delay", () => {
  for (const clients of [1, 7]) {
    for (const { rows } of told(clients, 350).servers) {
      for (const row of rows) {
        assert.deepEqual(row.filter(({ kind }) => kind === "thinking").map(({ from, to }) => to - from), [350]);
      }
    }
  }
});

test("without a delay all three are equally quick", () => {
  const ends = told(5, 0).servers.map((server) => server.last_served);
  assert.deepEqual(ends, [50, 50, 50]);
});

test("the moments are the changes, in order, from the start to the end", () => {
  const { moments, servers, end } = told(2, 100);
  assert.deepEqual([moments[0], moments.at(-1)], [0, end]);
  assert.deepEqual(moments, [...new Set(moments)].sort((a, b) => a - b));
  for (const { from } of servers.flatMap(({ rows }) => rows.flat())) assert.ok(moments.includes(from));
});

test("stepping goes from change to change and round at both ends", () => {
  const moments = [0, 5, 105];
  assert.deepEqual([0, 3, 5, 105].map((at) => next_moment(moments, at, 1)), [5, 5, 105, 0]);
  assert.deepEqual([0, 3, 5, 105].map((at) => next_moment(moments, at, -1)), [105, 0, 0, 5]);
});

test("each server's sentence says what it does and how many are served", () => {
  const { one, threads, loop, end } = told(3, 100);
  assert.equal(describe(one, 0), "The thread asks client 1; 2 clients wait in the queue. 0 of 3 served.");
  assert.equal(
    describe(one, 120),
    "The thread is blocked until client 2 answers; 1 client waits in the queue. 1 of 3 served.",
  );
  assert.equal(describe(one, 325), "The thread serves client 3; nobody waits in the queue. 2 of 3 served.");
  assert.equal(describe(threads, 50), "3 threads are blocked, each until its client answers. 0 of 3 served.");
  assert.equal(describe(threads, 105), "Client 1’s thread works; of the others 2 are blocked. 0 of 3 served.");
  assert.equal(describe(loop, 0), "The thread asks client 1; 3 clients are still to answer. 0 of 3 served.");
  assert.equal(describe(loop, 5), "The thread asks client 2; 3 clients are still to answer. 0 of 3 served.");
  assert.equal(describe(loop, 50), "The thread sleeps until any of 3 clients answers. 0 of 3 served.");
  assert.equal(describe(loop, 112), "The thread serves client 2; 1 client is still to answer. 1 of 3 served.");
  for (const server of [one, threads, loop]) assert.match(describe(server, end), /^All served\. /);
});

test("no sentence of any story has a wrong number", () => {
  for (const { servers, moments } of every_story()) {
    for (const server of servers) {
      for (const at of moments) assert.doesNotMatch(describe(server, at), /client 0|NaN|undefined|-\d|\b1 (are|clients|threads)\b/);
    }
  }
});

test("a server is summed up with its time and its threads", () => {
  const { one, threads } = told(6, 200);
  assert.equal(summarise(one), "One at a time: All 6 clients are served after 1.26 s, with 1 thread.");
  assert.equal(summarise(threads), "A thread for each: All 6 clients are served after 235 ms, with 7 threads.");
});

test("times are written in milliseconds, from a second on in seconds", () => {
  assert.deepEqual([0, 235, 999, 1000, 12120].map(milliseconds), ["0 ms", "235 ms", "999 ms", "1.00 s", "12.12 s"]);
});

// Its bars carry the numbers they are drawn from: <g data-server="one"> holds <rect data-kind …>.
test("the still picture shows the story that the moving one starts with", () => {
  const { servers, end } = tell(default_story());
  for (const { id, name, last_served, threads, rows } of servers) {
    const group = still.match(new RegExp(`<g data-server="${id}"[^]*?</g>`))?.[0] ?? "";
    assert.ok(group.includes(`>${name}<`), `${id}: its name`);
    const count = threads === 1 ? "1 thread" : `${threads} threads`;
    assert.ok(group.includes(`>${milliseconds(last_served)}, ${count}<`), `${id}: its numbers`);
    const drawn = [...group.matchAll(/<rect class="(\w+)(?:-wait)?" data-row="(\d+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    const scale = 300 / end; // the axis is 300 wide and starts at 96
    const expected = rows.flatMap((row, number) =>
      row
        .filter(({ kind }) => kind === "thinking")
        .map(({ from, to }) => [number + 1, 96 + from * scale, (to - from) * scale]),
    );
    const seen = drawn.map(([, , row, x, width]) => [row, x, width].map(Number));
    assert.equal(seen.length, expected.length, `${id}: a bar for each client`);
    seen.forEach((bar, i) =>
      bar.forEach((value, j) => assert.ok(Math.abs(value - expected[i][j]) < 0.51, `${id}: ${bar}`)),
    );
  }
});
