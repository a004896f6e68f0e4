"""`tm logs query`: lines for people, and following without repeating."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import Result, tm

import tensormesh
from tensormesh_cli.commands.logs.follow import QUICKEST, SLOWEST, Follower, next_delay
from tensormesh_cli.commands.logs.view import line_of
from tensormesh_cli.output import Screen

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def entry(number: int, seconds: float | None = None) -> dict[str, Any]:
    at = BEGIN + timedelta(seconds=number if seconds is None else seconds)
    return {"entryId": str(number), "timestamp": at.isoformat(), "message": f"m{number}"}


def numbers(entries: list[dict[str, Any]]) -> list[int]:
    return [int(one["entryId"]) for one in entries]


@given(st.lists(st.integers(0, 60), unique=True), st.lists(st.integers(0, 60), max_size=6))
def test_each_entry_is_shown_once_however_often_the_host_gives_it(
    times: list[int], cuts: list[int]
) -> None:
    follower = Follower()
    shown: list[int] = []
    for now in [*sorted(cuts), 60]:
        there = [
            entry(time)
            for time in sorted(times, reverse=True)
            if time <= now
            and (follower.start is None or BEGIN + timedelta(seconds=time) >= follower.start)
        ]
        shown += numbers(follower.new(there))
    assert shown == sorted(times)


def test_an_entry_that_comes_late_is_shown() -> None:
    follower = Follower()
    follower.new([entry(20)])
    assert numbers(follower.new([entry(20), entry(15)])) == [15]


def test_what_is_long_past_is_not_asked_for_again() -> None:
    follower = Follower()
    follower.new([entry(100), entry(0)])
    assert follower.start == BEGIN + timedelta(seconds=90)


def test_entries_without_id_or_time_are_told_apart_by_what_they_say() -> None:
    follower = Follower()
    entries = [{"message": "b"}, {"message": "a"}]
    assert follower.new(entries) == [{"message": "a"}, {"message": "b"}]
    assert follower.new(entries) == []
    assert follower.start is None


def test_questions_become_rarer_while_nothing_happens() -> None:
    delay = QUICKEST
    for _ in range(20):
        longer = next_delay(delay, quiet=True)
        assert delay < longer <= SLOWEST or longer == SLOWEST
        delay = longer
    assert next_delay(delay, quiet=False) == QUICKEST


LINE = {
    "timestamp": "2026-05-01T12:00:00.123456Z",
    "severity": "LOG_SEVERITY_ERROR",
    "message": "first\n  second",
}


def test_an_entry_is_one_line() -> None:
    assert line_of(LINE, Screen()) == "2026-05-01 12:00:00.123  ERROR     first | second"


def test_only_terminals_get_colours_and_never_those_of_the_message() -> None:
    red = {**LINE, "message": "\x1b[31mred\x1b[0m \x1b]0;title\x07"}
    assert "\x1b" not in line_of(red, Screen())
    assert line_of(red, Screen(color=True)).count("\x1b") == 2


@pytest.mark.parametrize("broken", [{}, {"timestamp": "x", "severity": None, "message": None}])
def test_an_entry_without_anything_is_still_a_line(broken: dict[str, Any]) -> None:
    assert "\n" not in line_of(broken, Screen())


def follow_against(answers: list[Any], *arguments: str) -> Result:
    """Run `tm logs query --follow` against a host that answers so, and then stop."""
    left = list(answers)

    def answer(_call: Any, _command: Any, _keywords: Any) -> Any:
        if not left:
            raise KeyboardInterrupt
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        body = {"entries": found, "nextPageToken": ""}
        return mock.Mock(json=lambda: body)

    with (
        mock.patch("tensormesh_cli.commands.logs.follow.call", answer),
        mock.patch("tensormesh_cli.commands.logs.follow.sleep"),
    ):
        return tm(
            *("logs", "query", "--model-id", "m", "--follow", *arguments),
            environ={"TENSORMESH_CONTROL_PLANE_TOKEN": "token-of-a-test"},
        )


def test_ctrl_c_ends_with_130_and_says_nothing() -> None:
    result = follow_against([[entry(2), entry(1)], [entry(2)], [entry(3)]])
    assert result.status == 130
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["m1", "m2", "m3"]
    assert result.stderr == ""


def test_a_host_that_is_lost_on_the_way_is_told_once_and_asked_again() -> None:
    lost = tensormesh.APIConnectionError("connection refused")
    result = follow_against([[entry(1)], lost, lost, [entry(2)]])
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["m1", "m2"]
    assert result.stderr == "Warning: connection refused; retrying\n"


def test_a_refusal_ends_following() -> None:
    refusal = tensormesh.NotFoundError("gone", status_code=404, reason="Not Found")
    result = follow_against([[entry(1)], refusal, [entry(2)]])
    assert result.status == 1
    assert "gone" in result.stderr


def test_following_json_is_an_entry_a_line_and_query_selects_of_each() -> None:
    result = follow_against([[entry(2), entry(1)]], "--output", "json")
    assert [json.loads(line)["entryId"] for line in result.stdout.splitlines()] == ["1", "2"]
    chosen = follow_against([[entry(2), entry(1)]], "--output", "json", "--query", "message")
    assert chosen.stdout == '"m1"\n"m2"\n'
    text = follow_against([[entry(1)]], "--query", "message")
    assert text.stdout == "m1\n"


def test_a_log_without_entries_yet_says_that_it_waits() -> None:
    assert "waiting for new ones" in follow_against([[]]).stderr
