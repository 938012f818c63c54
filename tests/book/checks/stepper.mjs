// The figures that replay a recorded run of the loop.

import { join } from "node:path";
import { in_each_view, open, with_page } from "../support/browser.mjs";
import { expect, expect_none } from "../support/report.mjs";
import { serious_findings } from "./accessibility.mjs";
import { overflow } from "./pages.mjs";

const figures = { "ch02-turns": "/ch02-eventloop.html", "ch03-callers": "/ch03-futures.html" };

/// Checks each by keyboard and mouse, playing, on paper and without JavaScript.
export async function check_stepper({ report, browser, origin, artifacts }) {
  for (const [name, path] of Object.entries(figures)) {
    const visit = (options, use) =>
      with_page(browser, options, async (page, watch) => {
        await open(page, origin, path);
        await use(page, page.getByTestId(`stepper-${name}`));
        expect_none(watch.complaints());
      });

    await report.check(`${name} can be stepped with the keyboard`, () =>
      visit({}, async (page, figure) => {
        await expect_step(figure, 0);
        await figure.getByTestId("back").focus();
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.keyboard.press("Enter");
        await expect_step(figure, 2);
        const spoken = await figure.getByTestId("spoken").textContent();
        expect(spoken === (await figure.getByTestId("sentence").textContent()), `it is announced as "${spoken}"`);
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter"); // the next turn
        await expect_turn(figure, 1);
        await page.keyboard.press("Tab");
        await page.keyboard.press("End");
        const running = await figure.getByTestId("list-running").textContent();
        expect(running.includes("nothing"), `at its end there runs ${running}`);
      }),
    );

    await report.check(`${name} can be stepped with the mouse and played`, () =>
      visit({ width: 390 }, async (page, figure) => {
        await figure.getByTestId("next-turn").click();
        await figure.getByTestId("next-turn").click();
        await expect_turn(figure, 2);
        await figure.getByTestId("back").click();
        await expect_turn(figure, 1);
        await figure.getByTestId("play").click();
        await expect_turn(figure, 2);
        await figure.getByTestId("play").click();
        expect((await figure.getByTestId("play").textContent()).trim() === "Play", "it cannot be paused");
      }),
    );

    await report.check(`${name} has a still picture, on paper and without JavaScript`, async () => {
      await visit({}, async (page, figure) => {
        expect(!(await figure.locator(".still img").isVisible()), "both are on the screen");
        await page.emulateMedia({ media: "print" });
        await expect_picture(figure);
        expect(!(await figure.locator(".moving").isVisible()), "both are on paper");
      });
      await with_page(browser, { javascript: false }, async (page) => {
        await page.goto(origin + path, { waitUntil: "load" });
        await expect_picture(page.getByTestId(`stepper-${name}`));
      });
    });

    await report.check(`${name} is legible in both colour schemes and widths`, () =>
      visit({}, async (page, figure) => {
        for (let i = 0; i < 12; ++i) await figure.getByTestId("next").click();
        const findings = await in_each_view(page, async (view) => {
          await figure.screenshot({ path: join(artifacts, `stepper-${name}-${view}.jpg`) });
          return [...(await overflow(page)), ...(await serious_findings(page, ".stepper"))];
        });
        expect_none(findings);
      }),
    );
  }
}

async function expect_step(figure, step) {
  const shown = await figure.getByTestId("step").textContent();
  expect(shown.startsWith(`${step} of`), `the step is "${shown}", expected ${step}`);
}

async function expect_turn(figure, turn) {
  const shown = await figure.getByTestId("turn").textContent();
  expect(shown === String(turn), `the turn is ${shown}, expected ${turn}`);
}

async function expect_picture(figure) {
  const image = figure.locator(".still img");
  expect(await image.isVisible(), "it cannot be seen");
  const [width, alt] = await image.evaluate((element) => [element.naturalWidth, element.alt]);
  expect(width > 0, "it was not loaded");
  expect(alt.length > 40, `its description is "${alt}"`);
}
