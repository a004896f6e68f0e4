"""Mask keys and tokens in what a server sent: it may echo those of the request."""

from __future__ import annotations

import re

from .._json import dumps, loads
from ..settings import SHORTEST_SECRET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, AnyStr

HIDDEN = "***"


def sent_secrets(
    headers: Mapping[str, str], content: bytes | None, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the secrets of a request, longest first.

    Args:
        headers: Headers of the request, with its credential.
        content: JSON body, or None.
        names: Fields of the body, at any depth, whose texts are secret.
    """
    found = {headers.get("authorization", "").rpartition(" ")[2]}
    if content and names:
        found.update(_texts_of(loads(content), frozenset(names)))
    found = {secret for secret in found if len(secret) >= SHORTEST_SECRET}
    return tuple(sorted(found, key=len, reverse=True))


def _texts_of(value: Any, names: frozenset[str]) -> Iterator[str]:
    """Yield the texts in the fields of these names, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _texts_of(item, names)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                if name in names:
                    yield item
            else:
                yield from _texts_of(item, names)


def hide_secrets(content: AnyStr, secrets: Iterable[str]) -> AnyStr:
    """Return text or bytes with every occurrence of a secret replaced with ``***``.

    Finds secrets as they are, percent-encoded, and with any characters escaped as in JSON.
    """
    for secret in secrets:
        pattern = "".join(map(_spellings, secret))
        if isinstance(content, bytes):
            content = re.sub(pattern.encode(), HIDDEN.encode(), content)
        else:
            content = re.sub(pattern, HIDDEN, content)
    return content


def has_secret(text: str, secrets: Iterable[str]) -> bool:
    """Return whether a text contains a secret, in any of the forms that `hide_secrets` finds."""
    return hide_secrets(text, secrets) != text


def _spellings(character: str) -> str:
    """Return a pattern for the ways in which a server may write a character."""
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    units = character.encode("utf-16-be").hex(" ", 2).split()
    forms = {character, dumps(character).decode()[1:-1], percent, percent.upper()}
    forms |= {"".join(f"\\u{unit}" for unit in case) for case in (units, map(str.upper, units))}
    if character == "/":
        forms.add(r"\/")
    # The longest first, so that no part of an escape is left over.
    return f"(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"
