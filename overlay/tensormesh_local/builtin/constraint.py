"""Answers of a prescribed form: JSON, instances of a schema, choices, regular expressions."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any, Final

from tensormesh_local.builtin.hints import Hints
from tensormesh_local.builtin.regex_sample import sample
from tensormesh_local.builtin.schema_instance import build_instance
from tensormesh_local.builtin.text import reply
from tensormesh_local.generation import Constraint

_KEYS = re.compile(r"\b(?:keys?|fields?|properties|property)\b\s*:?\s*(?P<keys>[^.?!\n]+)", re.I)
_KEY = re.compile(r"[A-Za-z_]\w*")
_NUMBER_KEYS: Final = frozenset(
    [
        "age",
        "count",
        "number",
        "n",
        "total",
        "year",
        "price",
        "amount",
        "quantity",
        "score",
        "id",
        "size",
    ]
)
_NOT_KEYS: Final = frozenset(
    ["and", "or", "a", "an", "the", "called", "named", "with", "as", "in", "of"]
)
_LONGEST_ANSWER: Final = 2000


def constrained_text(constraint: Constraint, text: str, rng: Random) -> str:
    """Return an answer to ``text`` that meets ``constraint``.

    Raises:
        UnsupportedSchemaError: No instance of the schema could be built.
        UnsupportedPatternError: The regular expression cannot be sampled.
    """
    match constraint.kind:
        case "json_object":
            return json.dumps(_object(text, rng), ensure_ascii=False)
        case "json_schema":
            return json.dumps(
                build_instance(constraint.value, rng, Hints.from_text(text)), ensure_ascii=False
            )
        case "regex":
            return sample(constraint.value, rng)
        case "choice":
            mentioned = [each for each in constraint.value if each and each.lower() in text.lower()]
            return str(mentioned[0] if mentioned else rng.choice(constraint.value))


def _object(text: str, rng: Random) -> dict[str, Any]:
    match = _KEYS.search(text)
    keys = (
        [key for key in _KEY.findall(match["keys"]) if key.lower() not in _NOT_KEYS]
        if match
        else []
    )
    if not keys:
        return {"answer": "".join(reply(text, rng))[:_LONGEST_ANSWER]}
    properties = {
        key: {"type": "integer" if key.lower() in _NUMBER_KEYS else "string"} for key in keys[:8]
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    built: dict[str, Any] = build_instance(
        schema, rng, Hints.from_text(text[: match.start()] if match else text)
    )
    return built
