"""The story that a test case told, and what its program printed: who did what, and when."""

from dataclasses import dataclass, field
from pathlib import Path

from learn.term import clean, shorten, width_of

FIRST, LAST = 4, 20  # what is shown of a long one
STYLES = {"yours": ("bold",), "kernel": ("yellow",), "expected": ("cyan",)}


@dataclass(frozen=True)
class Event:
    ms: float
    who: str
    what: str


@dataclass
class Story:
    events: list[Event] = field(default_factory=list)
    begin_s: float = 0.0  # on the clock of `time.monotonic`; 0 if it never began
    failed_ms: float | None = None  # when the test failed; what follows is only its clean-up

    def with_prints(self, printed: list[tuple[float, str]]) -> list[Event]:
        """The events up to the failure, and between them the lines that the program printed, each
        with its moment."""
        lines = [Event((at - self.begin_s) * 1000, "yours", f"prints: {text}") for at, text in printed]
        both = sorted([*self.events, *lines], key=lambda event: event.ms)
        last = self.failed_ms
        return both if last is None else [event for event in both if event.ms <= last]


def read_story(path: Path) -> Story:
    """Reads what was told; a line that is cut, or not of a story, is left out."""
    story = Story()
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return story
    for line in text.split("\n"):
        time, _, rest = line.partition("\t")
        who, tab, what = rest.partition("\t")
        try:
            ms = float(time)
            if tab and who == "begin":
                story.begin_s = int(what) / 1e9
            elif tab and who == "failed":
                story.failed_ms = ms if story.failed_ms is None else story.failed_ms
            elif tab:
                story.events.append(Event(ms, clean(who), clean(what)))
        except ValueError:
            continue
    return story


def show_story(term, events: list[Event], indent: str = "    ") -> None:
    """Shows the events; the last one that was expected is what did not happen."""
    width = max((width_of(event.who) for event in events), default=0)
    left_out = len(events) - FIRST - LAST
    last_expected = max((n for n, event in enumerate(events) if event.who == "expected"), default=-1)
    for number, event in enumerate(events):
        if left_out > 1 and FIRST <= number < FIRST + left_out:
            if number == FIRST:
                term.line(term.style(f"{indent}{'':>11}  … {left_out} more lines …", "dim"))
            continue
        failed = number == last_expected
        term.line(_line(term, event, width, indent) + (f"  {term.mark(False)}" if failed else ""))


def _line(term, event: Event, width: int, indent: str) -> str:
    time = term.style(f"{event.ms:8.1f} ms", "dim")
    who = term.style(event.who.ljust(width), *STYLES.get(event.who, ("dim",)))
    room = term.columns - len(indent) - 11 - width - 4
    what = shorten(event.what, max(room, 30)) if term.live else event.what
    return f"{indent}{time}  {who}  {what}"
