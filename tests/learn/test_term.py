"""Numbers with their units, tables that line up, bars that appear on a terminal only."""

import contextlib
import fcntl
import io
import os
import struct
import termios
import unittest
from unittest import mock

import support  # noqa: F401  (puts the tool on the path)
from learn import arguments, term


class Screen(io.StringIO):
    def isatty(self):
        return True


@contextlib.contextmanager
def terminal(columns):
    """A stream that is a terminal of this width."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(master, "rb"), open(slave, "w") as stream:
        yield stream


class Words(unittest.TestCase):
    def test_durations_have_the_unit_that_suits_them(self):
        for value, text in (
            (0, "0 s"),
            (0.0032, "3.2 ms"),
            (0.2014, "201 ms"),
            (0.9996, "1.00 s"),
            (4.02, "4.02 s"),
            (59.996, "1 min 00 s"),
            (125, "2 min 05 s"),
            (3720, "1 h 02 min"),
        ):
            self.assertEqual(term.seconds(value), text)

    def test_control_characters_of_others_are_taken_out(self):
        coloured = "\x1b[1;31mred\x1b[0m\x07 \x1b]0;title\x07x\r\ty\n"
        self.assertEqual(term.clean(coloured), "red x\ty\n")

    def test_nearest_names_only_what_is_near(self):
        known = ["compare", "test"]
        self.assertEqual(arguments.nearest("comapre", known), "; did you mean compare?")
        self.assertEqual(arguments.nearest("xyz", known), "")


class Tables(unittest.TestCase):
    def test_columns_line_up(self):
        out = term.Terminal(io.StringIO())
        out.table([["name", "n"], ["µ", "10"], ["longer", "9"]], "lr", indent="")
        self.assertEqual(out.stream.getvalue(), "name     n\nµ       10\nlonger   9\n")


class Bars(unittest.TestCase):
    def drawn(self, stream, **environment):
        with mock.patch.dict("os.environ", {"TERM": "xterm"} | environment):
            out = term.Terminal(stream)
            bar = out.progress("build")
            bar.update(3, 4, "a.cpp")
            bar.finish(True)
        return stream.getvalue()

    def setUp(self):
        patch = mock.patch.dict("os.environ")
        patch.start()
        self.addCleanup(patch.stop)
        for name in ("CI", "NO_COLOR"):
            os.environ.pop(name, None)

    def test_on_a_terminal_there_is_a_bar_and_then_a_line(self):
        shown = self.drawn(Screen())
        self.assertIn("3/4", shown)
        self.assertIn("a.cpp", shown)
        self.assertRegex(shown, r"\r\x1b\[K.*✓.*build")

    def test_anywhere_else_there_is_the_line_only(self):
        self.assertRegex(self.drawn(io.StringIO()), r"^✓ build  [\d.]+ ms\n$")
        self.assertRegex(self.drawn(Screen(), CI="true"), r"^✓ build  [\d.]+ ms\n$")

    def test_what_begins_is_announced_where_there_is_no_bar(self):
        for stream, environment, shown in (
            (Screen(), {}, ""),
            (Screen(), {"CI": "true"}, "  build …\n"),
            (io.StringIO(), {}, "  build …\n"),
        ):
            with mock.patch.dict("os.environ", {"TERM": "xterm"} | environment):
                term.Terminal(stream).progress("build").announce()
            self.assertEqual(stream.getvalue(), shown)

    def test_a_bar_never_wraps(self):
        with terminal(60) as stream, mock.patch.dict("os.environ", {"TERM": "xterm"}):
            bar = term.Terminal(stream).progress("build")
            with mock.patch.object(bar.terminal, "draw_bar") as draw:
                bar.update(3, 4, "very/" * 40)
        self.assertEqual(term.width_of(draw.call_args[0][0]), 59)

    def test_the_width_is_that_of_the_stream_itself(self):
        with mock.patch.dict("os.environ", {"TERM": "xterm", "COLUMNS": "70"}):
            for columns, known in ((123, 123), (12, 40), (0, 100)):
                with terminal(columns) as stream:
                    self.assertEqual(term.Terminal(stream).columns, known)
            self.assertEqual(term.Terminal(Screen()).columns, 100)
