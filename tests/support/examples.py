"""What the tests of the chapters' examples share: programs that are started, read and ended.

The environment says where the programs are: FUNNEL_EXAMPLES and an example's name are a path.
"""

import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

TIME_SCALE = float(os.environ.get("FUNNEL_TEST_TIME_SCALE", "1"))
LIMIT_S = 10 * TIME_SCALE  # for whatever should happen at once


def path(name):
    return os.environ["FUNNEL_EXAMPLES"] + name


def run(name, *arguments, code=0, **settings):
    """Runs an example to its end, and returns what it printed. Raises where it ends differently."""
    words = [path(name), *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, **settings)
    if done.returncode != code:
        raise AssertionError(f"{name} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Server:
    """An example that listens on a free port, until the test is over."""

    def __init__(self, test: unittest.TestCase, name: str, *arguments):
        words = [path(name), *map(str, arguments)]
        self._child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._test = test
        test.addCleanup(self._end)
        self._lines = queue.Queue()
        self._said = []
        threading.Thread(target=self._read, daemon=True).start()
        self.port = int(self.wait_for(r"127\.0\.0\.1:(\d+)")[1])

    def wait_for(self, pattern):
        """Waits for a line with this pattern, and returns what matched."""
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                line = self._lines.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                line = None
            if line is None:
                said = "\n".join(self._said)
                raise AssertionError(f"no line with {pattern!r}; the program printed:\n{said}")
            self._said.append(line)
            found = re.search(pattern, line)
            if found:
                return found

    def connect(self):
        """Connects, until the test is over at most."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)
        client.settimeout(LIMIT_S)
        self._test.addCleanup(client.close)
        return client

    def interrupt(self):
        """Ends the program by Ctrl-C, and returns its exit code."""
        self._child.send_signal(signal.SIGINT)
        return self._child.wait(LIMIT_S)

    def _read(self):
        for line in self._child.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _end(self):
        self._child.kill()
        self._child.wait()
        self._child.stdout.close()


def receive(client, size):
    """Receives exactly so many bytes."""
    data = b""
    while len(data) < size:
        block = client.recv(size - len(data))
        if not block:
            raise AssertionError(f"the connection ended after {data!r}")
        data += block
    return data


def receive_all(client):
    data = b""
    while block := client.recv(65536):
        data += block
    return data
