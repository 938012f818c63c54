// Numbers as the reader sees them. What was not measured is null, and shown as a dash.

const not_measured = "–";

/// Writes a duration in seconds with the unit that suits it: `4.03 s`, `0.203 s`,
/// `56 ms`, `5.6 ms`.
export function seconds(value) {
  if (!Number.isFinite(value)) return not_measured;
  if (value === 0) return "0 s";
  if (value < 0.00995) return `${(value * 1000).toFixed(1)} ms`;
  if (value < 0.0995) return `${(value * 1000).toFixed(0)} ms`;
  if (value < 0.9995) return `${value.toFixed(3)} s`;
  if (value < 9.995) return `${value.toFixed(2)} s`;
  if (value < 99.95) return `${value.toFixed(1)} s`;
  return `${value.toFixed(0)} s`;
}

/// Writes an amount of memory in mebibytes: `4.6 MiB`.
export function mebibytes(bytes) {
  if (!Number.isFinite(bytes)) return not_measured;
  return `${(bytes / 1048576).toFixed(1)} MiB`;
}

/// Writes a number as it is.
export function number(value) {
  return Number.isFinite(value) ? String(value) : not_measured;
}

/// Writes a count with its noun: `1 request`, `20 requests`.
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/// Describes one request of a program in a sentence. `index` counts from 0.
export function describe_request(program_name, index, request) {
  const name = `${program_name}, request ${index + 1}`;
  const span = `from ${seconds(request.start)} to ${seconds(request.end)}`;
  const length = seconds(request.end - request.start);
  if (request.error) return `${name}: ${span}, failed after ${length}: ${request.error}`;
  return `${name}: ${span}, ${length}, ${counted(request.bytes, "byte")}`;
}
