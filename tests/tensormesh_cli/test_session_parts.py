"""Parts of the interactive session, without a terminal."""

from __future__ import annotations

import builtins
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tensormesh_cli._app import App
from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.infer.chat import CHAT
from tensormesh_cli.commands.infer.generation import Streaming
from tensormesh_cli.commands.infer.host import Host
from tensormesh_cli.session.commands import run_command
from tensormesh_cli.session.conversation import Conversation
from tensormesh_cli.session.lines import PlainReader, open_reader, prepare_history
from tensormesh_cli.session.loop import Session

STREAMING = Streaming(stream=True, idle=1, usage=False)


class Lines:
    """Gives lines, and then fails as it is told."""

    def __init__(self, *lines: str, then: type[BaseException] = EOFError) -> None:
        self._lines = list(lines)
        self._then = then

    def read(self) -> str:
        if not self._lines:
            raise self._then
        return self._lines.pop(0)


def session(*lines: str, then: type[BaseException] = EOFError) -> Session:
    host = Host(App(environ={}), "serverless")
    return Session(host, CHAT, Conversation("m"), Lines(*lines, then=then), STREAMING)


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    rest = list(lines)
    read: Callable[[str], str] = lambda _prompt: rest.pop(0)  # noqa: E731
    monkeypatch.setattr(builtins, "input", read)


def test_a_request_holds_what_was_said_and_leaves_it_as_it_is() -> None:
    conversation = Conversation("m", system="Be brief.", fields={"seed": 7})
    conversation.add("one", "first")
    request = conversation.request("two")
    assert request == {
        "seed": 7,
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "first"},
            {"role": "user", "content": "two"},
        ],
    }
    assert len(conversation.messages) == 3


def test_plain_lines_go_on_after_a_backslash(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "one\\", "", "two\\")
    reader = PlainReader()
    assert reader.read() == "one\n"
    with pytest.raises(IndexError):
        reader.read()


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_without_features_gets_plain_lines(term: str) -> None:
    assert isinstance(open_reader(App(environ={"TERM": term})), PlainReader)


def test_the_history_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    path = prepare_history(home)
    assert path == home / "history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_no_place_for_a_history_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert prepare_history(tmp_path / "file" / "home") is None
    assert prepare_history(None) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/save", "/save needs a file name"),
        ("/save talk.json", "/save: there are no messages yet"),
        ("/nonsense", "unknown command /nonsense"),
        ("/HELP", "unknown command /HELP"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(line: str, said: str) -> None:
    with pytest.raises(UsageFault, match=said):
        run_command(session(), line)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    talk = session()
    talk.conversation.add("one", "first")
    with pytest.raises(UsageFault, match=r"cannot write .*: No such file"):
        run_command(talk, f"/save {tmp_path / 'missing' / 'talk.json'}")


def test_latest_cannot_be_chosen_on_serverless() -> None:
    talk = session()
    with pytest.raises(UsageFault, match="only supported for --surface on-demand"):
        run_command(talk, "/model @latest")
    assert talk.conversation.model == "m"


def test_a_terminal_that_breaks_ends_the_session(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="hung up"):
        session("/help", then=type("Gone", (OSError,), {"__str__": lambda _: "hung up"})).run()
    assert "/exit" in capsys.readouterr().out


def test_quiet_says_nothing_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    host = Host(App(environ={}, given={"quiet": True}), "serverless")
    Session(host, CHAT, Conversation("m"), Lines("/exit", "/help"), STREAMING).run()
    assert capsys.readouterr() == ("", "")
