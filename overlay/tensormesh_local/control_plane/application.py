"""The ASGI application of the Control Plane."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Final, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tensormesh_local.auth import (
    DEFAULT_API_KEY,
    DEFAULT_CONTROL_PLANE_TOKEN,
    DEFAULT_USER_ID,
    StaticKeys,
    bearer_token,
)
from tensormesh_local.clock import Clock, SystemClock, to_micros
from tensormesh_local.control_plane.accounts import login_page
from tensormesh_local.control_plane.accounts.login import find_token_user
from tensormesh_local.control_plane.accounts.users import ensure_default_user, find_user
from tensormesh_local.control_plane.billing.metering import Meter
from tensormesh_local.control_plane.context import Caller, Context, Settings, run_operation
from tensormesh_local.control_plane.demo.account import fill_with_demo_data
from tensormesh_local.control_plane.errors import (
    Code,
    ControlPlaneError,
    invalid_arguments,
    not_found,
    unauthenticated,
)
from tensormesh_local.control_plane.ids import IdSource
from tensormesh_local.control_plane.operations import SCHEMA, SCHEMA_VERSION
from tensormesh_local.control_plane.rate_limit import RateLimit
from tensormesh_local.control_plane.state import State
from tensormesh_local.http.application import HostApp
from tensormesh_local.http.errors import RequestError
from tensormesh_local.http.requests import (
    InvalidRequestError,
    finite_float,
    read_body,
    read_query,
    receive_body,
)
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.http.routing import RouteError
from tensormesh_local.specs import Operation, load_specs

CONTROL_PLANE_PREFIX: Final = "/control-plane"

SeedData = Literal["demo"]
"""Data that a new state can be filled with."""

_MAX_BODY_BYTES: Final = 1024 * 1024


class ControlPlane(HostApp):
    """ASGI application of the Control Plane, including the page that approves logins.

    Args:
        api_key: The default user's API key for inference.
        token: The default user's access token.
        state: The file to keep the state in; None for memory.
        auto_approve: Approve logins at once, as the default user.
        clock: Provides the time; by default the system clock.
        seed: Seed of ids and secrets; by default they are random.
        seed_data: Data to fill an empty state with: ``demo`` for an account with a history.
        data_seed: Seed of ``seed_data``.
        rate_limit: Requests per minute that each access token may send; more are refused with
            429 and ``Retry-After``. None for no limit.

    Raises:
        SpecError: The OpenAPI definitions are missing.
        StateError: The file cannot be used.
    """

    def __init__(
        self,
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
    ) -> None:
        super().__init__(load_specs().control_plane)
        self.state = State(state, SCHEMA, SCHEMA_VERSION)
        self.clock = clock or SystemClock()
        self.ids = IdSource(seed, self.state.generation)
        self.settings = Settings(api_key, token, auto_approve)
        self.meter = Meter(self.state, self.clock, self.ids)
        self._token = StaticKeys([token])
        self._rate_limit = RateLimit(rate_limit, self.clock)
        with self.state.write() as db:
            ensure_default_user(db, to_micros(self.clock.now()))
        if seed_data is not None:
            fill_with_demo_data(self.state, self.clock, self.settings, data_seed)

    def close(self) -> None:
        """Write the usage that was not written yet, and close the state."""
        self.meter.close()
        self.state.close()

    async def handle_path(self, request: Request, path: str) -> Response:
        """Respond to a request for an operation or for the login page."""
        try:
            if path != login_page.PATH:
                return await super().handle_path(request, path)
            if request.method not in login_page.METHODS:
                raise RouteError(path, login_page.METHODS)
            return await login_page.respond(self._context(request), request)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            message = "The state is locked by another process."
            headers = {"Retry-After": "1"}
            raise ControlPlaneError(Code.UNAVAILABLE, message, headers=headers) from error

    async def handle(
        self, operation: Operation, parameters: dict[str, str], request: Request
    ) -> Response:
        """Respond to a request for an operation."""
        raw = b""
        if operation.body_validator is not None:
            raw = await receive_body(request, _MAX_BODY_BYTES)
        return await run_in_threadpool(self._run, operation, parameters, request, raw)

    def to_request_error(self, error: Exception) -> RequestError:
        """Return the error response to an exception."""
        if isinstance(error, InvalidRequestError):
            return invalid_arguments(
                (_field(problem.kind, problem.location), problem.message)
                for problem in error.problems
            )
        if isinstance(error, RouteError):
            if error.allowed:
                headers, text = {"Allow": error.allowed}, "Method Not Allowed"
                return ControlPlaneError(Code.UNIMPLEMENTED, text, headers=headers, status=405)
            return not_found("path", error.path)
        return ControlPlaneError(Code.INTERNAL, "The local host failed to respond: see its log.")

    def _run(
        self, operation: Operation, path: dict[str, str], request: Request, raw: bytes
    ) -> Response:
        """Authenticate and validate a request, and run its handler, in a worker thread."""
        user = None
        if operation.needs_key:
            user = self._authenticate(request.headers.get("Authorization"))
        query = read_query(operation.query, request.query_params.multi_items())
        body = {}
        if operation.body_validator is not None:
            body = read_body(operation.body_validator, request.headers, raw, parse_float=_number)
            _check_storable(body)
        context = self._context(request, user, path, query, body)
        # Everything that inference used until now is part of the response.
        self.meter.flush()
        return JsonResponse(run_operation(operation.operation_id, context))

    def _authenticate(self, authorization: str | None) -> Caller:
        token = bearer_token(authorization)
        if token is None:
            raise unauthenticated("missing access token")
        with self.state.read() as db:
            if self._token.accepts(token):
                row = find_user(db, DEFAULT_USER_ID)
            else:
                found = find_token_user(db, token, to_micros(self.clock.now()))
                if found is None:
                    raise unauthenticated("invalid or expired access token")
                row = found
        self._rate_limit.check(token)
        return Caller.from_row(row)

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


def _field(kind: str, location: tuple[str | int, ...]) -> str:
    # A position in a body that is not JSON is not a field.
    return ".".join(map(str, () if kind == "json_invalid" else location)) or "body"


def _number(text: str) -> int | float:
    # In JSON, 1.0 is an integer as well.
    value = finite_float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _check_storable(body: object) -> None:
    """Refuse text with lone surrogates, which SQLite cannot store."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise invalid_arguments([("body", "Input should be valid Unicode text")]) from error
