"""Operations on JSON Schemas."""

from __future__ import annotations

import math
from typing import Any, Final

_KEYWORDS_OF_TYPE: Final = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_TYPE_OF_KEYWORD: Final = {
    keyword: kind for kind, keywords in _KEYWORDS_OF_TYPE.items() for keyword in keywords
}


def numeric_bounds(schema: dict[str, Any], *, whole: bool) -> tuple[float, float]:
    """Return the lowest and highest number that a schema allows, which may be infinite."""
    low = schema.get("minimum", -math.inf)
    high = schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    gap = 1 if whole else 1e-3
    if above is not None:
        low = max(low, above + (gap if not whole or above == int(above) else 0))
    if below is not None:
        high = min(high, below - (gap if not whole or below == int(below) else 0))
    return (math.ceil(low) if whole and math.isfinite(low) else low, high)


def is_null(schema: Any) -> bool:
    """Tell whether a schema allows only null."""
    return isinstance(schema, dict) and (
        schema.get("type") == "null" or schema.get("const", 0) is None
    )


def merge(left: Any, right: Any) -> dict[str, Any]:
    """Return a schema that combines two.

    Properties and required names are joined, and bounds tightened. Otherwise the right one wins.
    """
    if left is False or right is False:
        return {"not": {}}
    if not isinstance(left, dict) or not isinstance(right, dict):
        return dict(left if isinstance(left, dict) else right if isinstance(right, dict) else {})
    merged = {**left, **right}
    for key in left.keys() & right.keys():
        one, other = left[key], right[key]
        if key in {"properties", "patternProperties", "$defs"}:
            merged[key] = {
                **one,
                **{k: merge(one[k], v) if k in one else v for k, v in other.items()},
            }
        elif key in {"required", "allOf"}:
            merged[key] = list(one) + [each for each in other if each not in one]
        elif key.startswith(("min", "exclusiveMin")):
            merged[key] = max(one, other)
        elif key.startswith(("max", "exclusiveMax")):
            merged[key] = min(one, other)
        elif key == "enum":
            merged[key] = [each for each in one if each in other] or other
    return merged


def type_of(schema: dict[str, Any]) -> str:
    """Return the JSON type of a schema, or the type that its keywords suggest."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return str(next((each for each in kind if each != "null"), "null"))
    if isinstance(kind, str):
        return kind
    return next((_TYPE_OF_KEYWORD[key] for key in schema if key in _TYPE_OF_KEYWORD), "string")
