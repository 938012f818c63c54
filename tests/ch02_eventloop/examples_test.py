"""Drives the examples of chapter 2 as a user would."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.examples import LIMIT_S, Server, receive, receive_all, run  # noqa: E402

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def get(server, target="/", *options):
    command = ["curl", "--silent", "--show-error", "--max-time", str(LIMIT_S), *options]
    command.append(f"http://127.0.0.1:{server.port}{target}")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Examples(unittest.TestCase):
    def test_watch(self):
        server = Server(self, "watch", "--port", 0)
        clients = [server.connect() for _ in range(3)]
        server.wait_for("^client 3 is here$")
        clients[1].sendall(b"hello\n")
        server.wait_for("^client 2 says 6 bytes: hello$")
        clients[2].sendall(b"good morning\n")
        server.wait_for("^client 3 says 13 bytes: good morning$")
        for number, client in enumerate(clients, 1):
            client.close()
            server.wait_for(f"^client {number} has left$")

    def test_hello(self):
        server = Server(self, "hello", "--port", 0)
        silent = server.connect()
        slow = server.connect()
        server.wait_for("^client 2 is here$")
        slow.sendall(REQUEST[:10])
        self.assertEqual(get(server), "Hello, world!\n")
        self.assertIn("Content-Length: 14", get(server, "/", "--head"))
        slow.sendall(REQUEST[10:])
        self.assertTrue(receive_all(slow).endswith(b"\r\n\r\nHello, world!\n"))
        server.wait_for("^client 2 is served$")
        silent.close()
        server.wait_for("^client 1 has left$")
        greedy = server.connect()
        greedy.sendall(b"x" * 20_000)
        server.wait_for("^client 5 has sent too much$")

    def test_primes(self):
        server = Server(self, "primes", "--port", 0)
        self.assertEqual(get(server), "Hello, world!\n")
        server.wait_for("^there are 168 primes below 1000$")
        server.wait_for("^there are 1229 primes below 10000$")
        self.assertEqual(get(server), "Hello, world!\n")

    def test_ticker(self):
        server = Server(self, "ticker", "--port", 0)
        server.wait_for(r"^0\.5 s: 0 served$")
        self.assertEqual(get(server), "Hello, world!\n")
        server.wait_for(r"s: 1 served$")
        get(server, "/block")
        blocked = server.wait_for(r"the loop was blocked for (\d+) ms by a handler: ")
        self.assertGreaterEqual(int(blocked[1]), 1700)
        server.wait_for(r"s: 2 served$")

    def test_lines(self):
        server = Server(self, "lines", "--port", 0)
        ada = server.connect()
        ben = server.connect()
        ada.sendall(b"ada\r\nhel")
        server.wait_for("^ada is here$")
        ben.sendall(b"ben\nhi there\n")
        server.wait_for("^ben: hi there$")
        ada.sendall(b"lo\r\n")
        server.wait_for("^ada: hello$")
        ada.close()
        server.wait_for("^ada is gone: The peer has closed its side")
        ben.sendall(b"x" * 2000)
        server.wait_for("^ben is gone: ")

    def test_echo(self):
        self.echo("echo")

    def test_asio_echo(self):
        self.echo("asio_echo")

    def echo(self, name):
        server = Server(self, name, "--port", 0)
        silent = server.connect()
        data = os.urandom(3_000_000)
        with server.connect() as client:
            threading.Thread(target=client.sendall, args=(data,)).start()
            self.assertTrue(receive(client, len(data)) == data)
        with server.connect() as client:  # one that ends its side first gets the rest all the same
            thread = threading.Thread(target=self.send_and_end, args=(client, data))
            thread.start()
            self.assertEqual(len(receive_all(client)), len(data))
            thread.join()
        silent.sendall(b"hello")
        self.assertEqual(receive(silent, 5), b"hello")

    @staticmethod
    def send_and_end(client, data):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    def test_echo_refuses(self):
        self.assertIn("usage: echo [--port N]", run("echo", "--port", "x", code=2))

    def test_chat(self):
        server = Server(self, "chat", "--port", 0)
        clients = {}
        for name in ("ada", "ben", "cleo"):
            client = clients[name] = server.connect()
            self.assertEqual(receive(client, 19), b"What is your name?\n")
            client.sendall(name.encode() + b"\n")
            server.wait_for(f"^{name} has joined$")
        self.assertEqual(receive(clients["ada"], 31), b"ben has joined\ncleo has joined\n")
        clients["ben"].sendall(b"hello\x1b[2J, all\r\n")
        for name in ("ada", "cleo"):
            self.assertEqual(receive(clients[name], 19), b"ben: hello[2J, all\n")
        clients["ada"].close()
        server.wait_for("^ada has left: ")
        self.assertEqual(server.interrupt(), 0)
        server.wait_for("^the chat is over$")

    def test_chat_throws_out_who_does_not_read(self):
        server = Server(self, "chat", "--port", 0)
        ada, slow = server.connect(), server.connect()
        ada.sendall(b"ada\n")
        server.wait_for("^ada has joined$")
        slow.sendall(b"slow\n")
        server.wait_for("^slow has joined$")
        threading.Thread(target=self.flood, args=(ada,), daemon=True).start()
        server.wait_for("^slow has left: ")

    @staticmethod
    def flood(client):
        try:
            for _ in range(100_000):
                client.sendall(b"x" * 900 + b"\n")
        except OSError:
            pass  # the test is over

    def test_turns(self):
        self.assertEqual(
            run("turns").splitlines(),
            [
                "a callback adds another",
                "that one runs a turn later",
                "20 ms have passed: both ends are written to",
                "the left end reads: hello, left",
                "that is all",
            ],
        )

    def test_fetch(self):
        server = Server(self, "hello", "--port", 0)
        url = f"http://localhost:{server.port}/"
        rows = [json.loads(line) for line in run("fetch", "--concurrency", 2, url, url, url).splitlines()]
        self.assertEqual([(row["status"], row["bytes"], row["error"]) for row in rows], [(200, 14, None)] * 3)
        self.assertEqual({row["url"] for row in rows}, {url})
        self.assertIn("usage: fetch [--concurrency K]", run("fetch", code=2))

    def test_fetch_refuses(self):
        bad = ["http://127.0.0.1:1/", "https://127.0.0.1/", "nonsense", "http://no.such.name.invalid/"]
        rows = {row["url"]: row for row in map(json.loads, run("fetch", *bad).splitlines())}
        self.assertEqual(sorted(rows), sorted(bad))
        for row in rows.values():
            self.assertIsNone(row["status"])
            self.assertTrue(row["error"])
        self.assertIn("refused", rows[bad[0]]["error"])

    def test_hello_writes_a_trace(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "trace.jsonl"
            os.environ["FUNNEL_TRACE"] = str(file)
            self.addCleanup(os.environ.pop, "FUNNEL_TRACE", None)
            server = Server(self, "hello", "--port", 0)
            self.assertEqual(get(server), "Hello, world!\n")
            server.wait_for("^client 1 is served$")
            server.interrupt()
            lines = [json.loads(line) for line in file.read_text().splitlines()]
        self.assertEqual([line["seq"] for line in lines], list(range(1, len(lines) + 1)))
        kinds = [line["kind"] for line in lines]
        self.assertEqual(kinds[:2], ["handler.add", "poll.wait"])
        for kind in ("poll.wake", "handler.run", "handler.end", "handler.remove"):
            self.assertIn(kind, kinds)
        added = next(line for line in lines[1:] if line["kind"] == "handler.add")
        accepted = next(line for line in lines if line["kind"] == "handler.run")
        self.assertEqual(added["parent"], accepted["id"])


if __name__ == "__main__":
    unittest.main()
