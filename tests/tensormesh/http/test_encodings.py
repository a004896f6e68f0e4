"""Compressed answers: what was asked for is understood, what was not is named."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.cases import for_each
from support.raw_server import EVENT_STREAM, PATIENCE, RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE, chunk, sse

from tensormesh import AsyncTensormesh, BadRequestError, ProtocolError, TensormeshError
from tensormesh._calls.lines import LineSplitter
from tensormesh._http import response as http_module
from tensormesh._streams.sse import SSEDecoder

REFUSAL = b'{"error": {"message": "too bad"}}'


def as_zstd(content: bytes) -> bytes:
    """A frame of Zstandard (RFC 8878) with one block that is not compressed."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\xa0" + len(content).to_bytes(4, "little") + block + content


READ: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "x-gzip": gzip.compress,
    "gzip, identity": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
    "utf-8": bytes,
}
OTHER: dict[str, Callable[[bytes], bytes]] = {
    "x-compress": lambda content: b"\x1f\x9d\x90" + content[::-1],
    "zstd": as_zstd,
    "br": bytes,
    "gzip, gzip": lambda content: gzip.compress(gzip.compress(content)),
    "deflate, gzip": lambda content: gzip.compress(zlib.compress(content)),
}


def answering(encoding: str) -> Callable[[Turn], None]:
    compress = {**READ, **OTHER}[encoding]

    def handler(turn: Turn) -> None:
        if turn.json()["model"] == "refused":
            turn.answer(compress(REFUSAL), "400 Bad Request", content_encoding=encoding)
        elif turn.json().get("stream"):
            events = compress(sse(chunk("a")))
            turn.answer(events, content_type=EVENT_STREAM, content_encoding=encoding)
        else:
            turn.answer(compress(json.dumps(CHAT).encode()), content_encoding=encoding)

    return handler


def calls(face: Face, server: RawServer) -> list[Callable[[], Any]]:
    """An answer, a stream, and a refusal."""
    create = CHAT_CREATE.of(face.client(serverless_base_url=server.url).inference.serverless)
    arguments = CHAT_CREATE.arguments
    return [
        lambda: face.run(create(**arguments)),
        lambda: face.list(face.run(create(**arguments, stream=True))),
        lambda: face.run(create(**{**arguments, "model": "refused"})),
    ]


@for_each("encoding", READ)
def test_what_is_asked_for_is_understood(face: Face, encoding: str) -> None:
    with RawServer(answering(encoding)) as server:
        answer, stream, refusal = calls(face, server)
        assert answer().id == "chatcmpl-1"
        assert stream()[0].choices[0].delta.content == "a"
        with pytest.raises(BadRequestError, match="too bad"):
            refusal()
        assert {turn.headers["accept-encoding"] for turn in server.turns} == {"gzip, deflate"}


@for_each("encoding", OTHER)
def test_what_was_not_asked_for_is_named(face: Face, encoding: str) -> None:
    with RawServer(answering(encoding)) as server:
        answer, stream, refusal = calls(face, server)
        for call, kind in (
            (answer, ProtocolError),
            (stream, ProtocolError),
            (refusal, BadRequestError),
        ):
            with pytest.raises(kind, match=encoding) as caught:
                call()
            assert str(caught.value).isprintable()
        assert len(server.turns) == 3


MIB = 1 << 20
# Above the largest body that is kept whole, and above what any one piece may take.
SLACK = 16 * MIB


def bomb(size: int, start: bytes = b"", layers: int = 1) -> bytes:
    """Content of this size after decompression, and of a thousandth of it before."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(start)]
    parts += [packer.compress(b" " * MIB) for _ in range(size // MIB)]
    packed = b"".join([*parts, packer.flush()])
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


@contextlib.contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Hold what is allocated inside to a limit."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def exploding(content: bytes, encoding: str = "gzip") -> Callable[[Turn], None]:
    def handler(turn: Turn) -> None:
        status = "401 Unauthorized" if turn.json()["model"] == "refused" else "200 OK"
        kind = EVENT_STREAM if turn.json().get("stream") else "application/json"
        turn.answer(content, status, content_type=kind, content_encoding=encoding)

    return handler


def reads(face: Face, host: Any) -> dict[str, Callable[[], Any]]:
    """Every way to read a body."""
    create, raw, opened = (
        CHAT_CREATE.of(host, variant)
        for variant in (None, "with_raw_response", "with_streaming_response")
    )
    arguments = CHAT_CREATE.arguments
    refused = {**arguments, "model": "refused"}
    return {
        "whole": lambda: face.run(create(**arguments)),
        "raw": lambda: face.run(raw(**arguments)),
        "stream": lambda: face.list(face.run(create(**arguments, stream=True))),
        "bytes": lambda: exhaust(face, face.run(opened(**arguments)).iter_bytes()),
        "lines": lambda: exhaust(face, face.run(opened(**arguments)).iter_lines()),
        "events": lambda: exhaust(face, face.run(opened(**arguments)).iter_events()),
        "refusal": lambda: face.run(create(**refused)),
        "refused stream": lambda: face.run(create(**refused, stream=True)),
        "refused open": lambda: face.run(opened(**refused)),
    }


def exhaust(face: Face, pieces: Any) -> int:
    """The length of all pieces, of which none is kept."""
    total = 0
    with contextlib.suppress(StopIteration):
        while True:
            total += len(getattr(face.next(pieces), "data", b"x"))
    return total


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "http_client"])
def test_layers_upon_layers_are_not_decompressed(face: Face, is_own: bool) -> None:
    content = bomb(64 * MIB, layers=2)
    with RawServer(exploding(content, "gzip, gzip")) as server:
        more = {} if is_own else {"http_client": face.http()}
        client = face.client(serverless_base_url=server.url, **more)
        for read in reads(face, client.inference.serverless).values():
            with at_most(SLACK), pytest.raises(TensormeshError, match="'gzip, gzip'"):
                read()


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "http_client"])
def test_what_inflates_a_thousandfold_is_read_in_bounded_pieces(
    face: Face, is_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "MAX_BODY_BYTES", 16 * MIB)
    monkeypatch.setattr(SSEDecoder.__init__, "__kwdefaults__", {"max_event_bytes": 16 * MIB})
    monkeypatch.setattr(LineSplitter.__init__, "__kwdefaults__", {"max_line_bytes": 16 * MIB})
    content = bomb(64 * MIB, b'{"error": {"message": "the key is wrong"}}')
    with RawServer(exploding(content)) as server:
        more = {} if is_own else {"http_client": face.http()}
        client = face.client(serverless_base_url=server.url, **more)
        for name, read in reads(face, client.inference.serverless).items():
            with at_most(16 * MIB + SLACK):
                if name == "bytes":
                    assert read() > 64
                    continue
                expected = "the key is wrong|larger than (16 MiB|16777216)|longer than 16777216"
                with pytest.raises(TensormeshError, match=expected):
                    read()


def test_a_large_response_is_read_whole(face: Face) -> None:
    text = "".join(map(str, range(2_000_000)))
    answer = json.dumps({**CHAT, "id": text}).encode()
    for content, encoding in ((answer, "identity"), (gzip.compress(answer, 1), "gzip")):
        with RawServer(exploding(content, encoding)) as server:
            client = face.client(serverless_base_url=server.url)
            create = CHAT_CREATE.of(client.inference.serverless)
            assert face.run(create(**CHAT_CREATE.arguments)).id == text


def test_only_what_can_be_bounded_is_offered(face: Face) -> None:
    offers = {
        "gzip, deflate, br, zstd": "gzip, deflate",
        "br;q=1.0, gzip;q=0.5": "gzip;q=0.5",
        "identity": "identity",
        "zstd": "identity",
    }
    with RawServer(answering("identity")) as server:
        for offered, sent in offers.items():
            http = face.http(headers={"accept-encoding": offered})
            client = face.client(serverless_base_url=server.url, http_client=http)
            create = CHAT_CREATE.of(client.inference.serverless)
            face.run(create(**CHAT_CREATE.arguments))
            assert server.turns[-1].headers["accept-encoding"] == sent


def holding_nothing(turn: Turn) -> None:
    """Answer with compressed data that decompresses to nothing, until the client hangs up."""
    is_stream = turn.json().get("stream")
    refused = turn.json()["model"] == "refused"
    kind = EVENT_STREAM if is_stream else "application/json"
    status = "401 Unauthorized" if refused else "200 OK"
    turn.head(status, content_type=kind, content_encoding="gzip", transfer_encoding="chunked")
    # An event stream drips, so that only its event clock can end it; others flood.
    pause = 0.02 if is_stream and not refused else 0.0
    end = time.monotonic() + PATIENCE
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            turn.chunk(gzip.compress(b"") * (1 if pause else 500))
            time.sleep(pause)
    turn.close()


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "http_client"])
def test_compressed_data_that_holds_nothing_keeps_nobody_waiting(face: Face, is_own: bool) -> None:
    with RawServer(holding_nothing) as server:
        more = {} if is_own else {"http_client": face.http()}
        client = face.client(serverless_base_url=server.url, timeout_seconds=0.2, **more)
        host = client.inference.serverless
        opened = CHAT_CREATE.of(host, "with_streaming_response")
        ways = reads(face, host) | {
            "events": lambda: exhaust(
                face, face.run(opened(**CHAT_CREATE.arguments, stream=True)).iter_events()
            )
        }
        for name, read in ways.items():
            expected = "401" if "refus" in name else "next event|decompress to nothing"
            begun = time.monotonic()
            with pytest.raises(TensormeshError, match=expected):
                read()
            assert time.monotonic() - begun < PATIENCE / 2


def test_other_tasks_run_while_a_body_is_decompressed() -> None:
    with RawServer(exploding(bomb(64 * MIB))) as server:

        async def turns() -> int:
            async with AsyncTensormesh(
                inference_api_key="sk-0123456789", serverless_base_url=server.url
            ) as client:
                create = CHAT_CREATE.of(client.inference.serverless, "with_streaming_response")
                opened = await create(**CHAT_CREATE.arguments)
                count = 0

                async def tick() -> None:
                    nonlocal count
                    while True:
                        count += 1
                        await asyncio.sleep(0)

                ticking = asyncio.create_task(tick())
                async for _ in opened.iter_bytes():
                    pass
                ticking.cancel()
                return count

        assert asyncio.run(turns()) > 500
