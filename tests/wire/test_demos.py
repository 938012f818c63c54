"""The demos and the slow server, as a reader starts them."""

import http.client
import json
import pathlib
import re
import resource
import socket
import subprocess
import time
import unittest

import wire_support


def run(name, *arguments, **options):
    """Runs a program to its end."""
    command = [wire_support.BINARIES / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True,
                          timeout=3 * wire_support.TIME_LIMIT, **options)


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=wire_support.TIME_LIMIT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class HelloTest(unittest.TestCase):
    """It listens on port 8888 and no other."""

    port = 8888

    def answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def setUp(self):
        if self.answers():
            self.skipTest(f"port {self.port} is taken")
        process = self.enterContext(
            subprocess.Popen([wire_support.BINARIES / "hello"], stderr=subprocess.DEVNULL)
        )
        self.addCleanup(process.terminate)
        deadline = time.monotonic() + wire_support.TIME_LIMIT
        while not self.answers():  # it does not say when it is ready
            self.assertIsNone(process.poll(), "hello has ended")
            self.assertLess(time.monotonic(), deadline, "hello does not listen")
            time.sleep(0.01)

    def test_hello(self):
        self.assertEqual(get(self.port, "/"), (200, b"Hello, world"))
        self.assertEqual(get(self.port, "/other")[0], 404)
        again = run("hello")
        self.assertNotEqual(again.returncode, 0)
        self.assertIn(f"cannot listen on 0.0.0.0:{self.port}", again.stderr)


class SlowServer:
    """A slowserver process; `limits` are its soft and hard limit of descriptors."""

    def __init__(self, limits=None):
        def set_limits():
            if limits:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)

        self.process = subprocess.Popen(
            [wire_support.BINARIES / "slowserver", "--port", "0"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, preexec_fn=set_limits,
        )  # fmt: skip
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)
        if not match:
            raise RuntimeError(f"slowserver said {line!r}")
        self.port = int(match[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        """Ends it, and returns what it said of errors."""
        self.process.terminate()
        return self.process.communicate(timeout=wire_support.TIME_LIMIT)[1]

    def about(self, file):
        return pathlib.Path(f"/proc/{self.process.pid}/{file}").read_text()


class SlowServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = SlowServer()
        cls.addClassCleanup(cls.server.stop)

    def get(self, path):
        return get(self.server.port, path)

    def test_it_answers_after_the_delay(self):
        self.assertEqual(self.get("/delay/0"), (200, b"waited 0 ms\n"))
        begin = time.monotonic()
        self.assertEqual(self.get("/delay/100"), (200, b"waited 100 ms\n"))
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_it_sends_so_many_bytes(self):
        for size in (0, 1, 65_536, 65_537, 3_000_000):
            self.assertEqual(self.get(f"/bytes/{size}"), (200, b"x" * size))

    def test_what_is_too_much_is_refused(self):
        self.assertEqual(self.get("/delay/60001")[0], 400)
        self.assertEqual(self.get("/bytes/1000000001")[0], 400)
        for path in ("/", "/delay/", "/delay/-1", "/delay/x", "/bytes/99999999999999999999"):
            self.assertEqual(self.get(path)[0], 404, path)

    def test_one_thread_lets_many_wait(self):
        connections = []
        for _ in range(100):
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.server.port, timeout=wire_support.TIME_LIMIT
            )
            self.addCleanup(connection.close)
            connection.request("GET", "/delay/200")
            connections.append(connection)
        self.assertIn("\nThreads:\t1\n", self.server.about("status"))
        for connection in connections:
            self.assertEqual(connection.getresponse().read(), b"waited 200 ms\n")

    def test_a_low_limit_of_descriptors_is_raised_or_told(self):
        wanted = 20_000
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < wanted:
            self.skipTest(f"this system allows less than {wanted} open descriptors")
        server = SlowServer(limits=(256, wanted))
        self.addCleanup(server.stop)
        self.assertRegex(server.about("limits"), rf"Max open files +{wanted} +{wanted} ")
        self.assertEqual(server.stop(), "")
        server = SlowServer(limits=(256, wanted - 1))
        self.assertIn(f"the system allows {wanted - 1} open descriptors", server.stop())

    def test_wrong_arguments(self):
        for arguments in (["--port"], ["--port", "x"], ["--port", "65536"], ["8889"], ["--help"]):
            result = run("slowserver", *arguments)
            self.assertEqual(result.returncode, 2)
            self.assertIn("usage: slowserver", result.stderr)

    def test_a_port_that_is_taken(self):
        result = run("slowserver", "--port", self.server.port)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"cannot listen on 127.0.0.1:{self.server.port}", result.stderr)


class FetchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = SlowServer()
        cls.addClassCleanup(cls.server.stop)

    def fetch(self, *arguments, status=0, **options):
        result = run("fetch", *arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (status, ""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_one_after_the_other(self):
        urls = [f"{self.server.url}/bytes/{size}" for size in (5, 0, 70_000)]
        lines = self.fetch("--sync", *urls)
        self.assertEqual([line["url"] for line in lines], urls)
        self.assertEqual([line["bytes"] for line in lines], [5, 0, 70_000])
        for line in lines:
            self.assertEqual((line["status"], line["error"]), (200, None))
            self.assertLessEqual(line["start"], line["end"])
        for before, after in zip(lines, lines[1:]):
            self.assertLessEqual(before["end"], after["start"])

    def test_all_at_once(self):
        lines = self.fetch("--async", "--concurrency", 20, *[self.server.url + "/delay/300"] * 20)
        self.assertEqual([line["status"] for line in lines], [200] * 20)
        self.assertLess(max(line["start"] for line in lines), min(line["end"] for line in lines))

    def test_no_more_than_the_given_number_at_once(self):
        lines = self.fetch("--async", "--concurrency", 3, *[self.server.url + "/delay/20"] * 10)
        self.assertEqual(len(lines), 10)
        for line in lines:
            running = [o for o in lines if o["start"] <= line["start"] < o["end"]]
            self.assertLessEqual(len(running), 3)

    def test_urls_from_standard_input(self):
        urls = [f"{self.server.url}/bytes/{size}" for size in range(5)]
        for mode in ("--sync", "--async"):
            lines = self.fetch(mode, "-", input="\n".join(urls))
            self.assertEqual([line["url"] for line in lines], urls)

    def test_failures_are_lines_too(self):
        unused = self.enterContext(socket.socket())
        unused.bind(("127.0.0.1", 0))  # it does not listen, and keeps others from the port
        refused = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        for mode in ("--sync", "--async"):
            lines = self.fetch(mode, self.server.url + "/none", refused, "ftp://x/",
                               self.server.url + "/bytes/1")
            self.assertEqual([line["status"] for line in lines], [404, None, None, 200])
            self.assertEqual(lines[0]["error"], "the server responded 404")
            self.assertIn("Connection refused", lines[1]["error"])
            self.assertIn("scheme", lines[2]["error"])
            self.assertIsNone(lines[3]["error"])

    def test_wrong_arguments(self):
        for arguments, message in (
            ([], "usage: fetch"),
            (["--sync"], "usage: fetch"),
            (["http://127.0.0.1/"], "usage: fetch"),
            (["--async", "--concurrency"], "--concurrency takes a number from 1"),
            (["--async", "--concurrency", "0", "http://x/"], "--concurrency takes a number from 1"),
            (["--async", "--concurrency", "2x", "http://x/"], "--concurrency takes a number from 1"),
            (["--async", "--fast", "http://x/"], "unknown option --fast"),
        ):
            with self.subTest(arguments=arguments):
                result = run("fetch", *arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"fetch: {message}", result.stderr)
                self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
