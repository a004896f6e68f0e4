"""Lists for people: which columns are shown, and that they fit."""

from __future__ import annotations

from typing import Any

from support.cases import for_each

from tensormesh_cli.output import Screen
from tensormesh_cli.output.lists import list_of, table_of
from tensormesh_cli.output.text import render_table
from tensormesh_cli.output.values import short_member

ROWS: list[dict[str, Any]] = [
    {
        "userId": "u-1",
        "widgetId": "w-1",
        "description": "d" * 60,
        "createdAt": "2026-05-01T00:00:00Z",
        "price": {"currencyCode": "USD", "units": "12", "nanos": 500000000},
        "status": "WIDGET_STATUS_READY",
        "name": "first",
        "count": "12",
        "isActive": True,
        "parts": [{"a": 1}],
        "region": "",
        "kind": None,
        "gpuType": "GPU_TYPE_UNSPECIFIED",
    }
]


def titles(rows: list[dict[str, Any]], width: int | None) -> list[str]:
    return [column.title for column in table_of(rows, Screen(width=width)).columns]


def test_what_tells_entries_apart_comes_first_and_empty_columns_are_left_out() -> None:
    rows = [{**ROWS[0], "id": "i-1"}]
    rows = [{key: row[key] for key in ("id", *ROWS[0])} for row in rows]
    assert titles(rows, None) == [
        "id",
        "name",
        "status",
        "price",
        "count",
        "created at",
        "description",
        "is active",
        "user id",
        "widget id",
        "parts",
    ]


def test_a_history_begins_with_its_time() -> None:
    rows = [{"bucketStart": "2026-05-01T00:00:00Z", "model": "m", "requests": "3"}]
    assert titles(rows, None) == ["bucket start", "model", "requests"]


@for_each("width", [20, 40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = render_table(table_of(ROWS, Screen(width=width)), Screen(width=width))
    assert max(map(len, text.splitlines())) <= width


def test_the_first_column_is_shown_however_narrow_the_terminal() -> None:
    assert len(titles([{"id": "i" * 100}], 20)) == 1


def test_a_long_text_is_cut_where_there_is_room_for_some_of_it() -> None:
    rows = [{"id": "1", "description": "word " * 40}]
    lines = render_table(table_of(rows, Screen(width=60)), Screen(width=60)).splitlines()
    assert lines[1].endswith("…")


@for_each(
    ("field", "value", "expected"),
    [
        ("status", "TICKET_STATUS_OPEN", "OPEN"),
        ("gpuType", "GPU_TYPE_H100", "H100"),
        ("cloudProvider", "CLOUD_PROVIDER_NEBIUS", "NEBIUS"),
        ("gpuType", "GPU_TYPE_UNSPECIFIED", ""),
        ("status", "ready", "ready"),
        ("name", "MY_NAME_IS_LOWER_x", "MY_NAME_IS_LOWER_x"),
        ("name", "plain", "plain"),
    ],
)
def test_members_of_enums_are_shown_by_their_end(field: str, value: str, expected: str) -> None:
    assert short_member(field, value) == expected


@for_each(
    ("data", "expected"),
    [
        ({"models": [], "page": 1, "size": 20, "total": 0}, "models"),
        ({"keys": [1]}, "keys"),
        ({"name": "x", "events": []}, None),
        ({"a": [], "b": []}, None),
        ([1], None),
    ],
)
def test_an_answer_is_a_list_only_if_it_holds_nothing_else(data: Any, expected: str) -> None:
    assert list_of(data) == expected
