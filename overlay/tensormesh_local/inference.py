"""The inference hosts: authenticate, validate and admit a request, then let the engine respond."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tensormesh_local.auth import bearer_token
from tensormesh_local.control_plane.access import InferenceAccess, KeyOwner
from tensormesh_local.control_plane.billing.metering import Meter, Record
from tensormesh_local.control_plane.deployments.records import DeployedModel
from tensormesh_local.engines.base import Call, Engine
from tensormesh_local.http.application import HostApp
from tensormesh_local.http.errors import ApiError, PlainError, RequestError, unauthorized
from tensormesh_local.http.requests import (
    InvalidRequestError,
    check_headers,
    read_body,
    receive_body,
)
from tensormesh_local.http.routing import RouteError
from tensormesh_local.specs import Operation
from tensormesh_local.wire.event_stream import EventStream
from tensormesh_local.wire.tally import CLIENT_GONE, Counts, Tally

# Operations that generate tokens; the others are free.
_METERED: Final = frozenset({"create_chat_completion", "create_completion", "create_response"})
_LONGEST_INPUT_SHOWN: Final = 60


class InferenceApp(HostApp):
    """ASGI application of Serverless or On-Demand.

    Args:
        operations: The operations of the host.
        engine: Responds to valid requests.
        access: Knows the API keys and the models they may use.
        meter: Records what requests use.
        enforce_balance: Whether inference needs a positive balance.
        max_body_bytes: Larger request bodies are refused with 413.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        engine: Engine,
        access: InferenceAccess,
        meter: Meter,
        *,
        enforce_balance: bool,
        max_body_bytes: int,
    ) -> None:
        super().__init__(operations)
        self._engine = engine
        self._access = access
        self._meter = meter
        self._enforce_balance = enforce_balance
        self._max_body_bytes = max_body_bytes

    async def handle(
        self,
        operation: Operation,
        parameters: dict[str, str],  # noqa: ARG002 - no inference path has any
        request: Request,
    ) -> Response:
        """Respond to a request for an operation."""
        owner = await self._authenticate(request, operation.surface)
        if operation.needs_key and owner is None:
            raise unauthorized()
        check_headers(operation.headers, request.headers)
        raw = b""
        body: Any = None
        if operation.body_validator is not None:
            raw = await receive_body(request, self._max_body_bytes)
            body = read_body(operation.body_validator, request.headers, raw)
        tally = Tally()
        if owner is not None and operation.operation_id in _METERED:
            await self._require_balance(owner)
            tally = self._tally(operation.surface, body["model"], owner)
        deployed = await self._deployed(request, operation.surface, owner)
        request_id = request.state.request_id
        return await self._answer(Call(operation, request, body, raw, request_id, deployed, tally))

    def to_request_error(self, error: Exception) -> RequestError:
        """Return the error response to an exception."""
        if isinstance(error, InvalidRequestError):
            return _invalid_request(error)
        if isinstance(error, RouteError):
            if not error.allowed:
                return PlainError(404, "Not Found", "detail")
            headers = {"Allow": error.allowed}
            return PlainError(405, "Method Not Allowed", "detail", headers=headers)
        return ApiError(500, "The local host failed to respond: see its log.")

    async def _authenticate(self, request: Request, surface: str) -> KeyOwner | None:
        key = bearer_token(request.headers.get("Authorization"))
        if key is None:
            return None
        owner = await run_in_threadpool(self._access.authenticate, key)
        return owner if owner is not None and owner.may_use(surface) else None

    async def _require_balance(self, owner: KeyOwner) -> None:
        if self._enforce_balance:
            balance = await run_in_threadpool(self._meter.balance, owner.user_id)
            if balance <= 0:
                raise ApiError(402, "The balance is used up: add to it to continue.")

    def _tally(self, surface: str, model: str, owner: KeyOwner) -> Tally:
        """Return the tally of a response, which reports it to the meter."""
        user_id, key_id = owner.user_id, owner.api_key_id

        def report(status: int, counts: Counts, seconds: float, first: float | None) -> None:
            # A model that does not exist has no log.
            if status != 404:
                at = self._meter.now()
                self._meter.record(
                    Record(at, user_id, key_id, surface, model, *counts, status, seconds, first)
                )

        async def keep() -> None:
            # State in memory is not durable anyway, so do not wait for it.
            if self._meter.is_durable:
                await run_in_threadpool(self._meter.keep)

        return Tally(report, keep)

    async def _deployed(
        self, request: Request, surface: str, owner: KeyOwner | None
    ) -> tuple[DeployedModel, ...]:
        """Return the models that the Control Plane adds to those of the engine.

        Serverless serves every model with a price. On-Demand serves what the caller deployed;
        like a gateway, it identifies the caller by API key and user id.
        """
        if surface == "serverless":
            return tuple(await run_in_threadpool(self._access.published_models))
        if owner is None or request.headers.get("X-User-Id", "").lower() != owner.user_id:
            return ()
        return tuple(await run_in_threadpool(self._access.served_models, owner.user_id))

    async def _answer(self, call: Call) -> Response:
        """Let the engine respond while the client is connected, and tally the response."""
        try:
            response = await call.while_connected(self._engine.answer(call))
        except Exception as error:
            await call.tally.close(_status(error))
            raise
        except BaseException:
            # Cancelled: there is no time to wait.
            call.tally.finish(CLIENT_GONE)
            raise
        if isinstance(response, EventStream):
            response.tally = call.tally
        else:
            await call.tally.close(response.status_code)
        return response


def _status(error: Exception) -> int:
    if isinstance(error, RequestError):
        return error.status
    return CLIENT_GONE if isinstance(error, ClientDisconnect) else 500


def _invalid_request(error: InvalidRequestError) -> ApiError:
    """Return the error response to an invalid request, worded as vLLM does."""
    lines = []
    param = None
    for problem in error.problems:
        location = ".".join(map(str, (error.where, *problem.location)))
        param = param or location
        detail = {"type": problem.kind, "loc": location, "msg": problem.message}
        if problem.value is not None:
            detail["input"] = _shown(problem.value)
        lines.append(f"  {detail}")
    noun = "error" if len(lines) == 1 else "errors"
    message = "\n".join([f"{len(lines)} validation {noun}:", *lines])
    kind = "Bad Request" if error.status == 400 else None
    return ApiError(error.status, message, param=param, kind=kind)


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return f"<{type(value).__name__} of {len(value)} items>"
    text = str(value)
    return text if len(text) <= _LONGEST_INPUT_SHOWN else f"{text[:_LONGEST_INPUT_SHOWN]}..."
