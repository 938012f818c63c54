// axe-core finds nothing serious.

import { createRequire } from "node:module";
import { open, with_page } from "../support/browser.mjs";
import { expect_none } from "../support/report.mjs";

const axe_path = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/// Checks every page in both colour schemes.
export async function check_accessibility({ report, browser, origin, pages }) {
  for (const path of pages) {
    for (const scheme of ["light", "dark"]) {
      await report.check(`${path} is accessible, ${scheme}`, () =>
        with_page(browser, { scheme }, async (page) => {
          await open(page, origin, path);
          expect_none(await serious_findings(page));
        }),
      );
    }
  }
}

/// Runs axe-core on what `selector` names of the page as it stands; returns what it calls serious
/// or critical.
export async function serious_findings(page, selector = "html") {
  await page.addScriptTag({ path: axe_path });
  const { violations } = await page.evaluate((part) => globalThis.axe.run(part), selector);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
}
