"""Finds the JSON Schema that a prompt asks an answer to follow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tensormesh_local.chat_template import content_text

# The word, and on the same or the next line the schema.
_MENTION = re.compile(r"\bschema\b[^\n{]*\n?\s*(?=\{)", re.IGNORECASE)


def prompted_schema(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the last JSON Schema that a message shows after the word schema; None if none does."""
    decoder = json.JSONDecoder()
    for message in reversed(messages):
        if message.get("role") == "assistant":
            continue
        text = content_text(message.get("content"))
        for mention in reversed([*_MENTION.finditer(text)]):
            try:
                schema, _ = decoder.raw_decode(text, mention.end())
            except (ValueError, RecursionError):
                continue
            found: dict[str, Any] = schema
            return found
    return None
