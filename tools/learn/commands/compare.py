"""`./learn compare`: the fetch programs side by side, each in its own process."""

import json
import sys
from pathlib import Path

from learn import process, timeline, verdict
from learn.arguments import Parser, whole_number
from learn.build import CompilationFailed, build
from learn.chapters import Chapter
from learn.errors import LearnError, UsageError
from learn.install import ensure
from learn.measure import Result, Run
from learn.needs import BUILD
from learn.programs import Program, discover, targets, with_mine
from learn.servers import running
from learn.term import plural, seconds
from learn.versions import MINE, require_usable

SUMMARY = "runs the fetch programs side by side and shows what waiting costs"
ORDER = 30
NEEDS = BUILD

MOST_URLS = 10_000
MOST_DELAY_MS = 60_000
REQUEST_LIMIT_S = 100  # before that a fetch program calls a page failed that has not come


def run(context, arguments: list[str]) -> int:
    options = parse(arguments)
    if options.json or options.events:
        context.quiet_stdout()
    try:
        return _compare(context, options)
    except Exception as error:
        if options.events:
            _print_json({"event": "error", "message": str(error)})
        raise


def parse(arguments: list[str]):
    parser = Parser("compare", SUMMARY)
    count = whole_number(1, MOST_URLS)
    parser.add_argument("urls", nargs="*", metavar="URL", help="fetch these, not the slow server")
    parser.add_argument("--urls", type=count, dest="count", metavar="N", help="requests (20)")
    parser.add_argument(
        "--delay",
        type=whole_number(0, MOST_DELAY_MS, "milliseconds"),
        metavar="MS",
        help="milliseconds until the slow server answers (200)",
    )
    parser.add_argument(
        "--concurrency", type=count, metavar="K", help="most requests at once (as many as URLs)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--events", action="store_true", help="print JSON lines while running")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the timeline as a picture")
    parser.add_argument("--mine", action="store_true", help="your programs where you have them")
    parser.add_argument("--no-build", action="store_true", help="run what is built already")
    options = parser.parse(arguments)
    _check(parser, options)
    return options


def _check(parser: Parser, options) -> None:
    if options.urls and (options.count is not None or options.delay is not None):
        parser.error("--urls and --delay are for the slow server; leave them out beside URLs")
    if len(options.urls) > MOST_URLS:
        parser.error(f"at most {MOST_URLS} URLs")
    for url in options.urls:
        if url.startswith("https://"):
            parser.error(f"{url!r}: the fetch programs speak http only, https is not built yet")
        if not url.startswith("http://") or not url.isprintable() or " " in url:
            parser.error(f"{url!r} is no URL; expected http://…")
    for path in (options.html, options.svg):
        if path and not path.absolute().parent.is_dir():
            raise UsageError(f"cannot write {path}: its folder does not exist")


class Workload:
    """What every program has to fetch, and how long that should take."""

    def __init__(self, options):
        self.given = options.urls
        self.count = len(self.given) or options.count or 20
        self.delay_ms = None if self.given else 200 if options.delay is None else options.delay
        self.concurrency = options.concurrency or self.count

    def urls(self, server: str) -> list[str]:
        return self.given or [f"{server}/delay/{self.delay_ms}"] * self.count

    @property
    def limit_s(self) -> float:
        """A generous bound: one request after the other, each as long as it may take at most, and
        time to work."""
        longest = REQUEST_LIMIT_S if self.delay_ms is None else 2 * self.delay_ms / 1000
        return 10 + self.count * (longest + 0.02)

    def waits_s(self, results: list[Result]) -> list[float]:
        """How long each request waits: its delay, or what a good run of given URLs has shown."""
        if self.delay_ms is not None:
            return [self.delay_ms / 1000] * self.count
        good = (result for result in results if result.ok and result.requests)
        requests = next((result.requests for result in good), [])
        return [request.end - request.start for request in requests]

    def describe(self) -> str:
        delay = "" if self.delay_ms is None else f", each answered after {self.delay_ms} ms"
        return f"{plural(self.count, 'request')}{delay}, at most {self.concurrency} at once"


def _compare(context, options) -> int:
    programs = discover(context.root)
    if not programs:
        raise LearnError("there is no fetch program yet: no compare.toml in this clone")
    mine: list[Chapter] = []
    if options.mine:
        programs, mine = with_mine(context.root, programs)
    if not options.no_build:
        _build(context, programs, mine)
    process.allow_descriptors()
    work = Workload(options)
    events = _Events(options.events)
    events.send(
        "begin",
        urls=work.count,
        delay_ms=work.delay_ms,
        concurrency=work.concurrency,
        programs=[program.name for program in programs],
    )
    if not (options.json or options.events):
        context.term.line(f"{work.describe()}\n")
    if work.given:
        results = _run_all(context, programs, work, "", events)
    else:
        command = [context.binary("slowserver")]
        with running(command, "the slow server") as (_, url):
            results = _run_all(context, programs, work, url, events)
    events.send("end")
    _show(context, options, work, results)
    return 0 if all(result.ok for result in results) else 1


def _build(context, programs: list[Program], mine: list[Chapter]) -> None:
    for chapter in mine:
        require_usable(MINE, chapter)
    ensure(context, NEEDS, "./learn compare")
    try:
        build(context, "release", targets(programs))
    except CompilationFailed as failure:
        chapter = next((each for each in mine if MINE.library(each) in failure.step), None)
        if chapter:
            verdict.show_build_failure(context, chapter, MINE, failure)
            raise LearnError("there is nothing to compare before your code compiles") from failure
        raise


class _Events:
    def __init__(self, wanted: bool):
        self._wanted = wanted

    def send(self, event: str, **fields) -> None:
        if self._wanted:
            _print_json({"event": event, **fields})


def _print_json(value: dict) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def _run_all(context, programs, work: Workload, server: str, events: _Events) -> list[Result]:
    results = []
    for program in programs:
        events.send("program", name=program.name, state="running")
        result = _run_one(context, program, work, server, events)
        events.send("result", program=result.as_json())
        results.append(result)
    return results


def _run_one(context, program: Program, work: Workload, server: str, events: _Events) -> Result:
    binary = program.binary(context)
    if not binary.exists():
        failure = f"is not built: {context.shown(binary)} is missing"
        return Result(program.name, program.waits, failure=failure)
    command = program.command(context, work.concurrency)
    run = Run(program.name, program.waits, command, work.urls(server), work.limit_s)
    bar = context.term.progress(program.name)
    done = 0
    for batch in run.requests():
        done += len(batch)
        bar.update(done, work.count)
        for request in batch:
            events.send("request", name=program.name, **vars(request))
    bar.drop()
    return run.result


def _show(context, options, work: Workload, results: list[Result]) -> None:
    if options.json:
        head = {"urls": work.count, "delay_ms": work.delay_ms, "concurrency": work.concurrency}
        _print_json(head | {"programs": [result.as_json() for result in results]})
    elif not options.events:
        _table(context.term, work, results)
        timeline.for_terminal(context.term, results)
    for path, text in (
        (options.svg, lambda: timeline.as_svg(results)),
        (options.html, lambda: timeline.as_page(results, _sentence(work, results))),
    ):
        if path:
            try:
                path.write_text(text())
            except OSError as error:
                raise LearnError(f"cannot write {path}: {error.strerror}") from error
            if not (options.json or options.events):
                context.term.line(f"wrote {path}")


def _table(term, work: Workload, results: list[Result]) -> None:
    ideal = max(work.waits_s(results), default=0.0)
    rows = [["", "program", "wall", "× ideal", "CPU", "in flight", "threads", "memory"]]
    for result in results:
        wall, *others = timeline.cells(result)
        ratio = f"{result.wall_s / ideal:.1f}" if result.wall_s and ideal else "–"
        rows.append([term.mark(result.ok), result.name, wall, ratio, *others])
    term.table(rows, "llrrrrrr", indent="")
    for result in results:
        if not result.ok:
            term.line(f"{term.mark(False)} {result.name} {_failure(result)}")
    if work.waits_s(results):
        term.line(term.style("\n" + _bounds_sentence(work, results) + "\n", "dim"))


def _failure(result: Result) -> str:
    return result.failure or f"finished, but {result.error}"


def _bounds_sentence(work: Workload, results: list[Result]) -> str:
    """The limits of any run, in the words of the book's page."""
    waits = work.waits_s(results)
    given = work.delay_ms is None
    ideal, worst = max(waits, default=0.0), sum(waits)
    parts = [f"Ideal: {seconds(ideal)} = {'the longest request' if given else 'max(delay)'}"]
    if work.concurrency < work.count:
        rounds = -(-work.count // work.concurrency)
        least = f"at least {seconds(max(ideal, worst / work.concurrency))}"
        whole = f"{seconds(rounds * ideal)} = {rounds} rounds"
        parts.append(f"{work.concurrency} at a time: {least if given else whole}")
    parts.append(f"worst: {seconds(worst)} = {'all requests added up' if given else 'sum(delay)'}")
    return "; ".join(parts) + "."


def _sentence(work: Workload, results: list[Result]) -> str:
    return f"{work.describe().capitalize()}. {_bounds_sentence(work, results)}"
