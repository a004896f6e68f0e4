"""JSON responses."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_COMPACT_ASCII = json.JSONEncoder(separators=(",", ":")).encode


def dump(value: Any) -> bytes:
    """Return compact JSON in UTF-8. Text with lone surrogates is escaped instead."""
    try:
        return _COMPACT(value).encode()
    except UnicodeEncodeError:
        return _COMPACT_ASCII(value).encode()


class JsonResponse(Response):
    """A JSON response."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the body."""
        return dump(content)
