"""The useful lines of how a process died: a sanitizer's report, an uncaught exception, a signal."""

import re
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from learn import process
from learn.term import clean

SHOWN_FRAMES = 6
LEAST_RECURSION = 20
REPORT = re.compile(r"(?:==\d+==)?(?:ERROR|WARNING): (\w+Sanitizer): (.*)")
SEGMENT = re.compile(
    r"(freed by|previously allocated by|allocated by|(Direct|Indirect) leak of|Thread T\d+ created)"
)
UNDEFINED = re.compile(r"(.*?):(\d+)(?::\d+)?: runtime error: (.*)")
MEANT = {
    "heap-use-after-free": "memory is used that was freed already",
    "heap-buffer-overflow": "memory is used beyond its end",
    "stack-buffer-overflow": "memory is used beyond its end",
    "global-buffer-overflow": "memory is used beyond its end",
    "stack-use-after-return": "a local variable is used after its function has returned",
    "stack-use-after-scope": "a local variable is used after its block has ended",
    "double-free": "memory is freed twice",
    "SEGV": "a pointer or reference leads nowhere",
    "stack-overflow": "the stack is full: does a function call itself without end?",
    "detected memory leaks": "memory was never freed",
}


@dataclass(frozen=True)
class Frame:
    function: str
    file: str  # from the root of the clone
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f"  {self.function}" if self.function else "")


@dataclass(frozen=True)
class Crash:
    what: str
    lines: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()  # of the clone's own code, the innermost first


def begins_report(line: str) -> bool:
    """Tells whether a sanitizer or the C++ runtime begins to say why the process ends."""
    started = re.match(r"=+$|==\d+==|terminate called|\w+: \w+: Assertion", line)
    return bool(started or UNDEFINED.search(line))


def is_report(stderr: str) -> bool:
    """Tells of a wrong access or undefined behaviour; a leak alone does not count."""
    pattern = r"^(==\d+==)?ERROR: (?!Leak)\w+Sanitizer|: runtime error: "
    return bool(re.search(pattern, stderr, re.MULTILINE))


def explain(stderr: str, code: int, root: Path) -> Crash:
    lines = clean(stderr).splitlines()
    for number, line in enumerate(lines):
        undefined = UNDEFINED.search(line)
        if undefined:
            return _undefined(undefined, lines[number + 1 :], root)
        report = REPORT.search(line)
        if report:
            return _sanitizer(report, lines[number + 1 :], root)
    return _without_report(lines, code)


def _undefined(found: re.Match, rest: list[str], root: Path) -> Crash:
    frames = _frames(rest, root)
    path = found[1].removeprefix(f"{root}/")
    if not path.startswith("/") and not frames:
        frames = [Frame("", path, int(found[2]))]
    what = f"undefined behaviour: {found[3]}"
    return Crash(what, tuple(map(str, frames[:SHOWN_FRAMES])), tuple(frames))


def _sanitizer(found: re.Match, rest: list[str], root: Path) -> Crash:
    kind = found[2].partition(" on ")[0]
    if kind == "SEGV" and _recurses(rest):  # the signal's handler hides that the stack was full
        kind = "stack-overflow"
    meant = next((text for key, text in MEANT.items() if kind.startswith(key)), "")
    what = f"{found[1]}: {kind}" + (f": {meant}" if meant else "")
    segments = _segments(rest)
    if found[1] == "LeakSanitizer":
        return _leak(what, segments, root)
    frames = [_frames(segment, root) for _, segment in segments]
    shown = list(map(str, frames[0][:SHOWN_FRAMES]))
    for (title, _), place in zip(segments[1:], frames[1:]):
        if place:
            shown.append(f"{title}:")
            shown += [f"  {frame}" for frame in place[: SHOWN_FRAMES // 2]]
    return Crash(what, tuple(shown), tuple(frame for place in frames for frame in place))


def _recurses(lines: list[str]) -> bool:
    """Tells whether one place is on the stack again and again."""
    places = Counter(line.split(" in ", 1)[-1] for line in lines if re.match(r"\s*#\d+ ", line))
    return any(count >= LEAST_RECURSION for count in places.values())


def _leak(what: str, segments, root: Path) -> Crash:
    """Where the first leak of the clone's own code was allocated."""
    own = [(title, frames) for title, lines in segments[1:] if (frames := _frames(lines, root))]
    if not own:
        return Crash(what)
    title, frames = own[0]
    size = re.match(r"\w+ leak of (\d+) byte", title)
    lines = [f"{size[1]} bytes, allocated in" if size else "allocated in"]
    lines += [str(frame) for frame in frames[:SHOWN_FRAMES]]
    if len(own) > 1:
        lines.append(f"and in {len(own) - 1} more places")
    return Crash(what, tuple(lines), tuple(frames))


def _segments(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Cuts a report at its titles: where it happened, where that was freed, where made."""
    segments: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        title = SEGMENT.match(line.strip())
        if title:
            words = re.sub(r" by thread T\d+.*| allocated from:.*", "", line.strip())
            segments.append((words.rstrip(" :"), []))
        elif line.startswith("SUMMARY:"):
            break
        else:
            segments[-1][1].append(line)
    return segments


def _frames(lines: list[str], root: Path) -> list[Frame]:
    """The frames of the first stack in `lines` that lie in the clone, each place once."""
    pattern = re.compile(rf"\s*#(\d+) 0x[0-9a-f]+ in (.*?) ?{re.escape(str(root))}/(.+?):(\d+)")
    frames: list[Frame] = []
    for line in lines:
        if frames and re.match(r"\s*#0 ", line):
            break
        found = pattern.match(line)
        if found:
            frame = Frame(_short(found[2]), found[3], int(found[4]))
            frames += [frame] if frame not in frames else []
    return frames


def _short(function: str) -> str:
    name = re.sub(r"^DOCTEST_ANON_FUNC_\d+.*", "the test", function)
    return name.partition("(")[0].replace("[abi:cxx11]", "").strip()


def _without_report(lines: list[str], code: int) -> Crash:
    if "terminate called without an active exception" in lines:
        return Crash("a std::thread was destroyed that nobody had joined: the process was ended")
    thrown = [line for line in lines if line.startswith(("terminate called", "  what():"))]
    if thrown:
        what = "an exception left a thread or a noexcept function: the process was ended"
        return Crash(what, tuple(line.strip() for line in thrown))
    if code < 0:
        name = process.describe_exit(code)
        piped = -code == signal.SIGPIPE
        means = ": it wrote to a connection that the peer had closed" if piped else ""
        said = tuple(lines[-SHOWN_FRAMES:])
        if -code == signal.SIGABRT and said:  # who aborts has said why
            return Crash(f"{said[-1]} ({name})", said[:-1])
        return Crash(f"the process was ended by {name}{means}", said)
    return Crash(f"the process ended with exit code {code}", tuple(lines[-SHOWN_FRAMES:]))
