"""`tm metrics query`: lines and sparklines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh_cli.commands.metrics.view import number, spark, table_of
from tensormesh_cli.output import Screen
from tensormesh_cli.output.text import render_table


def series(name: str, values: list[Any], **labels: str) -> dict[str, Any]:
    points = [
        {"timestamp": f"2026-05-01T{hour:02}:00:00Z", "value": value}
        for hour, value in enumerate(values)
    ]
    return {"metricName": name, "unit": "seconds", "labels": labels, "points": points}


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], Screen()) == "▁▂▃▄▅▆▇█"
    assert spark([5, 5], Screen()) == "▁▁"
    assert spark([], Screen()) == ""
    assert spark([0, 7], Screen(encoding="ascii")) == "_#"


@given(st.lists(st.floats(-1e300, 1e300), max_size=200))
def test_a_sparkline_is_as_long_as_there_are_values_and_no_longer_than_a_cell(
    values: list[float],
) -> None:
    assert len(spark(values, Screen())) == min(len(values), 20)


@for_each(
    ("value", "expected"),
    [
        (0.0, "0"),
        (12345.0, "12,345"),
        (12345.678, "12,345.7"),
        (0.15342, "0.153"),
        (0.0000388, "3.88e-05"),
        (1e12, "1e+12"),
    ],
)
def test_numbers_have_the_digits_that_matter(value: float, expected: str) -> None:
    assert number(value) == expected


def test_a_series_is_told_by_its_last_least_and_greatest_value() -> None:
    text = render_table(table_of([series("ttft", [0.5, 0.1, 0.3])], Screen()), Screen())
    assert text.splitlines()[1].split() == ["ttft", "0.3", "0.1", "0.5", "seconds"]
    assert text.splitlines()[2] == "2026-05-01 00:00 to 2026-05-01 02:00 UTC"


def test_series_without_points_and_points_without_values_are_shown_empty() -> None:
    broken = [series("a", []), series("b", [None, "x", float("inf")]), {"metricName": "c"}]
    text = render_table(table_of(broken, Screen(boxed=True)), Screen())
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["a", "b", "c"]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_series_fit_the_terminal_with_their_sparkline(width: int) -> None:
    many = [series("output_tokens_per_second", [n / 7 for n in range(24)], quantile="0.95")]
    table = table_of(many, Screen(boxed=True, width=width))
    assert "▁" in render_table(table, Screen())
    assert max(map(len, render_table(table, Screen()).splitlines())) <= width
