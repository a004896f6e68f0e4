"""Admit inference requests, and report what they used to the Control Plane."""

from __future__ import annotations

from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from tensormesh_local.control_plane.access import KeyOwner
from tensormesh_local.control_plane.billing.metering import Meter, Record
from tensormesh_local.http.errors import ApiError
from tensormesh_local.specs import Operation
from tensormesh_local.wire.tally import Counts, Tally

# Operations that generate tokens; the others are free.
_METERED: Final = frozenset({"create_chat_completion", "create_completion", "create_response"})


class Accounting:
    """Connects inference with the Control Plane's meter.

    Args:
        meter: The meter.
        enforce_balance: Whether inference needs a positive balance.
    """

    def __init__(self, meter: Meter, *, enforce_balance: bool = False) -> None:
        self._meter = meter
        self._enforce_balance = enforce_balance

    async def admit(self, operation: Operation, owner: KeyOwner | None) -> None:
        """Refuse a caller without a balance, if balances are enforced.

        Raises:
            ApiError: 402, the balance is zero or less.
        """
        if self._enforce_balance and operation.operation_id in _METERED and owner is not None:
            balance = await run_in_threadpool(self._meter.balance, owner.user_id)
            if balance <= 0:
                raise ApiError(402, "The balance is used up: add to it to continue.")

    def tally(self, operation: Operation, owner: KeyOwner | None, body: Any) -> Tally:
        """Return the tally of the response to a request."""
        if owner is None or operation.operation_id not in _METERED:
            return Tally()

        def report(status: int, counts: Counts, seconds: float, first: float | None) -> None:
            # A model that does not exist has no log.
            if status != 404:
                self._meter.record(
                    Record(
                        self._meter.now(),
                        owner.user_id,
                        owner.api_key_id,
                        operation.surface,
                        body["model"],
                        *counts,
                        status,
                        seconds,
                        first,
                    )
                )

        return Tally(report, self._keep)

    async def _keep(self) -> None:
        # State in memory is not durable anyway, so do not wait for it.
        if self._meter.is_durable:
            await run_in_threadpool(self._meter.keep)
