// Talks to the server that serves this page.

import { read_events } from "./ndjson.js";
import { to_form_body } from "./parameters.js";
import { ProtocolError } from "./state.js";

/// Thrown with a sentence for the reader.
export class ComparisonError extends Error {}

const status_timeout_ms = 3000;
const longest_sentence = 300;

/// Tells whether the server at this origin is Funnel's. Never throws: a static
/// host, a page of HTML and no network all mean no.
export async function is_funnel_server(fetch_function = fetch) {
  try {
    const response = await fetch_function("/api/status", {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(status_timeout_ms),
    });
    if (!response.ok) return false;
    const status = await response.json();
    return status?.server === "funnel";
  } catch {
    return false;
  }
}

/// Starts a run and calls `on_event` for each thing that happens, until the server
/// says that it is over. Throws `ComparisonError` when the server refuses, when
/// the connection is lost and when what comes is not a run; the abort's own
/// error when `signal` aborted it.
export async function run_comparison(parameters, { on_event, signal, fetch_function = fetch }) {
  let response;
  try {
    response = await fetch_function("/api/compare", {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: to_form_body(parameters),
      signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new ComparisonError("The server does not answer. Is ./learn serve still running?", {
      cause: error,
    });
  }
  if (!response.ok) throw new ComparisonError(await refusal(response));
  await read_run(response, on_event, signal);
}

async function read_run(response, on_event, signal) {
  let ended = false;
  try {
    await read_events(response.body, (event) => {
      on_event(event);
      if (event.event === "end" || event.event === "error") ended = true;
    });
  } catch (error) {
    signal?.throwIfAborted();
    // After the end nothing is missing, however the connection was closed.
    if (ended) return;
    if (error instanceof ProtocolError) throw unexpected(error.message, error);
    if (error instanceof SyntaxError) throw unexpected("a line that is not JSON", error);
    throw lost(error);
  }
  if (!ended) throw lost();
}

function unexpected(what, cause) {
  return new ComparisonError(`The server sent something unexpected: ${what}.`, { cause });
}

function lost(cause) {
  return new ComparisonError("The connection to the server was lost before the run was over.", {
    cause,
  });
}

// Our server refuses with a sentence in plain text; anything else that answers in
// its place (a proxy, a static host) does not, and its page is not for showing.
async function refusal(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const text = type.startsWith("text/plain") ? (await response.text()).trim() : "";
  if (text !== "") return text.slice(0, longest_sentence);
  return `The server refused to run the comparison (status ${response.status}).`;
}
