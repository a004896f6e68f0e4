"""For random signatures: what the schema allows is what the function gets, and nothing else."""

from __future__ import annotations

import inspect
import json
import keyword
from collections.abc import Mapping
from dataclasses import make_dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensormesh import Tool, ToolCall, tool
from tensormesh._tools.box import Toolbox
from tensormesh._tools.call import wire_text


class Kind(NamedTuple):
    """A type, and a strategy of its values."""

    type: Any
    values: st.SearchStrategy[Any]


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN = st.sampled_from(
    [
        Kind(int, st.integers(-(2**53), 2**53)),
        Kind(float, st.floats(allow_nan=False, allow_infinity=False)),
        Kind(str, TEXTS),
        Kind(bool, st.booleans()),
        Kind(date, st.dates()),
        Kind(datetime, st.datetimes()),
        Kind(UUID, st.uuids()),
        Kind(Literal["a", "b", 3], st.sampled_from(["a", "b", 3])),
    ]
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Kind]) -> Kind:
    """A dataclass with some fields."""
    fields = draw(st.dictionaries(st.sampled_from("xyz"), inner, min_size=1, max_size=3))
    made = make_dataclass(
        f"Made{draw(st.integers(0, 10**9))}", [(name, kind.type) for name, kind in fields.items()]
    )
    return Kind(made, st.builds(made, **{name: kind.values for name, kind in fields.items()}))


KINDS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        inner.map(lambda kind: Kind(list[kind.type], st.lists(kind.values, max_size=3))),  # type: ignore[name-defined]
        inner.map(lambda kind: Kind(kind.type | None, st.none() | kind.values)),
        inner.map(
            lambda kind: Kind(
                dict[str, kind.type],  # type: ignore[name-defined]
                st.dictionaries(TEXTS, kind.values, max_size=3),
            )
        ),
        objects(inner),
    ),
    max_leaves=4,
)


class Case(NamedTuple):
    """A tool, and arguments that fit it."""

    tool: Tool[..., Any]
    values: dict[str, Any]
    required: list[str]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A function of random parameters, made a tool."""
    kinds = draw(st.dictionaries(NAMES, KINDS, min_size=1, max_size=4))
    optional = {name for name in kinds if draw(st.booleans())}
    given = {name for name in kinds if name not in optional or draw(st.booleans())}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=kind.type,
            default=None if name in optional else inspect.Parameter.empty,
        )
        for name, kind in kinds.items()
    ]

    def function(**arguments: Any) -> dict[str, Any]:
        return arguments

    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {name: kind.type for name, kind in kinds.items()}
    values = {name: draw(kinds[name].values) for name in kinds if name in given}
    made = tool(function, description="Do.")
    return Case(made, values, [name for name in kinds if name not in optional])


def wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a model would write them."""
    data: dict[str, Any] = json.loads(msgspec.json.encode(values))
    return data


@pytest.mark.slow
@given(cases())
def test_what_fits_the_types_fits_the_schema_and_reaches_the_function(case: Case) -> None:
    data = wire(case.values)
    schema = case.tool.definition.function.parameters or {}
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    assert case.tool.call_validated(case.tool.validate(data)) == case.values


@pytest.mark.slow
@given(cases(), NAMES)
def test_an_argument_too_many_is_named(case: Case, name: str) -> None:
    if name in (case.tool.definition.function.parameters or {})["properties"]:
        return
    with pytest.raises(ValueError, match=f"unknown field `{name}`"):
        case.tool.validate({**wire(case.values), name: 1})


@pytest.mark.slow
@given(cases(), st.data())
def test_an_argument_too_few_is_named(case: Case, data: st.DataObject) -> None:
    if not case.required:
        return
    name = data.draw(st.sampled_from(case.required))
    left = {key: value for key, value in wire(case.values).items() if key != name}
    with pytest.raises(ValueError, match=f"missing required field `{name}`"):
        case.tool.validate(left)


@given(cases(), st.data())
def test_an_argument_of_another_type_is_named(case: Case, data: st.DataObject) -> None:
    if not case.values:
        return
    name = data.draw(st.sampled_from(sorted(case.values)))
    # No type here takes a list of this.
    with pytest.raises(ValueError, match=rf"\$\.{name}\b"):
        case.tool.validate({**wire(case.values), name: [[[[[[[[{"no": []}]]]]]]]]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc") | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_arguments_or_told_the_model(text: str) -> None:
    @tool
    def f(a: int, b: list[float] | None = None, c: dict[str, str] | None = None) -> None:
        """Do."""

    toolbox = Toolbox([f], None)
    call = ToolCall("id", "f", text, round=1, index=0)
    toolbox.check(call)
    if call.status == "pending":
        assert isinstance(call.arguments["a"], int)
    else:
        assert call.status == "invalid"
        assert (call.content or "").encode().startswith(b"Error: ")
    assert isinstance(json.loads(wire_text(call).encode()), dict)
