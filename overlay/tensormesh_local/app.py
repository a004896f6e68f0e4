"""The ASGI application of all three hosts."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tensormesh_local.auth import DEFAULT_API_KEY
from tensormesh_local.control_plane.access import InferenceAccess
from tensormesh_local.control_plane.application import CONTROL_PLANE_PREFIX, ControlPlane
from tensormesh_local.engines.base import Engine
from tensormesh_local.engines.builtin import BuiltinEngine
from tensormesh_local.http.host_check import HostCheck, parse_host
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.inference import InferenceApp
from tensormesh_local.specs import load_specs

SERVERLESS_PREFIX: Final = "/serverless"
ON_DEMAND_PREFIX: Final = "/on-demand"
MAX_BODY_BYTES: Final = 32 * 1024 * 1024

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


def create_app(
    engine: Engine | None = None,
    *,
    api_keys: Iterable[str] = (DEFAULT_API_KEY,),
    max_body_bytes: int = MAX_BODY_BYTES,
    middleware: Sequence[Middleware] = (),
    control_plane: ControlPlane | None = None,
    enforce_balance: bool = False,
    allow_hosts: Iterable[str] = (),
) -> Starlette:
    """Return the application that serves the Control Plane and both inference hosts.

    Args:
        engine: Responds to inference requests; the built-in engine by default.
        api_keys: The accepted API keys.
        max_body_bytes: Larger bodies of inference requests are refused with 413.
        middleware: Wraps everything but the check of ``Host`` and ``Origin``, outermost first.
            Use it to inject faults.
        control_plane: The Control Plane, to be closed by the caller; by default an empty one
            in memory.
        enforce_balance: Refuse inference with 402 while the balance is zero or less. Otherwise
            the balance may become negative.
        allow_hosts: Host names and IP addresses to accept in ``Host`` and ``Origin``, besides
            loopback ones.

    Raises:
        SpecError: The OpenAPI definitions are missing.
        ValueError: One of ``allow_hosts`` is not a host name or IP address.
    """
    allowed_hosts = frozenset(parse_host(name) for name in allow_hosts)
    responder = engine or BuiltinEngine()
    keys = list(api_keys)
    plane = control_plane or ControlPlane(api_key=next(iter(keys), ""))
    access = InferenceAccess(keys, plane.state, plane.clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await responder.start()
        try:
            yield
        finally:
            await responder.close()
            # The application may be started again, so its Control Plane stays open.
            await run_in_threadpool(plane.meter.flush)

    specs = load_specs()
    hosts: dict[str, ASGIApp] = {
        prefix: InferenceApp(
            operations,
            responder,
            access,
            plane.meter,
            enforce_balance=enforce_balance,
            max_body_bytes=max_body_bytes,
        )
        for prefix, operations in (
            (SERVERLESS_PREFIX, specs.serverless),
            (ON_DEMAND_PREFIX, specs.on_demand),
        )
    }
    hosts[CONTROL_PLANE_PREFIX] = plane
    app = Starlette(
        routes=[_MountAnyPath(prefix, host) for prefix, host in hosts.items()],
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


class _MountAnyPath(Mount):
    """A mount that also matches paths with line feeds."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


class _RequestId:
    """ASGI middleware that gives each request an id and returns it in ``X-Request-Id``.

    The client's own ``X-Request-Id`` is used if it is valid.
    """

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


async def _http_error(_: Request, error: Any) -> JsonResponse:
    return JsonResponse({"detail": error.detail}, status_code=error.status_code)
