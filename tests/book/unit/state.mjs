import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apply_event,
  halt,
  initial_state,
  ProtocolError,
  state_of_recording,
} from "../../../book/.vitepress/theme/comparison/state.js";

const begin = { event: "begin", urls: 2, delay_ms: 100, concurrency: 2, programs: ["sync", "async"] };
const request = { start: 0, end: 0.1, bytes: 5, error: null };

function result_of(name, changes = {}) {
  return { name, waits: "", ok: true, error: null, wall_s: 0.2, requests: [request, request], ...changes };
}

function after(...events) {
  return events.reduce(apply_event, initial_state());
}

test("a run goes from its beginning to its end", () => {
  let state = after(begin);
  assert.deepEqual([state.begun, state.ended, state.urls, state.delay_ms], [true, false, 2, 100]);
  assert.deepEqual(state.programs.map((program) => program.phase), ["waiting", "waiting"]);

  state = apply_event(state, { event: "program", name: "sync", state: "running" });
  state = apply_event(state, { event: "request", name: "sync", index: 0, ...request });
  assert.deepEqual(state.programs.map((program) => program.finished), [1, 0]);
  assert.equal(state.programs[0].phase, "running");

  state = apply_event(state, { event: "result", program: result_of("sync") });
  assert.deepEqual([state.programs[0].phase, state.programs[0].finished], ["done", 2]);
  assert.equal(state.programs[1].result, null);

  state = apply_event(state, { event: "end" });
  assert.deepEqual([state.ended, state.failure], [true, ""]);
});

test("a program that failed keeps its reason and how far it came", () => {
  const failed = result_of("async", { ok: false, error: "ended by signal 11", requests: [] });
  const one = { event: "request", name: "async", index: 0, ...request };
  const program = after(begin, one, { event: "result", program: failed }).programs[1];
  assert.deepEqual([program.phase, program.finished], ["failed", 1]);
  assert.equal(program.result.error, "ended by signal 11");
});

test("an error of the server ends the run with its message", () => {
  const state = after(begin, { event: "error", message: "no slow server" });
  assert.deepEqual([state.ended, state.failure], [true, "no slow server"]);
});

test("what comes after the end changes nothing", () => {
  const failed = result_of("async", { ok: false, error: "ended by signal 11", requests: [] });
  const ended = after(begin, { event: "result", program: failed }, { event: "end" });
  const late = [
    { event: "error", message: "The comparison ended with status 1." },
    { event: "request", name: "sync", index: 0, ...request },
    { event: "result", program: result_of("sync") },
    begin,
  ];
  for (const event of late) assert.equal(apply_event(ended, event), ended, JSON.stringify(event));
  assert.equal(ended.failure, "");
});

test("events of a later version are ignored, and so is what is no event", () => {
  const state = after(begin);
  for (const event of [{ event: "weather" }, {}, null, 7, "text"]) {
    assert.equal(apply_event(state, event), state);
  }
});

test("in a run that was broken off nothing is running", () => {
  const state = after(
    { ...begin, programs: ["sync", "async", "third"] },
    { event: "result", program: result_of("sync") },
    { event: "program", name: "async", state: "running" },
    { event: "request", name: "async", index: 0, ...request },
  );
  const { programs } = halt(state);
  assert.deepEqual(programs.map((program) => program.phase), ["done", "stopped", "not run"]);
  assert.deepEqual(programs.map((program) => program.finished), [2, 1, 0]);
  assert.deepEqual(halt(initial_state()), initial_state());
});

test("a state is never changed in place", () => {
  const before = after(begin);
  const copy = structuredClone(before);
  apply_event(before, { event: "request", name: "sync", index: 0, ...request });
  assert.deepEqual(before, copy);
});

test("a new beginning forgets the run before", () => {
  const state = after(begin, { event: "result", program: result_of("sync") }, begin);
  assert.equal(state.programs[0].result, null);
});

test("events that make no sense are refused", () => {
  const nonsense = [
    { ...begin, programs: undefined },
    { ...begin, urls: "2" },
    { event: "request", name: "unknown" },
    { event: "program" },
    { event: "result" },
    { event: "result", program: result_of("sync", { requests: undefined }) },
  ];
  for (const event of nonsense) {
    assert.throws(() => apply_event(after(begin), event), ProtocolError, JSON.stringify(event));
  }
});

test("a recording leads to the state that its run ended in", () => {
  const programs = [result_of("sync"), result_of("async")];
  const state = state_of_recording({ recorded: "2026-11-20", urls: 2, delay_ms: 100, concurrency: 2, programs });
  const live = after(
    begin,
    ...programs.map((program) => ({ event: "result", program })),
    { event: "end" },
  );
  assert.deepEqual(state, live);
});

test("what is no recording is refused", () => {
  for (const recording of [null, {}, { programs: 3 }, { programs: [], urls: 2 }]) {
    assert.throws(() => state_of_recording(recording), ProtocolError);
  }
});
