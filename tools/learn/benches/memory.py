"""What requests cost that wait together: threads, and memory of three kinds.

Every fetch program that has them all in flight takes its turn. The kernel's stacks are in no
number of a process: it is counted by how much those of the whole machine have grown.
"""

from learn import process
from learn.build import build
from learn.errors import LearnError
from learn.kernel import kibibytes
from learn.measure import Run
from learn.needs import BUILD
from learn.programs import Program, discover, targets
from learn.servers import running
from learn.term import mebibytes

SUMMARY = "threads and memory of five thousand requests that wait together"
NEEDS = BUILD

COUNT = 5000
DELAY_MS = 5000  # long enough to begin them all before the first one ends
LIMIT_S = 120


def measure(context) -> dict:
    programs = [program for program in discover(context.root) if "--sync" not in program.args]
    if not programs:
        raise LearnError("no fetch program in this clone has more than one request in flight")
    build(context, "release", targets(programs))
    process.allow_descriptors()
    with running([context.binary("slowserver")], "the slow server") as (_, url):
        weighed = [_weigh(context, program, f"{url}/delay/{DELAY_MS}") for program in programs]
    return {"requests": COUNT, "delay_ms": DELAY_MS, "programs": weighed}


def show(term, result: dict) -> None:
    rows = [[f"{result['requests']:,} requests", "threads", "resident", "kernel stacks", "virtual"]]
    for each in result["programs"]:
        amounts = (each["resident_bytes"], each["kernel_stack_bytes"], each["virtual_bytes"])
        rows.append([each["name"], f"{each['threads']:,}", *map(mebibytes, amounts)])
    term.table(rows, "lrrrr", indent="")
    note = "The most at any time; the kernel's stacks: by how much those of the machine grew."
    term.line(term.style(f"  {note}", "dim"))


class _Weighing(Run):
    """A run whose address space and whose share of the kernel's stacks are measured too."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.virtual_bytes = self.kernel_stack_bytes = 0
        self._stacks_before = _stacks_of_all()

    def _sample(self, pid: int) -> None:
        super()._sample(pid)
        stacks = _stacks_of_all() - self._stacks_before
        self.kernel_stack_bytes = max(self.kernel_stack_bytes, stacks)
        self.virtual_bytes = max(self.virtual_bytes, kibibytes(f"/proc/{pid}/status", "VmPeak"))


def _weigh(context, program: Program, url: str) -> dict:
    command = program.command(context, COUNT)
    run = _Weighing(program.name, program.waits, command, [url] * COUNT, LIMIT_S)
    result = run.to_the_end()
    if result.max_in_flight < COUNT:
        what = f"had {result.max_in_flight} requests in flight, not {COUNT}"
        raise LearnError(f"{program.name} {what}: this machine is too slow or too busy for it")
    return {
        "name": program.name,
        "threads": result.threads,
        "resident_bytes": result.peak_rss_bytes,
        "kernel_stack_bytes": run.kernel_stack_bytes,
        "virtual_bytes": run.virtual_bytes,
    }


def _stacks_of_all() -> int:
    return kibibytes("/proc/meminfo", "KernelStack")
