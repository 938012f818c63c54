"""A chapter's reference in which something is wrong on purpose, as test programs.

The build folder holds a copy of the reference (`variant`, see cmake/FunnelChapters.cmake), built
once. For each variant only what differs is compiled, and linked before the library: a changed
source, or whatever includes a changed header. So some can be made side by side, and each costs a
few compilations and a link.
"""

import shlex
from collections.abc import Generator
from pathlib import Path

from learn import examples, process, skeleton, work
from learn.build import build, first_error
from learn.chapters import Chapter
from learn.context import Context
from learn.errors import LearnError
from learn.test_files import path_of as test_path
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

    def build(self, files, names=(), progress=None, log_path: Path | None = None) -> None:
        """Builds the test programs of these test files, and these examples."""
        targets = [VARIANT.test_target(self._chapter, file) for file in files]
        targets += [examples.target(self._chapter, VARIANT, name) for name in names]
        build(self._context, VARIANT.preset, targets, progress=progress, log_path=log_path)

    def _reference(self) -> dict[str, bytes]:
        """The library and the examples, and the header of the stubs."""
        paths = skeleton.paths(self._chapter)
        files = {path: (self._chapter.reference / path).read_bytes() for path in paths}
        return files | {skeleton.HEADER: skeleton.header(self._chapter.root).encode()}

    def _present(self) -> set[str]:
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self._folder)) for path in files}


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class Recipe:
    """How the built variant's sources, and the tests and examples for it, are compiled and linked,
    and which of the chapter's headers each includes. Paths are below the chapter's folder, but
    those of tests, which begin with `tests/`."""

    def __init__(self, context: Context, chapter: Chapter, files: list[str], names: list[str]):
        """For these test files and examples, whose programs are built."""
        self.folder = context.build / VARIANT.preset
        self._context = context
        self._chapter = chapter
        programs = {test_path(chapter, file): VARIANT.test_target(chapter, file) for file in files}
        for name in names:
            programs[example_path(name)] = examples.target(chapter, VARIANT, name)
        self._compile: dict[str, list[str]] = {}
        self._link: dict[str, list[str]] = {}
        self._read_commands(programs)
        self._headers: dict[str, set[str]] = {}
        self._read_headers()

    def users(self, headers: set[str]) -> set[str]:
        """The sources, tests and examples that include one of these headers."""
        return {path for path, used in self._headers.items() if used & headers}

    def original(self, path: str) -> Path:
        if path not in self._compile:
            raise LearnError(f"{path} is not compiled into a variant of {self._chapter.folder}")
        return Path(_value(self._compile[path], "-c"))

    def compile(self, path: str, source: Path, object_file: Path, changed: Path) -> list[str]:
        """Compiles `source` as `path` is, with the headers below `changed` instead of others."""
        first = [f"-I{changed}", "-iquote", str(changed / "funnel")]
        words = list(self._compile[path])
        # What is included in quotes is beside the original.
        words[1:1] = [*first, "-iquote", str(self.original(path).parent)]
        for option, value in (("-c", source), ("-o", object_file), ("-MF", f"{object_file}.d")):
            if option in words:
                words[words.index(option) + 1] = str(value)
        return words

    def link(self, main: str, objects: dict[str, Path], program: Path) -> list[str]:
        """Links the program of a test file or an example, with these objects before the library."""
        words = list(self._link[main])
        at = words.index("-o")
        words[at + 1] = str(program)
        own = _value(self._compile[main], "-o")
        words = [str(objects[main]) if main in objects and w == own else w for w in words]
        before = [str(made) for path, made in objects.items() if path != main]
        return words[:at] + before + words[at:]

    def alone(self, source: Path, object_file: Path, program: Path) -> tuple[list, list]:
        """Compiles and links a program of its own, with its own main function, as the tests are."""
        main = next(path for path in self._link if path.startswith("tests/"))
        compile_it = self.compile(main, source, object_file, object_file.parent)
        link_it = [word for word in self._link[main] if "/chapter_main.dir/" not in word]
        own = _value(self._compile[main], "-o")
        link_it = [str(object_file) if word == own else word for word in link_it]
        link_it[link_it.index("-o") + 1] = str(program)
        return compile_it, link_it

    def _read_commands(self, programs: dict[str, str]) -> None:
        mains = {f"bin/{target}": main for main, target in programs.items()}
        for line in self._ninja("commands", list(programs.values())):
            words = [word for word in shlex.split(line) if word not in (":", "&&")]
            source, made = _value(words, "-c"), _value(words, "-o")
            if source:
                self._compile.setdefault(self._shown(source), words)
            elif made in mains:
                self._link[mains[made]] = words
        if programs.keys() - self._link.keys():
            raise LearnError(f"ninja does not say how the programs of {self._chapter.folder} are built")

    def _read_headers(self) -> None:
        objects = {_value(words, "-o"): path for path, words in self._compile.items()}
        path = ""
        for line in self._ninja("deps", list(objects)):
            if line.startswith(" "):
                self._headers[path].add(self._shown(line.strip()))
            elif line.strip():
                path = objects[line.partition(":")[0]]
                self._headers[path] = set()

    def _shown(self, path: str) -> str:
        for folder in (VARIANT.folder(self._chapter), f"chapters/{self._chapter.folder}"):
            _, found, rest = path.rpartition(f"{folder}/")
            if found:
                return rest
        _, found, rest = path.rpartition(f"tests/{self._chapter.folder}/")
        return found + rest if found else path

    def _ninja(self, tool: str, arguments: list[str]) -> list[str]:
        lines: list[str] = []
        command = ["ninja", "-C", self.folder, "-t", tool, *arguments]
        with (self._context.logs / "variants.log").open("wb") as log:
            code = process.run(command, log=log, on_line=lines.append, limit_s=LIMIT_S)
        if code:
            raise LearnError(f"ninja -t {tool} ended with {process.describe_exit(code)}", lines)
        return lines


def example_path(name: str) -> str:
    return f"examples/{name}.cpp"


def _value(words: list[str], option: str) -> str:
    return words[words.index(option) + 1] if option in words[:-1] else ""


def make(
    recipe: Recipe, changes: dict[str, str], mains: list[str], folder: Path
) -> Generator[None, None, dict[str, Path]]:
    """Makes programs of a variant, of test files and examples, in an empty folder; to be advanced
    until it returns them.

    Raises `LearnError` with the compiler's words when the variant does not compile.
    """
    for path, text in changes.items():
        _write(folder / path, text.encode())
    users = recipe.users({path for path in changes if path.endswith(".h")})
    sources = {path for path in changes if path.endswith(".cpp")}
    sources |= {path for path in users if path.startswith("funnel/") or path in mains}
    objects = {}
    for path in sorted(sources):
        copy = folder / path
        if path not in changes:  # beside the changed headers that it includes in quotes
            _write(copy, recipe.original(path).read_bytes())
        objects[path] = copy.with_suffix(".o")
        command = recipe.compile(path, copy, objects[path], folder)
        yield from _run(command, recipe.folder, folder)
    programs = {}
    for main in mains:
        programs[main] = folder / main.replace("/", "-").removesuffix(".cpp")
        used = {path: made for path, made in objects.items() if path == main or path not in mains}
        yield from _run(recipe.link(main, used, programs[main]), recipe.folder, folder)
    return programs


def _run(command: list[str], cwd: Path, folder: Path) -> Generator[None, None, None]:
    log_path = folder / "output"
    with log_path.open("wb") as log:
        code = yield from process.run_beside(command, cwd=cwd, stdout=log, stderr=log)
    if code:
        text = log_path.read_text(errors="replace").replace(f"{folder}/", "")
        raise LearnError("does not compile", first_error(text))
