// The trace of a loop, as chapters/ch02_eventloop/funnel/trace.h describes it: a line of JSON for
// each event. The names of its kinds are not checked: later chapters have more.

const fields = {
  seq: "number",
  time_ns: "number",
  turn: "number",
  kind: "string",
  id: "number",
  parent: "number",
  name: "string",
};

/// Reads a trace. Returns its events in order; throws an `Error` that names the first line that
/// is not one.
export function read_trace(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new Error("the trace is empty");
  return lines.map((line, index) => read_event(line, `line ${index + 1} of the trace`));
}

function read_event(line, where) {
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    throw new Error(`${where} is not JSON`);
  }
  for (const [name, type] of Object.entries(fields)) {
    if (typeof event?.[name] !== type) throw new Error(`${where}: ${name} is not a ${type}`);
  }
  return event;
}

/// Splits a kind into the thing and what happens to it: `timer.add` into `["timer", "add"]`, `note`
/// into `["note", ""]`.
export function parts_of(kind) {
  const dot = kind.lastIndexOf(".");
  return dot < 0 ? [kind, ""] : [kind.slice(0, dot), kind.slice(dot + 1)];
}

/// Shortens the name that the compiler has for a type: `(anonymous namespace)::Ask` to `Ask`,
/// `main::{lambda()#2}` to `lambda 2 of main`. What has no better name stays as it is.
export function short_name(name) {
  if (name.includes("(*)")) return "a function";
  const plain = without_arguments(name.replaceAll("(anonymous namespace)::", "").replaceAll("{lambda", "{lambda "));
  const parts = plain.split("::").filter((part) => !/^operator/.test(part));
  const lambda = parts.findLastIndex((part) => part.startsWith("{lambda"));
  if (lambda < 0) return plain.replace(/^funnel::/, "").trim();
  const number = parts[lambda].match(/#(\d+)/)?.[1] ?? "";
  const owner = parts.slice(0, lambda).filter((part) => part !== "funnel");
  return `lambda ${number}${owner.length > 0 ? ` of ${short_name(owner.join("::"))}` : ""}`;
}

// Leaves out the arguments of functions and templates, and what follows a function's: `f(int) const`.
function without_arguments(name) {
  let depth = 0;
  let kept = "";
  for (const c of name) {
    if (c === "(" || c === "<") depth += 1;
    if (depth === 0) kept += c;
    if ((c === ")" || c === ">") && depth > 0) depth -= 1;
  }
  return kept.replaceAll(/ const\b/g, "");
}
