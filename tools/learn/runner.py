"""Runs the stages of `./learn test`, shows each as one line, then the table and the counts."""

import time
from dataclasses import dataclass

from learn.context import Context
from learn.errors import LearnError
from learn.stages import Stage
from learn.steps import Job, Outcome
from learn.term import seconds


@dataclass
class StageResult:
    stage: Stage
    outcome: Outcome
    duration_s: float

    @property
    def good(self) -> bool | None:
        """Passed, failed, or (None) nothing but skipped."""
        if self.outcome.failed:
            return False
        return True if self.outcome.passed else None


def run_stages(context: Context, stages: list[Stage]) -> int:
    """Runs all stages whatever fails; returns the exit code, 0 only if something passed and
    nothing failed."""
    failed_builds: dict[str, str] = {}
    results = [_run_stage(context, stage, failed_builds) for stage in stages]
    total = Outcome()
    for result in results:
        total.add(result.outcome)
    _show(context, results, total)
    closing = f"{total.passed} passed, {total.failed} failed"
    context.term.line(closing + (f", {total.skipped} skipped" if total.skipped else ""))
    return 0 if total.passed and not total.failed else 1


def _run_stage(context: Context, stage: Stage, failed_builds: dict[str, str]) -> StageResult:
    started = time.monotonic()
    log_path = context.logs / f"{stage.name}.log"
    log_path.write_bytes(b"")
    bar = context.term.progress(stage.name)
    job = Job(context, log_path, bar, failed_builds, stage.name)
    outcome = Outcome()
    try:
        for step in stage.steps(context.root):
            outcome.add(step.run(job))
            if outcome.stop:
                break
    except LearnError as error:
        outcome.add(Outcome(failed=1, excerpt=[*error.excerpt, error.message]))
    result = StageResult(stage, outcome, time.monotonic() - started)
    bar.finish(result.good, counts(outcome))
    if result.good is not True:
        _explain(context, result, log_path)
    return result


def counts(outcome: Outcome) -> str:
    parts = ((outcome.passed, "passed"), (outcome.failed, "failed"), (outcome.skipped, "skipped"))
    return ", ".join(f"{count} {word}" for count, word in parts if count) or "nothing to do"


def _explain(context: Context, result: StageResult, log_path) -> None:
    for line in result.outcome.excerpt:
        context.term.line(f"    {line}")
    shown = context.shown(log_path)
    if result.outcome.failed and not any(shown in line for line in result.outcome.excerpt):
        context.term.line(context.term.style(f"    the whole log: {shown}", "dim"))


def _show(context: Context, results: list[StageResult], total: Outcome) -> None:
    rows = [["", "stage", "time", "passed", "failed", "skipped"]]
    for result in results:
        mark = context.term.mark(result.good)
        rows.append([mark, *_row(result.stage.name, result.duration_s, result.outcome)])
    duration_s = sum(result.duration_s for result in results)
    rows.append(["", *_row("together", duration_s, total)])
    context.term.line()
    context.term.table(rows, "llrrrr", indent="")
    context.term.line()


def _row(name: str, duration_s: float, outcome: Outcome) -> list[str]:
    numbers = (outcome.passed, outcome.failed, outcome.skipped)
    return [name, seconds(duration_s), *map(str, numbers)]
