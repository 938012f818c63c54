// The recording that stands in for a run where no Funnel server answers.

import { state_of_recording } from "./state.js";

/// Loads a recording. Returns the state of the recorded run and what was noted
/// with it; throws when there is none or it is damaged.
export async function load_recording(url, fetch_function = fetch) {
  const response = await fetch_function(url);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const recording = await response.json();
  return {
    run: state_of_recording(recording),
    date: date_in_words(recording.recorded),
    machine: String(recording.machine ?? ""),
  };
}

/// Writes `2026-11-20` (with or without a time of day) as `20 November 2026`; what
/// is no date is returned as it is.
export function date_in_words(text) {
  if (!/^\d{4}-\d{2}-\d{2}/.test(String(text))) return String(text);
  const date = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return text;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(date);
}
