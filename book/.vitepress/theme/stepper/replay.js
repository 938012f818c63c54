// What a loop had to do at each line of its trace. A trace says what was added, run and removed;
// what waited, and who had added it, follows from that.
//
// A recording also knows what comes next, and some things can be told only from there: which
// descriptors the poller reported (those whose handlers run in the turn, or were removed before it
// was their turn), and when a timer will run, for its deadline is not in the trace.

import { parts_of, short_name } from "./trace.js";

const lists = { callback: "callbacks", timer: "timers", handler: "handlers" };
const of_future = /FutureStateBase::post\b/; // what a future of chapter 3 gives the loop

/// Computes the states of a trace: `states[n]` is how things stand after its first n events.
/// Returns them with `events` and with `things`, a map of everything that has an id.
///
/// A thing is `{id, kind, name, parent, added}`, `added` being the index of the event that added it;
/// known kinds have a short name. Where they are in the trace, it has `run` and `removed` too, of its
/// first run and its removal, as indices.
///
/// A state is `{at, turn, time_ns, waiting, ready, nameless, handlers, timers, callbacks, futures,
/// running}`:
/// `waiting` while the loop is in the poller; `ready` and `nameless` are the numbers of descriptors
/// that the poller has reported in this turn, and of those among them that the trace does not name
/// (the loop's own, by which other threads wake it, or one that the loop has not come to). The last
/// five are lists, of ids where nothing else is said, `running` from the outside in. A handler is
/// `{id, status}` with a status of `watched`, `ready`, `running`, `done` (in this turn) or `removed` (in
/// this turn), a future `{id, done, callbacks}` with the number of callbacks that wait for it.
export function replay(events) {
  const things = find_things(events);
  const nothing = { handlers: [], timers: [], callbacks: [], futures: [], running: [] };
  const states = [{ at: 0, turn: 0, time_ns: 0, waiting: false, ready: 0, nameless: 0, ...nothing }];
  events.forEach((event, index) => states.push(after(states[index], event, index, events, things)));
  return { events, things, states };
}

function find_things(events) {
  const things = new Map();
  let future = 0; // the one that the trace was last about
  events.forEach(({ id, kind, parent, name: full_name }, index) => {
    if (id === 0) return;
    const [what, happens] = parts_of(kind);
    if (what === "future") future = id;
    const name = future !== 0 && of_future.test(full_name) ? `for future ${future}` : full_name;
    const known = what in lists;
    if (!things.has(id) && happens !== "") {
      things.set(id, { id, kind: what, name: known ? short_name(name) : name, parent, added: index });
    }
    const thing = things.get(id);
    if (happens === "run") thing.run ??= index;
    if (happens === "remove") thing.removed ??= index;
  });
  return things;
}

function after(state, event, index, events, things) {
  const next = { ...state, at: index + 1, time_ns: event.time_ns, turn: event.turn || state.turn };
  const [what, happens] = parts_of(event.kind);
  if (event.kind === "poll.wait") {
    next.waiting = true;
    next.ready = next.nameless = 0;
    const kept = state.handlers.filter(({ status }) => status !== "removed");
    next.handlers = kept.map(({ id }) => ({ id, status: "watched" }));
  } else if (event.kind === "poll.wake") {
    next.waiting = false;
    const said = Number.parseInt(event.name, 10);
    const ready = ready_ones(state.handlers, said, index, events);
    next.ready = said >= 0 ? said : ready.size; // the framework's loop does not say it
    next.nameless = Math.max(0, next.ready - ready.size);
    next.handlers = state.handlers.map(({ id, status }) => ({ id, status: ready.has(id) ? "ready" : status }));
  } else if (what === "future") {
    next.futures = after_future(state.futures, happens, event.id);
  } else if (happens === "add" && what in lists) {
    const item = what === "handler" ? { id: event.id, status: "watched" } : event.id;
    next[lists[what]] = [...state[lists[what]], item];
    if (what === "timer") next.timers.sort((a, b) => run_time(things.get(a), events) - run_time(things.get(b), events));
  } else if (happens === "run") {
    next.running = [...state.running, event.id];
    begin(next, state, what, event.id);
  } else if (happens === "end") {
    const place = state.running.lastIndexOf(event.id);
    if (place >= 0) next.running = state.running.slice(0, place);
    if (what === "handler") next.handlers = marked(state.handlers, event.id, "done", "running");
  } else if (happens === "remove" && what === "handler") {
    next.handlers = marked(state.handlers, event.id, "removed");
  } else if (happens === "remove" && what in lists) {
    next[lists[what]] = state[lists[what]].filter((id) => id !== event.id);
  }
  return next;
}

function after_future(futures, happens, id) {
  if (happens === "add") return [...futures, { id, done: false, callbacks: 0 }];
  return futures.map((future) => {
    if (future.id !== id) return future;
    if (happens === "set") return { id, done: true, callbacks: 0 };
    return happens === "callback" && !future.done ? { ...future, callbacks: future.callbacks + 1 } : future;
  });
}

// What was added once runs once; a handler stays.
function begin(next, state, what, id) {
  if (what === "handler") next.handlers = marked(state.handlers, id, "running");
  else if (what in lists) next[lists[what]] = state[lists[what]].filter((other) => other !== id);
}

// Gives a handler a status, only in place of `before` where that is said.
function marked(handlers, id, status, before) {
  return handlers.map((each) =>
    each.id === id && (before === undefined || each.status === before) ? { id, status } : each,
  );
}

function run_time(thing, events) {
  return thing?.run === undefined ? Infinity : events[thing.run].time_ns;
}

// Which of the handlers belong to the `said` descriptors that the poller reports at `index`.
function ready_ones(handlers, said, index, events) {
  const end = events.findIndex(({ kind }, i) => i > index && kind === "poll.wait");
  const turn = events.slice(index + 1, end < 0 ? events.length : end);
  const ran = new Set(turn.filter(({ kind }) => kind === "handler.run").map(({ id }) => id));
  const watched = new Set(handlers.map(({ id }) => id));
  // The loop runs handlers before timers and callbacks: what those remove was not ready any more.
  const rest = turn.findIndex(({ kind }) => kind === "timer.run" || kind === "callback.run");
  const removed = turn
    .slice(0, rest < 0 ? turn.length : rest)
    .filter(({ kind, id }) => kind === "handler.remove" && watched.has(id) && !ran.has(id))
    .map(({ id }) => id);
  const left = said - ran.size - (woken_by_others(index, events) ? 1 : 0);
  return new Set(left >= removed.length ? [...ran, ...removed] : ran);
}

// Whether another thread has added a callback since the loop was last in the poller: such an event
// is of no turn.
function woken_by_others(index, events) {
  const before = events.slice(0, index).findLastIndex(({ kind }) => kind === "poll.wake");
  return events.slice(before + 1, index).some((event, i) => from_another_thread(event, before + 1 + i, events));
}

/// Tells whether the event at `index` was written by a thread that does not run the loop, while the
/// loop was running.
export function from_another_thread(event, index, events) {
  return event.turn === 0 && events.slice(0, index).some(({ turn }) => turn > 0);
}

/// Returns the place where the turn after that of `states[at]` begins, the last one if there is none.
export function next_turn({ events }, at) {
  const index = events.findIndex(({ kind }, i) => i >= at && kind === "poll.wait");
  return index < 0 ? events.length : index + 1;
}
