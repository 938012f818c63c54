import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { series_style } from "../../../book/.vitepress/theme/comparison/colours.js";

const css = readFileSync(new URL("../../../book/.vitepress/theme/style.css", import.meta.url), "utf8");
const least_contrast = 3; // WCAG 2.1, 1.4.11: graphical objects
const least_distance = 0.09; // in OKLab, where 0.02 can just be seen

// How the three kinds of dichromats see linear RGB: Machado, Oliveira and Fernandes, 2009.
const visions = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]],
  deuteranopia: [[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
  tritanopia: [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
};

function palette(selector) {
  const block = css.slice(css.indexOf(`\n${selector} {`), css.indexOf("}", css.indexOf(`\n${selector} {`)));
  const colours = Object.fromEntries(
    [...block.matchAll(/--funnel-([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, linear_rgb(hex)]),
  );
  const series = Object.keys(colours).filter((name) => name.startsWith("series-"));
  return { colours, series };
}

function linear_rgb(hex) {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

const product = (matrix, vector) =>
  matrix.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));

function contrast(a, b) {
  const [darker, lighter] = [a, b].map((rgb) => product([[0.2126, 0.7152, 0.0722]], rgb)[0]).sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

function oklab(rgb) {
  const cones = product(
    [[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]],
    rgb.map((value) => Math.min(1, Math.max(0, value))),
  );
  return product(
    [[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]],
    cones.map(Math.cbrt),
  );
}

for (const selector of [":root", ".dark"]) {
  const { colours, series } = palette(selector);

  test(`each program's colour stands out from what is behind it, ${selector}`, () => {
    assert.equal(series.length, 8);
    for (const name of series) {
      for (const ground of ["panel", "track"]) {
        const ratio = contrast(colours[name], colours[ground]);
        assert.ok(ratio >= least_contrast, `${name} on ${ground}: ${ratio}`);
      }
    }
  });

  for (const [vision, matrix] of Object.entries(visions)) {
    test(`no two programs' colours look alike, ${selector}, ${vision}`, () => {
      const seen = series.map((name) => oklab(product(matrix, colours[name])));
      seen.forEach((a, i) =>
        seen.slice(0, i).forEach((b, j) => {
          const distance = Math.hypot(...a.map((value, axis) => value - b[axis]));
          assert.ok(distance >= least_distance, `${series[i]} and ${series[j]}: ${distance}`);
        }),
      );
    });
  }
}

test("every program has one of these colours, the ninth the first again", () => {
  const names = Array.from({ length: 9 }, (_, series) => series_style(series)["--series"]);
  assert.deepEqual(names.slice(0, 8), palette(":root").series.map((name) => `var(--funnel-${name})`));
  assert.equal(names[8], names[0]);
});
