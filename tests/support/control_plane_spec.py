"""Reads the Control Plane's spec, and validates bodies by the schemas in it."""

from __future__ import annotations

from collections.abc import Iterator

from jsonschema import Draft202012Validator

from .inference_specs import Json, problems, spec

__all__ = ["COMPONENTS", "OPERATIONS", "SCHEMAS", "SPEC", "Json", "problems"]

SPEC: Json = spec("control_plane")
COMPONENTS: dict[str, dict[str, Json]] = SPEC["components"]
SCHEMAS = COMPONENTS["schemas"]
# operationId -> HTTP method, path, operation
OPERATIONS: dict[str, tuple[str, str, Json]] = {
    operation["operationId"]: (method, path, operation)
    for path, item in SPEC["paths"].items()
    for method, operation in item.items()
}


def walk(node: Json, *trail: str) -> Iterator[tuple[tuple[str, ...], dict[str, Json]]]:
    """Every mapping of a document with the keys that lead to it, examples left out."""
    if isinstance(node, dict):
        yield trail, node
        for key, value in node.items():
            if key not in ("examples", "example"):
                yield from walk(value, *trail, str(key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, *trail, str(index))


def resolve(node: Json) -> Json:
    """The node itself, or what its ``$ref`` points at."""
    while isinstance(node, dict) and "$ref" in node:
        _, _, section, name = node["$ref"].split("/")
        node = COMPONENTS[section][name]
    return node


def validator(schema: Json) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": COMPONENTS})


def parameters(operation: Json) -> list[Json]:
    return [resolve(each) for each in operation.get("parameters", [])]


def request_schema(operation: Json) -> Json:
    return resolve(operation["requestBody"]["content"]["application/json"]["schema"])


def good_answer(operation: Json) -> Json:
    return resolve(operation["responses"]["200"]["content"]["application/json"]["schema"])


def media(operation: Json) -> Iterator[tuple[str, Json]]:
    """Every JSON body of an operation, by the place where it stands."""
    if "requestBody" in operation:
        yield "request", operation["requestBody"]["content"]["application/json"]
    for status, answer in operation["responses"].items():
        yield status, resolve(answer)["content"]["application/json"]


def examples(body: Json) -> dict[str, Json]:
    return {name: resolve(each)["value"] for name, each in body["examples"].items()}
