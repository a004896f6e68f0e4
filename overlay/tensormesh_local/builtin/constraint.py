"""Answers with a required form: JSON, instances of a schema, choices, regular expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from tensormesh_local.builtin.hints import Hints
from tensormesh_local.builtin.regex_sample import sample
from tensormesh_local.builtin.schema_instance import build_instance
from tensormesh_local.builtin.text import reply
from tensormesh_local.chat_template import content_text
from tensormesh_local.generation import Constraint

_KEYS = re.compile(r"\b(?:keys?|fields?|properties|property)\b\s*:?\s*(?P<keys>[^.?!\n]+)", re.I)
_KEY = re.compile(r"[A-Za-z_]\w*")
_NUMBER_KEYS: Final = frozenset(
    "age count number n total year price amount quantity score id size".split()  # noqa: SIM905
)
_NOT_KEYS: Final = frozenset("and or a an the called named with as in of".split())  # noqa: SIM905
# The word "schema", followed on the same or the next line by a JSON object.
_SCHEMA_MENTION = re.compile(r"\bschema\b[^\n{]*\n?\s*(?=\{)", re.IGNORECASE)
_MOST_KEYS: Final = 8
_LONGEST_ANSWER: Final = 2000


def constrained_text(constraint: Constraint, text: str, rng: Random) -> str:
    """Return an answer to ``text`` that meets a constraint.

    Raises:
        UnsupportedSchemaError: No instance of the schema could be built.
        UnsupportedPatternError: The regular expression cannot be sampled.
    """
    match constraint.kind:
        case "json_object":
            return json.dumps(_object(text, rng), ensure_ascii=False)
        case "json_schema":
            instance = build_instance(constraint.value, rng, Hints.from_text(text))
            return json.dumps(instance, ensure_ascii=False)
        case "regex":
            return sample(constraint.value, rng)
        case "choice":
            mentioned = [each for each in constraint.value if each and each.lower() in text.lower()]
            return str(mentioned[0] if mentioned else rng.choice(constraint.value))


def prompted_schema(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the last JSON Schema that a message shows after the word "schema", or None."""
    decoder = json.JSONDecoder()
    for message in reversed(messages):
        if message.get("role") == "assistant":
            continue
        text = content_text(message.get("content"))
        for mention in reversed([*_SCHEMA_MENTION.finditer(text)]):
            try:
                schema, _ = decoder.raw_decode(text, mention.end())
            except (ValueError, RecursionError):
                continue
            found: dict[str, Any] = schema
            return found
    return None


def _object(text: str, rng: Random) -> Any:
    """Return an object with the keys that a text asks for, or with an answer."""
    match = _KEYS.search(text)
    named = _KEY.findall(match["keys"]) if match else []
    keys = [key for key in named if key.lower() not in _NOT_KEYS]
    if match is None or not keys:
        return {"answer": "".join(reply(text, rng))[:_LONGEST_ANSWER]}
    properties = {
        key: {"type": "integer" if key.lower() in _NUMBER_KEYS else "string"}
        for key in keys[:_MOST_KEYS]
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return build_instance(schema, rng, Hints.from_text(text[: match.start()]))
