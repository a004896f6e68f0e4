"""What a handler of an operation gets to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import to_micros
from tensormesh_local.control_plane.errors import invalid_argument, not_found, permission_denied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_local.clock import Clock
    from tensormesh_local.control_plane.ids import IdSource
    from tensormesh_local.control_plane.state import State

USER: Final = "USER_ROLE_USER"
ADMIN: Final = "USER_ROLE_ADMIN"
SUPER_ADMIN: Final = "USER_ROLE_SUPER_ADMIN"
EMPTY: Final[dict[str, Any]] = {"empty": {}}
"""The answer of operations that have nothing to tell."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user to whom the access token of a request belongs."""

    id: str
    email: str
    role: str

    @property
    def is_admin(self) -> bool:
        """Whether the user may act for others."""
        return self.role in {ADMIN, SUPER_ADMIN}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the host was started.

    ``api_key`` is the default user's key for inference, ``token`` that user's access token,
    ``auto_approve`` whether browser logins need no click.
    """

    api_key: str
    token: str
    auto_approve: bool = False


@dataclass(frozen=True)
class Context:
    """One request that passed authentication and validation, and the world it is about.

    ``path``, ``query`` and ``body`` have wire names and hold plain values as the definitions
    state them; a query parameter that was left out is there only if it has a default.
    ``base_url`` is where the client reached the Control Plane, without a slash at the end.
    """

    state: State
    clock: Clock
    ids: IdSource
    settings: Settings
    base_url: str
    user: Caller | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def now(self) -> int:
        """The time of the request, in microseconds; the same throughout."""
        return to_micros(self.clock.now())

    @property
    def caller(self) -> Caller:
        """Who asks. Operations without a token have no caller and must not ask for one."""
        assert self.user is not None
        return self.user

    @property
    def is_admin(self) -> bool:
        """Whether the caller may act for others."""
        return self.caller.is_admin

    @property
    def on_demand_base_url(self) -> str:
        """Where the client reaches the On-Demand API of this host."""
        return self.base_url.rpartition("/")[0] + "/on-demand"

    def new_id(self, prefix: str) -> str:
        """Return a new id such as ``key_0f3a...`` for prefix ``key``."""
        return self.ids.new_id(prefix)

    def require_admin(self, operator_id: str | None = None) -> None:
        """Refuse callers who are no administrators.

        Args:
            operator_id: The operator that the request names; must be the caller if given.

        Raises:
            ControlPlaneError: 403.
        """
        if not self.is_admin:
            raise permission_denied("Only administrators may do this.")
        self.require_caller(operator_id)

    def require_caller(self, actor_id: str | None) -> None:
        """Refuse a request that names somebody else than the caller as the one who acts.

        Raises:
            ControlPlaneError: 403.
        """
        if actor_id and actor_id != self.caller.id:
            raise permission_denied("userId: everybody acts in their own name.")

    def owner(self, user_id: str | None) -> str:
        """Return the user whose account is meant: the one named, or the caller.

        Raises:
            ControlPlaneError: 403, the caller may not act for that user; 404, there is none.
        """
        if not user_id or user_id == self.caller.id:
            return self.caller.id
        if not self.is_admin:
            raise permission_denied("userId: only administrators may act for other users.")
        self.require_user(user_id)
        return user_id

    def require_user(self, user_id: str) -> None:
        """Refuse the id of a user who does not exist.

        Raises:
            ControlPlaneError: 404.
        """
        with self.state.read() as db:
            if db.execute("SELECT 1 FROM users WHERE id = ?", (user_id,)).fetchone() is None:
                raise not_found("user", user_id)

    def require_access(
        self,
        kind: str,
        identifier: str,
        owner_id: str | None,
        *,
        named_user_owns_it: bool = True,
    ) -> None:
        """Refuse a thing that is not there or is not the caller's to use.

        Administrators may use the things of others. Where the request names a user, by
        ``userId``, the thing must be that user's.

        Args:
            kind: What it is, for errors, such as ``model``.
            identifier: Its id.
            owner_id: Whose it is; None if it does not exist.
            named_user_owns_it: Whether the ``userId`` of the request is about the owner.

        Raises:
            ControlPlaneError: 403 or 404.
        """
        named = self.query.get("userId") or self.body.get("userId") if named_user_owns_it else None
        owner = self.owner(named)
        if owner_id is None:
            raise not_found(kind, identifier)
        if owner_id != owner:
            if not self.is_admin:
                raise permission_denied(f"This {kind} belongs to another user.")
            if named:
                raise not_found(kind, identifier)


Handler = Callable[[Context], dict[str, Any]]
"""Carries out one operation and returns the body of its response."""

HANDLERS: Final[dict[str, Handler]] = {}
"""The handlers by operationId, registered by :func:`operation`."""


def operation(handler: Handler) -> Handler:
    """Register the handler of the operation whose operationId is the function's name."""
    HANDLERS[handler.__name__] = handler
    return handler


def required(body: Mapping[str, Any], name: str, prefix: str = "") -> Any:
    """Return a field of a body that must be there and not be empty.

    Args:
        body: An object as received.
        name: The field's name.
        prefix: Path of the object in the body, with a dot at the end.

    Raises:
        ControlPlaneError: 400.
    """
    value = body.get(name)
    if value is None or value in ("", {}, []):
        raise invalid_argument(prefix + name, "Field required")
    return value
