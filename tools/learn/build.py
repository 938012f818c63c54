"""CMake and Ninja: configures a preset when needed, builds targets, shows the first error."""

import contextlib
import os
import re
from pathlib import Path

from learn import process
from learn.context import Context
from learn.errors import LearnError
from learn.locks import alone
from learn.term import clean, plural

NINJA_STATUS = "[%f/%t] "
STEP = re.compile(r"\[(\d+)/(\d+)\] (.*)")
BEFORE_STEPS = "Re-checking globbed directories"  # done every time, and no step of the build
FIRST_ERROR = re.compile(
    r"(: (fatal )?error:|: undefined reference to|multiple definition of|: cannot find -l"
    r"|^CMake Error|^ninja: error|^Error: )"
)
END_OF_ERROR = ("FAILED:", "ninja: build stopped")
SHOWN_LINES = 12
LIMIT_S = 3600
TITLES = ("configure {preset}", "build {preset}")


class BuildFailed(LearnError):
    """Says which build failed; the excerpt is the first error as the compiler printed it."""

    def __init__(self, message: str, excerpt=(), output: str = "", log: str = ""):
        super().__init__(message, excerpt)
        self.output = output  # all of it
        self.log = log  # where it is kept

    @property
    def step(self) -> str:
        """What Ninja calls the step that failed first: the files that it did not make."""
        lines = (line for line in self.output.splitlines() if line.startswith("FAILED: "))
        return next(lines, "").removeprefix("FAILED: ")


class CompilationFailed(BuildFailed):
    """It was the compiler or the linker that failed, not what has to be there before."""


def build(
    context: Context, preset: str, targets=(), *, log_path=None, progress=None, titles=TITLES
) -> None:
    """Brings `targets` (all when empty) of a preset up to date; raises `BuildFailed`.

    What CMake and Ninja print is added to `log_path`, or makes a new log of its own. `progress`
    makes the bars, those of the terminal unless given; `titles` are what they say.
    """
    with _job(context, preset, log_path, progress, titles) as job:
        job.configure()
        job.compile(targets)


def configure(context: Context, preset: str, *, log_path=None, progress=None) -> None:
    """Runs CMake for a preset if that is needed; raises `BuildFailed`."""
    with _job(context, preset, log_path, progress) as job:
        job.configure()


def first_error(text: str) -> list[str]:
    """Cuts the first error and the lines that explain it out of a build's output."""
    lines = clean(text).splitlines()
    for at, line in enumerate(lines):
        if FIRST_ERROR.search(line):
            break
    else:
        return lines[-SHOWN_LINES:]
    excerpt = [lines[at]]
    for line in lines[at + 1 : at + SHOWN_LINES]:
        if STEP.match(line) or FIRST_ERROR.search(line) or line.startswith(END_OF_ERROR):
            break
        excerpt.append(line)
    return excerpt


@contextlib.contextmanager
def _job(context: Context, preset: str, log_path: Path | None, progress, titles=TITLES):
    folder = context.build / preset
    folder.mkdir(parents=True, exist_ok=True)
    mode = "ab" if log_path else "wb"
    log_path = log_path or context.logs / f"build-{preset}.log"
    with alone(context, folder / ".learn-lock", f"builds {preset}"), log_path.open(mode) as log:
        yield _Job(context, preset, log, progress or context.term.progress, titles)


class _Job:
    """One use of a build folder."""

    def __init__(self, context: Context, preset: str, log, progress, titles: tuple[str, str]):
        self._context = context
        self._preset = preset
        self._folder = context.build / preset
        self._log = log
        self._log_start = log.tell()
        self._progress = progress
        self._titles = [title.format(preset=preset) for title in titles]

    def configure(self) -> None:
        ninja_file = self._folder / "build.ninja"
        presets = self._context.root / "CMakePresets.json"
        moved = self._was_made_elsewhere()
        # Ninja runs CMake again when a CMakeLists.txt changed, but knows nothing of presets.
        if ninja_file.exists() and not moved and _time(ninja_file) >= _time(presets):
            return
        bar = self._progress(self._titles[0])
        bar.announce()
        command = ["cmake", "--preset", self._preset] + (["--fresh"] if moved else [])
        code = self._run(command, on_tick=bar.tick)
        bar.finish(code == 0)
        if code:
            # What was found on this machine may be gone; the next run looks afresh.
            (self._context.build / "learn" / "needs.json").unlink(missing_ok=True)
            self._fail(BuildFailed, f"cmake --preset {self._preset} failed", code)
        os.utime(ninja_file)

    def compile(self, targets) -> None:
        bar = self._progress(self._titles[1])
        steps = 0

        def on_line(line: str) -> None:
            nonlocal steps
            step = STEP.match(line)
            if step and not step[3].startswith(BEFORE_STEPS):
                if not steps:
                    bar.announce()
                steps = int(step[2])
                bar.update(int(step[1]), steps, step[3].rpartition("/")[2])

        command = ["cmake", "--build", "--preset", self._preset]
        command += ["--target", *targets] if targets else []
        code = self._run(command, on_line=on_line, on_tick=bar.tick)
        if code:
            bar.finish(False)
            self._fail(CompilationFailed, f"the {self._preset} build failed", code)
        if steps:
            bar.finish(True, plural(steps, "step"))
        else:
            bar.drop()

    def _run(self, command: list[str], **handlers) -> int:
        environment = {**os.environ, "NINJA_STATUS": NINJA_STATUS, "CLICOLOR_FORCE": "0"}
        environment["LC_ALL"] = "C.UTF-8"  # for `FIRST_ERROR`: compilers speak every language
        return process.run(
            command,
            log=self._log,
            cwd=self._context.root,
            env=environment,
            limit_s=LIMIT_S,
            **handlers,
        )

    def _fail(self, kind: type[BuildFailed], what: str, code: int) -> None:
        path = Path(self._log.name)
        with path.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode("utf-8", "replace").replace(f"{self._context.root}/", "")
        shown = self._context.shown(path)
        message = f"{what} with {process.describe_exit(code)} (the whole log is {shown})"
        raise kind(message, first_error(text), clean(text), shown)

    def _was_made_elsewhere(self) -> bool:
        """A build folder names its sources absolutely: after a move it has to be made anew."""
        cache = self._folder / "CMakeCache.txt"
        if not cache.exists():
            return False
        home = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache.read_text(), re.MULTILINE)
        return home is None or Path(home[1]) != self._context.root


def _time(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
