"""The walk through components: each change told once, with all that it touches, and an end."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each
from support.spec_diff import compare

from tensormesh_codegen.diff.report import Change
from tensormesh_codegen.errors import CodegenError

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def ref(name: str, file: str = "") -> dict[str, str]:
    return {"$ref": f"{file}#/components/schemas/{name}"}


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def api(paths: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    """A document whose paths give, for each, the POST operation."""
    return {
        "openapi": "3.1.0",
        "paths": {path: {"post": operation} for path, operation in paths.items()},
        "components": {"schemas": schemas},
    }


def reading(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": content(schema)}}


def writing(schema: Any) -> dict[str, Any]:
    return {"requestBody": content(schema)}


def diff(old: Any, new: Any) -> list[tuple[str, str, str]]:
    return [_brief(change) for change in compare({"a.yaml": old}, {"a.yaml": new}).changes]


def _brief(change: Change) -> tuple[str, str, str]:
    return change.rule, change.severity.value, change.location


def test_a_component_is_told_once_with_every_operation_that_uses_it() -> None:
    paths = {
        "/direct": reading(ref("A")),
        "/nested": reading(thing(list={"type": "array", "items": ref("B")})),
        "/other": reading(STRING),
    }
    old, new = (api(paths, A=thing(x=kind), B=thing(a=ref("A"))) for kind in (STRING, INTEGER))

    (change,) = compare({"a.yaml": old}, {"a.yaml": new}).changes

    assert change.location == "schema A.x"
    assert change.operations == ("POST /direct", "POST /nested")


def test_the_graver_direction_decides_for_a_component_of_both() -> None:
    old, new = (
        api({"/a": writing(ref("A")), "/b": reading(ref("A"))}, A=thing(x=kind))
        for kind in (INTEGER, {"type": "number"})
    )

    (change,) = compare({"a.yaml": old}, {"a.yaml": new}).changes

    assert (change.rule, change.severity) == ("type-widened", "breaking")
    assert change.operations == ("POST /a", "POST /b")
    assert "do not expect" in change.reason


def test_the_same_inline_edit_of_many_operations_is_one_change() -> None:
    header = {"parameters": [{"in": "header", "name": "X-User-Id", "required": True}]}
    paths = ["/a", "/b", "/c"]
    old, new = (api(dict.fromkeys(paths, extra)) for extra in ({}, header))

    (change,) = compare({"a.yaml": old}, {"a.yaml": new}).changes

    assert change.location == "3 operations: header X-User-Id"
    assert change.operations == ("POST /a", "POST /b", "POST /c")


def test_one_operation_on_two_hosts_is_told_without_the_hosts() -> None:
    old, new = (
        {"one.yaml": spec, "two.yaml": spec}
        for spec in (api({"/a": reading(STRING)}), api({"/a": reading(INTEGER)}))
    )

    (change,) = compare(old, new).changes

    assert change.location == "POST /a response 200"
    assert change.operations == ("one POST /a", "two POST /a")


def test_operations_are_told_with_their_host_where_there_are_several() -> None:
    same = api({"/a": {}})
    old = {"one.yaml": api({"/a": reading(STRING)}), "two.yaml": same}
    new = {"one.yaml": api({"/a": reading(INTEGER)}), "two.yaml": same}

    (change,) = compare(old, new).changes

    assert change.location == "one POST /a response 200"


def test_removed_operations_are_told_one_by_one() -> None:
    old, new = api({"/a": {}, "/b": {}, "/c": {}}), api({"/c": {}})

    assert diff(old, new) == [
        ("operation-removed", "breaking", "POST /a"),
        ("operation-removed", "breaking", "POST /b"),
    ]


def test_schemas_that_lead_to_themselves_are_compared_to_their_end() -> None:
    def tree(leaf: Any) -> dict[str, Any]:
        node = thing(children={"type": "array", "items": ref("Node")}, twin=ref("Twin"), leaf=leaf)
        return api({"/a": reading(ref("Node")), "/b": writing(ref("Twin"))},
                   Node=node, Twin=thing(back=ref("Node")))  # fmt: skip

    assert diff(tree(STRING), tree(STRING)) == []
    assert diff(tree(STRING), tree(INTEGER)) == [("type-changed", "breaking", "schema Node.leaf")]


def test_a_recursive_schema_may_be_written_out_at_its_use() -> None:
    node = thing(next=ref("Node"), x=STRING)
    old = api({"/a": reading(ref("Node"))}, Node=node)
    new = api({"/a": reading(thing(next=ref("Node"), x=INTEGER))}, Node=node)

    assert diff(old, new) == [
        ("reference-changed", "breaking", "POST /a response 200"),
        ("type-changed", "breaking", "POST /a response 200.x"),
    ]


def test_schemas_that_lead_to_each_other_in_every_way_come_to_an_end() -> None:
    names = "ABCDEFGH"

    def spec(field: str, *more: Any) -> dict[str, Any]:
        members = [{"allOf": [ref(name), thing(**{field: STRING}), *more]} for name in names]
        schemas = {name: {"oneOf": members} for name in names}
        return api({"/a": reading(ref("A"))}, Z=thing(z=STRING), **schemas)

    # Without a bound on the walk this takes longer than anyone waits.
    assert diff(spec("x"), spec("y", ref("Z")))


def test_references_between_files_are_followed_and_may_move() -> None:
    operation = {"/a": reading(ref("A", "shared.yaml"))}
    shared = {"components": {"schemas": {"A": thing(x=ref("B")), "B": STRING}}}
    moved = api({"/a": reading(ref("A"))}, A=thing(x=ref("B")), B=STRING)

    apart = {"a.yaml": api(operation), "shared.yaml": shared}

    assert compare(apart, {"a.yaml": moved}).changes == ()
    changed = {"components": {"schemas": {"A": thing(x=ref("B")), "B": INTEGER}}}
    (change,) = compare(apart, {**apart, "shared.yaml": changed}).changes
    assert change.location == "schema B"
    assert change.operations == ("POST /a",)


def test_one_api_on_either_side_is_compared_whatever_its_file_is_called() -> None:
    old, new = api({"/a": reading(STRING)}), api({"/a": reading(INTEGER)})

    (change,) = compare({"v1.yaml": old}, {"v2.yaml": new}).changes

    assert change.location == "POST /a response 200"


def test_the_schema_of_a_streams_events_is_compared_as_a_response() -> None:
    old, new = (
        api({"/a": {"x-tm-stream": "Chunk"}}, Chunk=thing(x=kind))
        for kind in (INTEGER, {"type": "number"})
    )

    assert diff(old, new) == [("type-widened", "breaking", "schema Chunk.x")]


def test_components_without_operations_are_compared_in_both_directions() -> None:
    old, new = (
        {"components": {"schemas": {"A": thing(x=kind)}}} for kind in (INTEGER, {"type": "number"})
    )

    (change,) = compare({"a.yaml": old}, {"a.yaml": new}).changes

    assert _brief(change) == ("type-widened", "breaking", "schema A.x")
    assert change.operations == ()


def test_shared_parameters_and_responses_are_told_at_the_component() -> None:
    operation = {
        "parameters": [{"$ref": "#/components/parameters/Page"}],
        "responses": {"400": {"$ref": "#/components/responses/Bad"}},
    }

    def spec(kind: Any) -> dict[str, Any]:
        document = api({"/a": operation, "/b": operation})
        document["components"] = {
            "parameters": {"Page": {"in": "query", "name": "page", "schema": kind}},
            "responses": {"Bad": content(thing(error=kind))},
        }
        return document

    assert diff(spec(INTEGER), spec(STRING)) == [
        ("type-changed", "breaking", "parameter Page"),
        ("type-changed", "breaking", "response Bad.error"),
    ]


def test_what_a_path_says_for_all_its_operations_is_told_once() -> None:
    old, new = api({"/a": {}}), api({"/a": {}})
    for item in (old["paths"]["/a"], new["paths"]["/a"]):
        item["get"] = {}
    new["paths"]["/a"]["description"] = "Things."

    (change,) = compare({"a.yaml": old}, {"a.yaml": new}).changes

    assert change.location == "/a"
    assert change.operations == ("GET /a", "POST /a")


def test_parameters_of_a_path_count_as_those_of_its_operations() -> None:
    page = {"parameters": [{"in": "query", "name": "page"}]}
    old, new = api({"/a": page}), api({"/a": {}})
    new["paths"]["/a"].update(page)

    assert diff(old, new) == []


def test_examples_in_components_are_documentation() -> None:
    old, new = api({}), api({})
    old["components"]["examples"] = {"Hello": {"value": 1}}
    new["components"]["examples"] = {"Hello": {"value": 2}}

    assert diff(old, new) == [("example-changed", "documentation", "a examples")]


def tagged(tag: str, **properties: Any) -> dict[str, Any]:
    return thing(type={"const": tag}, **properties)


def test_variants_are_matched_by_name_and_not_by_position() -> None:
    old, new = (
        api({"/a": reading({"oneOf": [ref(name) for name in order]})},
            A=tagged("a", x=kind), B=tagged("b"), C=tagged("c"))
        for order, kind in (("ABC", STRING), ("CAB", INTEGER))
    )  # fmt: skip

    assert diff(old, new) == [("type-changed", "breaking", "schema A.x")]


def test_a_variant_replaced_by_another_is_one_gone_and_one_come() -> None:
    schemas = {"A": tagged("a", x=STRING), "B": tagged("b", y=STRING), "C": tagged("c", z=STRING)}
    old, new = (api({"/a": writing({"oneOf": [ref("A"), ref(name)]})}, **schemas) for name in "BC")

    assert diff(old, new) == [
        ("variant-removed", "breaking", "POST /a request body"),
        ("variant-added", "compatible", "POST /a request body"),
    ]


def test_inline_variants_are_matched_by_their_tag_then_by_their_type() -> None:
    numbers = {"type": "array", "items": INTEGER}
    lists = {"type": "array", "items": numbers}
    old = {"anyOf": [STRING, numbers, lists, tagged("a", x=STRING), tagged("b")]}
    new = {"anyOf": [lists, tagged("b"), tagged("a", x=INTEGER), STRING, numbers]}

    assert diff(api({"/a": writing(old)}), api({"/a": writing(new)})) == [
        ("type-changed", "breaking", "POST /a request body (object).x")
    ]


def test_a_named_variant_may_take_another_name() -> None:
    old = api({"/a": reading({"oneOf": [ref("A"), ref("Old")]})}, A=tagged("a"), Old=tagged("b"))
    new = api({"/a": reading({"oneOf": [ref("New"), ref("A")]})}, A=tagged("a"), New=tagged("b"))

    assert diff(old, new) == [("schema-renamed", "breaking", "schema Old -> New")]


def test_a_mapping_entry_that_comes_with_its_variant_is_told_by_the_variant() -> None:
    def union(*names: str) -> dict[str, Any]:
        mapping = {name.lower(): f"#/components/schemas/{name}" for name in names}
        discriminator = {"propertyName": "type", "mapping": mapping}
        return {"oneOf": [ref(name) for name in names], "discriminator": discriminator}

    schemas = {name: tagged(name.lower()) for name in "ABC"}
    old, new = (api({"/a": reading(union(*names))}, **schemas) for names in ("AB", "ABC"))

    assert diff(old, new) == [("tagged-variant-added", "compatible", "POST /a response 200")]


def test_a_union_may_name_another_union_or_write_its_variants_out() -> None:
    schemas = {"A": tagged("a"), "B": tagged("b"), "U": {"anyOf": [ref("A"), ref("B")]}}
    old = api({"/a": reading({"anyOf": [ref("U"), STRING]})}, **schemas)
    new = api({"/a": reading({"anyOf": [ref("A"), ref("B"), STRING]})}, **schemas)

    assert diff(old, new) == []


def test_what_stands_beside_a_union_belongs_to_each_variant() -> None:
    old = thing(x=STRING)
    new = {**old, "anyOf": [{"required": ["x"]}]}

    assert diff(api({"/a": writing(old)}), api({"/a": writing(new)})) == [
        ("property-became-required", "breaking", "POST /a request body (object).x")
    ]


def test_a_base_schema_is_told_at_the_base() -> None:
    def spec(kind: Any) -> dict[str, Any]:
        composed = {"allOf": [ref("Base"), thing(y=STRING)]}
        return api({"/a": reading(composed), "/b": reading(ref("Base"))}, Base=thing(x=kind))

    assert diff(spec(STRING), spec(INTEGER)) == [("type-changed", "breaking", "schema Base.x")]


def test_a_property_may_move_into_a_base_schema() -> None:
    def spec(base: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
        return api({"/a": reading({"allOf": [ref("Base"), beside]})}, Base=base)

    old = spec(thing(x=STRING), thing(y=STRING, z=STRING))
    new = spec(thing(x=STRING, y=STRING), thing(z=STRING))

    assert diff(old, new) == []


def test_words_beside_a_reference_are_compared_where_they_stand() -> None:
    old, new = (
        api({"/a": reading(thing(x={**ref("A"), "description": words}))}, A=thing(y=STRING))
        for words in ("one", "two")
    )

    assert diff(old, new) == [
        ("description-changed", "documentation", "POST /a response 200.x")
    ]  # fmt: skip


def test_null_beside_a_reference_does_not_hide_the_component() -> None:
    def spec(schema: Any, kind: Any) -> dict[str, Any]:
        return api({"/a": reading({**thing(x=schema), "required": ["x"]})}, A=thing(y=kind))

    nullable = {"anyOf": [ref("A"), {"type": "null"}]}

    assert diff(spec(ref("A"), STRING), spec(nullable, INTEGER)) == [
        ("nullable-added", "breaking", "POST /a response 200.x"),
        ("type-changed", "breaking", "schema A.y"),
    ]


@for_each(
    ("spec", "problem"),
    [
        (api({"/a": reading(ref("Gone"))}), "a dangling $ref '#/components/schemas/Gone'"),
        (
            api({"/a": reading(ref("A", "gone.yaml"))}),
            "a dangling $ref 'gone.yaml#/components/schemas/A'",
        ),
        (
            api({"/a": {"parameters": [{"$ref": "#/x"}]}}) | {"x": {"$ref": "#/x"}},
            "a circular $ref '#/x'",
        ),
        (api({"/a": reading(STRING)}, A=[]), "/components/schemas/A must be a mapping, got []"),
        ({"paths": []}, "/paths must be a mapping"),
        (api({"/a": {"parameters": {}}}), "/a/post/parameters must be a list"),
        (api({"/a": {"parameters": [{"name": "x"}]}}), "parameters/0 is a parameter without"),
        (api({"/a": reading({"type": 3})}), "has the type 3: write a name"),
        (api({"/a": reading({"minimum": "1"})}), "minimum must be a number"),
        (api({"/a": reading("string")}), "must be a mapping"),
    ],
)
def test_what_cannot_be_compared_is_named(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(CodegenError) as caught:
        compare({"a.yaml": spec}, {"a.yaml": spec})

    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
