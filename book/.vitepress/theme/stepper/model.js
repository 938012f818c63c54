// A recorded run of an event loop, to be stepped through: what it had to do after each line of its
// trace.

const kinds_of_work = ["handler", "timer", "callback"];

/// Reads a trace, a line of JSON for each event. A line that is not whole, the last one of a program
/// that was killed, is left out.
export function read(text) {
  const lines = [];
  for (const line of text.split("\n")) {
    try {
      lines.push(JSON.parse(line));
    } catch {
      // nothing to show
    }
  }
  return lines;
}

/// Returns the states of the run: after each line, what is there to do and what runs.
export function states(lines) {
  let state = { turn: 0, time_ms: 0, handler: [], timer: [], callback: [], running: [], sentence: "Nothing has happened yet." };
  const all = [state];
  for (const line of lines) {
    state = next(state, line);
    all.push(state);
  }
  return all;
}

/// Returns the number of the state with which another turn begins, forwards (1) or backwards (-1), or
/// that of the last or first state.
export function other_turn(all, at, direction) {
  const begins = (i) => i > 0 && all[i].turn !== all[i - 1].turn;
  for (let i = at + direction; i > 0 && i < all.length; i += direction) if (begins(i)) return i;
  return direction > 0 ? all.length - 1 : 0;
}

/// Returns a name that the compiler gave, as a person would say it: `main::{lambda()#3}` is "lambda 3
/// of main".
export function said(name) {
  const lambdas = [...name.matchAll(/\{lambda\([^{}]*?\)#(\d+)\}/g)].map((match) => `lambda ${match[1]}`);
  const [scope] = name.split("::{lambda");
  const owner = scope.replace(/\([^()]*\)( const)?$/, "").split("::").at(-1);
  return lambdas.length ? `${lambdas.reverse().join(" in ")} of ${owner}` : name;
}

function next(before, line) {
  const [what, event] = line.kind.split(".");
  const state = { ...before, turn: line.turn, time_ms: line.time_ns / 1e6 };
  const item = { what, id: line.id, name: said(line.name), parent: line.parent };
  const without = (list) => list.filter((each) => each.id !== line.id);
  if (kinds_of_work.includes(what)) {
    if (event === "add") state[what] = [...before[what], item];
    if (event === "remove" || (event === "run" && what !== "handler")) state[what] = without(before[what]);
    if (event === "run") state.running = [...before.running, item];
    if (event === "end") state.running = without(before.running);
  }
  state.sentence = sentence(before, line, what, event);
  return state;
}

function sentence(before, line, what, event) {
  const name = `${what} #${line.id}`;
  const by = before.running.at(-1);
  const who = by ? `${capital(by.what)} #${by.id}` : "The program";
  if (line.kind === "poll.wait") return `Turn ${line.turn} begins: the loop asks the poller, and waits if it may.`;
  if (line.kind === "poll.wake") return `The poller has returned${line.name ? `: ${line.name}` : ""}.`;
  if (line.kind === "note") return `${who} says: ${line.name}`;
  if (!kinds_of_work.includes(what)) return `${who}: ${line.kind} #${line.id}`;
  const said_of_it = line.name ? ` (${said(line.name)})` : "";
  if (event === "add") return `${who} adds ${name}${said_of_it}.`;
  if (event === "remove") return `${who} takes back ${name}.`;
  if (event === "run") return `${capital(name)} runs${said_of_it}.`;
  if (event === "end") return `${capital(name)} has returned.`;
  return `${who}: ${line.kind} #${line.id}`;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
