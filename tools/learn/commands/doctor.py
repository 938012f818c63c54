"""`./learn doctor`: looks at the machine and says how to mend what is missing."""

import os
import resource
import shutil
import socket

from learn import cli
from learn.arguments import Parser
from learn.install import prober
from learn.needs import ALL
from learn.term import shorten

SUMMARY = "checks this machine, and says how to mend what is missing"
ORDER = 80

REQUIRED_BY = ("serve", "test")  # what only other commands need may be missing
DESCRIPTORS = 20_000  # below this the slow server warns that fewer requests can wait
DISK_BYTES = 4 * 2**30
PORT = 8888


def run(context, arguments: list[str]) -> int:
    Parser("doctor", SUMMARY).parse(arguments)
    complete = True
    for name, keys in _needs_by_command().items():
        context.term.line(context.term.style(f"for ./learn {name}", "bold"))
        findings = prober(context).probe(keys)
        if name in REQUIRED_BY and not all(finding.ok for finding in findings):
            complete = False
        for finding in findings:
            _line(context, finding.ok, finding.need.key, finding.detail, _mend(finding))
        context.term.line()
    complete &= _machine(context)
    return 0 if complete else 1


def _needs_by_command() -> dict[str, list[str]]:
    """Each need once, under the first command that has it."""
    modules = {name: cli.load(name) for name in cli.command_names()}
    seen, result = set(), {}
    for name in sorted(modules, key=lambda name: modules[name].ORDER):
        needed = set(getattr(modules[name], "NEEDS", ())) - seen
        keys = [key for key in ALL if key in needed]
        seen.update(keys)
        if keys:
            result[name] = keys
    return result


def _mend(finding) -> str:
    if finding.ok:
        return ""
    if shutil.which("apt-get"):
        return f"apt-get install {finding.need.package}"
    return f"install {finding.need.words}"


def _machine(context) -> bool:
    context.term.line(context.term.style("the machine", "bold"))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= DESCRIPTORS
    limit = "unlimited" if hard == resource.RLIM_INFINITY else f"{hard} per process"
    mend = f"for more requests at once: raise the hard limit (ulimit -Hn) to {DESCRIPTORS}"
    _line(context, enough or None, "open files", limit, "" if enough else mend)
    free = shutil.disk_usage(context.root).free
    roomy = free >= DISK_BYTES
    wanted = f"{DISK_BYTES >> 30} GiB are needed for a whole build"
    _line(context, roomy, "free disk", f"{free / 2**30:.1f} GiB", "" if roomy else wanted)
    _line(context, True, "cores", str(len(os.sched_getaffinity(0))), "")
    taken = _is_taken(PORT)
    hint = "./learn serve takes the next free port; demos that want this one do not start"
    detail = "taken" if taken else "free"
    _line(context, None if taken else True, f"port {PORT}", detail, hint if taken else "")
    return roomy


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return True
    return False


def _line(context, good: bool | None, what: str, detail: str, mend: str) -> None:
    term = context.term
    text = f"  {term.mark(good)} {what.ljust(28)}{shorten(detail, 60)}"
    term.line(text + (f"  →  {mend}" if mend else ""))
