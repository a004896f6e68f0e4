"""How `tm infer` prints answers, whole and as they are written. No socket is opened."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest
from support.infer_wire import COMPLETION, HELLO, Wire, chunk, make_wire

from tensormesh_cli.main import main


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Wire:
    return make_wire(monkeypatch, tmp_path)


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
    assert capsys.readouterr() == (
        "Grüße\n",
        "Usage: 8 prompt tokens (0 cached), 2 completion tokens.\n",
    )


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
    assert "the request's `stream` must be true or false" in capsys.readouterr().err
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
    assert "the stream was silent for 30 s" in said
    assert "--stream-idle-timeout 30" in said
    assert wire.requests[0].extensions["timeout"]["read"] == 30


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
    assert shown == "a]0;title\tb\nc2J\n"
