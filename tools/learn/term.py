"""What is shown on the terminal: colours and bars on a terminal only, plain lines anywhere else."""

import os
import re
import sys
import time
import unicodedata

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1f\x7f]")
BLOCKS = " ▏▎▍▌▋▊▉█"
REDRAW_S = 0.05
BAR_WIDTH = 24


def clean(text: str) -> str:
    """Takes colours and control characters out of what another program printed."""
    return ESCAPE.sub("", text)


def width_of(text: str) -> int:
    """Counts the columns that `text` takes on a terminal."""
    plain = clean(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in plain)
    return len(plain) + wide - sum(unicodedata.combining(c) != 0 for c in plain)


def seconds(value: float) -> str:
    """Writes a duration with the unit that suits it: `3.2 ms`, `201 ms`, `4.02 s`, `2 min 05 s`."""
    if value == 0:
        return "0 s"
    if value < 0.00995:
        return f"{value * 1000:.1f} ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 59.995:
        return f"{value:.2f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def mebibytes(value: int) -> str:
    return f"{value / 2**20:.1f} MiB"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shorten(text: str, columns: int) -> str:
    """Cuts `text` to `columns`, with an ellipsis where something is missing."""
    if width_of(text) <= columns:
        return text
    return text[: max(columns - 1, 0)] + "…"


class Terminal:
    """One output stream; knows whether a person watches it."""

    def __init__(self, stream=None):
        self.stream = sys.stdout if stream is None else stream
        if hasattr(self.stream, "reconfigure"):
            self.stream.reconfigure(errors="replace")
        tty = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.live = tty and not os.environ.get("CI")
        self.colour = self.live and not os.environ.get("NO_COLOR")
        self._open_bar = False

    @property
    def columns(self) -> int:
        if not self.live:
            return 100
        try:
            width = os.get_terminal_size(self.stream.fileno()).columns
        except OSError:
            width = 0
        return max(width or 100, 40)  # a terminal may not know its width

    def style(self, text: str, *names: str) -> str:
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(STYLES[n] for n in names)}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        self.clear_bar()
        self.stream.write(text + "\n")
        self.stream.flush()

    def mark(self, good: bool | None) -> str:
        """A tick, a cross, or a dash for what was left out."""
        if good is None:
            return self.style("–", "yellow")
        return self.style("✓", "green") if good else self.style("✗", "red")

    def draw_bar(self, text: str) -> None:
        self.stream.write("\r" + text + "\x1b[K")
        self.stream.flush()
        self._open_bar = True

    def clear_bar(self) -> None:
        if self._open_bar:
            self.stream.write("\r\x1b[K")
            self._open_bar = False

    def progress(self, title: str) -> "Progress":
        return Progress(self, title)

    def table(self, rows: list[list[str]], align: str, indent: str = "  ") -> None:
        """Prints `rows` (the first is the heading) in columns; `align` has l or r for each."""
        widths = [max(width_of(row[i]) for row in rows) for i in range(len(align))]
        for number, row in enumerate(rows):
            cells = [
                " " * (w - width_of(c)) + c if a == "r" else c + " " * (w - width_of(c))
                for c, w, a in zip(row, widths, align)
            ]
            text = (indent + "  ".join(cells)).rstrip()
            self.line(self.style(text, "dim") if number == 0 else text)


class Progress:
    """A bar while something runs (on a terminal), and one line when it has ended (anywhere).

    Without a known total the bar shows only that time passes. `tick` may be called as often as
    one likes; it draws at most every 50 ms.
    """

    def __init__(self, terminal: Terminal, title: str):
        self.terminal = terminal
        self.title = title
        self.started = time.monotonic()
        self.done = 0
        self.total = 0
        self.detail = ""
        self._drawn = 0.0

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def update(self, done: int, total: int, detail: str = "") -> None:
        self.done, self.total, self.detail = done, total, detail
        self.tick()

    def tick(self) -> None:
        now = time.monotonic()
        if not self.terminal.live or now - self._drawn < REDRAW_S:
            return
        self._drawn = now
        self.terminal.draw_bar(self._text())

    def announce(self) -> None:
        """Says that this has begun, where no bar shows it."""
        if not self.terminal.live:
            self.terminal.line(f"  {self.title} …")

    def finish(self, good: bool | None, note: str = "") -> None:
        """Replaces the bar by its one lasting line."""
        text = f"{self.terminal.mark(good)} {self.title}"
        tail = f"{seconds(self.elapsed)}" + (f"  {note}" if note else "")
        self.terminal.line(f"{text}  {self.terminal.style(tail, 'dim')}")

    def drop(self) -> None:
        """Takes the bar away and leaves nothing."""
        self.terminal.clear_bar()
        self.terminal.stream.flush()

    def part(self, title: str) -> "Part":
        """A piece of this work, which shows its progress on this bar and leaves no line."""
        return Part(self, title)

    def _text(self) -> str:
        style = self.terminal.style
        count = f" {self.done}/{self.total}" if self.total else ""
        plain = f"  {self.title} "
        tail = f"{count}  {self.elapsed:.0f} s"
        room = self.terminal.columns - width_of(plain) - BAR_WIDTH - 2 - width_of(tail) - 3
        detail = "  " + shorten(self.detail, room) if self.detail and room > 8 else ""
        return f"{plain}▕{style(self._bar(), 'cyan')}▏{tail}{style(detail, 'dim')}"

    def _bar(self) -> str:
        if self.total:
            eighths = round(min(self.done / self.total, 1) * BAR_WIDTH * 8)
            full, rest = divmod(eighths, 8)
            return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(BAR_WIDTH)
        # No total: a block that walks to and fro.
        span = BAR_WIDTH - 4
        at = int(self.elapsed * 12) % (2 * span)
        return (" " * (at if at < span else 2 * span - at) + "████").ljust(BAR_WIDTH)


class Part:
    """Stands in for a `Progress` where the work is one piece of a larger one."""

    def __init__(self, whole: Progress, title: str):
        self._whole = whole
        self._title = title
        whole.update(0, 0, title)

    def update(self, done: int, total: int, detail: str = "") -> None:
        self._whole.update(done, total, f"{self._title}: {detail}" if detail else self._title)

    def tick(self) -> None:
        self._whole.tick()

    def announce(self) -> None:
        pass  # that is for the whole to say

    def finish(self, good: bool | None, note: str = "") -> None:
        self._whole.update(0, 0)

    def drop(self) -> None:
        self._whole.update(0, 0)
