"""The generator tells which fields of a request are credentials, wherever they stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tensormesh_codegen.building import Schemas, secret_fields
from tensormesh_codegen.bundling import Bundle

PASSWORD = {"type": "string", "format": "password"}
REF = "#/components/schemas/"


def found(body: Any, **components: Any) -> set[str]:
    data = {"components": {"schemas": components}}
    return secret_fields(Schemas(cast(Bundle, SimpleNamespace(data=data))), body)


def test_a_field_is_found_at_any_depth_and_by_its_name_on_the_wire() -> None:
    inner = {"type": "object", "properties": {"apiKey": PASSWORD, "id": {"type": "string"}}}
    deep = {"properties": {"list": {"type": "array", "items": {"$ref": f"{REF}Inner"}}}}
    assert found({"schema": inner}) == {"apiKey"}
    assert found({"content": {"application/json": {"schema": deep}}}, Inner=inner) == {"apiKey"}
    assert found({"additionalProperties": {"$ref": f"{REF}Inner"}}, Inner=inner) == {"apiKey"}


def test_a_credential_may_be_null_or_have_a_schema_of_its_own() -> None:
    either = {"anyOf": [{"$ref": f"{REF}Token"}, {"type": "null"}]}
    assert found({"properties": {"a": either, "b": {"$ref": f"{REF}Token"}}}, Token=PASSWORD) == {
        "a",
        "b",
    }


def test_schemas_may_hold_themselves_and_fields_any_name() -> None:
    node = {"properties": {"next": {"$ref": f"{REF}Node"}, "properties": PASSWORD, "$ref": {}}}
    assert found({"$ref": f"{REF}Node"}, Node=node) == {"properties"}
    assert found(None) == set()


def test_values_such_as_examples_and_defaults_are_not_read_as_schemas() -> None:
    for key in ("default", "example", "const", "enum", "examples"):
        value = {"$ref": "", "properties": {"x": PASSWORD}}
        assert found({"properties": {"a": {"type": "string", key: [value]}}}) == set()
        assert found({"properties": {"a": PASSWORD}, key: value}) == {"a"}
