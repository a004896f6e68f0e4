"""The one module that speaks to httpx. It is loaded when the first request is sent."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import anyio
import httpx

from ._errors import APIConnectionError, APITimeoutError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ._call import Call

Client = httpx.Client
AsyncClient = httpx.AsyncClient
Response = httpx.Response
TransportError = httpx.TransportError

# httpx keeps 20 idle connections for 5 s by default, and so makes new ones all the time.
LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60.0)

# After a minute of silence the kernel asks the peer whether it is there: routers and load
# balancers forget connections on which nothing moves.
_KEEPALIVE_SECONDS = 60
_KEEPALIVE_PROBES = 5

_contexts: dict[str | None, ssl.SSLContext] = {}
_lock = threading.Lock()


def new_client(scheme: str, ca_bundle: str | None) -> httpx.Client:
    """A synchronous client for URLs of one scheme."""
    return httpx.Client(**_client_arguments(httpx.HTTPTransport, scheme, ca_bundle))


def new_async_client(scheme: str, ca_bundle: str | None) -> httpx.AsyncClient:
    """An asynchronous client for URLs of one scheme."""
    return httpx.AsyncClient(**_client_arguments(httpx.AsyncHTTPTransport, scheme, ca_bundle))


def _client_arguments(
    transport: Callable[..., Any], scheme: str, ca_bundle: str | None
) -> dict[str, Any]:
    # Plain HTTP needs no certificates, and loading them is most of the cost of a client.
    verify: ssl.SSLContext | bool = _ssl_context(ca_bundle) if scheme == "https" else False
    if getproxies():
        # Only httpx's own choice of transports heeds proxies.
        return {"verify": _ssl_context(ca_bundle), "limits": LIMITS}
    options = _socket_options()
    return {"transport": transport(verify=verify, limits=LIMITS, socket_options=options)}


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


_urls: dict[str, httpx.URL] = {}
_timeouts: dict[tuple[float, float], httpx.Timeout] = {}
_CACHED = 64


def build_request(client: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request:
    """The httpx request of a call."""
    url = _urls.get(call.url)
    if url is None:
        url = httpx.URL(call.url)
        if len(_urls) < _CACHED:
            _urls[call.url] = url
    key = (call.seconds, call.connect_seconds)
    timeout = _timeouts.get(key)
    if timeout is None:
        timeout = httpx.Timeout(call.seconds, connect=call.connect_seconds)
        if len(_timeouts) < _CACHED:
            _timeouts[key] = timeout
    return client.build_request(
        call.method,
        url,
        params=call.query,
        headers=call.headers,
        content=call.content,
        timeout=timeout,
    )


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
    return str(target.copy_with(fragment=None)) if same else None


def iter_chunks(response: httpx.Response) -> Iterator[bytes]:
    """Pieces of the body as they come, decompressed."""
    if "content-encoding" in response.headers:
        return response.iter_bytes()
    # Without the layers that count, time and decode: they double the cost of a piece.
    assert isinstance(response.stream, httpx.SyncByteStream)
    return iter(response.stream)


def aiter_chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Pieces of the body as they come, decompressed."""
    if "content-encoding" in response.headers:
        return response.aiter_bytes()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return aiter(response.stream)


def socket_of(response: httpx.Response) -> socket.socket | None:
    """The socket below a response; None for a transport that has none."""
    stream = response.extensions.get("network_stream")
    found = stream.get_extra_info("socket") if stream is not None else None
    return found if isinstance(found, socket.socket) else None


def move_on_after(seconds: float) -> anyio.CancelScope:
    """A scope that is left after some seconds, on asyncio and on trio."""
    return anyio.move_on_after(seconds)


def shielded() -> anyio.CancelScope:
    """A scope that a cancellation does not reach, for giving a connection back."""
    return anyio.CancelScope(shield=True)


async def sleep(seconds: float) -> None:
    """Wait, on asyncio and on trio."""
    await anyio.sleep(seconds)
