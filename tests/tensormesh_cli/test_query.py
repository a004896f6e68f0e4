"""`--query`: what a JMESPath expression selects is all that is printed."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

import httpx
import pytest
from support.cases import for_each
from support.command_line import Result, Stream, standard_streams, tm

import tensormesh
import tensormesh_cli.main
from tensormesh import __version__
from tensormesh_cli._app import App
from tensormesh_cli._errors import UsageFault
from tensormesh_cli.output.query import select

MODES = ("text", "json", "yaml", "raw", "table")
SECRET = "ak-canary-0123456789-0123456789-0123456789"
KEY = {"apiKey": {"id": "key_1", "name": "ci", "uses": 0, "scopes": [], "secret": SECRET}}
CREATE = ("users", "api-keys", "create", "--name", "ci", "--yes")


class Host:
    """A Control Plane that gives the same response to everything."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.requests: list[httpx.Request] = []

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json=self.body)

    def client(self, **_: Any) -> tensormesh.Tensormesh:
        return tensormesh.Tensormesh(
            control_plane_token="token-of-a-test",
            http_client=httpx.Client(transport=httpx.MockTransport(self.respond)),
        )

    def tm(self, *arguments: str) -> Result:
        with mock.patch.object(App, "control_plane_client", self.client):
            return tm(*arguments, environ={"COLUMNS": "40"})


@for_each(
    ("mode", "expression", "expected"),
    [
        ("text", "name", "tensormesh\n"),
        ("json", "name", '"tensormesh"\n'),
        ("yaml", "name", "tensormesh\n"),
        ("raw", "name", "tensormesh\n"),
        ("raw", "[name, version]", f'["tensormesh","{__version__}"]\n'),
        ("text", "[name, version]", f"tensormesh\n{__version__}\n"),
        ("text", "{a: name}", "a: tensormesh\n"),
        ("yaml", "{a: name, b: version}", f"a: tensormesh\nb: {__version__}\n"),
    ],
)
def test_a_query_applies_in_every_mode(mode: str, expression: str, expected: str) -> None:
    result = tm("version", "--output", mode, "--query", expression)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == expected


def test_a_query_takes_the_place_of_the_text_for_people() -> None:
    assert "tm " not in tm("version", "--query", "python").stdout


def test_a_scalar_in_table_mode_is_printed_as_it_is() -> None:
    assert tm("version", "--output", "table", "--query", "name").stdout == "tensormesh\n"


@for_each(
    ("expression", "reason"),
    [
        ("a.[", "Incomplete expression"),
        ("", "cannot be empty"),
        ("foo(name)", "Unknown function: foo()"),
        ("a b", "Unexpected token: b"),
        ("abs(name)", "abs()"),
        ("'x", "Unclosed ' delimiter"),
    ],
)
def test_a_query_that_cannot_be_used_names_the_option_and_the_reason(
    expression: str, reason: str
) -> None:
    with pytest.raises(UsageFault) as caught:
        select(expression, {"name": "x"})
    assert caught.value.message.startswith(f"invalid --query {expression!r}: ")
    assert reason in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 2


@for_each("mode", MODES)
def test_a_query_that_matches_nothing_fails_and_names_the_keys(mode: str) -> None:
    result = tm("version", "--output", mode, "--query", "absent")
    assert (result.status, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "--query 'absent' matched nothing; the keys are name, version" in result.stderr


@pytest.mark.parametrize("mode", ["json", "raw"])
def test_what_is_empty_but_not_null_is_a_match(mode: str) -> None:
    for expression, expected in (
        ("scopes", "[]"),
        ("uses", "0"),
        ("name == 'x'", "false"),
        ("apiKey.uses", "0"),
        ("''", '""' if mode == "json" else ""),
    ):
        result = Host({"apiKey": {**KEY["apiKey"], "secret": ""}}).tm(
            *CREATE, "--output", mode, "--query", expression
        )
        assert (result.status, result.stdout) == (0, f"{expected}\n"), expression


def test_a_query_runs_on_the_object_in_an_envelope_if_it_is_null_on_the_body() -> None:
    host = Host({"user": {"id": "u", "userEmail": "ada@heron.test", "user": "inner"}})
    for expression, expected in (
        ("userEmail", '"ada@heron.test"'),
        ("user.userEmail", '"ada@heron.test"'),
        ("keys(@)", '[\n  "user"\n]'),
        ("user.user", '"inner"'),
    ):
        result = host.tm("users", "get", "u", "--output", "json", "--query", expression)
        assert (result.status, result.stdout) == (0, f"{expected}\n"), expression
    # Two keys are not an envelope.
    other = Host({"user": {"userEmail": "ada@heron.test"}, "etag": "1"})
    assert other.tm("users", "get", "u", "--query", "userEmail").status == 1


@for_each(
    "expression",
    ["a.[", "", "foo(@)", "absent.foo(@)", "length()", "join(',')", "not_null()", "[" * 5000],
)
def test_an_invalid_query_is_refused_before_anything_is_sent(expression: str) -> None:
    host = Host(KEY)
    result = host.tm(*CREATE, "--query", expression)
    assert (result.status, result.stdout, host.requests) == (2, "", [])
    assert result.stderr.startswith("Error: invalid --query ")


def test_a_query_that_fails_on_the_data_is_an_error_of_the_query() -> None:
    for expression in ("abs(name)", "name[::0]", "scopes[::0]", "sum(@)"):
        result = tm("version", "--query", expression)
        assert result.status in (1, 2), expression
        assert "--query " in result.stderr.splitlines()[0], expression


@for_each("mode", MODES)
def test_a_query_for_the_secret_prints_only_the_secret(mode: str) -> None:
    for expression in ("secret", "apiKey.secret"):
        result = Host(KEY).tm(*CREATE, "--output", mode, "--query", expression)
        assert (result.status, result.stderr) == (0, ""), expression
        assert result.stdout.strip().strip('"') == SECRET


@for_each("mode", MODES)
@for_each(
    ("expression", "status"),
    [("id", 0), ("uses", 0), ("missing", 1), ("abs(@)", 2), ("length(apiKey.secret)", 0)],
)
def test_a_secret_that_the_query_leaves_out_is_printed_with_the_whole_result(
    mode: str, expression: str, status: int
) -> None:
    result = Host(KEY).tm(*CREATE, "--output", mode, "--query", expression)
    assert SECRET in result.stdout
    assert "key_1" in result.stdout
    assert SECRET not in result.stderr
    assert "Warning: --query omits the secret" in result.stderr
    assert result.status == status
    if mode in ("json", "raw"):
        assert result.json == KEY


@for_each("mode", MODES)
@for_each("query", [(), ("--query", "apiKey"), ("--query", "@")])
def test_a_secret_is_never_cut_to_the_width_of_the_terminal(
    mode: str, query: tuple[str, ...]
) -> None:
    result = Host(KEY).tm(*CREATE, "--output", mode, *query)
    assert (result.status, SECRET in result.stdout) == (0, True)


def test_a_raw_request_that_makes_a_secret_does_not_lose_it_either() -> None:
    words = ("api", "POST", "/v1/users/api-keys", "--raw-field", "name=ci", "--query", "missing")
    result = Host(KEY).tm(*words)
    assert (result.status, SECRET in result.stdout) == (1, True)


def test_a_field_with_the_name_of_a_secret_is_not_one_in_what_is_only_read() -> None:
    host = Host({"apiKeys": [KEY["apiKey"]]})
    result = host.tm("users", "api-keys", "list", "--query", "apiKeys[].id")
    assert (result.status, result.stdout, result.stderr) == (0, "key_1\n", "")


class Broken(Stream):
    """A stdout that cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error: OSError | None = error

    def flush(self) -> None:
        if self.written and self.error is not None:
            raise self.error


@for_each("mode", MODES)
def test_a_secret_that_stdout_does_not_take_goes_to_stderr(mode: str) -> None:
    for error in (OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")):
        for query in ((), ("--query", "secret")):
            stdout, stderr = Broken(error), Stream()
            with (
                mock.patch.object(App, "control_plane_client", Host(KEY).client),
                mock.patch.dict(os.environ, {"COLUMNS": "40"}, clear=True),
                standard_streams(Stream(), stdout, stderr),
            ):
                status = tensormesh_cli.main.main([*CREATE, "--output", mode, *query])
            # Its finalizer flushes, too.
            stdout.error = None
            said = stderr.written.decode()
            assert status == 1
            assert SECRET in said
            assert "cannot write the output" in said
