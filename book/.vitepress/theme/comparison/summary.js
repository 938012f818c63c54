// What a run means: the two limits it lies between, and one sentence about it.

import { seconds } from "./format.js";

/// The shortest time in which the run can end: every answer is waited for at once.
export function ideal_seconds(run) {
  return run.delay_ms / 1000;
}

/// How many rounds of waiting the allowed concurrency makes necessary.
export function rounds(run) {
  return Math.ceil(run.urls / run.concurrency);
}

/// The time it takes to wait for one answer after the other.
export function worst_seconds(run) {
  return (run.urls * run.delay_ms) / 1000;
}

/// Says in a sentence how the programs of a finished run compare.
export function summary(run) {
  const failed = run.programs.filter((program) => program.phase === "failed");
  if (failed.length > 0) {
    return failed.map(({ name, result }) => `${name} failed: ${result.error}`).join("; ");
  }
  const by_time = run.programs
    .map((program) => program.result)
    .filter((result) => result !== null)
    .sort((a, b) => a.wall_s - b.wall_s);
  if (by_time.length < 2) return "";
  const quick = by_time[0];
  const slow = by_time[by_time.length - 1];
  const times = `${quick.name} took ${seconds(quick.wall_s)}, ${slow.name} ${seconds(slow.wall_s)}`;
  const ratio = slow.wall_s / quick.wall_s;
  if (!(ratio >= 1.1)) return `${times}: about the same.`;
  return `${times}: ${ratio.toFixed(ratio < 10 ? 1 : 0)} times as long.`;
}
