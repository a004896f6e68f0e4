"""An engine that forwards requests to an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from starlette.responses import Response

from tensormesh_local.engines.base import Call, Engine
from tensormesh_local.engines.upstream_usage import UsageReader, counts_of
from tensormesh_local.http.errors import ApiError
from tensormesh_local.wire.event_stream import DONE, EventStream, event
from tensormesh_local.wire.tally import Tally

_FORWARDED_REQUEST_HEADERS: Final = ("Accept", "Content-Type", "X-User-Id")
_FORWARDED_RESPONSE_HEADERS: Final = ("Content-Type", "Retry-After", "Cache-Control")
_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0, read=None, pool=None)
_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=32)


class UpstreamEngine(Engine):
    """Forwards requests unchanged, and returns responses byte for byte.

    Args:
        base_url: Base URL of the server, with or without ``/v1``.
        api_key: API key for the server. The caller's own is never sent.
        transport: Replaces the network connection.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        base = base_url.rstrip("/").removesuffix("/v1")
        loopback = urlsplit(base).hostname in {"127.0.0.1", "::1", "localhost"}
        self._client = httpx.AsyncClient(
            base_url=base,
            headers={"Accept-Encoding": "identity"},
            timeout=_TIMEOUT,
            limits=_LIMITS,
            transport=transport,
            # No proxy from the environment for a server on the same machine.
            trust_env=not loopback,
        )
        self._authorization = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def answer(self, call: Call) -> Response:
        """Forward a request.

        Raises:
            ApiError: 502 or 503, the server cannot be reached or the connection failed.
        """
        response = await self._send(call)
        headers = {
            name: response.headers[name]
            for name in _FORWARDED_RESPONSE_HEADERS
            if name in response.headers
        }
        if response.headers.get("Content-Type", "").startswith("text/event-stream"):
            reader = UsageReader()
            call.tally.counts = reader.counts
            return EventStream(
                _relay(response, reader, call.tally),
                status_code=response.status_code,
                headers=headers,
                media_type=response.headers["Content-Type"],
            )
        content = await self._read(response)
        call.tally.counts = lambda: counts_of(content)
        return Response(content, response.status_code, headers)

    async def exchange(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request of this engine itself, and return the JSON of the response.

        Raises:
            ApiError: The server's status, if it is not 200; or 502 or 503, as for :meth:`answer`.
        """
        request = self._client.build_request(method, path, json=body, headers=self._authorization)
        response = await self._connect(request)
        content = await self._read(response)
        if response.status_code != 200:
            raise ApiError(response.status_code, _message(response, content))
        return response.json()

    async def _send(self, call: Call) -> httpx.Response:
        headers = {
            name: call.request.headers[name]
            for name in _FORWARDED_REQUEST_HEADERS
            if name in call.request.headers
        }
        request = self._client.build_request(
            call.operation.method,
            call.operation.path,
            params=call.request.url.query or None,
            content=call.raw or None,
            headers={**headers, **self._authorization, "X-Request-Id": call.request_id},
        )
        return await self._connect(request)

    async def _connect(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True)
        except httpx.ConnectError as error:
            raise ApiError(503, f"The upstream server cannot be reached: {error}.") from error
        except httpx.HTTPError as error:
            raise ApiError(
                502, f"The upstream server did not respond: {_reason(error)}."
            ) from error

    @staticmethod
    async def _read(response: httpx.Response) -> bytes:
        try:
            return await response.aread()
        except httpx.HTTPError as error:
            raise ApiError(
                502, f"The connection to the upstream server failed: {_reason(error)}."
            ) from error
        finally:
            await response.aclose()


async def _relay(
    response: httpx.Response, reader: UsageReader, tally: Tally
) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in response.aiter_raw():
            reader.feed(chunk)
            yield chunk
    except httpx.HTTPError as error:
        tally.failure = 502
        # The status was already sent, so report the error like servers do within a stream.
        broken = ApiError(502, f"The connection to the upstream server failed: {_reason(error)}.")
        yield b"\n\n" + event(broken.body()) + DONE
    finally:
        await response.aclose()


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _message(response: httpx.Response, content: bytes) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return content[:200].decode("utf-8", "replace") or response.reason_phrase
