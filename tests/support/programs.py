"""What the scripts share that try programs with a compiler: arguments, time limits, the report."""

import argparse
import collections
import concurrent.futures
import os
import subprocess

TIME_SCALE = float(os.environ.get("FUNNEL_TEST_TIME_SCALE", "1"))


def run(command, limit_s=120, **settings):
    """Runs a command to its end and returns what it printed and its status. Ends it when its time
    is over and raises `subprocess.TimeoutExpired`."""
    words = [str(word) for word in command]
    limit_s *= TIME_SCALE
    return subprocess.run(words, capture_output=True, text=True, timeout=limit_s, **settings)


FAILURES = (OSError, subprocess.SubprocessError)  # what `run` raises


def say_timeout(expired):
    return f"{expired.cmd[0]} did not end within {expired.timeout:g} s"


def say_failure(error):
    return say_timeout(error) if isinstance(error, subprocess.TimeoutExpired) else str(error)


def main(description, here, patterns, judge_with):
    """Judges the programs below `here` that match one of the patterns, and prints each verdict.

    `judge_with(compiler)` returns the judge: a function that takes a program's path and returns
    the verdict, "ok", "differs" or "FAILED", and what it rests on. Returns the exit status.
    """
    arguments = argparse.ArgumentParser(description=description.splitlines()[0])
    arguments.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    arguments.add_argument("names", nargs="*", help="only programs whose name has one of these")
    options = arguments.parse_args()
    sources = [
        source
        for pattern in patterns
        for source in sorted(here.glob(pattern))
        if not options.names or any(name in str(source.relative_to(here)) for name in options.names)
    ]
    try:
        judge = judge_with(options.compiler)
    except FAILURES as error:
        print(f"FAILED  {say_failure(error)}\n0 passed, {len(sources)} failed")
        return 1

    def judge_in_time(source):
        try:
            return judge(source)
        except FAILURES as error:
            return "FAILED", say_failure(error)

    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for source, (verdict, why) in zip(sources, pool.map(judge_in_time, sources)):
            counts[verdict] += 1
            print(f"{verdict:7} {source.relative_to(here).with_suffix('')}: {why}", flush=True)
    failed = counts["FAILED"]
    print(f"{len(sources) - failed} passed, {failed} failed")
    return 1 if failed or not sources else 0
