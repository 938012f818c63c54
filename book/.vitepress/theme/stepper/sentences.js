// What each event of a trace means, in words.

import { parts_of } from "./trace.js";
import { from_another_thread } from "./replay.js";

/// Writes a span of time: `40 µs`, `4.8 ms`, `20 ms`, `1.02 s`.
export function duration(ns) {
  const ms = ns / 1e6;
  if (ms < 0.9995) return `${Math.round(ns / 1000)} µs`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/// Writes a point in time, counted from the first event: `0.412 ms`.
export function clock_time(ns) {
  return `${(ns / 1e6).toFixed(3)} ms`;
}

/// Names a thing: `callback 4 (Ask)`, `the handler of descriptor 5`.
export function label(things, id) {
  const thing = things.get(id);
  if (!thing) return `#${id}`;
  const { kind, name } = thing;
  if (kind === "handler" && name.startsWith("descriptor ")) return `the handler of ${name}`;
  return name === "" ? `${kind} ${id}` : `${kind} ${id} (${name})`;
}

/// Names a thing in few words: `callback 4`, `descriptor 5’s handler`.
export function short_label(things, id) {
  const thing = things.get(id);
  if (!thing) return `#${id}`;
  const { kind, name } = thing;
  return kind === "handler" && name.startsWith("descriptor ") ? `${name}’s handler` : `${kind} ${id}`;
}

/// Names what has added a thing: another thing, which `named` names, the program itself, or another
/// thread.
export function who_added({ things, events }, id, named = label) {
  const { parent, added } = things.get(id);
  if (parent !== 0) return named(things, parent);
  return from_another_thread(events[added], added, events) ? "another thread" : "the program";
}

/// Says when a callback runs, as seen from a turn: `in turn 2`, `later in this turn`.
export function when_run({ things, events }, id, turn) {
  const { run } = things.get(id);
  if (run === undefined) return "after this recording";
  return events[run].turn === turn ? "later in this turn" : `in turn ${events[run].turn}`;
}

/// Says how far away the run of a timer is at a state: `in 20 ms`.
export function how_far({ things, events }, id, state) {
  const { run, removed } = things.get(id);
  if (run !== undefined) return `in ${duration(Math.max(0, events[run].time_ns - state.time_ns))}`;
  return removed === undefined ? "after this recording" : "will be removed";
}

/// Tells what the event before `states[at]` was. One that has no words of its own is told as it stands.
export function tell(story, at) {
  if (at === 0) return "Nothing has happened yet.";
  const event = story.events[at - 1];
  const sentence = (sentences[event.kind] ?? sentence_by_parts)(story, event, story.states[at]);
  return sentence === null ? plain_line(event) : `${sentence[0].toUpperCase()}${sentence.slice(1)}`;
}

const sentences = {
  "callback.add"(story, { id }, { turn }) {
    const when = when_run(story, id, turn);
    const waits = when.startsWith("in turn ") ? `waits for ${when.slice(3)}` : `runs ${when}`;
    return `${who_added(story, id)} adds ${label(story.things, id)}, which ${waits}.`;
  },
  "timer.add"(story, { id }, state) {
    const far = how_far(story, id, state);
    const fate = far === "will be removed" ? "is removed before it is due" : `runs ${far}`;
    return `${who_added(story, id)} sets ${label(story.things, id)}, which ${fate}.`;
  },
  "handler.add"(story, { id }) {
    return `${who_added(story, id)} adds ${label(story.things, id)}, which the poller watches from now on.`;
  },
  "callback.run"(story, { id }) {
    return `${label(story.things, id)} runs. It was added by ${who_added(story, id)}.`;
  },
  "timer.run"(story, { id }) {
    return `${label(story.things, id)} runs. It was set by ${who_added(story, id)}.`;
  },
  "handler.run"(story, { id }) {
    return `${label(story.things, id)} runs, since its descriptor is ready.`;
  },
  "timer.remove"(story, { id, parent }) {
    return `${by(story, parent)} removes ${label(story.things, id)}. It will not run.`;
  },
  "handler.remove"(story, { id, parent }, { at }) {
    const before = story.states[at - 1].handlers.find((handler) => handler.id === id)?.status;
    const end = before === "ready" ? ", although its descriptor is ready. The loop will not call it." : ".";
    const whom = id === parent ? "itself" : label(story.things, id);
    return `${by(story, parent)} removes ${whom}${end}`;
  },
  "poll.wait"(story, event, { turn, callbacks, timers }) {
    if (callbacks.length > 0) return `turn ${turn} begins. The poller does not wait, since a callback is to run.`;
    const end = timers.length > 0 ? "the next timer is due, at the latest" : "a descriptor is ready";
    return `turn ${turn} begins. The loop waits in the poller until ${end}.`;
  },
  "poll.wake"(story, event, { at, ready, nameless, handlers }) {
    const asked = story.events[at - 2];
    const took = asked?.kind === "poll.wait" ? ` after ${duration(event.time_ns - asked.time_ns)}` : "";
    const names = handlers
      .filter(({ status }) => status === "ready")
      .map(({ id }) => story.things.get(id).name.replace("descriptor ", ""));
    const all = names.length > 0 ? `: ${names.join(" and ")}` : "";
    const others = nameless > 0 ? (names.length > 0 ? `, and ${nameless} more` : `, not of a handler that runs`) : "";
    return `the poller returns${took}. ${are_ready(ready)}${all}${others}.`;
  },
  "future.add"(story, { id, parent }) {
    return `${by(story, parent)} makes ${label(story.things, id)}.`;
  },
  "future.callback"(story, { id, parent }, { futures }) {
    const done = futures.find((future) => future.id === id)?.done;
    const when = done ? "is done already: the loop will call it" : "is pending: it waits";
    return `${by(story, parent)} leaves a callback with ${label(story.things, id)}, which ${when}.`;
  },
  "future.set"(story, { id, parent }, { at }) {
    const waiting = story.states[at - 1].futures.find((future) => future.id === id)?.callbacks ?? 0;
    return `${by(story, parent)} sets the result of ${label(story.things, id)}. ${callbacks_wait(waiting)}`;
  },
  note(story, { id, name }) {
    return `${by(story, id)} says: “${name}”`;
  },
};

// What other kinds have in common with these; null if they have not.
function sentence_by_parts(story, event) {
  const [what, happens] = parts_of(event.kind);
  const subject = event.id === 0 ? what : label(story.things, event.id);
  if (happens === "end") return `${subject} has returned${after(story, event)}.`;
  if (happens === "run") return `${subject} runs.`;
  if (happens === "add") return `${by(story, event.parent)} adds ${subject}.`;
  return null;
}

/// Writes an event as `./learn trace` does, without its time and its unnamed namespaces.
export function plain_line({ kind, id, parent, name }) {
  const from = parent === 0 ? "" : `from #${parent}`;
  const short = name.replaceAll("(anonymous namespace)::", "");
  return [kind, id === 0 ? "" : `#${id}`, from, short].filter((part) => part !== "").join("  ");
}

function after({ events }, { id, seq, time_ns }) {
  const begun = events.findLast((event) => event.seq < seq && event.id === id && event.kind.endsWith(".run"));
  return begun ? ` after ${duration(time_ns - begun.time_ns)}` : "";
}

function by({ things }, id) {
  return id === 0 ? "the program" : label(things, id);
}

function callbacks_wait(count) {
  if (count === 0) return "No callback waits for it.";
  return count === 1 ? "1 callback waits for it." : `${count} callbacks wait for it.`;
}

function are_ready(count) {
  if (count === 0) return "No descriptor is ready";
  return count === 1 ? "1 descriptor is ready" : `${count} descriptors are ready`;
}
