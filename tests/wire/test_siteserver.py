"""The book's server: it starts comparisons for its own pages only, passes on what they say, and
ends them when nobody reads any more."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import wire_support

# What is started instead of ./learn: the number of URLs that is asked for says what it does.
PROGRAM = r"""
import json, os, signal, sys, time

def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)

def fails_after_its_end():
    say("result", program={"name": "a", "ok": False, "error": "ended by signal 11"})
    say("end")
    sys.exit(1)

def fails_after_its_error():
    say("error", message="no slow server")
    sys.exit(1)

def fails_without_a_word():
    sys.exit(3)

def dies_within_a_line():
    sys.stdout.write('{"event": "res')
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)

def fails_after_an_end_that_is_none():
    say("result", error="end", event_of="error")
    print('["end"]\n"end"\n{"event": ["end"]}\nend', flush=True)
    sys.exit(1)

def says_its_end_in_pieces():
    for byte in '{"event": "end"}\n':
        sys.stdout.write(byte)
        sys.stdout.flush()
        time.sleep(0.001)
    sys.exit(1)

def waits_and_cleans_up():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    open(os.environ["MARKER"], "w").close()
    try:
        say("waiting")
        signal.pause()
    finally:
        os.remove(os.environ["MARKER"])

def does_not_want_to_end():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("deaf")
    while True:
        signal.pause()

def floods():
    while True:
        print("x" * 100_000)

def succeeds():
    say("end")

urls = int(sys.argv[sys.argv.index("--urls") + 1])
say("begin", pid=os.getpid(), arguments=sys.argv[1:])
[succeeds, fails_after_its_end, fails_after_its_error, fails_without_a_word, dies_within_a_line,
 fails_after_an_end_that_is_none, says_its_end_in_pieces, waits_and_cleans_up, does_not_want_to_end,
 floods][urls - 1]()
"""
(SUCCEEDS, FAILS_AFTER_END, FAILS_AFTER_ERROR, FAILS_SILENTLY, DIES_IN_LINE, FALSE_END, END_IN_PIECES,
 WAITS, DEAF, FLOODS) = range(1, 11)  # fmt: skip

LIMIT = 2 * wire_support.TIME_LIMIT  # a program that does not want to end is given time, too


def exists(pid):
    """Tells whether there is such a process, or what is left of it until it is reaped."""
    return pathlib.Path(f"/proc/{pid}").exists()


class Run:
    """A comparison that was started: its answer, whose lines are read one by one."""

    def __init__(self, connection):
        self.connection = connection
        self.response = connection.getresponse()
        self.status = self.response.status
        self.begin = None  # the first event, if `start` has read it

    def event(self):
        return json.loads(self.response.readline())

    def rest(self):
        """Returns what comes up to the end, and ends the connection."""
        text = self.response.read().decode()
        self.stop()
        return text

    def events(self):
        """Returns the kinds of the events up to the end."""
        return [json.loads(line)["event"] for line in self.rest().splitlines()]

    def stop(self):
        """Goes away, as a page does when the reader presses Stop."""
        self.response.close()
        self.connection.close()


class SiteServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        root = cls.enterClassContext(tempfile.TemporaryDirectory())
        pathlib.Path(root, "index.html").write_text("the book")
        pathlib.Path(root, "compare.html").write_text("the comparison")
        pathlib.Path(root, "404.html").write_text("the book has no such page")
        command = [wire_support.BINARIES / "siteserver", "--root", root, "--port", "0", "--",
                   sys.executable, "-ISBc", PROGRAM]  # fmt: skip
        cls.log = cls.enterClassContext(tempfile.TemporaryFile("a+"))
        cls.marker = pathlib.Path(root, "marker")
        cls.process = cls.enterClassContext(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=cls.log, text=True,
                env={**os.environ, "MARKER": str(cls.marker)},
            )
        )  # fmt: skip
        cls.addClassCleanup(cls.process.terminate)
        line = cls.process.stdout.readline()
        cls.port = int(re.fullmatch(r"serving http://127\.0\.0\.1:(\d+)\n", line)[1])

    def post(self, urls=SUCCEEDS, host=None, origin="", parameters="&delay=0&concurrency=1"):
        """Starts a comparison; `origin` is that of the host's own page if it is empty."""
        host = f"127.0.0.1:{self.port}" if host is None else host
        origin = f"http://{host}" if origin == "" else origin
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        self.addCleanup(connection.close)
        body = f"urls={urls}{parameters}"
        connection.putrequest("POST", "/api/compare", skip_host=True)
        connection.putheader("Host", host)
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
        if origin is not None:
            connection.putheader("Origin", origin)
        connection.endheaders(body.encode())
        return Run(connection)

    def start(self, urls, **request):
        """Starts a comparison as soon as the one before has ended."""
        deadline = time.monotonic() + LIMIT
        while (run := self.post(urls, **request)).status == 409:
            self.assertLess(time.monotonic(), deadline, "the run before does not end")
            run.stop()
            time.sleep(0.01)
        self.assertEqual(run.status, 200)
        run.begin = run.event()
        self.assertEqual(run.begin["event"], "begin")
        return run

    def assertGone(self, run):
        deadline = time.monotonic() + LIMIT
        while exists(run.begin["pid"]):
            self.assertLess(time.monotonic(), deadline, "the program is still there")
            time.sleep(0.01)

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        with contextlib.closing(connection):
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()

    def test_pages_and_the_status_are_served(self):
        self.assertEqual(self.get("/"), (200, b"the book"))
        status, body = self.get("/api/status")
        self.assertEqual((status, json.loads(body)), (200, {"server": "funnel"}))

    def test_a_page_is_found_with_and_without_its_ending(self):
        for path in ("/compare", "/compare.html"):
            self.assertEqual(self.get(path), (200, b"the comparison"))
            self.assertEqual(self.get(path, "HEAD"), (200, b""))

    def test_what_is_not_there_gets_the_page_of_the_site_that_says_so(self):
        for path in ("/none", "/none.html", "/none/", "/compare/", "/compare.html.html", "/x.png"):
            with self.subTest(path=path):
                self.assertEqual(self.get(path), (404, b"the book has no such page"))

    def test_what_is_outside_the_site_is_refused(self):
        self.assertEqual(self.get("/../siteserver")[0], 403)
        self.assertEqual(self.get("/%2e%2e/%2e%2e/etc/passwd")[0], 403)

    def test_a_run_is_passed_on(self):
        run = self.start(SUCCEEDS, parameters="&delay=20&concurrency=3")
        wanted = ["--urls", "1", "--delay", "20", "--concurrency", "3"]
        self.assertEqual(run.begin["arguments"], wanted)
        self.assertEqual(run.events(), ["end"])
        self.assertGone(run)

    def test_numbers_outside_their_bounds_are_refused(self):
        for parameters in ("&delay=2001&concurrency=1", "&delay=0&concurrency=0", "&delay=0", ""):
            run = self.post(SUCCEEDS, parameters=parameters)
            self.assertEqual(run.status, 400)
            self.assertIn("must be a number from", run.rest())

    def test_pages_of_this_machine_may_start_a_run(self):
        for host in ("127.0.0.1", "localhost", "[::1]"):
            for port in ("", f":{self.port}", ":1"):
                with self.subTest(host=host + port):
                    self.assertEqual(self.start(SUCCEEDS, host=host + port).events(), ["end"])

    def test_another_host_is_refused_whatever_its_page_says(self):
        # An attacker's name that leads to 127.0.0.1: the browser takes it for the same origin.
        for host in ("evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example",
                     "localhost.evil.example", "192.0.2.1", "[::2]", "[::]", "0.0.0.0",
                     "127.0.0.2"):  # fmt: skip
            for origin in ("", None, f"http://127.0.0.1:{self.port}"):
                with self.subTest(host=host, origin=origin):
                    run = self.post(host=host, origin=origin)
                    self.assertEqual(run.status, 403)
                    self.assertIn("on the machine that runs the server", run.rest())

    def test_a_page_of_another_origin_is_refused(self):
        own = f"127.0.0.1:{self.port}"
        for origin in (None, "null", "http://evil.example", f"http://evil.example:{self.port}",
                       f"https://{own}", f"http://localhost:{self.port}", "http://127.0.0.1",
                       f"http://127.0.0.1:{self.port + 1}", own, f"http://{own}/", f"http://{own}.evil",
                       f"http://evil@{own}"):  # fmt: skip
            with self.subTest(origin=origin):
                run = self.post(origin=origin)
                self.assertEqual(run.status, 403)
                self.assertIn("from a page of this server", run.rest())

    def test_a_program_that_fails_after_its_own_end_has_the_last_word(self):
        self.assertEqual(self.start(FAILS_AFTER_END).events(), ["result", "end"])
        self.assertEqual(self.start(FAILS_AFTER_ERROR).events(), ["error"])
        self.assertEqual(self.start(END_IN_PIECES).events(), ["end"])

    def test_a_program_that_fails_without_a_word_is_reported(self):
        wanted = {"event": "error", "message": "The comparison ended with status 3."}
        self.assertEqual(json.loads(self.start(FAILS_SILENTLY).rest()), wanted)

    def test_what_only_looks_like_an_end_is_none(self):
        last = self.start(FALSE_END).rest().splitlines()[-1]
        self.assertEqual(json.loads(last)["message"], "The comparison ended with status 1.")

    def test_the_report_of_a_program_that_died_within_a_line_has_its_own_line(self):
        lines = self.start(DIES_IN_LINE).rest().splitlines()
        self.assertEqual(lines[0], '{"event": "res')
        self.assertEqual(len(lines), 2)
        self.assertEqual(json.loads(lines[1])["message"], "The comparison ended with status -9.")

    def test_only_one_comparison_runs_at_a_time(self):
        run = self.start(WAITS)
        second = self.post()
        self.assertEqual(second.status, 409)
        self.assertIn("running already", second.rest())
        self.assertTrue(exists(run.begin["pid"]))
        run.stop()
        self.assertGone(run)

    def test_a_program_whose_reader_left_can_clean_up(self):
        run = self.start(WAITS)
        self.assertEqual(run.event(), {"event": "waiting"})
        self.assertTrue(self.marker.exists())
        run.stop()
        self.assertGone(run)
        self.assertFalse(self.marker.exists())

    def test_a_program_is_ended_even_if_its_reader_wrote_on_and_never_read(self):
        # What is behind the request fills the server's memory for it: then it reads no more, and
        # only the failing answer tells it that the client has left.
        last = self.start(SUCCEEDS)
        last.rest()
        self.assertGone(last)
        own = f"127.0.0.1:{self.port}"
        body = f"urls={FLOODS}&delay=0&concurrency=1"
        request = (
            f"POST /api/compare HTTP/1.1\r\nHost: {own}\r\nOrigin: http://{own}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, LIMIT) as client:
            client.sendall(request.encode())
            self.assertEqual(client.recv(15), b"HTTP/1.1 200 OK")
            client.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 30_000)
            wire_support.reset(client)
        self.assertEqual(self.start(SUCCEEDS).events(), ["end"])

    def test_a_program_whose_reader_left_is_ended_and_the_next_can_start(self):
        for urls in (WAITS, FLOODS):
            with self.subTest(urls=urls):
                run = self.start(urls)
                if urls == FLOODS:
                    line = b"x" * 100_000 + b"\n"
                    self.assertEqual(run.response.read(10 * len(line)), 10 * line)
                run.stop()
                self.assertGone(run)
                self.assertEqual(self.start(SUCCEEDS).events(), ["end"])

    def test_a_program_that_does_not_want_to_end_is_killed_and_blocks_the_next_until_then(self):
        run = self.start(DEAF)
        self.assertEqual(run.event(), {"event": "deaf"})
        run.stop()
        again = self.start(SUCCEEDS)
        self.assertFalse(exists(run.begin["pid"]))
        self.assertEqual(again.events(), ["end"])

    def tearDown(self):
        self.assertIsNone(self.process.poll(), "the server has ended")
        self.log.seek(0)
        self.assertNotIn("Uncaught", self.log.read())


if __name__ == "__main__":
    unittest.main()
