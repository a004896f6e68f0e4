"""What can be a tool: functions, methods, objects that can be called; and what a tool still is."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each

from tensormesh import Tool, tool


def parameters(made: Tool[..., Any]) -> dict[str, Any]:
    schema = made.definition.function.parameters
    assert schema is not None
    return schema


class Shop:
    """Has tools of its own."""

    def __init__(self, stock: int) -> None:
        self.stock = stock

    @tool
    def take(self, count: int) -> int:
        """Take from the stock."""
        self.stock -= count
        return self.stock

    @staticmethod
    @tool
    def hours(day: str) -> str:
        """Tell the hours."""
        return f"{day} 9 to 5"

    def plain(self, count: int) -> int:
        """Take from the stock."""
        return self.stock - count


def test_methods_are_tools_of_their_object() -> None:
    one, other = Shop(5), Shop(7)
    assert one.take(1) == 4
    assert other.take.call_validated(other.take.validate({"count": 2})) == 5
    assert parameters(one.take)["required"] == ["count"]
    assert Shop.hours.validate({"day": "x"}) == one.hours.validate({"day": "x"}) == {"day": "x"}
    assert Shop.hours("Monday") == "Monday 9 to 5"
    assert list(parameters(tool(one.plain))["properties"]) == ["count"]


def test_what_can_be_called_can_be_a_tool() -> None:
    class Counter:
        def __call__(self, step: int) -> int:
            """Count."""
            return step + 1

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    @functools.wraps(add)
    def wrapped(*args: Any, **kwargs: Any) -> int:
        return add(*args, **kwargs) * 10

    counter = tool(Counter(), name="count")
    partial = tool(functools.partial(add, 1))
    assert counter.call_validated(counter.validate({"step": 1})) == 2
    assert partial.call_validated(partial.validate({"b": 2})) == 3
    assert tool(wrapped).call_validated({"a": 1, "b": 2}) == 30


def test_async_functions_are_known_as_such() -> None:
    async def fetch(x: int) -> int:
        """Fetch."""
        return x

    class Fetcher:
        async def __call__(self, x: int) -> int:
            """Fetch."""
            return x

    functions: list[tuple[Callable[..., Any], bool]] = [
        (fetch, True),
        (functools.partial(fetch, 1), True),
        (Fetcher(), True),
        (Shop(1).plain, False),
    ]
    for function, expected in functions:
        assert tool(function, name="f").is_async == expected


def test_a_tool_is_still_the_function() -> None:
    @tool
    def double(x: int) -> int:
        """Double a number."""
        return x * 2

    assert double(4) == 8
    assert inspect.unwrap(double).__name__ == "double"
    assert double.__doc__ == "Double a number."
    assert str(inspect.signature(double)) == "(x: 'int') -> 'int'"
    assert repr(double) == "<Tool double(x: 'int') -> 'int'>"


def untyped(x) -> None:  # type: ignore[no-untyped-def]
    """Do."""


def many(*x: int) -> None:
    """Do."""


def more(**x: int) -> None:
    """Do."""


def odd(x: complex) -> None:
    """Do."""


def lost(x: Missing) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Do."""


@for_each(
    ("function", "problem"),
    [
        (untyped, "parameter 'x' of 'untyped' has no annotation"),
        (many, "'many' has the parameter .*: a tool needs named"),
        (more, "'more' has the parameter .*: a tool needs named"),
        (odd, "the parameters of 'odd' cannot be described: .*complex"),
        (lost, "an annotation of 'lost' cannot be resolved: name 'Missing' is not defined"),
        (3, "a tool must be a function, not int"),
        (classmethod(untyped), "put @tool below @classmethod"),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_refused(function: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        tool(function)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä"])
def test_a_name_that_no_server_takes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="invalid tool name"):
        tool(lambda: 1, name=name, description="Do.")


def test_nothing_of_tools_is_loaded_before_it_is_used() -> None:
    program = (
        # Where it is installed, httpcore loads it, and it loads much.
        "import sys; sys.modules['trio'] = None\n"
        "from tensormesh import Tensormesh\n"
        "Tensormesh().inference.serverless.chat.completions.run\n"
        "print(*(name for name in sys.modules if name.startswith('tensormesh._tools')))\n"
        "print(*{'docstring_parser', 'pydantic', 'queue'} & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\n\n"


def test_a_positional_parameter_left_out_does_not_move_those_after_it() -> None:
    @tool
    def f(first: int = 1, second: int = 2, /, *, third: int = 3) -> tuple[int, int, int]:
        """Return them."""
        return first, second, third

    assert f.call_validated(f.validate({"second": 5})) == (1, 5, 3)
    assert f.call_validated(f.validate({})) == (1, 2, 3)
