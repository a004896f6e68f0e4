"""Takes out of an exchange all that could tell whose it is, and leaves its shape.

What stands in the specifications is public and stays: names of fields, members of enumerations,
texts of examples. Every other text is replaced by a placeholder of its kind, the same one for the
same text, so that ids still refer to each other. Times, amounts and counts stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from support.contract_exchanges import DONE, Exchange, event_data, whole_document
from support.contract_fields import is_field_name
from support.inference_specs import Json

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URL = re.compile(r"[a-z][a-z0-9+.-]*://\S*", re.IGNORECASE)
TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?")
AMOUNT = re.compile(r"-?\d{1,9}\.\d{1,18}|-?\d{1,6}")
DIGITS = re.compile(r"\d+")
# A shorter credential is looked for as a whole text: parts like it are everywhere.
LONG_ENOUGH = 6
# The field of a number that tells who or what is meant.
NUMBERED = re.compile(r"id|.*(_id|Id|ID)", re.DOTALL)


class Sanitizer:
    """Replaces texts by placeholders, the same ones for all exchanges that it is given.

    Args:
        secrets: Texts that must not stay even if a specification has them.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = [secret for secret in secrets if secret]
        self._placeholders: dict[str, str] = {}

    def clean(self, exchange: Exchange) -> Exchange:
        """The exchange with nothing in it that tells whose it is."""
        known = _public_texts(exchange.host)
        return replace(
            exchange,
            query=self._value(dict(exchange.query), known),
            request=self._value(exchange.request, known),
            media_type=exchange.media_type if exchange.media_type in MEDIA_TYPES else "other/other",
            text=self._text(exchange, known),
        )

    def _text(self, exchange: Exchange, known: frozenset[str]) -> str:
        if exchange.is_stream:
            return "".join(
                f"data: {self._event(data, known)}\n\n" for data in event_data(exchange.text)
            )
        return self._event(exchange.text, known) if exchange.text else ""

    def _event(self, text: str, known: frozenset[str]) -> str:
        if text == DONE:
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return f"not JSON: {len(text)} characters"
        return json.dumps(self._value(value, known), ensure_ascii=False)

    def _value(self, value: Json, known: frozenset[str], name: str = "") -> Json:
        if isinstance(value, dict):
            return {
                self._key(key, known): self._value(inside, known, key)
                for key, inside in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, known, name) for item in value]
        if isinstance(value, str):
            return self._string(value, known)
        if isinstance(value, int) and not isinstance(value, bool) and NUMBERED.fullmatch(name):
            return int(self._placeholder(str(value), "1{0:09d}"))
        return value

    def _key(self, key: str, known: frozenset[str]) -> str:
        is_plain = is_field_name(key) and not self._is_secret(key)
        return key if is_plain else self._string(key, known)

    def _string(self, text: str, known: frozenset[str]) -> str:
        if not text or (not self._is_secret(text) and (text in known or _is_plain(text))):
            return text
        if UUID.fullmatch(text):
            return self._placeholder(text, "00000000-0000-4000-8000-{0:012d}")
        if EMAIL.fullmatch(text):
            return self._placeholder(text, "person-{0}@example.com")
        if URL.fullmatch(text):
            return self._placeholder(text, "https://example.com/{0}")
        if DIGITS.fullmatch(text):
            return self._placeholder(text, "1{0:09d}")
        return self._placeholder(text, "text-{0}")

    def _is_secret(self, text: str) -> bool:
        return any(
            secret == text or (len(secret) >= LONG_ENOUGH and secret in text)
            for secret in self._secrets
        )

    def _placeholder(self, text: str, form: str) -> str:
        return self._placeholders.setdefault(text, form.format(len(self._placeholders) + 1))


MEDIA_TYPES = (
    "",
    "application/json",
    "application/problem+json",
    "text/event-stream",
    "text/html",
    "text/plain",
)


def _is_plain(text: str) -> bool:
    """Whether a text is a time or an amount."""
    return bool(TIME.fullmatch(text) or AMOUNT.fullmatch(text))


@cache
def _public_texts(host: str) -> frozenset[str]:
    """Every text of a specification, names of fields included."""
    found: set[str] = set()
    rest: list[Any] = [whole_document(host)]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            found.update(str(key) for key in value)
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return frozenset(found)
