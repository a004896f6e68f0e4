"""Whatever a host answers, people see something and programs the answer itself."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.command_line import Result, tm

import tensormesh
from tensormesh_cli._app import App

ENVIRON = {"TENSORMESH_CONTROL_PLANE_TOKEN": "token-of-a-test", "COLUMNS": "80"}
KEYS = ["id", "name", "createdAt", "a.b", "apiKey", "points", "labels", "timestamp", "value"]
KEYS += ["message", "severity", "metricName", "unit", "currencyCode", "units", "nanos"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "createdAt", "a", "apiKey"]), inner)
    ),
    max_leaves=12,
)
LISTS = {
    ("models", "list"): "models",
    ("billing", "transactions", "list"): "transactions",
    ("logs", "query", "--model-id", "m"): "entries",
    ("metrics", "query", "--model-id", "m"): "series",
    ("billing", "balance", "get"): "balance",
    ("users", "update", "u", "--yes"): "user",
}
ENVELOPE = st.dictionaries(
    st.sampled_from(["nextPageToken", "page", "size", "total", "other"]), JSON, max_size=3
)


def answered(content: bytes, *arguments: str) -> Result:
    """Run a command against a host that answers so to everything."""

    def client_of(_app: App, **_: Any) -> tensormesh.Tensormesh:
        headers = {"content-type": "application/json"}
        transport = httpx.MockTransport(
            lambda _: httpx.Response(200, content=content, headers=headers)
        )
        return tensormesh.Tensormesh(
            control_plane_token="token-of-a-test",
            http_client=httpx.Client(transport=transport),
        )

    with mock.patch.object(App, "control_plane_client", client_of):
        return tm(*arguments, environ=ENVIRON)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["text", "table", "json"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_answer_is_too_strange_to_be_shown(mode: str, data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(list(LISTS)))
    body = {**data.draw(ENVELOPE), LISTS[words]: data.draw(JSON)}
    result = answered(json.dumps(body).encode(), *words, "--output", mode)
    assert result.status == 0, result.stderr
    if mode == "json":
        assert result.json == body


@for_each("words", LISTS, ids=" ".join)
def test_an_empty_answer_is_no_mistake(words: tuple[str, ...]) -> None:
    assert answered(b"", *words).status == 0
    assert answered(b"{}", *words).status == 0
    assert answered(b"{}", *words, "--output", "json").stdout == "{}\n"


def test_an_answer_that_is_no_json_is_an_error_and_no_mistake_of_tm() -> None:
    result = answered(b"<html>", "models", "list", "--output", "json")
    assert result.status == 1
    assert result.error["kind"] == "api"


@pytest.mark.parametrize("content", [b"[1]", b"3", b"null"])
def test_all_pages_of_what_is_no_list_is_an_error(content: bytes) -> None:
    result = answered(content, "models", "list", "--all")
    assert result.status == 1
    assert result.stderr == "Error: the response is not a page of a list\n"


def test_a_key_that_nobody_asked_for_is_hidden_from_people() -> None:
    body = b'{"user":{"id":"u","apiKey":"key-of-a-test"}}'
    assert "key-of-a-test" not in answered(body, "users", "get", "u").stdout
    assert "key-of-a-test" in answered(body, "users", "get", "u", "--output", "json").stdout


def test_what_would_act_on_a_terminal_is_not_printed() -> None:
    body = {"models": [{"modelId": "\x1b[2Jm\x07"}], "nextPageToken": "\x1b[2J"}
    for words in ("models list", "billing transactions list"):
        result = answered(json.dumps(body).encode(), *words.split())
        assert "\x1b" not in result.stdout + result.stderr
