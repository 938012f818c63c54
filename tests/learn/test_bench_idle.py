"""`./learn bench idle`: how many connections there are, and when a run is worth nothing."""

import resource
from unittest import mock

import support
from learn import kernel
from learn.benches import idle
from learn.errors import LearnError

SERVER = """
    import sys, time
    assert sys.argv[1:] == ["--port", "0"], sys.argv
    print("listening on tcp://127.0.0.1:9", flush=True)
    time.sleep(60)
"""
CLIENT = """
    import sys
    port, count, rounds = map(int, sys.argv[1:])
    assert (port, rounds) == (9, 7), sys.argv
    print('{"p50_us": 10.0, "p99_us": 20.0}', flush=True)
    assert sys.stdin.readline() == "\\n"
    print('{"open": %d}' % count, flush=True)
    assert sys.stdin.readline() == "\\n"
    print('{"p50_us": 11.0, "p99_us": 30.5}', flush=True)
"""
NAMES = [name for name, _ in idle.SERVERS]
PROGRAMS = [program for _, program in idle.SERVERS]


class Idle(support.TreeTest):
    def setUp(self):
        super().setUp()
        for program in PROGRAMS:
            self.program(f"build/release/bin/{program}", SERVER)
        self.client(CLIENT)
        quick = {"WANTED": 4, "ROUND_TRIPS": 7, "REPEATS": 1, "IDLE_S": 0.1, "SETTLE_S": 0}
        patch = mock.patch.multiple(idle, **quick)
        patch.start()
        self.addCleanup(patch.stop)

    def client(self, code):
        self.program(f"build/release/bin/{idle.CLIENT}", code)

    def measure(self):
        with mock.patch.object(idle, "build") as build:
            result = idle.measure(self.context())
        self.assertEqual(build.call_args.args[1:], ("release", [*PROGRAMS, idle.CLIENT]))
        return result

    def notes(self, result):
        context = self.context()
        idle.show(context.term, result)
        return self.shown(context).splitlines()[1 + len(result["servers"]) :]

    def test_each_server_is_measured_with_the_same_connections(self):
        result = self.measure()
        known = {"wanted": 4, "connections": 4, "limited_by": None, "round_trips": 7, "repeats": 1}
        self.assertEqual(result | known, result)
        self.assertEqual([each["name"] for each in result["servers"]], NAMES)
        said = {"alone_p50_us": 10.0, "p50_us": 11.0, "p99_us": 30.5}
        for each in result["servers"]:
            self.assertEqual(each | said | {"connections": 4, "threads": 1}, each)
            self.assertLess(each["idle_cpu_s"], 0.1)

    def test_memory_is_what_came_with_the_connections(self):
        names = ("resident_bytes", "kernel_stack_bytes", "page_table_bytes", "slab_bytes")
        before, after = dict.fromkeys(names, 1000), dict.fromkeys(names, 1400)
        after["slab_bytes"] = 900  # something else gave it back
        with mock.patch.object(idle, "_memory", side_effect=[before, after] * len(PROGRAMS)):
            for each in self.measure()["servers"]:
                self.assertEqual([each[name] for name in names], [100, 100, 100, 0])

    def test_the_servers_take_turns_and_the_medians_count(self):
        begun = []

        def run(_context, program, _count, _bar):
            begun.append(program)
            return {"p50_us": (30.0, 10.0, 20.0)[begun.count(program) - 1]}

        with mock.patch.object(idle, "_run", run), mock.patch.object(idle, "REPEATS", 3):
            servers = self.measure()["servers"]
        self.assertEqual(begun, PROGRAMS * 3)
        self.assertEqual([each["p50_us"] for each in servers], [20.0] * len(PROGRAMS))

    def test_a_server_that_cannot_serve_them_all_is_measured_with_fewer_and_that_is_said(self):
        self.client(CLIENT.replace("% count", "% 3"))
        result = self.measure()
        self.assertEqual({each["connections"] for each in result["servers"]}, {3})
        said = f"{NAMES[0]}: 3 connections, nine tenths of what it could serve."
        self.assertIn(said, self.notes(result)[0])

    def test_what_is_no_measurement_is_told(self):
        ended = "the client with the idle connections ended with exit code 1"
        for code, message in (
            (CLIENT.replace("% count", "% 0"), "idle_threads served 0 idle connections of 4"),
            (CLIENT.replace("% count", "% 5"), "idle_threads served 5 idle connections of 4"),
            ("import sys; sys.exit(1)", ended),
            ("import sys; sys.exit('connect: no')", "idle connections said: connect: no"),
            ("print('{}')", "idle connections said: {}"),
            ("print('[]')", r"idle connections said: \[\]"),
            ("""print('{"p50_us": "1", "p99_us": 1}')""", "idle connections said: "),
            ("""print('{"p50_us": NaN, "p99_us": 1}')""", "idle connections said: "),
            ("""print('{"p50_us": 1, "p99_us": 1}'); raise SystemExit(1)""", ended),
        ):
            with self.subTest(code):
                self.client(code)
                with self.assertRaisesRegex(LearnError, message):
                    self.measure()

    def test_a_client_that_hangs_is_ended(self):
        note = f"open('{self.root}/pid', 'w').write(str(os.getpid()))"
        self.client(f"import os, time; {note}; time.sleep(60)")
        with mock.patch.object(idle, "LIMIT_S", 1), self.assertRaisesRegex(LearnError, "not done"):
            self.measure()
        self.assertTrue(support.gone(int((self.root / "pid").read_text())))

    def test_a_server_that_has_gone_is_told(self):
        for ask in (kernel.cpu_s, kernel.threads):
            with self.assertRaisesRegex(LearnError, "ended in the middle"):
                ask(mock.Mock(pid=0))


class Count(support.TreeTest):
    def most(self, descriptors, available):
        with (
            mock.patch.object(resource, "getrlimit", return_value=(descriptors, descriptors)),
            mock.patch.object(idle, "kibibytes", return_value=available),
        ):
            return idle.most_connections()

    def test_there_are_as_many_as_wanted_where_nothing_limits_them(self):
        for descriptors in (resource.RLIM_INFINITY, idle.WANTED + idle.OTHER_DESCRIPTORS):
            for available in (0, 2**40):  # 0: the kernel does not say
                with self.subTest(descriptors=descriptors, available=available):
                    self.assertEqual(self.most(descriptors, available), (idle.WANTED, None))

    def test_open_files_limit_them(self):
        count, reason = self.most(1024, 2**40)
        self.assertEqual(count, 1024 - idle.OTHER_DESCRIPTORS)
        self.assertIn("a process may have 1,024 open files here", reason)

    def test_memory_limits_them(self):
        count, reason = self.most(20_000, 2**20 * 256)
        self.assertEqual(count, 2048)
        self.assertIn("256 MiB of memory are available", reason)

    def test_without_any_there_is_nothing_to_measure(self):
        with self.assertRaisesRegex(LearnError, "no room for a single idle connection"):
            self.most(idle.OTHER_DESCRIPTORS, 2**40)


class Table(support.TreeTest):
    def shown_table(self, **changes):
        one = {"name": "many", "connections": 9000, "threads": 9002, "resident_bytes": 12720.4}
        one |= {"kernel_stack_bytes": 16384, "page_table_bytes": 4000, "slab_bytes": 600.2}
        one |= {"idle_cpu_s": 0.01, "alone_p50_us": 14.94, "p50_us": 15.0, "p99_us": 21.58}
        result = {"wanted": 9000, "connections": 9000, "limited_by": None, "idle_s": 3.0}
        result |= {"round_trips": 5000, "repeats": 3, "servers": [one]} | changes
        context = self.context()
        idle.show(context.term, result)
        return self.shown(context).splitlines()

    def test_the_table_has_a_line_for_each(self):
        head, row, *notes = self.shown_table()
        columns = ["connections", "threads", "memory each", "kernel each", "CPU in 3 s"]
        self.assertRegex(head, "^ +" + " +".join([*columns, "echo alone", "among them", "p99$"]))
        values = ["9,000", "9,002", "12,720 B", "20,984 B", r"0\.01 s"]
        self.assertRegex(row, "^many +" + " +".join([*values, "14.9 µs", "15.0 µs", "21.6 µs$"]))
        self.assertIn("medians of 5,000 round trips", " ".join(notes))
        self.assertNotIn("instead of", " ".join(notes))

    def test_fewer_connections_than_wanted_are_explained(self):
        notes = self.shown_table(wanted=10_000, limited_by="so it is")[2:]
        self.assertEqual(notes[0].strip(), "9,000 connections instead of 10,000: so it is.")
