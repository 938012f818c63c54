"""The book's site: VitePress, run only when something under book/ changed."""

import contextlib
import hashlib
import os
import re
from pathlib import Path

from learn import process
from learn.context import Context
from learn.errors import LearnError
from learn.locks import alone
from learn.term import clean

LIMIT_S = 1200
SHOWN_LINES = 15
MADE_HERE = {"node_modules", "cache", "dist"}  # below book/ and book/.vitepress/


def folder(context: Context) -> Path:
    """Where the built site is."""
    return context.root / "book" / ".vitepress" / "dist"


def build_site(context: Context, *, log_path: Path | None = None, progress=None) -> None:
    """Brings the built site up to date; raises `LearnError`."""
    book = context.root / "book"
    with _alone(context, book):
        _install_packages(context, book, log_path, progress)
        stamp = _Stamp(context.state / "site.stamp", _digest(book, _sources(book)))
        if not stamp.holds() or not (folder(context) / "index.html").exists():
            command = ["npm", "run", "build"]
            with stamp.renewed():
                _run(context, book, command, "build the site", log_path, progress)


def install_packages(context: Context, place: Path, *, log_path=None, progress=None) -> None:
    """Installs what `package-lock.json` in `place` locks, unless that is there already."""
    with _alone(context, place):
        _install_packages(context, place, log_path, progress)


def _alone(context: Context, place: Path):
    shown = context.shown(place)
    return alone(context, context.state / f"{shown.replace('/', '-')}.lock", f"uses {shown}")


def _install_packages(context: Context, place: Path, log_path, progress) -> None:
    lock = place / "package-lock.json"
    if not lock.exists():
        raise LearnError(f"{context.shown(lock)} is missing")
    locked = _digest(place, [place / "package.json", lock])
    stamp = _Stamp(place / "node_modules" / ".learn-stamp", locked)
    if not stamp.holds():
        title = f"packages of {context.shown(place)} (npm ci)"
        command = ["npm", "ci", "--no-audit", "--no-fund"]
        with stamp.renewed():
            _run(context, place, command, title, log_path, progress)


class _Stamp:
    """A file that remembers for which inputs something was made last."""

    def __init__(self, path: Path, digest: str):
        self._path = path
        self._digest = digest

    def holds(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._digest

    @contextlib.contextmanager
    def renewed(self):
        """Sets the stamp when the work inside succeeds; what is half made has none."""
        self._path.unlink(missing_ok=True)
        yield
        self._path.parent.mkdir(exist_ok=True)  # a lock file may lock no package at all
        self._path.write_text(self._digest)


def _sources(book: Path) -> list[Path]:
    found = []
    for place, folders, files in os.walk(book):
        below = Path(place)
        if below in (book, book / ".vitepress"):
            folders[:] = [name for name in folders if name not in MADE_HERE]
        found += [below / name for name in files]
    return sorted(found)


def _digest(place: Path, files: list[Path]) -> str:
    """Of names and contents; times say nothing after a checkout."""
    whole = hashlib.sha256()
    for path in files:
        content = path.read_bytes() if path.is_file() else b""
        whole.update(f"{path.relative_to(place)}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _run(context: Context, place: Path, command, title: str, log_path, progress) -> None:
    bar = (progress or context.term.progress)(title)
    mode = "ab" if log_path else "wb"
    log_path = log_path or context.logs / "site.log"
    with log_path.open(mode) as log:
        start = log.tell()
        code = process.run(
            command,
            log=log,
            on_tick=bar.tick,
            limit_s=LIMIT_S,
            cwd=place,
            env={**os.environ, "NO_COLOR": "1"},
        )
    bar.finish(code == 0)
    if code:
        text = clean(log_path.read_bytes()[start:].decode("utf-8", "replace"))
        what = f"`{' '.join(command)}` in {context.shown(place)} failed"
        how = f"with {process.describe_exit(code)} (the whole log is {context.shown(log_path)})"
        raise LearnError(f"{what} {how}", _excerpt(text))


def _excerpt(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if re.search(r"\berror\b", line, re.I)), None)
    if first is None:
        return lines[-SHOWN_LINES:]
    return lines[first : first + SHOWN_LINES]
