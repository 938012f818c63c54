"""Timelines: bars in the right place, lots of requests in few lines, well-formed pictures."""

import html.parser
import io
import re
import unittest
import xml.etree.ElementTree as xml

import support  # noqa: F401  (puts the tool on the path)
from learn import timeline
from learn.measure import Request, Result
from learn.term import Terminal


def result(count=3, name="p", error=None, failure=None):
    requests = [Request(i, i * 0.1, i * 0.1 + 0.1, 5, error) for i in range(count)]
    wall = None if failure else count * 0.1
    return Result(name, "w", wall, 0.01, 1, 5 << 20, failure, requests)


def on_terminal(*results):
    term = Terminal(io.StringIO())
    timeline.for_terminal(term, list(results))
    return term.stream.getvalue().splitlines()


class Bars(unittest.TestCase):
    def bar(self, *spans, width=10, span=1.0):
        return timeline.terminal_bar(
            [Request(i, a, b, 0, None) for i, (a, b) in enumerate(spans)], span, width
        )

    def test_a_bar_covers_the_time_of_its_request(self):
        self.assertEqual(self.bar((0.0, 0.5)), "█████     ")
        self.assertEqual(self.bar((0.5, 1.0)), "     █████")

    def test_the_shortest_request_still_shows_and_the_last_stays_inside(self):
        self.assertEqual(self.bar((0.3, 0.3)), "   █      ")
        self.assertEqual(self.bar((1.0, 1.0)), "         █")

    def test_a_lot_is_shaded_by_how_much_of_it_runs(self):
        self.assertEqual(self.bar((0.0, 0.5), (0.5, 1.0)), "▒▒▒▒▒▒▒▒▒▒")
        self.assertEqual(self.bar((0.0, 1.0), (0.0, 0.5)), "█████▒▒▒▒▒")


class Terminals(unittest.TestCase):
    def test_up_to_forty_requests_have_a_line_each(self):
        self.assertEqual(sum("▕" in line for line in on_terminal(result(40))), 40)

    def test_more_requests_share_twenty_lines_and_none_is_lost(self):
        lines = [line for line in on_terminal(result(10_000)) if "▕" in line]
        self.assertEqual(len(lines), 20)
        self.assertEqual(sum(int(re.search(r"×(\d+)", line)[1]) for line in lines), 10_000)

    def test_all_programs_share_one_axis(self):
        lines = [line for line in on_terminal(result(2), result(20)) if "▕" in line]
        width = lambda line: line.count("█")  # noqa: E731
        self.assertAlmostEqual(width(lines[0]), width(lines[5]), delta=1)

    def test_no_line_is_wider_than_the_terminal(self):
        self.assertLessEqual(max(map(len, on_terminal(result(41)))), 100)

    def test_nothing_is_drawn_without_requests(self):
        self.assertEqual(on_terminal(result(0)), [])

    def test_a_failed_request_is_marked_without_colour(self):
        self.assertTrue(any(line.endswith("✗") for line in on_terminal(result(2, error="e"))))


class Ticks(unittest.TestCase):
    def test_ticks_are_round_and_few(self):
        for span in (0.0003, 0.2, 1.0, 4.0, 59.0, 3600.0):
            ticks = timeline.ticks(span)
            self.assertTrue(4 <= len(ticks) <= 11, (span, ticks))
            self.assertEqual(ticks[0], 0)
            self.assertLessEqual(ticks[-1], span * 1.0001)


class Pictures(unittest.TestCase):
    NASTY = '<b>&"\''

    def test_the_picture_is_well_formed_whatever_the_names_are(self):
        results = [result(3, self.NASTY, error=self.NASTY), result(0, failure=self.NASTY)]
        root = xml.fromstring(timeline.as_svg(results))
        bars = [e for e in root.iter() if e.tag.endswith("rect")]
        self.assertEqual(len(bars), 3)
        self.assertIn(self.NASTY, "".join(root.itertext()))

    def test_bars_lie_inside_the_picture(self):
        root = xml.fromstring(timeline.as_svg([result(7)]))
        _, _, width, height = map(float, root.get("viewBox").split())
        for bar in (e for e in root.iter() if e.tag.endswith("rect")):
            right = float(bar.get("x")) + float(bar.get("width"))
            self.assertTrue(0 <= float(bar.get("x")) and right <= width + 0.1)
            self.assertLessEqual(float(bar.get("y")) + float(bar.get("height")), height)

    def test_ten_thousand_requests_make_a_small_picture(self):
        self.assertLess(len(timeline.as_svg([result(10_000)])), 100_000)

    def test_the_page_closes_what_it_opens(self):
        page = timeline.as_page([result(3, self.NASTY), result(0, failure=self.NASTY)], self.NASTY)
        checker = Balanced()
        checker.feed(page)
        checker.close()
        self.assertEqual(checker.open, [])
        self.assertNotIn(self.NASTY, page)
        self.assertNotRegex(page, r"""(src|href)=["']""")  # needs nothing else


class Balanced(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()
