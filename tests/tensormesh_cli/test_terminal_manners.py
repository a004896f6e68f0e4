"""Notes, prompts, progress, width and colours."""

from __future__ import annotations

import io

import pytest
from support.cases import for_each
from support.command_line import Stream

from tensormesh_cli._errors import CliError, UsageFault
from tensormesh_cli._terminal import Terminal


class Ends:
    def __init__(
        self,
        typed: str = "",
        *,
        terminal: bool = True,
        encoding: str = "utf-8",
        quiet: bool = False,
        environ: dict[str, str] | None = None,
    ) -> None:
        self.stdin = Stream(typed, terminal=terminal)
        self.stdout = Stream(terminal=terminal)
        self.stderr = Stream(terminal=terminal, encoding=encoding)
        self.terminal = Terminal(self.stdin, self.stdout, self.stderr, environ or {}, quiet=quiet)

    @property
    def said(self) -> str:
        return self.stderr.written.decode(self.stderr.encoding)


def test_notes_go_to_stderr_and_not_with_quiet() -> None:
    loud, quiet = Ends(), Ends(quiet=True)
    for ends in (loud, quiet):
        ends.terminal.note("done")
        ends.terminal.warn("care\nful")
    assert loud.said == "done\nWarning: care ful\n"
    assert quiet.said == "Warning: care ful\n"
    assert loud.stdout.written == b""


@for_each("answer", ["y\n", "Y\n", "yes\n", " YES \r\n", "y"])
def test_a_yes_goes_on(answer: str) -> None:
    ends = Ends(answer)
    ends.terminal.confirm("Delete it?", yes=False)
    assert ends.said == "Delete it? [y/N] "
    assert ends.stdout.written == b""


@for_each("answer", ["n\n", "\n", "no\n", "yess\n", ""])
def test_anything_else_is_a_no(answer: str) -> None:
    with pytest.raises(CliError) as caught:
        Ends(answer).terminal.confirm("Delete it?", yes=False)
    assert caught.value.exit_code == 1
    assert caught.value.message.startswith("cancelled")


def test_a_yes_given_before_asks_nothing() -> None:
    for ends in (Ends(), Ends(terminal=False)):
        ends.terminal.confirm("Delete it?", yes=True)
        assert ends.said == ""


def test_without_a_terminal_a_question_is_a_mistake_that_names_the_option() -> None:
    ends = Ends("y\n", terminal=False)
    with pytest.raises(UsageFault) as caught:
        ends.terminal.confirm("Delete it?", yes=False)
    assert caught.value.exit_code == 2
    assert caught.value.hint == "pass --yes"
    assert ends.said == ""


def test_the_option_that_says_yes_can_have_another_name() -> None:
    with pytest.raises(UsageFault) as caught:
        Ends(terminal=False).terminal.confirm("Show it?", yes=False, option="--yes-i-know")
    assert caught.value.hint == "pass --yes-i-know"


@for_each(
    ("terminal", "environ", "color"),
    [
        (True, {}, True),
        (True, {"TERM": "xterm"}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    terminal: bool, environ: dict[str, str], color: bool
) -> None:
    assert Ends(terminal=terminal, environ=environ).terminal.color is color


@for_each(
    ("terminal", "columns", "width", "limit"),
    [
        (True, "120", 120, 120),
        (True, "5", 20, 20),
        (True, "0", 80, 80),
        (True, "wide", 80, 80),
        (False, "", 80, None),
        (False, "60", 60, 60),
    ],
)
def test_the_width_is_that_of_the_terminal_and_of_no_matter_in_a_file(
    terminal: bool, columns: str, width: int, limit: int | None
) -> None:
    found = Ends(terminal=terminal, environ={"COLUMNS": columns}).terminal
    assert (found.width, found.limit) == (width, limit)


def test_a_closed_stream_is_no_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    found = Terminal(closed, closed, closed, {})
    assert (found.color, found.limit, found.interactive) == (False, None, False)


def test_progress_is_shown_on_a_terminal_and_erased_at_the_end() -> None:
    ends = Ends()
    with ends.terminal.progress("Waiting") as show:
        ends.terminal.note("by the way")
        show("Still waiting")
    erase = "\r\x1b[K"
    assert ends.said == (
        f"{erase}Waiting{erase}by the way\n{erase}Waiting{erase}Still waiting{erase}"
    )
    assert ends.stdout.written == b""


def test_a_long_label_stays_on_one_line() -> None:
    ends = Ends(environ={"COLUMNS": "20"})
    with ends.terminal.progress("x" * 100):
        assert ends.said.endswith("x" * 19)
        assert "x" * 20 not in ends.said


@pytest.mark.parametrize(
    "ends",
    [Ends(terminal=False), Ends(quiet=True), Ends(environ={"TERM": "dumb"})],
    ids=["file", "quiet", "dumb"],
)
def test_progress_is_shown_nowhere_else(ends: Ends) -> None:
    with ends.terminal.progress("Waiting") as show:
        show("Still waiting")
    assert ends.said == ""


def test_progress_inside_of_progress_is_one() -> None:
    ends = Ends()
    with ends.terminal.progress("Outer"):
        before = ends.said
        with ends.terminal.progress("Inner"):
            pass
        assert ends.said == before


def test_an_error_ends_the_progress() -> None:
    ends = Ends()
    with pytest.raises(KeyboardInterrupt), ends.terminal.progress("Waiting"):
        raise KeyboardInterrupt
    assert ends.said.endswith("\r\x1b[K")
