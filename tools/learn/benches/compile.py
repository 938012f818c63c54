"""How long the smallest program takes to compile, and how much the compiler has to read."""

import statistics
import time

from learn import process
from learn.errors import LearnError
from learn.needs import BUILD
from learn.term import seconds

SUMMARY = "compile time and preprocessed lines of hello"
NEEDS = BUILD

SOURCE = "final/demos/hello/hello.cpp"
REPEATS = 3
BUDGETS_S = {"-O0": 1.5, "-O2": 2.5}
BUDGET_LINES = 110_000
LIMIT_S = 300


def measure(context) -> dict:
    """Medians of three compilations: they vary little."""
    source = context.root / SOURCE
    if not source.exists():
        raise LearnError(f"{SOURCE} is missing")
    bar = context.term.progress("compile hello")
    total = len(BUDGETS_S) * REPEATS + 1
    times = {}
    for level in BUDGETS_S:
        samples = []
        for _ in range(REPEATS):
            bar.update(len(times) * REPEATS + len(samples), total, level)
            samples.append(_compile_s(context, source, level, bar))
        times[level] = statistics.median(samples)
    lines = _preprocessed_lines(context, source, bar)
    bar.drop()
    return {"compile_s": times, "preprocessed_lines": lines}


def show(term, result: dict) -> None:
    rows = [["", "hello.cpp", "measured", "budget"]]
    for level, budget in BUDGETS_S.items():
        value = result["compile_s"][level]
        rows.append([term.mark(value <= budget), f"compile {level}", seconds(value), f"{budget} s"])
    lines = result["preprocessed_lines"]
    good = term.mark(lines <= BUDGET_LINES)
    rows.append([good, "preprocessed lines", f"{lines:,}", f"{BUDGET_LINES:,}"])
    term.table(rows, "llrr", indent="")


def _command(context, source) -> list:
    return ["g++", "-std=c++20", f"-I{context.root}/final/include", source]


def _compile_s(context, source, level: str, bar) -> float:
    started = time.monotonic()
    _run(context, [*_command(context, source), level, "-c", "-o", "/dev/null"], bar)
    return time.monotonic() - started


def _preprocessed_lines(context, source, bar) -> int:
    path = context.state / "hello.ii"
    _run(context, [*_command(context, source), "-E", "-o", path], bar)
    count = path.read_bytes().count(b"\n")
    path.unlink()
    return count


def _run(context, command: list, bar) -> None:
    log_path = context.logs / "bench.log"
    with log_path.open("wb") as log:
        code = process.run(command, log=log, on_tick=bar.tick, limit_s=LIMIT_S)
    if code:
        raise LearnError(f"hello does not compile; see {context.shown(log_path)}")
