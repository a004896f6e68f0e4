"""The ASGI application, with routes, security and request shapes from the OpenAPI definitions."""

from __future__ import annotations

import logging
import re
import secrets
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from tensormesh_local.accounting import Accounting, answer
from tensormesh_local.auth import DEFAULT_API_KEY, StaticKeys, bearer_token
from tensormesh_local.clock import SystemClock
from tensormesh_local.control_plane.access import KeyRing
from tensormesh_local.control_plane.application import CONTROL_PLANE_PREFIX, create_control_plane
from tensormesh_local.engines.base import Call, Engine
from tensormesh_local.engines.builtin import BuiltinEngine
from tensormesh_local.errors import ApiError, unauthorized
from tensormesh_local.host_check import HostCheck, parse_host
from tensormesh_local.specs import Operation, SpecSet, load_specs
from tensormesh_local.validation import check_body, check_headers, parse_json
from tensormesh_local.wire.encoding import JsonResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tensormesh_local.control_plane.access import KeyOwner
    from tensormesh_local.control_plane.application import ControlPlane
    from tensormesh_local.control_plane.deployments.records import DeployedModel

SERVERLESS_PREFIX: Final = "/serverless"
ON_DEMAND_PREFIX: Final = "/on-demand"
MAX_BODY_BYTES: Final = 32 * 1024 * 1024

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_logger = logging.getLogger("tensormesh_local")


def create_app(
    engine: Engine | None = None,
    *,
    api_keys: Iterable[str] = (DEFAULT_API_KEY,),
    max_body_bytes: int = MAX_BODY_BYTES,
    middleware: Sequence[Middleware] = (),
    specs: SpecSet | None = None,
    control_plane: ControlPlane | None = None,
    enforce_balance: bool = False,
    allow_hosts: Iterable[str] = (),
) -> Starlette:
    """Return the application that serves the Control Plane and both inference hosts.

    Args:
        engine: What answers calls; the built-in engine by default.
        api_keys: The keys accepted as bearer tokens.
        max_body_bytes: A request body over this size is answered 413.
        middleware: Goes around everything but the check of ``Host`` and ``Origin``, outermost
            first; the place to inject faults.
        specs: The OpenAPI definitions; by default those that come with the package.
        control_plane: The Control Plane; by default one that begins with nothing, in memory,
            if the definitions have one. Who gives it closes it.
        enforce_balance: Whether inference is refused with 402 while the balance is zero or
            less; else it is served, and the balance goes below zero.
        allow_hosts: Host names and IP addresses to accept in ``Host`` and ``Origin``, besides
            loopback ones.

    Raises:
        SpecError: There are no definitions.
        ValueError: One of ``allow_hosts`` is not a host name or IP address.
    """
    allowed_hosts = frozenset(parse_host(name) for name in allow_hosts)
    engine = engine or BuiltinEngine()
    specs = specs or load_specs()
    api_keys = list(api_keys)
    control_plane = control_plane or create_control_plane(specs, api_key=next(iter(api_keys), ""))
    meter = control_plane.meter if control_plane is not None else None
    accounting = Accounting(meter, enforce_balance=enforce_balance)
    gate = _Gate(engine, _key_ring(api_keys, control_plane), accounting, max_body_bytes)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await engine.start()
        try:
            yield
        finally:
            await engine.close()
            # The application may be started again, so its Control Plane stays open.
            if control_plane is not None:
                await run_in_threadpool(control_plane.meter.flush)

    routes = [
        Mount(SERVERLESS_PREFIX, _router(gate, specs.serverless)),
        Mount(ON_DEMAND_PREFIX, _router(gate, specs.on_demand)),
    ]
    if control_plane is not None:
        routes.append(_MountAnyPath(CONTROL_PLANE_PREFIX, control_plane))
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(HostCheck, allowed=allowed_hosts),
            *middleware,
            Middleware(_RequestId),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


class _Gate:
    """Checks each request before an engine sees it."""

    def __init__(
        self, engine: Engine, keys: KeyRing, accounting: Accounting, max_body_bytes: int
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._accounting = accounting
        self._max_body_bytes = max_body_bytes

    async def handle(self, operation: Operation, request: Request) -> Response:
        """Answer a request to an operation."""
        owner = await self._authorize(request, operation.surface)
        if operation.needs_key and owner is None:
            return unauthorized()
        try:
            check_headers(operation.headers, request.headers)
            raw, body = b"", None
            if operation.body_validator is not None:
                raw = await self._read_body(request)
                body = parse_json(raw)
                check_body(operation.body_validator, body)
            await self._accounting.admit(operation, owner)
            deployed = await self._offered(request, operation.surface, owner)
            tally = self._accounting.tally(operation, owner, body)
            request_id = request.state.request_id
            call = Call(operation, request, body, raw, request_id, owner, deployed, tally)
            return await answer(self._engine, call)
        except ApiError as error:
            return error.response()
        except ClientDisconnect:
            # Nobody is left to read an answer.
            return Response(status_code=400)
        except Exception:
            _logger.exception("%s failed", operation.operation_id)
            return ApiError(500, "The local host failed to answer; its log says why.").response()

    async def _authorize(self, request: Request, surface: str) -> KeyOwner | None:
        key = bearer_token(request.headers.get("Authorization"))
        if key is None:
            return None
        owner = await run_in_threadpool(self._keys.authorize, key)
        return owner if owner is not None and owner.may_use(surface) else None

    async def _offered(
        self, request: Request, surface: str, owner: KeyOwner | None
    ) -> tuple[DeployedModel, ...]:
        """Return what the Control Plane adds to the engine's models.

        Serverless offers what has a price; On-Demand what the caller has deployed, which the
        gateway tells by key and user id.
        """
        if surface == "serverless":
            return tuple(await run_in_threadpool(self._keys.published_models))
        if owner is None:
            return ()
        if request.headers.get("X-User-Id", "").lower() != owner.user_id:
            return ()
        return tuple(await run_in_threadpool(self._keys.served_models, owner.user_id))

    async def _read_body(self, request: Request) -> bytes:
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise ApiError(
                400,
                f"Unsupported Media Type: only application/json is read, "
                f"got {media_type or 'none'}.",
                param="header.Content-Type",
                kind="Bad Request",
            )
        chunks = []
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self._max_body_bytes:
                raise ApiError(
                    413, f"The request body is larger than {self._max_body_bytes} bytes."
                )
            chunks.append(chunk)
        return b"".join(chunks)


class _MountAnyPath(Mount):
    """A mount whose paths may hold line ends too."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


class _RequestId:
    """Gives each request an id: the caller's ``X-Request-Id`` if it has one, and sends it back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Request(scope).headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


def _key_ring(api_keys: Sequence[str], control_plane: ControlPlane | None) -> KeyRing:
    static = StaticKeys(api_keys)
    if control_plane is None:
        return KeyRing(static, None, SystemClock())
    return KeyRing(static, control_plane.state, control_plane.clock)


def _router(gate: _Gate, operations: Iterable[Operation]) -> Router:
    by_path: defaultdict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in operations:
        by_path[operation.path][operation.method] = operation
    routes = [
        Route(path, _endpoint(gate, methods), methods=list(methods))
        for path, methods in by_path.items()
    ]
    return Router(routes, redirect_slashes=False)


def _endpoint(
    gate: _Gate, methods: dict[str, Operation]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        # HEAD is answered like GET; the server leaves the body out.
        operation = methods.get(request.method) or methods["GET"]
        return await gate.handle(operation, request)

    return endpoint


async def _http_error(_: Request, error: Any) -> Response:
    return JsonResponse(
        {"detail": error.detail}, status_code=error.status_code, headers=error.headers
    )
