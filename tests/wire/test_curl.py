"""curl talks to the server."""

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

import wire_support


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class CurlTest(wire_support.WireTest):
    def curl(self, *arguments, **options):
        command = ["curl", "--silent", "--show-error", "--noproxy", "*",
                   "--max-time", str(2 * wire_support.TIME_LIMIT)]
        return subprocess.run(command + list(arguments), capture_output=True, **options)

    def out(self, *arguments, **options):
        result = self.curl(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_get(self):
        self.assertEqual(
            self.out("--include", self.server.url),
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello, world",
        )

    def test_http_1_0(self):
        answer = self.out("--http1.0", "--include", self.server.url)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\nHello, world"))
        answer = self.out("--http1.0", "--include", self.server.url + "/pieces?25000")
        self.assertNotIn(b"Transfer-Encoding", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n" + b"x" * 25000))

    def test_one_connection_serves_several_urls(self):
        urls = [self.server.url + path for path in ("/", "/pieces?30000", "/sleep?10", "/none", "/")]
        sinks = ["--output", os.devnull] * len(urls)
        connects = self.out("--write-out", "%{num_connects}\n", *sinks, *urls)
        self.assertEqual(connects, b"1\n0\n0\n0\n0\n")

    def test_http_1_0_keeps_a_connection_when_asked(self):
        urls = [self.server.url] * 3
        sinks = ["--output", os.devnull] * len(urls)
        connects = self.out(
            "--http1.0", "--header", "Connection: keep-alive",
            "--write-out", "%{num_connects}\n", *sinks, *urls,
        )
        self.assertEqual(connects, b"1\n0\n0\n")

    def test_connection_close(self):
        urls = [self.server.url] * 2
        sinks = ["--output", os.devnull] * len(urls)
        connects = self.out(
            "--header", "Connection: close", "--write-out", "%{num_connects}\n", *sinks, *urls
        )
        self.assertEqual(connects, b"1\n1\n")

    def test_head(self):
        answer = self.out("--head", self.server.url, self.server.url + "/bytes?1000000")
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK\r\n"), 2)
        self.assertIn(b"Content-Length: 1000000\r\n", answer)

    def test_post(self):
        answer = self.out("--data", "a=b&c=d", self.server.url + "/echo")
        self.assertEqual(answer, b"a=b&c=d")

    def test_chunked_upload(self):
        body = bytes(range(256)) * 2000
        answer = self.out("--upload-file", "-", self.server.url + "/echo", input=body)
        self.assertEqual(answer, body)

    def test_upload_with_expectation(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"y" * 2_000_000)
            file.flush()
            result = self.curl(
                "--verbose", "--header", "Expect: 100-continue", "--data-binary", "@" + file.name,
                self.server.url + "/size",
            )
        self.assertEqual(result.stdout, b"2000000")
        self.assertIn(b"< HTTP/1.1 100 Continue", result.stderr)

    def test_body_that_is_too_large(self):
        for expect in ("Expect:", "Expect: 100-continue"):
            with self.subTest(expect=expect), tempfile.NamedTemporaryFile() as file:
                file.truncate(20_000_000)
                result = self.curl(
                    "--header", expect, "--data-binary", "@" + file.name,
                    "--output", os.devnull, "--write-out", "%{http_code}", self.server.url + "/size",
                )
                self.assertEqual(result.stdout, b"413")

    def test_large_download(self):
        expected = hashlib.sha256(b"x" * 50_000_000).hexdigest()
        for path in ("/bytes", "/pieces"):
            with self.subTest(path=path):
                body = self.out(f"{self.server.url}{path}?50000000")
                self.assertEqual(hashlib.sha256(body).hexdigest(), expected)

    def test_download_that_is_given_up(self):
        result = self.curl("--max-time", "0.2", "--limit-rate", "100k", "--output", os.devnull,
                           self.server.url + "/pieces?50000000")
        self.assertEqual(result.returncode, 28)

    def test_parallel_requests(self):
        urls = [self.server.url + "/sleep?100"] * 40
        sinks = ["--output", os.devnull] * len(urls)
        codes = self.out("--parallel", "--parallel-max", "40", "--write-out", "%{http_code}\n",
                         *sinks, *urls)
        self.assertEqual(codes, b"200\n" * 40)

    def test_connection_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        self.assertEqual(self.curl(f"http://127.0.0.1:{port}/").returncode, 7)


if __name__ == "__main__":
    unittest.main()
