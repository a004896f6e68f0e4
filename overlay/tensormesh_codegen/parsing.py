"""Checks by openapi-python-client and openapi-spec-validator; nothing may be dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import ValidationError
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import GeneratorData
from openapi_spec_validator import OpenAPIV31SpecValidator

from .building import component_kind
from .bundling import Bundle, position, walk
from .errors import SpecError
from .loading import Pointer

CONFIG = Config.from_sources(
    ConfigFile(), MetaType.NONE, Path("specs"), "utf-8", overwrite=True, output_path=None
)


class _Validator(OpenAPIV31SpecValidator):
    """A validator that follows only local references and opens no file or URL."""

    resolver_handlers = {}  # noqa: RUF012  # the base declares it so


def validate(bundle: Bundle) -> list[SpecError]:
    """Return an error for every violation of OpenAPI 3.1."""
    data = _masked(bundle.data)
    errors = [
        (error.message.split("\n")[0][:300], error) for error in _Validator(data).iter_errors()
    ]
    return [
        bundle.error(_place(data, error), f"invalid OpenAPI 3.1: {message}: fix it")
        for message, error in errors
    ]


def _masked(value: Any, pointer: Pointer = ()) -> Any:
    """Return a copy without `$ref` in examples and defaults, which the validator would follow."""
    if isinstance(value, list):
        return [_masked(item, (*pointer, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    hidden = "$ref" in value and position(pointer) == "data"
    return {
        "ref" if hidden and key == "$ref" else key: _masked(item, (*pointer, key))
        for key, item in value.items()
    }


def _place(data: dict[str, Any], error: ValidationError) -> Pointer:
    """Return the place of an error. Some errors only know the end of their path."""
    path = tuple(error.absolute_path)
    for at, value in walk(data):
        ends_so = at[len(at) - len(path) :] == path
        if value is error.schema or (ends_so and value is error.instance):
            return at
    return path


def parse_problems(bundle: Bundle) -> list[SpecError]:
    """Collect everything the parser would drop; parser warnings are treated as errors."""
    try:
        parsed = GeneratorData.from_dict(bundle.data, config=CONFIG)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return [bundle.error((), f"the parser failed ({error!r}): simplify the spec")]
    if isinstance(parsed, GeneratorError):
        return [bundle.error((), f"the parser failed ({_text(parsed)}): fix the spec")]
    collections = list(parsed.endpoint_collections_by_tag.values())
    dropped = [*parsed.errors, *(error for each in collections for error in each.parse_errors)]
    # References to a dropped schema are dropped too: report only the cause.
    causes = [error for error in dropped if "Could not find reference" not in _text(error)]
    found = [(_place_of(bundle, _text(each)), f" ({_text(each)})") for each in causes or dropped]
    found = found or [(at, " or renames it") for at in _missing(bundle, parsed)]
    return [bundle.error(at, f"the parser drops this{why}: simplify it") for at, why in found]


def _text(error: GeneratorError) -> str:
    text = f"{error.header} {error.detail or ''}"
    return re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "...", text)


def _place_of(bundle: Bundle, text: str) -> Pointer:
    """Return the place that a message of the parser is about, as far as its text tells."""
    found = re.search(r"parsing ([A-Z]+) (\S+) within", text)
    if found:
        return ("paths", found[2], found[1].lower())
    for name in bundle.data["components"].get("schemas", {}):
        if re.search(rf"\b{re.escape(name)}\b", text):
            return ("components", "schemas", name)
    return ()


def _missing(bundle: Bundle, parsed: GeneratorData) -> Iterator[Pointer]:
    """Yield everything the parser dropped without a warning."""
    models = {str(model.class_info.name) for model in parsed.models}
    collections = parsed.endpoint_collections_by_tag.values()
    operations = {endpoint.name for each in collections for endpoint in each.endpoints}
    for name, schema in (bundle.data["components"].get("schemas") or {}).items():
        if component_kind(schema) == "model" and name not in models:
            yield ("components", "schemas", name)
    for path, item in bundle.data["paths"].items():
        for method, operation in item.items():
            if operation["operationId"] not in operations:
                yield ("paths", path, method)
