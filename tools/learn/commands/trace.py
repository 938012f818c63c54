"""`./learn trace N NAME`: what a program of a chapter asked the system for, as it was recorded."""

import re
import shlex
import sys

from learn import examples, process
from learn.arguments import Parser, add_chapter_and_name, nearest, split_at
from learn.build import build
from learn.chapters import Chapter, find_chapter
from learn.errors import LearnError, UsageError
from learn.install import ensure
from learn.needs import BUILD
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
    how = "make it anew, with strace; -- ARGUMENT… for the program"
    parser.add_argument("--record", action="store_true", help=how)
    options = parser.parse(own)
    chapter = find_chapter(context.root, options.chapter)
    if of_program is not None and not options.record:
        raise UsageError("a recording is shown as it is: arguments behind -- are for --record")
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
    sys.stdout.write(path.read_text(encoding="utf-8", errors="replace"))
    return 0


def _path(context, chapter: Chapter, name: str):
    return context.root / FOLDER / f"{chapter.short}-{name}.trace"


def _recorded(context, chapter: Chapter) -> list[str]:
    found = (context.root / FOLDER).glob(f"{chapter.short}-*.trace")
    return sorted(path.stem.removeprefix(f"{chapter.short}-") for path in found)


def _list(context, chapter: Chapter) -> int:
    names = _recorded(context, chapter)
    if not names:
        raise LearnError(f"nothing of chapter {chapter.number} is recorded yet, in {FOLDER}")
    for name in names:
        context.term.line(f"  ./learn trace {chapter.number} {name}")
    return 0


def _record(context, chapter: Chapter, name: str, arguments: list[str] | None) -> int:
    """Runs the reference's example under strace; without arguments, with those of last time."""
    path = _path(context, chapter, name)
    if arguments is None:
        arguments = _arguments_of(path)
    ensure(context, NEEDS, "./learn trace --record")
    target = examples.target(chapter, REFERENCE, name)
    build(context, "release", [target])
    raw = context.state / "trace"
    command = ["strace", "-f", "-r", "-s", "60", "-e", f"trace={CALLS}", "-o", raw]
    command += [context.binary(target), *arguments]
    bar = context.term.progress(f"record {name}")
    log_path = context.logs / "trace.log"
    with log_path.open("wb") as log:
        code = process.run(command, log=log, on_tick=bar.tick, limit_s=LIMIT_S)
    bar.finish(code == 0)
    if code:
        how = process.describe_exit(code)
        raise LearnError(f"{name} ended with {how} (its output is {context.shown(log_path)})")
    lines = without_noise(raw.read_text(errors="replace").splitlines())
    raw.unlink()
    head = COMMAND + shlex.join([name, *arguments])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    context.term.line(f"wrote {context.shown(path)}: {len(lines)} calls")
    return 0


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
