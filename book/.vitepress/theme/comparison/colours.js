// Each program of a run has a colour of its own, the same in its progress bar and in
// the timeline. style.css has the palette, which starts again after the eighth.

const palette_size = 8;

/// Returns the style that gives `--series` the colour of a program; `series` is the
/// program's place in the run, from 0.
export function series_style(series) {
  return { "--series": `var(--funnel-series-${series % palette_size})` };
}
