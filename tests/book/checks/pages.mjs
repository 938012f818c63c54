// Each page opens quietly and fits its window.

import { join } from "node:path";
import { open, with_page } from "../support/browser.mjs";
import { expect_none } from "../support/report.mjs";

const widths = { desktop: 1280, phone: 390 };

/// Checks every page in both colour schemes at both widths; keeps a picture of each.
export async function check_pages({ report, browser, origin, pages, artifacts }) {
  for (const path of pages) {
    for (const scheme of ["light", "dark"]) {
      for (const [name, width] of Object.entries(widths)) {
        await report.check(`${path} opens at ${width} px, ${scheme}`, () =>
          with_page(browser, { scheme, width }, async (page, watch) => {
            await open(page, origin, path);
            const picture = `${path.replace(/\W+/g, "-")}-${name}-${scheme}.jpg`.replace(/^-+/, "");
            // Not PNG: of a long page that takes longer than all else here.
            await page.screenshot({ path: join(artifacts, picture), fullPage: true });
            expect_none([...watch.complaints(), ...(await overflow(page))]);
          }),
        );
      }
    }
  }
}

/// Tells by how much the page is wider than its window, and what sticks out.
export function overflow(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll("main *")]
      .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
      .slice(0, 3)
      .map((element) => element.outerHTML.slice(0, 80));
    return [`scrolls sideways: ${scrollWidth} px in ${clientWidth} px: ${wide.join(" | ")}`];
  });
}

/// Checks that the local search finds a word of the text.
export async function check_search({ report, browser, origin }) {
  await report.check("the search finds a page by a word of its text", () =>
    with_page(browser, {}, async (page, watch) => {
      await open(page, origin, "/");
      await page.keyboard.press("Control+k");
      await page.locator("#localsearch-input").fill("slowserver");
      const hit = page.locator('.VPLocalSearchBox a.result[href*="/compare"]').first();
      await hit.waitFor({ timeout: 10_000 });
      await hit.click();
      await page.waitForURL(/\/compare/);
      expect_none(watch.complaints());
    }),
  );
}
