"""Drives the examples of chapter 3 as a user would."""

import json
import pathlib
import re
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: E402

from support.examples import run  # noqa: E402


class Pages(BaseHTTPRequestHandler):
    """Pages with and without a length, and one that does not exist."""

    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        body = b"Hello, world!\n"
        self.send_response(200)
        if self.path != "/until-close":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Examples(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.port = self.server.server_address[1]
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)

    def test_callers(self):
        lines = [line.strip() for line in run("callers").splitlines()]
        begin = lines.index("a promise and two who wait for its future:")
        self.assertLess(lines.index("set begins"), lines.index("the callback, with 5, begins"))
        self.assertEqual(
            lines[begin + 1 :][::2],
            [
                "the one who knows the value begins",
                "set_value ends",
                "something else that was waiting for its turn begins",
                "the first callback, with 5, begins",
                "the second callback, with 5, begins",
                "a callback that was added late begins",
            ],
        )

    def test_unnested(self):
        self.assertEqual(run("unnested", "--port", self.port), "Hello, world!\n")
        self.assertIn("refused", run("unnested", "--port", 1, code=1))
        self.assertIn("usage: unnested [--port N]", run("unnested", "x", code=2))

    def test_together(self):
        text = run("together")
        in_time, all_of_them = text.splitlines()
        self.assertRegex(in_time, r"^19 of 20 pages came in time, after 0\.[5-9] s$")
        self.assertEqual(all_of_them, "all of them: the result did not come in time")

    def test_interleave(self):
        one_by_one, interleaved = map(int, re.findall(r"(\d+) ms$", run("interleave"), re.MULTILINE))
        self.assertGreaterEqual(one_by_one, 1000)
        self.assertGreaterEqual(interleaved, 600)
        self.assertLess(interleaved, one_by_one)

    def test_query(self):
        on_the_loop, in_the_executor = map(int, re.findall(r"(\d+) ms late$", run("query"), re.MULTILINE))
        self.assertGreater(on_the_loop, 2 * in_the_executor)

    def test_asio_futures(self):
        lines = run("asio_futures").splitlines()
        self.assertEqual(
            lines,
            [
                "use_future: the timer has fired, and this thread was blocked",
                "deferred: nothing has begun",
                "deferred: the timer has fired",
            ],
        )

    def test_fetch(self):
        urls = [f"http://localhost:{self.port}/", f"http://127.0.0.1:{self.port}/until-close"]
        rows = [json.loads(line) for line in run("fetch", "--concurrency", 2, *urls, *urls).splitlines()]
        self.assertEqual([(row["status"], row["bytes"], row["error"]) for row in rows], [(200, 14, None)] * 4)
        self.assertEqual(sorted(row["url"] for row in rows), sorted(urls + urls))
        [missing] = run("fetch", f"http://127.0.0.1:{self.port}/missing").splitlines()
        self.assertEqual(json.loads(missing)["status"], 404)
        self.assertIn("usage: fetch [--concurrency K]", run("fetch", code=2))

    def test_fetch_refuses(self):
        bad = ["http://127.0.0.1:1/", "https://127.0.0.1/", "nonsense", "http://no.such.name.invalid/"]
        rows = {row["url"]: row for row in map(json.loads, run("fetch", *bad).splitlines())}
        self.assertEqual(sorted(rows), sorted(bad))
        for row in rows.values():
            self.assertIsNone(row["status"])
            self.assertTrue(row["error"])
        self.assertIn("refused", rows[bad[0]]["error"])


if __name__ == "__main__":
    unittest.main()
