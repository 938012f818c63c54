// Checks the built book in a real browser, served by the real siteserver.
//
//   node run.mjs [--server SITESERVER] [--dist FOLDER] [--artifacts FOLDER] [-- COMMAND…]
//
// COMMAND is what siteserver runs for a comparison (./learn compare --events). One line per check; the last
// line counts them; the exit code is 0 when all passed.

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { check_accessibility } from "./checks/accessibility.mjs";
import { check_comparison } from "./checks/comparison.mjs";
import { check_links } from "./checks/links.mjs";
import { check_pages, check_search } from "./checks/pages.mjs";
import { check_stepper } from "./checks/stepper.mjs";
import { check_trouble } from "./checks/trouble.mjs";
import { check_waiting } from "./checks/waiting.mjs";
import { launch_browser } from "./support/browser.mjs";
import { Report } from "./support/report.mjs";
import { start_siteserver } from "./support/site.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");

function read_arguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      server: { type: "string", default: join(root, "build/release/bin/siteserver") },
      dist: { type: "string", default: join(root, "book/.vitepress/dist") },
      artifacts: { type: "string", default: join(root, "build/artifacts/book") },
    },
  });
  const command = positionals.length > 0 ? positionals : [join(root, "learn"), "compare", "--events"];
  return {
    server: resolve(values.server),
    dist: resolve(values.dist),
    artifacts: resolve(values.artifacts),
    command,
  };
}

function pages_of(dist) {
  return readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith(".html") && file !== "404.html")
    .map((file) => `/${file.replace(/(^|\/)index\.html$/, "$1")}`)
    .sort();
}

async function in_order(context, ...checks) {
  for (const check of checks) await check(context);
}

async function main() {
  const { server, dist, artifacts, command } = read_arguments();
  for (const [file, how] of [
    [join(dist, "index.html"), "build the book first (npm run build in book/)"],
    [server, "build siteserver first, or name it with --server"],
  ]) {
    if (!existsSync(file)) throw new Error(`${relative(process.cwd(), file)} is missing: ${how}`);
  }
  mkdirSync(artifacts, { recursive: true });
  const report = new Report();
  const site = await start_siteserver(server, dist, command);
  const browser = await launch_browser().catch(async (error) => {
    await site.stop();
    throw error;
  });
  try {
    const context = { report, browser, origin: site.origin, pages: pages_of(dist), dist, artifacts };
    // Side by side, since a page keeps one processor busy at most, and one that compares mostly waits.
    await Promise.all([
      in_order(context, check_pages, check_search, check_links),
      in_order(context, check_accessibility, check_waiting, check_stepper),
      in_order(context, check_comparison, check_trouble),
    ]);
  } finally {
    await browser.close();
    await site.stop();
  }
  return report.finish();
}

// Whatever was started is ended when this process exits.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(2));

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(`tests/book: ${error.message}`);
    process.exit(2);
  },
);
