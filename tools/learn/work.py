"""The learner's own copy of a chapter, in work/chNN_NAME: made, checked, brought up to date."""

import contextlib
import hashlib
import shutil
import time
from pathlib import Path

from learn import editor, markers, skeleton
from learn.chapters import Chapter, Task
from learn.errors import LearnError
from learn.regions import Region, RegionError, Source
from learn.term import plural

MADE_FROM = ".made-from"  # digests of the skeleton's files, to notice that the chapter changed
BACKUPS = "backup"


def shown(chapter: Chapter, path: str = "") -> str:
    return f"work/{chapter.folder}/{path}" if path else f"work/{chapter.folder}"


def require(chapter: Chapter) -> None:
    """Raises unless the chapter was started."""
    if not chapter.started:
        n = chapter.number
        raise LearnError(f"you have not started chapter {n}: ./learn start {n} copies it to work/")


def start(chapter: Chapter) -> None:
    """Writes the skeleton; the folder is there whole or not at all."""
    if chapter.work.exists() or chapter.work.is_symlink():
        n = chapter.number
        what = f"{shown(chapter)} is there already, and nothing was changed"
        raise LearnError(f"{what} (./learn reset {n} begins chapter {n} anew, with a backup)")
    _write_all(chapter, skeleton.make(chapter))


def _write_all(chapter: Chapter, files: dict[str, bytes]) -> None:
    new = chapter.work.with_name(f".{chapter.folder}-new")
    with writing(f"work/{chapter.folder}"):
        shutil.rmtree(new, ignore_errors=True)
        try:
            for path, content in files.items():
                _write(new / path, content)
            _write(new / MADE_FROM, _made_from(files))
            _write(new / editor.NAME, editor.commands(chapter, files))
            new.rename(chapter.work)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def missing(chapter: Chapter) -> list[str]:
    """The chapter's files that the learner's folder lacks."""
    wanted = [*skeleton.paths(chapter), skeleton.HEADER]
    return [path for path in wanted if not (chapter.work / path).is_file()]


def require_complete(chapter: Chapter) -> None:
    gone = missing(chapter)
    if gone:
        others = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        if outdated(chapter):
            how = f"{_changed_sentence(chapter)}: ./learn start {chapter.number} --update"
        else:
            how = f"./learn reset {chapter.number} {gone[0]} brings it back as it was given"
        raise LearnError(f"{shown(chapter, gone[0])}{others} is missing; {how}")


def task_regions(chapter: Chapter, task: Task) -> list[tuple[Source, list[Region]]]:
    """The learner's files of a task, each with the task's regions in it.

    Raises `LearnError` with the way out when markers are missing, doubled or nested wrongly.
    """
    return [_regions_in(chapter, task, path) for path in task.files]


def _regions_in(chapter: Chapter, task: Task, path: str) -> tuple[Source, list[Region]]:
    name = shown(chapter, path)
    try:
        source = Source.read(chapter.work / path, name)
        regions = source.tasks().get(task.id, [])
    except RegionError as error:
        raise LearnError(f"{error.message} ({_way_out(chapter, path)})") from error
    wanted = skeleton.reference_source(chapter, path).named(f"task {task.id}")
    if len(regions) != len(wanted):
        have = f"has {plural(len(regions), 'region')} of task {task.id}"
        should = f"the chapter has {len(wanted)}"
        raise LearnError(f"{name}: {have}, {should} ({_way_out(chapter, path)})")
    return source, regions


def _way_out(chapter: Chapter, path: str) -> str:
    if outdated(chapter):
        return f"{_changed_sentence(chapter)}: ./learn start {chapter.number} --update"
    return _marker_to_put_back(chapter, path) or _anew(chapter, path)


def _marker_to_put_back(chapter: Chapter, path: str) -> str:
    try:
        return markers.advice(chapter, path, Source.read(chapter.work / path))
    except RegionError:
        return ""


def _anew(chapter: Chapter, path: str) -> str:
    return f"./learn reset {chapter.number} {path} gives you the file anew, with a backup"


def is_written(chapter: Chapter, task: Task) -> bool:
    """Tells whether there is anything of the learner's in a task's regions."""
    try:
        found = task_regions(chapter, task)
    except LearnError:
        return True
    bodies = (source.body(region) for source, regions in found for region in regions)
    return not all(map(skeleton.is_stub, bodies))


def is_as_given(chapter: Chapter, task: Task) -> bool:
    """Tells whether a task's regions hold their stubs, and nothing else."""
    return all(
        source.body(region) == skeleton.stub(region)
        for source, regions in task_regions(chapter, task)
        for region in regions
    )


def task_at(chapter: Chapter, path: str, line: int) -> Task | None:
    """The task in whose region a line of the learner's lies."""
    try:
        found = Source.read(chapter.work / path).task_at(line)
    except RegionError:
        return None
    return next((task for task in chapter.tasks if task.id == found), None)


# ---- going back --------------------------------------------------------------------------------


def reset_task(chapter: Chapter, task: Task) -> str:
    """Puts the stub back into a task's regions; returns where the backup is."""
    found = task_regions(chapter, task)
    kept = backup(chapter, list(task.files))
    for path, (source, regions) in zip(task.files, found):
        text = source.replaced({region: skeleton.stub(region) for region in regions})
        with writing(source.shown):
            _write(chapter.work / path, skeleton.with_include(text).encode())
    return kept


def reset_file(chapter: Chapter, path: str) -> str:
    """Gives a file anew as the skeleton has it; returns where the backup is, if there was one."""
    new = skeleton.make_file(chapter, path)
    kept = backup(chapter, [path])
    with writing(shown(chapter, path)):
        _write(chapter.work / path, new)
    return kept


def reset_chapter(chapter: Chapter) -> str:
    """Begins the chapter anew; returns where the old folder is now."""
    files = skeleton.make(chapter)
    place = _backup_folder(chapter)
    with writing(f"work/{BACKUPS}"):
        place.parent.mkdir(parents=True)
        chapter.work.rename(place)
    _write_all(chapter, files)
    return _shown_backup(chapter, place)


def backup(chapter: Chapter, paths: list[str]) -> str:
    """Copies files of the learner's; returns how to call the place, empty when none exists."""
    there = [path for path in paths if (chapter.work / path).is_file()]
    if not there:
        return ""
    place = _backup_folder(chapter)
    with writing(f"work/{BACKUPS}"):
        for path in there:
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(chapter.work / path, place / path)
    return _shown_backup(chapter, place / there[0] if len(there) == 1 else place)


def _backup_folder(chapter: Chapter) -> Path:
    root = chapter.root / "work" / BACKUPS
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    names = (stamp, *(f"{stamp}-{number}" for number in range(2, 1000)))
    return next(root / name for name in names if not (root / name).exists()) / chapter.folder


def _shown_backup(chapter: Chapter, path: Path) -> str:
    return str(path.relative_to(chapter.root))


# ---- a chapter that changed after it was started -----------------------------------------------


def outdated(chapter: Chapter) -> list[str]:
    """The files that the chapter has changed, added or dropped since it was started."""
    old = _read_made_from(chapter)
    if old is None:
        return []
    now = _digests({path: skeleton.make_file(chapter, path) for path in skeleton.paths(chapter)})
    return sorted(path for path in {*old, *now} if old.get(path) != now.get(path))


def note(chapter: Chapter) -> str:
    """One sentence on a changed chapter, else on markers that are not right; empty when all is
    well."""
    if not outdated(chapter):
        return _markers_note(chapter)
    how = f"./learn start {chapter.number} --update takes that over and keeps your tasks"
    return f"{_changed_sentence(chapter)}; {how}"


def _markers_note(chapter: Chapter) -> str:
    for task in chapter.tasks:
        if all((chapter.work / path).is_file() for path in task.files):
            try:
                task_regions(chapter, task)
            except LearnError as error:
                return error.message
    return ""


def _changed_sentence(chapter: Chapter) -> str:
    return f"chapter {chapter.number} has changed since you started it"


def update(chapter: Chapter) -> tuple[list[str], str]:
    """Takes a changed chapter over; what is in the tasks' regions stays the learner's.

    Returns the files that changed, and where the learner's earlier ones are kept.
    """
    files = skeleton.make(chapter)
    changes = _changes(chapter, files)
    kept = backup(chapter, list(changes))
    for path, content in changes.items():
        with writing(shown(chapter, path)):
            if content is None:
                (chapter.work / path).unlink(missing_ok=True)
            else:
                _write(chapter.work / path, content)
    with writing(shown(chapter, MADE_FROM)):
        _write(chapter.work / MADE_FROM, _made_from(files))
        _write(chapter.work / editor.NAME, editor.commands(chapter, files))
    return list(changes), kept


def _changes(chapter: Chapter, files: dict[str, bytes]) -> dict[str, bytes | None]:
    """What an update has to write (or, for None, delete): only where the chapter has changed."""
    old, now = _read_made_from(chapter) or {}, _digests(files)
    changes: dict[str, bytes | None] = {}
    for path in sorted({*old, *files}):
        mine = chapter.work / path
        content = files.get(path)
        if path != skeleton.HEADER and old.get(path) == now.get(path) and mine.is_file():
            continue
        if path.startswith("funnel/") and path != skeleton.HEADER and mine.is_file():
            content = _with_bodies_of(chapter, path, content)
        if content != (mine.read_bytes() if mine.is_file() else None):
            changes[path] = content
    return changes


def _with_bodies_of(chapter: Chapter, path: str, content: bytes | None) -> bytes | None:
    """The chapter's file with what the learner has in its regions; raises where that has no place
    in it, or cannot be told from the rest."""
    way_out = "the chapter has dropped this file: move what you need of it, and delete it"
    if content is not None:
        way_out = _marker_to_put_back(chapter, path) or _anew(chapter, path)
    name = shown(chapter, path)
    new = Source((content or b"").decode(), name)
    try:
        mine = Source.read(chapter.work / path, name)
        own = mine.tasks()
    except RegionError as error:
        raise LearnError(f"{error.message} ({way_out})") from error
    wanted, bodies = new.tasks(), {}
    for task in {**wanted, **own}:
        regions, written = wanted.get(task, []), [mine.body(each) for each in own.get(task, [])]
        nothing_is_lost = not regions and all(map(skeleton.is_stub, written))
        if len(written) != len(regions) and not nothing_is_lost:
            have = f"has {plural(len(written), 'region')} of task {task}, the chapter"
            raise LearnError(f"{name}: {have} has {len(regions) or 'none'} now ({way_out})")
        bodies |= dict(zip(regions, written))
    return content if content is None else new.replaced(bodies).encode()


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {
        path: hashlib.sha256(content).hexdigest()[:16]
        for path, content in files.items()
        if path != skeleton.HEADER
    }


def _made_from(files: dict[str, bytes]) -> bytes:
    rows = [f"{digest}  {path}\n" for path, digest in sorted(_digests(files).items())]
    head = "# The chapter's files as they were copied: how ./learn notices a change.\n"
    return (head + "".join(rows)).encode()


def _read_made_from(chapter: Chapter) -> dict[str, str] | None:
    try:
        lines = (chapter.work / MADE_FROM).read_text(errors="replace").splitlines()
    except OSError:
        return None
    pairs = (line.split("  ", 1) for line in lines if not line.startswith("#"))
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2} or None


# ---- files -------------------------------------------------------------------------------------


@contextlib.contextmanager
def writing(what: str):
    """Turns what the system says against writing into one line."""
    try:
        yield
    except OSError as error:
        raise LearnError(f"cannot write {what}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
