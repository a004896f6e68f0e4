"""API keys."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_API_KEY: Final = "tm-local-key"
"""The key that a local host accepts unless told otherwise."""

DEFAULT_USER_ID: Final = "00000000-0000-4000-8000-000000000001"
"""A user id to use with a local host; On-Demand takes any UUID."""


class KeyRing:
    """The API keys that open the inference hosts."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def accepts(self, authorization: str | None) -> bool:
        """Tell whether an ``Authorization`` header carries one of the keys as a bearer token."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        given = key.strip().encode()
        accepted = False
        for known in self._keys:
            # Every key is compared, in constant time, so that timing tells nothing.
            accepted |= hmac.compare_digest(given, known)
        return accepted
