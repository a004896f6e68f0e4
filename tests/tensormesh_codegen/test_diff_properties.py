"""What must hold for any two specs: sameness is no change, and what is added can be missed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.spec_diff import compare

from tensormesh_codegen.diff.rules import Severity

# How long a spec takes to make up says nothing about the comparison.
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = ("Ant", "Bee", "Cat")
FIELDS = st.sampled_from(["a", "b", "c-d", "e.f", "$ref"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def refs() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(NAMES).map(lambda name: {"$ref": f"#/components/schemas/{name}"})


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    words = {"description": st.text(max_size=9), "default": JSON, "x-any": JSON}
    strings = st.fixed_dictionaries(
        {"type": st.sampled_from(["string", ["string", "null"]])},
        optional={**words, "enum": st.lists(st.text(max_size=2), min_size=1, unique=True),
                  "minLength": st.integers(0, 5), "format": st.sampled_from(["uuid", "date-time"])},
    )  # fmt: skip
    numbers = st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={**words, "minimum": st.integers(), "exclusiveMaximum": st.floats(0, 9)},
    )
    return strings | numbers | refs() | st.just({}) | st.fixed_dictionaries({"const": JSON})


def compounds(inner: st.SearchStrategy[Any], fewest: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    members = st.lists(inner, min_size=fewest, max_size=3)
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(FIELDS, inner, max_size=3)},
        optional={"required": st.lists(FIELDS, unique=True, max_size=2),
                  "additionalProperties": st.booleans() | inner},
    )  # fmt: skip
    unions = st.tuples(st.sampled_from(["anyOf", "oneOf", "allOf"]), members)
    arrays = inner.map(lambda schema: {"type": "array", "items": schema})
    return objects | arrays | unions.map(lambda pair: {pair[0]: pair[1]})


SCHEMAS = st.recursive(leaves(), compounds, max_leaves=6)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    return SCHEMAS.map(lambda schema: {"content": {"application/json": {"schema": schema}}})


OPERATIONS = st.fixed_dictionaries(
    {"responses": st.dictionaries(st.sampled_from(["200", "404"]), bodies(), min_size=1)},
    optional={
        "requestBody": bodies(),
        "parameters": SCHEMAS.map(lambda schema: [{"in": "query", "name": "q", "schema": schema}]),
        "x-tm-stream": st.sampled_from(NAMES),
    },
)
PATHS = st.dictionaries(
    st.sampled_from(["/a", "/b/{id}"]),
    st.dictionaries(st.sampled_from(["get", "post"]), OPERATIONS, min_size=1),
    min_size=1,
)
SPECS = st.fixed_dictionaries(
    {
        "openapi": st.just("3.1.0"),
        "paths": PATHS,
        "components": st.fixed_dictionaries(
            # A component is no bare alias, which could lead to itself and mean nothing.
            {"schemas": st.fixed_dictionaries(dict.fromkeys(NAMES, compounds(SCHEMAS, fewest=2)))}
        ),
    }
)


def reordered(value: Any) -> Any:
    """The same JSON value with every mapping's keys in the reverse order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(list(value))}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
@unhurried
@given(SPECS)
def test_a_spec_compared_with_itself_gives_nothing(spec: dict[str, Any]) -> None:
    assert compare({"a.yaml": spec}, {"a.yaml": reordered(spec)}).changes == ()


@pytest.mark.slow
@unhurried
@given(SPECS, SPECS)
def test_any_two_specs_can_be_compared_and_always_alike(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    report = compare({"a.yaml": old}, {"a.yaml": new})

    assert report.to_json() == compare({"a.yaml": old}, {"a.yaml": reordered(new)}).to_json()
    assert report.to_text().endswith("\n")


def plain_spec() -> dict[str, Any]:
    """A spec whose every part the additions below can find."""
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    kinds = [
        {"type": "object", "properties": {"type": {"const": tag}, "n": {"type": "integer"}}}
        for tag in ("x", "y")
    ]
    return {
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "paths": {
            "/a": {
                "post": {
                    "requestBody": body,
                    "responses": {"200": {**body, "headers": {}}},
                    "parameters": [],
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {
                    "type": "object",
                    "properties": {
                        "state": {"type": "string", "enum": ["on", "off"]},
                        "kind": {"oneOf": kinds, "discriminator": {"propertyName": "type"}},
                        "next": {"$ref": "#/components/schemas/Thing"},
                    },
                }
            }
        },
    }


def operation(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["paths"]["/a"]["post"]
    return found


def properties(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["components"]["schemas"]["Thing"]["properties"]
    return found


def add_operation(spec: dict[str, Any], name: str) -> None:
    spec["paths"][f"/{name}"] = {"get": {"responses": {"200": {}}}}


def add_parameter(spec: dict[str, Any], name: str) -> None:
    operation(spec)["parameters"].append({"in": "query", "name": name, "schema": {}})


def add_error(spec: dict[str, Any], name: str) -> None:
    operation(spec)["responses"][str(400 + len(name))] = {"description": name}


def add_media_type(spec: dict[str, Any], name: str) -> None:
    operation(spec)["responses"]["200"]["content"][f"text/{name}"] = {}


def add_header(spec: dict[str, Any], name: str) -> None:
    operation(spec)["responses"]["200"]["headers"][f"X-{name}"] = {"schema": {}}


def add_property(spec: dict[str, Any], name: str) -> None:
    properties(spec)[f"more_{name}"] = {"type": "string"}


def add_member(spec: dict[str, Any], name: str) -> None:
    properties(spec)["state"]["enum"].insert(0, f"more {name}")


def add_variant(spec: dict[str, Any], name: str) -> None:
    variant = {"type": "object", "properties": {"type": {"const": f"{name}!"}}}
    properties(spec)["kind"]["oneOf"].insert(0, variant)


def add_server(spec: dict[str, Any], name: str) -> None:
    spec["servers"].append({"url": f"https://{name}.example"})


def add_method(spec: dict[str, Any], name: str) -> None:
    operation(spec).update({"x-tm-resource": name, "x-tm-method": "create"})


ADDITIONS: list[Callable[[dict[str, Any], str], None]] = [
    add_operation,
    add_parameter,
    add_error,
    add_media_type,
    add_header,
    add_property,
    add_member,
    add_variant,
    add_server,
    add_method,
]
EDITS = st.lists(
    st.tuples(st.sampled_from(ADDITIONS), st.text("nop", min_size=1, max_size=3)),
    min_size=1,
    max_size=6,
    unique_by=(lambda edit: edit[0], lambda edit: edit[1]),
)


@unhurried
@given(EDITS)
def test_additions_are_compatible_and_taking_them_back_breaks(
    edits: list[tuple[Callable[[dict[str, Any], str], None], str]],
) -> None:
    old = plain_spec()
    new = copy.deepcopy(old)
    for add, name in edits:
        add(new, name)

    forth = compare({"a.yaml": old}, {"a.yaml": new})
    back = compare({"a.yaml": new}, {"a.yaml": old})

    assert {change.severity for change in forth.changes} == {Severity.COMPATIBLE}
    assert Severity.BREAKING in {change.severity for change in back.changes}
    assert (forth.bump, back.bump) == ("minor", "major")


@pytest.mark.slow
@unhurried
@given(SPECS, st.data())
def test_another_type_anywhere_in_use_is_noticed(spec: dict[str, Any], data: st.DataObject) -> None:
    typed = list(typed_schemas(spec["paths"]))
    if not typed:
        return
    index = data.draw(st.integers(0, len(typed) - 1))
    edited = copy.deepcopy(spec)
    schema = list(typed_schemas(edited["paths"]))[index]
    schema.clear()
    schema["type"] = "boolean"

    report = compare({"a.yaml": spec}, {"a.yaml": edited})

    assert report.changes


def typed_schemas(value: Any) -> list[dict[str, Any]]:
    """Every schema below ``value`` that has a type and stands alone, not in a composition."""
    if not isinstance(value, dict):
        return []
    below = [
        found
        for key, item in value.items()
        if key in ("schema", "items", "requestBody", "responses", "content", "application/json")
        or key in ("200", "404", "get", "post", "/a", "/b/{id}")
        for found in typed_schemas(item)
    ]
    return [value, *below] if "type" in value else below
