"""Makes sure that what a command needs is there; installs what is missing with apt-get."""

import os
import re
import shutil
import subprocess
import sys

from learn import ask, process
from learn.context import Context
from learn.errors import LearnError
from learn.needs import Finding, Prober

UPDATE_S = 15  # `apt-get update`
APT_GRACE_S = 60  # a package manager that is cut short leaves packages half installed
APT_LIMIT_S = 3600
# None of our packages starts a service; RUNLEVEL=1 keeps one that comes along from being started.
ENVIRONMENT = ("DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "LC_ALL=C.UTF-8")


def prober(context: Context) -> Prober:
    return Prober(context.build / "learn" / "needs.json")


def ensure(context: Context, keys, purpose: str) -> None:
    """Returns when every need in `keys` is met; installs what is missing, after saying so."""
    missing = prober(context).missing(keys)
    if not missing:
        return
    packages = packages_for(missing)
    _announce(context, missing, purpose)
    if not shutil.which("apt-get"):
        raise LearnError(
            "install what is listed above with this system's package manager, then run it again"
        )
    _install(context, packages, estimate(missing))
    missing = prober(context).missing(keys)
    if missing:
        what = "; ".join(f"{f.need.words}: {f.detail}" for f in missing)
        raise LearnError(f"apt-get installed its packages, and still missing is {what}")


def packages_for(missing: list[Finding]) -> list[str]:
    return list(dict.fromkeys(finding.need.package for finding in missing))


def estimate(missing: list[Finding]) -> str:
    total = UPDATE_S + sum({f.need.package: f.need.seconds for f in missing}.values())
    return "less than a minute" if total < 50 else f"about {round(total / 60) or 1} min"


def _announce(context: Context, missing: list[Finding], purpose: str) -> None:
    term = context.term
    term.line(f"{purpose} needs these, which are not on this machine:")
    width = max(len(f.need.words) for f in missing)
    for finding in missing:
        term.line(f"  {term.mark(False)} {finding.need.words.ljust(width)}  {finding.detail}")


def _install(context: Context, packages: list[str], duration: str) -> None:
    term = context.term
    prefix = _as_root(packages)
    term.line(f"To be installed with apt-get ({duration}): {' '.join(packages)}")
    if ask.can_ask(term) and not ask.agreed(term, "Go on?"):
        raise LearnError("nothing was installed")
    if prefix and sys.stdin.isatty() and subprocess.run(["sudo", "-v"]).returncode:
        raise LearnError(f"sudo refused; {_by_hand(packages)}")
    log_path = context.logs / "install.log"
    with log_path.open("wb") as log:
        for title, arguments in (
            ("package lists", ["update"]),
            ("packages", ["install", "-y", "--no-install-recommends", *packages]),
        ):
            reason = _apt(context, log, prefix, title, arguments)
            if reason.startswith("sudo: "):
                reason += f"; {_by_hand(packages)}"
            if reason:
                where = context.shown(log_path)
                raise LearnError(f"apt-get {arguments[0]} failed: {reason} (the log is {where})")


def _by_hand(packages: list[str]) -> str:
    return "run as root: apt-get install " + " ".join(packages)


def _as_root(packages: list[str]) -> list[str]:
    """What to put before `apt-get`: nothing as root, else sudo."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo", "-n"]
    raise LearnError(f"not root, and there is no sudo here; {_by_hand(packages)}")


def _apt(context: Context, log, prefix: list[str], title: str, arguments: list[str]) -> str:
    """Runs apt-get; returns why it failed, empty when it did not."""
    options = ["-q", "-o", "DPkg::Lock::Timeout=120", "-o", "APT::Status-Fd=1"]
    command = [*prefix, "env", *ENVIRONMENT, "apt-get", *options, *arguments]
    bar = context.term.progress(title)
    first_error = ""

    def on_line(line: str) -> None:
        nonlocal first_error
        if line.startswith(("E: ", "sudo: ")):
            first_error = first_error or line.removeprefix("E: ")
        status = re.match(r"(dl|pm)status:[^:]*:([0-9.]+):(.*)", line)
        if status:  # downloading is the first half of the bar, installing the second
            percent = float(status[2]) / 2 + (50 if status[1] == "pm" else 0)
            bar.update(round(percent), 100, status[3])

    # sudo finds its ticket by the terminal's session, so it has to stay in ours.
    code = process.run(
        command,
        log=log,
        on_line=on_line,
        on_tick=bar.tick,
        limit_s=APT_LIMIT_S,
        grace=APT_GRACE_S,
        start_new_session=not prefix,
    )
    bar.finish(code == 0)
    return (first_error or process.describe_exit(code)) if code else ""
