"""JSON, for programs."""

from __future__ import annotations

import json


def dump(data: object, *, ascii_only: bool) -> str:
    """Data as JSON with an indent of two, keys in their order, and a line end."""
    return json.dumps(data, indent=2, ensure_ascii=ascii_only, default=str) + "\n"


def compact(data: object, *, ascii_only: bool) -> str:
    """Data as JSON on one line, without spaces, and a line end."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=ascii_only, default=str) + "\n"
