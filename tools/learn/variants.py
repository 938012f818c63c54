"""A chapter's reference in which something is wrong on purpose, as test programs.

The build folder holds a copy of the reference (`variant`, see cmake/FunnelChapters.cmake), built
once. For each variant only what differs is compiled, and linked before the library: so some can be
made side by side, and each costs a compilation and a link.
"""

import shlex
from collections.abc import Generator
from pathlib import Path

from learn import process, skeleton, work
from learn.build import build, first_error
from learn.chapters import Chapter
from learn.context import Context
from learn.errors import LearnError
from learn.versions import VARIANT

LIMIT_S = 60


class VariantFolder:
    """The copy of the reference, with some files replaced; only what differs is written, so that
    only that is compiled."""

    def __init__(self, context: Context, chapter: Chapter):
        self._context = context
        self._chapter = chapter
        self._folder = context.root / VARIANT.folder(chapter)

    def become(self, changes: dict[str, str]) -> None:
        """Makes the folder the reference with these files instead of its own."""
        wanted = self._reference() | {path: text.encode() for path, text in changes.items()}
        with work.writing(self._context.shown(self._folder)):
            for path in self._present() - wanted.keys():
                (self._folder / path).unlink()
            for path, content in wanted.items():
                _write(self._folder / path, content)

    def build(self, progress=None, log_path: Path | None = None) -> None:
        target = VARIANT.test_target(self._chapter)
        build(self._context, VARIANT.preset, [target], progress=progress, log_path=log_path)

    def _reference(self) -> dict[str, bytes]:
        """What is compiled into the library, and the header of the stubs."""
        files = {
            path: (self._chapter.reference / path).read_bytes()
            for path in skeleton.paths(self._chapter)
            if path.startswith("funnel/")
        }
        return files | {skeleton.HEADER: skeleton.header(self._chapter).encode()}

    def _present(self) -> set[str]:
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self._folder)) for path in files}


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class Recipe:
    """How the built variant's sources are compiled and its test program is linked."""

    def __init__(self, context: Context, chapter: Chapter):
        self.folder = context.build / VARIANT.preset
        self._target = VARIANT.test_target(chapter)
        self._compile: dict[str, list[str]] = {}
        self._link: list[str] = []
        sources = f"{VARIANT.folder(chapter)}/"
        for line in self._commands(context):
            words = [word for word in shlex.split(line) if word not in (":", "&&")]
            source = words[words.index("-c") + 1] if "-c" in words[:-1] else ""
            if sources in source:
                self._compile[source.rpartition(sources)[2]] = words
            elif _value(words, "-o") == f"bin/{self._target}":
                self._link = words
        if not self._compile or not self._link:
            raise LearnError(f"ninja does not say how {self._target} is built")

    def compile(self, path: str, source: Path, object_file: Path) -> list[str]:
        if path not in self._compile:
            raise LearnError(f"{path} is not compiled into {self._target}")
        words = list(self._compile[path])
        # What is included in quotes is beside the original.
        words += ["-iquote", str(Path(_value(words, "-c")).parent)]
        for option, value in (("-c", source), ("-o", object_file), ("-MF", f"{object_file}.d")):
            if option in words:
                words[words.index(option) + 1] = str(value)
        return words

    def link(self, objects: list[Path], program: Path) -> list[str]:
        words = list(self._link)
        at = words.index("-o")
        words[at + 1] = str(program)
        return words[:at] + [str(path) for path in objects] + words[at:]

    def _commands(self, context: Context) -> list[str]:
        lines: list[str] = []
        command = ["ninja", "-C", self.folder, "-t", "commands", self._target]
        with (context.logs / "variants.log").open("wb") as log:
            code = process.run(command, log=log, on_line=lines.append, limit_s=LIMIT_S)
        if code:
            raise LearnError(f"ninja -t commands ended with {process.describe_exit(code)}", lines)
        return lines


def _value(words: list[str], option: str) -> str:
    return words[words.index(option) + 1] if option in words[:-1] else ""


def make(recipe: Recipe, changes: dict[str, str], folder: Path) -> Generator[None, None, Path]:
    """Makes a variant's test program in an empty folder; to be advanced until it returns it.

    Raises `LearnError` with the compiler's words when the variant does not compile.
    """
    objects = []
    for path, text in changes.items():
        source = folder / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
        objects.append(source.with_suffix(".o"))
        yield from _run(recipe.compile(path, source, objects[-1]), recipe.folder, folder)
    program = folder / "test"
    yield from _run(recipe.link(objects, program), recipe.folder, folder)
    return program


def _run(command: list[str], cwd: Path, folder: Path) -> Generator[None, None, None]:
    log_path = folder / "output"
    with log_path.open("wb") as log:
        child = process.spawn(command, cwd=cwd, stdout=log, stderr=log)
    try:
        while child.poll() is None:
            yield
        process.forget(child)
    finally:
        if child.poll() is None:
            process.end(child)  # nobody waits for it any more
    if child.returncode:
        text = log_path.read_text(errors="replace").replace(f"{folder}/", "")
        raise LearnError("does not compile", first_error(text))
