"""The context of one operation, and the registry of operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from tensormesh_local.clock import Clock, to_micros
from tensormesh_local.control_plane.errors import (
    Code,
    ControlPlaneError,
    invalid_argument,
    not_found,
    permission_denied,
)
from tensormesh_local.control_plane.ids import IdSource
from tensormesh_local.control_plane.state import Database, Row, State

USER: Final = "USER_ROLE_USER"
ADMIN: Final = "USER_ROLE_ADMIN"
SUPER_ADMIN: Final = "USER_ROLE_SUPER_ADMIN"

Json = dict[str, Any]
EMPTY: Final[Json] = {"empty": {}}
"""The response of operations without a result."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user to whom the access token of a request belongs."""

    id: str
    email: str
    role: str

    @classmethod
    def from_row(cls, user: Row) -> Caller:
        """Return the caller for a row of the users table."""
        return cls(user["id"], user["email"], user["role"])


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of the host.

    Attributes:
        api_key: The default user's API key for inference.
        token: The default user's access token.
        auto_approve: Whether browser logins need no click.
    """

    api_key: str
    token: str
    auto_approve: bool = False


@dataclass(frozen=True)
class Context:
    """What an operation works with: a valid request and the services of the host.

    ``path``, ``query`` and ``body`` have the names of the definitions. Query parameters that were
    left out are included only if they have a default.

    Attributes:
        state: The stored state.
        clock: Provides the time.
        ids: Creates ids and secrets.
        settings: Options of the host.
        base_url: Base URL of the Control Plane as the client sees it, without trailing slash.
        user: The caller, if the operation needs a token.
        connection: The database transaction of the operation.
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
    connection: Database | None = None

    @cached_property
    def now(self) -> int:
        """The time of the request in microseconds, fixed on first use."""
        return to_micros(self.clock.now())

    @property
    def db(self) -> Database:
        """The database transaction of the operation."""
        assert self.connection is not None
        return self.connection

    @property
    def caller(self) -> Caller:
        """The caller; only for operations that need a token."""
        assert self.user is not None
        return self.user

    @property
    def is_admin(self) -> bool:
        """Whether the caller may act for others."""
        return self.caller.role in {ADMIN, SUPER_ADMIN}

    @property
    def on_demand_base_url(self) -> str:
        """Base URL of the On-Demand host as the client sees it."""
        return self.base_url.rpartition("/")[0] + "/on-demand"

    def new_id(self, prefix: str) -> str:
        """Return a new id such as ``key_0f3a...`` for prefix ``key``."""
        return self.ids.new_id(prefix)

    def require_admin(self, operator_id: str | None = None) -> None:
        """Raise a 403 unless the caller is an administrator, and the operator named if any."""
        if not self.is_admin:
            raise permission_denied("Only administrators may do this.")
        self.require_caller(operator_id)

    def require_caller(self, actor_id: str | None) -> None:
        """Raise a 403 if a request names another user than the caller as the one who acts."""
        if actor_id and actor_id != self.caller.id:
            raise permission_denied("userId: must be the caller.")

    def owner(self, user_id: str | None) -> str:
        """Return the id of the user that a request is about: the one named, or the caller.

        Raise a 403 if the caller may not act for that user, and a 404 if there is none.
        """
        if not user_id or user_id == self.caller.id:
            return self.caller.id
        if not self.is_admin:
            raise permission_denied("userId: only administrators may act for other users.")
        self.require_user(user_id)
        return user_id

    def require_user(self, user_id: str) -> None:
        """Raise a 404 if a user does not exist."""
        if self.db.one("SELECT 1 FROM users WHERE id = ?", (user_id,)) is None:
            raise not_found("user", user_id)

    def require_access(
        self, kind: str, identifier: str, row: Row | None, *, named_user_owns_it: bool = True
    ) -> Row:
        """Return the row of an object, or raise a 403 or 404 if the caller may not use it.

        Administrators may use the objects of others. If the request names a user, by ``userId``,
        the object must be that user's.

        Args:
            kind: What it is, for errors, such as ``model``.
            identifier: Its id.
            row: Its row, with ``user_id``; None if it does not exist.
            named_user_owns_it: Whether the ``userId`` of the request is about the owner.
        """
        named = self.query.get("userId") or self.body.get("userId") if named_user_owns_it else None
        owner = self.owner(named)
        if row is None:
            raise not_found(kind, identifier)
        if row["user_id"] != owner:
            if not self.is_admin:
                raise permission_denied(f"This {kind} belongs to another user.")
            if named:
                raise not_found(kind, identifier)
        return row


def required(body: Mapping[str, Any], name: str, prefix: str = "") -> Any:
    """Return a field of an object, or raise a 400 if it is missing or empty.

    ``prefix`` is the path of the object in the request body, with a trailing dot.
    """
    value = body.get(name)
    if value is None or value in ("", {}, []):
        raise invalid_argument(prefix + name, "Field required")
    return value


Handler = Callable[[Context], Json | ControlPlaneError]
"""Runs an operation. An error that is returned instead of raised keeps what was written."""


HANDLERS: Final[dict[str, tuple[Handler, bool]]] = {}
"""The handler of each operationId, and whether it may write."""


def reads(handler: Handler) -> Handler:
    """Register an operation that only reads; the function's name is its operationId."""
    HANDLERS[handler.__name__] = (handler, False)
    return handler


def writes(handler: Handler) -> Handler:
    """Register an operation that may write; the function's name is its operationId."""
    HANDLERS[handler.__name__] = (handler, True)
    return handler


def run_operation(operation_id: str, context: Context) -> Json:
    """Run an operation in a transaction of its own, and return the response body.

    Raises:
        ControlPlaneError: The operation is refused, or has no handler.
    """
    if operation_id not in HANDLERS:
        raise ControlPlaneError(Code.UNIMPLEMENTED, f"no {operation_id} here")
    handler, may_write = HANDLERS[operation_id]
    with context.state.write() if may_write else context.state.read() as db:
        result = handler(replace(context, connection=db))
    if isinstance(result, ControlPlaneError):
        raise result
    return result
