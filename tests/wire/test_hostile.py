"""Clients that are broken or want to do harm. After each the server must be as before."""

import random
import socket
import time
import unittest

import wire_support

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
HIDDEN = b"GET /bytes?7 HTTP/1.1\r\nHost: h\r\n\r\n"


def post(fields, body=b""):
    return b"POST /echo HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"

# Each row is one that some server takes for something else than another one does.
SMUGGLING = [
    post(CHUNKED + b"\r\nContent-Length: 4", b"0\r\n\r\n"),
    post(b"Content-Length: 4\r\n" + CHUNKED, b"0\r\n\r\n"),
    post(b"Content-Length: 5\r\nContent-Length: 6", b"hello!"),
    post(b"Content-Length: 5, 6", b"hello!"),
    post(b"Content-Length: +5", b"hello"),
    post(b"Content-Length: 5x", b"hello"),
    post(b"Content-Length: 0x5", b"hello"),
    post(b"Content-Length: 5 5", b"hello"),
    post(b"Content-Length : 5", b"hello"),
    post(b"Content-Length\t: 5", b"hello"),
    post(b" Content-Length: 5", b"hello"),
    post(b"Content-Length: 18446744073709551621", b"hello"),
    post(CHUNKED + b"\r\n" + CHUNKED, b"0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: identity, chunked", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: xchunked", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: \x0bchunked", b"0\r\n\r\n"),
    post(b"Transfer-Encoding:\r\n chunked", b"0\r\n\r\n"),
    post(b"X: y\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    post(b"X: y\rTransfer-Encoding: chunked", b"0\r\n\r\n"),
    post(CHUNKED, b"0x5\r\nhello\r\n0\r\n\r\n"),
    post(CHUNKED, b"5 \nhello\r\n0\r\n\r\n"),
    post(CHUNKED, b"5;a=b\nhello\r\n0\r\n\r\n"),
    post(CHUNKED, b"5\r\nhelloX0\r\n\r\n"),
    post(CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n"),
    post(CHUNKED, b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    post(CHUNKED, b"0\r\nX : y\r\n\r\n"),
    b"POST /echo HTTP/1.0\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\nHost: h\n\n",
    b"\x00GET / HTTP/1.1\r\nHost: h\r\n\r\n",
]

TLS_HELLO = bytes.fromhex(
    "16030100a5010000a10303" + "00" * 32 + "20" + "11" * 32 + "0004130113020100" + "00" * 30
)


class HostileTest(wire_support.WireTest):
    options = {"header_timeout": 700, "body_timeout": 700, "idle_timeout": 2000}

    def answer_to(self, request):
        connection = self.connect()
        connection.sendall(request)
        return wire_support.receive_all(connection)

    def test_smuggling(self):
        for request in SMUGGLING:
            with self.subTest(request=request):
                received = self.answer_to(request + HIDDEN + HIDDEN)
                codes = wire_support.statuses(received)
                self.assertEqual(len(codes), 1, received)
                self.assertIn(codes[0], (400, 501))
                self.assertNotIn(b"xxxxxxx", received)
                self.assertIn(b"\r\nConnection: close\r\n", received)

    def test_garbage(self):
        for request in (b"\x00" * 1000 + b"\n", b"\xff" * 1000 + b"\n", b"\r\n" * 1000,
                        b"GET\r\n" * 100, b"\x01" + GET, b"HTTP/1.1 200 OK\r\n\r\n"):
            with self.subTest(request=request):
                self.assertEqual(wire_support.statuses(self.answer_to(request)), [400])

    def test_random_bytes(self):
        for _ in range(20):
            seed = random.getrandbits(32)
            with self.subTest(seed=seed):
                request = random.Random(seed).randbytes(1000) + b"\r\n\r\n"
                self.assertEqual(wire_support.statuses(self.answer_to(request)), [400])

    def test_tls_on_a_plain_port(self):
        self.assertEqual(wire_support.statuses(self.answer_to(TLS_HELLO)), [400])

    def test_http_2_preface(self):
        received = self.answer_to(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9)
        self.assertEqual(wire_support.statuses(received), [505])

    def send_without_end(self, start, block):
        """Sends until the server closes; returns the answer and how much was sent until then."""
        connection = self.connect()
        connection.sendall(start)
        connection.setblocking(False)
        sent = 0
        deadline = time.monotonic() + wire_support.TIME_LIMIT
        while time.monotonic() < deadline and sent < 50_000_000:
            try:
                sent += connection.send(block[sent % len(block):])
            except BlockingIOError:
                time.sleep(0.001)
            except (ConnectionResetError, BrokenPipeError):
                break
        connection.setblocking(True)
        connection.settimeout(wire_support.TIME_LIMIT)
        return wire_support.receive_all(connection), sent

    def test_lines_without_end(self):
        for start, code in ((b"GET /", 414), (b"GET / HTTP/1.1\r\nX: ", 431), (b"A", 414)):
            with self.subTest(start=start):
                received, sent = self.send_without_end(start, b"a" * 65536)
                self.assertEqual(wire_support.statuses(received), [code])
                self.assertLess(sent, 50_000_000)

    def test_headers_without_end(self):
        received, sent = self.send_without_end(b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 1000)
        self.assertEqual(wire_support.statuses(received), [431])
        self.assertLess(sent, 50_000_000)

    def test_large_header(self):
        received = self.answer_to(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 100_000 + b"\r\n\r\n")
        self.assertEqual(wire_support.statuses(received), [431])

    def test_many_headers(self):
        received = self.answer_to(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 5000 + b"\r\n")
        self.assertEqual(wire_support.statuses(received), [431])

    def test_body_without_end(self):
        received, sent = self.send_without_end(post(CHUNKED)[:-2] + b"\r\n", b"ffff\r\n" + b"x" * 65535 + b"\r\n")
        self.assertEqual(wire_support.statuses(received), [413])
        self.assertLess(sent, 50_000_000)

    def drip(self, start, byte):
        connection = self.connect()
        connection.sendall(start)
        connection.settimeout(0.05)
        deadline = time.monotonic() + wire_support.TIME_LIMIT
        while time.monotonic() < deadline:
            try:
                return connection.recv(65536)
            except TimeoutError:
                connection.sendall(byte)
        self.fail("the server waits for ever")

    def test_slow_head(self):
        received = self.drip(b"GET / HTTP/1.1\r\nX: ", b"y")
        self.assertEqual(wire_support.statuses(received), [408])

    def test_body_that_stops(self):
        connection = self.connect()
        connection.sendall(post(b"Content-Length: 10", b"hello"))
        self.assertEqual(wire_support.statuses(wire_support.receive_all(connection)), [408])

    def test_idle_connections(self):
        connections = [self.connect() for _ in range(50)]
        used = self.connect()
        used.sendall(GET)
        wire_support.receive_until(used, b"Hello, world")
        for connection in connections + [used]:
            self.assertEqual(wire_support.receive_all(connection), b"")

    def test_half_close_after_requests(self):
        connection = self.connect()
        connection.sendall(GET * 3)
        connection.shutdown(socket.SHUT_WR)
        received = wire_support.receive_all(connection)
        self.assertEqual(wire_support.statuses(received), [200] * 3)

    def test_half_close_with_much_to_send(self):
        connection = self.connect()
        connection.sendall(b"GET /bytes?8000000 HTTP/1.1\r\nHost: h\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        self.assertTrue(wire_support.receive_all(connection).endswith(b"\r\n\r\n" + b"x" * 8_000_000))

    def test_half_close_in_the_middle(self):
        for request in (b"", b"GET / HT", GET[:-2], post(b"Content-Length: 10", b"hello"),
                        b"GET /sleep?60000 HTTP/1.1\r\nHost: h\r\n\r\n"):
            with self.subTest(request=request):
                connection = self.connect()
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(wire_support.receive_all(connection), b"")

    def test_resets(self):
        for request in (b"", b"GET / HT", GET * 3, post(b"Content-Length: 10", b"hello"),
                        b"GET /sleep?60000 HTTP/1.1\r\nHost: h\r\n\r\n",
                        b"GET /pieces?50000000 HTTP/1.1\r\nHost: h\r\n\r\n",
                        b"GET /bytes?5000000 HTTP/1.1\r\nHost: h\r\n\r\n"):
            with self.subTest(request=request):
                for delay in (0, 0.02):
                    connection = self.connect()
                    connection.sendall(request)
                    time.sleep(delay)
                    wire_support.reset(connection)

    def test_many_connections_that_do_nothing(self):
        connections = [self.connect() for _ in range(500)]
        self.assertEqual(wire_support.statuses(self.answer_to(
            b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")), [200])
        for connection in connections:
            connection.close()

    def test_requests_without_reading_the_answers(self):
        connection = self.connect()
        connection.settimeout(0.3)
        request = b"GET /bytes?100000 HTTP/1.1\r\nHost: h\r\n\r\n"
        try:
            for _ in range(100_000):
                connection.sendall(request * 100)
        except TimeoutError:
            pass
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as status:
            resident = [int(line.split()[1]) for line in status if line.startswith("VmRSS")][0]
        self.assertLess(resident, 64 * 1024)


if __name__ == "__main__":
    unittest.main()
