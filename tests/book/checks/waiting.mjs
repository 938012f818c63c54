// The figure of chapter 1 that moves: three servers and the same clients.

import { join } from "node:path";
import { in_each_view, open, with_page } from "../support/browser.mjs";
import { expect, expect_none } from "../support/report.mjs";
import { serious_findings } from "./accessibility.mjs";
import { overflow } from "./pages.mjs";

const path = "/ch01-blocking.html";

/// Checks the figure by keyboard, by mouse, playing, on paper and without JavaScript.
export async function check_waiting({ report, browser, origin, artifacts }) {
  const visit = (options, use) =>
    with_page(browser, options, async (page, watch) => {
      await open(page, origin, path);
      await use(page);
      expect_none(watch.complaints());
    });

  await report.check("the figure starts with six clients and 200 ms", () =>
    visit({}, async (page) => {
      await expect_row(page, "last", ["1.26 s", "235 ms", "235 ms"]);
      await expect_row(page, "average", ["735 ms", "223 ms", "223 ms"]);
      await expect_row(page, "threads", ["1", "7", "1"]);
      await expect_row(page, "stacks", ["8 MiB", "56 MiB", "8 MiB"]);
      const bars = await page.getByTestId("panel-one").locator(".thinking").count();
      expect(bars === 6, `${bars} clients are drawn`);
    }),
  );

  await report.check("the figure can be set and stepped with the keyboard", () =>
    visit({}, async (page) => {
      await page.getByTestId("clients").focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await expect_row(page, "last", ["770 ms", "140 ms", "140 ms"]); // 7 × 110; 7 × 5 + 100 + 5
      await expect_row(page, "threads", ["1", "8", "1"]);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Space"); // only the first is slow
      await expect_row(page, "last", ["170 ms", "110 ms", "110 ms"]);
      await page.keyboard.press("Space");
      for (const stop of ["back", "play", "next"]) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => document.activeElement.dataset.testid);
        expect(at === stop, `the tab key comes to "${at}", not to "${stop}"`);
      }
      await page.keyboard.press("Enter");
      await expect_now(page, "5 ms");
      await expect_sentence(page, "one", "The thread is blocked until client 1 answers; 6 clients wait in the queue.");
      await expect_sentence(page, "threads", "Client 2’s thread works; of the others 1 is blocked.");
      await page.keyboard.press("Tab");
      await page.keyboard.press("End");
      await expect_now(page, "770 ms");
      await expect_sentence(page, "loop", "All served. The thread sleeps until someone connects.");
      const spoken = await page.getByTestId("spoken").textContent();
      expect(spoken.startsWith("At 770 ms. One at a time: All served."), `it is announced as "${spoken}"`);
    }),
  );

  await report.check("the figure can be set and stepped with the mouse", () =>
    visit({ width: 390 }, async (page) => {
      await drag(page, "clients", 1);
      await drag(page, "delay", 0);
      await expect_row(page, "last", ["120 ms", "120 ms", "120 ms"]);
      await drag(page, "delay", 1);
      await expect_row(page, "last", ["12.12 s", "1.06 s", "1.06 s"]); // 12 × 1010; 12 × 5 + 1000 + 5
      await page.getByTestId("next").click();
      await expect_now(page, "5 ms");
      await page.getByTestId("back").click();
      await page.getByTestId("back").click();
      await expect_now(page, "12.12 s");
      await page.getByTestId("only-first").check();
      await expect_now(page, "0 ms");
      await expect_row(page, "last", ["1.12 s", "1.01 s", "1.01 s"]);
    }),
  );

  await report.check("playing glides through the story and can be paused", () =>
    visit({}, async (page) => {
      await page.emulateMedia({ reducedMotion: "no-preference" });
      await page.getByTestId("play").click();
      const passed = () => Number(document.querySelector('[data-testid="time"]').value) > 20;
      await page.waitForFunction(passed, null, { timeout: 10_000 });
      await page.getByTestId("play").click();
      const [before, label] = [await now(page), await page.getByTestId("play").textContent()];
      await page.waitForTimeout(100);
      expect((await now(page)) === before, "it goes on although it was paused");
      expect(label.trim() === "Play", `the button says "${label}"`);
    }),
  );

  await report.check("playing goes in steps for readers who want less motion", () =>
    visit({}, async (page) => {
      // All have been asked at 30 ms; the first answers at 205 ms, and nothing happens between.
      for (let i = 0; i < 6; ++i) await page.getByTestId("next").click();
      await expect_now(page, "30 ms");
      await page.getByTestId("play").click();
      const at = Number(await now(page));
      expect(at >= 205, `it glides: it is at ${at} ms`);
    }),
  );

  await report.check("on paper the still picture stands in for the figure", () =>
    visit({}, async (page) => {
      expect(!(await picture(page).isVisible()), "both are on the screen");
      await page.emulateMedia({ media: "print" });
      await expect_picture(page);
      expect(!(await page.locator(".waiting .moving").isVisible()), "both are on paper");
    }),
  );

  await report.check("without JavaScript the still picture is there", () =>
    with_page(browser, { javascript: false }, async (page) => {
      await page.goto(origin + path, { waitUntil: "load" });
      await expect_picture(page);
    }),
  );

  await report.check("the largest figure is legible in both colour schemes and widths", () =>
    visit({}, async (page) => {
      await drag(page, "clients", 1);
      for (let i = 0; i < 30; ++i) await page.getByTestId("next").click();
      const findings = await in_each_view(page, async (view) => {
        await page.getByTestId("waiting").screenshot({ path: join(artifacts, `waiting-${view}.jpg`) });
        return [...(await overflow(page)), ...(await serious_findings(page, ".waiting"))];
      });
      expect_none(findings);
    }),
  );
}

// Presses on a slider at one of its ends: 0 or 1.
async function drag(page, slider, end) {
  const element = page.getByTestId(slider);
  await element.scrollIntoViewIfNeeded();
  const { width, height } = await element.boundingBox();
  await element.click({ position: { x: end === 0 ? 2 : width - 2, y: height / 2 } });
}

function now(page) {
  return page.getByTestId("time").inputValue();
}

async function expect_now(page, text) {
  const shown = await page.getByTestId("now").textContent();
  expect(shown === text, `the time is "${shown}", expected "${text}"`);
}

async function expect_row(page, row, cells) {
  const shown = await page.getByTestId(`number-${row}`).locator("td").allTextContents();
  expect(shown.join() === cells.join(), `${row}: ${shown.join(", ")}, expected ${cells.join(", ")}`);
}

async function expect_sentence(page, server, beginning) {
  const shown = await page.getByTestId(`panel-${server}`).getByTestId("sentence").textContent();
  expect(shown.startsWith(beginning), `${server}: it says "${shown}", expected "${beginning}…"`);
}

function picture(page) {
  return page.locator(".waiting .still img");
}

async function expect_picture(page) {
  expect(await picture(page).isVisible(), "it cannot be seen");
  const [width, alt] = await picture(page).evaluate((image) => [image.naturalWidth, image.alt]);
  expect(width > 0, "it was not loaded");
  expect(alt.length > 40, `its description is "${alt}"`);
}
