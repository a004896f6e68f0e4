"""Both colours of the SDK behind one face, so that a test is written once and holds for both.

Each comes twice: with an HTTP client of the user's, and with the SDK's own way of sending.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
from support.handler_links import AsyncHandlerLink, HandlerLink

from tensormesh import AsyncTensormesh, Tensormesh

API_KEY = "sk-canary-0123456789"
USER_ID = "00000000-0000-4000-8000-00000000abcd"
SERVERLESS = "https://serverless.test"
ON_DEMAND = "https://on-demand.test/prefix"

SETTINGS: dict[str, Any] = {
    "inference_api_key": API_KEY,
    "serverless_base_url": SERVERLESS,
    "on_demand_base_url": ON_DEMAND,
    "on_demand_user_id": USER_ID,
}

Handler = Callable[[httpx.Request], httpx.Response]


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in given pieces; an exception among them is raised in its place."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.is_begun = False
        self.is_closed = False
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        assert not self.is_begun, "a body can be read once"
        self.is_begun = True
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            self.given += 1
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


def answer(
    *pieces: bytes | Exception,
    status: int = 200,
    headers: dict[str, str] | None = None,
    content_type: str | None = "application/json",
) -> httpx.Response:
    """A response whose body comes in these pieces."""
    merged = {} if content_type is None else {"content-type": content_type}
    return httpx.Response(status, headers=merged | (headers or {}), stream=Body(*pieces))


def events(*pieces: bytes | Exception, **options: Any) -> httpx.Response:
    """A stream of events whose bytes come in these pieces."""
    return answer(*pieces, content_type="text/event-stream; charset=utf-8", **options)


class Server:
    """Plays a server: keeps each request, and answers with what it was given, in turn.

    A function answers all that comes from its turn on. An exception is raised.
    """

    def __init__(self, *answers: httpx.Response | Exception | Handler) -> None:
        self.requests: list[httpx.Request] = []
        self.bodies: list[Body] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert self._answers, f"one request too many: {request.method} {request.url}"
        first = self._answers[0]
        given = first if callable(first) else self._answers.pop(0)
        if isinstance(given, Exception):
            raise given
        response = given if isinstance(given, httpx.Response) else given(request)
        if isinstance(response.stream, Body):
            self.bodies.append(response.stream)
        return response

    @property
    def request(self) -> httpx.Request:
        """The one request that came."""
        assert len(self.requests) == 1, self.requests
        return self.requests[0]


class Face:
    """One colour of the SDK.

    Args:
        own: Whether clients send requests in the SDK's own way, without a user's HTTP client.
    """

    name: str

    def __init__(self, *, own: bool = False) -> None:
        self.own = own
        self._clients: list[Any] = []
        self._users: list[Any] = []

    def client(self, handler: Handler | None = None, **settings: Any) -> Any:
        """A client with all credentials. With a handler it talks to that alone."""
        return self.bare_client(handler, **{**SETTINGS, **settings})

    def bare_client(self, handler: Handler | None = None, **settings: Any) -> Any:
        """A client with nothing but these settings."""
        if handler is not None and not self.own:
            settings["http_client"] = self.http(handler)
        made = self.new_client(**settings)
        if handler is not None and self.own:
            link = self.new_link(handler)
            made._links._make = lambda scheme, ca_bundle: link
        self._clients.append(made)
        return made

    def new_client(self, **settings: Any) -> Any:
        raise NotImplementedError

    def new_link(self, handler: Handler) -> Any:
        raise NotImplementedError

    def http(self, handler: Handler | None = None, **options: Any) -> Any:
        """A user's own HTTP client. With a handler it talks to that alone."""
        if handler is not None:
            options["transport"] = httpx.MockTransport(handler)
        made = self.new_http_client(**options)
        self._users.append(made)
        return made

    def new_http_client(self, **options: Any) -> Any:
        raise NotImplementedError

    def run(self, value: Any) -> Any:
        """The result of a call."""
        raise NotImplementedError

    def list(self, iterable: Any) -> list[Any]:
        """All that an iterable gives."""
        raise NotImplementedError

    def next(self, iterator: Any) -> Any:
        """What an iterator gives next."""
        raise NotImplementedError

    def finish(self) -> None:
        for client in self._clients:
            self.run(client.close())
        for client in self._users:
            self.close_http(client)

    def close_http(self, client: Any) -> None:
        raise NotImplementedError


class SyncFace(Face):
    name = "sync"

    def new_http_client(self, **options: Any) -> httpx.Client:
        return httpx.Client(**options)

    def new_client(self, **settings: Any) -> Tensormesh:
        return Tensormesh(**settings)

    def new_link(self, handler: Handler) -> HandlerLink:
        return HandlerLink(handler)

    def run(self, value: Any) -> Any:
        return value

    def list(self, iterable: Any) -> list[Any]:
        return list(iterable)

    def next(self, iterator: Any) -> Any:
        return next(iterator)

    def close_http(self, client: Any) -> None:
        client.close()


class AsyncFace(Face):
    name = "async"

    def __init__(self, *, own: bool = False) -> None:
        super().__init__(own=own)
        self._runner = asyncio.Runner()
        self.complaints: list[dict[str, Any]] = []
        self._runner.get_loop().set_exception_handler(lambda _, what: self.complaints.append(what))

    def new_http_client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options)

    def new_client(self, **settings: Any) -> AsyncTensormesh:
        return AsyncTensormesh(**settings)

    def new_link(self, handler: Handler) -> AsyncHandlerLink:
        return AsyncHandlerLink(handler)

    def run(self, value: Any) -> Any:
        if not hasattr(value, "__await__"):
            return value

        async def wait() -> Any:
            return await value

        return self._runner.run(wait())

    def list(self, iterable: Any) -> list[Any]:
        async def collect() -> list[Any]:
            return [item async for item in iterable]

        return self.run(collect())  # type: ignore[no-any-return]

    def next(self, iterator: Any) -> Any:
        async def step() -> Any:
            with suppress(StopAsyncIteration):
                return await anext(iterator)
            # It cannot cross the border of a coroutine.
            return StopIteration

        found = self.run(step())
        if found is StopIteration:
            raise StopIteration
        return found

    def close_http(self, client: Any) -> None:
        self.run(client.aclose())

    def finish(self) -> None:
        super().finish()
        self._runner.close()
        assert not self.complaints, self.complaints


FACES: dict[str, Callable[[], Face]] = {
    "sync": SyncFace,
    "async": AsyncFace,
    "sync-own": lambda: SyncFace(own=True),
    "async-own": lambda: AsyncFace(own=True),
}
SURFACES = ("serverless", "on_demand")


def host(client: Any, surface: str) -> Any:
    """The namespaces of one inference host."""
    return getattr(client.inference, surface)
