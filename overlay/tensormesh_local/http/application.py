"""What the ASGI applications of all three hosts have in common."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tensormesh_local.http.errors import RequestError
from tensormesh_local.http.requests import InvalidRequestError
from tensormesh_local.http.routing import RouteError, Routes, path_below_mount
from tensormesh_local.specs import Operation

_logger = logging.getLogger("tensormesh_local")


class HostApp(ABC):
    """ASGI application of one host: finds the operation, and turns exceptions into responses.

    Args:
        operations: The operations of the host.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._routes = Routes(operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            return await self.handle_path(request, path_below_mount(request.scope))
        except RequestError as error:
            return error.response()
        except (RouteError, InvalidRequestError) as error:
            return self.to_request_error(error).response()
        except ClientDisconnect:
            # Nobody is left to read a response.
            return Response(status_code=400)
        except Exception as error:
            _logger.exception("%s %s failed", request.method, request.url.path)
            return self.to_request_error(error).response()

    async def handle_path(self, request: Request, path: str) -> Response:
        """Respond to a request for a path of this host."""
        operation, parameters = self._routes.find(request.method, path)
        return await self.handle(operation, parameters, request)

    @abstractmethod
    async def handle(
        self, operation: Operation, parameters: dict[str, str], request: Request
    ) -> Response:
        """Respond to a request for an operation, given the parameters of its path."""

    @abstractmethod
    def to_request_error(self, error: Exception) -> RequestError:
        """Return the error response, in this host's form, to an exception."""
