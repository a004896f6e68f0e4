"""openapi-python-client as a library: its parser reads the document, and may drop nothing."""

from __future__ import annotations

import re
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
    ConfigFile(),
    MetaType.NONE,
    document_source=Path("specs"),
    file_encoding="utf-8",
    overwrite=True,
    output_path=None,
)


class _Validator(OpenAPIV31SpecValidator):
    """Follows references inside the document alone: it opens no file and no URL."""

    resolver_handlers = {}  # noqa: RUF012  # the base declares it so


def validate(bundle: Bundle) -> list[SpecError]:
    """What OpenAPI 3.1 itself finds wrong with a document."""
    data = _masked(bundle.data)
    return [
        bundle.error(_place(data, error), f"not valid OpenAPI 3.1: {_message(error)}: mend it")
        for error in _Validator(data).iter_errors()
    ]


def _masked(value: Any, pointer: Pointer = ()) -> Any:
    """A copy without `$ref` in examples and defaults, which the validator would follow."""
    if isinstance(value, list):
        return [_masked(item, (*pointer, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    hidden = "$ref" in value and position(pointer) == "data"
    return {
        "ref" if hidden and key == "$ref" else key: _masked(item, (*pointer, key))
        for key, item in value.items()
    }


def _message(error: ValidationError) -> str:
    return error.message.split("\n")[0][:300]


def _place(data: dict[str, Any], error: ValidationError) -> Pointer:
    """Where a value is. Errors of schemas and of defaults know only their own end of the way."""
    path = tuple(error.absolute_path)
    for at, value in walk(data):
        ends_so = at[len(at) - len(path) :] == path
        if value is error.schema or (ends_so and value is error.instance):
            return at
    return path


def parse_problems(bundle: Bundle) -> list[SpecError]:
    """What the parser would drop. A warning of its is an error of ours."""
    try:
        parsed = GeneratorData.from_dict(bundle.data, config=CONFIG)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return [bundle.error((), f"the parser fails, so simplify the spec: {error!r}")]
    if isinstance(parsed, GeneratorError):
        return [bundle.error((), f"the parser fails, so mend the spec: {_text(parsed)}")]
    collections = list(parsed.endpoint_collections_by_tag.values())
    dropped = [*parsed.errors, *(error for each in collections for error in each.parse_errors)]
    # What refers to a dropped schema is dropped too: the first cause is enough.
    causes = [error for error in dropped if "Could not find reference" not in _text(error)]
    return [_dropped(bundle, error) for error in causes or dropped] or _missing(bundle, parsed)


def _text(error: GeneratorError) -> str:
    text = f"{error.header} {error.detail or ''}"
    return re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "...", text)


def _dropped(bundle: Bundle, error: GeneratorError) -> SpecError:
    text = _text(error)
    return bundle.error(_mentioned(bundle, text), f"the parser drops this, so change it: {text}")


def _mentioned(bundle: Bundle, text: str) -> Pointer:
    """The place that a message of the parser speaks of, as near as its words allow."""
    found = re.search(r"parsing ([A-Z]+) (\S+) within", text)
    if found:
        return ("paths", found[2], found[1].lower())
    for name in bundle.data["components"].get("schemas", {}):
        if re.search(rf"\b{re.escape(name)}\b", text):
            return ("components", "schemas", name)
    return ()


def _missing(bundle: Bundle, parsed: GeneratorData) -> list[SpecError]:
    """What is not there although the parser gave no warning."""
    models = {str(model.class_info.name) for model in parsed.models}
    operations = {
        endpoint.name
        for collection in parsed.endpoint_collections_by_tag.values()
        for endpoint in collection.endpoints
    }
    lost: list[Pointer] = [
        ("components", "schemas", name)
        for name, schema in (bundle.data["components"].get("schemas") or {}).items()
        if component_kind(schema) == "model" and name not in models
    ]
    lost += [
        ("paths", path, method)
        for path, item in bundle.data["paths"].items()
        for method, operation in item.items()
        if operation["operationId"] not in operations
    ]
    return [
        bundle.error(at, "the parser drops or renames this: choose plainer names") for at in lost
    ]
