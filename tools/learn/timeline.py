"""Draws when each request ran: on the terminal, as an SVG, and as a page of its own."""

import html
import math

from learn.measure import Request, Result
from learn.term import mebibytes, seconds

MOST_LINES = 40  # on the terminal; more requests share lines
GROUPED_LINES = 20
SVG_ROWS = 120
SHADES = " ░▒▓█"


def ticks(span: float) -> list[float]:
    """Chooses four to ten round times from 0 to `span`."""
    if span <= 0:
        return [0.0]
    rough = span / 8
    scale = 10 ** math.floor(math.log10(rough))
    step = next(m * scale for m in (1, 2, 5, 10) if m * scale >= rough)
    return [i * step for i in range(int(span / step + 1e-9) + 1)]


def groups(requests: list[Request], most: int, grouped: int) -> list[list[Request]]:
    """Puts the requests in the order of their starts; above `most`, in `grouped` equal lots."""
    ordered = sorted(requests, key=lambda r: (r.start, r.end, r.index))
    count = len(ordered)
    if count <= most:
        return [[request] for request in ordered]
    return [ordered[i * count // grouped : (i + 1) * count // grouped] for i in range(grouped)]


def span_of(results: list[Result]) -> float:
    """The length of the common time axis."""
    ends = [request.end for result in results for request in result.requests]
    return max(ends + [result.wall_s or 0.0 for result in results], default=0.0)


def for_terminal(term, results: list[Result]) -> None:
    """Prints one block per program, all on one time axis."""
    shown = [result for result in results if result.requests]
    span = span_of(shown)
    if not span:
        return
    width = max(term.columns - 24, 20)
    for result in shown:
        term.line(f"{term.style(result.name, 'bold')}  {term.style(result.waits, 'dim')}")
        count = len(result.requests)
        if count > MOST_LINES:
            note = f"{count} requests in {GROUPED_LINES} lines; the darker, the more at once"
            term.line(term.style(f"  {note}", "dim"))
        for lot in groups(result.requests, MOST_LINES, GROUPED_LINES):
            term.line(_terminal_line(term, lot, span, width))
        term.line()
    term.line(term.style(_terminal_axis(span, width), "dim"))


def _terminal_line(term, lot: list[Request], span: float, width: int) -> str:
    failed = any(request.error is not None for request in lot)
    label = str(lot[0].index + 1) if len(lot) == 1 else f"×{len(lot)}"
    length = max(r.end for r in lot) - min(r.start for r in lot)
    bar = term.style(terminal_bar(lot, span, width), "red" if failed else "cyan")
    mark = term.style(" ✗", "red") if failed else ""
    return f"  {label:>5} ▕{bar}▏ {seconds(length):>9}{mark}"


def terminal_bar(lot: list[Request], span: float, width: int) -> str:
    """One character per `span / width` seconds, shaded by the share of the lot that runs then."""
    load = [0.0] * width
    for request in lot:
        first = min(int(request.start / span * width), width - 1)
        last = min(max(math.ceil(request.end / span * width), first + 1), width)
        for column in range(first, last):
            load[column] += 1 / len(lot)
    return "".join(SHADES[math.ceil(min(share, 1) * (len(SHADES) - 1) - 1e-9)] for share in load)


def _terminal_axis(span: float, width: int) -> str:
    line = [" "] * (width + 10)
    for tick in ticks(span):
        label = "0" if tick == 0 else f"{tick:g} s"
        at = round(tick / span * width)
        if at + len(label) <= len(line) and all(c == " " for c in line[max(at - 1, 0) : at + 2]):
            line[at : at + len(label)] = label
    return (" " * 8 + "".join(line)).rstrip()


# ---- SVG ---------------------------------------------------------------------------------------

WIDTH = 960
LEFT, RIGHT, TITLE = 8, 8, 34
STYLE = (
    ".funnel{font:14px system-ui,sans-serif}.funnel text{fill:#1f2933}.funnel .soft{fill:#616e7c}"
    ".funnel .grid{stroke:#cbd2d9}.funnel .bar{fill:#2680c2}.funnel .bad{fill:#cf1124}"
    "@media(prefers-color-scheme:dark){.funnel text{fill:#e4e7eb}.funnel .soft{fill:#9aa5b1}"
    ".funnel .grid{stroke:#3e4c59}.funnel .bar{fill:#62b0e8}.funnel .bad{fill:#f86a6a}}"
)


def as_svg(results: list[Result]) -> str:
    """One picture of all programs on one time axis; follows the reader's light or dark mode."""
    span = span_of(results) or 1.0
    parts, top = [], 8.0
    for result in results:
        band, height = _svg_band(result, top, span)
        parts += band
        top += height
    axis = _svg_axis(span, top)
    described = "; ".join(f"{r.name}: {_summary(r)}" for r in results)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="funnel" role="img" '
        f'viewBox="0 0 {WIDTH} {top + 28:.0f}" width="{WIDTH}">'
        f"<title>When each request ran</title><desc>{html.escape(described)}</desc>"
        f"<style>{STYLE}</style>"
    )
    return head + "".join(axis + parts) + "</svg>\n"


def _x(time: float, span: float) -> float:
    return LEFT + time / span * (WIDTH - LEFT - RIGHT)


def _svg_band(result: Result, top: float, span: float) -> tuple[list[str], float]:
    parts = [
        f'<text x="{LEFT}" y="{top + 16:.0f}"><tspan font-weight="600">{html.escape(result.name)}'
        f'</tspan><tspan class="soft" dx="12">{html.escape(_summary(result))}</tspan></text>'
    ]
    lots = groups(result.requests, SVG_ROWS, SVG_ROWS)
    row = min(12.0, 240 / len(lots)) if lots else 0
    for number, lot in enumerate(lots):
        y = top + 24 + number * row
        parts += [_svg_bar(piece, lot, y, row, span) for piece in _pieces(lot)]
    return parts, TITLE + len(lots) * row


def _pieces(lot: list[Request]) -> list[tuple[float, float]]:
    """Joins the times of a lot's requests where they overlap."""
    pieces: list[tuple[float, float]] = []
    for request in lot:
        if pieces and request.start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], request.end))
        else:
            pieces.append((request.start, request.end))
    return pieces


def _svg_bar(piece, lot: list[Request], y: float, row: float, span: float) -> str:
    failed = [request.error for request in lot if request.error is not None]
    x, width = _x(piece[0], span), max((piece[1] - piece[0]) / span * (WIDTH - LEFT - RIGHT), 1)
    number = f"request {lot[0].index + 1}" if len(lot) == 1 else f"{len(lot)} requests"
    note = f"{number}: {seconds(piece[0])} to {seconds(piece[1])}"
    note += f", failed: {failed[0]}" if failed else ""
    return (
        f'<rect class="{"bad" if failed else "bar"}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{row * 0.8:.1f}"><title>{html.escape(note)}</title></rect>'
    )


def _svg_axis(span: float, bottom: float) -> list[str]:
    parts = []
    for tick in ticks(span):
        x = _x(tick, span)
        anchor = "start" if tick == 0 else "end" if x > WIDTH - 40 else "middle"
        label = "0" if tick == 0 else f"{tick:g} s"
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom:.0f}"/>'
            f'<text class="soft" x="{x:.1f}" y="{bottom + 18:.0f}" text-anchor="{anchor}">'
            f"{label}</text>"
        )
    return parts


def _summary(result: Result) -> str:
    if not result.ok:
        return result.error
    return f"{seconds(result.wall_s)}, {result.waits}"


# ---- HTML --------------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fetching, side by side</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 62rem; margin: 2rem auto; padding: 0 1rem }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse }}
th, td {{ padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top }}
.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
tbody tr {{ border-top: 1px solid #8884 }}
svg {{ max-width: 100%; height: auto }}
</style>
</head>
<body>
<h1>Fetching, side by side</h1>
<p>{intro}</p>
<div class="wide"><table>
<thead><tr>{heading}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
<h2>When each request ran</h2>
{svg}
</body>
</html>
"""
COLUMNS = ("wall time", "CPU time", "most in flight", "threads", "peak memory")


def as_page(results: list[Result], intro: str) -> str:
    """A page that needs nothing else: the table and the timeline."""
    heading = "<th>program</th>" + "".join(f'<th class="n">{c}</th>' for c in COLUMNS)
    rows = [
        f"<tr><td><strong>{html.escape(r.name)}</strong><br>{html.escape(r.error or r.waits)}</td>"
        + "".join(f'<td class="n">{cell}</td>' for cell in cells(r))
        + "</tr>"
        for r in results
    ]
    return PAGE.format(
        intro=html.escape(intro),
        heading=heading,
        rows="\n".join(rows),
        svg=as_svg(results).strip(),
    )


def cells(result: Result) -> list[str]:
    """The measured values of a result, as text; `–` for what was not measured."""

    def show(value, write=str) -> str:
        return "–" if value is None else write(value)

    return [
        show(result.wall_s, seconds),
        show(result.cpu_s, seconds),
        show(result.max_in_flight),
        show(result.threads),
        show(result.peak_rss_bytes, mebibytes),
    ]
