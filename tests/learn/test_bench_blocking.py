"""`./learn bench blocking`: who is measured, and what is not a measurement."""

from unittest import mock

import support
from learn.benches import blocking
from learn.errors import LearnError

SERVER = """
    import socketserver, sys, time
    mode, *rest = sys.argv[1:]
    assert mode in ("loop", "executor") and rest == ["--port", "0"], sys.argv

    class Client(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                if line == b"query\\n":
                    time.sleep(0.01)
                    line = b"42\\n"
                self.wfile.write(line)

    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Client) as server:
        print(f"listening on tcp://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
"""


class Blocking(support.TreeTest):
    def setUp(self):
        super().setUp()
        patch = mock.patch.multiple(blocking, MEASURED_S=0.2)
        patch.start()
        self.addCleanup(patch.stop)

    def measure(self, code):
        self.program(f"build/release/bin/{blocking.SERVER}", code)
        with mock.patch.object(blocking, "build"):
            return blocking.measure(self.context())

    def test_each_way_is_measured_while_another_client_asks(self):
        nobody, loop, executor = self.measure(SERVER)["servers"]
        self.assertEqual(nobody["queries"], 0)
        for each in (loop, executor):
            self.assertGreater(each["queries"], 0)
        for each in (nobody, loop, executor):
            self.assertGreater(each["round_trips"], 0)
            self.assertLessEqual(each["p50_ms"], each["p99_ms"])
            self.assertLessEqual(each["p99_ms"], each["longest_ms"])

    def test_the_table_names_each_way(self):
        context = self.context()
        blocking.show(context.term, self.measure(SERVER))
        for name, *_ in blocking.MODES:
            self.assertIn(name, self.shown(context))

    def test_a_server_that_hangs_up_on_a_query_is_an_error(self):
        with self.assertRaisesRegex(LearnError, "did not answer a query"):
            self.measure(SERVER.replace("time.sleep(0.01)", "return"))
