"""Single values as people read them: money, times and enums."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

from tensormesh_api.control_plane.commands import MONEY

UNSPECIFIED = "_UNSPECIFIED"
"""How the member of an enum ends that stands for a value that is not set."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)\Z")
_CURRENCY, _UNITS, _NANOS = MONEY
# Control characters, except line ends and tabs, and marks that reorder text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_COLOR = re.compile("(\x1b\\[[0-9;]*m)")
_NANO = Decimal("1e-9")


def clean(text: str, *, keep_colors: bool = False) -> str:
    """Return text without characters that control a terminal."""
    parts = _COLOR.split(text)
    parts[::2] = [_CONTROL.sub("", part) for part in parts[::2]]
    return "".join(parts if keep_colors else parts[::2])


def shown(value: object) -> str:
    """Return a value as people read it, empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return time_text(value) or value
    if isinstance(value, dict):
        money = money_text(value)
        if money is not None:
            return money
    if isinstance(value, list) and all(is_plain(item) for item in value):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def is_plain(value: object) -> bool:
    """Return whether a value fits in a cell: anything but lists, and objects except money."""
    if isinstance(value, dict):
        return money_text(value) is not None
    return not isinstance(value, list)


def unwrapped(data: object) -> object:
    """Return the object below the only key of an object, or `data` itself."""
    if isinstance(data, dict) and len(data) == 1:
        inner = next(iter(data.values()))
        if isinstance(inner, dict):
            return inner
    return data


def money_text(value: dict[str, object]) -> str | None:
    """Return an exact amount such as `12.50 USD`, or None if the object is not an amount."""
    if _CURRENCY not in value or not value.keys() <= set(MONEY):
        return None
    try:
        units = int(str(value.get(_UNITS) or 0))
        amount = units + int(str(value.get(_NANOS) or 0)) * _NANO
    except ValueError:
        return None
    text = format(amount.quantize(_NANO), "f").rstrip("0")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<2} {value[_CURRENCY]}"


def time_text(value: str) -> str | None:
    """Return a time such as `2026-05-01 00:00` in UTC, or None if the text is not a time."""
    if not _TIME.match(value):
        return None
    try:
        time = datetime.fromisoformat(value).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return time.strftime("%Y-%m-%d %H:%M")


def short_member(field: str, value: str) -> str:
    """Return `H100` for the `GPU_TYPE_H100` of a field `gpuType`. Other texts stay the same."""
    if value.endswith(UNSPECIFIED):
        return ""
    word = re.findall("[A-Z]?[a-z0-9]+", field)[-1:]
    before, found, member = value.partition(f"{word[0].upper()}_" if word else "_")
    is_member = found and member and re.fullmatch("([A-Z0-9]+_)*", before)
    return member if is_member and member == member.upper() else value
