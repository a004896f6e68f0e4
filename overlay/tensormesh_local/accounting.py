"""Stands between inference and the meter: who may ask, and what is told of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from tensormesh_local.errors import ApiError
from tensormesh_local.tally import CLIENT_GONE, Counts, Tally
from tensormesh_local.wire.encoding import EventStream

if TYPE_CHECKING:
    from starlette.responses import Response

    from tensormesh_local.control_plane.access import KeyOwner
    from tensormesh_local.control_plane.billing.metering import Meter
    from tensormesh_local.engines.base import Call, Engine
    from tensormesh_local.specs import Operation

# Operations that generate; the others cost nothing.
_METERED: Final = frozenset({"create_chat_completion", "create_completion", "create_response"})


class Accounting:
    """Tells the Control Plane's meter of inference.

    Args:
        meter: The meter; None without a Control Plane.
        enforce_balance: Whether a balance that is used up refuses inference.
    """

    def __init__(self, meter: Meter | None, *, enforce_balance: bool = False) -> None:
        self._meter = meter
        self._enforce_balance = enforce_balance

    async def admit(self, operation: Operation, owner: KeyOwner | None) -> None:
        """Refuse a caller who cannot pay, if the host is to enforce that.

        Raises:
            ApiError: 402, the balance is zero or less.
        """
        if not self._enforce_balance or operation.operation_id not in _METERED:
            return
        if self._meter is not None and owner is not None:
            balance = await run_in_threadpool(self._meter.balance, owner.user_id)
            if balance <= 0:
                raise ApiError(402, "The balance is used up; add to it to go on.")

    def tally(self, operation: Operation, owner: KeyOwner | None, body: Any) -> Tally:
        """Return what follows the answer to a request."""
        meter = self._meter
        if meter is None or owner is None or operation.operation_id not in _METERED:
            return Tally()

        def report(status: int, counts: Counts, seconds: float, first: float | None) -> None:
            # A model that does not exist has no log.
            if status != 404:
                meter.record(
                    owner.user_id,
                    owner.api_key_id,
                    operation.surface,
                    body["model"],
                    *counts,
                    status,
                    seconds,
                    first,
                )

        return Tally(report, self._keep)

    async def _keep(self) -> None:
        # In memory nothing is safe, so there is nothing to wait for.
        if self._meter is not None and self._meter.is_lasting:
            await run_in_threadpool(self._meter.keep)


async def answer(engine: Engine, call: Call) -> Response:
    """Have an engine answer a call, as long as the client is there; see that it is tallied.

    Raises:
        ApiError: The engine refuses the call.
        ClientDisconnect: The client is gone.
    """
    try:
        response = await call.while_connected(engine.answer(call))
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
    if isinstance(error, ApiError):
        return error.status
    return CLIENT_GONE if isinstance(error, ClientDisconnect) else 500
