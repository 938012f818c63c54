"""Python's http.client, and plain sockets that behave well, talk to the server."""

import http.client
import threading
import unittest

import wire_support


class HTTPClientTest(wire_support.WireTest):
    def open(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=wire_support.TIME_LIMIT)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection, method, path, body=None, **options):
        connection.request(method, path, body, **options)
        response = connection.getresponse()
        return response, response.read()

    def test_500_requests_on_one_connection(self):
        connection = self.open()
        connection.connect()
        first = connection.sock
        for i in range(500):
            path = ("/", "/echo", "/sleep?0", "/pieces?5")[i % 4]
            expected = (b"Hello, world", b"%d" % i, b"awake", b"xxxxx")[i % 4]
            body = str(i) if path == "/echo" else None
            response, received = self.ask(connection, "POST" if body else "GET", path, body)
            self.assertEqual(response.status, 200)
            self.assertEqual(received, expected)
        self.assertIs(connection.sock, first)

    def test_chunked_in_both_directions(self):
        connection = self.open()
        pieces = [b"a" * size for size in (1, 10, 100_000, 3)]
        response, received = self.ask(connection, "POST", "/echo", iter(pieces), encode_chunked=True)
        self.assertEqual(received, b"".join(pieces))
        response, received = self.ask(connection, "GET", "/pieces?123456")
        self.assertEqual(response.getheader("Transfer-Encoding"), "chunked")
        self.assertEqual(received, b"x" * 123456)

    def test_head(self):
        connection = self.open()
        for path in ("/", "/pieces?1000", "/none"):
            response, received = self.ask(connection, "HEAD", path)
            self.assertEqual(received, b"")
        response, received = self.ask(connection, "GET", "/")
        self.assertEqual(received, b"Hello, world")

    def test_connection_close(self):
        connection = self.open()
        response, received = self.ask(connection, "GET", "/", headers={"Connection": "close"})
        self.assertEqual(response.getheader("Connection"), "close")
        self.assertIsNone(connection.sock)

    def test_pipelining(self):
        connection = self.connect()
        paths = [("/", "/sleep?1", "/pieces?7", "/echo")[i % 4] for i in range(200)]
        requests = "".join(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n" for path in paths)
        requests += "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        sender = threading.Thread(target=connection.sendall, args=(requests.encode(),))
        sender.start()
        received = wire_support.receive_all(connection)
        sender.join()
        self.assertEqual(wire_support.statuses(received), [200] * 200 + [404])
        self.assertEqual(received.count(b"Hello, world"), 50)
        self.assertEqual(received.count(b"awake"), 50)
        self.assertEqual(received.count(b"7\r\nxxxxxxx\r\n0\r\n\r\n"), 50)

    def test_many_clients_at_once(self):
        results = []

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=wire_support.TIME_LIMIT)
            for _ in range(20):
                results.append(self.ask(connection, "GET", "/sleep?5")[1])
            connection.close()

        threads = [threading.Thread(target=client) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [b"awake"] * 600)


if __name__ == "__main__":
    unittest.main()
