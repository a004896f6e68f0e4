"""The one module that speaks to httpx. It is loaded when the first request is sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import anyio
import httpx

from ._errors import APIConnectionError, APITimeoutError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._call import Call

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
LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60.0)

# After a minute of silence the kernel asks the peer whether it is there: routers and load
# balancers forget connections on which nothing moves.
_KEEPALIVE_SECONDS = 60
_KEEPALIVE_PROBES = 5

_contexts: dict[str | None, ssl.SSLContext] = {}
_lock = threading.Lock()


def new_sender(scheme: str, ca_bundle: str | None) -> Sender:
    """What sends requests to URLs of one scheme."""
    if _has_proxies():
        return httpx.Client(verify=_ssl_context(ca_bundle), limits=LIMITS)
    return httpx.HTTPTransport(**_transport_arguments(scheme, ca_bundle))


def new_async_sender(scheme: str, ca_bundle: str | None) -> AsyncSender:
    """What sends asynchronous requests to URLs of one scheme."""
    if _has_proxies():
        return httpx.AsyncClient(verify=_ssl_context(ca_bundle), limits=LIMITS)
    return httpx.AsyncHTTPTransport(**_transport_arguments(scheme, ca_bundle))


def _has_proxies() -> bool:
    """Whether the environment names proxies, which httpx's own clients heed."""
    return bool(getproxies().keys() - {"no"})


def _transport_arguments(scheme: str, ca_bundle: str | None) -> dict[str, Any]:
    # Plain HTTP needs no certificates, and loading them is most of the cost of a client.
    verify: ssl.SSLContext | bool = _ssl_context(ca_bundle) if scheme == "https" else False
    return {"verify": verify, "limits": LIMITS, "socket_options": _socket_options()}


def _socket_options() -> list[tuple[int, int, int]]:
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
    interval = getattr(socket, "TCP_KEEPINTVL", None)
    probes = getattr(socket, "TCP_KEEPCNT", None)
    if idle is not None:
        options.append((socket.IPPROTO_TCP, idle, _KEEPALIVE_SECONDS))
    if interval is not None:
        options.append((socket.IPPROTO_TCP, interval, _KEEPALIVE_SECONDS))
    if probes is not None:
        options.append((socket.IPPROTO_TCP, probes, _KEEPALIVE_PROBES))
    return options


def _ssl_context(ca_bundle: str | None) -> ssl.SSLContext:
    """The process's one context for these certificates: building one takes some 25 ms."""
    with _lock:
        context = _contexts.get(ca_bundle)
        if context is None:
            context = _contexts[ca_bundle] = _new_ssl_context(ca_bundle)
        return context


def _new_ssl_context(ca_bundle: str | None) -> ssl.SSLContext:
    if ca_bundle is not None:
        try:
            return ssl.create_default_context(cafile=ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"`ca_bundle` (or TENSORMESH_CA_BUNDLE) cannot be used: {error.strerror or error}",
                argument="ca_bundle",
                variable="TENSORMESH_CA_BUNDLE",
            ) from error
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not _has_ca_folder():
        # A system without certificates, as small containers are.
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _has_ca_folder() -> bool:
    """Whether certificates are looked up in a folder one by one, which loads none beforehand."""
    import os

    folder: str | None = ssl.get_default_verify_paths().capath
    return bool(folder and os.listdir(folder))


def send(sender: Sender, call: Call) -> httpx.Response:
    """Send a call once. The body of the response is still to be read."""
    if isinstance(sender, httpx.Client):
        request = _client_request(sender, call)
        return sender.send(request, stream=True, follow_redirects=False)
    request = _bare_request(call)
    response = sender.handle_request(request)
    response.request = request
    return response


async def send_async(sender: AsyncSender, call: Call) -> httpx.Response:
    """Send a call once. The body of the response is still to be read."""
    if isinstance(sender, httpx.AsyncClient):
        request = _client_request(sender, call)
        return await sender.send(request, stream=True, follow_redirects=False)
    request = _bare_request(call)
    response = await sender.handle_async_request(request)
    response.request = request
    return response


_urls: dict[str, httpx.URL] = {}
_MOST_URLS = 64


def _url(text: str) -> httpx.URL:
    """The parsed URL. Few are ever used, and parsing one costs more than the rest of a request."""
    url = _urls.get(text)
    if url is None:
        url = httpx.URL(text)
        if len(_urls) < _MOST_URLS:
            _urls[text] = url
    return url


def _bare_request(call: Call) -> httpx.Request:
    """The request of a call as it goes out. A client could only add cookies, hooks and layers."""
    url, content, seconds = _url(call.url), call.content or b"", call.seconds
    headers = {"host": url.netloc.decode("ascii"), "accept-encoding": "gzip, deflate"}
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
        extensions={
            "timeout": {
                "connect": call.connect_seconds,
                "read": seconds,
                "write": seconds,
                "pool": seconds,
            }
        },
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
        timeout=httpx.Timeout(call.seconds, connect=call.connect_seconds),
    )
    for name in call.removed:
        # The client may have put a header of its own in the place of ours.
        request.headers.pop(name, None)
    return request


def connection_error(error: Exception, call: Call, attempts: int) -> APIConnectionError:
    """What a failure of the transport is called here."""
    phase = _phase(error)
    if phase is not None:
        seconds = call.connect_seconds if phase == "connect" else call.seconds
        return APITimeoutError(
            f"{_TIMEOUTS[phase]} took longer than {seconds:g} s",
            phase=phase,
            attempts=attempts,
            method=call.method,
            url=call.url,
        )
    reason = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        reason += ". `ca_bundle` (TENSORMESH_CA_BUNDLE) names the certificates to trust"
    return APIConnectionError(
        f"connection failed: {reason}", attempts=attempts, method=call.method, url=call.url
    )


_TIMEOUTS = {
    "connect": "connecting",
    "read": "waiting for the next bytes",
    "write": "sending",
    "pool": "waiting for a free connection",
}


def _phase(error: Exception) -> Any:
    for kind, phase in (
        (httpx.ConnectTimeout, "connect"),
        (httpx.ReadTimeout, "read"),
        (httpx.WriteTimeout, "write"),
        (httpx.PoolTimeout, "pool"),
    ):
        if isinstance(error, kind):
            return phase
    return None


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


def read(response: httpx.Response) -> bytes:
    """The whole body, decompressed. The response does not keep it."""
    return b"".join(iter_chunks(response))


async def read_async(response: httpx.Response) -> bytes:
    """The whole body, decompressed. The response does not keep it."""
    return b"".join([chunk async for chunk in aiter_chunks(response)])


def iter_chunks(response: httpx.Response) -> Iterator[bytes]:
    """Pieces of the body as they come, decompressed."""
    if "content-encoding" in response.headers or response.is_stream_consumed:
        return response.iter_bytes()
    # Without the layers that count, time and decode: they double the cost of a piece.
    assert isinstance(response.stream, httpx.SyncByteStream)
    return iter(response.stream)


def aiter_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Pieces of the body as they come, decompressed."""
    if "content-encoding" in response.headers or response.is_stream_consumed:
        return response.aiter_bytes()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return aiter(response.stream)


def is_shared(response: httpx.Response) -> bool:
    """Whether the connection carries other requests at the same time, and is never given back."""
    return response.http_version == "HTTP/2"


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
    with contextlib.suppress(OSError):
        # Not the TLS socket's own method, which would forget its state meanwhile.
        socket.socket.shutdown(found, socket.SHUT_RDWR)
    return True


def move_on_after(seconds: float) -> anyio.CancelScope:
    """A scope that is left after some seconds, on asyncio and on trio."""
    return anyio.move_on_after(seconds)


def shielded() -> anyio.CancelScope:
    """A scope that a cancellation does not reach, for giving a connection back."""
    return anyio.CancelScope(shield=True)


async def sleep(seconds: float) -> None:
    """Wait, on asyncio and on trio."""
    await anyio.sleep(seconds)
