// The book's solutions of its challenges pass the challenges' tests, on the chapter's reference.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const compile_limit_ms = 300_000;
const run_limit_ms = 60_000;

// The optimised build has the chapter's library; without it, its sources are compiled here.
function library(chapter) {
  const built = join(root, `build/release/chapters/${chapter}/libfunnel_${chapter.slice(0, 4)}.a`);
  if (existsSync(built)) return [built];
  const folder = join(root, "chapters", chapter, "funnel");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".cpp"))
    .map((file) => join(folder, file));
}

for (const [name, chapter] of [["ch01", "ch01_blocking"]]) {
  test(`the solutions of ${name} pass its challenges`, () => {
    const tests = join(root, "tests/book/challenges");
    const place = mkdtempSync(join(tmpdir(), "funnel-challenges-"));
    try {
      const program = join(place, name);
      const flags = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-pthread"];
      const includes = [`-I${tests}/${name}_solution`, `-I${root}/chapters/${chapter}`];
      const inputs = [join(tests, `${name}.cpp`), ...library(chapter), "-lfmt", "-o", program];
      execFileSync("g++", [...flags, ...includes, ...inputs], { timeout: compile_limit_ms });
      const output = execFileSync(program, { timeout: run_limit_ms, encoding: "utf8", stdio: "pipe" });
      assert.match(output, /Status: SUCCESS!/);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
}
