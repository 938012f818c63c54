"""Drives the examples of chapter 1 as a user would."""

import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.examples import LIMIT_S, Server, receive, receive_all, run  # noqa: E402


def get(server, *options):
    command = ["curl", "--silent", "--show-error", "--max-time", str(LIMIT_S), *options]
    command.append(f"http://127.0.0.1:{server.port}/")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Examples(unittest.TestCase):
    def test_descriptors(self):
        lines = run("descriptors").splitlines()
        counts = [len(line.partition("open:")[2].replace("none", "").split()) for line in lines]
        self.assertEqual(counts, [0, 2, 2, 1, 0, 0])

    def test_doorbell(self):
        server = Server(self, "doorbell", "--port", 0)
        for ring in (1, 2):
            with server.connect() as client:
                port = client.getsockname()[1]
                self.assertEqual(receive_all(client), b"")
            server.wait_for(rf"^ring {ring}: from port {port}, descriptor \d+$")
        self.assertEqual(server.interrupt(), -2)

    def test_doorbell_refuses(self):
        for words in (("--port", "70000"), ("--port",), ("--colour", "1")):
            self.assertIn("usage: doorbell [--port N]", run("doorbell", *words, code=2))
        server = Server(self, "doorbell", "--port", 0)
        self.assertIn("--port 0 takes a free one", run("doorbell", "--port", server.port, code=1))

    def test_greeter(self):
        server = Server(self, "greeter", "--port", 0)
        with server.connect() as client:
            text = receive_all(client).decode()
        self.assertEqual(len(text.splitlines()), 100_000)
        self.assertTrue(text.endswith("100000 bottles of bytes\n"), text[-50:])
        server.wait_for(rf"^sent {len(text)} bytes$")
        server.connect().close()  # a client that leaves does not end it
        with server.connect() as client:
            self.assertTrue(receive(client, 20).startswith(b"     1 bottles"))

    def test_shout(self):
        server = Server(self, "shout", "--port", 0)
        with server.connect() as client:
            client.sendall(b"hello, ")
            client.sendall(b"world\nand once more\n")
            self.assertEqual(receive(client, 27), b"HELLO, WORLD\nAND ONCE MORE\n")
        server.wait_for("^client 1: the stream is closed$")
        with server.connect() as client:
            client.sendall(b"x" * 2000)
            server.wait_for("^client 2: the stream is closed: ")

    def test_hello(self):
        server = Server(self, "hello", "--port", 0)
        self.assertEqual(get(server), "Hello, world!\n")
        self.assertIn("Content-Length: 14", get(server, "--head"))
        server.wait_for(r"^client 2: served in [\d.]+ ms$")

    def test_silent_client(self):
        text = run("silent_client")
        waited = [int(ms) for ms in re.findall(r"response, after (\d+) ms", text)]
        self.assertEqual(len(waited), 2, text)
        self.assertGreaterEqual(waited[0], 900)
        self.assertLess(waited[1], 900)

    def test_threads_refuses(self):
        self.assertIn("usage: threads [--json]", run("threads", "--xml", code=2))

    def test_fetch(self):
        server = Server(self, "hello", "--port", 0)
        url = f"http://127.0.0.1:{server.port}/"
        for mode in ("--sync", "--threads"):
            rows = [json.loads(line) for line in run("fetch", mode, "--concurrency", 2, url, url).splitlines()]
            self.assertEqual([(row["status"], row["bytes"], row["error"]) for row in rows], [(200, 14, None)] * 2)
        self.assertIn("usage: fetch --sync|--threads", run("fetch", code=2))
        refused = json.loads(run("fetch", "--sync", "http://127.0.0.1:1/"))
        self.assertIn("cannot connect to 127.0.0.1:1", refused["error"])


if __name__ == "__main__":
    unittest.main()
