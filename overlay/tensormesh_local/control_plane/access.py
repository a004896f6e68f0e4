"""Which keys open the inference hosts, and which models these offer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tensormesh_local.auth import DEFAULT_USER_ID, StaticKeys
from tensormesh_local.clock import to_micros
from tensormesh_local.control_plane.billing.prices import published_names
from tensormesh_local.control_plane.deployments.records import DeployedModel, served_models
from tensormesh_local.control_plane.ids import digest

if TYPE_CHECKING:
    from tensormesh_local.clock import Clock
    from tensormesh_local.control_plane.state import State

# When the models of the price table are said to have been made, in unix seconds: 2026-01-01.
PUBLISHED: Final = 1_767_225_600
# Scopes that open a host; a key without any opens both.
_ANY_HOST: Final = "inference"
_SCOPES: Final = {"serverless": "serverless", "on_demand": "on-demand"}


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose a key is. The host's own keys are the default user's; their id is empty."""

    user_id: str
    api_key_id: str = ""
    scopes: tuple[str, ...] = ()

    def may_use(self, surface: str) -> bool:
        """Tell whether the key opens a host (``serverless`` or ``on_demand``)."""
        return not self.scopes or not {_ANY_HOST, _SCOPES[surface]}.isdisjoint(self.scopes)


class KeyRing:
    """The keys of this host: its own, and those of the Control Plane if it has one.

    Args:
        static: The host's own keys.
        state: The Control Plane's state; None without one.
        clock: What tells whether a key has expired.
    """

    def __init__(self, static: StaticKeys, state: State | None, clock: Clock) -> None:
        self._static = static
        self._state = state
        self._clock = clock

    def authorize(self, key: str) -> KeyOwner | None:
        """Return whose a key is; None if it is unknown, deleted or expired."""
        if self._static.accepts(key):
            return KeyOwner(DEFAULT_USER_ID)
        if self._state is None:
            return None
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
        """Return what the user has deployed and runs now."""
        if self._state is None:
            return []
        with self._state.read() as db:
            return served_models(db, user_id, self._now())

    def published_models(self) -> list[DeployedModel]:
        """Return what Serverless offers to all: every model whose price is in force."""
        if self._state is None:
            return []
        with self._state.read() as db:
            names = published_names(db)
        return [DeployedModel("", name, name, PUBLISHED) for name in names]

    def _now(self) -> int:
        return to_micros(self._clock.now())
