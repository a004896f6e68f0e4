"""What a spec must say beyond OpenAPI, so that nothing has to be guessed or typed by hand."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from typing import Any

from .bundling import Bundle, is_data, walk
from .errors import SpecError
from .loading import Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
PROVENANCE = ("documented", "observed", "inferred")

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_PATH = re.compile(r"(/[A-Za-z0-9_.~:-]*|/?\{[A-Za-z_][A-Za-z0-9_]*\}(:[A-Za-z]+)?)+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_IDENTIFIER_HELP = "write lower-case words joined by underscores"

# vendor key -> (the form of its value, whether the value has it)
_VENDOR_KEYS: dict[str, tuple[str, Any]] = {
    "x-tm-package": ("a package name", lambda v: _is_name(v)),
    "x-tm-surface": ("a surface name", lambda v: _is_name(v)),
    "x-tm-config": ("the name of a client setting", lambda v: _is_name(v)),
    "x-tm-resource": (
        "names joined by dots, such as billing.transactions",
        lambda v: isinstance(v, str) and all(_is_name(part) for part in v.split(".")),
    ),
    "x-tm-method": ("a method name", lambda v: _is_name(v)),
    "x-tm-stream": ("the name of a schema", lambda v: isinstance(v, str)),
    "x-tm-empty": ("the object that an empty body stands for", lambda v: isinstance(v, dict)),
    "x-tm-pagination": (
        "{style: token|page, items: <field>}",
        lambda v: (
            isinstance(v, dict)
            and set(v) == {"style", "items"}
            and v["style"] in ("token", "page")
            and _is_name(v["items"])
        ),
    ),
    "x-tm-cli": (
        "the words of a command",
        lambda v: isinstance(v, str) and re.fullmatch(r"[a-z0-9-]+( [a-z0-9-]+)*", v),
    ),
    "x-tm-provenance": ("documented, observed or inferred", lambda v: v in PROVENANCE),
}

# Schema keywords that would be dropped or misread on the way to Python.
_UNSUPPORTED = {
    "allOf": "write the properties out",
    "not": "describe the rule in words",
    "if": "describe the rule in words",
    "then": "describe the rule in words",
    "else": "describe the rule in words",
    "patternProperties": "use additionalProperties",
    "prefixItems": "use items",
    "dependentSchemas": "describe the rule in words",
    "unevaluatedProperties": "use additionalProperties",
    "nullable": "OpenAPI 3.1 writes `type: [..., 'null']`",
}


def _is_name(value: object) -> bool:
    return (
        isinstance(value, str)
        and _IDENTIFIER.fullmatch(value) is not None
        and not keyword.iskeyword(value)
    )


def check(bundle: Bundle) -> list[SpecError]:
    """Every break of our own rules in one host's document."""
    return [
        bundle.error(pointer, problem)
        for rule in (_vendor_keys, _document, _names, _operations, _schemas)
        for pointer, problem in rule(bundle.data)
    ]


Found = Iterator[tuple[Pointer, str]]


def _vendor_keys(data: dict[str, Any]) -> Found:
    for pointer, value in walk(data):
        if not isinstance(value, dict) or is_data(pointer):
            continue
        if pointer and pointer[-1] in ("properties", "schemas", "headers"):
            continue
        for key, item in value.items():
            if not key.startswith("x-"):
                continue
            if key not in _VENDOR_KEYS:
                known = ", ".join(_VENDOR_KEYS)
                yield (*pointer, key), f"unknown vendor key {key!r}: use one of {known}"
            elif not _VENDOR_KEYS[key][1](item):
                yield (*pointer, key), f"{key} is {item!r}: write {_VENDOR_KEYS[key][0]}"


def _document(data: dict[str, Any]) -> Found:
    for key in ("x-tm-package", "x-tm-surface"):
        if key not in data:
            yield (), f"{key} is missing at the top level: write {_VENDOR_KEYS[key][0]}"
    servers = data.get("servers")
    if not servers:
        yield (), "servers is missing: write the default base URL of this host"
        return
    for index, server in enumerate(servers):
        if "x-tm-config" not in server:
            yield ("servers", index), "x-tm-config is missing: name the setting of the base URL"
    for name, scheme in (data["components"].get("securitySchemes") or {}).items():
        if "x-tm-config" not in scheme:
            where = ("components", "securitySchemes", name)
            yield where, "x-tm-config is missing: name the setting that holds the credential"


def _names(data: dict[str, Any]) -> Found:
    for name in data["components"].get("schemas") or {}:
        if not _CLASS.fullmatch(name):
            problem = f"schema name {name!r} is no class name: write words as in `UsageInfo`"
            yield ("components", "schemas", name), problem


def _operations(data: dict[str, Any]) -> Found:
    ids: dict[str, str] = {}
    methods: dict[tuple[str, str], str] = {}
    for path, item in (data.get("paths") or {}).items():
        where: Pointer = ("paths", path)
        if not _PATH.fullmatch(path):
            yield where, f"path {path!r} has characters that a path of ours never has"
        for method, operation in item.items():
            if method not in METHODS:
                yield (*where, method), f"{method!r} is not read here: put it into the operations"
                continue
            at = (*where, method)
            yield from _operation(at, operation, data)
            yield from _unique(at, operation, ids, methods)


def _unique(
    at: Pointer, operation: dict[str, Any], ids: dict[str, str], methods: dict[tuple[str, str], str]
) -> Found:
    label = f"{str(at[2]).upper()} {at[1]}"
    operation_id = operation.get("operationId")
    if isinstance(operation_id, str):
        if operation_id in ids:
            problem = f"duplicate operationId {operation_id!r}, also of {ids[operation_id]}"
            yield (*at, "operationId"), f"{problem}: give one of the two another name"
        ids.setdefault(operation_id, label)
    public = (str(operation.get("x-tm-resource")), str(operation.get("x-tm-method")))
    if "None" not in public:
        if public in methods:
            name = ".".join(public)
            yield at, f"{name} is also the public method of {methods[public]}: rename one"
        methods.setdefault(public, label)


def _operation(at: Pointer, operation: dict[str, Any], data: dict[str, Any]) -> Found:
    operation_id = operation.get("operationId")
    if operation_id is None:
        yield at, f"operationId is missing: {_IDENTIFIER_HELP}"
    elif not _is_name(operation_id):
        yield (*at, "operationId"), f"operationId {operation_id!r}: {_IDENTIFIER_HELP}"
    tags = operation.get("tags")
    if not isinstance(tags, list) or len(tags) != 1:
        yield at, "tags must hold exactly one tag: it is the folder of the endpoint module"
    elif not _is_name(tags[0]):
        yield (*at, "tags"), f"tag {tags[0]!r}: {_IDENTIFIER_HELP}"
    for key in ("x-tm-resource", "x-tm-method", "x-tm-provenance"):
        if key not in operation:
            yield at, f"{key} is missing: write {_VENDOR_KEYS[key][0]}"
    if not operation.get("summary"):
        yield at, "summary is missing: it is the first line of the method's docstring"
    responses = operation.get("responses") or {}
    if not any(code.startswith("2") for code in responses):
        yield at, "no 2xx response is declared: say what a good answer is"
    if not any(code == "default" or code[0] in "45" for code in responses):
        yield at, "no error response is declared: refer to the shared ones"
    stream = operation.get("x-tm-stream")
    if isinstance(stream, str) and stream not in data["components"].get("schemas", {}):
        yield (*at, "x-tm-stream"), f"x-tm-stream names {stream!r}, which is no schema: mend it"
    yield from _body(at, operation)
    yield from _parameters(at, operation, data)


def _body(at: Pointer, operation: dict[str, Any]) -> Found:
    body = operation.get("requestBody")
    if body is None:
        return
    content = body.get("content") or {}
    schema = (content.get("application/json") or {}).get("schema") or {}
    if set(content) != {"application/json"} or set(schema) != {"$ref"}:
        problem = "a request body must be application/json with a $ref to a named schema"
        yield (*at, "requestBody"), problem


def _parameters(at: Pointer, operation: dict[str, Any], data: dict[str, Any]) -> Found:
    for index, parameter in enumerate(operation.get("parameters") or ()):
        if "$ref" in parameter:
            name = parameter["$ref"].rsplit("/", 1)[-1]
            parameter = data["components"]["parameters"][name]
        where = (*at, "parameters", index)
        name = str(parameter.get("name"))
        if parameter.get("in") == "header" and "x-tm-config" not in parameter:
            yield where, f"header {name!r} needs x-tm-config: headers come from the client"
        if parameter.get("in") == "header" and not _HEADER.fullmatch(name):
            yield where, f"header name {name!r} is not a token of HTTP"
        if parameter.get("in") == "cookie":
            yield where, f"cookie {name!r}: this client sends no cookies"


def _schemas(data: dict[str, Any]) -> Found:
    for name, schema in (data["components"].get("schemas") or {}).items():
        yield from _schema(("components", "schemas", name), schema, named=True)
    for pointer, value in walk(data.get("paths") or {}, ("paths",)):
        if pointer[-1] == "schema" and isinstance(value, dict) and not is_data(pointer):
            yield from _schema(pointer, value, named=False)


def _schema(at: Pointer, schema: Any, *, named: bool) -> Found:
    if not isinstance(schema, dict):
        yield at, "a schema must be a mapping"
        return
    for key, help_text in _UNSUPPORTED.items():
        if key in schema:
            yield (*at, key), f"{key} is not supported: {help_text}"
    if not named and schema.get("properties"):
        yield at, "an object with properties must be a named schema: move it to components"
    if not named and "enum" in schema:
        yield at, "an enum must be a named schema: move it to components"
    for name, item in (schema.get("properties") or {}).items():
        yield from _schema((*at, "properties", name), item, named=False)
    for name in schema.get("required") or ():
        if name not in (schema.get("properties") or {}):
            yield (*at, "required"), f"required names {name!r}, which is no property: mend it"
    if isinstance(schema.get("items"), dict):
        yield from _schema((*at, "items"), schema["items"], named=False)
    if isinstance(schema.get("additionalProperties"), dict):
        more = schema["additionalProperties"]
        yield from _schema((*at, "additionalProperties"), more, named=False)
    for key in ("anyOf", "oneOf"):
        for index, item in enumerate(schema.get(key) or ()):
            yield from _schema((*at, key, index), item, named=False)
