"""What a request is read from, and what is said of it when it cannot be."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import Expected, Payload, read_payload, request_object
from tensormesh_cli.commands.infer.chat import EXPECTED, chat_request
from tensormesh_cli.commands.infer.options import read_input

MESSAGES = [{"role": "user", "content": "Grüße 👋"}]


class Stdin(io.TextIOWrapper):
    def __init__(self, content: bytes, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content), encoding="ascii")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture(autouse=True)
def no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b"", is_terminal=True))


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(content))


def refused(call: Any, *arguments: Any) -> UsageFault:
    with pytest.raises(UsageFault) as caught:
        call(*arguments)
    assert caught.value.exit_code == 2
    return caught.value


def test_inline_json_is_taken_before_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"[]")
    given = read_payload(json.dumps(MESSAGES), None, EXPECTED)
    assert given == Payload(MESSAGES, "--json")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_file_is_read_as_utf_8_by_either_option(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "chat.json"
    path.write_bytes(mark + json.dumps(MESSAGES, ensure_ascii=False).encode())
    by_json, by_file = (
        read_payload(f"@{path}", None, EXPECTED),
        read_payload(None, str(path), EXPECTED),
    )
    assert by_json is not None
    assert by_file is not None
    assert by_json.value == by_file.value == MESSAGES


def test_a_pipe_is_read_as_utf_8_in_any_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, json.dumps(MESSAGES, ensure_ascii=False).encode())
    given = read_payload(None, None, EXPECTED)
    assert given is not None
    assert given.value == MESSAGES


@pytest.mark.parametrize(("inline", "file"), [("@-", None), (None, "-")])
def test_a_dash_stands_for_standard_input(
    monkeypatch: pytest.MonkeyPatch, inline: str | None, file: str | None
) -> None:
    pipe(monkeypatch, b"[1]")
    given = read_payload(inline, file, EXPECTED)
    assert given is not None
    assert given.value == [1]


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_pipe_is_nothing_given(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    pipe(monkeypatch, content)
    assert read_payload(None, None, EXPECTED) is None


def test_a_terminal_and_a_closed_input_are_nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_payload(None, None, EXPECTED) is None
    monkeypatch.setattr(sys, "stdin", None)
    assert read_payload(None, None, EXPECTED) is None


def test_broken_json_is_told_with_option_line_column_and_what_was_expected() -> None:
    error = refused(read_payload, '{\n  "messages": [}', None, EXPECTED)
    assert error.message.startswith("--json is not valid JSON: line 2, column 16:")
    assert error.hint is not None
    assert '{"messages":[{"role":"user","content":"Hi"}]}' in error.hint
    assert "messages array" in error.hint


def test_broken_json_names_the_file_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("[1,")
    by_json = refused(read_payload, f"@{path}", None, EXPECTED)
    by_file = refused(read_payload, None, str(path), EXPECTED)
    assert by_json.message.startswith(f"--json @{path} is not valid JSON: line 1, column 4")
    assert by_file.message.startswith(f"--file {path} is not valid JSON: line 1, column 4")


def test_a_file_name_in_the_place_of_json_is_recognised() -> None:
    error = refused(read_payload, "chat.json", None, EXPECTED)
    assert error.hint == "to read a file, write: --json @chat.json"


def test_plain_text_in_a_pipe_is_told_how_to_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"Say hello.")
    assert "pass `-` as the prompt" in str(refused(read_payload, None, None, EXPECTED).hint)
    numbers = Expected(example='{"tokens":[1]}', takes_text=False)
    pipe(monkeypatch, b"Say hello.")
    assert "prompt" not in str(refused(read_payload, None, None, numbers).hint)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff[]", "is not UTF-8 text: see byte 1"),
        (b"  ", "is empty"),
        (b"[NaN]", "is not valid JSON: JSON does not allow NaN"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_json_at_all_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "payload.json"
    path.write_bytes(content)
    assert refused(read_payload, None, str(path), EXPECTED).message == f"--file {path} {problem}"


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.json", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_told_with_its_reason(
    tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / name
    error = refused(read_payload, None, str(path), EXPECTED)
    assert error.message.startswith(f"cannot read --file {path}: {reason}")


def test_an_at_sign_without_a_file_is_refused() -> None:
    assert "has no file name" in refused(read_payload, "@", None, EXPECTED).message


def test_a_bare_messages_array_becomes_a_request() -> None:
    assert chat_request(Payload(MESSAGES, "--json"), EXPECTED) == {"messages": MESSAGES}


def test_a_request_object_keeps_every_field_and_is_not_changed_itself() -> None:
    value = {"messages": MESSAGES, "model": "m", "new_field": {"a": 1}}
    body = chat_request(Payload(value, "--json"), EXPECTED)
    assert body == value
    assert body is not value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("Hi", "is a string"),
        (None, "is null"),
        (3, "is a number"),
        (True, "is a boolean"),
        ({"model": "m"}, "has no `messages`"),
        ({"messages": {"role": "user"}}, "has an object as `messages`"),
        ([], "contains no messages"),
    ],
)
def test_what_is_no_chat_request_is_told_with_what_was_expected(value: Any, problem: str) -> None:
    error = refused(chat_request, Payload(value, "--file chat.json"), EXPECTED)
    assert error.message == f"--file chat.json {problem}"
    assert str(error.hint).startswith("expected a request object such as")


@pytest.mark.parametrize(
    ("message", "problem"),
    [("Hi", "is a string, not an object"), ({"content": "Hi"}, "has no `role`")],
)
def test_a_wrong_message_is_told_by_its_number(message: Any, problem: str) -> None:
    error = refused(chat_request, Payload([*MESSAGES, message], "--json"), EXPECTED)
    assert error.message == f"--json: message 2 {problem}"


def test_other_commands_take_objects_alone() -> None:
    error = refused(request_object, Payload([1], "standard input"), Expected('{"input":"Hi"}'))
    assert error.message == "standard input is an array"
    assert error.hint == 'expected a request object such as {"input":"Hi"}'


@pytest.mark.parametrize(
    ("prompt", "inline", "file", "named"),
    [
        ("Hi", "[]", None, "PROMPT and --json"),
        ("Hi", None, "f", "PROMPT and --file"),
        (None, "[]", "f", "--json and --file"),
    ],
)
def test_two_inputs_cannot_be_used_together(
    prompt: str | None, inline: str | None, file: str | None, named: str
) -> None:
    error = refused(read_input, prompt, inline, file, EXPECTED)
    assert error.message.startswith(f"{named} cannot be used together")


def test_a_prompt_is_taken_as_it_is_and_leaves_the_pipe_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipe(monkeypatch, b"not read")
    assert read_input('{"not": "json"}', None, None, EXPECTED) == '{"not": "json"}'
    assert sys.stdin.buffer.read() == b"not read"


def test_a_dash_as_the_prompt_reads_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, "Grüße\n".encode())
    assert read_input("-", None, None, EXPECTED) == "Grüße\n"


@pytest.mark.parametrize("prompt", ["", "  ", "-"])
def test_an_empty_prompt_is_refused(monkeypatch: pytest.MonkeyPatch, prompt: str) -> None:
    pipe(monkeypatch, b"\n")
    assert "is empty" in refused(read_input, prompt, None, None, EXPECTED).message
