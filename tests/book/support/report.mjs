// One line per check, and the count at the end.

/// Runs checks and prints the verdict of each.
export class Report {
  #passed = 0;
  #failed = 0;

  /// Runs one check. It fails by throwing; the error's message says why.
  async check(name, run) {
    try {
      await run();
      this.#passed += 1;
      console.log(`ok    ${name}`);
    } catch (error) {
      this.#failed += 1;
      console.log(`FAIL  ${name}\n      ${String(error.message ?? error).replaceAll("\n", "\n      ")}`);
    }
  }

  /// Prints the last line; returns the exit code.
  finish() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/// Throws with all of `problems` when there are any.
export function expect_none(problems) {
  if (problems.length > 0) throw new Error([...new Set(problems)].join("\n"));
}

/// Throws `message` when `condition` does not hold.
export function expect(condition, message) {
  if (!condition) throw new Error(message);
}
