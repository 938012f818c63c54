"""`./learn bench NAME`: a measurement with its table, or JSON."""

import importlib
import json
import os
import pkgutil
import platform
import time

from learn import benches
from learn.arguments import Parser, nearest, whole_number
from learn.errors import UsageError
from learn.install import ensure
from learn.needs import BUILD

SUMMARY = "measures the framework against what the kernel alone costs"
ORDER = 50
NEEDS = (*BUILD, "wrk")


def run(context, arguments: list[str]) -> int:
    parser = Parser("bench", SUMMARY)
    parser.add_argument("name", nargs="?", default="http", help="which (http); see --list")
    parser.add_argument("--list", action="store_true", help="show what can be measured")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--rounds", type=whole_number(1, 1000), metavar="N", help="rounds, of http only (11)"
    )
    options = parser.parse(arguments)
    names = sorted(module.name for module in pkgutil.iter_modules(benches.__path__))
    if options.list:
        for name in names:
            context.term.line(f"  {name.ljust(10)}{_load(name).SUMMARY}")
        return 0
    if options.name not in names:
        hint = nearest(options.name, names)
        raise UsageError(f"there is no bench {options.name!r}{hint} (./learn bench --list)")
    bench = _load(options.name)
    rounds = [options.rounds or bench.ROUNDS] if hasattr(bench, "ROUNDS") else []
    if options.rounds and not rounds:
        raise UsageError(f"the bench {options.name!r} has no rounds; leave out --rounds")
    if options.json:
        context.quiet_stdout()
    ensure(context, bench.NEEDS, f"./learn bench {options.name}")
    result = {"bench": options.name, "machine": machine(), **bench.measure(context, *rounds)}
    if options.json:
        print(json.dumps(result, indent=2, ensure_ascii=False), flush=True)
    else:
        bench.show(context.term, result)
        context.term.line(context.term.style("\n" + machine_line(result["machine"]), "dim"))
    return 0


def _load(name: str):
    return importlib.import_module(f"learn.benches.{name}")


def machine() -> dict:
    """What a figure depends on, in few words."""
    with open("/proc/cpuinfo") as cpuinfo:
        models = [line.partition(":")[2].strip() for line in cpuinfo if "model name" in line]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "date": time.strftime("%Y-%m-%d"),
    }


def machine_line(facts: dict) -> str:
    cores = f"{facts['cores']} cores" if facts["cores"] != 1 else "1 core"
    return f"{facts['cpu']}, {cores}, Linux {facts['kernel']}, {facts['date']}"
