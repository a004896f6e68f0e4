"""Ids and secrets."""

from __future__ import annotations

import random
import secrets
import threading
import uuid
from base64 import urlsafe_b64encode
from hashlib import sha256


class IdSource:
    """Creates ids and secrets, which are unguessable unless there is a seed.

    Args:
        seed: Seed for repeatable ids; by default they are random.
        generation: How often the state was opened before, so that ids do not repeat in a state
            that is kept.
    """

    def __init__(self, seed: int | None = None, generation: int = 0) -> None:
        self._lock = threading.Lock()
        self._random: random.Random = secrets.SystemRandom()
        if seed is not None:
            # Repeatable on purpose, for documents and tests.
            self._random = random.Random(f"{seed}/{generation}")  # noqa: S311

    def new_id(self, prefix: str) -> str:
        """Return an id such as ``key_0f3a...`` for prefix ``key``."""
        return f"{prefix}_{self._bytes(8).hex()}"

    def new_uuid(self) -> str:
        """Return a random UUID."""
        return str(uuid.UUID(bytes=self._bytes(16), version=4))

    def new_secret(self, prefix: str) -> str:
        """Return a secret such as ``ak-...`` for prefix ``ak``; it has 192 random bits."""
        return f"{prefix}-{urlsafe_b64encode(self._bytes(24)).decode()}"

    def _bytes(self, count: int) -> bytes:
        with self._lock:
            return self._random.randbytes(count)


def digest(secret: str) -> str:
    """Return the hash of a secret. Secrets are long and random, so a plain hash suffices."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
