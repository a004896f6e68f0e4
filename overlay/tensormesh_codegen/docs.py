"""Descriptions, constraints and provenance, joined into the sentences of docstrings."""

from __future__ import annotations

import json
from typing import Any

_PROVENANCE = {
    "observed": "Observed, not documented.",
    "inferred": "Inferred, not documented.",
}


def sentences(schema: dict[str, Any], resolved: dict[str, Any]) -> str:
    """One paragraph about a property.

    Args:
        schema: The property's own schema.
        resolved: The schema it stands for: itself, or the target of its reference.
    """
    parts = [_text(schema.get("description") or resolved.get("description"))]
    parts += [_range(schema), _length(schema), _members(schema, resolved)]
    default = schema.get("default")
    if default is not None:
        parts.append(f"Server default: {json.dumps(default, ensure_ascii=False)}.")
    if schema.get("deprecated"):
        parts.append("Deprecated.")
    parts.append(provenance(schema.get("x-tm-provenance") or resolved.get("x-tm-provenance")))
    return " ".join(part for part in parts if part)


def provenance(value: str | None) -> str:
    """The sentence that tells a guess from a documented fact."""
    return _PROVENANCE.get(value or "", "")


def paragraph(text: str | None) -> str:
    """Text folded to one paragraph that ends in a full stop."""
    return _text(text)


def _text(text: str | None) -> str:
    folded = " ".join((text or "").split())
    return folded if not folded or folded[-1] in ".!?:" else f"{folded}."


def _range(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    bounds = []
    if low is not None:
        bounds.append(f"at least {low}")
    if over is not None:
        bounds.append(f"above {over}")
    if high is not None:
        bounds.append(f"at most {high}")
    if under is not None:
        bounds.append(f"below {under}")
    return f"{' and '.join(bounds).capitalize()}." if bounds else ""


def _length(schema: dict[str, Any]) -> str:
    for key, unit in (("Length", "characters"), ("Items", "items")):
        low, high = schema.get(f"min{key}"), schema.get(f"max{key}")
        if low and high:
            return f"{low} to {high} {unit}."
        if low:
            return f"At least {low} {unit if low > 1 else unit.removesuffix('s')}."
        if high:
            return f"At most {high} {unit}."
    return ""


def _members(schema: dict[str, Any], resolved: dict[str, Any]) -> str:
    for source in (schema, resolved):
        if "enum" in source:
            return f"Known values: {', '.join(str(value) for value in source['enum'])}."
    return ""
