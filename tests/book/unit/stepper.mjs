import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { other_turn, read, said, states } from "../../../book/.vitepress/theme/stepper/model.js";

function recording(name) {
  return readFileSync(new URL(`../../../book/recordings/${name}.jsonl`, import.meta.url), "utf8");
}

function line(kind, fields = {}) {
  return { seq: 1, time_ns: 0, turn: 1, kind, id: 1, parent: 0, name: "", ...fields };
}

function after(...lines) {
  return states(lines).at(-1);
}

function ids(list) {
  return list.map((item) => item.id).join();
}

test("what was added waits until it runs, a handler until it is removed", () => {
  const added = [line("handler.add", { id: 1 }), line("callback.add", { id: 2 }), line("timer.add", { id: 3 })];
  const state = after(...added);
  assert.deepEqual([ids(state.handler), ids(state.callback), ids(state.timer)], ["1", "2", "3"]);
  const ran = after(...added, ...[1, 2, 3].map((id, i) => line(`${["handler", "callback", "timer"][i]}.run`, { id })));
  assert.deepEqual([ids(ran.handler), ids(ran.callback), ids(ran.timer)], ["1", "", ""]);
  assert.equal(ids(ran.running), "1,2,3");
  const removed = after(...added, line("handler.remove", { id: 1 }), line("timer.remove", { id: 3 }));
  assert.deepEqual([ids(removed.handler), ids(removed.callback), ids(removed.timer)], ["", "2", ""]);
});

test("what runs is over at its end", () => {
  assert.equal(ids(after(line("callback.run"), line("callback.end")).running), "");
});

test("a sentence says who did what", () => {
  const run = line("handler.run", { id: 4 });
  assert.equal(after(run).sentence, "Handler #4 runs.");
  assert.equal(after(run, line("callback.add", { id: 5, name: "main::{lambda()#2}" })).sentence, "Handler #4 adds callback #5 (lambda 2 of main).");
  assert.equal(after(line("timer.add", { id: 6 })).sentence, "The program adds timer #6.");
  assert.equal(after(run, line("note", { id: 4, name: "hello" })).sentence, "Handler #4 says: hello");
  assert.equal(after(line("poll.wake", { name: "2 ready" })).sentence, "The poller has returned: 2 ready.");
});

test("kinds that nobody knows are told and break nothing", () => {
  const state = after(line("callback.run", { id: 7 }), line("frame.suspend", { id: 8 }));
  assert.equal(state.sentence, "Callback #7: frame.suspend #8");
  assert.equal(ids(state.running), "7");
});

test("a compiler's names are said as a person would", () => {
  assert.equal(said("main::{lambda()#3}"), "lambda 3 of main");
  assert.equal(said("main::{lambda()#3}::operator()() const::{lambda()#1}"), "lambda 1 in lambda 3 of main");
  assert.equal(said("(anonymous namespace)::with_futures(funnel::IOLoop&)::{lambda()#4}"), "lambda 4 of with_futures");
  assert.equal(said("descriptor 5"), "descriptor 5");
});

test("a line that was cut off is left out", () => {
  assert.equal(read('{"kind":"note"}\n{"kind":"no').length, 1);
});

test("the turns of the recorded runs can be visited", () => {
  for (const name of ["ch02-turns", "ch03-callers"]) {
    const all = states(read(recording(name)));
    assert.ok(all.length > 20, name);
    const begin = other_turn(all, 0, 1);
    assert.equal(all[begin].turn, 1);
    assert.equal(all[other_turn(all, begin, 1)].turn, 2);
    assert.equal(other_turn(all, begin, -1), 0);
    assert.equal(other_turn(all, all.length - 1, 1), all.length - 1);
    assert.deepEqual(all.at(-1).running, []);
  }
});
