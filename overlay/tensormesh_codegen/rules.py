"""What a spec must say beyond OpenAPI, so that nothing has to be guessed or typed by hand."""

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

_IDENTIFIER_HELP = "write lower-case words joined by underscores"

# Each of these says alone what a value is; what stands beside it would be left out.
_ALONE = ("$ref", "anyOf", "oneOf")
_SAYS_WHAT = (*_ALONE, "type", "properties", "items", "additionalProperties", "enum", "const")
# The fields of an amount of money: currency, whole units, billionths; each with type and default.
MONEY = {"currencyCode": ("string", None), "units": ("string", "0"), "nanos": ("integer", 0)}
_NEEDS_TYPE = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
}


def check(bundle: Bundle) -> list[SpecError]:
    """Every break of our own rules in one host's document."""
    return [
        bundle.error(pointer, problem)
        for rule in (_document, _names, _operations, _schemas)
        for pointer, problem in rule(bundle.data)
    ]


Found = Iterator[tuple[Pointer, str]]


def _document(data: dict[str, Any]) -> Found:
    for key in ("x-tm-package", "x-tm-surface"):
        if key not in data:
            yield (), f"{key} is missing at the top level: write {VENDOR_KEYS[key].help}"
    servers = data.get("servers") or []
    if len(servers) != 1:
        yield ("servers",), "servers must hold exactly one: the default base URL of this host"
    for index, server in enumerate(servers):
        if "x-tm-config" not in server:
            yield ("servers", index), "x-tm-config is missing: name the setting of the base URL"
    schemes = data["components"].get("securitySchemes") or {}
    for name, scheme in schemes.items():
        where = ("components", "securitySchemes", name)
        if "x-tm-config" not in scheme:
            yield where, "x-tm-config is missing: name the setting that holds the credential"
        if scheme.get("type") != "http" or scheme.get("scheme") != "bearer":
            yield where, "the security scheme must be of type http, scheme bearer: change it"
    if len(schemes) > 1:
        where = ("components", "securitySchemes", list(schemes)[1])
        yield where, "one host has one security scheme here: remove the others"
    if not data["paths"]:
        yield ("paths",), "paths holds no operation: write one"


def _names(data: dict[str, Any]) -> Found:
    for name in data["components"].get("schemas") or {}:
        if not _CLASS.fullmatch(name):
            problem = f"schema name {name!r} is no class name: write words as in `UsageInfo`"
            yield ("components", "schemas", name), problem


def _operations(data: dict[str, Any]) -> Found:
    ids: dict[str, str] = {}
    methods: dict[tuple[str, str], str] = {}
    for path, item in data["paths"].items():
        where: Pointer = ("paths", path)
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            yield where, f"path {path!r} has characters that a path of ours never has: mend it"
        for method, operation in item.items():
            at = (*where, method)
            yield from _operation(at, operation, data)
            yield from _unique(at, operation, ids, methods)
            yield from _security(at, operation.get("security"), data)
    yield from _security((), data.get("security"), data)


def _security(at: Pointer, security: list[dict[str, Any]] | None, data: dict[str, Any]) -> Found:
    for index, requirement in enumerate(security or ()):
        for name in requirement:
            if name not in (data["components"].get("securitySchemes") or {}):
                where = (*at, "security", index)
                yield where, f"security names {name!r}, which is no security scheme: mend it"


def _unique(
    at: Pointer, operation: dict[str, Any], ids: dict[str, str], methods: dict[tuple[str, str], str]
) -> Found:
    label = f"{str(at[2]).upper()} {at[1]}"
    operation_id = operation.get("operationId")
    if operation_id is not None:
        if operation_id in ids:
            problem = f"duplicate operationId {operation_id!r}, also of {ids[operation_id]}"
            yield (*at, "operationId"), f"{problem}: give one of the two another name"
        ids.setdefault(operation_id, label)
    if "x-tm-resource" in operation and "x-tm-method" in operation:
        public = (operation["x-tm-resource"], operation["x-tm-method"])
        if public in methods:
            name = ".".join(public)
            problem = f"{name} is also the public method of {methods[public]}: rename one"
            yield (*at, "x-tm-method"), problem
        methods.setdefault(public, label)


def _operation(at: Pointer, operation: dict[str, Any], data: dict[str, Any]) -> Found:
    operation_id = operation.get("operationId")
    if operation_id is None:
        yield at, f"operationId is missing: {_IDENTIFIER_HELP}"
    elif not is_name(operation_id):
        yield (*at, "operationId"), f"operationId {operation_id!r}: {_IDENTIFIER_HELP}"
    tags = operation.get("tags") or []
    if len(tags) != 1:
        where = (*at, "tags") if "tags" in operation else at
        yield where, "tags must hold exactly one tag: it is the folder of the endpoint module"
    elif not is_name(tags[0]):
        yield (*at, "tags"), f"tag {tags[0]!r}: {_IDENTIFIER_HELP}"
    for key in ("x-tm-resource", "x-tm-method", "x-tm-provenance"):
        if key not in operation:
            yield at, f"{key} is missing: write {VENDOR_KEYS[key].help}"
    if not (operation.get("summary") or "").strip():
        yield at, "summary is missing: it is the first line of the method's docstring"
    yield from _responses(at, operation)
    stream = operation.get("x-tm-stream")
    if stream is not None and stream not in (data["components"].get("schemas") or {}):
        yield (*at, "x-tm-stream"), f"x-tm-stream names {stream!r}, which is no schema: mend it"
    yield from _body(at, operation)
    yield from _parameters(at, operation, data)


def _responses(at: Pointer, operation: dict[str, Any]) -> Found:
    responses = operation.get("responses") or {}
    good = [code for code in responses if code.startswith("2")]
    if not good:
        yield at, "no 2xx response is declared: say what a good answer is"
    for code in good[1:]:
        where = (*at, "responses", code)
        yield where, f"{code} beside {good[0]}: an operation has one good answer, remove one"
    if not any(code == "default" or code.startswith(("4", "5")) for code in responses):
        yield at, "no error response is declared: refer to the shared ones"


def _body(at: Pointer, operation: dict[str, Any]) -> Found:
    body = operation.get("requestBody")
    if body is None:
        return
    content = body.get("content") or {}
    schema = (content.get("application/json") or {}).get("schema") or {}
    if set(content) != {"application/json"} or set(schema) != {"$ref"}:
        problem = "a request body must be a $ref to a named schema, as application/json: change it"
        yield (*at, "requestBody"), problem


def _parameters(at: Pointer, operation: dict[str, Any], data: dict[str, Any]) -> Found:
    seen = set()
    for index, item in enumerate(operation.get("parameters") or ()):
        use = (*at, "parameters", index)
        where, parameter = resolve(data, item, use)
        name = parameter["name"]
        if parameter["in"] == "header" and "x-tm-config" not in parameter:
            yield where, f"header {name!r} needs x-tm-config: headers come from the client"
        if parameter["in"] == "header" and not _HEADER.fullmatch(name):
            yield where, f"header name {name!r} is not a token of HTTP: mend it"
        if parameter["in"] == "cookie":
            yield where, f"cookie {name!r}: this client sends no cookies, remove it"
        if parameter["in"] == "path" and f"{{{name}}}" not in str(at[1]):
            yield use, f"path parameter {name!r} is not in the path: mend one of the two"
        if (name, parameter["in"]) in seen:
            yield use, f"{parameter['in']} parameter {name!r} is there twice: remove one"
        seen.add((name, parameter["in"]))
    for name in re.findall(r"\{(\w+)\}", str(at[1])):
        if (name, "path") not in seen:
            yield at, f"the path has {{{name}}}, but no parameter says what that is: declare it"


def _schemas(data: dict[str, Any]) -> Found:
    for name, schema in (data["components"].get("schemas") or {}).items():
        yield from _schema(("components", "schemas", name), schema, named=True)
    places = [("paths",), *(("components", key) for key in ("parameters", "responses", "headers"))]
    for place in places:
        part: Any = data
        for key in place:
            part = part.get(key) or {}
        for pointer, value in walk(part, place):
            if pointer[-1] == "schema" and position(pointer[:-1]) == "keywords":
                yield from _schema(pointer, value, named=False)


def _schema(at: Pointer, schema: dict[str, Any], *, named: bool) -> Found:
    if not named and schema.get("properties"):
        yield at, "an object with properties must be a named schema: move it to components"
    if not named and "enum" in schema:
        yield at, "an enum must be a named schema: move it to components"
    yield from _combination(at, schema, named=named)
    properties = schema.get("properties") or {}
    if "x-tm-money" in schema and not MONEY.items() <= _forms(properties).items():
        help_text = "currencyCode, units (a string, default '0') and nanos (an integer, default 0)"
        yield (*at, "x-tm-money"), f"an amount of money needs {help_text}: declare them"
    text = schema.get("x-tm-json-text")
    if text is not None and not _holds_text(properties.get(text)):
        problem = f"{text!r} is no property that is a string, whose JSON json() could give"
        yield (*at, "x-tm-json-text"), f"{problem}: name one"
    if text is not None and "json" in map(naming.attribute, properties):
        yield (*at, "x-tm-json-text"), "a property takes the name of the method json(): rename it"
    if "x-tm-once" in schema and schema.get("format") != "password":
        yield (
            (*at, "x-tm-once"),
            "only a secret is shown once: write format: password, or remove it",
        )
    for name in schema.get("required") or ():
        if name not in properties:
            yield (*at, "required"), f"required names {name!r}, which is no property: mend it"
    for name, item in properties.items():
        yield from _schema((*at, "properties", name), item, named=False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _schema((*at, key), schema[key], named=False)
    for key in ("anyOf", "oneOf"):
        for index, item in enumerate(schema.get(key) or ()):
            yield from _schema((*at, key, index), item, named=False)


def _holds_text(schema: dict[str, Any] | None) -> bool:
    return schema is not None and schema.get("type") in ("string", ["string", "null"])


def _forms(properties: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (item.get("type"), item.get("default")) for name, item in properties.items()}


def _combination(at: Pointer, schema: dict[str, Any], *, named: bool) -> Found:
    """Keywords of which one would be left out, because of another or for want of it."""
    alone = next((key for key in _ALONE if key in schema), None)
    if alone:
        for key in _SAYS_WHAT:
            if key in schema and key != alone:
                yield (*at, key), f"{key} beside {alone} would be left out: remove one"
        return
    if isinstance(schema.get("const"), dict | list):
        yield (*at, "const"), "const must be text, a number, true or false: describe it in words"
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    for key, kind in _NEEDS_TYPE.items():
        if key in schema and kind not in kinds:
            yield (*at, key), f"{key} needs `type: {kind}` beside it: add it"
            break
    if "array" in kinds and "items" not in schema:
        yield at, "an array needs items: say what it holds, or write `items: {}`"
    if schema.get("properties"):
        if len(kinds) > 1:
            yield (*at, "type"), "a named object cannot be null: write that where it is referred to"
        if isinstance(schema.get("additionalProperties"), dict):
            where = (*at, "additionalProperties")
            yield where, "unknown fields are kept as they are: write true, or leave it out"
    if named and schema.get("enum") == []:
        yield (*at, "enum"), "an enum has at least one member: write them, or leave it out"
    elif named and "enum" in schema and schema.get("type") != "string":
        yield (*at, "enum"), "an enum is of strings, and needs `type: string` beside it"
