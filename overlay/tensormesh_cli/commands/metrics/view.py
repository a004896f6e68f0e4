"""Show series of a metric: one line each, with the last, lowest and highest value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli.output import Column, Table
from tensormesh_cli.output.fit import fitting
from tensormesh_cli.output.lists import list_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tensormesh_cli.output import Screen

    Series = Mapping[str, Any]

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = "_.-:=+*#"
_SPARK = 20
# The least important columns first.
_DISPENSABLE = ("unit", "min", "max")


def view(body: Any, screen: Screen) -> Table | None:
    """Show a response as a line for each series, with a sparkline in a table."""
    name = list_of(body)
    series = body[name] if name is not None else []
    is_usual = series and all(isinstance(one, dict) for one in series)
    return table_of(series, screen) if is_usual else None


def table_of(series: Sequence[Series], screen: Screen) -> Table:
    """Return a table of series, as the API sends them."""
    columns = {"metric": Column("metric", "metricName")}
    if any(one.get("labels") for one in series):
        columns["labels"] = Column("labels", _labels)
    columns["last"] = _number("last", lambda values: values[-1])
    columns["min"] = _number("min", min)
    columns["max"] = _number("max", max)
    columns["unit"] = Column("unit", "unit")
    if screen.boxed:
        columns["spark"] = Column("", lambda one: spark(_values(one), screen), style="cyan")
    shown = fitting(columns, series, screen, dispensable=_DISPENSABLE)
    return Table(shown, series, footer=_footer(series))


def _number(title: str, choose: Callable[[list[float]], float]) -> Column:
    def text(series: Series) -> str:
        values = _values(series)
        return number(choose(values)) if values else ""

    return Column(title, text, align="right")


def spark(values: Sequence[float], screen: Screen) -> str:
    """Draw values in at most 20 characters. The lowest value is the lowest block."""
    blocks = _BLOCKS if screen.can_show(_BLOCKS) else _PLAIN_BLOCKS
    width = min(len(values), _SPARK)
    means = []
    for at in range(width):
        part = values[at * len(values) // width : (at + 1) * len(values) // width]
        means.append(sum(part) / len(part))
    low, high = min(means, default=0.0), max(means, default=0.0)
    if high == low:
        return blocks[0] * width
    top = len(blocks) - 1
    return "".join(blocks[round((mean - low) / (high - low) * top)] for mean in means)


def number(value: float) -> str:
    """Return a value with its significant digits, such as `12,345`, `0.153` or `3.88e-05`."""
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.1f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"


def _values(series: Series) -> list[float]:
    values = (point.get("value") for point in _points(series))
    return [
        float(value) for value in values if isinstance(value, (int, float)) and abs(value) < 1e308
    ]


def _points(series: Series) -> list[dict[str, Any]]:
    points = series.get("points")
    if not isinstance(points, list):
        return []
    return [point for point in points if isinstance(point, dict)]


def _labels(series: Series) -> str:
    labels = series.get("labels")
    if not isinstance(labels, dict):
        return ""
    return ", ".join(f"{name}={value}" for name, value in labels.items())


def _footer(series: Sequence[Series]) -> str | None:
    from tensormesh_cli.output.values import shown

    times = sorted(
        str(point["timestamp"])
        for one in series
        for point in _points(one)
        if point.get("timestamp")
    )
    if not times:
        return None
    return f"{shown(times[0])} to {shown(times[-1])} UTC"
