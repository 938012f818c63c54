"""Which C++ files there are, which of them changed (git knows), and what a program's is about."""

import re
import subprocess
from pathlib import Path

from learn.errors import LearnError, UsageError

PATTERNS = ("*.h", "*.cpp")


def all_sources(root: Path) -> list[str]:
    """Every C++ file that git tracks, as paths from the root."""
    return _existing(root, _git(root, "ls-files", "-z", "--", *PATTERNS))


def changed_sources(root: Path, base: str) -> list[str]:
    """The C++ files that differ from the revision `base`, new ones included."""
    if not _git(root, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}", check=False):
        raise UsageError(f"git knows no revision {base!r} to compare with")
    changed = _git(root, "diff", "--name-only", "-z", "--relative", base, "--", *PATTERNS)
    new = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", *PATTERNS)
    return _existing(root, changed + new)


def default_base(root: Path) -> str | None:
    """Where the present line of work began: where it left origin/main, else the last commit."""
    head = _git(root, "rev-parse", "HEAD", check=False).strip()
    fork = _git(root, "merge-base", "HEAD", "origin/main", check=False).strip()
    if fork and fork != head:
        return fork
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD~1", check=False).strip() or None


def about_of(path: Path) -> str:
    """What the file's first comment says, up to its first full stop or colon."""
    words: list[str] = []
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("//") and "region" not in line:
            words += line.lstrip("/ ").split()
        elif words:
            break
    return re.split(r"[.:](?: |$)", " ".join(words), maxsplit=1)[0]


def _existing(root: Path, names: str) -> list[str]:
    return sorted({name for name in names.split("\0") if name and (root / name).is_file()})


def _git(root: Path, *arguments: str, check: bool = True) -> str:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, errors="replace"
        )
    except OSError as error:
        raise LearnError(f"cannot start git: {error.strerror}") from error
    if result.returncode and check:
        said = result.stderr.strip().partition("\n")[0]
        raise LearnError(f"git {arguments[0]} failed here: {said}")
    return result.stdout if result.returncode == 0 else ""
