"""Send requests over an httpx client: the user's own, or one for the proxies of the environment.

The only module that imports httpx.
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import anyio
import httpx

from . import errors, sockets, tls
from .decompression import acceptable
from .pool import Limits
from .response import DRAIN_BYTES, DRAIN_SECONDS, Headers, Response

if TYPE_CHECKING:
    from .request import OutgoingCall

Client = httpx.Client
AsyncClient = httpx.AsyncClient

# httpx's pool looks through all idle connections for each request.
_LIMITS = httpx.Limits(
    max_connections=Limits().max_connections,
    max_keepalive_connections=100,
    keepalive_expiry=Limits().idle_seconds,
)
# What httpx raises while a request is sent or a body is read. A redirect to an invalid URL raises
# even where it is not followed.
_ERRORS = (httpx.RequestError, httpx.InvalidURL, httpx.StreamError)


def for_proxies(ca_bundle: str | None) -> HttpxLink:
    """Return a link that uses the proxies of the environment."""
    return HttpxLink(httpx.Client(verify=tls.context_for(ca_bundle), limits=_LIMITS))


def for_proxies_async(ca_bundle: str | None) -> AsyncHttpxLink:
    """Return a link that uses the proxies of the environment."""
    return AsyncHttpxLink(httpx.AsyncClient(verify=tls.context_for(ca_bundle), limits=_LIMITS))


def _translated(error: Exception) -> errors.LinkError:
    """Return the link's error for one of httpx, which has the same name."""
    text = str(error) or type(error).__name__
    for kind in type(error).__mro__:
        found = getattr(errors, kind.__name__, None)
        if isinstance(found, type) and issubclass(found, errors.LinkError):
            return found(text)
    return (errors.LinkTimeout if isinstance(error, httpx.TimeoutException) else errors.LinkError)(
        text
    )


def _request(
    client: httpx.Client | httpx.AsyncClient, call: OutgoingCall, deadline: float | None
) -> httpx.Request:
    """Build the request of a call, with what the client adds to it."""
    seconds = sockets.wait_seconds(call.seconds, deadline)
    request = client.build_request(
        call.method,
        call.url,
        params=call.query,
        headers=call.headers,
        content=call.content,
        timeout=httpx.Timeout(
            seconds, connect=sockets.wait_seconds(call.connect_seconds, deadline)
        ),
    )
    if "accept-encoding" not in call.headers and "accept-encoding" in request.headers:
        # httpx offers what it finds installed.
        offered = acceptable(request.headers["accept-encoding"])
        request.headers["accept-encoding"] = offered
    for name in call.removed:
        # The client may have added a header of its own.
        request.headers.pop(name, None)
    return request


def _response(response: httpx.Response, body: _Body | _AsyncBody) -> Response:
    headers = Headers(response.headers.raw)
    reason = response.extensions.get("reason_phrase") or response.reason_phrase.encode("latin-1")
    # A hook of the client may have read the body, and httpx has decompressed it.
    is_decoded = response.is_stream_consumed
    return Response(response.status_code, reason, headers, body, is_decoded=is_decoded)


class HttpxLink:
    """Sends requests over a client of httpx."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def send(self, call: OutgoingCall, deadline: float | None) -> Response:
        """Send a request. The body of the response is still to be read, and closed.

        Args:
            call: What to send.
            deadline: When the call ends, on the clock of `time.monotonic`.

        Raises:
            LinkError: It failed.
        """
        request = _request(self._client, call, deadline)
        try:
            response = self._client.send(request, stream=True, follow_redirects=False)
        except _ERRORS as error:
            raise _translated(error) from error
        return _response(response, _Body(response, deadline))

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class AsyncHttpxLink:
    """Sends requests over an asynchronous client of httpx."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, call: OutgoingCall, deadline: float | None) -> Response:
        """Send a request. The body of the response is still to be read, and closed.

        Args:
            call: What to send.
            deadline: When the call ends, on the clock of `time.monotonic`.

        Raises:
            LinkError: It failed.
        """
        request = _request(self._client, call, deadline)
        try:
            with _until(deadline):
                response = await self._client.send(request, stream=True, follow_redirects=False)
        except _ERRORS as error:
            raise _translated(error) from error
        return _response(response, _AsyncBody(response, deadline))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class _Body:
    """The body of a response of httpx."""

    def __init__(self, response: httpx.Response, deadline: float | None) -> None:
        self._response = response
        self._deadline = deadline
        if response.is_stream_consumed:
            self._pieces = response.iter_bytes()
        else:
            # Without httpx's decoders, which have no bounds.
            assert isinstance(response.stream, httpx.SyncByteStream)
            self._pieces = iter(response.stream)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except _ERRORS as error:
            raise _translated(error) from error
        # httpx bounds each wait, but not their sum.
        if self._deadline is not None:
            sockets.wait_seconds(0, self._deadline)
        return piece

    def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""
        connected = self._socket()
        if connected is None or self._response.http_version == "HTTP/2":
            self.close()
            return
        size = 0
        try:
            with _Alarm(connected):
                for chunk in self:
                    size += len(chunk)
                    if size > DRAIN_BYTES:
                        break
        except (errors.LinkError, RuntimeError):
            pass  # a RuntimeError: no thread starts while the interpreter shuts down
        finally:
            self.close()

    def close(self) -> None:
        """Release the connection. Can be called more than once, and while another thread reads."""
        if getattr(self._pieces, "gi_running", False) and self._response.http_version != "HTTP/2":
            connected = self._socket()
            if connected is not None:
                # The other thread wakes up and closes. Closing here would leave it asleep.
                sockets.shut_down(connected)
                return
        self._response.close()

    def _socket(self) -> socket.socket | None:
        stream = self._response.extensions.get("network_stream")
        found = stream.get_extra_info("socket") if stream is not None else None
        return found if isinstance(found, socket.socket) else None


class _AsyncBody:
    """The body of a response of an asynchronous client of httpx."""

    def __init__(self, response: httpx.Response, deadline: float | None) -> None:
        self._response = response
        self._deadline = deadline
        if response.is_stream_consumed:
            self._pieces = response.aiter_bytes()
        else:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            self._pieces = aiter(response.stream)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            with _until(self._deadline):
                return await anext(self._pieces)
        except _ERRORS as error:
            raise _translated(error) from error

    async def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""
        size = 0
        try:
            with anyio.move_on_after(DRAIN_SECONDS):
                async for chunk in self:
                    size += len(chunk)
                    if size > DRAIN_BYTES:
                        break
        except errors.LinkError:
            pass
        finally:
            await self.close()

    async def close(self) -> None:
        """Release the connection, even in a cancelled task. Can be called more than once."""
        with anyio.CancelScope(shield=True):
            await self._response.aclose()
        # An event loop would finish the generator by a task of its own, later.
        if not getattr(self._pieces, "ag_running", True):
            await self._pieces.aclose()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _until(deadline: float | None) -> Iterator[None]:
    """Raise `TotalTimeout` at a deadline."""
    if deadline is None:
        yield
        return
    try:
        with anyio.fail_after(sockets.wait_seconds(math.inf, deadline)):
            yield
    except TimeoutError as error:
        raise errors.TotalTimeout from error


class _Alarm:
    """Shuts a socket down if it takes too long to drain it.

    A blocking read has the timeout with which the response began, perhaps minutes.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._lock = threading.Lock()
        self._is_off = False
        self._timer = threading.Timer(DRAIN_SECONDS, self._ring)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        # From here on the socket may belong to another request.
        with self._lock:
            self._is_off = True
        self._timer.cancel()

    def _ring(self) -> None:
        with self._lock:
            if not self._is_off:
                sockets.shut_down(self._socket)
