// Where each request's bar lies: positions along the time axis in per cent of its
// length, positions downwards in pixels. The page draws what is computed here.

const most_ticks = 5;
const title_height = 30;
const gap_below_panel = 14;
const axis_height = 22;

/// Returns the drawing of a finished run: its panels (one per program, one row per
/// request), the ticks of the common time axis, and the height of it all.
export function lay_out(programs) {
  const results = programs.map((program) => program.result).filter((result) => result !== null);
  const end = time_axis_end(results);
  const panels = [];
  let top = 0;
  for (const result of results) {
    const panel = lay_out_panel(result, top, end);
    panels.push(panel);
    top = panel.bottom + gap_below_panel;
  }
  return { panels, ticks: ticks(end), axis_top: top, height: top + axis_height };
}

function lay_out_panel(result, top, end) {
  const pitch = row_pitch(result.requests.length);
  const first_row = top + title_height;
  const rows = result.requests.map((request, index) => ({
    index,
    request,
    top: first_row + index * pitch,
    left: percent(request.start, end),
    width: percent(Math.max(0, request.end - request.start), end),
  }));
  const bottom = first_row + rows.length * pitch;
  const bar_height = pitch >= 8 ? pitch - 4 : pitch - 2;
  return { name: result.name, wall_s: result.wall_s, top, pitch, bar_height, rows, bottom };
}

function time_axis_end(results) {
  const ends = results.flatMap((result) => [
    result.wall_s,
    ...result.requests.map((request) => request.end),
  ]);
  const last = Math.max(...ends.filter(Number.isFinite), 0);
  return last > 0 ? last : 1;
}

// Many requests get thin rows, so that 200 of them still fit on a page.
function row_pitch(count) {
  if (count <= 30) return 12;
  if (count <= 60) return 8;
  return count <= 120 ? 5 : 3;
}

function percent(value, end) {
  return Math.min(100, Math.max(0, (value / end) * 100));
}

/// Returns round points in time from 0 to at most `end` seconds, each with its
/// position in per cent and its label.
export function ticks(end) {
  const step = round_step(end / most_ticks);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const count = Math.floor(end / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => ({
    left: percent(i * step, end),
    label: i === 0 ? "0" : `${(i * step).toFixed(decimals)} s`,
  }));
}

// The smallest of 1, 2, 5, 10, 20, 50 … (and the same below 1) that is not less.
function round_step(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}
