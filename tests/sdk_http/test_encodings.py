"""Compressed answers: what was asked for is understood, what was not is named."""

from __future__ import annotations

import gzip
import importlib.util
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from support.raw_server import EVENT_STREAM, RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE, chunk, sse

from tensormesh import BadRequestError, ProtocolError

REFUSAL = b'{"error": {"message": "too bad"}}'


def as_zstd(content: bytes) -> bytes:
    """A frame of Zstandard (RFC 8878) with one block that is not compressed."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\xa0" + len(content).to_bytes(4, "little") + block + content


READ: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "gzip, gzip": lambda content: gzip.compress(gzip.compress(content)),
    "identity": bytes,
    "utf-8": bytes,
}
OTHER: dict[str, Callable[[bytes], bytes]] = {
    "x-compress": lambda content: b"\x1f\x9d\x90" + content[::-1],
    "zstd": as_zstd,
}
if importlib.util.find_spec("zstandard"):
    READ["zstd"] = OTHER.pop("zstd")


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


@pytest.mark.parametrize("encoding", READ)
def test_what_is_asked_for_is_understood(face: Face, encoding: str) -> None:
    with RawServer(answering(encoding)) as server:
        answer, stream, refusal = calls(face, server)
        assert answer().id == "chatcmpl-1"
        assert stream()[0].choices[0].delta.content == "a"
        with pytest.raises(BadRequestError, match="too bad"):
            refusal()
        assert {*READ} >= set(server.turns[0].headers["accept-encoding"].split(", "))


@pytest.mark.parametrize("encoding", OTHER)
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
