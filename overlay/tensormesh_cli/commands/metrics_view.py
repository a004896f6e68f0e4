"""Series of a metric as lines for people: what they came to, and how they went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli.output import Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

    Series = Mapping[str, Any]

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = "_.-:=+*#"
_SPARK = 24


def print_series(app: App, command: Command, data: Any, raw: bytes | None) -> None:
    """Print an answer with series: a line for each, with a sparkline in the table mode."""
    from tensormesh_cli.commands.derived.show import list_of, print_answer

    printer = app.printer
    items = list_of(data)
    series = data[items] if items is not None else []
    if printer.structured or printer.query is not None or not series:
        print_answer(app, command, data, raw)
        return
    encoding = printer.stdout.encoding or "utf-8"
    printer.emit(data, table=table_of(series, sparks=printer.mode == "table", encoding=encoding))


def table_of(series: Sequence[Series], *, sparks: bool, encoding: str = "utf-8") -> Table:
    """A table of series.

    Args:
        series: as the API gives them.
        sparks: whether to show how each went.
        encoding: of the stream that it goes to.
    """
    columns = [Column("metric", "metricName")]
    if any(one.get("labels") for one in series):
        columns.append(Column("labels", _labels))
    columns += [
        Column("last", lambda one: number(_values(one)[-1:]), align="right"),
        Column("min", lambda one: number(sorted(_values(one))[:1]), align="right"),
        Column("max", lambda one: number(sorted(_values(one))[-1:]), align="right"),
        Column("unit", "unit"),
    ]
    if sparks:
        columns.append(Column("", lambda one: spark(_values(one), encoding), style="cyan"))
    return Table(columns, series, footer=_footer(series))


def spark(values: Sequence[float], encoding: str = "utf-8") -> str:
    """How values went, in at most 24 characters; the lowest of them is the lowest block."""
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


def number(values: Sequence[float]) -> str:
    """The first of some values with four digits that matter; empty if there is none."""
    if not values:
        return ""
    value = values[0]
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if 0.001 <= abs(value) < 10_000 else f"{value:,.4e}"


def _values(series: Series) -> list[float]:
    points = series.get("points") or []
    values = (point.get("value") for point in points if isinstance(point, dict))
    return [
        float(value)
        for value in values
        if isinstance(value, (int, float)) and abs(value) < float("inf")
    ]


def _labels(series: Series) -> str:
    labels = series.get("labels") or {}
    return ", ".join(f"{name}={value}" for name, value in labels.items())


def _footer(series: Sequence[Series]) -> str | None:
    from tensormesh_cli.output.values import shown

    times = sorted(
        str(point["timestamp"])
        for one in series
        for point in one.get("points") or []
        if isinstance(point, dict) and point.get("timestamp")
    )
    if not times:
        return None
    return f"{shown(times[0])} to {shown(times[-1])} UTC"
