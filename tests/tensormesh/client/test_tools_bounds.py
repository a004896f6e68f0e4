"""How far a run may go, and what is refused before it begins."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server
from support.tool_samples import call, calling, run, saying

from tensormesh import (
    ToolLimitError,
    tool,
)


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


@tool
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


def echo(text: str) -> str:
    """Say it again."""
    return text


class Adder:
    """Has a tool of its own."""

    @tool
    def add(self, a: int) -> int:
        """Add one."""
        return a + 1


def test_rounds_are_bounded(face: Face) -> None:
    server = Server(*(calling(call("add", {"a": 1})) for _ in range(3)))
    with pytest.raises(ToolLimitError, match="still calling tools after 3 rounds") as caught:
        run(face, server, [add], max_rounds=3)
    assert caught.value.reason == "max_rounds"
    # The last calls were not made: the conversation ends where it can go on.
    assert [made.round for made in caught.value.calls] == [1, 2]
    assert caught.value.messages[-1].role == "tool"


@pytest.mark.parametrize(("most", "used"), [(5, 5), (8, 10)])
def test_tokens_are_bounded(face: Face, most: int, used: int) -> None:
    server = Server(*(calling(call("add", {"a": 1})) for _ in range(3)))
    with pytest.raises(ToolLimitError, match=f"the run has used {used} of {most} tokens") as caught:
        run(face, server, [add], max_tokens_total=most)
    assert caught.value.reason == "max_tokens_total"
    assert len(server.requests) == used / 5


def test_a_text_may_take_more_tokens_than_the_bound(face: Face) -> None:
    assert run(face, Server(saying("Long.")), [add], max_tokens_total=1).text == "Long."


def test_a_bound_on_tokens_that_nobody_counts_is_an_error(face: Face) -> None:
    server = Server(calling(call("add", {"a": 1}), usage=None))
    with pytest.raises(ToolLimitError, match="reports no usage"):
        run(face, server, [add], max_tokens_total=100)
    assert run(face, Server(saying(usage=None)), [add]).usage is None


@for_each(
    ("options", "problem"),
    [
        ({"tools": []}, "tools is empty"),
        ({"tools": "add"}, "tools must be a list, not str"),
        ({"tools": [add, add]}, r"tools\[1\]: two tools are named 'add'"),
        ({"tools": [add.definition]}, r"tools\[0\]: 'add' has no function: pass handlers="),
        ({"tools": [{"function": {}}]}, r"tools\[0\].function.name is missing"),
        ({"handlers": {"x": echo}}, "handlers: unknown tool 'x'"),
        (
            {"tools": [Adder.add]},
            r"tools\[0\]: 'add' is an unbound method: pass the method of an instance",
        ),
        (
            {"tools": [add.definition], "handlers": {"add": Adder.add}},
            r"tools\[0\]: 'add' is an unbound method",
        ),
        ({"tools": [3]}, "a tool must be a function, not int"),
        ({"max_rounds": 0}, "max_rounds must be positive, got 0"),
        ({"max_seconds": -1}, "max_seconds must be positive, got -1"),
        ({"max_tokens_total": 0}, "max_tokens_total must be positive"),
        ({"max_parallel": 0}, "max_parallel must be positive"),
        ({"on_error": "ignore"}, "on_error must be 'report' or 'raise', got 'ignore'"),
        ({"n": 2}, "n must be 1"),
    ],
)
def test_what_cannot_be_run_is_refused_before_a_request(
    face: Face, options: dict[str, Any], problem: str
) -> None:
    server = Server()
    with pytest.raises((TypeError, ValueError), match=problem):
        run(face, server, **{"tools": [add], **options})
