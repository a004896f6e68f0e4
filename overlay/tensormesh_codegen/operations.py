"""Operations, hosts and public namespaces: from paths to data that templates render."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import docs, naming
from .building import Schemas, build_field, build_fields, imports_of, secret_fields
from .bundling import Bundle, component, resolve
from .errors import SpecError
from .loading import Pointer
from .model import Endpoint, Field, Host, Operation, Resource
from .paging import build_pagination
from .types import SCALARS, Type

# Objects of a bundled document, with their pointers.
Found = list[tuple[Pointer, dict[str, Any]]]

# Arguments of every public method.
CALL_OPTIONS = (
    "extra_headers",
    "extra_query",
    "extra_body",
    "timeout_seconds",
    "total_timeout_seconds",
)


def build_host(schemas: Schemas) -> Host:
    """Return a host with its operations."""
    bundle = schemas.bundle
    data = bundle.data
    server = data["servers"][0]
    schemes = data["components"].get("securitySchemes") or {}
    scheme: dict[str, Any] = next(iter(schemes.values()), {})
    endpoints = tuple(_endpoints(schemas))
    return Host(
        name=data["x-tm-host"],
        title=str(data["info"]["title"]),
        doc=docs.paragraph(data["info"].get("description")),
        base_url=str(server["url"]),
        base_url_setting=server["x-tm-config"],
        post_timeout=float(data["x-tm-post-timeout"]) if "x-tm-post-timeout" in data else None,
        variables=tuple(
            (name, str(item["default"]), tuple(map(str, item.get("enum") or ())))
            for name, item in (server.get("variables") or {}).items()
        ),
        auth_scheme="Bearer" if scheme else "",
        auth_setting=scheme.get("x-tm-config", ""),
        tags=tuple(
            (t["name"], docs.paragraph(t.get("description"))) for t in data.get("tags") or ()
        ),
        headers=tuple(dict.fromkeys(pair for each in endpoints for pair in each.headers)),
        secrets=tuple(sorted(secret_fields(schemas, data["components"]))),
        endpoints=endpoints,
    )


def _endpoints(schemas: Schemas) -> Iterator[Endpoint]:
    data = schemas.bundle.data
    for path, item in (data.get("paths") or {}).items():
        for method, raw in item.items():
            at = ("paths", path, method)
            found = [
                resolve(data, item, (*at, "parameters", index))
                for index, item in enumerate(raw.get("parameters") or ())
            ]
            yield Endpoint(
                operation=_operation(schemas, at, raw, found),
                tag=raw["tags"][0],
                auth=_auth(raw.get("security", data.get("security"))),
                headers=tuple(
                    (p["name"], p["x-tm-config"]) for _, p in found if p["in"] == "header"
                ),
            )


def _auth(security: list[dict[str, Any]] | None) -> str:
    if not security or all(not item for item in security):
        return "none"
    return "optional" if {} in security else "required"


def _operation(schemas: Schemas, at: Pointer, raw: dict[str, Any], parameters: Found) -> Operation:
    arguments = [*_parameters(schemas, raw, parameters), *_body_fields(schemas, at, raw)]
    _check_arguments(schemas, at, arguments, streams="x-tm-stream" in raw)
    # Required arguments first, then in the order of the spec.
    arguments.sort(key=lambda item: not item.required)
    answer, unwrap, result, empty = _result(schemas, at, raw)
    event = raw.get("x-tm-stream")
    return Operation(
        id=raw["operationId"],
        method=str(at[2]).upper(),
        path=str(at[1]),
        resource=raw["x-tm-resource"],
        name=raw["x-tm-method"],
        summary=docs.paragraph(raw["summary"]),
        doc=docs.paragraph(raw.get("description")),
        provenance=raw["x-tm-provenance"],
        note=docs.paragraph(raw.get("x-tm-provenance-note")),
        arguments=tuple(arguments),
        answer=answer,
        unwrap=unwrap,
        result=result,
        event=_event(schemas, at, event) if event else None,
        returns=docs.paragraph(_good_response(schemas, at, raw)[1].get("description")),
        empty=empty,
        pagination=build_pagination(schemas, at, raw, arguments, result),
        cli=raw.get("x-tm-cli"),
        safe=raw.get("x-tm-safe", False),
        imports=tuple(imports_of(arguments)),
        secrets=tuple(sorted(secret_fields(schemas, raw.get("requestBody")))),
    )


def _parameters(schemas: Schemas, operation: dict[str, Any], parameters: Found) -> Iterator[Field]:
    for where, item in parameters:
        if item["in"] in ("path", "query"):
            field = build_field(schemas, (*where, "schema"), item["name"], item, operation)
            if not _is_simple(field.type, lists=field.location == "query"):
                problem = f"{field.location} parameter {field.wire!r} cannot be sent in a URL"
                help_text = "use a string, a number, a boolean or, in a query, a list of these"
                schemas.error(where, f"{problem}: {help_text}")
            yield field


def _is_simple(kind: Type, *, lists: bool) -> bool:
    """Return whether a value can be sent in a URL."""
    if lists:
        # Null in a query means that the parameter is omitted.
        kind = kind.items if kind.items and kind.kind == "list" else kind.or_value()
    parts = kind.members or (kind,)
    simple = (*SCALARS, "int64", "enum", "datetime")
    return not kind.nullable and all(part.kind in simple for part in parts)


def _body_fields(schemas: Schemas, at: Pointer, raw: dict[str, Any]) -> Iterator[Field]:
    if "requestBody" not in raw:
        return
    ref = raw["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    name = component(ref)[1]
    schema = schemas.raw[name]
    if schema.get("type") != "object" or not schema.get("properties"):
        problem = f"{name} is not an object with properties: define it as one"
        schemas.error((*at, "requestBody"), problem)
        return
    yield from build_fields(schemas, schema, ("components", "schemas", name))


def _check_arguments(
    schemas: Schemas, at: Pointer, arguments: list[Field], *, streams: bool
) -> None:
    if streams and not any(a.name == "stream" and a.type.kind == "boolean" for a in arguments):
        problem = "x-tm-stream needs a field `stream` of type boolean in the body: add it"
        schemas.error((*at, "x-tm-stream"), problem)
    seen: dict[str, str] = {}
    for item in arguments:
        label = f"{item.location} {item.wire!r}"
        known = seen.setdefault(item.name, label)
        if known != label:
            problem = f"{known} and {label} both become {item.name!r} in Python: rename one"
            schemas.error(at, problem)
        if item.name in CALL_OPTIONS:
            schemas.error(at, f"{item.name!r} is an argument of every method: rename it")


def _event(schemas: Schemas, at: Pointer, name: str) -> Type | None:
    event = schemas.named(name, at)
    if event.kind not in ("model", "union"):
        problem = f"x-tm-stream names {name}, which is not an object or union of objects: fix it"
        schemas.error((*at, "x-tm-stream"), problem)
        return None
    return event


def _check_content(
    schemas: Schemas, where: Pointer, content: dict[str, Any], stream: str | None
) -> None:
    """Check that a successful response is JSON or empty, or a stream if `x-tm-stream` is set."""
    unread = set(content) - {"application/json", *(["text/event-stream"] if stream else [])}
    for kind in unread:
        help_text = "use application/json, or text/event-stream together with x-tm-stream"
        schemas.error((*where, "content"), f"unsupported media type {kind!r}: {help_text}")
    if unread or not (content or stream):
        return
    if "application/json" not in content:
        schemas.error(where, "a successful response needs application/json or no content: add it")
    events = (content.get("text/event-stream") or {}).get("schema") or {}
    if stream and events.get("$ref") != f"#/components/schemas/{stream}":
        problem = f"text/event-stream and x-tm-stream ({stream}) name different schemas"
        schemas.error(where, f"{problem}: make them agree")


def _good_response(
    schemas: Schemas, at: Pointer, raw: dict[str, Any]
) -> tuple[Pointer, dict[str, Any]]:
    code = next(code for code in raw["responses"] if code.startswith("2"))
    return resolve(schemas.bundle.data, raw["responses"][code], (*at, "responses", code))


def _result(
    schemas: Schemas, at: Pointer, raw: dict[str, Any]
) -> tuple[Type | None, str | None, Type | None, dict[str, Any] | None]:
    where, response = _good_response(schemas, at, raw)
    content = response.get("content") or {}
    _check_content(schemas, where, content, raw.get("x-tm-stream"))
    media = content.get("application/json")
    if media is None:
        return None, None, None, None
    result = schemas.of(media.get("schema") or {}, where)
    if result.kind != "model":
        problem = "a successful response must be a named object schema: move it to components"
        schemas.error(where, problem)
        return None, None, None, None
    unwrap = response.get("x-tm-unwrap")
    if unwrap == "none":
        return result, None, None, {}
    if unwrap is None:
        return result, None, result, response.get("x-tm-empty")
    inner = _unwrapped(schemas, (*where, "x-tm-unwrap"), result, unwrap)
    return result, naming.attribute(unwrap), inner, None


def _unwrapped(schemas: Schemas, at: Pointer, answer: Type, wire: str) -> Type | None:
    schema = schemas.raw[answer.name]
    item = schema["properties"].get(wire)
    inner = schemas.of(item, at) if item and wire in (schema.get("required") or ()) else None
    if inner and inner.kind == "model" and not inner.nullable:
        return inner
    problem = f"{wire!r} is not a required property of {answer.name} with a named object schema"
    schemas.error(at, f"{problem}: fix x-tm-unwrap or the schema")
    return None


def merge(bundles: list[Bundle], hosts: list[Host]) -> tuple[list[Operation], list[SpecError]]:
    """Return the operations of a package, and an error for each on which its hosts differ."""
    offers = [{each.operation.id: each.operation for each in host.endpoints} for host in hosts]
    merged = {name: each for offer in reversed(offers) for name, each in offer.items()}
    merged = {name: merged[name] for offer in offers for name in offer}
    errors = []
    for bundle, offer in zip(bundles, offers, strict=True):
        for name, operation in merged.items():
            if name not in offer:
                problem = f"{name} is missing, but another host of the package has it: add it"
                errors.append(bundle.error(("paths",), problem))
            elif offer[name] != operation:
                other = vars(offer[name])
                differing = [key for key, item in vars(operation).items() if item != other[key]]
                where = ("paths", other["path"], other["method"].lower())
                problem = f"{name} differs from {bundles[0].root.label} in {', '.join(differing)}"
                errors.append(bundle.error(where, f"{problem}: make them agree"))
    return list(merged.values()), errors


def build_resources(operations: list[Operation]) -> list[Resource]:
    """Return the tree of public namespaces."""
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
