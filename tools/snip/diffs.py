"""What `diff:` shows: two places, two versions of a file, or what a mutant changes.

    diff: FILE#REGION..FILE#REGION     the second place against the first
    diff: FILE#REGION FOLDER..FOLDER   FILE of the second folder against that of the first
    diff: CHAPTER/mutants.toml#NAME    what a chapter's mutant changes

Line numbers are left out: they would change with every edit further up.
"""

import difflib
import re
from pathlib import Path

from learn import chapters, mutants
from learn.errors import LearnError
from snip.places import Excerpt, Places, without_blank_ends

MUTANT = re.compile(r"chapters/(ch\d\d_[a-z0-9_]+)/mutants\.toml#([a-z0-9-]+)")
CONTEXT = 1  # lines of the file around what a mutant changes
MARKER = re.compile(r"[ +-][ \t]*(//|#)[ \t]*#(end)?region\b.*")
BREAK = "@@ … @@"


def difference(root: Path, places: Places, argument: str) -> Excerpt:
    if mutants.NAME in argument and ".." not in argument:
        return _mutant(root, places, argument)
    old, dots, new = argument.partition("..")
    if not dots or ".." in new or not old.strip() or not new.strip():
        raise LearnError(f"diff: expected PLACE..PLACE, FILE FOLDER..FOLDER or a mutant: {argument}")
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


def _mutant(root: Path, places: Places, name: str) -> Excerpt:
    """The lines that a mutant changes, which must still be in its file."""
    found = MUTANT.fullmatch(name)
    if not found:
        raise LearnError(f"diff: {name} is not a mutant; expected chapters/chNN_NAME/mutants.toml#NAME")
    chapter = chapters.read(root, found[1])
    mutant = mutants.find(chapter, found[2])
    source = places.source(f"chapters/{chapter.folder}/{mutant.file}")
    changed = mutant.applied(chapter)[mutant.file].splitlines()
    before = (chapter.reference / mutant.file).read_text(encoding="utf-8").splitlines()
    lines = []
    for line in list(difflib.unified_diff(before, changed, lineterm="", n=CONTEXT))[2:]:
        if line.startswith("@@"):
            lines.append(BREAK)
        elif not MARKER.fullmatch(line):
            lines.append(line.rstrip())
    return Excerpt(source, without_blank_ends(lines[1:]))
