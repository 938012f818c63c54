"""`run:` and `recorded:`: commands with what they print."""

import os
import re
import subprocess
import time
from pathlib import Path

from learn import process
from learn.book import sections
from learn.commands.bench import machine, machine_line
from learn.context import Context
from learn.errors import LearnError
from learn.term import clean, mebibytes, plural, shorten
from snip.directives import Directive
from snip.places import Places
from snip.render import caption, escaped, fenced

CHECKED_LIMIT_S = 60
RECORDED_LIMIT_S = 900
MOST_BYTES = 1 << 20
MOST_LINES = 200
EXCERPT_LINES = 10
TITLE_COLUMNS = 40
CAPTION = re.compile(r"\*Recorded on .+, \d{4}-\d\d-\d\d\.\*")
# As `./learn test` has them: `FILE:LINE  WORDS`, and more behind two blanks.
PLACE = re.compile(r"(?<!\S)((?:book|chapters|final|tests|tools)/[^\s:]+):(\d{1,9})  (\S+(?: \S+)*)")


def run(context: Context, directive: Directive) -> list[str]:
    """Runs a command whose output is the same every time."""
    output = _output(context, directive, CHECKED_LIMIT_S)
    return fenced([f"$ {directive.argument}", *output], "console")


def record(context: Context, directive: Directive) -> list[str]:
    """Runs a command whose output varies; says when and where that was."""
    output = _output(context, directive, RECORDED_LIMIT_S)
    where = caption(f"Recorded on {escaped(machine_line(machine()))}.")
    return [*fenced([f"$ {directive.argument}", *output], "console"), "", where]


def recorded_command(body: list[str]) -> str:
    """The command that a recording was made with, empty when the body is none."""
    lines = [line for line in body if line.strip()]
    if len(lines) < 3 or not CAPTION.fullmatch(lines[-1]) or not lines[1].startswith("$ "):
        return ""
    return lines[1].removeprefix("$ ")


def renumbered(places: Places, body: list[str]) -> list[str]:
    """A recording with the numbers of the lines where its words stand now; raises `LearnError`."""
    return [PLACE.sub(lambda place: _where_now(places, place), line) for line in body]


def _where_now(places: Places, place: re.Match) -> str:
    name, number, words = place[1], int(place[2]), place[3]
    found = _lines_with(places.path(name), words)
    if number not in found:
        if len(found) != 1:
            what = f"{name} has {words!r} in {plural(len(found), 'line')}, not in line {number}"
            raise LearnError(f"{what}; empty this block and record it again")
        number = found[0]
    return f"{name}:{number}  {words}"


def _lines_with(path: Path, words: str) -> list[int]:
    """The lines in which these words begin; of a text, those of the headings that are these words."""
    if path.suffix == ".md":
        title = words.strip("“”")
        return [each.line for each in sections(path).values() if each.title == title]
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    pattern = r"\s+".join(map(re.escape, words.split()))
    return [text.count("\n", 0, each.start()) + 1 for each in re.finditer(pattern, text)]


def _output(context: Context, directive: Directive, limit_s: float) -> list[str]:
    command, wanted = directive.argument, directive.exits
    code, text = _run(context, command, limit_s)
    lines = _lines(context, text)
    if code != wanted:
        ended = process.describe_exit(code)
        more = "" if code < 0 else f"; if that is right, add the option exits: {code}"
        what = f"`{command}` ended with {ended}, not {wanted}{more}"
        raise LearnError(what, lines[-EXCERPT_LINES:])
    if len(lines) > MOST_LINES:
        what = f"`{command}` prints {len(lines)} lines, more than the {MOST_LINES} of a page"
        raise LearnError(f"{what}; cut them with a pipe")
    return lines


def _run(context: Context, command: str, limit_s: float) -> tuple[int, str]:
    """The exit code and what was printed; raises `LearnError` when that finds no end."""
    # With sh, a pipe succeeds if its last command does, and the page gets what the others complain.
    child = process.spawn(
        ["bash", "-o", "pipefail", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=context.root,
        env=_environment(),
    )
    bar = context.term.progress(shorten(command, TITLE_COLUMNS))
    data = bytearray()
    try:
        with child.stdout:
            for _ in process.output(child, time.monotonic() + limit_s, data.extend):
                bar.tick()
                if len(data) > MOST_BYTES:
                    raise LearnError(f"`{command}` printed more than {mebibytes(MOST_BYTES)}")
        if child.returncode is None:
            raise LearnError(f"`{command}` was not done after {limit_s:.0f} s")
        return child.returncode, data.decode("utf-8", "replace")
    finally:
        process.end(child)
        bar.drop()


def _environment() -> dict[str, str]:
    """The same everywhere: no colours, no translated messages, one width, one time zone."""
    fixed = {"NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8", "COLUMNS": "100", "TZ": "UTC"}
    return {**os.environ, **fixed}


def _lines(context: Context, text: str) -> list[str]:
    """What was printed, without control characters and without the place of this clone."""
    here = re.escape(str(context.root))
    text = clean(re.sub(rf"{here}(?![\w.-])", ".", text.replace(f"{context.root}/", "")))
    return [line.rstrip() for line in text.rstrip().split("\n")] if text.strip() else []
