"""Series of a metric as lines for people: what they came to, and how they went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli.commands.derived.fit import fitting
from tensormesh_cli.output import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

    Series = Mapping[str, Any]

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = "_.-:=+*#"
_SPARK = 20
# What is left out first where there is no room.
_DISPENSABLE = ("unit", "min", "max")


def print_series(app: App, command: Command, data: Any, raw: bytes | None) -> None:
    """Print an answer with series: a line for each, with a sparkline in the table mode."""
    from tensormesh_cli.commands.derived.show import list_of, print_answer

    printer = app.printer
    items = list_of(data)
    series = data[items] if items is not None else []
    are_series = series and all(isinstance(one, dict) for one in series)
    if printer.structured or printer.query is not None or not are_series:
        print_answer(app, command, data, raw)
        return
    encoding = printer.stdout.encoding or "utf-8"
    sparks = printer.mode == "table"
    printer.emit(data, table=table_of(series, printer.width, sparks=sparks, encoding=encoding))


def table_of(
    series: Sequence[Series], width: int | None, *, sparks: bool, encoding: str = "utf-8"
) -> Table:
    """A table of series.

    Args:
        series: as the API gives them.
        width: columns of the terminal; None if they do not matter.
        sparks: whether to show how each went, in a table with lines.
        encoding: of the stream that it goes to.
    """
    columns = {"metric": Column("metric", "metricName")}
    if any(one.get("labels") for one in series):
        columns["labels"] = Column("labels", _labels)
    columns["last"] = _number("last", lambda values: values[-1])
    columns["min"] = _number("min", min)
    columns["max"] = _number("max", max)
    columns["unit"] = Column("unit", "unit")
    if sparks:
        columns["spark"] = Column("", lambda one: spark(_values(one), encoding), style="cyan")
    shown = fitting(columns, series, width, dispensable=_DISPENSABLE, boxed=sparks)
    return Table(shown, series, footer=_footer(series))


def _number(title: str, choose: Callable[[list[float]], float]) -> Column:
    def text(series: Series) -> str:
        values = _values(series)
        return number(choose(values)) if values else ""

    return Column(title, text, align="right")


def spark(values: Sequence[float], encoding: str = "utf-8") -> str:
    """How values went, in at most 20 characters; the lowest of them is the lowest block."""
    try:
        _BLOCKS.encode(encoding)
        blocks = _BLOCKS
    except (LookupError, UnicodeEncodeError):
        blocks = _PLAIN_BLOCKS
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
    """A value with the digits that matter, such as ``"12,345"``, ``"0.153"``, ``"3.88e-05"``."""
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
