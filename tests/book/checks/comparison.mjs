// The comparison with a Funnel server behind it: the reader presses the button.

import { join } from "node:path";
import { in_each_view, open, with_page } from "../support/browser.mjs";
import { expect, expect_none } from "../support/report.mjs";
import { serious_findings } from "./accessibility.mjs";
import { overflow } from "./pages.mjs";

const run_limit_ms = 60_000;
/// The programs of a comparison, by how they wait.
export const programs = {
  slow: ["chapter 1, synchronous", "final, synchronous"],
  quick: ["chapter 1, a thread each", "chapter 2, callbacks", "chapter 3, futures", "final, asynchronous"],
};
const refused = [
  [{ urls: "0" }, /^urls must be a number from 1 to 200\.$/],
  [{ urls: "201" }, /^urls must be a number from 1 to 200\.$/],
  [{ delay: "2001" }, /^delay must be a number from 0 to 2000\.$/],
  [{ concurrency: "" }, /^concurrency must be a number from 1 to 200\.$/],
];

/// Checks whole runs, a refused one, two at a time and a stopped one.
export async function check_comparison({ report, browser, origin, artifacts }) {
  const visit = ({ path = "/compare.html", ...options }, use) =>
    with_page(browser, options, async (page, watch) => {
      await open(page, origin, path);
      await use(page);
      expect_none(watch.complaints());
    });

  for (const path of ["/compare.html", "/ch01-blocking.html"]) {
    await report.check(`the button on ${path} runs all programs and draws the timeline`, () =>
      visit({ path }, async (page) => {
        await page.getByTestId("run").click();
        await progress_between(page, 1, 19);
        await finished(page);
        await check_results(page, 20, programs);
      }),
    );
  }

  await report.check("the results are legible in both colour schemes and widths", () =>
    visit({}, async (page) => {
      await run(page, { urls: "8", delay: "100" });
      const findings = await in_each_view(page, async (view) => {
        await page.screenshot({ path: join(artifacts, `results-${view}.jpg`), fullPage: true });
        return [...(await overflow(page)), ...(await serious_findings(page, '[data-testid="comparison"]'))];
      });
      expect_none(findings);
    }),
  );

  await report.check("the timeline can be walked through with the keyboard", () =>
    visit({}, async (page) => {
      await run(page, { urls: "4", delay: "50" });
      await page.getByTestId("bar-0").first().focus();
      await page.keyboard.press("ArrowDown");
      await expect_detail(page, "request 2:");
      await page.keyboard.press("End");
      await expect_detail(page, "request 4:");
      await page.keyboard.press("Tab");
      const left = await page.evaluate(() => document.activeElement.closest("svg") === null);
      expect(left, "the tab key does not leave the chart");
    }),
  );

  await report.check("concurrency follows the number of URLs until it is chosen", () =>
    visit({}, async (page) => {
      const concurrency = page.getByTestId("input-concurrency");
      await page.getByTestId("input-urls").fill("7");
      expect((await concurrency.inputValue()) === "7", "it does not follow");
      await concurrency.fill("3");
      await page.getByTestId("input-urls").fill("9");
      expect((await concurrency.inputValue()) === "3", "it follows although it was chosen");
    }),
  );

  await report.check("stopping a run brings the button back", () =>
    visit({ expected: [/request failed: \S+\/api\/compare/] }, async (page) => {
      await fill(page, { urls: "50", delay: "200" });
      await page.getByTestId("run").click();
      await progress_between(page, 1, 49);
      await page.getByTestId("stop").click();
      await expect_problem(page, /^You stopped the run\.$/);
      const text = await page.getByTestId("progress-0").textContent();
      expect(/\d+ of 50, stopped/.test(text), `its progress says "${text}"`);
    }),
  );

  for (const [bad, sentence] of refused) {
    await report.check(`the server's sentence about ${JSON.stringify(bad)} is shown`, () =>
      visit({ expected: [/status (of )?400/] }, async (page) => {
        await fill(page, bad);
        await page.getByTestId("run").click();
        await expect_problem(page, sentence);
      }),
    );
  }

  await report.check("a second run at the same time is refused with a sentence", () =>
    visit({}, async (first) => {
      await fill(first, { delay: "100" });
      await first.getByTestId("run").click();
      await progress_between(first, 1, 19);
      await visit({ expected: [/status (of )?409/] }, async (second) => {
        await second.getByTestId("run").click();
        await expect_problem(second, /^A comparison is running already; try again when it has ended\.$/);
      });
      await finished(first);
    }),
  );
}

/// Checks that these programs and no others have `count` rows each, and that each quick one is
/// much shorter than each slow one, in the table and in the drawing.
export async function check_results(page, count, { slow, quick }) {
  const names = (await page.getByTestId("table").locator("th[scope=col]").allTextContents()).map((name) => name.trim());
  const expected = [...slow, ...quick];
  expect([...names].sort().join() === [...expected].sort().join(), `programs: ${names.join("; ")}`);
  const cells = await page.getByTestId("row-wall").locator("td").allTextContents();
  const wall_s = (name) => in_seconds(cells[names.indexOf(name)]);
  const bars = Object.fromEntries(await Promise.all(expected.map(async (name) => [name, await bars_of(page, name)])));
  for (const name of expected) {
    expect(bars[name].count === count, `${name}: ${bars[name].count} rows, expected ${count}`);
  }
  for (const one of slow) {
    for (const other of quick) {
      const both = `${other} is not much shorter than ${one}`;
      expect(wall_s(other) < wall_s(one) / 3, `${both}: wall times ${cells.join("; ")}`);
      expect(bars[other].end < bars[one].end / 3, `${both}: ${bars[other].end} px, ${bars[one].end} px`);
    }
  }
}

function in_seconds(text) {
  return Number.parseFloat(text) / (text.trim().endsWith(" ms") ? 1000 : 1);
}

/// How many bars a program has in the drawing, and where the last of them ends.
function bars_of(page, name) {
  return page.locator(`[data-testid^="bar-"][aria-label^="${name}, request "]`).evaluateAll((rows) => {
    const left = rows[0]?.closest("svg").getBoundingClientRect().left;
    const ends = rows.map((row) => row.querySelector(".bar").getBoundingClientRect().right);
    return { count: rows.length, end: Math.max(...ends) - left };
  });
}

async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) {
    await page.getByTestId(`input-${name}`).fill(value);
  }
}

async function run(page, values) {
  await fill(page, values);
  await page.getByTestId("run").click();
  await finished(page);
}

/// Waits for the results and then for the end of the answer: the button comes back when the
/// program behind it has ended.
async function finished(page) {
  await page.getByTestId("timeline").waitFor({ timeout: run_limit_ms });
  await page.locator('[data-testid="run"]:not([disabled])').waitFor({ timeout: run_limit_ms });
}

async function progress_between(page, least, most) {
  await page.waitForFunction(
    ([low, high]) => {
      const bar = document.querySelector('[data-testid="progress-0"] progress');
      return bar !== null && bar.value >= low && bar.value <= high;
    },
    [least, most],
    { timeout: run_limit_ms },
  );
}

/// Checks that the line below the timeline comes to say `text`.
export async function expect_detail(page, text) {
  const detail = page.getByTestId("timeline-detail");
  const found = detail.filter({ hasText: text }).waitFor({ timeout: 10_000 });
  await found.catch(async () => {
    throw new Error(`the details say "${await detail.textContent()}", expected "${text}"`);
  });
}

/// Checks that the page shows a sentence that matches, and that the button is back.
export async function expect_problem(page, pattern) {
  const problem = page.getByTestId("problem");
  await problem.waitFor({ timeout: 10_000 });
  const text = (await problem.textContent()).trim();
  expect(pattern.test(text), `the page says "${text}"`);
  expect(await page.getByTestId("run").isEnabled(), "the button did not come back");
}
