// Each link inside the book leads to a page that exists and to a place in it, and so does the place that
// each task of a chapter names.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, with_page } from "../support/browser.mjs";
import { expect, expect_none } from "../support/report.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/// Checks the links of every page, and the sections that the chapters' tasks name.
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
  for (const { name, page, anchors } of chapters()) {
    await report.check(`each task of ${name} has its section`, () => {
      expect(ids.has(page), `the book has no page ${page}`);
      expect(anchors.length > 0, "it names none");
      expect_none(anchors.filter((anchor) => !ids.get(page).includes(anchor)).map((lost) => `#${lost} is missing`));
    });
  }
}

// What the chapters' tasks.toml say: `book = "book/NAME.md"` at the top, `book = "ANCHOR"` in each task.
function chapters() {
  return readdirSync(join(root, "chapters"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const text = readFileSync(join(root, "chapters", name, "tasks.toml"), "utf8");
      const [file, ...anchors] = [...text.matchAll(/^book = "(.+)"$/gm)].map(([, place]) => place);
      return { name, page: `/${basename(file, ".md")}.html`, anchors };
    });
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
