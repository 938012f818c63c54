"""What `diff:` shows: two places, two versions of a file, or what a mutant changes.

    diff: FILE#REGION..FILE#REGION     the second place against the first
    diff: FILE#REGION FOLDER..FOLDER   FILE of the second folder against that of the first
    diff: CHAPTER/mutants/NAME.patch   what a chapter's mutant changes

Line numbers are left out: they would change with every edit further up.
"""

import difflib
import re
from pathlib import Path

from learn import chapters, mutants
from learn.errors import LearnError
from snip.places import Excerpt, Places, without_blank_ends

MUTANT = re.compile(r"chapters/(ch\d\d_[a-z0-9_]+)/mutants/([\w-]+)\.patch")
MARKER = re.compile(r"[ +-][ \t]*(//|#)[ \t]*#(end)?region\b.*")
BREAK = "@@ … @@"


def difference(root: Path, places: Places, argument: str) -> Excerpt:
    if argument.endswith(".patch") and ".." not in argument:
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
    """The hunks of a mutant, which must still fit its one file."""
    found = MUTANT.fullmatch(name)
    if not found:
        raise LearnError(f"diff: {name} is no mutant; expected chapters/chNN_NAME/mutants/NAME.patch")
    chapter = chapters.read(root, found[1])
    mutant = mutants.read(chapter, found[2])
    mutant.applied(chapter)  # raises where it does not fit
    if len(mutant.hunks) > 1:
        raise LearnError(f"{name} changes more than one file; a page shows one")
    [(path, hunks)] = mutant.hunks.items()
    lines = []
    for hunk in hunks:
        whole = len(hunk.old)
        changes = list(difflib.unified_diff(hunk.old, hunk.new, lineterm="", n=whole))[3:]
        shown = [line.rstrip() for line in changes if not MARKER.fullmatch(line)]
        lines += [BREAK, *without_blank_ends(shown)]
    return Excerpt(places.source(f"chapters/{chapter.folder}/{path}"), lines[1:])
