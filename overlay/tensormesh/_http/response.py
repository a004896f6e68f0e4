"""An open response of a link: its headers, and how its body is read."""

from __future__ import annotations

import io
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload

from .errors import BodyTooLargeError, LinkError

if TYPE_CHECKING:
    from .decompression import Decompressor

# The largest response that is read whole, after decompression. Larger ones are read in pieces.
MAX_BODY_BYTES = 256 * 1024 * 1024
# What is read of an error's body. Its beginning says what is wrong.
MAX_ERROR_BYTES = 1 << 20
# What is read after the end marker of a stream, so that its connection can be used again.
DRAIN_SECONDS = 0.05
DRAIN_BYTES = 64 * 1024


_CHARSET = re.compile(r';\s*charset="?([^\s";]+)', re.IGNORECASE)

DefaultT = TypeVar("DefaultT")


class Headers(Mapping[str, str]):
    """Response headers by name, in any case. Values of a repeated header are joined by commas.

    Attributes:
        raw: Names and values as received.
    """

    __slots__ = ("_values", "raw")

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self.raw = raw
        self._values: dict[str, str] = {}
        for name, value in raw:
            key, text = name.decode("latin-1").lower(), _decoded(value)
            known = self._values.get(key)
            self._values[key] = text if known is None else f"{known}, {text}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | DefaultT) -> str | DefaultT: ...
    def get(self, name: str, /, default: Any = None) -> Any:
        """Return the value of a header, or the default. Faster than that of a mapping."""
        return self._values.get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_list(self, name: str) -> list[str]:
        """Return each value of a header that may be repeated, such as `set-cookie`."""
        key = name.lower().encode("latin-1")
        return [_decoded(value) for known, value in self.raw if known.lower() == key]

    @property
    def charset(self) -> str | None:
        """The character set that the content type names."""
        found = _CHARSET.search(self.get("content-type", ""))
        return found[1] if found else None

    def __repr__(self) -> str:
        return f"Headers({self._values!r})"


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


class Body(Protocol):
    """The body of a response. Iterate over its pieces as they arrive."""

    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None:
        """Release the connection. Can be called more than once, and while another thread reads."""

    def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""


class AsyncBody(Protocol):
    """The body of a response in an event loop."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def __anext__(self) -> bytes: ...
    async def close(self) -> None:
        """Release the connection, even while the task is cancelled."""

    async def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""


class Response:
    """An open response.

    Attributes:
        status_code: HTTP status.
        reason: Reason phrase.
        headers: Response headers.
        body: The body as received, a `Body` or an `AsyncBody`.
        is_decoded: Whether the body was decompressed already, by a hook of an httpx client.
    """

    __slots__ = ("body", "headers", "is_decoded", "reason", "status_code")

    def __init__(
        self, status_code: int, reason: bytes, headers: Headers, body: Any, *, is_decoded: bool
    ) -> None:
        self.status_code = status_code
        self.reason = reason.decode("latin-1")
        self.headers = headers
        self.body = body
        self.is_decoded = is_decoded

    def decompressor(self) -> Decompressor | None:
        """Return what decompresses the body; None if it is not compressed."""
        encoding = "" if self.is_decoded else self.headers.get("content-encoding", "")
        if not encoding:
            return None
        from .decompression import Decompressor

        return Decompressor(encoding)

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over pieces of the body, decompressed."""
        decompressor = self.decompressor()
        return iter(self.body) if decompressor is None else _decompressed(self.body, decompressor)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over pieces of the body, decompressed."""
        decompressor = self.decompressor()
        return self.body if decompressor is None else _Decompressed(self.body, decompressor)

    def __repr__(self) -> str:
        return f"<Response {self.status_code}>"


def _decompressed(body: Body, decompressor: Decompressor) -> Iterator[bytes]:
    for chunk in body:
        yield from decompressor.feed(chunk)
    decompressor.finish()


class _Decompressed:
    """Iterate over decompressed pieces. Not a generator: an event loop would close it by itself."""

    __slots__ = ("_body", "_decompressor", "_pieces")

    def __init__(self, body: AsyncBody, decompressor: Decompressor) -> None:
        self._body = body
        self._decompressor = decompressor
        self._pieces: Iterator[bytes] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is not None:
            from .loops import sleep

            # What inflates a thousandfold must not keep other tasks waiting.
            await sleep(0)
        while piece is None:
            chunk = await anext(self._body, None)
            if chunk is None:
                self._decompressor.finish()
                raise StopAsyncIteration
            self._pieces = self._decompressor.feed(chunk)
            piece = next(self._pieces, None)
        return piece


def _is_enough(collected: io.BytesIO, chunk: bytes, *, is_refusal: bool) -> bool:
    """Add a chunk to what was read. A list that is joined at the end would take twice the memory.

    Raises:
        BodyTooLargeError: It is too large to be read whole.
    """
    collected.write(chunk)
    size = collected.tell()
    if is_refusal:
        return size > MAX_ERROR_BYTES
    if size > MAX_BODY_BYTES:
        raise BodyTooLargeError(
            f"is larger than {MAX_BODY_BYTES >> 20} MiB: "
            "read it in pieces with `with_streaming_response`"
        )
    return False


def read(response: Response, *, is_refusal: bool = False) -> bytes:
    """Read the body whole, or the beginning of an error's body, and close the response.

    What cannot be read of an error's body is left out: the status says more than a second error.

    Raises:
        LinkError: A body that is read whole cannot be read.
    """
    collected = io.BytesIO()
    try:
        for chunk in response:
            if _is_enough(collected, chunk, is_refusal=is_refusal):
                break
    except LinkError:
        if not is_refusal:
            raise
    finally:
        response.body.close()
    return collected.getvalue()


async def read_async(response: Response, *, is_refusal: bool = False) -> bytes:
    """Do the same in an event loop."""
    collected = io.BytesIO()
    try:
        async for chunk in response:
            if _is_enough(collected, chunk, is_refusal=is_refusal):
                break
    except LinkError:
        if not is_refusal:
            raise
    finally:
        await response.body.close()
    return collected.getvalue()


def drain_deadline(deadline: float | None) -> float:
    """Return when draining ends."""
    end = time.monotonic() + DRAIN_SECONDS
    return end if deadline is None else min(end, deadline)
