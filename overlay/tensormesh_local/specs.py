"""Reads routes, security and schemas from the OpenAPI definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urldefrag, urljoin

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tensormesh_local.clock import parse_time

_PACKAGE: Final = Path(__file__).resolve().parent
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON: Final = "application/json"
_YAML_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SpecError(Exception):
    """The OpenAPI definitions are missing or cannot be read."""


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """A header parameter of an operation."""

    name: str
    required: bool
    validator: Draft202012Validator


@dataclass(frozen=True, slots=True)
class QueryRule:
    """A query parameter of an operation.

    ``kind`` is the JSON type of its value, and that of its items where ``repeated``; ``default``
    is None if there is none.
    """

    name: str
    required: bool
    kind: str
    repeated: bool
    default: Any
    validator: Draft202012Validator


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one host, as the definitions state it."""

    surface: str
    operation_id: str
    method: str
    path: str
    needs_key: bool
    headers: tuple[HeaderRule, ...]
    query: tuple[QueryRule, ...]
    body_validator: Draft202012Validator | None


class SpecSet:
    """The OpenAPI documents of one directory, with references between them.

    Args:
        directory: Where ``serverless.yaml``, ``on_demand.yaml`` and what they refer to are.

    Raises:
        SpecError: A document is missing or is not YAML.
    """

    def __init__(self, directory: Path) -> None:
        self._base = directory.resolve().as_uri() + "/"
        self._documents = {
            urljoin(self._base, path.name): _read(path) for path in sorted(directory.glob("*.yaml"))
        }
        self._registry: Registry[Any] = Registry().with_resources(
            (uri, DRAFT202012.create_resource(contents))
            for uri, contents in self._documents.items()
        )

    @cached_property
    def serverless(self) -> tuple[Operation, ...]:
        """The operations of the Serverless host."""
        return self._operations("serverless")

    @cached_property
    def on_demand(self) -> tuple[Operation, ...]:
        """The operations of the On-Demand host."""
        return self._operations("on_demand")

    @cached_property
    def control_plane(self) -> tuple[Operation, ...]:
        """The operations of the Control Plane."""
        return self._operations("control_plane")

    def response_validator(
        self, operation: Operation, status: int, media_type: str = _JSON
    ) -> Draft202012Validator | None:
        """Return the validator of a body (or of one event), None where any body is right."""
        uri = urljoin(self._base, f"{operation.surface}.yaml")
        responses = ("paths", operation.path, operation.method.lower(), "responses")
        stated = self._lookup(uri, responses)[2]
        key = str(status) if str(status) in stated else "default"
        uri, pointer, response = self._lookup(uri, (*responses, key))
        if media_type not in response.get("content", {}):
            return None
        return self._validator(uri, (*pointer, "content", media_type, "schema"))

    def _operations(self, surface: str) -> tuple[Operation, ...]:
        uri = urljoin(self._base, f"{surface}.yaml")
        if uri not in self._documents:
            raise SpecError(f"{surface}.yaml is not in {self._base}")
        return tuple(
            self._operation(surface, uri, path, method)
            for path, item in self._documents[uri]["paths"].items()
            for method in _METHODS
            if method in item
        )

    def _operation(self, surface: str, uri: str, path: str, method: str) -> Operation:
        pointer = ("paths", path, method)
        stated = self._lookup(uri, pointer)[2]
        security = stated.get("security", self._documents[uri].get("security", []))
        body = None
        if "requestBody" in stated:
            at_uri, at_pointer, _ = self._lookup(uri, (*pointer, "requestBody"))
            body_pointer = (*at_pointer, "content", _JSON, "schema")
            body = self._validator(at_uri, body_pointer, RequestValidator)
        return Operation(
            surface=surface,
            operation_id=stated["operationId"],
            method=method.upper(),
            path=path,
            needs_key=bool(security) and {} not in security,
            headers=tuple(
                HeaderRule(each["name"], each.get("required", False), validator)
                for each, _, validator in self._parameters(uri, path, method, "header")
            ),
            query=tuple(
                _query_rule(each, schema, validator)
                for each, schema, validator in self._parameters(uri, path, method, "query")
            ),
            body_validator=body,
        )

    def _parameters(
        self, uri: str, path: str, method: str, where: str
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any], Draft202012Validator]]:
        """Find an operation's parameters of a place, each with its schema and validator."""
        for pointer in (("paths", path), ("paths", path, method)):
            for index in range(len(self._lookup(uri, pointer)[2].get("parameters", []))):
                at_uri, at_pointer, stated = self._lookup(uri, (*pointer, "parameters", str(index)))
                if stated["in"] == where:
                    pointer_to_schema = (*at_pointer, "schema")
                    schema = self._lookup(at_uri, pointer_to_schema)[2]
                    yield stated, schema, self._validator(at_uri, pointer_to_schema)

    def _validator(
        self,
        uri: str,
        pointer: tuple[str, ...],
        kind: type[Draft202012Validator] = Draft202012Validator,
    ) -> Draft202012Validator:
        fragment = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
        return kind({"$ref": f"{uri}#/{fragment}"}, registry=self._registry, format_checker=FORMATS)

    def _lookup(self, uri: str, pointer: tuple[str, ...]) -> tuple[str, tuple[str, ...], Any]:
        """Return where the value at ``pointer`` stands, references followed, and the value."""
        value: Any = self._documents[uri]
        for part in pointer:
            value = value[int(part)] if isinstance(value, list) else value[part]
        if isinstance(value, dict) and "$ref" in value:
            target, fragment = urldefrag(urljoin(uri, value["$ref"]))
            parts = fragment.removeprefix("/").split("/")
            return self._lookup(
                target, tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
            )
        return uri, pointer, value


def _query_rule(
    stated: dict[str, Any], schema: dict[str, Any], validator: Draft202012Validator
) -> QueryRule:
    repeated = schema.get("type") == "array"
    value = schema["items"] if repeated else schema
    return QueryRule(
        name=stated["name"],
        required=stated.get("required", False),
        kind=value.get("type", "string"),
        repeated=repeated,
        default=schema.get("default"),
        validator=validator,
    )


@lru_cache(maxsize=1)
def load_specs() -> SpecSet:
    """Return the definitions that come with the package, or those of the checkout it lies in.

    Raises:
        SpecError: There are none, or they cannot be read.
    """
    for directory in (_PACKAGE / "specs", _PACKAGE.parents[1] / "specs"):
        if (directory / "serverless.yaml").is_file():
            return SpecSet(directory)
    raise SpecError("The OpenAPI definitions (specs/*.yaml) are not part of this installation.")


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text("utf-8"), _YAML_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name} is not valid YAML: {error}") from error


FORMATS: Final = FormatChecker(formats=["uuid"])


@FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    if isinstance(value, str):
        try:
            parse_time(value)
        except ValueError:
            return False
    return True


@FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    # Text is a matter of type.
    return not isinstance(value, (int, float)) or -(2**31) <= value < 2**31


def _check_type(
    validator: Draft202012Validator, types: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Hold a value to its type; 64-bit integers that are sent as text may be numbers too."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not (types == "string" and schema.get("format") == "int64" and is_number):
        yield from Draft202012Validator.VALIDATORS["type"](validator, types, value, schema)


# The stubs have no types for it.
RequestValidator: Final[type[Draft202012Validator]] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"type": _check_type}
)
"""Validates what clients send, as leniently as they read what they are sent."""
