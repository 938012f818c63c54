"""A thousand requests that wait together: how long they take, and how much memory.

The slow server answers each after the same delay, so the least time is that delay once. The best
of three runs counts: what else the machine does can only make a run longer.
"""

from learn import process
from learn.build import build
from learn.errors import LearnError
from learn.measure import Run
from learn.needs import BUILD
from learn.programs import Program, discover, targets
from learn.servers import running
from learn.term import mebibytes

SUMMARY = "time and memory of a thousand requests that wait together"
NEEDS = BUILD

COUNT = 1000
DELAY_MS = 200
RUNS = 3
BUDGET_RATIO = 2.0  # of the delay
BUDGET_BYTES = 64 * 1024 * 1024
LIMIT_S = 60


def measure(context) -> dict:
    program = _asynchronous(context)
    build(context, "release", targets([program]))
    process.allow_descriptors()
    runs = []
    with running([context.binary("slowserver")], "the slow server") as (_, url):
        for _ in range(RUNS):
            runs.append(_run(context, program, f"{url}/delay/{DELAY_MS}"))
    best = min(runs, key=lambda run: run["wall_s"])
    return {"requests": COUNT, "delay_ms": DELAY_MS, "program": program.name, **best}


def show(term, result: dict) -> None:
    ratio = result["wall_s"] * 1000 / result["delay_ms"]
    memory = result["peak_rss_bytes"]
    title = f"{result['requests']} requests of {result['delay_ms']} ms, {result['program']}"
    term.table(
        [
            ["", title, "measured", "budget"],
            [term.mark(ratio <= BUDGET_RATIO), "wall time / delay", f"{ratio:.2f}", f"{BUDGET_RATIO:.2f}"],
            [term.mark(memory <= BUDGET_BYTES), "peak memory", mebibytes(memory), mebibytes(BUDGET_BYTES)],
        ],
        "llrr",
        indent="",
    )
    term.line(term.style(f"  The best of {RUNS} runs.", "dim"))


def _asynchronous(context) -> Program:
    for program in discover(context.root):
        if "--async" in program.args:
            return program
    raise LearnError("there is no asynchronous fetch program in this clone")


def _run(context, program: Program, url: str) -> dict:
    command = program.command(context, COUNT)
    result = Run(program.name, program.waits, command, [url] * COUNT, LIMIT_S).to_the_end()
    return {"wall_s": result.wall_s, "peak_rss_bytes": result.peak_rss_bytes}
