"""Find keys and tokens in JSON data, and mask them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api.control_plane.commands import SECRETS, SECRETS_SHOWN_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN = "***"
ALWAYS_HIDDEN = SECRETS - SECRETS_SHOWN_ONCE


def secrets_in(data: Any, names: frozenset[str] = SECRETS) -> list[str]:
    """Return the values of these fields in JSON data, at any depth."""
    return [
        value for name, value in _leaves(data) if name in names and isinstance(value, str) and value
    ]


def secrets_shown_once(data: Any) -> list[str]:
    """Return the secrets in a response that no later response repeats."""
    return secrets_in(data, SECRETS_SHOWN_ONCE)


def has_all(data: Any, secrets: list[str]) -> bool:
    """Return whether JSON data contains all these secrets, possibly within longer texts."""
    texts = [value for _, value in _leaves(data) if isinstance(value, str)]
    return all(any(secret in text for text in texts) for secret in secrets)


def without_secrets(data: Any, names: frozenset[str] = SECRETS) -> Any:
    """Return JSON data with the values of these fields replaced with `***`, at any depth."""
    if isinstance(data, list):
        return [without_secrets(item, names) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: HIDDEN
        if key in names and isinstance(inner, str) and inner
        else without_secrets(inner, names)
        for key, inner in data.items()
    }


def _leaves(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, inner in data.items():
            yield from _leaves(inner, key)
    elif isinstance(data, list):
        for inner in data:
            yield from _leaves(inner, name)
    else:
        yield name, data
