"""API keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

DEFAULT_API_KEY: Final = "tm-local-key"
"""The API key that a local host accepts by default."""

DEFAULT_USER_ID: Final = "00000000-0000-4000-8000-000000000001"
"""Id of the default user. On-Demand accepts any UUID."""

DEFAULT_CONTROL_PLANE_TOKEN: Final = "tm-local-token"  # noqa: S105 - it guards nothing
"""The default user's access token by default."""


class StaticKeys:
    """Keys that are configured when the host starts."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def accepts(self, key: str) -> bool:
        """Tell whether this is one of the keys."""
        given = key.encode("utf-8", "surrogatepass")
        accepted = False
        for known in self._keys:
            # Compare all keys, in constant time, so that timing reveals nothing.
            accepted |= hmac.compare_digest(given, known)
        return accepted


def bearer_token(authorization: str | None) -> str | None:
    """Return the bearer token of an ``Authorization`` header, None if it carries none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
