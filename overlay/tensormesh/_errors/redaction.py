"""Mask keys and tokens in what a server sent: it may echo those of the request."""

from __future__ import annotations

from .._json import dumps, loads
from ..settings import SHORTEST_SECRET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

HIDDEN = "***"


def sent_secrets(
    headers: Mapping[str, str], content: bytes | None, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the secrets of a request in the forms in which a server may echo them, longest first.

    Args:
        headers: Headers of the request, with its credential.
        content: JSON body, or None.
        names: Fields of the body, at any depth, whose texts are secret.
    """
    found = {headers.get("authorization", "").rpartition(" ")[2]}
    if content and names:
        found.update(_texts_of(loads(content), frozenset(names)))
    found = {secret for secret in found if len(secret) >= SHORTEST_SECRET}
    # As it is, and as JSON, with or without the slash escaped.
    written = {dumps(secret).decode()[1:-1] for secret in found}
    forms = {*found, *written, *(text.replace("/", r"\/") for text in written)}
    return tuple(sorted(forms, key=len, reverse=True))


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


def hide_secrets(content: bytes, secrets: Iterable[str]) -> bytes:
    """Return the bytes with every occurrence of a secret replaced by ``***``."""
    for secret in secrets:
        content = content.replace(secret.encode(), HIDDEN.encode())
    return content


def hide_in_text(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every occurrence of a secret replaced by ``***``."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text
