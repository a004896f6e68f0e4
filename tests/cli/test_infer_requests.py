"""What `tm infer` sends, and how it prints the answer. No socket is opened."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tensormesh import Tensormesh
from tensormesh_cli._app import App
from tensormesh_cli.commands.infer.host import Host
from tensormesh_cli.main import main

KEY = "ak-test-key"
USER = "00000000-0000-4000-8000-000000000001"
HELLO = '[{"role":"user","content":"Hi"}]'
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Grüße", "reasoning": None},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
    "new_key": [1, {"b": None}],
}


class Wire:
    """Answers every request in the same way, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.content = json.dumps(COMPLETION, ensure_ascii=False).encode()
        self.status = 200
        self.failure: Exception | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        kind = "text/event-stream" if self.content.startswith(b"data:") else "application/json"
        return httpx.Response(self.status, content=self.content, headers={"content-type": kind})

    def stream(self, *events: Mapping[str, Any]) -> None:
        lines = [f"data: {json.dumps(event)}\n\n" for event in events]
        self.content = "".join([*lines, "data: [DONE]\n\n"]).encode()

    @property
    def body(self) -> dict[str, Any]:
        (request,) = self.requests
        body: dict[str, Any] = json.loads(request.content)
        return body


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Wire:
    """A wire in the place of the network, and a home without settings."""
    wire = Wire()
    transport = httpx.MockTransport(wire.answer)

    def client(
        self: App,
        surface: str,
        *,
        api_key: str | None = None,
        user_id: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
    ) -> Tensormesh:
        given = {"api_key": api_key, "user_id": user_id, "base_url": base_url, "timeout": timeout}
        wire.calls.append((surface, {k: v for k, v in given.items() if v is not None}))
        return Tensormesh(
            inference_api_key=api_key or KEY,
            on_demand_user_id=user_id or USER,
            on_demand_base_url="https://on-demand.test",
            serverless_base_url="https://serverless.test",
            timeout_seconds=self.settings.timeout_seconds,
            http_client=httpx.Client(transport=transport),
        )

    for name in ("TENSORMESH_TIMEOUT_SECONDS", "TENSORMESH_INFERENCE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TM_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(App, "inference_client", client)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    return wire


def chunk(content: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


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
    assert wire.requests == []


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


def test_text_is_the_answer_alone(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infer", "chat", "--model", "m", "Hi"]) == 0
    assert capsys.readouterr() == ("Grüße\n", "")


def test_json_is_the_body_unchanged_and_raw_its_very_bytes(
    wire: Wire, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    wire.content = b' {"choices": [], "id":1.50, "z": {"y":null,"x":"\\u00fc"}}\n\n'
    assert main(["infer", "chat", "--model", "m", "Hi", "--output", "json"]) == 0
    shown = json.loads(capsysbinary.readouterr().out)
    assert shown == json.loads(wire.content)
    assert list(shown) == ["choices", "id", "z"]
    assert main(["infer", "chat", "--model", "m", "Hi", "--output", "raw"]) == 0
    assert capsysbinary.readouterr().out == wire.content


def test_a_leaked_think_block_is_left_out_of_the_text(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.loads(wire.content)
    answer["choices"][0]["message"]["content"] = "<think>hm</think>\n\nFour"
    wire.content = json.dumps(answer).encode()
    assert main(["infer", "chat", "--model", "m", "Hi"]) == 0
    assert capsys.readouterr().out.strip() == "Four"


def test_several_answers_and_their_tool_calls_are_all_shown(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    answer = json.loads(wire.content)
    first, second = answer["choices"][0], json.loads(json.dumps(answer["choices"][0]))
    second["index"] = 1
    second["message"] = {"role": "assistant", "content": None, "tool_calls": [call, call]}
    answer["choices"] = [first, second]
    wire.content = json.dumps(answer).encode()
    assert main(["infer", "chat", "--model", "m", "Hi"]) == 0
    text, calls = capsys.readouterr().out.split("\n\n")
    assert text == "Grüße"
    assert [json.loads(line) for line in calls.splitlines()] == [call, call]


def test_an_answer_that_was_cut_off_is_noted_on_standard_error(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.content = wire.content.replace(b'"stop"', b'"length"')
    assert main(["infer", "chat", "--model", "m", "Hi"]) == 0
    out, err = capsys.readouterr()
    assert out == "Grüße\n"
    assert "cut off" in err
    assert main(["infer", "chat", "--model", "m", "--quiet", "Hi"]) == 0
    assert capsys.readouterr().err == ""


def test_usage_goes_to_standard_error_on_request(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["infer", "chat", "--model", "m", "--usage", "Hi"]) == 0
    assert capsys.readouterr() == ("Grüße\n", "Usage: 8 prompt tokens (0 cached), 2 written.\n")


def test_a_stream_prints_its_text_and_ends_the_line(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.stream(chunk("Grü"), chunk("ße"), chunk(finish_reason="stop"))
    assert main(["infer", "chat", "--model", "m", "--stream", "Hi"]) == 0
    assert capsys.readouterr() == ("Grüße\n", "")
    assert wire.body["stream"] is True


def test_a_stream_with_a_line_end_of_its_own_gets_no_second_one(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.stream(chunk("a\n"), chunk(finish_reason="stop"))
    assert main(["infer", "chat", "--model", "m", "--stream", "Hi"]) == 0
    assert capsys.readouterr().out == "a\n"


def test_a_stream_shows_tool_calls_after_the_text(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    wire.stream(chunk("So"), chunk(delta={"tool_calls": [call]}), chunk(finish_reason="tool_calls"))
    assert main(["infer", "chat", "--model", "m", "--stream", "Hi"]) == 0
    text, line = capsys.readouterr().out.splitlines()
    assert text == "So"
    assert json.loads(line)["function"] == {"name": "f", "arguments": "{}"}


def test_usage_of_a_stream_is_asked_for(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    usage = {"id": "c", "choices": [], "usage": COMPLETION["usage"]}
    wire.stream(chunk("a"), chunk(finish_reason="stop"), usage)
    assert main(["infer", "chat", "--model", "m", "--stream", "--usage", "Hi"]) == 0
    assert wire.body["stream_options"] == {"include_usage": True}
    assert "8 prompt tokens" in capsys.readouterr().err


def test_the_body_may_ask_for_a_stream_itself(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.stream(chunk("a"), chunk(finish_reason="stop"))
    body = {"model": "m", "messages": json.loads(HELLO), "stream": True}
    assert main(["infer", "chat", "--json", json.dumps(body)]) == 0
    assert capsys.readouterr().out == "a\n"


def test_a_body_that_neither_asks_for_a_stream_nor_not_is_refused(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"model": "m", "messages": json.loads(HELLO), "stream": "yes"}
    assert main(["infer", "chat", "--json", json.dumps(body)]) == 2
    assert "`stream` of the request must be true or false" in capsys.readouterr().err
    body["stream"] = False
    assert main(["infer", "chat", "--json", json.dumps(body)]) == 0


@pytest.mark.parametrize("command", ["chat", "completions", "responses"])
@pytest.mark.parametrize("output", ["json", "yaml", "raw", "table"])
def test_a_stream_is_refused_with_any_output_but_text(
    wire: Wire, capsys: pytest.CaptureFixture[str], command: str, output: str
) -> None:
    given = ["--model", "m", "--stream", "Hi"]
    assert main(["--output", output, "infer", command, *given]) == 2
    assert f"--stream supports only --output text, not --output {output}" in (
        capsys.readouterr().err
    )
    assert wire.requests == []


def test_a_stream_is_refused_with_a_query(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infer", "chat", "--model", "m", "--stream", "--query", "id", "Hi"]) == 2
    assert "not --query" in capsys.readouterr().err
    assert wire.requests == []


def test_an_error_in_a_stream_comes_after_what_was_printed(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.stream(chunk("begun"), {"error": {"message": "engine died"}})
    assert main(["infer", "chat", "--model", "m", "--stream", "Hi"]) == 1
    out, err = capsys.readouterr()
    assert out == "begun\n"
    assert "engine died" in err


def test_a_silent_stream_names_the_option_and_its_value(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.failure = httpx.ReadTimeout("silence")
    given = ["--stream", "--stream-idle-timeout", "30"]
    assert main(["infer", "chat", "--model", "m", *given, "Hi"]) == 1
    said = capsys.readouterr().err
    assert "nothing came for 30 s" in said
    assert "--stream-idle-timeout 30" in said
    assert wire.requests[0].extensions["timeout"]["read"] == 30


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
    assert said.startswith("Error: nothing to send: give ")
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
    assert "is no token number" in capsys.readouterr().err


def test_an_empty_health_answer_is_ok(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    wire.content = b""
    assert main(["infer", "health"]) == 0
    assert capsys.readouterr().out == "ok\n"
    assert main(["infer", "health", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ok"


def test_a_model_cannot_steer_the_terminal(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.loads(wire.content)
    answer["choices"][0]["message"]["content"] = "a\x1b]0;title\x07\tb\r\nc\x9b2J"
    wire.content = json.dumps(answer).encode()
    assert main(["infer", "chat", "--model", "m", "Hi"]) == 0
    assert "\x1b]0;title\x07" in capsys.readouterr().out  # a file gets the text as it is
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["infer", "chat", "--model", "m", "Hi"]) == 0
    shown = capsys.readouterr().out
    assert shown == "a\ufffd]0;title\ufffd\tb\nc\ufffd2J\n"


def test_a_host_has_one_client_for_all_its_calls(wire: Wire) -> None:
    host = Host(App(), "serverless")
    assert host.client is host.client
    assert len(wire.calls) == 1
