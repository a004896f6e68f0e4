"""`@tool`: what the model is told of a function, and how its arguments are read."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import attrs
import msgspec
import pydantic
import pytest
from support.cases import for_each

from tensormesh import Tool, tool
from tensormesh.types import ChatCompletionTool


class Unit(Enum):
    """Units."""

    CELSIUS = "c"
    KELVIN = "k"


@dataclass
class Place:
    """Where."""

    name: str
    near: list[Place] = field(default_factory=list)


class Model(pydantic.BaseModel):
    """A pydantic model."""

    size: int = pydantic.Field(ge=1)
    inner: Inner | None = None


class Inner(pydantic.BaseModel):
    """Another, in the first."""

    text: str


def parameters(made: Tool[..., Any]) -> dict[str, Any]:
    schema = made.definition.function.parameters
    assert schema is not None
    return schema


def test_a_tool_has_what_a_request_says_of_it() -> None:
    @tool
    def forecast(city: str, days: int = 3, unit: Literal["c", "f"] = "c") -> str:
        """Look up the forecast."""
        return f"{city} {days} {unit}"

    assert isinstance(forecast.definition, ChatCompletionTool)
    assert forecast.definition.to_dict() == {
        "type": "function",
        "function": {
            "name": "forecast",
            "description": "Look up the forecast.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "integer", "default": 3},
                    "unit": {"enum": ["c", "f"], "default": "c"},
                },
                "required": ["city"],
            },
        },
    }


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    @tool
    def now() -> str:
        """Tell the time."""
        return "noon"

    assert parameters(now) == {"type": "object", "properties": {}, "required": []}
    assert now.validate({}) == {}


def test_name_and_description_can_be_given() -> None:
    @tool(name="other-name", description="Told.")
    def one(x: int) -> int:
        """Written."""
        return x

    two = tool(lambda: 1, name="two", description="Two.")
    assert (one.name, one.description) == ("other-name", "Told.")
    assert two.definition.function.description == "Two."


GOOGLE = """Look up the forecast.

    Not for the past.

    Args:
        city (str): The city,
            in English.
        days: How many.

    Returns:
        A text.
    """
NUMPY = """Look up the forecast.

    Not for the past.

    Parameters
    ----------
    city : str
        The city,
        in English.
    days : int, optional
        How many.

    Returns
    -------
    str
        A text.
    """
REST = """Look up the forecast.

    Not for the past.

    :param city: The city,
        in English.
    :type city: str
    :param int days: How many.
    :returns: A text.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, REST], ids=["google", "numpy", "rest"])
def test_docstrings_of_the_three_styles_are_read(text: str) -> None:
    def forecast(city: str, days: int = 3) -> str:
        return city * days

    forecast.__doc__ = text
    made = tool(forecast)
    assert made.description == "Look up the forecast.\n\nNot for the past."
    assert parameters(made)["properties"] == {
        "city": {"type": "string", "description": "The city, in English."},
        "days": {"type": "integer", "description": "How many.", "default": 3},
    }


def test_numpy_style_may_describe_several_parameters_at_once() -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add.

        Parameters
        ----------
        a, b : int
            A number.
        """
        return a + b

    properties = parameters(add)["properties"]
    assert [properties[key]["description"] for key in "ab"] == ["A number."] * 2


def test_annotations_may_describe_parameters_and_win() -> None:
    @tool
    def f(
        a: Annotated[int, "From the annotation."],
        b: Annotated[int, msgspec.Meta(description="From Meta.", ge=1)],
        c: Annotated[int, msgspec.Meta(ge=1)] = 1,
    ) -> None:
        """Do.

        Args:
            a: From the docstring.
            b: From the docstring.
            c: From the docstring.
        """

    properties = parameters(f)["properties"]
    assert properties["a"]["description"] == "From the annotation."
    assert properties["b"] == {"type": "integer", "minimum": 1, "description": "From Meta."}
    assert properties["c"]["description"] == "From the docstring."
    with pytest.raises(ValueError, match=r">= 1.*\$\.b"):
        f.validate({"a": 1, "b": 0})


def test_a_longer_docstring_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docstring_parser", None)

    def short(x: int) -> None:
        """One line."""

    def long(x: int) -> None:
        """One line.

        Args:
            x: A number.
        """

    assert tool(short).description == "One line."
    with pytest.raises(ImportError, match=r"'long'.*pip install '\.\[tools\]'"):
        tool(long)


def test_a_tool_without_a_description_is_refused() -> None:
    def silent(x: int) -> int:
        return x

    with pytest.raises(ValueError, match="tool 'silent' has no description"):
        tool(silent)


def test_all_kinds_of_types_are_read() -> None:
    class Pair(NamedTuple):
        left: int
        right: str

    class Struct(msgspec.Struct):
        x: int

    class Dict(TypedDict):
        y: int

    @attrs.define
    class Attrs:
        z: Decimal

    @tool
    def take(
        unit: Unit,
        place: Place,
        day: date,
        pair: Pair,
        struct: Struct,
        plain: Dict,
        made: Attrs,
        table: dict[int, float],
        maybe: int | None = None,
        anything: Any = None,
    ) -> None:
        """Take."""

    values = take.validate(
        {
            "unit": "k",
            "place": {"name": "a", "near": [{"name": "b"}]},
            "day": "2026-01-02",
            "pair": [1, "x"],
            "struct": {"x": 1},
            "plain": {"y": 2},
            "made": {"z": "1.50"},
            "table": {"1": 2},
            "anything": [None],
        }
    )
    assert values == {
        "unit": Unit.KELVIN,
        "place": Place("a", [Place("b")]),
        "day": date(2026, 1, 2),
        "pair": Pair(1, "x"),
        "struct": Struct(1),
        "plain": {"y": 2},
        "made": Attrs(Decimal("1.50")),
        "table": {1: 2.0},
        "anything": [None],
    }
    assert {"Place", "Unit"} <= parameters(take)["$defs"].keys()


def test_pydantic_models_bring_their_own_ways() -> None:
    @tool
    def take(one: Model, several: list[Model], maybe: Model | None = None) -> None:
        """Take."""

    schema = parameters(take)
    assert schema["properties"]["one"]["properties"]["size"]["minimum"] == 1
    reference = schema["properties"]["one"]["properties"]["inner"]["anyOf"][0]["$ref"]
    assert schema["$defs"][reference.removeprefix("#/$defs/")]["required"] == ["text"]
    values = take.validate({"one": {"size": 2, "inner": {"text": "x"}}, "several": [{"size": 3}]})
    assert values == {
        "one": Model(size=2, inner=Inner(text="x")),
        "several": [Model(size=3)],
    }
    with pytest.raises(ValueError, match=r"several\[0\]\.inner\.text: .*string"):
        take.validate({"one": {"size": 1}, "several": [{"size": 1, "inner": {"text": 3}}]})


def test_types_of_an_enclosing_function_are_found() -> None:
    @dataclass
    class Local:
        x: int

    @tool
    def take(value: Local) -> int:
        """Take."""
        return value.x

    assert take.validate({"value": {"x": 1}}) == {"value": Local(1)}


@for_each(
    ("arguments", "problem"),
    [
        ({}, "missing required field `city`"),
        ({"city": 3}, r"Expected `str`, got `int` - at `\$\.city`"),
        ({"city": "x", "town": "y"}, "unknown field `town`"),
        ({"city": "x", "days": "many"}, r"at `\$\.days`"),
        ({"city": "x", "places": [{"name": 1}]}, r"at `\$\.places\[0\]\.name`"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments: dict[str, Any], problem: str) -> None:
    @tool
    def f(city: str, days: int = 1, places: tuple[Place, ...] = ()) -> None:
        """Do."""

    with pytest.raises(ValueError, match=problem):
        f.validate(arguments)


def test_defaults_are_those_of_the_function() -> None:
    marker = object()

    @tool
    def f(a: int, b: list[int] = [1], c: Any = marker, d: int | None = None) -> Any:  # noqa: B006
        """Do."""
        return a, b, c, d

    assert parameters(f)["required"] == ["a"]
    assert parameters(f)["properties"]["b"]["default"] == [1]
    assert "default" not in parameters(f)["properties"]["c"]
    assert f.call_validated(f.validate({"a": 1, "d": 2})) == (1, [1], marker, 2)


def test_positional_only_parameters_and_awkward_names() -> None:
    @tool
    def f(self_: int, a: int = 2, /, *, title: str, __struct_fields__: int = 3) -> Any:
        """Do."""
        return self_, a, title, __struct_fields__

    assert list(parameters(f)["properties"]) == ["self_", "a", "title", "__struct_fields__"]
    assert f.call_validated(f.validate({"self_": 1, "title": "t"})) == (1, 2, "t", 3)
