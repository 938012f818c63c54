"""The recorded traces are those of the programs that are there: each makes the same kinds of calls, and
its loop does the same in the same turns."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path

import tree
from learn import loop_trace
from learn.commands import trace

RECORDINGS = sorted((tree.REPOSITORY / trace.FOLDER).glob("*.trace"))
LOOPS = sorted((tree.REPOSITORY / trace.FOLDER).glob("*.jsonl"))
BINARIES = tree.REPOSITORY / "build" / "release" / "bin"
# What the programs do with their peers; the rest is the C library's, and differs between machines.
CALLS = re.compile(
    r"\b(accept4?|bind|connect|epoll_\w+|listen|p?poll|recvfrom|sendto|setsockopt|shutdown)\((.*)"
)
WORDS = re.compile(r"\b(?:EPOLL|MSG|SHUT|SO|SOCK|TCP)[A-Z]*_\w+")
LIMIT_S = 60


def kinds(lines):
    """Each call with its flags and options; a time limit with whether it is one."""
    found = set()
    for line in lines:
        call = CALLS.search(line)
        if call and "AF_UNIX" not in line:
            empty = ["nothing"] if re.search(r'"(\\0)+"', line) else []
            words = [word.removesuffix("_OLD") for word in WORDS.findall(call[2])]  # as strace has it
            found.add(" ".join([call[1], *words, *empty]))
    return found


def events(text, shown):
    """What a loop did, without what differs between runs, machines and compilers."""
    return [(e.turn, e.kind, e.id, e.parent) for e in loop_trace.read(text, shown)]


def can_trace():
    try:
        command = ["strace", "-o", "/dev/null", "true"]
        return not subprocess.run(command, capture_output=True, timeout=LIMIT_S).returncode
    except OSError:
        return False


class Recordings(unittest.TestCase):
    @unittest.skipUnless(can_trace(), "needs strace, and the permission to use it")
    @unittest.skipUnless(BINARIES.is_dir(), "needs the release build")
    def test_they_have_the_calls_that_their_programs_make(self):
        self.assertTrue(RECORDINGS)
        for path in RECORDINGS:
            with self.subTest(path.name):
                head, *lines = path.read_text().splitlines()
                chapter, _, name = path.stem.partition("-")
                arguments = shlex.split(head.removeprefix(trace.COMMAND))[1:]
                how = f"./learn trace {int(chapter[2:])} {name} --record makes it anew"
                made = self.calls([BINARIES / f"funnel_{chapter}_{name}", *arguments])
                self.assertEqual(kinds(lines), kinds(made), how)

    @unittest.skipUnless(BINARIES.is_dir(), "needs the release build")
    def test_they_have_the_turns_of_their_programs_loops(self):
        self.assertTrue(LOOPS)
        for path in LOOPS:
            with self.subTest(path.name), tempfile.TemporaryDirectory() as folder:
                chapter, _, name = path.stem.partition("-")
                made = Path(folder) / "trace"
                environment = {**os.environ, loop_trace.VARIABLE: str(made)}
                command = [BINARIES / f"funnel_{chapter}_{name}"]
                subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=True, env=environment)
                how = f"./learn trace {int(chapter[2:])} {name} --record makes it anew"
                recorded = events(path.read_text(), path.name)
                self.assertEqual(recorded, events(made.read_text(), "the new trace"), how)

    def calls(self, command):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "trace"
            tracing = ["strace", "-f", "-r", "-s", "60", "-e", f"trace={trace.CALLS}", "-o", place]
            subprocess.run([*tracing, *command], capture_output=True, timeout=LIMIT_S, check=True)
            return trace.without_noise(place.read_text(errors="replace").splitlines())


if __name__ == "__main__":
    unittest.main()
