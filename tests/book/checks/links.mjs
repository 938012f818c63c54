// Each link inside the book leads to a page that exists and to a place in it.

import { open, with_page } from "../support/browser.mjs";
import { expect_none } from "../support/report.mjs";

/// Checks the links of every page.
export async function check_links({ report, browser, origin, pages }) {
  const ids = new Map();
  const links = new Map();
  await with_page(browser, {}, async (page) => {
    for (const path of pages) {
      await open(page, origin, path);
      ids.set(path, await page.evaluate(() => [...document.querySelectorAll("[id]")].map((e) => e.id)));
      links.set(path, await page.evaluate(() => [...document.links].map((link) => link.href)));
    }
  });
  for (const path of pages) {
    await report.check(`${path} has no dead link`, async () => {
      const problems = [];
      for (const link of new Set(links.get(path))) {
        const problem = await dead_link(link, origin, ids);
        if (problem) problems.push(problem);
      }
      expect_none(problems);
    });
  }
}

async function dead_link(link, origin, ids) {
  const url = new URL(link);
  if (url.origin !== origin) return null;
  const response = await fetch(origin + url.pathname);
  if (response.status !== 200) return `${url.pathname}: status ${response.status}`;
  const anchor = decodeURIComponent(url.hash.slice(1));
  if (anchor === "") return null;
  const path = url.pathname.replace(/index\.html$/, "");
  const known = ids.get(path);
  if (!known) return `${url.pathname}: not one of the book's pages`;
  return known.includes(anchor) ? null : `${path} has no place called #${anchor}`;
}
