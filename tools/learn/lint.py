"""clang-format and clang-tidy on a list of files."""

import json
import shlex
from collections import Counter
from pathlib import Path

from learn import process
from learn.build import configure
from learn.context import Context
from learn.term import Progress, clean

LIMIT_S = 900
SHOWN_LINES = 40


def badly_formatted(context: Context, files: list[str], log_path: Path, bar: Progress) -> list[str]:
    """Returns the files that clang-format would change."""
    bad = []
    with log_path.open("ab") as log:
        for number, file in enumerate(files, 1):
            bar.update(number - 1, len(files), file)
            command = ["clang-format", "--dry-run", "-Werror", file]
            if process.run(command, log=log, cwd=context.root, limit_s=LIMIT_S):
                bad.append(file)
    return bad


class Units:
    """The compiled sources through which files are seen: themselves, or for a header one source
    that includes it."""

    def __init__(self, root: Path, files: list[str], presets: list[str]):
        """Asks the compile commands of `presets`, where they are configured, the first first."""
        self._folders: dict[str, Path] = {}
        for preset in presets:
            folder = root / "build" / preset
            for unit in _compiled(root, folder / "compile_commands.json"):
                self._folders.setdefault(unit, folder)
        self.chosen = {file for file in files if file in self._folders}
        self.unseen: list[str] = []
        texts = {unit: (root / unit).read_text(errors="replace") for unit in sorted(self._folders)}
        for file in files:
            if file not in self.chosen:
                self._see_through(file, texts)

    def folder(self, unit: str) -> Path:
        """Where the compile commands are that `unit` is in."""
        return self._folders[unit]

    def _see_through(self, file: str, texts: dict[str, str]) -> None:
        found = _includers(file, texts) if file.endswith(".h") else []
        if not found:
            self.unseen.append(file)
        elif not self.chosen & set(found):
            self.chosen.add(found[0])


def units_for(context: Context, files: list[str], *, log_path: Path, bar: Progress) -> Units:
    """Finds what clang-tidy has to look at; sources that only the fuzzers have are found when the
    fuzz preset is configured."""
    configure(context, "lint", log_path=log_path, progress=bar.part)
    return Units(context.root, files, ["lint", "fuzz"])


def tidy(context: Context, units: Units, *, log_path: Path, bar: Progress):
    """Runs clang-tidy on each unit; yields (unit, problems), problems empty when there is none."""
    for number, unit in enumerate(sorted(units.chosen)):
        bar.update(number, len(units.chosen), unit)
        yield unit, _problems(context, unit, units.folder(unit), log_path, bar)


def unseen_sentence(units: Units) -> str:
    """Says which files nothing compiles, by folder; empty when there are none."""
    if not units.unseen:
        return ""
    counts = Counter(str(Path(file).parent) for file in units.unseen)
    where = ", ".join(f"{folder} ({count})" for folder, count in sorted(counts.items()))
    return f"not seen by clang-tidy, since no configured preset compiles them: {where}"


def _compiled(root: Path, database: Path) -> list[str]:
    if not database.exists():
        return []
    entries = json.loads(database.read_text())
    paths = [(Path(entry["directory"]) / entry["file"]).resolve() for entry in entries]
    return [str(p.relative_to(root)) for p in paths if p.is_relative_to(root) and p.is_file()]


def _includers(header: str, texts: dict[str, str]) -> list[str]:
    parts = Path(header).parts
    name = "/".join(parts[-2:])
    wanted = [f"#include {a}{n}{b}" for n in (name, parts[-1]) for a, b in ("<>", '""')]
    return [unit for unit, text in texts.items() if any(line in text for line in wanted)]


def _problems(context: Context, unit: str, database: Path, log_path: Path, bar) -> list[str]:
    command = ["clang-tidy", "--quiet", "-p", database, unit]
    with log_path.open("ab") as log:
        log.write(f"\n$ {shlex.join(map(str, command))}\n".encode())
        log.flush()
        start = log.tell()
        code = process.run(command, log=log, on_tick=bar.tick, cwd=context.root, limit_s=LIMIT_S)
    if code == 0:
        return []
    with log_path.open("rb") as log:
        log.seek(start)
        text = clean(log.read().decode("utf-8", "replace"))
    lines = [line.replace(f"{context.root}/", "") for line in text.splitlines()]
    first = next((i for i, line in enumerate(lines) if ": error:" in line), 0)
    return lines[first : first + SHOWN_LINES] or [f"clang-tidy: {process.describe_exit(code)}"]
