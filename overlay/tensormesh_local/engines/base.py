"""The interface between the inference hosts and engines."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tensormesh_local.control_plane.deployments.records import DeployedModel
from tensormesh_local.specs import Operation
from tensormesh_local.wire.tally import Tally


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed authentication and validation.

    Attributes:
        operation: The operation.
        request: The HTTP request.
        body: The parsed JSON body, or None.
        raw: The bytes of the body.
        request_id: Id of the request.
        deployed: Models that the host serves besides those of the engine.
        tally: Measures the response; the engine sets how to count its tokens.
    """

    operation: Operation
    request: Request
    body: Any
    raw: bytes
    request_id: str
    deployed: tuple[DeployedModel, ...]
    tally: Tally

    async def while_connected(self, work: Coroutine[Any, Any, Response]) -> Response:
        """Return the result of ``work``, or cancel it when the client disconnects.

        Raises:
            ClientDisconnect: The client disconnected.
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
    """An engine cannot run, because an option, a file or a package is missing or wrong."""


class Engine(ABC):
    """Responds to inference requests of both hosts."""

    async def start(self) -> None:  # noqa: B027 - engines without resources need not override it
        """Get ready. Called once, before the first request.

        Raises:
            EngineError: The engine cannot run.
        """

    async def close(self) -> None:  # noqa: B027
        """Release resources. Called once, after the last request."""

    @abstractmethod
    async def answer(self, call: Call) -> Response:
        """Respond to a request. Cancelled if the client disconnects first.

        Raises:
            ApiError: The request is refused.
        """
