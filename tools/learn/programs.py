"""Finds the fetch programs that `compare` runs: every compare.toml names some.

    [[program]]
    name = "final, synchronous"
    order = 90                         # its place among the others
    target = "demo_fetch"              # what to build
    path = "bin/fetch"                 # the binary, from build/release
    args = ["--sync"]
    waits = "one after the other, blocked in recv"
"""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from learn import chapters, examples
from learn.chapters import Chapter
from learn.context import Context
from learn.errors import LearnError
from learn.versions import MINE, REFERENCE

PLACES = ("chapters/*/examples/compare.toml", "final/demos/*/compare.toml")
FIELDS = {
    "name": str,
    "order": (int, float),
    "target": str,
    "path": str,
    "args": list,
    "waits": str,
}


@dataclass(frozen=True)
class Program:
    name: str
    order: float
    target: str
    path: str
    args: list[str]
    waits: str

    def binary(self, context: Context) -> Path:
        return context.build / "release" / self.path

    def command(self, context: Context, concurrency: int) -> list:
        """What runs it on the URLs of its standard input, so many at once."""
        return [self.binary(context), *self.args, "--concurrency", concurrency, "-"]


def discover(root: Path) -> list[Program]:
    """Returns the programs in their order; raises `LearnError` for a file that is not right."""
    programs = []
    for place in PLACES:
        for path in sorted(root.glob(place)):
            programs += _read(path, str(path.relative_to(root)))
    names = [program.name for program in programs]
    for name in names:
        if names.count(name) > 1:
            raise LearnError(f"two programs in the compare.toml files have the name {name!r}")
    return sorted(programs, key=lambda program: (program.order, program.name))


def with_mine(root: Path, programs: list[Program]) -> tuple[list[Program], list[Chapter]]:
    """Puts the learner's programs in the place of the chapters', where work/ has them; returns
    the chapters too of which there are some."""
    found, theirs = list(programs), []
    for chapter in chapters.discover(root):
        for name in examples.names(chapter, MINE):
            target = examples.target(chapter, REFERENCE, name)
            mine = examples.target(chapter, MINE, name)
            for place, program in enumerate(programs):
                if program.target == target:
                    found[place] = _mine(program, mine)
                    theirs.append(chapter)
    if not theirs:
        raise LearnError("no program of yours takes part: ./learn start N gives you a chapter's")
    return found, list(dict.fromkeys(theirs))


def _mine(program: Program, target: str) -> Program:
    path = program.path.replace(program.target, target)
    return replace(program, name=f"{program.name} (yours)", target=target, path=path)


def targets(programs: list[Program]) -> list[str]:
    """What has to be built for a comparison."""
    return ["slowserver", *dict.fromkeys(program.target for program in programs)]


def _read(path: Path, shown: str) -> list[Program]:
    try:
        tables = tomllib.loads(path.read_text()).get("program")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LearnError(f"{shown} is not TOML: {error}") from error
    if not isinstance(tables, list) or not tables:
        raise LearnError(f"{shown} has no [[program]]")
    return [_program(table, shown) for table in tables]


def _program(table: dict, shown: str) -> Program:
    for name, kind in FIELDS.items():
        if name not in table:
            raise LearnError(f"{shown}: a [[program]] without {name!r}")
        if not isinstance(table[name], kind) or isinstance(table[name], bool):
            raise LearnError(f"{shown}: {name!r} has the wrong type: {table[name]!r}")
    unknown = set(table) - set(FIELDS)
    if unknown:
        raise LearnError(f"{shown}: nothing is known of {min(unknown)!r}")
    if not all(isinstance(argument, str) for argument in table["args"]):
        raise LearnError(f"{shown}: 'args' has to be a list of strings")
    return Program(**table)
