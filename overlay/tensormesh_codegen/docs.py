"""Descriptions and constraints of a spec, joined into the sentences of docstrings."""

from __future__ import annotations

import json
import re
from typing import Any

from .bundling import walk
from .naming import attribute

_INT64 = (-(2**63), 2**63 - 1)


def wording(
    schema: dict[str, Any], resolved: dict[str, Any], *, above: dict[str, Any]
) -> dict[str, Any]:
    """Describe a property or a parameter, and say how it is known.

    Args:
        schema: Schema of the property itself.
        resolved: The schema it stands for: itself, or the target of its reference.
        above: The object or operation that it belongs to.

    Returns:
        Attributes of a `Field`: doc, short, provenance, note.
    """
    default = schema.get("default")
    text = "" if default is None else f"Default: {json.dumps(default, ensure_ascii=False)}."
    short = _join(
        paragraph(schema.get("description") or resolved.get("description")),
        _range(schema),
        _length(schema),
        text,
        "Deprecated." if schema.get("deprecated") else "",
    )
    values = schema.get("enum") or resolved.get("enum")
    known = (part.get("x-tm-provenance") for part in (schema, resolved, above))
    return {
        "doc": _join(short, f"Known values: {', '.join(map(str, values))}." if values else ""),
        "short": short,
        "provenance": next(filter(None, known), "documented"),
        "note": paragraph(schema.get("x-tm-provenance-note")),
    }


def paragraph(text: str | None) -> str:
    """Fold text to one paragraph that ends in a full stop."""
    folded = " ".join((text or "").split())
    return folded if not folded or folded[-1] in ".!?:" else f"{folded}."


def speak_python(data: dict[str, Any]) -> None:
    """Replace wire names in descriptions by Python names: `pageToken` by `page_token`."""
    places = [item for _, item in walk(data) if isinstance(item, dict)]
    wires = {item["name"] for item in places if "in" in item and isinstance(item.get("name"), str)}
    for item in places:
        if isinstance(item.get("properties"), dict):
            wires.update(item["properties"])
    names = {wire: attribute(wire) for wire in wires}
    for item in places:
        for key in ("description", "summary"):
            if isinstance(item.get(key), str):
                item[key] = re.sub(
                    r"`(\w+)`", lambda found: f"`{names.get(found[1], found[1])}`", item[key]
                )


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _range(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if (low, high) == _INT64:
        return "Signed 64-bit integer."
    high = None if high == _INT64[1] else high
    if low is not None and high is not None:
        return f"Between {low} and {high}."
    words = {"at least": low, "greater than": over, "at most": high, "less than": under}
    bounds = [f"{word} {bound}" for word, bound in words.items() if bound is not None]
    return f"{', '.join(bounds).capitalize()}." if bounds else ""


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
