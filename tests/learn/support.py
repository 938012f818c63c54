"""A small tree that stands in for the clone, fake programs in it, and ways to run `./learn`."""

import contextlib
import io
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from unittest import mock

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
LEARN = REPOSITORY / "learn"
LIMIT_S = 30

# A folder with our own Python and nothing else, for where a version manager's slow stand-in for it
# would be found.
OUR_PYTHON = tempfile.TemporaryDirectory(prefix="learn-python-")
pathlib.Path(OUR_PYTHON.name, "python3").symlink_to(sys.executable)

sys.path.insert(0, str(REPOSITORY / "tools"))

from learn import cli, process  # noqa: E402
from learn.context import Context  # noqa: E402
from learn.term import Terminal  # noqa: E402


class TreeTest(unittest.TestCase):
    """Each test has an empty tree of its own in `self.root`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="learn-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()

    def write(self, name, text=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()  # never through the link: it may lead to a program of this machine
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def program(self, name, code):
        """Writes a Python program that can be started by its path."""
        path = self.write(name, f"#!{sys.executable} -ISB\n" + textwrap.dedent(code))
        path.chmod(0o755)
        return path

    def shell(self, name, code):
        path = self.write(name, "#!/bin/sh\n" + textwrap.dedent(code))
        path.chmod(0o755)
        return path

    def environment(self, **changes):
        plain = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR")}
        found = shutil.which("python3", path=plain["PATH"])
        if not found or not os.path.samefile(found, sys.executable):
            plain["PATH"] = f"{OUR_PYTHON.name}:{plain['PATH']}"
        return plain | {"FUNNEL_LEARN_ROOT": str(self.root)} | changes

    def learn(self, *arguments, cwd=None, through=(), **changes):
        """Runs `./learn` to its end, without a terminal; `through` is a program that starts it."""
        result = subprocess.run(
            [*through, LEARN, *map(str, arguments)],
            cwd=cwd or self.root,
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        self.assertNotIn("Traceback", result.stdout + result.stderr)
        return result

    def main(self, *arguments):
        """Does the same inside this process: quicker, for what ends before anything is started."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment(), clear=True),
            mock.patch.object(process, "install_signal_handlers"),
            # What took our place would end the tests, and might well end them with 0.
            mock.patch("os.execv", side_effect=AssertionError("a program takes our place")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = cli.main([str(argument) for argument in arguments])
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def start(self, *arguments, **options):
        child = subprocess.Popen(
            [LEARN, *map(str, arguments)],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Under nohup the tests inherit an ignored SIGHUP, which the command would respect.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            **options,
        )
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def on_terminal(self, *arguments, answer="", once="", **changes):
        """Runs `./learn` on a terminal, and types the answer once that shows a text; returns all
        that it showed and the exit code."""
        pid, master = pty.fork()
        if pid == 0:
            environment = self.environment(TERM="xterm", **changes)
            os.execve(LEARN, [str(LEARN), *map(str, arguments)], environment)
        shown, until = b"", time.monotonic() + LIMIT_S
        with contextlib.suppress(OSError):  # EIO is how a terminal says that it is over
            while time.monotonic() < until:
                if answer and once.encode() in shown:
                    os.write(master, answer.encode())
                    answer = ""
                if select.select([master], [], [], 0.1)[0]:
                    shown += os.read(master, 1 << 16)
        os.close(master)
        _, status = os.waitpid(pid, 0)
        return shown.decode(), os.waitstatus_to_exitcode(status)

    def context(self):
        """A context that writes to memory: see `shown`."""
        context = Context(self.root)
        context.term = context.errors = Terminal(io.StringIO())
        return context

    @staticmethod
    def shown(context):
        return context.term.stream.getvalue()

    def assertOneLine(self, result, code, *parts):
        """The run ended with `code` and said one line on stderr, which has all `parts`."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("learn: "), result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)


SLOW_SERVER = textwrap.dedent("""
    import sys, time
    assert sys.argv[1:] == ["--port", "0"], sys.argv
    print("listening on http://127.0.0.1:9", flush=True)
    time.sleep(60)
""")

FETCH = textwrap.dedent("""
    import json, sys, time
    urls = [line.strip() for line in sys.stdin]
    delay = int(urls[0].rpartition("/")[2]) / 1000
    begin = time.monotonic()

    def now():
        return time.monotonic() - begin

    def report(url, start, end, error=None):
        entry = {"url": url, "start": start, "end": end, "status": 200, "bytes": 12, "error": error}
        print(json.dumps(entry), flush=True)

    if "--sync" in sys.argv:
        for url in urls:
            start = now()
            time.sleep(delay)
            report(url, start, now())
    else:
        time.sleep(delay)
        for url in urls:
            report(url, 0.0, now())
""")


class CompareTest(TreeTest):
    """A tree with a slow server and as many fetch programs as a test wants."""

    def setUp(self):
        super().setUp()
        self.program("build/release/bin/slowserver", SLOW_SERVER)
        self.programs = []

    def fetch(self, name, code=FETCH, args=(), order=None):
        binary = name.replace(" ", "_")
        self.program(f"build/release/bin/{binary}", code)
        place = len(self.programs) if order is None else order
        self.programs.append(name)
        arguments = ", ".join(f'"{argument}"' for argument in args)
        toml = f"""
            [[program]]
            name = "{name}"
            order = {place}
            target = "demo_{binary}"
            path = "bin/{binary}"
            args = [{arguments}]
            waits = "as {name} does"
        """
        self.write(f"final/demos/{binary}/compare.toml", toml)

    def compare(self, *arguments):
        return self.learn("compare", "--no-build", *arguments)


def gone(pid):
    """True when no process has this id, or only its remains."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return text.rpartition(")")[2].split()[0] in "ZX"


def wait_until(condition, limit_s=20.0):
    until = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
