"""The one module that speaks to httpx. It is loaded when the first request is sent."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Self
from urllib.request import getproxies

import anyio
import httpx

from .._calls.call import Headers
from . import decompression as compression
from . import sockets, tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .._calls.call import Call

Client = httpx.Client
AsyncClient = httpx.AsyncClient
# A user's own client, or a bare transport of ours.
Sender = httpx.Client | httpx.BaseTransport
AsyncSender = httpx.AsyncClient | httpx.AsyncBaseTransport
Response = httpx.Response
TransportError = httpx.TransportError
DecodingError = httpx.DecodingError
# What may be raised while a request is sent. A redirect to nonsense is an invalid URL: httpx reads
# its target even where it is not to be followed.
SEND_ERRORS = (httpx.RequestError, httpx.InvalidURL)
# What may be raised while a body is read: it broke, it makes no sense, its client was closed.
BODY_ERRORS = (httpx.TransportError, httpx.DecodingError, httpx.StreamError)

# httpx keeps 20 idle connections for 5 s by default, and so makes new ones all the time.
LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=1000, keepalive_expiry=60.0)
# Its own pool looks through all of them for each request.
PROXIED_LIMITS = httpx.Limits(
    max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60.0
)


# A whole response may be this long, decompressed. Longer ones can be read in pieces.
MAX_BODY_BYTES = 256 * 1024 * 1024


class BodyTooLargeError(Exception):
    """A body that is read whole is longer than `MAX_BODY_BYTES`."""

    def __init__(self) -> None:
        super().__init__(
            f"the response is larger than {MAX_BODY_BYTES >> 20} MiB: "
            "read it in pieces with `with_streaming_response`"
        )


# What may be raised of a whole body that came.
UNREADABLE = (httpx.DecodingError, BodyTooLargeError)


class TotalTimeout(httpx.TimeoutException):
    """The deadline of a call has come."""

    def __init__(self) -> None:
        super().__init__("the deadline of the call has come")


class IdleTimeout(httpx.TimeoutException):
    """A stream brings bytes, and no event."""

    def __init__(self) -> None:
        super().__init__("the stream brings no event")


def new_sender(scheme: str, ca_bundle: str | None) -> Sender:
    """What sends requests to URLs of one scheme."""
    if _has_proxies():
        return httpx.Client(verify=tls.context_for(ca_bundle), limits=PROXIED_LIMITS)
    from .transport import Transport

    return Transport(_context(scheme, ca_bundle), LIMITS)


def _context(scheme: str, ca_bundle: str | None) -> ssl.SSLContext | None:
    # Plain HTTP needs no certificates, and loading them is most of the cost of a client.
    return tls.context_for(ca_bundle) if scheme == "https" else None


def new_async_sender(scheme: str, ca_bundle: str | None) -> AsyncSender:
    """What sends asynchronous requests to URLs of one scheme."""
    if _has_proxies():
        return httpx.AsyncClient(verify=tls.context_for(ca_bundle), limits=PROXIED_LIMITS)
    # Loaded here, because it loads asyncio.
    from .async_transport import Transport

    return Transport(_context(scheme, ca_bundle), LIMITS)


def _has_proxies() -> bool:
    """Whether the environment names proxies, which httpx's own clients heed."""
    return bool(getproxies().keys() - {"no"})


def send(sender: Sender, call: Call) -> httpx.Response:
    """Send a call once. The body of the response is still to be read."""
    request = _request(sender, call)
    token = None if call.deadline is None else sockets.sending_until.set(call.deadline)
    try:
        if isinstance(sender, httpx.Client):
            response = sender.send(request, stream=True, follow_redirects=False)
        else:
            response = sender.handle_request(request)
    finally:
        if token is not None:
            sockets.sending_until.reset(token)
    response.request = request
    return response


async def send_async(sender: AsyncSender, call: Call) -> httpx.Response:
    """Send a call once. The body of the response is still to be read."""
    if call.deadline is None:
        return await _send_async(sender, call)
    with _until(call.deadline):
        return await _send_async(sender, call)


async def _send_async(sender: AsyncSender, call: Call) -> httpx.Response:
    request = _request(sender, call)
    if isinstance(sender, httpx.AsyncClient):
        response = await sender.send(request, stream=True, follow_redirects=False)
    else:
        response = await sender.handle_async_request(request)
    response.request = request
    return response


def close(response: httpx.Response) -> None:
    """Give the connection of a response back."""
    response.close()


async def aclose(response: httpx.Response) -> None:
    """The same; the cancellation of a scope does not reach it. That of a task may."""
    if getattr(response.stream, "closes_unbroken", False):
        # Ours: a scope of its own would cost more than the closing.
        await response.aclose()
        return
    with anyio.CancelScope(shield=True):
        await response.aclose()


@lru_cache(maxsize=64)
def _url(text: str) -> httpx.URL:
    """The parsed URL. Parsing one costs more than the rest of a request."""
    return httpx.URL(text)


def _request(sender: Sender | AsyncSender, call: Call) -> httpx.Request:
    if isinstance(sender, (httpx.Client, httpx.AsyncClient)):
        return _client_request(sender, call)
    return _bare_request(call)


def _bare_request(call: Call) -> httpx.Request:
    """The request of a call as it goes out. A client could only add cookies, hooks and layers."""
    url, content = _url(call.url), call.content or b""
    headers = Headers(
        {"host": url.netloc.decode("ascii"), "accept-encoding": compression.ACCEPT_ENCODING}
    )
    if content or call.method != "GET":
        headers["content-length"] = str(len(content))
    headers.update(call.headers)
    request = httpx.Request(
        call.method,
        url,
        params=call.query,
        headers=headers,
        # Not as `content`, for which httpx would copy and look through the headers twice.
        stream=httpx.ByteStream(content),
        extensions={"timeout": _timeouts(call)},
    )
    for name in call.removed:
        request.headers.pop(name, None)
    return request


def _client_request(client: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request:
    """The request of a call with what a user's client adds to it."""
    request = client.build_request(
        call.method,
        _url(call.url),
        params=call.query,
        headers=call.headers,
        content=call.content,
        timeout=httpx.Timeout(**_timeouts(call)),
    )
    if "accept-encoding" not in call.headers and "accept-encoding" in request.headers:
        # httpx offers what it finds installed.
        offered = compression.acceptable(request.headers["accept-encoding"])
        request.headers["accept-encoding"] = offered
    for name in call.removed:
        # The client may have put a header of its own in the place of ours.
        request.headers.pop(name, None)
    return request


def _timeouts(call: Call) -> dict[str, float]:
    """The longest waits in seconds."""
    connect, seconds = call.connect_seconds, call.seconds
    if call.deadline is not None:
        # A socket refuses a wait of nothing; so short a one ends at once.
        left = max(call.deadline - time.monotonic(), 1e-6)
        connect, seconds = min(connect, left), min(seconds, left)
    return {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}


def same_origin_target(response: httpx.Response) -> str | None:
    """Where a redirect leads, if it stays on the same scheme, host and port."""
    location = response.headers.get("location")
    if not location:
        return None
    try:
        target = response.request.url.join(location)
    except (httpx.InvalidURL, ValueError):
        return None
    here = response.request.url
    same = (target.scheme, target.host, target.port) == (here.scheme, here.host, here.port)
    # A user name in it would take the place of our credential.
    return str(target.copy_with(fragment=None)) if same and not target.userinfo else None


def read(response: httpx.Response, call: Call) -> bytes:
    """Return the whole body, decompressed. The response does not keep it."""
    whole = io.BytesIO()
    for chunk in iter_chunks(response, call.deadline):
        _collect(whole, chunk)
    return whole.getvalue()


async def read_async(response: httpx.Response, call: Call) -> bytes:
    """Return the whole body, decompressed. The response does not keep it."""
    whole = io.BytesIO()
    async for chunk in aiter_chunks(response, call.deadline):
        _collect(whole, chunk)
    return whole.getvalue()


def _collect(whole: io.BytesIO, chunk: bytes) -> None:
    # A list that is joined at the end would take twice the memory.
    whole.write(chunk)
    if whole.tell() > MAX_BODY_BYTES:
        raise BodyTooLargeError


def iter_chunks(response: httpx.Response, deadline: float | None) -> Iterator[bytes]:
    """Iterate over pieces of the body as they come, decompressed, until the deadline if any."""
    if response.is_stream_consumed:
        # A hook of the user's client has read it, and httpx has decompressed it.
        chunks = response.iter_bytes()
    else:
        # Without the layers that count, time and decode: they double the cost of a piece.
        assert isinstance(response.stream, httpx.SyncByteStream)
        chunks = iter(response.stream)
        if "content-encoding" in response.headers:
            chunks = _decompressed(chunks, response.headers["content-encoding"])
    return chunks if deadline is None else _bounded(chunks, deadline)


def _decompressed(chunks: Iterator[bytes], content_encoding: str) -> Iterator[bytes]:
    decompressor = compression.Decompressor(content_encoding)
    for chunk in chunks:
        yield from decompressor.feed(chunk)
    decompressor.finish()


def _bounded(chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    # The sockets of our own connections end a wait at the deadline; those of a user's do not.
    for chunk in chunks:
        if time.monotonic() >= deadline:
            raise TotalTimeout
        yield chunk


def aiter_chunks(response: httpx.Response, deadline: float | None) -> AsyncIterator[bytes]:
    """Iterate over pieces of the body as they come, decompressed, until the deadline if any."""
    if response.is_stream_consumed:
        chunks = response.aiter_bytes()
    else:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        chunks = aiter(response.stream)
        if "content-encoding" in response.headers:
            chunks = _Decompressed(chunks, response.headers["content-encoding"])
    return chunks if deadline is None else _Bounded(chunks, deadline)


async def finish_chunks(chunks: AsyncIterator[bytes]) -> None:
    """Finish a generator, which an event loop would finish by a task, later."""
    while isinstance(chunks, _Wrapper):
        chunks = chunks.source
    if not getattr(chunks, "ag_running", True):
        await chunks.aclose()  # type: ignore[attr-defined]


class _Wrapper:
    """An iterator over another one. Not a generator: an event loop would finish it by itself."""

    __slots__ = ("source",)

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self.source = source

    def __aiter__(self) -> Self:
        return self


class _Decompressed(_Wrapper):
    """Iterates over decompressed pieces."""

    __slots__ = ("_decompressor", "_pieces")

    def __init__(self, source: AsyncIterator[bytes], content_encoding: str) -> None:
        super().__init__(source)
        self._decompressor = compression.Decompressor(content_encoding)
        self._pieces: Iterator[bytes] = iter(())

    async def __anext__(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is not None:
            # What inflates a thousandfold must not keep other tasks, and deadlines, waiting.
            await anyio.sleep(0)
        while piece is None:
            chunk = await anext(self.source, None)
            if chunk is None:
                self._decompressor.finish()
                raise StopAsyncIteration
            self._pieces = self._decompressor.feed(chunk)
            piece = next(self._pieces, None)
        return piece


class _Bounded(_Wrapper):
    """Iterates until a deadline."""

    __slots__ = ("_deadline",)

    def __init__(self, source: AsyncIterator[bytes], deadline: float) -> None:
        super().__init__(source)
        self._deadline = deadline

    async def __anext__(self) -> bytes:
        with _until(self._deadline):
            return await anext(self.source)


@contextlib.contextmanager
def _until(deadline: float) -> Iterator[None]:
    """A scope that is left at a deadline.

    Raises:
        TotalTimeout: It has come.
    """
    try:
        with anyio.fail_after(deadline - time.monotonic()):
            yield
    except TimeoutError as error:
        raise TotalTimeout from error


def is_shared(response: httpx.Response) -> bool:
    """Whether the connection carries other requests at the same time, and is never given back."""
    return response.http_version == "HTTP/2"


def is_whole(response: httpx.Response) -> bool:
    """Whether all of a response is known to have come, read or not."""
    return getattr(response.stream, "is_whole", False)


def socket_of(response: httpx.Response) -> socket.socket | None:
    """The socket below a response; None for a transport that has none."""
    stream = response.extensions.get("network_stream")
    found = stream.get_extra_info("socket") if stream is not None else None
    return found if isinstance(found, socket.socket) else None


def shut_down(response: httpx.Response) -> bool:
    """End whatever another thread reads or writes on a response's socket, if that can be done."""
    found = socket_of(response)
    if found is None or is_shared(response):
        return False
    sockets.shut_down(found)
    return True


def move_on_after(seconds: float) -> anyio.CancelScope:
    """A scope that is left after some seconds, on asyncio and on trio."""
    return anyio.move_on_after(seconds)


async def sleep(seconds: float) -> None:
    """Wait, on asyncio and on trio."""
    await anyio.sleep(seconds)
