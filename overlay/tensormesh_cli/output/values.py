"""How single values of the API read: money, times, and all the rest."""

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
# What moves a cursor, turns text around, or worse. Line ends and tabs are harmless.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_COLOR = re.compile("(\x1b\\[[0-9;]*m)")
_NANO = Decimal("1e-9")


def clean(text: str, *, keep_colors: bool = False) -> str:
    """The text without characters that would act on a terminal instead of being seen.

    Args:
        text: any text, such as one that a server sent.
        keep_colors: leave sequences that set colours.
    """
    parts = _COLOR.split(text)
    parts[::2] = [_CONTROL.sub("", part) for part in parts[::2]]
    return "".join(parts if keep_colors else parts[::2])


def shown(value: object) -> str:
    """A value as people read it; empty for None.

    Args:
        value: JSON data.
    """
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
    """Whether a value reads well in one cell: it is no list, and no object but an amount."""
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
    """An amount such as ``"12.50 USD"``, exact; None if the object is no amount."""
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
    """A time such as ``"2026-05-01 00:00"`` in UTC; None if the text is no time."""
    if not _TIME.match(value):
        return None
    try:
        time = datetime.fromisoformat(value).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return time.strftime("%Y-%m-%d %H:%M")


def short_member(field: str, value: str) -> str:
    """A member of an enum without what all members of it begin with, and nothing if unspecified.

    Args:
        field: the name of its field, such as ``"gpuType"``.
        value: a text, such as ``"GPU_TYPE_H100"``, which becomes ``"H100"``; any other stays.
    """
    if value.endswith(UNSPECIFIED):
        return ""
    word = re.findall("[A-Z]?[a-z0-9]+", field)[-1:]
    before, found, member = value.partition(f"{word[0].upper()}_" if word else "_")
    is_member = found and member and re.fullmatch("([A-Z0-9]+_)*", before)
    return member if is_member and member == member.upper() else value
