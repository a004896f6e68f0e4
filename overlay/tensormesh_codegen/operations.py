"""Operations, hosts and public namespaces: from paths to what templates render."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import docs, naming
from .building import Schemas, build_fields
from .bundling import Bundle
from .errors import SpecError
from .loading import Pointer
from .model import Endpoint, Field, Operation, Resource, Surface
from .rules import METHODS
from .types import Type

# Arguments that every public method has, and so no operation may.
CALL_OPTIONS = ("extra_headers", "extra_query", "extra_body", "timeout_seconds")


def build_surface(schemas: Schemas) -> Surface:
    """One host with its operations."""
    bundle = schemas.bundle
    data = bundle.data
    server = data["servers"][0]
    schemes = data["components"].get("securitySchemes") or {}
    scheme = next(iter(schemes.values()), {})
    if len(schemes) > 1 or (scheme and scheme.get("scheme") != "bearer"):
        schemas.error((), "one host has one security scheme here, of type http bearer")
    return Surface(
        name=data["x-tm-surface"],
        title=str(data["info"]["title"]),
        doc=docs.paragraph(data["info"].get("description")),
        base_url=str(server["url"]),
        base_url_setting=server["x-tm-config"],
        variables=tuple(
            (name, str(item["default"]), tuple(map(str, item.get("enum") or ())))
            for name, item in (server.get("variables") or {}).items()
        ),
        auth_scheme="Bearer" if scheme else "",
        auth_setting=scheme.get("x-tm-config", ""),
        endpoints=tuple(_endpoints(schemas)),
    )


def _endpoints(schemas: Schemas) -> Iterator[Endpoint]:
    data = schemas.bundle.data
    for path, item in (data.get("paths") or {}).items():
        for method, raw in item.items():
            if method in METHODS:
                at = ("paths", path, method)
                parameters = [_resolve(data, p, "parameters") for p in raw.get("parameters") or ()]
                yield Endpoint(
                    operation=_operation(schemas, at, raw, parameters),
                    tag=raw["tags"][0],
                    auth=_auth(raw.get("security", data.get("security"))),
                    headers=tuple(
                        (p["name"], p["x-tm-config"]) for p in parameters if p["in"] == "header"
                    ),
                )


def _resolve(data: dict[str, Any], item: dict[str, Any], section: str) -> dict[str, Any]:
    if "$ref" not in item:
        return item
    found: dict[str, Any] = data["components"][section][item["$ref"].rsplit("/", 1)[-1]]
    return found


def _auth(security: list[dict[str, Any]] | None) -> str:
    if not security or all(not item for item in security):
        return "none"
    return "optional" if {} in security else "required"


def _operation(
    schemas: Schemas, at: Pointer, raw: dict[str, Any], parameters: list[dict[str, Any]]
) -> Operation:
    arguments = [
        *_parameters(schemas, at, parameters),
        *_body_fields(schemas, at, raw),
    ]
    _check_arguments(schemas, at, arguments)
    # Required ones first, then as the spec has them.
    arguments.sort(key=lambda item: not item.required)
    result, empty = _result(schemas, at, raw)
    event = raw.get("x-tm-stream")
    description = docs.paragraph(raw.get("description"))
    return Operation(
        id=raw["operationId"],
        method=str(at[2]).upper(),
        path=str(at[1]),
        resource=raw["x-tm-resource"],
        name=raw["x-tm-method"],
        summary=docs.paragraph(raw["summary"]),
        doc=description,
        provenance=raw["x-tm-provenance"],
        arguments=tuple(arguments),
        result=result,
        event=schemas.named(event, at) if event else None,
        empty=empty,
        pagination=raw.get("x-tm-pagination"),
        cli=raw.get("x-tm-cli"),
        imports=tuple(_argument_imports(arguments)),
    )


def _parameters(schemas: Schemas, at: Pointer, parameters: list[dict[str, Any]]) -> Iterator[Field]:
    for item in parameters:
        if item["in"] in ("path", "query"):
            schema = item.get("schema") or {}
            yield Field(
                wire=item["name"],
                name=naming.attribute(item["name"]),
                type=schemas.of(schema, (*at, "parameters")),
                required=bool(item.get("required")),
                doc=docs.sentences({**schema, **item}, schemas.resolve(schema)),
                location=item["in"],
            )


def _body_fields(schemas: Schemas, at: Pointer, raw: dict[str, Any]) -> Iterator[Field]:
    if "requestBody" not in raw:
        return
    ref = raw["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    name = schemas.target(ref)
    schema = schemas.raw[name]
    if schema.get("type") != "object" or not schema.get("properties"):
        schemas.error((*at, "requestBody"), f"{name} must be an object with properties")
        return
    yield from build_fields(schemas, schema, ("components", "schemas", name))


def _check_arguments(schemas: Schemas, at: Pointer, arguments: list[Field]) -> None:
    seen: dict[str, str] = {}
    for item in arguments:
        if item.name in seen:
            problem = f"{item.location} and {seen[item.name]} both have {item.name!r}: rename one"
            schemas.error(at, problem)
        seen[item.name] = item.location
        if item.name in CALL_OPTIONS:
            schemas.error(at, f"argument {item.name!r} is an option of every call: rename it")


def _argument_imports(arguments: list[Field]) -> list[Type]:
    found = {
        named.name: Type(named.kind, named.name, named.module)
        for item in arguments
        for named in item.type.named()
        if named.kind in ("model", "union")
    }
    return [found[name] for name in sorted(found)]


def _result(
    schemas: Schemas, at: Pointer, raw: dict[str, Any]
) -> tuple[Type | None, dict[str, Any] | None]:
    code = next(code for code in raw["responses"] if code.startswith("2"))
    where = (*at, "responses", code)
    response = _resolve(schemas.bundle.data, raw["responses"][code], "responses")
    content = response.get("content") or {}
    media = content.get("application/json")
    if media is None:
        if content:
            schemas.error(where, "a good answer must have application/json, or no content at all")
        return None, None
    result = schemas.of(media.get("schema") or {}, where)
    if result.kind != "model":
        schemas.error(where, "a good answer must be a named object schema")
        return None, None
    return result, response.get("x-tm-empty")


def merge(
    bundles: list[Bundle], surfaces: list[Surface]
) -> tuple[list[Operation], list[SpecError]]:
    """The operations of a package; its hosts must agree on each."""
    merged: dict[str, Operation] = {}
    errors = []
    for bundle, surface in zip(bundles, surfaces, strict=True):
        offered = {endpoint.operation.id: endpoint.operation for endpoint in surface.endpoints}
        for operation_id, operation in offered.items():
            known = merged.setdefault(operation_id, operation)
            if known != operation:
                where = ("paths", operation.path, operation.method.lower())
                parts = ", ".join(
                    k for k, v in vars(known).items() if v != vars(operation)[k] and k != "doc"
                )
                problem = f"{operation_id} differs from the other host's in {parts}"
                errors.append(bundle.error(where, f"{problem}: let them agree"))
        for missing in merged.keys() - offered.keys():
            problem = f"{missing} is missing here, but the package's other host has it: add it"
            errors.append(bundle.error(("paths",), problem))
    return list(merged.values()), errors


def build_resources(operations: list[Operation]) -> list[Resource]:
    """The tree of public namespaces."""
    nodes: dict[tuple[str, ...], Resource] = {}
    tops: list[Resource] = []
    for operation in operations:
        path = tuple(operation.resource.split("."))
        for depth in range(1, len(path) + 1):
            part = path[:depth]
            if part not in nodes:
                nodes[part] = Resource(part)
                siblings = nodes[part[:-1]].children if depth > 1 else tops
                siblings.append(nodes[part])
        nodes[path].methods.append(operation)
    return tops
