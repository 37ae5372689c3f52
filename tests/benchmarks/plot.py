"""The picture: requests/s as bars on a logarithmic scale, and latency as the repository grows."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from tests.benchmarks.goals import Run
from tests.benchmarks.groups import growth
from tests.benchmarks.results import P50, REQUESTS, Results

_WIDTH: Final = 780
_LEFT: Final = 230
_RIGHT: Final = 690
_BAR: Final = 18
_STEP: Final = 26
_CHART: Final = 220
_CHART_RIGHT: Final = 460

# Picture viewers and GitHub follow the colours of the reader.
_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-size: 14px; font-weight: 600 }
.note { font-size: 11px; fill: #666 }
.grid { stroke: #ddd }
.bar, .dot { fill: #8a94a0 } .line { fill: none; stroke: #8a94a0; stroke-width: 2 }
.ours { fill: #1f6feb } .line.ours { fill: none; stroke: #1f6feb }
.stock { fill: #c4472b } .line.stock { fill: none; stroke: #c4472b }
.first { fill: #0f8a6a } .line.first { fill: none; stroke: #0f8a6a }
.dashed { stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .note { fill: #aaa } .grid { stroke: #444 }
  .ours { fill: #58a6ff } .line.ours { stroke: #58a6ff }
  .stock { fill: #ff8a70 } .line.stock { stroke: #ff8a70 }
  .first { fill: #4fd1ab } .line.first { stroke: #4fd1ab }
}
"""
_CLASSES: Final = {growth.STOCK: "stock", growth.FIRST: "first", growth.RESOLVED: "ours"}


class _Scale:
    """A logarithmic axis from whole power of ten to whole power of ten."""

    def __init__(self, values: Iterable[float], first: float, last: float) -> None:
        known = list(values)
        self._low = math.floor(math.log10(min(known)))
        self._high = max(math.ceil(math.log10(max(known))), self._low + 1)
        self._first, self._last = first, last

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._first + share * (self._last - self._first), 1)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]


def picture(run: Run) -> str:
    """Return the SVG of the groups `4kib` and `growth`."""
    bars, height = _bars(run["4kib"])
    lines, end = _lines(run["growth"], height + 40)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {end}" '
            f'width="{_WIDTH}" height="{end}" role="img">',
            "<title>Requests per second, and latency as a repository grows</title>",
            f"<style>{_STYLE}</style>",
            *bars,
            *lines,
            "</svg>\n",
        ]
    )


def _bars(results: Results) -> tuple[list[str], float]:
    """Return the bars, and where they end."""
    known = {name: results.value(name, REQUESTS) for name in results.outcomes}
    values = {name: value for name, value in known.items() if value}
    top, bottom = 50.0, 50.0 + len(values) * _STEP
    parts = [_text(12, 24, "A file of 4 KiB: requests/s of one worker, logarithmic", "title")]
    if not values:
        return parts, bottom
    scale = _Scale(values.values(), _LEFT, _RIGHT)
    for tick in scale.ticks:
        parts.append(_grid(scale.at(tick), top - 6, scale.at(tick), bottom))
        parts.append(_text(scale.at(tick), bottom + 14, _number(tick), "note", "middle"))
    for index, (name, value) in enumerate(values.items()):
        y = top + index * _STEP
        width = max(scale.at(value) - _LEFT, 1)
        style = _bar_class(name)
        parts.append(_text(_LEFT - 10, y + 13, name, "", "end"))
        parts.append(
            f'<rect class="bar {style}" x="{_LEFT}" y="{y}" width="{width:.1f}" '
            f'height="{_BAR}" rx="2"/>'
        )
        parts.append(_text(_LEFT + width + 6, y + 13, _number(value)))
    return parts, bottom + 20


def _bar_class(name: str) -> str:
    starts = {"ours, first": "first", "ours": "ours", "stock": "stock"}
    return next((style for start, style in starts.items() if name.startswith(start)), "")


def _lines(results: Results, top: float) -> tuple[list[str], float]:
    """Return the lines of growth, and where they end."""
    parts = [
        _text(12, top, "Growth: median latency of one client, ms, both axes logarithmic", "title")
    ]
    series = _series(results)
    points = [point for line in series.values() for point in line]
    top, bottom = top + 20, top + 20 + _CHART
    if not points:
        return parts, bottom
    across = _Scale([units for units, _ in points], 60, _CHART_RIGHT)
    up = _Scale([latency for _, latency in points], bottom, top)
    for tick in up.ticks:
        parts.append(_grid(60, up.at(tick), _CHART_RIGHT, up.at(tick)))
        parts.append(_text(52, up.at(tick) + 4, _number(tick), "note", "end"))
    for tick in across.ticks:
        parts.append(_text(across.at(tick), bottom + 18, _number(tick), "note", "middle"))
    parts.append(_text(_CHART_RIGHT, bottom + 36, "units in the version", "note", "end"))
    for index, ((name, kind), line) in enumerate(series.items()):
        style = _CLASSES[name] + (" dashed" if kind != growth.KINDS[0] else "")
        parts += _line([(across.at(units), up.at(value)) for units, value in line], style)
        y = top + 10 + index * 22
        parts += _line([(_CHART_RIGHT + 20, y), (_CHART_RIGHT + 50, y)], style)
        parts.append(_text(_CHART_RIGHT + 58, y + 4, f"{name}, {kind}", "note"))
    return parts, bottom + 50


def _series(results: Results) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return (units, latency) of each series and kind of publication."""
    series: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for name, outcome in results.outcomes.items():
        facts, latency = outcome.contender.facts, results.value(name, P50)
        if latency:
            line = series.setdefault((facts["series"], facts["kind"]), [])
            line.append((facts["units"], latency))
    return series


def _line(points: Sequence[tuple[float, float]], style: str) -> list[str]:
    path = " ".join(f"{x},{y}" for x, y in points)
    colour = style.split()[0]
    return [
        f'<polyline class="line {style}" points="{path}"/>',
        *(f'<circle class="dot {colour}" cx="{x}" cy="{y}" r="3"/>' for x, y in points),
    ]


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return (
        f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">'
        f"{escape(text, quote=False)}</text>"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
