"""The loop's own trace, as programs write it from chapter 2 on where FUNNEL_TRACE=FILE says: a line of
JSON for each event, `{"seq":1,"time_ns":5,"turn":1,"kind":"timer.run","id":4,"parent":2,"name":"x"}`.
"""

import json
from dataclasses import dataclass

from learn.errors import LearnError

VARIABLE = "FUNNEL_TRACE"
FIELDS = {"seq": int, "time_ns": int, "turn": int, "kind": str, "id": int, "parent": int, "name": str}


@dataclass(frozen=True)
class Event:
    seq: int
    time_ns: int
    turn: int
    kind: str
    id: int
    parent: int
    name: str


def read(text: str, shown: str) -> list[Event]:
    """Reads a trace; raises `LearnError` that names the first line which is not of one."""
    events = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise LearnError(f"{shown}:{number}: is not JSON: {error}") from error
        events.append(_event(row, f"{shown}:{number}"))
        if events[-1].seq != number:
            raise LearnError(f"{shown}:{number}: seq is {events[-1].seq}, expected {number}")
    if not events:
        raise LearnError(f"{shown} is empty: does the program run a loop?")
    return events


def _event(row, where: str) -> Event:
    if not isinstance(row, dict):
        raise LearnError(f"{where}: is not an object")
    for name, kind in FIELDS.items():
        if type(row.get(name)) is not kind:
            raise LearnError(f"{where}: expected {name!r} to be a {'text' if kind is str else 'number'}")
    unknown = sorted(set(row) - set(FIELDS))
    if unknown:
        raise LearnError(f"{where}: nothing is known of {unknown[0]!r}")
    return Event(**row)


def show(term, events: list[Event]) -> None:
    """A table of the events; what something that runs has caused is indented."""
    rows = [["ms", "turn", "what", "", "from", "name"]]
    depth = 0
    for event in events:
        if event.kind.endswith(".end"):
            depth = max(depth - 1, 0)
        number = f"#{event.id}" if event.id else ""
        parent = f"#{event.parent}" if event.parent else ""
        what = "  " * depth + event.kind
        rows.append([f"{event.time_ns / 1e6:.3f}", str(event.turn), what, number, parent, event.name])
        if event.kind.endswith(".run"):
            depth += 1
    term.table(rows, "rrlrrl", indent="")
