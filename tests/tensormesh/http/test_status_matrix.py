"""Every status with every form of body, over real sockets: the right exception, told well."""

from __future__ import annotations

import email.utils
import gzip
import json
import time
import tracemalloc
from http import HTTPStatus
from typing import Any

import pytest
from support.cases import for_each
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT_CREATE

from tensormesh import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)

CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: APIStatusError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: APIStatusError,
    409: ConflictError,
    413: APIStatusError,
    418: APIStatusError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    499: APIStatusError,
    500: InternalServerError,
    501: InternalServerError,
    502: InternalServerError,
    503: InternalServerError,
    504: InternalServerError,
    529: InternalServerError,
    599: InternalServerError,
}
WHOLE = {"error": {"message": "Too bad", "type": "T", "param": "messages.0", "code": "c"}}
# What is sent, in which encoding, and what the error is to say, in its fields.
FORMS: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "error object": (
        json.dumps(WHOLE).encode(),
        "application/json",
        {"message": "Too bad", "type": "T", "param": "messages.0", "code": "c", "body": WHOLE},
    ),
    "error text": (b'{"error": "Too bad"}', "application/json", {"message": "Too bad"}),
    "detail": (b'{"detail": "Too bad"}', "application/json", {"message": "Too bad"}),
    "google status": (
        b'{"code": 5, "message": "Too bad", "details": []}',
        "application/json",
        {"message": "Too bad", "code": 5},
    ),
    "page": (
        b"<!doctype html><html><title>Too bad</title><body>" + b"<p>x" * 9000,
        "text/html",
        {"message": 'HTML page "Too bad"'},
    ),
    "text": (b"Too bad\n", "text/plain", {"message": "Too bad"}),
    "terminal codes": (b"\x1b[31mToo bad\x1b[0m\x07", "text/plain", {}),
    "empty": (b"", "application/json", {"body": None}),
    "invalid json": (b'{"error": ', "application/json", {"message": '{"error":'}),
    "invalid utf-8": (b"\xff Too bad", "text/plain; charset=utf-8", {}),
    "array": (b"[1, 2]", "application/json", {"body": [1, 2]}),
    "a huge number": (b'{"error": ' + b"9" * 5000 + b"}", "application/json", {}),
    "deep": (b'{"error":' * 5000, "application/json", {}),
    "a long word": (b"x" * 100_000, "text/plain", {}),
}


@for_each("encoding", ["identity", "gzip"])
@for_each("form", FORMS)
def test_every_status_with_every_form_of_body(face: Face, form: str, encoding: str) -> None:
    content, content_type, fields = FORMS[form]

    def handler(turn: Turn) -> None:
        status = turn.headers["x-status"]
        more = {"content_type": content_type, "x_request_id": "req-1"}
        body = content
        if encoding == "gzip":
            body, more["content_encoding"] = gzip.compress(content), "gzip"
        turn.answer(body, f"{status} Reason", **more)

    with RawServer(handler) as server:
        create = CHAT_CREATE.of(face.client(serverless_base_url=server.url).inference.serverless)
        for status, cls in CLASSES.items():
            for stream in (False, True):
                with pytest.raises(APIStatusError) as caught:
                    face.run(
                        create(
                            **CHAT_CREATE.arguments,
                            stream=stream,
                            extra_headers={"X-Status": str(status)},
                        )
                    )
                error = caught.value
                assert type(error) is cls
                assert (error.status_code, error.request_id) == (status, "req-1")
                assert {name: getattr(error, name) for name in fields} == fields
                text = str(error)
                assert text.startswith(f"{status} Reason")
                assert len(text) < 2_200
                assert text.isprintable()
        assert server.connections == 1


def test_a_refusal_of_fifty_megabytes_takes_little_memory(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.head("503 Oh No", content_type="application/json", content_length=str(50 << 20))
        turn.send(b'{"error": "')
        for _ in range(50):
            turn.send(b"x" * (1 << 20))

    with RawServer(handler) as server:
        models = face.client(serverless_base_url=server.url).inference.serverless.models
        tracemalloc.start()
        try:
            with pytest.raises(InternalServerError):
                face.run(models.list())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 12 << 20


def test_a_small_refusal_that_unpacks_to_a_huge_one_is_told_in_few_words(face: Face) -> None:
    bomb = gzip.compress(b"x" * (50 << 20))
    with RawServer(lambda turn: turn.answer(bomb, "500 No", content_encoding="gzip")) as server:
        models = face.client(serverless_base_url=server.url).inference.serverless.models
        with pytest.raises(InternalServerError) as caught:
            face.run(models.list())
        assert len(str(caught.value)) < 2_200


def retry_dates() -> dict[str, tuple[str, float | None]]:
    def date(seconds: float) -> str:
        return email.utils.formatdate(time.time() + seconds, usegmt=True)

    return {
        "seconds": ("7", 7.0),
        "parts of seconds": ("0.5", 0.5),
        "zero": ("0", 0.0),
        "a date": (date(30), 30.0),
        "a past date": (date(-3600), 0.0),
        "a date far away": ("Fri, 31 Dec 9999 23:59:59 GMT", 2.5e11),
        "far too long": ("9" * 30, 1e30),
        "negative": ("-5", None),
        "words": ("soon", None),
        "no date": ("Wed, 99 Foo 2026 25:61:61 GMT", None),
        "not a number": ("nan", None),
        "empty": ("", None),
        "two": ("3, 5", None),
        "other digits": ("\xb2", None),
    }


@for_each("form", retry_dates())
def test_every_form_of_retry_after_is_told_or_left_out(face: Face, form: str) -> None:
    value, seconds = retry_dates()[form]
    with RawServer(lambda turn: turn.answer(b"", "429 Slow", retry_after=value)) as server:
        models = face.client(serverless_base_url=server.url).inference.serverless.models
        with pytest.raises(RateLimitError) as caught:
            face.run(models.list())
    found = caught.value.retry_after
    if seconds is None:
        assert found is None
    else:
        assert found == pytest.approx(seconds, rel=0.1, abs=2.0)


def test_every_status_is_one_of_ours_even_if_it_has_no_name(face: Face) -> None:
    known = {status.value for status in HTTPStatus}

    def handler(turn: Turn) -> None:
        turn.send(b"HTTP/1.1 %b \r\ncontent-length: 0\r\n\r\n" % turn.headers["x-status"].encode())

    with RawServer(handler) as server:
        models = face.client(serverless_base_url=server.url).inference.serverless.models
        for status in range(300, 600, 7):
            with pytest.raises(APIStatusError) as caught:
                face.run(models.list(extra_headers={"X-Status": str(status)}))
            assert caught.value.status_code == status
            assert str(caught.value).startswith(str(status))
            assert bool(caught.value.reason) == (status in known)
