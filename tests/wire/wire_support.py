"""Starts the server under test and talks to it over raw sockets."""

import http.client
import os
import pathlib
import re
import socket
import struct
import subprocess
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("FUNNEL_WIRE_BIN", ROOT / "build/release/bin"))
TIME_SCALE = float(os.environ.get("FUNNEL_TEST_TIME_SCALE", "1"))
TIME_LIMIT = 10 * TIME_SCALE  # how long anything may take before a test fails, in seconds


class Server:
    """A wire_server process; `options` are its arguments by name."""

    def __init__(self, **options):
        command = [str(BINARIES / "wire_server")]
        command += [f"{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)
        if not match:
            raise RuntimeError(f"wire_server said {line!r}")
        self.port = int(match[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait(TIME_LIMIT)
        self.process.stdout.close()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIME_LIMIT)


class WireTest(unittest.TestCase):
    """One server for the tests of a class; after each test it must be as it was before."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(**cls.options)
        cls.addClassCleanup(cls.server.stop)
        cls.idle_descriptors = cls.server.descriptors()

    def setUp(self):
        self.addCleanup(self.check_server)  # runs last, after the connections were closed

    def check_server(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=TIME_LIMIT)
        connection.request("GET", "/")
        self.assertEqual(connection.getresponse().read(), b"Hello, world")
        connection.close()
        self.assertIsNone(self.server.process.poll())
        deadline = time.monotonic() + TIME_LIMIT
        while self.server.descriptors() != self.idle_descriptors:
            self.assertLess(time.monotonic(), deadline, "the server keeps descriptors open")
            time.sleep(0.01)

    def connect(self):
        connection = self.server.connect()
        self.addCleanup(connection.close)
        return connection


def receive_all(connection):
    """Receives up to the end; a reset counts as one."""
    received = b""
    try:
        while block := connection.recv(65536):
            received += block
    except ConnectionResetError:
        pass
    return received


def receive_until(connection, end):
    received = b""
    while not received.endswith(end):
        block = connection.recv(65536)
        if not block:
            break
        received += block
    return received


def statuses(received):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def reset(connection):
    """Closes with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
