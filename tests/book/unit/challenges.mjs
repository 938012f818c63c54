// The book's solutions of its challenges pass the challenges' tests, on the chapter's reference.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = join(root, "tests/book/challenges");
const compile_limit_ms = 300_000;
const run_limit_ms = 60_000;

// The optimised build has the chapter's library; without it, its sources are compiled here.
function library(chapter) {
  const built = join(root, `build/release/chapters/${chapter}/libfunnel_${chapter.slice(0, 4)}.a`);
  if (existsSync(built)) return [built];
  const sources = join(root, "chapters", chapter, "funnel");
  return with_ending(sources, ".cpp").map((file) => join(sources, file));
}

function with_ending(place, ending) {
  return readdirSync(place).filter((file) => file.endsWith(ending));
}

test("there are challenges", () => {
  assert.ok(with_ending(folder, ".cpp").length > 0);
});

for (const file of with_ending(folder, ".cpp")) {
  const name = basename(file, ".cpp");
  test(`the solutions of ${name} pass its challenges`, () => {
    const [chapter] = readdirSync(join(root, "chapters")).filter((other) => other.startsWith(`${name}_`));
    const place = mkdtempSync(join(tmpdir(), "funnel-challenges-"));
    try {
      const program = join(place, name);
      const flags = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-pthread"];
      const includes = [`-I${folder}/${name}_solution`, `-I${root}/chapters/${chapter}`];
      const inputs = [join(folder, file), ...library(chapter), "-lfmt", "-o", program];
      execFileSync("g++", [...flags, ...includes, ...inputs], { timeout: compile_limit_ms });
      const output = execFileSync(program, { timeout: run_limit_ms, encoding: "utf8", stdio: "pipe" });
      assert.match(output, /Status: SUCCESS!/);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
}
