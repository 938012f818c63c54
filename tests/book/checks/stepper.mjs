// The figure of chapters 2 and 3 that moves: the trace of a loop, replayed.

import { join } from "node:path";
import { in_each_view, open, with_page } from "../support/browser.mjs";
import { expect, expect_none } from "../support/report.mjs";
import { serious_findings } from "./accessibility.mjs";
import { overflow } from "./pages.mjs";

const path = "/ch02-eventloop.html";
const adds = "Callback 4 (lambda 4 of main) adds callback 5 (lambda 1 of lambda 4 of main), which waits for turn 2."; // line 9

/// Checks the figure by keyboard, by mouse, playing, on paper, without JavaScript, and with traces
/// that it does not know.
export async function check_stepper({ report, browser, origin, artifacts }) {
  const visit = (options, use) =>
    with_page(browser, options, async (page, watch) => {
      if (options.trace) await replace_trace(page, options.trace);
      await open(page, origin, path);
      await use(page);
      expect_none(watch.complaints());
    });

  await report.check("the stepper begins before the first line", () =>
    visit({}, async (page) => {
      await expect_text(page, "turn", /^Before the first turn$/);
      await expect_text(page, "line", /^0 of 33$/);
      await expect_text(page, "sentence", /^Nothing has happened yet\.$/);
      await expect_text(page, "thread", /has not started the loop yet/);
      await expect_items(page, { handlers: [], timers: [], callbacks: [] });
    }),
  );

  await report.check("the stepper is worked with the keyboard alone", () =>
    visit({}, async (page) => {
      await page.getByTestId("back").focus();
      await page.keyboard.press("Enter"); // there is nothing before the beginning
      await expect_text(page, "line", /^0 of 33$/);
      for (const stop of ["play", "next", "next-turn", "place", "lines"]) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => document.activeElement.dataset.testid);
        expect(at === stop, `the tab key comes to "${at}", not to "${stop}"`);
      }
      await page.keyboard.press("Shift+Tab");
      for (let i = 0; i < 9; ++i) await page.keyboard.press("ArrowRight");
      await expect_text(page, "sentence", adds);
      await expect_text(page, "thread", /runs callback 4 \(lambda 4 of main\), added by the program\./);
      await expect_items(page, {
        handlers: [/^descriptor \d+ watched added by the program$/, /^descriptor \d+ watched/],
        timers: [/^#3 lambda 3 of main in 2\d ms added by the program$/],
        callbacks: [/^#5 lambda 1 of lambda 4 of main in turn 2 added by callback 4$/],
      });
      await expect_text(page, "spoken", `Turn 1, line 9 of 33. ${adds}`);
      await page.keyboard.press("End");
      await expect_text(page, "line", /^33 of 33$/);
      await expect_items(page, { handlers: [], timers: [], callbacks: [] });
      await page.keyboard.press("Home");
      await expect_text(page, "line", /^0 of 33$/);
    }),
  );

  await report.check("the stepper is worked with the mouse, line by line and turn by turn", () =>
    visit({ width: 390 }, async (page) => {
      for (const turn of [1, 2, 3, 4]) {
        await page.getByTestId("next-turn").click();
        await expect_text(page, "turn", `Turn ${turn}`);
        await expect_text(page, "thread", /is in Poller::wait/);
      }
      await page.getByTestId("next").click();
      await expect_text(page, "sentence", /2 descriptors are ready: \d+ and \d+\.$/);
      await expect_items(page, { handlers: [/^descriptor \d+ ready/, /^descriptor \d+ ready/] });
      for (let i = 0; i < 3; ++i) await page.getByTestId("next").click();
      await expect_text(page, "sentence", /although its descriptor is ready\. The loop will not call it\.$/);
      await expect_items(page, { handlers: [/^descriptor \d+ running/, /^descriptor \d+ removed/] });
      await page.getByTestId("back").click();
      await expect_text(page, "sentence", /says: “the left end reads: hello, left”$/);
      await page.getByTestId("next-turn").click();
      await page.getByTestId("next-turn").click();
      await expect_text(page, "line", /^33 of 33$/);
    }),
  );

  await report.check("the stepper of chapter 3 shows a future, and leaves out what its run has not", () =>
    with_page(browser, {}, async (page, watch) => {
      await open(page, origin, "/ch03-futures.html");
      await page.getByTestId("place").fill("3");
      await expect_items(page, { futures: [/^future 1 pending, 2 wait added by the program$/], callbacks: [] });
      await page.getByTestId("next-turn").click();
      for (let i = 0; i < 3; ++i) await page.getByTestId("next").click();
      await expect_text(page, "sentence", "Callback 2 (lambda 3 of with_futures) sets the result of future 1. 2 callbacks wait for it.");
      await page.getByTestId("next").click();
      await expect_items(page, {
        futures: [/^future 1 done/],
        callbacks: [/^#3 lambda 4 of with_futures later in this turn/, /^#4 for future 1 in turn 2 added by callback 2/],
      });
      expect((await page.getByTestId("timers").count()) === 0, "it shows timers");
      const findings = await in_each_view(page, async (view) => {
        await page.getByTestId("stepper").screenshot({ path: join(artifacts, `stepper-futures-${view}.jpg`) });
        return [...(await overflow(page)), ...(await serious_findings(page, ".stepper"))];
      });
      expect_none([...findings, ...watch.complaints()]);
    }),
  );

  await report.check("the line that is replayed is kept in sight, and the page stays where it is", () =>
    visit({}, async (page) => {
      await page.getByTestId("place").focus();
      const before = await page.evaluate(() => scrollY);
      await page.keyboard.press("End");
      const seen = await page.getByTestId("lines").evaluate((box) => {
        const line = box.querySelector("[aria-current]").getBoundingClientRect();
        const { top, bottom } = box.getBoundingClientRect();
        return line.top >= top && line.bottom <= bottom;
      });
      expect(seen, "it is out of sight");
      expect((await page.evaluate(() => scrollY)) === before, "the page has moved");
    }),
  );

  for (const [name, width] of [["ch02-eventloop", 390], ["ch02-eventloop", 1280], ["ch03-futures", 390], ["ch03-futures", 1280]]) {
    await report.check(`the stepper of ${name} keeps its buttons and its height at ${width} px`, () =>
      with_page(browser, { width }, async (page) => {
        await open(page, origin, `/${name}.html`);
        const tops = new Set();
        const heights = new Set();
        const last = Number(await page.getByTestId("place").getAttribute("max"));
        for (let i = 0; i <= last; ++i) {
          const figure = await page.getByTestId("stepper").boundingBox();
          tops.add(Math.round((await page.getByTestId("next").boundingBox()).y - figure.y));
          heights.add(Math.round(figure.height));
          await page.getByTestId("next").click();
        }
        expect(tops.size === 1, `the buttons are at ${[...tops].join(", ")} px`);
        expect(heights.size === 1, `the figure is ${[...heights].join(", ")} px high`);
      }),
    );
  }

  await report.check("playing goes from line to line until it is paused, and says nothing meanwhile", () =>
    visit({}, async (page) => {
      await page.clock.install();
      await page.getByTestId("play").click();
      await page.clock.runFor(1600);
      await expect_text(page, "line", /^1 of 33$/);
      await expect_text(page, "play", /^Pause$/);
      await expect_text(page, "spoken", /^$/);
      await page.clock.runFor(1500);
      await expect_text(page, "line", /^2 of 33$/);
      await page.getByTestId("play").click();
      await page.clock.runFor(10_000);
      await expect_text(page, "line", /^2 of 33$/);
      await expect_text(page, "spoken", /^Before the first turn, line 2 of 33\. The program adds/);
      await page.getByTestId("play").click();
      await page.clock.runFor(60_000);
      await expect_text(page, "line", /^33 of 33$/);
      await expect_text(page, "play", /^Play$/);
      await page.getByTestId("play").click();
      await expect_text(page, "line", /^0 of 33$/);
    }),
  );

  await report.check("nothing in the stepper moves for readers who want less motion", () =>
    visit({}, async (page) => {
      const moving = () =>
        [...document.querySelectorAll(".stepper *")].filter((element) => {
          const { transitionDuration, animationName } = getComputedStyle(element);
          if (element.closest("button")) return false; // VitePress's own
          return transitionDuration !== "0s" || animationName !== "none";
        }).length;
      await page.getByTestId("next").click();
      expect((await page.evaluate(moving)) === 0, "it has transitions");
      await page.emulateMedia({ reducedMotion: "no-preference" });
      expect((await page.evaluate(moving)) > 0, "the test would not see any");
    }),
  );

  const unknown = [
    ["socket.add", 1, 0, "page"],
    ["coroutine.run", 2, 0, "fetch"],
    ["socket.set", 1, 2, "42"],
    ["coroutine.end", 2, 0, ""],
  ];
  await report.check("the stepper shows kinds that it does not know", () =>
    visit({ trace: unknown }, async (page) => {
      const expected = ["The program adds socket 1 (page).", "Coroutine 2 (fetch) runs.", "socket.set  #1  from #2  42"];
      for (const sentence of expected) {
        await page.getByTestId("next").click();
        await expect_text(page, "sentence", sentence);
      }
      await expect_text(page, "thread", /runs coroutine 2 \(fetch\), added by the program\./);
    }),
  );

  await report.check("a recording that is damaged leaves the still picture, and says why", () =>
    visit({ trace: [["note", "x", 0, ""]] }, async (page) => {
      const problem = "The recording cannot be replayed: line 1 of the trace: id is not a number.";
      await expect_text(page, "stepper-problem", problem);
      await expect_picture(page);
    }),
  );

  await report.check("on paper the still picture stands in for the stepper", () =>
    visit({}, async (page) => {
      expect(!(await picture(page).isVisible()), "both are on the screen");
      await page.emulateMedia({ media: "print" });
      await expect_picture(page);
      expect(!(await page.locator(".stepper .moving").isVisible()), "both are on paper");
    }),
  );

  await report.check("without JavaScript the stepper's still picture is there", () =>
    with_page(browser, { javascript: false }, async (page) => {
      await page.goto(origin + path, { waitUntil: "load" });
      await expect_picture(page);
    }),
  );

  await report.check("the stepper is legible in both colour schemes and widths, waiting and running", () =>
    visit({}, async (page) => {
      const findings = [];
      for (const line of [21, 25]) {
        await page.getByTestId("place").fill(`${line}`);
        findings.push(
          ...(await in_each_view(page, async (view) => {
            await page.getByTestId("stepper").screenshot({ path: join(artifacts, `stepper-${line}-${view}.jpg`) });
            return [...(await overflow(page)), ...(await serious_findings(page, ".stepper"))];
          })),
        );
      }
      expect_none(findings);
    }),
  );
}

// Puts another trace in the place of the recorded one: lines of kind, id, parent and name.
async function replace_trace(page, lines) {
  const text = lines
    .map(([kind, id, parent, name], index) => ({ seq: index + 1, time_ns: index, turn: 1, kind, id, parent, name }))
    .map((event) => JSON.stringify(event))
    .join("\n");
  await page.route(/\/ch02-turns\.[\w-]+\.js$/, (route) =>
    route.fulfill({ contentType: "text/javascript", body: `export default ${JSON.stringify(text)};` }),
  );
}

async function expect_text(page, part, expected) {
  const shown = (await page.getByTestId("stepper").getByTestId(part).textContent()).trim();
  const good = typeof expected === "string" ? shown === expected : expected.test(shown);
  expect(good, `${part} says "${shown}", expected ${expected}`);
}

async function expect_items(page, boxes) {
  for (const [box, expected] of Object.entries(boxes)) {
    const items = await page.getByTestId("stepper").getByTestId(box).locator("li").allInnerTexts();
    const shown = items.map((item) => item.replaceAll(/\s+/g, " ").trim());
    const good = shown.length === expected.length && expected.every((pattern, i) => pattern.test(shown[i]));
    expect(good, `${box}: ${shown.join("; ") || "none"}, expected ${expected.join("; ") || "none"}`);
  }
}

function picture(page) {
  return page.locator(".stepper .still img");
}

async function expect_picture(page) {
  expect(await picture(page).isVisible(), "it cannot be seen");
  const [width, alt] = await picture(page).evaluate((image) => [image.naturalWidth, image.alt]);
  expect(width > 0, "it was not loaded");
  expect(alt.length > 40, `its description is "${alt}"`);
}
