"""Routes, security and headers are read from the definitions, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensormesh_local.specs import SpecError, SpecSet, load_specs

SPEC = """
openapi: 3.1.0
paths:
  /things/{id}:
    parameters: [{$ref: "shared.yaml#/components/parameters/Colour"}]
    get:
      operationId: get_thing
      security: [{Key: []}]
      responses: {"200": {$ref: "shared.yaml#/components/responses/Thing"}}
    post:
      operationId: make_thing
      security: [{}, {Key: []}]
      requestBody: {$ref: "shared.yaml#/components/requestBodies/Thing"}
      responses: {default: {description: any}}
"""
SHARED = """
components:
  parameters:
    Colour: {name: X-Colour, in: header, required: true, schema: {enum: [red]}}
  requestBodies:
    Thing: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
  responses:
    Thing: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
  schemas:
    Thing: {type: object, required: [name]}
"""


@pytest.fixture
def specs(tmp_path: Path) -> SpecSet:
    """Two definitions, one of which refers to the other."""
    (tmp_path / "serverless.yaml").write_text(SPEC)
    (tmp_path / "shared.yaml").write_text(SHARED)
    return SpecSet(tmp_path)


def test_operations_are_those_of_the_definition(specs: SpecSet) -> None:
    get, post = specs.serverless
    assert [(each.method, each.path) for each in (get, post)] == [
        ("GET", "/things/{id}"),
        ("POST", "/things/{id}"),
    ]
    assert (get.needs_key, post.needs_key) == (True, False)
    assert [rule.name for rule in get.headers] == ["X-Colour"]
    assert get.headers[0].required
    assert not get.headers[0].validator.is_valid("blue")


def test_bodies_are_found_through_references(specs: SpecSet) -> None:
    get, post = specs.serverless
    assert get.body_validator is None
    assert post.body_validator is not None
    assert not post.body_validator.is_valid({})
    answer = specs.response_validator(get, 200)
    assert answer is not None
    assert answer.is_valid({"name": 1})
    assert specs.response_validator(post, 418) is None


def test_missing_and_broken_definitions_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"serverless\.yaml"):
        _ = SpecSet(tmp_path).serverless
    (tmp_path / "serverless.yaml").write_text("a: [")
    with pytest.raises(SpecError, match=r"serverless\.yaml"):
        SpecSet(tmp_path)


def test_both_hosts_have_the_same_operations() -> None:
    specs = load_specs()
    serverless, on_demand = (
        [(each.operation_id, each.method, each.path) for each in operations]
        for operations in (specs.serverless, specs.on_demand)
    )
    assert serverless == on_demand
    assert all(each.needs_key and each.headers for each in specs.on_demand)
