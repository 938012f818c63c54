"""What `diff:` shows: two places, two versions of a file, or what a patch changes.

    diff: FILE#REGION..FILE#REGION     the second place against the first
    diff: FILE#REGION FOLDER..FOLDER   FILE of the second folder against that of the first
    diff: FOLDER/NAME.patch            the lines of a patch, such as a chapter's mutant

Line numbers are left out: they would change with every edit further up.
"""

import difflib
import re
from pathlib import Path

from learn.errors import LearnError
from learn.regions import Source
from snip.places import Excerpt, Places, without_blank_ends

MARKER = re.compile(r"[ +-][ \t]*(//|#)[ \t]*#(end)?region\b.*")
HUNK = re.compile(r"@@ -\d+(?:,(\d{1,9}))? \+\d+(?:,(\d{1,9}))? @@")
BREAK = "@@ … @@"


def difference(root: Path, places: Places, argument: str) -> Excerpt:
    if argument.endswith(".patch") and ".." not in argument:
        return _patch(places, argument)
    old, dots, new = argument.partition("..")
    if not dots or ".." in new or not old.strip() or not new.strip():
        raise LearnError(f"diff: expected PLACE..PLACE, FILE FOLDER..FOLDER or a patch: {argument}")
    old, new = _versions(root, old.strip(), new.strip())
    before, after = places.excerpt(old), places.excerpt(new)
    lines = list(difflib.unified_diff(before.lines, after.lines, lineterm=""))[2:]
    if not lines:
        raise LearnError(f"diff: {old} and {new} are the same")
    shown = [BREAK if line.startswith("@@") else line for line in lines]
    return Excerpt(after.source, shown[1:])


def _versions(root: Path, old: str, new: str) -> tuple[str, str]:
    """`FILE A` and `B`, when A and B are folders, are A/FILE and B/FILE."""
    place, _, folder = old.rpartition(" ")
    if place and "#" not in new and _is_folder(root, new) and _is_folder(root, folder):
        return f"{folder}/{place.strip()}", f"{new}/{place.strip()}"
    return old, new


def _is_folder(root: Path, name: str) -> bool:
    try:
        return (root / name).is_dir()
    except OSError:  # too long
        return False


def _patch(places: Places, name: str) -> Excerpt:
    """The hunks of a patch in a chapter's folder, whose file they must still fit."""
    patch = Source.read(places.path(name), name)
    file, hunks = _parsed(patch)
    source = places.source(str(Path(name).parent.parent / file))
    text = source.text.replace("\r\n", "\n")
    lines = []
    for hunk in hunks:
        if "".join(line[1:] + "\n" for line in hunk if line[0] in " -") not in text:
            raise LearnError(f"{name} does not fit {source.shown} any more; make it anew")
        shown = [line.rstrip() for line in hunk if not MARKER.fullmatch(line)]
        lines += [BREAK, *without_blank_ends(shown)]
    return Excerpt(source, lines[1:])


def _parsed(patch: Source) -> tuple[str, list[list[str]]]:
    """The one file that a unified diff changes, and its hunks."""
    wrong = LearnError(f"{patch.shown} is no unified diff of one file")
    files, hunks = [], []
    left = {" -": 0, " +": 0}  # of the present hunk
    for line in (line.rstrip("\r\n") for line in patch.lines):
        if any(left.values()):
            line = line or " "
            left = {kinds: count - (line[0] in kinds) for kinds, count in left.items()}
            if line[0] in " -+":
                hunks[-1].append(line)
        elif line.startswith("@@"):
            counts = HUNK.match(line)
            if not counts:
                raise wrong
            left = {" -": int(counts[1] or 1), " +": int(counts[2] or 1)}
            hunks.append([])
        elif line.startswith("+++ "):
            files.append(line[4:].split("\t")[0].strip().removeprefix("b/"))
    if any(left.values()) or len(set(files)) != 1 or not all(hunks) or not hunks:
        raise wrong
    return files[0], hunks
