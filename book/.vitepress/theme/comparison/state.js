// What is known about one run, as plain data: `apply_event` takes a state and an
// event of the server and returns the next state. Nothing here knows the
// network or the page.

/// Thrown for an event that makes no sense where it came.
export class ProtocolError extends Error {}

/// Returns the state before the server has said anything.
export function initial_state() {
  return { begun: false, ended: false, failure: "", urls: 0, delay_ms: 0, concurrency: 0, programs: [] };
}

/// Returns the state after `event`. Kinds of events that this page does not know
/// are ignored, so that a newer server can say more; so is all that comes after
/// the end, which what is known of the run must survive.
export function apply_event(state, event) {
  if (state.ended) return state;
  switch (event?.event) {
    case "begin":
      return begin(event);
    case "program":
      return change_program(state, event.name, () => ({ phase: event.state }));
    case "request":
      return change_program(state, event.name, (program) => ({ finished: program.finished + 1 }));
    case "result":
      return change_program(state, event.program?.name, () => finish(event.program));
    case "end":
      return { ...state, ended: true };
    case "error":
      return { ...state, ended: true, failure: String(event.message) };
    default:
      return state;
  }
}

const phases_after_the_end = { running: "stopped", waiting: "not run" };

/// Returns the state of a run that is over, however it ended: nothing runs any more,
/// and nothing will.
export function halt(state) {
  const programs = state.programs.map((program) => ({
    ...program,
    phase: phases_after_the_end[program.phase] ?? program.phase,
  }));
  return { ...state, programs };
}

/// Returns the state that a whole recording leads to: the parameters of a run and
/// the results of its programs. Throws `ProtocolError` when it is no recording.
export function state_of_recording(recording) {
  if (!Array.isArray(recording?.programs)) throw new ProtocolError("no list of programs");
  const names = recording.programs.map((program) => program.name);
  const begun = begin({ ...recording, programs: names });
  const state = recording.programs.reduce(
    (so_far, program) => apply_event(so_far, { event: "result", program }),
    begun,
  );
  return { ...state, ended: true };
}

function begin({ urls, delay_ms, concurrency, programs }) {
  const numbers_are_there = [urls, delay_ms, concurrency].every(Number.isFinite);
  if (!numbers_are_there || !Array.isArray(programs)) {
    throw new ProtocolError("a run that does not say what it runs");
  }
  return {
    ...initial_state(),
    begun: true,
    urls,
    delay_ms,
    concurrency,
    programs: programs.map((name) => ({ name, phase: "waiting", finished: 0, result: null })),
  };
}

function change_program(state, name, change) {
  if (!state.programs.some((program) => program.name === name)) {
    throw new ProtocolError(`a program that was not announced: ${name}`);
  }
  const programs = state.programs.map((program) =>
    program.name === name ? { ...program, ...change(program) } : program,
  );
  return { ...state, programs };
}

function finish(result) {
  if (!Array.isArray(result.requests)) throw new ProtocolError("a result without its requests");
  if (result.ok) return { phase: "done", finished: result.requests.length, result };
  return { phase: "failed", result };
}
