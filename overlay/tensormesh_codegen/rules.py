"""Rules for specs beyond OpenAPI, so that the generator does not have to guess anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from . import naming
from .bundling import Bundle, position, resolve, walk
from .errors import SpecError
from .loading import Pointer
from .vendor import VENDOR_KEYS, is_name

_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_PATH = re.compile(r"(/([A-Za-z0-9_.~:-]|\{[A-Za-z_][A-Za-z0-9_]*\})*)+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_IDENTIFIER_HELP = "use lowercase words joined by underscores"

# Each of these defines a value alone; the keywords of `_SAYS_WHAT` next to it would be lost.
_ALONE = ("$ref", "anyOf", "oneOf")
_SAYS_WHAT = (*_ALONE, "type", "properties", "items", "additionalProperties", "enum", "const")
# Fields of an amount of money, with type and default.
MONEY = {"currencyCode": ("string", None), "units": ("string", "0"), "nanos": ("integer", 0)}
# Keys that must be unique among operations, and what identifies them.
_UNIQUE = {"operationId": ("operationId",), "x-tm-method": ("x-tm-resource", "x-tm-method")}
_NEEDS_TYPE = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
}


def check(bundle: Bundle) -> list[SpecError]:
    """Return an error for every violation in the document of a host."""
    return [
        bundle.error(pointer, problem)
        for rule in (_document, _operations, _schemas)
        for pointer, problem in rule(bundle.data)
    ]


Found = Iterator[tuple[Pointer, str]]


def _document(data: dict[str, Any]) -> Found:
    for key in ("x-tm-package", "x-tm-host"):
        if key not in data:
            yield (), f"{key} is missing at the top level: add {VENDOR_KEYS[key].help}"
    servers = data.get("servers") or []
    if len(servers) != 1:
        problem = f"{len(servers)} servers: declare one, with the default base URL of the host"
        yield ("servers",), problem
    for index, server in enumerate(servers):
        if "x-tm-config" not in server:
            yield ("servers", index), "x-tm-config is missing: add the setting with the base URL"
    for index, (name, scheme) in enumerate(_components(data, "securitySchemes").items()):
        where = ("components", "securitySchemes", name)
        if "x-tm-config" not in scheme:
            yield where, "x-tm-config is missing: add the setting with the credential"
        if scheme.get("type") != "http" or scheme.get("scheme") != "bearer":
            yield where, "unsupported security scheme: use type http and scheme bearer"
        if index == 1:
            yield where, "more than one security scheme: remove all but one"
    for name in _components(data, "schemas"):
        if not _CLASS.fullmatch(name):
            problem = f"schema name {name!r} is not a class name: use CamelCase, as in UsageInfo"
            yield ("components", "schemas", name), problem
    if not data["paths"]:
        yield ("paths",), "paths is empty: add an operation"
    yield from _security((), data.get("security"), data)


def _components(data: dict[str, Any], section: str) -> dict[str, Any]:
    found: dict[str, Any] = data["components"].get(section) or {}
    return found


def _security(at: Pointer, security: list[dict[str, Any]] | None, data: dict[str, Any]) -> Found:
    for index, requirement in enumerate(security or ()):
        for name in requirement.keys() - _components(data, "securitySchemes").keys():
            yield (*at, "security", index), f"unknown security scheme {name!r}: declare or fix it"


def _operations(data: dict[str, Any]) -> Found:
    seen: dict[tuple[str, str], str] = {}
    for path, item in data["paths"].items():
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            yield ("paths", path), f"unsupported characters in the path {path!r}: fix it"
        for method, operation in item.items():
            at = ("paths", path, method)
            yield from _operation(at, operation, data)
            yield from _responses(at, operation)
            yield from _parameters(at, operation, data)
            yield from _security(at, operation.get("security"), data)
            for key, parts in _UNIQUE.items():
                if all(part in operation for part in parts):
                    name = ".".join(str(operation[part]) for part in parts)
                    label = f"{method.upper()} {path}"
                    known = seen.setdefault((key, name), label)
                    if known != label:
                        problem = f"duplicate {key} {name!r}, also used by {known}"
                        yield (*at, key), f"{problem}: rename one"


def _operation(at: Pointer, operation: dict[str, Any], data: dict[str, Any]) -> Found:
    operation_id = operation.get("operationId")
    if operation_id is None:
        yield at, f"operationId is missing: {_IDENTIFIER_HELP}"
    elif not is_name(operation_id):
        yield (*at, "operationId"), f"invalid operationId {operation_id!r}: {_IDENTIFIER_HELP}"
    tags = operation.get("tags") or []
    if len(tags) != 1:
        where = (*at, "tags") if "tags" in operation else at
        yield where, f"{len(tags)} tags: use exactly one, the folder of the generated module"
    elif not is_name(tags[0]):
        yield (*at, "tags"), f"invalid tag {tags[0]!r}: {_IDENTIFIER_HELP}"
    for key in ("x-tm-resource", "x-tm-method", "x-tm-provenance"):
        if key not in operation:
            yield at, f"{key} is missing: add {VENDOR_KEYS[key].help}"
    if not (operation.get("summary") or "").strip():
        yield at, "summary is missing: add the first line of the method's docstring"
    stream = operation.get("x-tm-stream")
    if stream is not None and stream not in _components(data, "schemas"):
        yield (*at, "x-tm-stream"), f"x-tm-stream names an unknown schema {stream!r}: fix it"
    content = (operation.get("requestBody") or {}).get("content") or {}
    schema = (content.get("application/json") or {}).get("schema") or {}
    if "requestBody" in operation and (len(content) != 1 or set(schema) != {"$ref"}):
        problem = "unsupported request body: use application/json with a $ref to a named schema"
        yield (*at, "requestBody"), problem


def _responses(at: Pointer, operation: dict[str, Any]) -> Found:
    responses = operation.get("responses") or {}
    good = [code for code in responses if code.startswith("2")]
    if not good:
        yield at, "no 2xx response: add the successful response"
    for code in good[1:]:
        problem = f"more than one 2xx response ({good[0]}, {code}): remove all but one"
        yield (*at, "responses", code), problem
    if not any(code == "default" or code.startswith(("4", "5")) for code in responses):
        yield at, "no error response: reference the shared ones"


def _parameters(at: Pointer, operation: dict[str, Any], data: dict[str, Any]) -> Found:
    seen = set()
    for index, item in enumerate(operation.get("parameters") or ()):
        use = (*at, "parameters", index)
        where, parameter = resolve(data, item, use)
        name, location = parameter["name"], parameter["in"]
        if location == "header" and "x-tm-config" not in parameter:
            yield where, f"header {name!r} has no x-tm-config: add the client setting to send"
        if location == "header" and not _HEADER.fullmatch(name):
            yield where, f"invalid header name {name!r}: fix it"
        if location == "cookie":
            yield where, f"cookie {name!r} is not supported: remove it"
        if location == "path" and f"{{{name}}}" not in str(at[1]):
            yield use, f"path parameter {name!r} is not in the path: fix one of them"
        if (name, location) in seen:
            yield use, f"duplicate {location} parameter {name!r}: remove one"
        seen.add((name, location))
    for name in re.findall(r"\{(\w+)\}", str(at[1])):
        if (name, "path") not in seen:
            yield at, f"path parameter {name!r} is not declared: add it to parameters"


def _schemas(data: dict[str, Any]) -> Found:
    for name, schema in _components(data, "schemas").items():
        yield from _schema(("components", "schemas", name), schema, named=True)
    places: list[tuple[Pointer, Any]] = [(("paths",), data["paths"])]
    for section in ("parameters", "responses", "headers"):
        places.append((("components", section), _components(data, section)))
    for place, part in places:
        for pointer, value in walk(part, place):
            if pointer[-1] == "schema" and position(pointer[:-1]) == "keywords":
                yield from _schema(pointer, value, named=False)


def _schema(at: Pointer, schema: dict[str, Any], *, named: bool) -> Found:
    properties = schema.get("properties") or {}
    if not named and (properties or "enum" in schema):
        kind = "object with properties" if properties else "enum"
        yield at, f"inline {kind}: move it to components"
    yield from _combination(at, schema, named=named)
    yield from _vendor_keys(at, schema, properties)
    for name in schema.get("required") or ():
        if name not in properties:
            yield (*at, "required"), f"required names an unknown property {name!r}: fix it"
    below: list[tuple[Pointer, Any]]
    below = [(("properties", name), item) for name, item in properties.items()]
    below += [((key,), schema.get(key)) for key in ("items", "additionalProperties")]
    for key in ("anyOf", "oneOf"):
        below += [((key, index), item) for index, item in enumerate(schema.get(key) or ())]
    for pointer, item in below:
        if isinstance(item, dict):
            yield from _schema((*at, *pointer), item, named=False)


def _vendor_keys(at: Pointer, schema: dict[str, Any], properties: dict[str, Any]) -> Found:
    forms = {name: (item.get("type"), item.get("default")) for name, item in properties.items()}
    if "x-tm-money" in schema and not MONEY.items() <= forms.items():
        help_text = "currencyCode, units (a string, default '0') and nanos (an integer, default 0)"
        yield (*at, "x-tm-money"), f"an amount of money needs {help_text}: add them"
    text = schema.get("x-tm-json-text")
    if text is not None and forms.get(text, ("",))[0] not in ("string", ["string", "null"]):
        yield (*at, "x-tm-json-text"), f"{text!r} is not a property of type string: name one"
    if text is not None and "json" in map(naming.attribute, properties):
        yield (*at, "x-tm-json-text"), "a property has the name of the method json(): rename it"
    if "x-tm-once" in schema and schema.get("format") != "password":
        problem = "x-tm-once without format: password: add the format or remove the key"
        yield (*at, "x-tm-once"), problem


def _combination(at: Pointer, schema: dict[str, Any], *, named: bool) -> Found:
    """Check for keywords that would be lost because of another one, or without one."""
    alone = next((key for key in _ALONE if key in schema), None)
    if alone:
        for key in _SAYS_WHAT:
            if key in schema and key != alone:
                yield (*at, key), f"{key} is ignored next to {alone}: remove one"
        return
    if isinstance(schema.get("const"), dict | list):
        problem = "const must be a string, a number or a boolean"
        yield (*at, "const"), f"{problem}: describe other values in words"
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    for key, kind in _NEEDS_TYPE.items():
        if key in schema and kind not in kinds:
            yield (*at, key), f"{key} without `type: {kind}`: add the type"
            break
    if "array" in kinds and "items" not in schema:
        yield at, "array without items: add them, or write `items: {}`"
    if schema.get("properties") and len(kinds) > 1:
        problem = "a named object cannot be null: allow null where it is used"
        yield (*at, "type"), problem
    if schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
        problem = "unknown fields cannot have a schema: use true or remove it"
        yield (*at, "additionalProperties"), problem
    if named and schema.get("enum") == []:
        yield (*at, "enum"), "empty enum: add members or remove it"
    elif named and "enum" in schema and schema.get("type") != "string":
        yield (*at, "enum"), "enum without `type: string`: add the type"
