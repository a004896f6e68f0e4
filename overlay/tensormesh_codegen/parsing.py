"""openapi-python-client as a library: its parser reads the document, and may drop nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import EndpointCollection, GeneratorData
from openapi_spec_validator import OpenAPIV31SpecValidator

from .bundling import Bundle
from .errors import SpecError

CONFIG = Config.from_sources(
    ConfigFile(),
    MetaType.NONE,
    document_source=Path("specs"),
    file_encoding="utf-8",
    overwrite=True,
    output_path=None,
)


def validate(bundle: Bundle) -> list[SpecError]:
    """What OpenAPI 3.1 itself finds wrong with a document."""
    if not str(bundle.data.get("openapi", "")).startswith("3.1."):
        return [bundle.error(("openapi",), "openapi must be 3.1.x: write `openapi: 3.1.0`")]
    return [
        bundle.error(tuple(error.absolute_path), f"not valid OpenAPI 3.1: {error.message[:300]}")
        for error in OpenAPIV31SpecValidator(bundle.data).iter_errors()
    ]


def parse(bundle: Bundle) -> tuple[GeneratorData | None, list[SpecError]]:
    """Run the parser. A warning of its is an error of ours: it means that something was dropped."""
    try:
        parsed = GeneratorData.from_dict(bundle.data, config=CONFIG)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return None, [bundle.error((), f"the parser fails: {type(error).__name__}: {error}")]
    if isinstance(parsed, GeneratorError):
        return None, [bundle.error((), f"{parsed.header}: {parsed.detail}")]
    errors = [_dropped(bundle, error) for error in parsed.errors]
    for collection in parsed.endpoint_collections_by_tag.values():
        errors.extend(_dropped(bundle, error) for error in collection.parse_errors)
    errors.extend(_missing(bundle, parsed.endpoint_collections_by_tag.values()))
    return parsed, errors


def _dropped(bundle: Bundle, error: GeneratorError) -> SpecError:
    text = f"{error.header} {error.detail or ''}"
    return bundle.error(_mentioned(bundle, text), f"the parser drops this: {text}")


def _mentioned(bundle: Bundle, text: str) -> tuple[str, ...]:
    """The place that a message of the parser speaks of, as near as its words allow."""
    found = re.search(r"parsing ([A-Z]+) (\S+) within", text)
    if found:
        return ("paths", found[2], found[1].lower())
    for name in bundle.data["components"].get("schemas", {}):
        if re.search(rf"\b{re.escape(name)}\b", text):
            return ("components", "schemas", name)
    return ()


def _missing(bundle: Bundle, collections: Any) -> list[SpecError]:
    kept = {
        endpoint.name
        for collection in collections
        if isinstance(collection, EndpointCollection)
        for endpoint in collection.endpoints
    }
    return [
        bundle.error(("paths", path, method), "the parser drops this operation")
        for path, item in (bundle.data.get("paths") or {}).items()
        for method, operation in item.items()
        if isinstance(operation, dict) and operation.get("operationId") not in kept
    ]
