"""`./learn trace N NAME`: what a program of a chapter did, as it was recorded: chapter 1's calls of the
system, and from chapter 2 on the turns of its loop.
"""

import os
import re
import shlex
import sys

from learn import examples, loop_trace, process
from learn.arguments import Parser, add_chapter_and_name, nearest, split_at
from learn.build import build
from learn.chapters import Chapter, find_chapter
from learn.errors import LearnError, UsageError
from learn.install import ensure
from learn.needs import BUILD
from learn.term import plural
from learn.versions import REFERENCE

SUMMARY = "shows a recorded trace of a chapter's program"
ORDER = 29
COURSE = (95, "trace N NAME", "a recorded trace of a program; no NAME lists them")
NEEDS = (*BUILD, "strace")
FOLDER = "book/recordings"
COMMAND = "# $ "  # the recording's first line, followed by the program's arguments
LIMIT_S = 60
TIMED = re.compile(r"(\d* +)(\d+\.\d{6})( .*)")
BEGIN = r"\b(socket|socketpair|pipe2?|eventfd2|epoll_create1|clone3?)\("
NOISE = re.compile(r"NETLINK|nlmsg_|\bnl_pid\b|/nscd/")
# What a program of the course does on sockets, files and threads; not how it is loaded.
CALLS = "%network,read,write,readv,writev,close,poll,ppoll,epoll_wait,epoll_pwait,epoll_ctl,clone3"


def run(context, arguments: list[str]) -> int:
    own, of_program = split_at(arguments)
    parser = Parser("trace", SUMMARY)
    add_chapter_and_name(parser, "of the recording and the example")
    how = "record it again; -- ARGUMENT… for the program"
    parser.add_argument("--record", action="store_true", help=how)
    options = parser.parse(own)
    chapter = find_chapter(context.root, options.chapter)
    if of_program is not None and not options.record:
        raise UsageError("a recording is shown as it is: arguments after -- are for --record")
    if options.record:
        if not options.name:
            how = f"./learn run {chapter.number} lists them"
            raise UsageError(f"--record takes the name of an example ({how})")
        return _record(context, chapter, examples.named(chapter, options.name), of_program)
    if not options.name:
        return _list(context, chapter)
    path = _path(context, chapter, options.name)
    if not path.is_file():
        known = _recorded(context, chapter)
        how = f"./learn trace {chapter.number} lists what there is"
        what = f"chapter {chapter.number} has no recording {options.name!r}"
        raise UsageError(f"{what}{nearest(options.name, known)} ({how})")
    text = path.read_text(encoding="utf-8", errors="replace")
    if _has_loop(chapter):
        loop_trace.show(context.term, loop_trace.read(text, context.shown(path)))
    else:
        sys.stdout.write(text)
    return 0


def _has_loop(chapter: Chapter) -> bool:
    return chapter.number > 1


def _suffix(chapter: Chapter) -> str:
    return ".jsonl" if _has_loop(chapter) else ".trace"


def _path(context, chapter: Chapter, name: str):
    return context.root / FOLDER / f"{chapter.short}-{name}{_suffix(chapter)}"


def _recorded(context, chapter: Chapter) -> list[str]:
    found = (context.root / FOLDER).glob(f"{chapter.short}-*{_suffix(chapter)}")
    return sorted(path.stem.removeprefix(f"{chapter.short}-") for path in found)


def _list(context, chapter: Chapter) -> int:
    names = _recorded(context, chapter)
    if not names:
        raise LearnError(f"nothing of chapter {chapter.number} is recorded yet, in {FOLDER}")
    for name in names:
        context.term.line(f"  ./learn trace {chapter.number} {name}")
    return 0


def _record(context, chapter: Chapter, name: str, arguments: list[str] | None) -> int:
    """Runs the reference's example; without arguments, one of chapter 1 with those of last time."""
    path = _path(context, chapter, name)
    ensure(context, BUILD if _has_loop(chapter) else NEEDS, "./learn trace --record")
    target = examples.target(chapter, REFERENCE, name)
    build(context, "release", [target])
    raw = context.state / "trace"
    raw.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if _has_loop(chapter):
        _run(context, name, [context.binary(target), *(arguments or [])], {loop_trace.VARIABLE: str(raw)})
        text = raw.read_text(errors="replace") if raw.exists() else ""
        what = plural(len(loop_trace.read(text, f"the trace of {name}")), "event")
        path.write_text(text, encoding="utf-8")
    else:
        arguments = _arguments_of(path) if arguments is None else arguments
        command = ["strace", "-f", "-r", "-s", "60", "-e", f"trace={CALLS}", "-o", raw]
        _run(context, name, [*command, context.binary(target), *arguments])
        lines = without_noise(raw.read_text(errors="replace").splitlines())
        what = plural(len(lines), "call")
        head = COMMAND + shlex.join([name, *arguments])
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    raw.unlink()
    context.term.line(f"wrote {context.shown(path)}: {what}")
    return 0


def _run(context, name: str, command: list, environment: dict[str, str] | None = None) -> None:
    bar = context.term.progress(f"record {name}")
    log_path = context.logs / "trace.log"
    env = {**os.environ, **(environment or {})}
    with log_path.open("wb") as log:
        code = process.run(command, log=log, on_tick=bar.tick, limit_s=LIMIT_S, env=env)
    bar.finish(code == 0)
    if code:
        how = process.describe_exit(code)
        raise LearnError(f"{name} ended with {how} (its output is {context.shown(log_path)})")


def without_noise(lines: list[str]) -> list[str]:
    """Leaves out what no chapter is about: how the program is loaded, and how `getaddrinfo` asks
    which addresses this machine has. The times stay those since the line before."""
    first = next((i for i, line in enumerate(lines) if re.search(BEGIN, line)), 0)
    kept, left_out_s = [], 0.0
    for line in lines[first:]:
        found = TIMED.fullmatch(line)
        if found and NOISE.search(line):
            left_out_s += float(found[2])
        elif found and left_out_s:
            kept.append(f"{found[1]}{float(found[2]) + left_out_s:>{len(found[2])}.6f}{found[3]}")
            left_out_s = 0.0
        else:
            kept.append(line)
    return kept


def _arguments_of(path) -> list[str]:
    try:
        first = path.read_text(errors="replace").partition("\n")[0]
    except OSError:
        return []
    return shlex.split(first.removeprefix(COMMAND))[1:] if first.startswith(COMMAND) else []
