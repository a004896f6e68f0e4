"""The interactive session of `tm infer chat`, on a pseudo-terminal."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from support.infer_runs import (
    END,
    SECONDS,
    SERVED,
    answer_of,
    environment,
    event,
    host_environment,
    on_terminal,
    run,
    streaming,
)
from support.raw_server import RawServer, Turn

from tensormesh_local import LocalHost

SESSION = ("infer", "chat", "--surface", "serverless", "--model", "m")
# An editor draws the space after it as a movement of the cursor.
PROMPT = r">( |\x08\x1b\[2C)"
ON_DEMAND = ("infer", "chat", "--model", SERVED)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost() as host:
        yield host


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[tuple[RawServer, dict[str, str]]]:
    """A host that answers with the number of messages it was sent."""

    def handle(turn: Turn) -> None:
        messages = turn.json()["messages"]
        if messages[-1]["content"] == "fail":
            turn.answer_json({"error": {"message": "no luck", "code": 400}}, "400 Bad Request")
            return
        turn.stream(event(f"answer to {len(messages)}") + END)

    with RawServer(handle) as server:
        yield (
            server,
            environment(
                tmp_path,
                TENSORMESH_SERVERLESS_BASE_URL=server.url,
                TENSORMESH_INFERENCE_API_KEY="ak-key",
            ),
        )


def leave(child: pexpect.spawn[str]) -> None:
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_session_talks_and_is_left_by_ctrl_d(host: LocalHost, tmp_path: Path, term: str) -> None:
    child = on_terminal(*ON_DEMAND, env=host_environment(tmp_path, host), term=term)
    child.expect_exact(f"Model {SERVED} (on-demand).")
    child.expect(PROMPT)
    child.send("Say hello.\r")
    child.expect_exact("Hello! How can I help you today?")
    child.expect(PROMPT)
    leave(child)


def test_what_was_said_is_sent_along_until_it_is_reset(
    echo: tuple[RawServer, dict[str, str]],
) -> None:
    server, env = echo
    child = on_terminal(*SESSION, "--system", "Be brief.", "--seed", "7", env=env)
    child.sendline("one")
    child.expect_exact("answer to 2")
    child.sendline("two")
    child.expect_exact("answer to 4")
    child.sendline("/reset")
    child.expect_exact("Started a new conversation")
    child.sendline("three")
    child.expect_exact("answer to 2")
    leave(child)
    second, last = (turn.json() for turn in server.turns[1:])
    assert second["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "answer to 2"},
        {"role": "user", "content": "two"},
    ]
    assert second["seed"] == last["seed"] == 7
    assert [message["content"] for message in last["messages"]] == ["Be brief.", "three"]


def test_model_and_instructions_change_in_the_session(
    echo: tuple[RawServer, dict[str, str]],
) -> None:
    server, env = echo
    child = on_terminal(*SESSION, env=env)
    child.sendline("/model")
    child.expect_exact("Model: m")
    child.sendline("/model other")
    child.expect_exact("Model: other")
    child.sendline("/system Be kind.")
    child.expect_exact("Instructions: Be kind.")
    child.sendline("one")
    child.expect_exact("answer to 2")
    child.sendline("/system -")
    child.expect_exact("Instructions: none")
    child.sendline("//no command")
    child.expect_exact("answer to 3")
    child.sendline("/exit")
    child.expect(pexpect.EOF)
    first, second = (turn.json() for turn in server.turns)
    assert first["model"] == "other"
    assert first["messages"][0] == {"role": "system", "content": "Be kind."}
    assert second["messages"][-1]["content"] == "/no command"


def test_help_lists_every_command_and_the_keys(echo: tuple[RawServer, dict[str, str]]) -> None:
    child = on_terminal(*SESSION, env=echo[1])
    child.sendline("/help")
    for words in ("/help", "/model", "/system", "/reset", "/save", "/exit", "Esc Enter", "Ctrl-C"):
        child.expect_exact(words)
    child.sendline("/modle x")
    child.expect_exact("Error: unknown command /modle (did you mean `/model`?)")
    leave(child)


def test_an_error_is_one_line_and_the_session_goes_on(
    echo: tuple[RawServer, dict[str, str]],
) -> None:
    server, env = echo
    child = on_terminal(*SESSION, env=env)
    child.sendline("fail")
    child.expect(r"Error: 400 [^\n]*no luck[^\n]*\n")
    child.sendline("one")
    child.expect_exact("answer to 1")
    leave(child)
    assert [message["content"] for message in server.turns[1].json()["messages"]] == ["one"]


def test_saved_messages_can_be_sent_again(host: LocalHost, tmp_path: Path) -> None:
    env = host_environment(tmp_path / "home", host)
    path = tmp_path / "talk.json"
    taken = tmp_path / "taken.json"
    taken.write_text("mine")
    child = on_terminal(*ON_DEMAND, env=env)
    child.sendline(f"/save {path}")
    child.expect_exact("there are no messages yet")
    child.sendline("Say hello.")
    child.expect_exact("help you today?")
    for _ in range(2):
        child.sendline(f"/save {path}")
        child.expect_exact("Saved 2 messages")
    child.sendline(f"/save {taken}")
    child.expect_exact("already exists")
    leave(child)
    assert taken.read_text() == "mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [message["role"] for message in json.loads(path.read_text())] == ["user", "assistant"]
    assert answer_of(run(*ON_DEMAND, "--file", str(path), env=env))


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_ctrl_c_stops_the_answer_and_not_the_session(tmp_path: Path, term: str) -> None:
    def tell(turn: Turn) -> None:
        if len(turn.json()["messages"]) == 1:
            turn.chunk(event("begun"))
            turn.wait_for_close(SECONDS)
        else:
            turn.chunk(event("second") + END)
            turn.end()

    with RawServer(streaming(tell)) as server:
        env = environment(
            tmp_path,
            TENSORMESH_SERVERLESS_BASE_URL=server.url,
            TENSORMESH_INFERENCE_API_KEY="ak-key",
        )
        child = on_terminal(*SESSION, env=env, term=term)
        child.expect(PROMPT)
        child.send("one\r")
        child.expect_exact("begun")
        child.sendintr()
        child.expect_exact("Stopped.")
        child.expect(PROMPT)
        child.send("two\r")
        child.expect_exact("second")
        child.expect(PROMPT)
        leave(child)
        said = [message["content"] for message in server.turns[1].json()["messages"]]
    assert said == ["one", "begun", "two"]


def test_ctrl_c_at_the_prompt_empties_the_line(echo: tuple[RawServer, dict[str, str]]) -> None:
    server, env = echo
    child = on_terminal(*SESSION, env=env)
    child.expect(PROMPT)
    child.send("half a line")
    child.expect_exact("half a line")
    child.sendintr()
    child.expect(PROMPT)
    child.sendline("one")
    child.expect_exact("answer to 1")
    leave(child)
    assert server.turns[0].json()["messages"][0]["content"] == "one"


@pytest.mark.parametrize(
    ("term", "typed"),
    [
        ("dumb", "one\\\rtwo\r"),
        ("xterm", "one\\\rtwo\r"),
        ("xterm", "one\x1b\rtwo\r"),
    ],
    ids=["plain backslash", "backslash", "escape enter"],
)
def test_a_text_may_have_several_lines(
    echo: tuple[RawServer, dict[str, str]], term: str, typed: str
) -> None:
    server, env = echo
    child = on_terminal(*SESSION, env=env, term=term)
    child.expect(PROMPT)
    child.send(typed)
    child.expect_exact("answer to 1")
    child.expect(PROMPT)
    leave(child)
    assert server.turns[0].json()["messages"][0]["content"] == "one\ntwo"


def test_the_history_is_kept_for_its_owner_alone_and_comes_back(
    echo: tuple[RawServer, dict[str, str]], tmp_path: Path
) -> None:
    server, env = echo
    history = tmp_path / "history"
    history.touch(mode=0o644)
    for keys in ("remember me\r", "\x1b[A\r"):
        child = on_terminal(*SESSION, env=env, term="xterm")
        child.expect(PROMPT)
        child.send(keys)
        child.expect_exact("answer to 1")
        child.expect(PROMPT)
        leave(child)
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    asked = [turn.json()["messages"][0]["content"] for turn in server.turns]
    assert asked == ["remember me", "remember me"]


def test_no_session_begins_without_a_model(host: LocalHost, tmp_path: Path) -> None:
    child = on_terminal("infer", "chat", env=host_environment(tmp_path, host))
    child.expect_exact("Error: no model")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2


def test_no_session_begins_for_a_machine_s_output(host: LocalHost, tmp_path: Path) -> None:
    env = host_environment(tmp_path, host)
    child = on_terminal("--output", "json", *ON_DEMAND, env=env)
    child.expect_exact("nothing to send")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2


def test_usage_is_told_after_each_answer(host: LocalHost, tmp_path: Path) -> None:
    child = on_terminal(*ON_DEMAND, "--usage", env=host_environment(tmp_path, host))
    for _ in range(2):
        child.sendline("Say hello.")
        child.expect(r"Usage: [1-9]\d* prompt tokens")
    leave(child)
