// Chromium, and pages that note everything that goes wrong while they are open.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome"];
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/// Starts the first Chromium found in PATH; throws when there is none.
export function launch_browser() {
  const executablePath = find_browser();
  if (!executablePath) throw new Error(`no browser in PATH: looked for ${names.join(", ")}`);
  const as_root = process.getuid?.() === 0;
  const args = as_root ? [...flags, "--no-sandbox"] : flags;
  return chromium.launch({
    executablePath,
    headless: true,
    args,
    // A signal ends this program, and its end ends the browser.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

function find_browser() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/// Opens an empty page in a context of its own, watches it, hands both to `use` and
/// closes them. The watch's `complaints()` are console errors, exceptions, failed
/// requests and requests to another origin; those that match a pattern in `expected`
/// are left out.
export async function with_page(browser, options, use) {
  const { scheme = "light", width = 1280, javascript = true, expected = [] } = options;
  const context = await browser.newContext({
    javaScriptEnabled: javascript,
    viewport: viewport_of(width),
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  try {
    const page = await context.newPage();
    return await use(page, watch(page, expected));
  } finally {
    await context.close();
  }
}

function watch(page, expected) {
  const seen = [];
  let own_origin = null;
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      seen.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => seen.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) =>
    seen.push(`request failed: ${request.url()} (${request.failure()?.errorText})`),
  );
  page.on("response", (response) => {
    if (response.status() >= 400) seen.push(`status ${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol === "data:" || url.protocol === "blob:") return;
    own_origin ??= url.origin;
    if (url.origin !== own_origin) seen.push(`request to another origin: ${url.href}`);
  });
  return {
    complaints: () => seen.filter((text) => !expected.some((pattern) => pattern.test(text))),
  };
}

/// Shows an open page wide and narrow, light and dark, and calls `find` each time with the view's
/// name; returns what it found, each with the view in front.
export async function in_each_view(page, find) {
  const found = [];
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForFunction((dark) => document.documentElement.classList.contains("dark") === dark, scheme === "dark");
    for (const width of [1280, 390]) {
      await page.setViewportSize(viewport_of(width));
      const view = `${width}-${scheme}`;
      found.push(...(await find(view)).map((finding) => `${view}: ${finding}`));
    }
  }
  return found;
}

function viewport_of(width) {
  return { width, height: width < 600 ? 844 : 900 };
}

/// Goes to `path` of `origin` and waits until the page is alive and its comparison,
/// where it has one, knows whether a server is there.
export async function open(page, origin, path) {
  await page.goto(origin + path, { waitUntil: "networkidle" });
  await page.evaluate(() => document.fonts.ready);
  const comparison = page.getByTestId("comparison");
  if (await comparison.count()) {
    await page.waitForSelector('[data-testid="comparison"]:not([data-source="checking"])');
  }
}
