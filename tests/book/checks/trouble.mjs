// The comparison when something is wrong with the server, and without any.

import { join } from "node:path";
import { open, with_page } from "../support/browser.mjs";
import { fake_api, scenarios } from "../support/fake_api.mjs";
import { expect, expect_none } from "../support/report.mjs";
import { start_static_server } from "../support/site.mjs";
import { serious_findings } from "./accessibility.mjs";
import { check_results, expect_detail, expect_problem, programs } from "./comparison.mjs";
import { overflow } from "./pages.mjs";

// What the browser itself says about the failure that a scenario consists of.
const browsers_own_words = [/api\/compare/];

/// Checks what the reader sees in each kind of trouble.
export async function check_trouble({ report, browser, dist, artifacts }) {
  const with_scenario = async (name, use, options = {}) => {
    const { api, seen } = fake_api(scenarios[name]);
    const server = await start_static_server(dist, api);
    try {
      await with_page(browser, { expected: browsers_own_words, ...options }, async (page, watch) => {
        await open(page, server.origin, "/compare.html");
        await page.getByTestId("run").click();
        await use(page, seen);
        expect_none(watch.complaints());
      });
    } finally {
      await server.stop();
    }
  };
  const sentences = [
    ["busy", "another run is on", /^Another comparison is running; try again when it is over\.$/],
    ["forbidden", "the server refuses the page", /^Programs are started for pages of this server only/],
    ["html", "something else answers in the server's place", /^The server refused .* \(status 502\)\.$/],
    ["lost", "the connection is lost in the middle", /^The connection to the server was lost/],
    ["cut", "the answer ends inside a line", /^The connection to the server was lost/],
    ["error", "the run fails on the server", /^the slow server did not start$/],
    ["nonsense", "the answer is no run", /^The server sent something unexpected/],
  ];
  for (const [scenario, what, pattern] of sentences) {
    await report.check(`the page says it when ${what}`, () =>
      with_scenario(scenario, async (page) => {
        await expect_problem(page, pattern);
        expect((await page.getByTestId("timeline").count()) === 0, "a timeline of half a run");
        expect((await running(page)) === 0, "a program of a run that is over still runs");
      }),
    );
  }

  await report.check("a program whose run was broken off says how far it came", () =>
    with_scenario("lost", async (page) => {
      await page.getByTestId("problem").waitFor();
      const text = await page.getByTestId("progress-0").textContent();
      expect(text.includes("7 of 20, stopped"), `its progress says "${text}"`);
    }),
  );

  await report.check("a program that failed is shown with its reason", () =>
    with_scenario("failed", async (page) => {
      await page.getByTestId("failure").waitFor();
      const text = await page.getByTestId("failure").textContent();
      expect(text.includes("final async failed: it ended with signal 11"), `it says "${text}"`);
      const state = await page.getByTestId("progress-1").getAttribute("data-state");
      expect(state === "failed", `its progress is "${state}"`);
      const cells = await page.getByTestId("row-wall").locator("td").allTextContents();
      expect(cells.join() === "4.02 s,0.210 s", `the table's wall times are ${cells}`);
      expect((await page.getByTestId("problem").count()) === 0, "what comes after the end is shown");
    }),
  );

  await report.check("each of three programs has a colour of its own", () =>
    with_scenario("three", async (page) => {
      await page.getByTestId("timeline").waitFor();
      const fills = await colours(page, "bar", ".bar");
      expect(new Set(fills).size === 3, `the bars are ${fills}`);
      const bars = await colours(page, "progress", "progress");
      expect(new Set(bars).size === 3, `the progress bars are ${bars}`);
    }),
  );

  await report.check("four programs fit on a phone, where their table scrolls by itself", () =>
    with_scenario(
      "four",
      async (page) => {
        await page.getByTestId("timeline").waitFor();
        const [width, shown] = await page
          .getByTestId("table")
          .evaluate((table) => [table.scrollWidth, table.parentElement.clientWidth]);
        expect(width > shown, `the table is squeezed: ${width} px in ${shown} px`);
        const findings = await serious_findings(page, '[data-testid="comparison"]');
        expect_none([...(await overflow(page)), ...findings]);
      },
      { width: 390 },
    ),
  );

  await report.check("a run that arrives in small pieces is read whole", () =>
    with_scenario("pieces", async (page, seen) => {
      await page.getByTestId("timeline").waitFor();
      await check_results(page, 20, { slow: ["final sync"], quick: ["final async"] });
      expect(seen.bodies[0] === "urls=20&delay=200&concurrency=20", `posted: ${seen.bodies[0]}`);
      const waits = await page.getByTestId("row-waits").textContent();
      expect(waits.includes("all at once – on one loop"), `a character was torn: ${waits}`);
      await page.getByTestId("bar-1").nth(1).hover();
      await expect_detail(page, "connection reset by peer");
    }),
  );

  await report.check("leaving the page ends the run", () =>
    with_scenario("endless", async (page, seen) => {
      await page.getByTestId("progress-0").waitFor();
      await page.locator(".VPSidebar a", { hasText: "Introduction" }).click();
      await page.waitForURL(/\/$|index/);
      for (let tries = 0; seen.aborted === 0 && tries < 50; ++tries) await page.waitForTimeout(100);
      expect(seen.aborted === 1, "the connection is still open after 5 s");
    }),
  );

  await check_recording({ report, browser, dist, artifacts });
}

function running(page) {
  return page.locator('[data-testid^="progress-"][data-state="running"]').count();
}

// The colours of the three programs' first elements of a kind; "rgb(0, 0, 0)" and "" are
// what an element has that nothing colours.
async function colours(page, kind, selector) {
  const found = await page.evaluate(
    ([prefix, inside]) =>
      [0, 1, 2].map((series) => {
        const element = document.querySelector(`[data-testid="${prefix}-${series}"] ${inside}`);
        const style = getComputedStyle(element);
        return element.matches("progress") ? style.getPropertyValue("--series") : style.fill;
      }),
    [kind, selector],
  );
  return found.filter((colour) => colour !== "" && colour !== "rgb(0, 0, 0)");
}

async function check_recording({ report, browser, dist, artifacts }) {
  const server = await start_static_server(dist);
  try {
    for (const scheme of ["light", "dark"]) {
      await report.check(`without a server the recording is shown and said to be one, ${scheme}`, () =>
        with_page(browser, { scheme, expected: [/api\/status/] }, async (page, watch) => {
          await open(page, server.origin, "/compare.html");
          const notice = await page.getByTestId("recording-notice").textContent();
          expect(
            /No Funnel server answers here, so this is a recording made on/.test(notice),
            `the notice says "${notice}"`,
          );
          await check_results(page, 20, programs);
          expect((await page.getByTestId("run").count()) === 0, "there is a button that cannot work");
          await page.screenshot({ path: join(artifacts, `recording-${scheme}.jpg`), fullPage: true });
          expect_none(watch.complaints());
        }),
      );
    }
    await report.check("the recording says on which day it was made", async () => {
      const recording = await (await fetch(`${server.origin}/recordings/compare.json`)).json();
      expect(
        /^\d{4}-\d{2}-\d{2}/.test(recording.recorded),
        `book/public/recordings/compare.json says "${recording.recorded}": record a real run`,
      );
    });
  } finally {
    await server.stop();
  }
}
