"""A marker of a region that was deleted: which it is, and where to put it back."""

from learn.chapters import Chapter
from learn.regions import Source
from learn.skeleton import make_file


def advice(chapter: Chapter, path: str, mine: Source) -> str:
    """Says where to put back the one marker that a learner's file lacks; empty when it lacks none,
    or more than one, or has others. May raise `RegionError`."""
    given = Source(make_file(chapter, path).decode(), mine.shown)
    wanted, found = given.markers(), mine.markers()
    gone = next((at for at, pair in enumerate(zip(wanted, found)) if pair[0][1] != pair[1][1]), None)
    gone = len(found) if gone is None else gone
    names = [name for _, name in wanted]
    if names[:gone] + names[gone + 1 :] != [name for _, name in found] or len(names) == len(found):
        return ""
    end = len(given.lines) + 1, len(mine.lines) + 1
    before = (wanted[gone - 1][0], found[gone - 1][0]) if gone else (0, 0)
    after = (wanted[gone + 1][0], found[gone][0]) if gone < len(found) else end
    line, name = wanted[gone]
    text = mine.lines[before[1] : after[1] - 1]
    put = f"put `{given.lines[line - 1].strip()}` back"
    if name.startswith("end"):
        at = _suffix(text, given.lines[line : after[0] - 1])
    else:
        at = _prefix(text, given.lines[before[0] : line - 1])
    if at is None:
        return f"{put} between lines {before[1] or 1} and {after[1]}"
    return f"{put} before line {before[1] + 1 + at}"


def _suffix(text: list[str], given: list[str]) -> int | None:
    """Where in `text` its end begins that is as it was given."""
    at = len(text) - len(given)
    return at if at >= 0 and text[at:] == given else None


def _prefix(text: list[str], given: list[str]) -> int | None:
    """Where in `text` what was given ends. There may be more above it, a helper or an include, so
    that its last line is looked for, which has to be the only one of its kind."""
    last = given[-1] if given else None
    return text.index(last) + 1 if text.count(last) == 1 else None
