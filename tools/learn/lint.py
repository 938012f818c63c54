"""clang-format and clang-tidy on a list of files."""

import json
import shlex
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


def tidy(context: Context, files: list[str], *, log_path: Path, bar: Progress):
    """Runs clang-tidy on each file; yields (file, problems), problems empty when there is none.

    Sources are those that the dev preset compiles. A header is seen through one source that
    includes it.
    """
    configure(context, "dev", log_path=log_path, progress=bar.part)
    database = context.build / "dev" / "compile_commands.json"
    units = units_for(context.root, files, json.loads(database.read_text()))
    for number, unit in enumerate(units, 1):
        bar.update(number - 1, len(units), unit)
        yield unit, _problems(context, unit, database.parent, log_path, bar)


def units_for(root: Path, files: list[str], entries: list[dict]) -> list[str]:
    """The compiled sources through which all of `files` are seen."""
    known = {}
    for entry in entries:
        path = (Path(entry["directory"]) / entry["file"]).resolve()
        if path.is_relative_to(root):
            known[str(path.relative_to(root))] = path
    units = {file for file in files if file in known}
    headers = [file for file in files if file.endswith(".h")]
    if headers:
        texts = {unit: path.read_text(errors="replace") for unit, path in sorted(known.items())}
        for header in headers:
            units |= _includer(header, texts, units)
    return sorted(units)


def _includer(header: str, texts: dict[str, str], chosen: set[str]) -> set[str]:
    """One source that includes `header`, best one that is looked at anyway."""
    parts = Path(header).parts
    name = "/".join(parts[-2:])
    wanted = [f"#include {a}{n}{b}" for n in (name, parts[-1]) for a, b in ("<>", '""')]
    found = [unit for unit, text in texts.items() if any(line in text for line in wanted)]
    return set(found[:1]) if not chosen & set(found) else set()


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
