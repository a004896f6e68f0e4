"""Token counts of several requests, added up."""

from __future__ import annotations

from typing import Any

from tensormesh_api.inference.models.usage_info import UsageInfo


def add_usage(one: UsageInfo | None, other: UsageInfo | None) -> UsageInfo | None:
    """The sum of two counts, details included; None if there is neither."""
    if one is None or other is None:
        return one or other
    return UsageInfo.from_dict(_add(one.to_dict(), other.to_dict()))


def _add(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    total = dict(one)
    for key, value in other.items():
        known = total.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            total[key] = _add(known, value)
        elif isinstance(known, int | float) and isinstance(value, int | float):
            total[key] = known + value
        elif known is None:
            total[key] = value
    return total
