"""Draw curves on logarithmic axes, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 420, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 40, 52
# Distinct for color-blind readers, on light and dark backgrounds.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


@dataclass(frozen=True, slots=True)
class Panel:
    """A diagram. Its curves have names, and positive coordinates."""

    title: str
    x_label: str
    y_label: str
    curves: Mapping[str, Points]


def draw(panels: Sequence[Panel]) -> str:
    """Draw all panels side by side."""
    width = _WIDTH * len(panels)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}"'
        f' width="{width}" height="{_HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        lines += [f'<g transform="translate({number * _WIDTH} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


class _Axis:
    """Positions on an axis between whole powers of ten."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low = floor(log10(min(values)))
        self._high = max(ceil(log10(max(values))), self._low + 1)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        part = (log10(value) - self._low) / (self._high - self._low)
        return round(self._start + part * (self._end - self._start), 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]


def _panel(panel: Panel) -> list[str]:
    points = [point for curve in panel.curves.values() for point in curve]
    left, right, top, bottom = _LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM
    across = _Axis([x for x, _ in points], left, right)
    up = _Axis([y for _, y in points], bottom, top)
    lines = [_text(_WIDTH / 2, 18, panel.title, "middle", 'font-weight="bold"')]
    for tick in across.ticks():
        x = across.at(tick)
        lines += [_line(x, top, x, bottom), _text(x, bottom + 15, f"{tick:,g}", "middle")]
    for tick in up.ticks():
        y = up.at(tick)
        lines += [_line(left, y, right, y), _text(left - 6, y + 4, f"{tick:,g}", "end")]
    lines.append(_text((left + right) / 2, _HEIGHT - 14, panel.x_label, "middle"))
    turned = f'transform="rotate(-90 14 {(top + bottom) / 2})"'
    lines.append(_text(14, (top + bottom) / 2, panel.y_label, "middle", turned))
    for number, (name, curve) in enumerate(panel.curves.items()):
        color = _COLORS[number % len(_COLORS)]
        places = [(across.at(x), up.at(y)) for x, y in curve]
        path = " ".join(f"{x},{y}" for x, y in places)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        lines += [f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in places]
        lines.append(_text(left + 8 + 90 * number, top - 6, name, "start", f'fill="{color}"'))
    return lines


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {more}>{escape(text)}</text>'
