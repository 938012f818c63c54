"""CPU time per request of hello, against a raw epoll program that only answers.

Throughput of a server and a client on two cores of a shared machine varies fourfold; what is
stable is the server's CPU time per request while server and client share one core. So: both are
pinned to it, runs of one second, the variants in turn, and the median of each round's ratio.
"""

import contextlib
import re
import statistics

from learn import process
from learn.benches import compile as compiling
from learn.build import build
from learn.errors import LearnError
from learn.kernel import cpu_s, one_core
from learn.needs import BUILD
from learn.servers import running

SUMMARY = "CPU time per request of hello against raw epoll, and what hello costs to compile"
NEEDS = (*BUILD, "wrk")
ROUNDS = 11  # unless chosen with --rounds

RUN_S = 1
WRK_GRACE_S = 10  # wrk can hang with deep pipelining
CONNECTIONS = 64
DEPTH = 16
CASES = (  # name, wrk's script, the most that hello may cost relative to raw epoll
    (f"{CONNECTIONS} connections", None, 1.40),
    (f"{CONNECTIONS} connections, {DEPTH} deep", "tests/bench/pipeline.lua", 2.00),
)


def measure(context, rounds: int) -> dict:
    build(context, "release", ["raw_epoll", "bench_hello"])
    cases = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(one_core())
        servers = {}
        for name, program in (("raw_epoll", "raw_epoll"), ("hello", "bench_hello")):
            servers[name] = stack.enter_context(running([context.binary(program)], name))
        for title, script, budget in CASES:
            cases.append(_measure_case(context, servers, title, script, budget, rounds))
    return {"cases": cases, **compiling.measure(context)}


def show(term, result: dict) -> None:
    rows = [["", "hello, CPU time per request", "raw epoll", "hello", "ratio", "budget"]]
    for case in result["cases"]:
        cpu, ratio = case["cpu_us_per_request"], case["ratio"]
        values = [f"{cpu[name]:.2f} µs" for name in ("raw_epoll", "hello")]
        mark = term.mark(ratio <= case["budget"])
        rows.append([mark, case["name"], *values, f"{ratio:.2f}", f"{case['budget']:.2f}"])
    term.table(rows, "llrrrr", indent="")
    count = result["cases"][0]["rounds"]
    note = f"  Medians of {count} rounds of {RUN_S} s; differences under 3 % mean nothing.\n"
    term.line(term.style(note, "dim"))
    compiling.show(term, result)


def _measure_case(context, servers, title: str, script, budget: float, rounds: int) -> dict:
    bar = context.term.progress(title)
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for turn in range(rounds + 1):
        for number, (name, (child, url)) in enumerate(servers.items()):
            bar.update(turn * len(servers) + number, (rounds + 1) * len(servers), name)
            cost = cost_us(context, child, url, script, bar)
            if turn:  # the first round warms up
                costs[name].append(cost)
    bar.drop()
    ratios = [hello / raw for hello, raw in zip(costs["hello"], costs["raw_epoll"])]
    return {
        "name": title,
        "connections": CONNECTIONS,
        "pipeline": DEPTH if script else 1,
        "rounds": rounds,
        "cpu_us_per_request": {name: statistics.median(each) for name, each in costs.items()},
        "ratio": statistics.median(ratios),
        "budget": budget,
    }


def cost_us(context, server, url: str, script, bar) -> float:
    """One run of wrk; the server's CPU time over the requests that wrk counted."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{RUN_S}s"]
    command += ["-s", context.root / script] if script else []
    lines: list[str] = []
    before = cpu_s(server)
    with (context.logs / "bench.log").open("wb") as log:
        code = process.run(
            [*command, url + "/"],
            log=log,
            on_line=lines.append,
            on_tick=bar.tick,
            limit_s=RUN_S + WRK_GRACE_S,
        )
    used = cpu_s(server) - before
    text = "\n".join(lines)
    counted = re.search(r"(\d+) requests in", text)
    if code or not counted or counted[1] == "0":
        raise LearnError(f"wrk measured nothing: {process.describe_exit(code)}")
    if "Non-2xx" in text or "Socket errors" in text:
        raise LearnError(f"wrk met errors: {lines[-1].strip()}; see build/logs/bench.log")
    return used / int(counted[1]) * 1e6
