import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { next_turn, replay } from "../../../book/.vitepress/theme/stepper/replay.js";
import {
  clock_time,
  duration,
  how_far,
  plain_line,
  short_label,
  tell,
  when_run,
  who_added,
} from "../../../book/.vitepress/theme/stepper/sentences.js";
import { parts_of, read_trace, short_name } from "../../../book/.vitepress/theme/stepper/trace.js";

const book = new URL("../../../book/", import.meta.url);
const recorded = (name) => readFileSync(new URL(`recordings/${name}.jsonl`, book), "utf8");

// The story of lines such as ["timer.run", 4, "name"], in a turn, after so many microseconds, with a
// parent: { turn, us, parent }. Both stay until they are said again; a parent is for one line.
function story_of(...lines) {
  let [turn, us] = [0, 0];
  return replay(
    lines.map(([kind, id = 0, name = "", more = {}], index) => {
      turn = more.turn ?? turn;
      us = more.us ?? us + 1;
      return { seq: index + 1, time_ns: us * 1000, turn, kind, id, parent: more.parent ?? 0, name };
    }),
  );
}

function told(story) {
  return story.events.map((_, index) => tell(story, index + 1));
}

const statuses = (story, at) => story.states[at].handlers.map(({ id, status }) => `${id} ${status}`);

test("a trace is read line by line", () => {
  const line = '{"seq":1,"time_ns":5,"turn":2,"kind":"timer.run","id":4,"parent":3,"name":"say \\"hi\\""}';
  assert.deepEqual(read_trace(`${line}\n${line}\n`).map(({ name }) => name), ['say "hi"', 'say "hi"']);
  for (const [text, complaint] of [
    ["", /the trace is empty/],
    [`${line}\n{"seq":`, /line 2 of the trace is not JSON/],
    [line.replace('"turn":2', '"turn":"2"'), /line 1 of the trace: turn is not a number/],
    [line.replace('"name"', '"Name"'), /line 1 of the trace: name is not a string/],
    ["null", /line 1 of the trace: seq is not a number/],
  ]) {
    assert.throws(() => read_trace(text), complaint);
  }
});

test("a kind has two parts, or one", () => {
  const parts = ["timer.add", "http.request.end", "note"].map(parts_of);
  assert.deepEqual(parts, [["timer", "add"], ["http.request", "end"], ["note", ""]]);
});

test("the compiler's names are shortened to what a reader knows", () => {
  for (const [name, short] of [
    ["(anonymous namespace)::Ask", "Ask"],
    ["main::{lambda()#2}", "lambda 2 of main"],
    ["funnel::PeriodicCallback::schedule()::{lambda()#1}", "lambda 1 of PeriodicCallback::schedule"],
    ["(anonymous namespace)::serve()::{lambda()#1}::operator()() const::{lambda(int)#3}", "lambda 3 of lambda 1 of serve"],
    ["funnel::f(std::function<void (std::error_code)>, int)::{lambda()#1}", "lambda 1 of f"],
    ["std::_Bind<void (A::*(A*))(int)>", "std::_Bind"],
    ["void (*)()", "a function"],
    ["", ""],
  ]) {
    assert.equal(short_name(name), short);
  }
});

test("a callback waits for the next turn, runs, and is gone", () => {
  const story = story_of(
    ["callback.add", 1, "Outer"],
    ["poll.wait", 0, "", { turn: 1 }],
    ["poll.wake", 0, "0 ready"],
    ["callback.run", 1, "Outer"],
    ["callback.add", 2, "Inner", { parent: 1 }],
    ["callback.end", 1],
    ["poll.wait", 0, "", { turn: 2 }],
    ["poll.wake", 0, "0 ready"],
    ["callback.run", 2, "Inner"],
  );
  const [callbacks, running] = ["callbacks", "running"].map((list) => story.states.map((state) => state[list].join()));
  assert.deepEqual(callbacks, ["", "1", "1", "1", "", "2", "2", "2", "2", ""]);
  assert.deepEqual(running, ["", "", "", "", "1", "1", "", "", "", "2"]);
  assert.deepEqual(story.states.map(({ turn }) => turn), [0, 0, 1, 1, 1, 1, 1, 2, 2, 2]);
  assert.deepEqual(told(story), [
    "The program adds callback 1 (Outer), which waits for turn 1.",
    "Turn 1 begins. The poller does not wait, since a callback is to run.",
    "The poller returns after 1 µs. No descriptor is ready.",
    "Callback 1 (Outer) runs. It was added by the program.",
    "Callback 1 (Outer) adds callback 2 (Inner), which waits for turn 2.",
    "Callback 1 (Outer) has returned after 2 µs.",
    "Turn 2 begins. The poller does not wait, since a callback is to run.",
    "The poller returns after 1 µs. No descriptor is ready.",
    "Callback 2 (Inner) runs. It was added by callback 1 (Outer).",
  ]);
});

test("a callback that runs in the turn in which it was added is said to", () => {
  const story = story_of(
    ["timer.run", 1, "", { turn: 3 }],
    ["callback.add", 2, "C", { parent: 1 }],
    ["timer.end", 1],
    ["callback.run", 2, "C"],
  );
  assert.equal(tell(story, 2), "Timer 1 adds callback 2 (C), which runs later in this turn.");
  assert.equal(when_run(story, 2, 3), "later in this turn");
});

test("timers stand in the order in which they run, those that do not run last", () => {
  const story = story_of(
    ["timer.add", 1, "Late"],
    ["timer.add", 2, "Never"],
    ["timer.add", 3, "Removed"],
    ["timer.add", 4, "Early"],
    ["timer.remove", 3, "", { parent: 0 }],
    ["poll.wait", 0, "", { turn: 1 }],
    ["timer.run", 4, "Early", { us: 3000 }],
    ["timer.end", 4],
    ["timer.run", 1, "Late", { us: 20_000 }],
  );
  const seen = story.states.map(({ timers }) => timers.join());
  assert.deepEqual(seen, ["", "1", "1,2", "1,2,3", "4,1,2,3", "4,1,2", "4,1,2", "1,2", "1,2", "2"]);
  const far = (id, at) => how_far(story, id, story.states[at]);
  const distances = [far(4, 4), far(1, 7), far(3, 4), far(2, 9)];
  assert.deepEqual(distances, ["in 3.0 ms", "in 17 ms", "will be removed", "after this recording"]);
  assert.equal(tell(story, 3), "The program sets timer 3 (Removed), which is removed before it is due.");
  assert.equal(tell(story, 4), "The program sets timer 4 (Early), which runs in 3.0 ms.");
  assert.equal(tell(story, 5), "The program removes timer 3 (Removed). It will not run.");
  assert.equal(tell(story, 6), "Turn 1 begins. The loop waits in the poller until the next timer is due, at the latest.");
  assert.equal(tell(story, 7), "Timer 4 (Early) runs. It was set by the program.");
});

const two_handlers = [
  ["handler.add", 1, "descriptor 5"],
  ["handler.add", 2, "descriptor 7"],
  ["poll.wait", 0, "", { turn: 1 }],
];

test("a descriptor is ready from the poller's report until its handler has run", () => {
  const story = story_of(
    ...two_handlers,
    ["poll.wake", 0, "1 ready"],
    ["handler.run", 2, "H"],
    ["handler.end", 2],
    ["poll.wait", 0, "", { turn: 2 }],
  );
  const seen = [3, 4, 5, 6, 7].map((at) => statuses(story, at)[1]);
  assert.deepEqual(seen, ["2 watched", "2 ready", "2 running", "2 done", "2 watched"]);
  assert.ok(story.states.slice(2).every(({ handlers }) => handlers[0].status === "watched"));
  assert.deepEqual(story.states.map(({ waiting }) => waiting), [false, false, false, true, false, false, false, true]);
  assert.equal(tell(story, 3), "Turn 1 begins. The loop waits in the poller until a descriptor is ready.");
  assert.equal(tell(story, 4), "The poller returns after 1 µs. 1 descriptor is ready: 7.");
  assert.equal(tell(story, 5), "The handler of descriptor 7 runs, since its descriptor is ready.");
});

test("a descriptor was ready, too, if another handler removed it before it was its turn", () => {
  const story = story_of(
    ...two_handlers,
    ["poll.wake", 0, "2 ready"],
    ["handler.run", 1, "H"],
    ["handler.remove", 2, "", { parent: 1 }],
    ["handler.remove", 1, "", { parent: 1 }],
    ["handler.end", 1],
    ["poll.wait", 0, "", { turn: 2 }],
  );
  assert.deepEqual(statuses(story, 4), ["1 ready", "2 ready"]);
  assert.deepEqual(statuses(story, 6), ["1 running", "2 removed"]);
  assert.deepEqual(statuses(story, 8), ["1 removed", "2 removed"]);
  assert.deepEqual(statuses(story, 9), []);
  assert.equal(tell(story, 4), "The poller returns after 1 µs. 2 descriptors are ready: 5 and 7.");
  assert.equal(
    tell(story, 6),
    "The handler of descriptor 5 removes the handler of descriptor 7, although its descriptor is ready. " +
      "The loop will not call it.",
  );
  assert.equal(tell(story, 7), "The handler of descriptor 5 removes itself.");
});

test("a descriptor that was not ready is not said to be, whoever removes it", () => {
  const by_handler = story_of(
    ...two_handlers,
    ["poll.wake", 0, "1 ready"],
    ["handler.run", 1, "H"],
    ["handler.remove", 2, "", { parent: 1 }],
  );
  assert.deepEqual(statuses(by_handler, 4), ["1 ready", "2 watched"]);
  assert.equal(tell(by_handler, 6), "The handler of descriptor 5 removes the handler of descriptor 7.");
  const by_timer = story_of(
    ["timer.add", 3, "T"],
    ...two_handlers,
    ["poll.wake", 0, "1 ready"],
    ["timer.run", 3, "T"],
    ["handler.remove", 2, "", { parent: 3 }],
  );
  assert.deepEqual(statuses(by_timer, 5), ["1 watched", "2 watched"]);
  assert.equal(by_timer.states[5].nameless, 1);
});

test("the loop's own descriptor, by which another thread wakes it, has no handler", () => {
  const story = story_of(
    ...two_handlers,
    ["callback.add", 9, "Result", { turn: 0 }],
    ["poll.wake", 0, "2 ready", { turn: 1 }],
    ["handler.run", 1, "H"],
    ["handler.remove", 2, "", { parent: 1 }],
    ["handler.end", 1],
    ["callback.run", 9, "Result"],
    ["poll.wait", 0, "", { turn: 2 }],
    ["poll.wake", 0, "1 ready"],
  );
  assert.equal(tell(story, 4), "Another thread adds callback 9 (Result), which runs later in this turn.");
  assert.deepEqual(statuses(story, 5), ["1 ready", "2 watched"]);
  assert.equal(story.states[5].nameless, 1);
  assert.equal(tell(story, 5), "The poller returns. 2 descriptors are ready: 5, and 1 more.");
  assert.equal(tell(story, 9), "Callback 9 (Result) runs. It was added by another thread.");
  assert.equal(tell(story, 11), "The poller returns after 1 µs. 1 descriptor is ready, not of a handler that runs.");
});

test("where the poller does not say how many are ready, those are that are called", () => {
  const story = story_of(...two_handlers, ["poll.wake"], ["handler.run", 2, "H"], ["handler.remove", 1, "", { parent: 2 }]);
  assert.deepEqual(statuses(story, 4), ["1 watched", "2 ready"]);
  assert.equal(story.states[4].nameless, 0);
  assert.equal(tell(story, 4), "The poller returns after 1 µs. 1 descriptor is ready: 7.");
});

test("kinds that nobody has thought of are lines like any other", () => {
  const story = story_of(
    ["socket.add", 1, "page"],
    ["coroutine.add", 2, "fetch(int)"],
    ["coroutine.run", 2, "fetch(int)", { turn: 1 }],
    ["coroutine.await", 2, "page", { parent: 2 }],
    ["timer.run", 3, "T", { parent: 2 }],
    ["note", 3, "deep", { parent: 3 }],
    ["timer.end", 3],
    ["coroutine.end", 2],
    ["socket.set", 1, "42"],
    ["weather"],
    ["frame.destroy", 77],
    ["callback.remove", 88],
  );
  const running = story.states.map((state) => state.running.join());
  assert.deepEqual(running, ["", "", "", "2", "2", "2,3", "2,3", "2", "", "", "", "", ""]);
  assert.deepEqual(told(story), [
    "The program adds socket 1 (page).",
    "The program adds coroutine 2 (fetch(int)).",
    "Coroutine 2 (fetch(int)) runs.",
    "coroutine.await  #2  from #2  page",
    "Timer 3 (T) runs. It was set by coroutine 2 (fetch(int)).",
    "Timer 3 (T) says: “deep”",
    "Timer 3 (T) has returned after 2 µs.",
    "Coroutine 2 (fetch(int)) has returned after 5 µs.",
    "socket.set  #1  42",
    "weather",
    "frame.destroy  #77",
    "callback.remove  #88",
  ]);
});

const post = "funnel::detail::FutureStateBase::post(unsigned long)::{lambda()#1}";

test("a future is set, and then the loop is told of the callbacks that wait for it", () => {
  const story = story_of(
    ["future.add", 1],
    ["future.callback", 1],
    ["future.callback", 1],
    ["callback.run", 2, "Knows", { turn: 1 }],
    ["future.set", 1, "", { parent: 2 }],
    ["callback.add", 3, post, { parent: 2 }],
    ["callback.end", 2],
    ["callback.run", 4, "Late"],
    ["future.callback", 1, "", { parent: 4 }],
    ["callback.add", 5, post, { parent: 4 }],
    ["callback.end", 4],
    ["callback.run", 3, post, { turn: 2 }],
  );
  const seen = story.states.map(({ futures }) => futures.map(({ done, callbacks }) => (done ? `done ${callbacks}` : callbacks)).join());
  assert.deepEqual(seen, ["", "0", "1", "2", "2", ...Array(8).fill("done 0")]);
  const sentences = told(story);
  for (const [line, sentence] of [
    [1, "The program makes future 1."],
    [2, "The program leaves a callback with future 1, which is pending: it waits."],
    [5, "Callback 2 (Knows) sets the result of future 1. 2 callbacks wait for it."],
    [6, "Callback 2 (Knows) adds callback 3 (for future 1), which waits for turn 2."],
    [9, "Callback 4 (Late) leaves a callback with future 1, which is done already: the loop will call it."],
    [12, "Callback 3 (for future 1) runs. It was added by callback 2 (Knows)."],
  ]) {
    assert.equal(sentences[line - 1], sentence);
  }
});

test("what happens to a future changes no other one", () => {
  const story = story_of(["future.add", 1], ["future.add", 2], ["future.callback", 2], ["future.set", 1]);
  assert.deepEqual(story.states.at(-1).futures, [{ id: 1, done: true, callbacks: 0 }, { id: 2, done: false, callbacks: 1 }]);
});

test("a callback belongs to the future that the trace was about when it was added", () => {
  const story = story_of(["future.set", 1], ["callback.add", 3, post], ["future.set", 2], ["callback.add", 4, post], ["callback.run", 3, post]);
  assert.deepEqual([3, 4].map((id) => story.things.get(id).name), ["for future 1", "for future 2"]);
  assert.equal(tell(story, 1), "The program sets the result of future 1. No callback waits for it.");
  const unknown = story_of(["callback.add", 3, post]);
  assert.equal(unknown.things.get(3).name, "lambda 1 of detail::FutureStateBase::post");
});

test("a trace that begins or ends in the middle is replayed as far as it goes", () => {
  const story = story_of(
    ["callback.end", 5],
    ["poll.wake", 0, "3 ready"],
    ["handler.run", 6, "H"],
    ["handler.remove", 9],
    ["timer.remove", 7],
    ["callback.add", 8, "C", { parent: 99 }],
    ["poll.wake", 0, "many"],
  );
  assert.equal(story.states.at(-1).callbacks.join(), "8");
  assert.deepEqual(story.states.at(-1).running, [6]);
  for (const sentence of told(story)) assert.doesNotMatch(sentence, /undefined|NaN|null|-\d/);
  assert.equal(tell(story, 6), "#99 adds callback 8 (C), which runs after this recording.");
});

test("an end is the end of what began with that number, and of what ran inside it", () => {
  const story = story_of(["a.run", 1], ["b.run", 2], ["c.run", 3], ["a.end", 9], ["b.end", 2], ["a.end", 1]);
  assert.deepEqual(story.states.map(({ running }) => running.join()), ["", "1", "1,2", "1,2,3", "1,2,3", "1", ""]);
});

test("what runs twice is timed each time", () => {
  const story = story_of(
    ["handler.run", 1, "", { us: 10 }],
    ["handler.end", 1, "", { us: 15 }],
    ["handler.run", 1, "", { us: 100 }],
    ["handler.end", 1, "", { us: 130 }],
  );
  assert.deepEqual([tell(story, 2), tell(story, 4)], ["Handler 1 has returned after 5 µs.", "Handler 1 has returned after 30 µs."]);
});

test("a state is not changed by those after it", () => {
  const events = read_trace(recorded("ch02-turns"));
  const of_beginning = replay(events.slice(0, 22)).states.map(({ handlers, ...rest }) => ({ ...rest, handlers: handlers.length }));
  const of_all = replay(events).states.map(({ handlers, ...rest }) => ({ ...rest, handlers: handlers.length }));
  assert.deepEqual(of_all.slice(0, 21), of_beginning.slice(0, 21));
});

test("jumping goes to where the next turn begins, and from the last one to the end", () => {
  const story = story_of(["note"], ["poll.wait", 0, "", { turn: 1 }], ["poll.wake"], ["poll.wait", 0, "", { turn: 2 }], ["note"]);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((at) => next_turn(story, at)), [2, 2, 4, 4, 5, 5]);
});

test("times are written with what matters of them", () => {
  const spans = [0, 1499, 999_000, 1_000_000, 4_840_000, 9_960_000, 20_400_000, 999_400_000, 1_020_000_000];
  assert.deepEqual(spans.map(duration), ["0 µs", "1 µs", "999 µs", "1.0 ms", "4.8 ms", "10 ms", "20 ms", "999 ms", "1.02 s"]);
  assert.equal(clock_time(20_367_080), "20.367 ms");
});

test("what has added a thing can be named in few words", () => {
  const story = story_of(
    ["handler.add", 1, "descriptor 5"],
    ["callback.add", 2, "Outer", { parent: 1 }],
    ["callback.add", 3, "Inner", { parent: 2 }],
    ["callback.add", 4, "Lost", { parent: 99 }],
  );
  const adders = [1, 2, 3, 4].map((id) => who_added(story, id, short_label));
  assert.deepEqual(adders, ["the program", "descriptor 5’s handler", "callback 2", "#99"]);
});

test("a line is written like one of ./learn trace", () => {
  const event = { kind: "timer.add", id: 7, parent: 1, name: "(anonymous namespace)::End" };
  assert.equal(plain_line(event), "timer.add  #7  from #1  End");
  assert.equal(plain_line({ kind: "poll.wait", id: 0, parent: 0, name: "" }), "poll.wait");
});

// What the texts and the still pictures say of the recorded runs; times may differ when they are
// recorded again.
test("the recorded turns have everything that the figure is there to show", () => {
  const story = replay(read_trace(recorded("ch02-turns")));
  const sentences = told(story).join("\n");
  for (const part of [
    /^The program sets timer 3 \(lambda 3 of main\), which runs in 2\d ms\.$/m,
    /^The program adds callback 4 \(lambda 4 of main\), which waits for turn 1\.$/m,
    /^Callback 4 \(.*\) adds callback 5 \(lambda 1 of lambda 4 of main\), which waits for turn 2\.$/m,
    /^The poller returns after 2\d ms\. No descriptor is ready\.$/m,
    /^Timer 3 \(lambda 3 of main\) runs\. It was set by the program\.$/m,
    /^The poller returns after \d+ µs\. 2 descriptors are ready: \d+ and \d+\.$/m,
    /^The handler of descriptor \d+ says: “the left end reads: hello, left”$/m,
    /removes the handler of descriptor \d+, although its descriptor is ready\. The loop will not call it\.$/m,
    /^The handler of descriptor \d+ sets timer 6 \(.*\), which runs in \d(\.\d)? ms\.$/m,
  ]) {
    assert.match(sentences, part);
  }
  const last = story.states.at(-1);
  assert.equal(last.turn, 5);
  assert.deepEqual([last.running, last.handlers, last.timers, last.callbacks], [[], [], [], []]);
});

test("in the recorded run of callers, who waits for the future is called a turn after it was set", () => {
  const story = replay(read_trace(recorded("ch03-callers")));
  const sentences = told(story).join("\n");
  for (const part of [
    /^Callback 2 \(lambda 3 of with_futures\) sets the result of future 1\. 2 callbacks wait for it\.$/m,
    /^Callback 2 \(.*\) adds callback 5 \(for future 1\), which waits for turn 2\.$/m,
    /^Callback 3 \(lambda 4 of with_futures\) leaves a callback with future 1, which is done already/m,
  ]) {
    assert.match(sentences, part);
  }
  const ran = story.events.filter(({ kind }) => kind === "callback.run").map(({ turn, id }) => [turn, id]);
  assert.deepEqual(ran, [[1, 2], [1, 3], [2, 4], [2, 5], [2, 6]]);
});

// Each has a box <g data-turn="4" data-run="handler 1"> for each run.
for (const name of ["ch02-turns", "ch03-callers"]) {
  test(`the still picture of ${name} shows what ran in each turn of the recorded run`, () => {
    const { events } = replay(read_trace(recorded(name)));
    const ran = events
      .filter(({ kind }) => kind.endsWith(".run"))
      .map(({ turn, kind, id }) => [`${turn}`, `${parts_of(kind)[0]} ${id}`]);
    const still = readFileSync(new URL(`figures/${name}.svg`, book), "utf8");
    const drawn = [...still.matchAll(/data-turn="(\d+)" data-run="([^"]+)"/g)].map(([, ...what]) => what);
    assert.deepEqual(drawn, ran);
  });
}
