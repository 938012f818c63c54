"""The story that a test case told: who did what, and when."""

from dataclasses import dataclass
from pathlib import Path

from learn.term import clean, shorten, width_of

FIRST, LAST = 4, 20  # what is shown of a long one
STYLES = {"yours": ("bold",), "kernel": ("yellow",), "expected": ("cyan",)}


@dataclass(frozen=True)
class Event:
    ms: float
    who: str
    what: str


def read_story(path: Path) -> list[Event]:
    """Reads what was told; a line that is cut or no line of a story is left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    events = []
    for line in text.split("\n"):
        time, _, rest = line.partition("\t")
        who, tab, what = rest.partition("\t")
        try:
            events += [Event(float(time), clean(who), clean(what))] if tab else []
        except ValueError:
            continue
    return events


def show_story(term, events: list[Event], indent: str = "    ") -> None:
    width = max((width_of(event.who) for event in events), default=0)
    left_out = len(events) - FIRST - LAST
    for number, event in enumerate(events):
        if left_out > 1 and FIRST <= number < FIRST + left_out:
            if number == FIRST:
                term.line(term.style(f"{indent}{'':>11}  … {left_out} more lines …", "dim"))
            continue
        term.line(_line(term, event, width, indent))


def _line(term, event: Event, width: int, indent: str) -> str:
    time = term.style(f"{event.ms:8.1f} ms", "dim")
    who = term.style(event.who.ljust(width), *STYLES.get(event.who, ("dim",)))
    room = term.columns - len(indent) - 11 - width - 4
    what = shorten(event.what, max(room, 30)) if term.live else event.what
    return f"{indent}{time}  {who}  {what}"
