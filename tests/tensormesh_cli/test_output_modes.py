"""What results look like in each mode."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import yaml
from rich.cells import cell_len
from support.cases import for_each
from support.command_line import Stream

from tensormesh_cli._terminal import Terminal
from tensormesh_cli.output import Column, Result, Screen, Table
from tensormesh_cli.output.emitter import Emitter
from tensormesh_cli.output.text import render
from tensormesh_cli.output.values import clean, money_text, shown, time_text

MODELS = {
    "models": [
        {"modelId": "m-1", "name": "first", "spec": {"gpuType": "H100", "gpuCount": 8}},
        {"modelId": "m-22", "name": None, "spec": {"gpuType": "B200", "gpuCount": 16}},
    ],
    "total": 2,
}


def printed(
    data: object,
    mode: str = "text",
    *,
    encoding: str = "utf-8",
    terminal: bool = False,
    width: int | None = None,
    color: bool = False,
    query: str | None = None,
    **about: Any,
) -> str:
    stream = Stream(encoding=encoding, terminal=terminal)
    stream.reconfigure(errors="backslashreplace")
    screen = Screen(mode == "table", width, color, encoding)
    emit(stream, mode, Result(data, **about), query=query, screen=screen)
    return stream.written.decode(encoding)


def emit(stream: Stream, mode: str, result: Result, **options: Any) -> None:
    terminal = Terminal(Stream(), stream, Stream(), {})
    assert Emitter(mode, stream, terminal, **options).emit(result) == 0
    stream.flush()


# For programs


def test_json_keeps_the_order_of_keys_and_ends_its_line() -> None:
    assert printed({"b": 1, "a": [], "u": "é"}, "json") == (
        '{\n  "b": 1,\n  "a": [],\n  "u": "é"\n}\n'
    )


@for_each("mode", ["json", "yaml", "raw"])
@for_each("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_a_stream_without_some_characters_still_gets_the_data(mode: str, encoding: str) -> None:
    data = {"text": "naïve 漢字 🎉", "broken": "\ud800"}
    read = yaml.safe_load if mode == "yaml" else json.loads
    assert read(printed(data, mode, encoding=encoding)) == data


def test_yaml_repeats_what_is_in_the_data_twice() -> None:
    shared = {"a": 1}
    assert printed([shared, shared], "yaml") == "- a: 1\n- a: 1\n"


@for_each("value", ["yes", "2026-05-01", "1.0", "null", "", "~", "a: b", "12:30"])
def test_yaml_keeps_texts_that_look_like_something_else(value: str) -> None:
    assert yaml.safe_load(printed({"v": value}, "yaml")) == {"v": value}


@pytest.mark.parametrize(("value", "expected"), [("x", "x\n"), (1, "1\n"), (None, "null\n")])
def test_yaml_of_a_single_value_has_no_end_mark(value: object, expected: str) -> None:
    assert printed(value, "yaml") == expected


@pytest.mark.parametrize("mode", ["json", "yaml", "raw"])
def test_decimals_stay_exact_as_texts(mode: str) -> None:
    assert yaml.safe_load(printed({"v": Decimal("0.10")}, mode)) == {"v": "0.10"}


def test_raw_is_what_the_server_sent_to_the_byte() -> None:
    sent = b'{ "a" :1}\xff'
    stream = Stream()
    emit(stream, "raw", Result({"a": 1}, raw=sent))
    assert stream.written == sent


@pytest.mark.parametrize(("sent", "end"), [(b"{}", b"{}\n"), (b"{}\n", b"{}\n")])
def test_raw_on_a_terminal_ends_its_line(sent: bytes, end: bytes) -> None:
    stream = Stream(terminal=True)
    emit(stream, "raw", Result({}, raw=sent))
    assert stream.written == end


def test_raw_of_local_data_is_one_compact_line() -> None:
    assert printed({"a": [1, 2], "b": "x y"}, "raw") == '{"a":[1,2],"b":"x y"}\n'


def test_raw_of_a_text_is_the_text() -> None:
    assert printed('say "hi"', "raw") == 'say "hi"\n'


def test_a_query_leaves_out_what_the_server_sent() -> None:
    assert printed({"a": 1}, "raw", raw=b"all of it", query="a") == "1\n"


@pytest.mark.parametrize("mode", ["json", "yaml", "raw"])
def test_programs_never_see_the_text_or_the_table(mode: str) -> None:
    table = Table([Column("A", "a")], [{"a": "in the table"}])
    for view in ("for people", table):
        assert yaml.safe_load(printed({"a": 1}, mode, view=view)) == {"a": 1}


# For people


def test_text_is_printed_as_it_is_with_a_line_end() -> None:
    assert printed({"a": 1}, view="hello") == "hello\n"
    assert printed({"a": 1}, view=lambda body, _screen: f"{body['a']}\n") == "1\n"
    assert printed({"a": 1}, view="") == ""


def test_an_object_is_a_line_for_each_value() -> None:
    data = {"id": "u-1", "on": True, "spec": {"gpu": "H100", "n": 8}, "none": None, "tags": []}
    assert printed(data) == (
        "id:       u-1\non:       yes\nspec.gpu: H100\nspec.n:   8\ntags:     (none)\n"
    )


def test_a_long_value_goes_on_below_itself() -> None:
    assert printed({"a": "one\ntwo", "long": "x"}) == "a:    one\n      two\nlong: x\n"


def test_a_list_of_objects_is_aligned_columns() -> None:
    assert printed(MODELS["models"]) == (
        "MODEL ID  NAME   SPEC GPU TYPE  SPEC GPU COUNT\n"
        "m-1       first  H100                        8\n"
        "m-22             B200                       16\n"
    )


def test_an_envelope_is_its_values_and_then_its_list() -> None:
    lines = printed({**MODELS, "as_of": "today"}).splitlines()
    assert lines[:4] == ["total: 2", "as_of: today", "", "models:"]
    assert lines[4].startswith("MODEL ID")
    assert len(lines) == 7


@for_each(
    ("data", "expected"),
    [
        ({"models": []}, "models: (none)\n"),
        ([], "(none)\n"),
        ({}, ""),
        (None, ""),
        ("text", "text\n"),
        (12, "12\n"),
        (False, "no\n"),
        (["a", 1], "a\n1\n"),
    ],
)
def test_small_data_reads_well(data: object, expected: str) -> None:
    assert render(data, Screen()) == expected


def test_lists_inside_of_rows_are_counted() -> None:
    rows = [{"id": 1, "messages": [{"a": 1}, {"a": 2}]}, {"id": 2, "messages": [{"a": 1}]}]
    assert printed(rows) == "ID  MESSAGES\n 1  2 items\n 2  1 item\n"


def test_rows_too_wide_for_the_terminal_become_blocks() -> None:
    out = printed(MODELS["models"], width=30)
    assert out.splitlines()[:6] == [
        "model id:       m-1",
        "name:           first",
        "spec gpu type:  H100",
        "spec gpu count: 8",
        "",
        "model id:       m-22",
    ]


def test_long_ids_are_whole_in_text_mode_whatever_the_width() -> None:
    long = "0123456789" * 8
    assert long in printed([{"id": long, "name": "x"}], width=40)


def test_wide_characters_keep_columns_aligned() -> None:
    rows = [{"name": "漢字", "x": "1"}, {"name": "e\u0301", "x": "2"}, {"name": "🎉", "x": "3"}]
    lines = printed(rows).splitlines()
    places = [cell_len(line[: line.index(mark)]) for line, mark in zip(lines, "X123", strict=True)]
    assert len(set(places)) == 1


def test_headings_are_bold_only_with_colours() -> None:
    rows = [{"id": 1}]
    assert printed(rows, color=True) == "\x1b[1mID\x1b[0m\n 1\n"
    assert "\x1b" not in printed(rows)


@pytest.mark.parametrize("mode", ["text", "table"])
def test_a_commands_table_is_used_in_both_modes_for_people(mode: str) -> None:
    table = Table(
        [Column("Name", "spec.name"), Column("Twice", lambda row: row["n"] * 2, align="right")],
        [{"spec": {"name": "one"}, "n": 21}, {"spec": None, "n": 4}],
        title="Things",
        footer="2 in all",
    )
    out = printed({"x": 1}, mode, view=table)
    assert [word in out for word in ("Things", "one", "42", "8", "2 in all")] == [True] * 5


def test_a_table_fits_the_width_and_says_what_it_left_out() -> None:
    rows = [{"id": "0123456789" * 10, "name": "漢字" * 20}]
    out = printed(rows, "table", width=50)
    assert max(map(cell_len, out.splitlines())) <= 50
    assert "…" in out


def test_a_table_that_goes_to_a_file_leaves_nothing_out() -> None:
    long = "0123456789" * 30
    assert long in printed([{"id": long}], "table")


def test_a_table_of_an_object_has_a_row_for_each_value() -> None:
    out = printed({"id": "u-1", "spec": {"n": 8}}, "table")
    assert "│ id     │ u-1   │" in out
    assert "│ spec.n │ 8     │" in out


def test_a_table_of_an_empty_list_is_not_an_error() -> None:
    assert "value" in printed({"models": []}, "table", query="@")


def test_a_table_of_an_envelope_shows_its_list() -> None:
    out = printed(MODELS, "table")
    assert "model id" in out
    assert "m-22" in out


def test_styles_are_used_only_with_colours() -> None:
    table = Table([Column("A", "a", style="green")], [{"a": "x"}])
    assert "\x1b[32m" in printed({}, "table", view=table, color=True)
    assert "\x1b" not in printed({}, "table", view=table)


def test_markup_in_data_is_shown_and_not_obeyed() -> None:
    assert "[red]:tada:[/red]" in printed([{"a": "[red]:tada:[/red]"}], "table")


def test_an_encoding_without_boxes_is_no_error() -> None:
    out = printed([{"a": "x" * 100}], "table", encoding="ascii", width=20)
    assert "| a " in out
    assert "x~ |" in out
    assert "\\u" not in out


# Single values


@for_each(
    ("value", "expected"),
    [
        ({"currencyCode": "USD", "units": "12", "nanos": 500000000}, "12.50 USD"),
        ({"currencyCode": "USD", "units": "-1", "nanos": -750000000}, "-1.75 USD"),
        ({"currencyCode": "USD", "units": 0, "nanos": 1}, "0.000000001 USD"),
        ({"currencyCode": "EUR"}, "0.00 EUR"),
        ({"currencyCode": "USD", "units": ""}, "0.00 USD"),
        ({"currencyCode": "USD", "units": "9223372036854775807"}, "9223372036854775807.00 USD"),
        ({"currencyCode": "USD", "nanos": 123450000}, "0.12345 USD"),
        ({"currencyCode": "USD", "units": "many"}, None),
        ({"units": "1"}, None),
        ({"currencyCode": "USD", "more": 1}, None),
    ],
)
def test_money_is_exact(value: dict[str, object], expected: str | None) -> None:
    assert money_text(value) == expected


@for_each(
    ("value", "expected"),
    [
        ("2026-05-01T00:00:00Z", "2026-05-01 00:00"),
        ("2026-05-01T02:30:59.123456789Z", "2026-05-01 02:30"),
        ("2026-05-01T00:30:00+02:00", "2026-04-30 22:30"),
        ("2026-05-01", None),
        ("2026-13-01T00:00:00Z", None),
        ("at 2026-05-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-05:00", None),
    ],
)
def test_times_are_shown_in_utc(value: str, expected: str | None) -> None:
    assert time_text(value) == expected


@for_each(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (1.5, "1.5"),
        (["a", "b"], "a, b"),
        ({"a": ["é"]}, '{"a": ["é"]}'),
        ([{"a": 1}], '[{"a": 1}]'),
    ],
)
def test_values_read_well(value: object, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize("mode", ["text", "table"])
def test_what_a_server_sends_cannot_act_on_the_terminal(mode: str) -> None:
    evil = "a\x1b]0;title\x07b\x1b[2Jc\rd\u202ee\x9bf"
    for data in ({"evil": evil}, [{"evil": evil}], {evil: "x"}, [{evil: "x"}], evil):
        out = printed(data, mode)
        assert not set(out) & {"\x1b", "\x07", "\r", "\u202e", "\x9b"}
    assert "\x1b" not in printed({}, mode, view=evil)


def test_colours_of_a_command_stay_only_where_colours_are_wanted() -> None:
    text = "\x1b[31mred\x1b[0m\x1b[2J"
    assert clean(text, keep_colors=True) == "\x1b[31mred\x1b[0m[2J"
    assert clean(text) == "red[2J"


def test_line_ends_and_tabs_are_kept() -> None:
    assert clean("a\tb\nc") == "a\tb\nc"
