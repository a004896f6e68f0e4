"""The interface between the HTTP layer and whatever answers inference calls."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tensormesh_local.control_plane.access import KeyOwner
from tensormesh_local.control_plane.deployments.records import DeployedModel
from tensormesh_local.specs import Operation
from tensormesh_local.wire.tally import Tally


@dataclass(frozen=True, slots=True)
class Call:
    """One request that passed authentication and validation.

    ``body`` is the parsed JSON body and ``raw`` its bytes; they are None and empty where the
    operation has none. ``owner`` is whose key it came with, None without one, and ``deployed``
    what the Control Plane says is served on the host called, beside the engine's own models.
    Whoever answers says in ``tally`` what it took.
    """

    operation: Operation
    request: Request
    body: Any
    raw: bytes
    request_id: str
    owner: KeyOwner | None = None
    deployed: tuple[DeployedModel, ...] = ()
    tally: Tally = field(default_factory=Tally)

    async def while_connected(self, work: Coroutine[Any, Any, Response]) -> Response:
        """Return what ``work`` gives; cancel it when the client is gone.

        Raises:
            ClientDisconnect: The client is gone.
        """
        working = asyncio.create_task(work)
        leaving = asyncio.create_task(self._wait_for_disconnect())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientDisconnect
            return working.result()
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def _wait_for_disconnect(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass


class EngineError(Exception):
    """An engine cannot run: an option, a file or a package is missing or wrong."""


class Engine(ABC):
    """Answers inference calls of both hosts."""

    async def start(self) -> None:  # noqa: B027 - engines without resources need not override it
        """Get ready to answer; called once, before the first call.

        Raises:
            EngineError: The engine cannot run.
        """

    async def close(self) -> None:  # noqa: B027
        """Give back what ``start`` took; called once, after the last call."""

    @abstractmethod
    async def answer(self, call: Call) -> Response:
        """Answer a call. Cancelled when the client goes before there is an answer.

        Raises:
            ApiError: The call is refused; the HTTP layer sends the error object.
        """
