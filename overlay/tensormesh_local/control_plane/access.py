"""Which API keys open the inference hosts, and which models they may use."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tensormesh_local.auth import DEFAULT_USER_ID, StaticKeys
from tensormesh_local.clock import Clock, to_micros
from tensormesh_local.control_plane.billing.prices import published_names
from tensormesh_local.control_plane.deployments.records import DeployedModel, served_models
from tensormesh_local.control_plane.ids import digest
from tensormesh_local.control_plane.state import State

PUBLISHED: Final = 1_767_225_600
"""Creation time of the models with a price, in Unix seconds: 2026-01-01."""

# Scopes that open a host. A key without scopes opens both.
_ANY_HOST: Final = "inference"
_SCOPES: Final = {"serverless": "serverless", "on_demand": "on-demand"}


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The owner of an API key. The host's own keys belong to the default user and have no id."""

    user_id: str
    api_key_id: str = ""
    scopes: tuple[str, ...] = ()

    def may_use(self, surface: str) -> bool:
        """Tell whether the key opens a host (``serverless`` or ``on_demand``)."""
        return not self.scopes or not {_ANY_HOST, _SCOPES[surface]}.isdisjoint(self.scopes)


class InferenceAccess:
    """The API keys of this host, its own and those of the Control Plane, and their models.

    Args:
        keys: The host's own keys.
        state: The Control Plane's state.
        clock: Decides whether a key has expired.
    """

    def __init__(self, keys: Iterable[str], state: State, clock: Clock) -> None:
        self._static = StaticKeys(keys)
        self._state = state
        self._clock = clock

    def authenticate(self, key: str) -> KeyOwner | None:
        """Return the owner of a key, or None if the key is unknown, deleted or expired."""
        if self._static.accepts(key):
            return KeyOwner(DEFAULT_USER_ID)
        with self._state.read() as db:
            row = db.execute(
                "SELECT id, user_id, scopes FROM api_keys WHERE secret_hash = ? "
                "AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
                (digest(key), self._now()),
            ).fetchone()
        if row is None:
            return None
        return KeyOwner(row["user_id"], row["id"], tuple(json.loads(row["scopes"])))

    def served_models(self, user_id: str) -> list[DeployedModel]:
        """Return the running deployments of a user."""
        with self._state.read() as db:
            return served_models(db, user_id, self._now())

    def published_models(self) -> list[DeployedModel]:
        """Return the models that Serverless offers to everyone: those with an active price."""
        with self._state.read() as db:
            names = published_names(db)
        return [DeployedModel("", name, name, PUBLISHED) for name in names]

    def _now(self) -> int:
        return to_micros(self._clock.now())
