// The recorded traces, which `./learn trace N NAME --record` writes. Each page loads its own.

const traces = import.meta.glob("../../../recordings/*.jsonl", { query: "?raw", import: "default" });

/// Returns what loads the text of a recording, by its name without folder and ending. Throws if
/// there is none, so that the book is not built with a figure that cannot be shown.
export function recording(name) {
  const load = traces[`../../../recordings/${name}.jsonl`];
  if (!load) throw new Error(`book/recordings/${name}.jsonl is missing`);
  return load;
}
