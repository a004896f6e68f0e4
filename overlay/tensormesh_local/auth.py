"""API keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

DEFAULT_API_KEY: Final = "tm-local-key"
"""The key that a local host accepts unless told otherwise."""

DEFAULT_USER_ID: Final = "00000000-0000-4000-8000-000000000001"
"""A user id to use with a local host; On-Demand takes any UUID."""


DEFAULT_CONTROL_PLANE_TOKEN: Final = "tm-local-token"  # noqa: S105 - it guards nothing
"""The access token of the default user that a local host accepts unless told otherwise."""


class StaticKeys:
    """Keys that are given to the host when it starts."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def accepts(self, key: str) -> bool:
        """Tell whether this is one of the keys."""
        given = key.encode("utf-8", "surrogatepass")
        accepted = False
        for known in self._keys:
            # Every key is compared, in constant time, so that timing tells nothing.
            accepted |= hmac.compare_digest(given, known)
        return accepted


def bearer_token(authorization: str | None) -> str | None:
    """Return the bearer token of an ``Authorization`` header, None if it carries none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
