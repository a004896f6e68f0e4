"""Read operations and schemas from the OpenAPI definitions. Nothing else reads YAML here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

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

_FORMATS: Final = FormatChecker(formats=["uuid"])


@_FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    if isinstance(value, str):
        try:
            parse_time(value)
        except ValueError:
            return False
    return True


@_FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    # Whether it is a number at all is checked by its type.
    return not isinstance(value, (int, float)) or -(2**31) <= value < 2**31


def _check_type(
    validator: Draft202012Validator, types: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check the type of a value. 64-bit integers, which are strings on the wire, may be numbers."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not (types == "string" and schema.get("format") == "int64" and is_number):
        yield from Draft202012Validator.VALIDATORS["type"](validator, types, value, schema)


# The stubs have no types for it.
_RequestValidator: Final[type[Draft202012Validator]] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"type": _check_type}
)


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

    Attributes:
        name: Its name.
        required: Whether it must be given.
        kind: JSON type of the value, or of its items if it is repeated.
        repeated: Whether it is a list, given by repeating the parameter.
        default: The default value, or None.
        validator: Validates the value.
    """

    name: str
    required: bool
    kind: str
    repeated: bool
    default: Any
    validator: Draft202012Validator


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one host, according to the definitions."""

    surface: str
    operation_id: str
    method: str
    path: str
    needs_key: bool
    headers: tuple[HeaderRule, ...]
    query: tuple[QueryRule, ...]
    body_validator: Draft202012Validator | None


class SpecSet:
    """The OpenAPI documents of a directory, which may refer to each other.

    Args:
        directory: The directory of ``serverless.yaml``, ``on_demand.yaml``, and others.

    Raises:
        SpecError: A document is missing or is not YAML.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        base = directory.resolve().as_uri() + "/"
        self._documents = {
            path.stem: _with_absolute_references(_read(path), urljoin(base, path.name))
            for path in sorted(directory.glob("*.yaml"))
        }
        self._registry: Registry[Any] = Registry().with_resources(
            (urljoin(base, f"{name}.yaml"), DRAFT202012.create_resource(contents))
            for name, contents in self._documents.items()
        )
        self._resolver = self._registry.resolver()

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
        """Return the validator of a response body or event, or None if it is not defined."""
        paths = self._documents[operation.surface]["paths"]
        responses = paths[operation.path][operation.method.lower()]["responses"]
        response = self._resolve(responses.get(str(status), responses.get("default")))
        content = response.get("content", {})
        return self._validator(content[media_type]["schema"]) if media_type in content else None

    def _operations(self, surface: str) -> tuple[Operation, ...]:
        if surface not in self._documents:
            raise SpecError(f"{surface}.yaml is missing in {self._directory}")
        document = self._documents[surface]
        return tuple(
            self._operation(surface, path, method, item, document.get("security", []))
            for path, item in document["paths"].items()
            for method in _METHODS
            if method in item
        )

    def _operation(
        self, surface: str, path: str, method: str, item: dict[str, Any], default_security: Any
    ) -> Operation:
        operation = item[method]
        security = operation.get("security", default_security)
        parameters = [
            self._resolve(parameter)
            for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]
        ]
        body = None
        if "requestBody" in operation:
            content = self._resolve(operation["requestBody"])["content"]
            body = self._validator(content[_JSON]["schema"], _RequestValidator)
        return Operation(
            surface=surface,
            operation_id=operation["operationId"],
            method=method.upper(),
            path=path,
            needs_key=bool(security) and {} not in security,
            headers=tuple(
                HeaderRule(
                    each["name"], each.get("required", False), self._validator(each["schema"])
                )
                for each in parameters
                if each["in"] == "header"
            ),
            query=tuple(self._query_rule(each) for each in parameters if each["in"] == "query"),
            body_validator=body,
        )

    def _query_rule(self, parameter: dict[str, Any]) -> QueryRule:
        schema = self._resolve(parameter["schema"])
        repeated = schema.get("type") == "array"
        value = self._resolve(schema["items"]) if repeated else schema
        return QueryRule(
            name=parameter["name"],
            required=parameter.get("required", False),
            kind=value.get("type", "string"),
            repeated=repeated,
            default=schema.get("default"),
            validator=self._validator(schema),
        )

    def _validator(
        self, schema: Any, kind: type[Draft202012Validator] = Draft202012Validator
    ) -> Draft202012Validator:
        return kind(schema, registry=self._registry, format_checker=_FORMATS)

    def _resolve(self, value: Any) -> Any:
        """Return a value of a document, or what it refers to."""
        while isinstance(value, dict) and "$ref" in value:
            value = self._resolver.lookup(value["$ref"]).contents
        return value


@lru_cache(maxsize=1)
def load_specs() -> SpecSet:
    """Return the definitions in the package, or those of the checkout that contains it.

    Raises:
        SpecError: They are missing or cannot be read.
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


def _with_absolute_references(value: Any, uri: str) -> Any:
    """Return a document whose references work from anywhere."""
    if isinstance(value, list):
        return [_with_absolute_references(each, uri) for each in value]
    if isinstance(value, dict):
        return {
            name: urljoin(uri, each)
            if name == "$ref" and isinstance(each, str)
            else _with_absolute_references(each, uri)
            for name, each in value.items()
        }
    return value
