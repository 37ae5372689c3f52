"""The figure on the first page: stock Pulp, this plugin and the web server, to scale."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_WIDTH: Final = 780
_LEFT: Final = 170
_LONGEST: Final = 440
_TOP: Final = 56
_BAR: Final = 34
_STEP: Final = 50
_END: Final = _TOP + 3 * _STEP + 14

#: The row of `results.json` → its name on the figure, and its style.
_BARS: Final = {
    "stock": ("Pulp", "stock"),
    "ours through nginx": ("with this plugin", "ours"),
    "nginx static": ("nginx, static files", "nginx"),
}
_NOTE: Final = (
    "One content worker, on {cores} cores that the clients share. Pulp is asked directly, "
    "the plugin through nginx."
)
#: The style of the rest of the documentation's figure (`plot.py`).
_STYLE: Final = """
text { font: 15px system-ui, sans-serif; fill: #333 }
.title { font-size: 17px; font-weight: 600 }
.times { font-weight: 600 }
.note { font-size: 12px; fill: #666 }
.stock { fill: #c4472b } .ours { fill: #1f6feb } .nginx { fill: #8a94a0 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .note { fill: #aaa }
  .stock { fill: #ff8a70 } .ours { fill: #58a6ff }
}
"""


def render_summary(data: Mapping[str, Any]) -> str:
    """Return the SVG of the group `4kib` of `results.json`."""
    rows = {row["name"]: row for row in data["groups"]["4kib"]["rows"]}
    rates = {name: rows[name]["requests_per_second"] for name in _BARS}
    widest = max(rates.values())
    parts = [_text(16, 30, "Requests per second for a file of 4 KiB", "title")]
    for index, (name, (label, style)) in enumerate(_BARS.items()):
        y = _TOP + index * _STEP
        width = max(rates[name] / widest * _LONGEST, 1)
        parts.append(_text(_LEFT - 12, y + 22, label, anchor="end"))
        parts.append(
            f'<rect class="{style}" x="{_LEFT}" y="{y}" width="{width:.1f}" '
            f'height="{_BAR}" rx="3"/>'
        )
        parts.append(_text(_LEFT + width + 10, y + 22, _describe(name, rows), "times"))
    cores = data["machine"]["cores"]
    parts.append(_text(16, _END, _NOTE.format(cores=cores), "note"))
    height = _END + 16
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img">',
            f"<title>{_alternative(rates)}</title>",
            f"<style>{_STYLE}</style>",
            *parts,
            "</svg>\n",
        ]
    )


def _describe(name: str, rows: Mapping[str, Any]) -> str:
    rate = f"{rows[name]['requests_per_second']:,.0f}"
    times = rows[name]["times_stock"]
    return f"{rate}  ({times:,.0f} ×)" if times else rate


def _alternative(rates: Mapping[str, float]) -> str:
    named = (f"{label} {rates[name]:,.0f}" for name, (label, _) in _BARS.items())
    return f"Requests per second for a file of 4 KiB: {', '.join(named)}"


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    escaped = escape(text, quote=False)
    return f'<text class="{style}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escaped}</text>'
