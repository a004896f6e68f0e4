"""The Control Plane as an ASGI application."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Final, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from tensormesh_local.auth import (
    DEFAULT_API_KEY,
    DEFAULT_CONTROL_PLANE_TOKEN,
    DEFAULT_USER_ID,
    StaticKeys,
    bearer_token,
)
from tensormesh_local.clock import SystemClock, to_micros
from tensormesh_local.control_plane.accounts import login_page
from tensormesh_local.control_plane.accounts.login import find_token_user
from tensormesh_local.control_plane.accounts.users import ensure_default_user, find_user
from tensormesh_local.control_plane.billing.metering import Meter
from tensormesh_local.control_plane.context import Caller, Context, Settings
from tensormesh_local.control_plane.demo.account import fill_with_demo_data
from tensormesh_local.control_plane.errors import (
    Code,
    ControlPlaneError,
    invalid_argument,
    unauthenticated,
)
from tensormesh_local.control_plane.ids import IdSource
from tensormesh_local.control_plane.operations import HANDLERS, SCHEMA, SCHEMA_VERSION
from tensormesh_local.control_plane.rate_limit import RateLimit
from tensormesh_local.control_plane.requests import read_body, read_query
from tensormesh_local.control_plane.routing import Routes, method_not_allowed
from tensormesh_local.control_plane.state import State
from tensormesh_local.specs import load_specs
from tensormesh_local.wire.encoding import JsonResponse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from tensormesh_local.clock import Clock
    from tensormesh_local.specs import Operation, SpecSet

CONTROL_PLANE_PREFIX: Final = "/control-plane"

SeedData = Literal["demo"]
"""What a new state can be filled with."""

_MAX_BODY_BYTES: Final = 1024 * 1024
_logger = logging.getLogger("tensormesh_local")


class ControlPlane:
    """Serves the operations of the Control Plane, and the page that approves logins.

    Args:
        operations: What the definitions state.
        state: What it knows; the default user is made if it is not there.
        clock: What tells the time.
        ids: What makes ids and secrets.
        settings: How the host was started.
        rate_limit: How many requests a minute each access token may send; None for any number.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        *,
        state: State,
        clock: Clock,
        ids: IdSource,
        settings: Settings,
        rate_limit: int | None = None,
    ) -> None:
        self.state = state
        self.clock = clock
        self.ids = ids
        self.settings = settings
        self.meter = Meter(state, clock, ids)
        self._routes = Routes(operations)
        self._token = StaticKeys([settings.token])
        self._rate_limit = RateLimit(rate_limit, clock)
        with state.write() as db:
            ensure_default_user(db, to_micros(clock.now()))

    def close(self) -> None:
        """Write what is metered and not yet written, and close the state."""
        self.meter.close()
        self.state.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            path = _path_below(request)
            if path == login_page.PATH:
                if request.method not in login_page.METHODS:
                    raise method_not_allowed(login_page.METHODS)
                return await login_page.answer_approval(self._context(request), request)
            operation, parameters = self._routes.find(request.method, path)
            raw = await _read_body(request) if operation.body_validator else b""
            return await run_in_threadpool(self._carry_out, operation, parameters, request, raw)
        except ControlPlaneError as error:
            return error.response()
        except ClientDisconnect:
            # Nobody is left to read an answer.
            return JsonResponse({}, status_code=400)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return _busy().response()
            return _failure(request)
        except Exception:
            return _failure(request)

    def _carry_out(
        self, operation: Operation, path: dict[str, str], request: Request, raw: bytes
    ) -> Response:
        user = None
        if operation.needs_key:
            user = self._authenticate(request.headers.get("Authorization"))
        query = read_query(operation.query, request.query_params.multi_items())
        body = {}
        if operation.body_validator is not None:
            body = read_body(operation.body_validator, request.headers.get("Content-Type"), raw)
        handler = HANDLERS.get(operation.operation_id)
        if handler is None:
            raise ControlPlaneError(Code.UNIMPLEMENTED, f"no {operation.operation_id} here")
        # What inference answered so far is part of what is told or done now.
        self.meter.flush()
        return JsonResponse(handler(self._context(request, user, path, query, body)))

    def _authenticate(self, authorization: str | None) -> Caller:
        token = bearer_token(authorization)
        if token is None:
            raise unauthenticated("access token missing")
        with self.state.read() as db:
            if self._token.accepts(token):
                row = find_user(db, DEFAULT_USER_ID)
            else:
                found = find_token_user(db, token, to_micros(self.clock.now()))
                if found is None:
                    raise unauthenticated("access token wrong or expired")
                row = found
        self._rate_limit.check(token)
        return Caller(row["id"], row["email"], row["role"])

    def _context(
        self,
        request: Request,
        user: Caller | None = None,
        path: dict[str, str] | None = None,
        query: dict[str, object] | None = None,
        body: dict[str, object] | None = None,
    ) -> Context:
        return Context(
            state=self.state,
            clock=self.clock,
            ids=self.ids,
            settings=self.settings,
            base_url=str(request.base_url).rstrip("/") + CONTROL_PLANE_PREFIX,
            user=user,
            path=path or {},
            query=query or {},
            body=body or {},
        )


def create_control_plane(
    specs: SpecSet | None = None,
    *,
    api_key: str = DEFAULT_API_KEY,
    token: str = DEFAULT_CONTROL_PLANE_TOKEN,
    state: Path | None = None,
    auto_approve: bool = False,
    clock: Clock | None = None,
    seed: int | None = None,
    seed_data: SeedData | None = None,
    data_seed: int = 0,
    rate_limit: int | None = None,
) -> ControlPlane | None:
    """Return a Control Plane; None if the definitions have none.

    Args:
        specs: The definitions; by default those that come with the package.
        api_key: The default user's key for inference.
        token: The default user's access token.
        state: The file to keep the state in; None for memory.
        auto_approve: Whether logins are approved at once, for the default user.
        clock: What tells the time; by default this machine.
        seed: What ids and secrets follow from; by default they are random.
        seed_data: What a state that begins with nothing is filled with: ``demo`` for an account
            with a past; nothing by default.
        data_seed: What follows that data.
        rate_limit: How many requests a minute each access token may send; more are answered 429
            with ``Retry-After``. None for any number.

    Raises:
        SpecError: There are no definitions.
        StateError: The file cannot be used.
    """
    operations = (specs or load_specs()).control_plane
    if not operations:
        return None
    opened = State(state, SCHEMA, SCHEMA_VERSION)
    control_plane = ControlPlane(
        operations,
        state=opened,
        clock=clock or SystemClock(),
        ids=IdSource(seed, opened.generation),
        settings=Settings(api_key=api_key, token=token, auto_approve=auto_approve),
        rate_limit=rate_limit,
    )
    if seed_data is not None:
        fill_with_demo_data(opened, control_plane.clock, control_plane.settings, data_seed)
    return control_plane


def _path_below(request: Request) -> str:
    """Return the path as sent, without what it is mounted at."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    path: str = raw.partition(b"?")[0].decode("latin-1")
    return path.removeprefix(request.scope.get("root_path", ""))


async def _read_body(request: Request) -> bytes:
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MAX_BODY_BYTES:
            raise invalid_argument("body", f"Input should be at most {_MAX_BODY_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _busy() -> ControlPlaneError:
    return ControlPlaneError(
        Code.UNAVAILABLE, "another process holds the state", headers={"Retry-After": "1"}
    )


def _failure(request: Request) -> Response:
    _logger.exception("%s %s failed", request.method, request.url.path)
    return ControlPlaneError(
        Code.INTERNAL, "The local host failed to answer; its log says why."
    ).response()
