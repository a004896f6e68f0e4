"""What `tm infer` sends, and what it refuses to. No socket is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.infer_wire import HELLO, USER, Wire, make_wire

from tensormesh import Tensormesh
from tensormesh_cli._app import App
from tensormesh_cli.commands.infer.host import Host
from tensormesh_cli.main import main


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Wire:
    return make_wire(monkeypatch, tmp_path)


def test_a_bare_array_goes_out_as_the_messages_of_a_request(wire: Wire) -> None:
    assert main(["infer", "chat", "--model", "m", "--json", HELLO]) == 0
    assert wire.body == {"model": "m", "messages": json.loads(HELLO)}
    assert str(wire.requests[0].url) == "https://on-demand.test/v1/chat/completions"


def test_options_win_over_the_body_and_the_rest_of_it_goes_out_unchanged(wire: Wire) -> None:
    body = {"messages": json.loads(HELLO), "model": "of-body", "temperature": 1, "x_new": [1]}
    given = ["--model", "m", "--temperature", "0", "--max-tokens", "5", "--seed", "7"]
    given += ["--top-p", "0.5", "--stop", "a", "--stop", "b"]
    assert main(["infer", "chat", "--json", json.dumps(body), *given]) == 0
    assert wire.body == {
        "model": "m",
        "messages": json.loads(HELLO),
        "temperature": 0,
        "max_tokens": 5,
        "seed": 7,
        "top_p": 0.5,
        "stop": ["a", "b"],
        "x_new": [1],
    }


def test_instructions_come_first_and_replace_those_of_the_body(wire: Wire) -> None:
    messages = [{"role": "system", "content": "old"}, *json.loads(HELLO)]
    given = ["--system", "new", "--json", json.dumps(messages)]
    assert main(["infer", "chat", "--model", "m", *given]) == 0
    assert wire.body["messages"] == [{"role": "system", "content": "new"}, *json.loads(HELLO)]


def test_the_surface_and_the_options_of_the_host_are_passed_on(wire: Wire) -> None:
    given = ["--api-key", "k", "--base-url", "http://h", "--timeout", "2.5", "--user-id", USER]
    assert main(["infer", "chat", "--model", "m", *given, "Hi"]) == 0
    options = {"api_key": "k", "base_url": "http://h", "timeout": 2.5}
    assert wire.calls[-1] == ("on-demand", {**options, "user_id": USER})
    assert main(["infer", "chat", "--surface", "serverless", "--model", "m", *given, "Hi"]) == 0
    assert wire.calls[-1] == ("serverless", options)
    assert "x-user-id" in wire.requests[0].headers
    assert "x-user-id" not in wire.requests[1].headers


@pytest.mark.parametrize(
    ("command", "surface"),
    [
        ("chat", "on-demand"),
        ("completions", "on-demand"),
        ("tokenize", "on-demand"),
        ("detokenize", "on-demand"),
        ("responses", "serverless"),
        ("models", "serverless"),
        ("health", "serverless"),
        ("version", "serverless"),
    ],
)
def test_each_command_has_its_default_surface(wire: Wire, command: str, surface: str) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "prompt": "x", "tokens": [1]}
    given = ["--model", "m", "--json", json.dumps({**body, "input": "x"})]
    main(["infer", command, *(given if surface == "on-demand" or command == "responses" else [])])
    assert [call[0] for call in wire.calls] == [surface]


def test_the_configured_model_serves_on_demand_alone(
    wire: Wire, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text('[managed]\ngateway_model_id = "configured"\n')
    assert main(["infer", "chat", "Hi"]) == 0
    assert wire.body["model"] == "configured"
    assert main(["infer", "chat", "--surface", "serverless", "Hi"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: no model: --surface serverless needs --model")
    assert "tm billing pricing serverless list" in said


def test_the_model_of_the_body_is_taken_before_the_configured_one(
    wire: Wire, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[managed]\ngateway_model_id = "configured"\n')
    body = {"model": "of-body", "messages": json.loads(HELLO)}
    assert main(["infer", "chat", "--json", json.dumps(body)]) == 0
    assert wire.body["model"] == "of-body"


def test_no_model_at_all_says_what_to_do(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infer", "chat", "Hi"]) == 2
    said = capsys.readouterr().err
    assert "gateway_model_id is not set" in said
    assert "tm init --sync" in said
    assert "--surface serverless --model NAME" in said
    assert wire.requests == []


def test_a_number_that_is_not_one_is_told_without_the_words_of_the_parser(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for option, kind in (("--temperature", "number"), ("--max-tokens", "integer")):
        assert main(["infer", "chat", "Hi", option, "hot"]) == 2
        assert f"'{option}': 'hot' is not a valid {kind}\n" in capsys.readouterr().err


@pytest.mark.parametrize("in_body", [True, False])
def test_latest_is_refused_on_serverless(
    wire: Wire, capsys: pytest.CaptureFixture[str], in_body: bool
) -> None:
    body = {"messages": json.loads(HELLO), **({"model": "@latest"} if in_body else {})}
    given = [] if in_body else ["--model", "@latest"]
    command = ["infer", "chat", "--surface", "serverless", "--json", json.dumps(body), *given]
    assert main(command) == 2
    assert "@latest is only supported for --surface on-demand" in capsys.readouterr().err
    assert wire.requests == []


def test_latest_asks_the_control_plane_and_needs_a_login(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TENSORMESH_CONTROL_PLANE_TOKEN", raising=False)
    assert main(["infer", "chat", "--model", "@latest", "Hi"]) == 4
    assert "tm auth login" in capsys.readouterr().err
    models = [
        {
            "modelId": name,
            "modelName": name,
            "status": status,
            "endpoint": "https://e",
            "createdAt": created,
        }
        for name, status, created in (
            ("older", "MODEL_STATUS_RUNNING", "2026-01-01T00:00:00Z"),
            ("newest", "MODEL_STATUS_RUNNING", "2026-03-01T00:00:00Z"),
            ("failed", "MODEL_STATUS_FAILED", "2026-04-01T00:00:00Z"),
        )
    ]
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, json={"models": models, "total": 3})
    )
    client = Tensormesh(control_plane_token="t", http_client=httpx.Client(transport=transport))
    monkeypatch.setattr(App, "control_plane_client", lambda *_, **__: client)
    assert main(["infer", "chat", "--model", "@latest", "Hi"]) == 0
    assert wire.body["model"] == "newest"


def test_latest_without_a_served_model_says_so(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"models": []}))
    client = Tensormesh(control_plane_token="t", http_client=httpx.Client(transport=transport))
    monkeypatch.setattr(App, "control_plane_client", lambda *_, **__: client)
    assert main(["infer", "chat", "--model", "@latest", "Hi"]) == 1
    assert "lists no served model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "given", "seconds"),
    [
        ("", [], 600),
        ("timeout_seconds = 30", [], 600),
        ("timeout_seconds = 900", [], 900),
        ("timeout_seconds = 900", ["--timeout", "20"], 20),
    ],
)
def test_a_whole_answer_is_waited_for_although_the_config_is_impatient(
    wire: Wire, tmp_path: Path, config: str, given: list[str], seconds: float
) -> None:
    (tmp_path / "config.toml").write_text(config)
    assert main([*given, "infer", "chat", "--model", "m", "Hi"]) == 0
    assert wire.requests[0].extensions["timeout"]["read"] == seconds


def test_a_refused_key_is_told_by_where_it_came_from(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.status, wire.content = 401, b'{"error":"Unauthorized"}'
    command = ["infer", "chat", "--model", "m", "Hi"]
    assert main([*command, "--api-key", "ak-not-shown"]) == 4
    said = capsys.readouterr().err
    assert "--api-key" in said
    assert "ak-not-shown" not in said
    assert main(command) == 4
    assert "gateway_api_key" in capsys.readouterr().err
    monkeypatch.setenv("TENSORMESH_INFERENCE_API_KEY", "ak-not-shown")
    assert main(command) == 4
    said = capsys.readouterr().err
    assert "TENSORMESH_INFERENCE_API_KEY" in said
    assert "ak-not-shown" not in said


def test_a_wrong_option_is_named_as_the_option(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["infer", "chat", "--model", "m", "--user-id", "joe", "Hi"]) == 2
    assert capsys.readouterr().err.startswith("Error: --user-id must be a UUID")


def test_what_the_sdk_refuses_is_a_usage_error(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"messages": json.loads(HELLO), "response_format": {"type": "json_schema"}}
    assert main(["infer", "chat", "--model", "m", "--json", json.dumps(body)]) == 2
    assert "response_format.type 'json_schema'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "given", "body"),
    [
        ("completions", ["Hi"], {"prompt": "Hi"}),
        ("completions", ["--json", '{"prompt":"Hi","echo":true}'], {"prompt": "Hi", "echo": True}),
        ("responses", ["Hi"], {"input": "Hi"}),
        (
            "responses",
            ["--max-tokens", "5", "--system", "Be brief.", "--json", '{"input":"Hi"}'],
            {"input": "Hi", "max_output_tokens": 5, "instructions": "Be brief."},
        ),
        ("tokenize", ["--prompt", "Hi"], {"prompt": "Hi"}),
        ("detokenize", ["--tokens", "1,2, 3"], {"tokens": [1, 2, 3]}),
        ("detokenize", ["--json", '{"tokens":[1]}'], {"tokens": [1]}),
    ],
)
def test_the_other_commands_send_what_they_were_given(
    wire: Wire, command: str, given: list[str], body: dict[str, Any]
) -> None:
    main(["infer", command, "--model", "m", *given, "--output", "json"])
    assert wire.body == {"model": "m", **body}


@pytest.mark.parametrize("command", ["chat", "completions", "responses", "tokenize", "detokenize"])
def test_nothing_given_says_what_to_give(
    wire: Wire, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main(["infer", command, "--model", "m"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: nothing to send: pass ")
    assert "--json, --file, or JSON on standard input" in said


@pytest.mark.parametrize(
    ("command", "field"),
    [("completions", "prompt"), ("responses", "input"), ("tokenize", "prompt")],
)
def test_a_missing_field_is_named(
    wire: Wire, capsys: pytest.CaptureFixture[str], command: str, field: str
) -> None:
    assert main(["infer", command, "--model", "m", "--json", '{"n": 1}']) == 2
    assert f"the request has no `{field}`" in capsys.readouterr().err


@pytest.mark.parametrize("tokens", ["1,x", "-1", "1.5"])
def test_tokens_that_are_none_are_refused(
    wire: Wire, capsys: pytest.CaptureFixture[str], tokens: str
) -> None:
    assert main(["infer", "detokenize", "--model", "m", "--tokens", tokens]) == 2
    assert "invalid token number" in capsys.readouterr().err


def test_an_empty_health_answer_is_ok(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    wire.content = b""
    assert main(["infer", "health"]) == 0
    assert capsys.readouterr().out == "ok\n"
    assert main(["infer", "health", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ok"


def test_a_host_has_one_client_for_all_its_calls(wire: Wire) -> None:
    host = Host(App(), "serverless")
    assert host.client is host.client
    assert len(wire.calls) == 1
