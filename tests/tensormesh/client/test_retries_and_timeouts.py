"""What is sent again, when, and what is said of it; and timeouts, each by its name."""

from __future__ import annotations

import logging
import pickle
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.sdk_faces import API_KEY, Face, Server, answer, host
from support.sdk_samples import (
    CHAT_CREATE,
    GETS,
    MODELS,
    MODELS_LIST,
    POSTS,
    Method,
    as_json,
)

from tensormesh import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    InternalServerError,
    RateLimitError,
)
from tensormesh._calls import async_dispatcher, dispatcher

REFUSED = httpx.ConnectError("[Errno 111] Connection refused")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for between tries, in seconds; nothing really waits."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    fake = SimpleNamespace(**{**vars(time), "sleep": found.append})
    monkeypatch.setattr(dispatcher, "time", fake)
    monkeypatch.setattr(async_dispatcher, "sleep", sleep)
    return found


def list_models(face: Face, server: Server, **settings: Any) -> Any:
    return face.run(face.client(server, **settings).inference.serverless.models.list())


def failing(status: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(b"", status=status, headers=named)


@for_each("method", GETS, ids=lambda method: method.path)
@for_each("variant", [None, "with_raw_response", "with_streaming_response"])
def test_every_get_is_tried_again(
    face: Face, surface: str, method: Method, variant: str | None, waits: list[float]
) -> None:
    waits.clear()
    server = Server(failing(503), REFUSED, as_json(method.answer))
    client = face.client(server, max_retries=2)
    result = face.run(method.of(host(client, surface), variant)())
    if hasattr(result, "close"):
        face.run(result.close())
    assert len(server.requests) == 3
    assert 0.375 < waits[0] <= 0.5
    assert 0.75 < waits[1] <= 1.0
    assert server.bodies[0].is_closed
    first, *later = [dict(request.headers) for request in server.requests]
    assert later == [first, first]


@for_each("method", POSTS, ids=lambda method: method.path)
@for_each("failure", [failing(503), failing(429, retry_after="1"), REFUSED, None])
def test_no_post_is_ever_sent_twice(
    face: Face, surface: str, method: Method, failure: Any, waits: list[float]
) -> None:
    if isinstance(failure, httpx.Response):
        failure = failing(failure.status_code, **dict(failure.headers))
    failure = failure or httpx.ReadTimeout("slow")
    server = Server(failure)
    client = face.client(server, max_retries=5)
    with pytest.raises(APIError) as caught:
        face.run(method.of(host(client, surface))(**method.arguments))
    assert (len(server.requests), caught.value.attempts, waits) == (1, 1, [])


def test_nothing_is_tried_again_unless_asked_for(face: Face, waits: list[float]) -> None:
    server = Server(failing(503))
    with pytest.raises(InternalServerError) as caught:
        list_models(face, server)
    assert (caught.value.attempts, waits) == (1, [])


def test_the_variable_and_a_copy_set_retries_too(
    face: Face, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENSORMESH_MAX_RETRIES", "1")
    with pytest.raises(APIConnectionError) as caught:
        list_models(face, Server(REFUSED, REFUSED))
    assert caught.value.attempts == 2

    client = face.client(Server(REFUSED, REFUSED, REFUSED, as_json(MODELS)))
    face.run(client.with_options(max_retries=3).inference.serverless.models.list())
    assert len(waits) == 4

    monkeypatch.setenv("TENSORMESH_MAX_RETRIES", "many")
    with pytest.raises(ConfigurationError, match="TENSORMESH_MAX_RETRIES"):
        face.client(Server())


@for_each("status", [429, 500, 502, 503, 504])
def test_statuses_that_may_pass_are_tried_again(
    face: Face, status: int, waits: list[float]
) -> None:
    waits.clear()
    server = Server(failing(status), as_json(MODELS))
    assert list_models(face, server, max_retries=1).data[0].id == "m"
    assert len(waits) == 1


@for_each("status", [400, 401, 403, 404, 408, 409, 422, 501, 505])
def test_statuses_that_stay_are_not_tried_again(
    face: Face, status: int, waits: list[float]
) -> None:
    server = Server(failing(status))
    with pytest.raises(APIError):
        list_models(face, server, max_retries=3)
    assert (len(server.requests), waits) == (1, [])


@for_each(
    "failure",
    [
        REFUSED,
        httpx.ConnectTimeout("x"),
        httpx.ReadTimeout("x"),
        httpx.ReadError("x"),
        httpx.WriteError("x"),
        httpx.RemoteProtocolError("x"),
        httpx.PoolTimeout("x"),
        httpx.ProxyError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failures_of_the_network_are_tried_again(
    face: Face, failure: httpx.TransportError, waits: list[float]
) -> None:
    server = Server(failure, as_json(MODELS))
    assert list_models(face, server, max_retries=1).data[0].id == "m"

    with pytest.raises(APIConnectionError) as caught:
        list_models(face, Server(failure, failure), max_retries=1)
    assert caught.value.attempts == 2
    assert "after 2 attempts" in str(caught.value)
    assert caught.value.__cause__ is failure


def test_the_last_failure_is_the_one_that_is_raised(face: Face, waits: list[float]) -> None:
    server = Server(REFUSED, failing(503), failing(429, x_request_id="last"))
    with pytest.raises(RateLimitError, match="after 3 attempts") as caught:
        list_models(face, server, max_retries=2)
    assert (caught.value.attempts, caught.value.request_id) == (3, "last")
    assert all(body.is_closed for body in server.bodies)


@for_each(
    ("value", "seconds"), [("2", 2.0), ("0.25", 0.25), ("3600", 60.0), ("1e9", None), ("-1", None)]
)
def test_retry_after_is_obeyed_within_bounds(
    face: Face, value: str, seconds: float | None, waits: list[float]
) -> None:
    waits.clear()
    list_models(face, Server(failing(429, retry_after=value), as_json(MODELS)), max_retries=1)
    if seconds is None:
        assert 0.375 < waits[0] <= 0.5
    else:
        assert waits == [seconds]


def test_a_body_that_breaks_is_not_asked_for_again(face: Face, waits: list[float]) -> None:
    # What began as a good answer was told to the caller; only a new call can ask again.
    server = Server(answer(b'{"da', httpx.ReadError("reset")))
    with pytest.raises(APIConnectionError):
        list_models(face, server, max_retries=3)
    assert (len(server.requests), waits) == (1, [])


def test_every_try_is_logged_without_secrets(
    face: Face, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tensormesh")
    server = Server(REFUSED, failing(503), as_json(MODELS))
    client = face.client(server, max_retries=2)
    face.run(
        client.inference.on_demand.models.list(
            extra_query={"token": "canary-query"}, extra_headers={"X-Key": "canary-header"}
        )
    )
    own = [record for record in caplog.records if record.name == "tensormesh"]
    lines = [record.getMessage() for record in own if record.levelno == logging.DEBUG]
    place = "GET https://on-demand.test/prefix/v1/models"
    assert lines == [
        f"{place} (attempt 1): connection failed: {REFUSED}",
        f"{place} (attempt 2): 503",
        f"{place} (attempt 3): 200",
    ]
    waits_told = [record.getMessage() for record in own if record.levelno == logging.INFO]
    assert waits_told == [
        f"{place} (attempt 1): retrying in {waits[0]:.1f} s: connection failed: {REFUSED}",
        f"{place} (attempt 2): retrying in {waits[1]:.1f} s: 503",
    ]
    assert API_KEY not in caplog.text
    assert "canary" not in "".join([*lines, *waits_told])


# Timeouts

PHASES: list[tuple[Exception, str, str]] = [
    (httpx.ConnectTimeout("x"), "connect", "connecting took longer than 10 s"),
    (httpx.ReadTimeout("x"), "read", "waiting for the next bytes took longer than 600 s"),
    (httpx.WriteTimeout("x"), "write", "sending took longer than 600 s"),
    (httpx.PoolTimeout("x"), "pool", "waiting for a free connection took longer than 600 s"),
]


@for_each("variant", [None, "with_raw_response", "with_streaming_response"])
@for_each("stream", [False, True])
@for_each(("failure", "phase", "message"), PHASES)
def test_a_timeout_says_what_took_too_long(
    face: Face, failure: Exception, phase: str, message: str, stream: bool, variant: str | None
) -> None:
    create = CHAT_CREATE.of(face.client(Server(failure)).inference.serverless, variant)
    with pytest.raises(APITimeoutError, match=message) as caught:
        face.run(create(**CHAT_CREATE.arguments, stream=stream))
    error = caught.value
    assert (error.phase, error.attempts, error.method) == (phase, 1, "POST")
    assert error.__cause__ is failure
    assert pickle.loads(pickle.dumps(error)).phase == phase


def test_a_timeout_in_the_middle_of_an_answer_says_so(face: Face) -> None:
    server = Server(answer(b'{"id"', httpx.ReadTimeout("x")))
    create = CHAT_CREATE.of(face.client(server).inference.serverless)
    with pytest.raises(APITimeoutError, match="longer than 3 s") as caught:
        face.run(create(**CHAT_CREATE.arguments, timeout_seconds=3))
    assert caught.value.phase == "read"
    assert server.bodies[0].is_closed


def test_a_connection_error_names_its_reason_and_place(face: Face) -> None:
    with pytest.raises(APIConnectionError) as caught:
        list_models(face, Server(REFUSED))
    assert str(caught.value) == (
        "connection failed: [Errno 111] Connection refused (GET https://serverless.test/v1/models)"
    )


def test_a_failure_without_words_is_named_by_its_kind(face: Face) -> None:
    with pytest.raises(APIConnectionError, match="connection failed: ReadError"):
        list_models(face, Server(httpx.ReadError("")))


def test_a_certificate_that_is_not_trusted_points_to_the_setting(face: Face) -> None:
    failure = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    with pytest.raises(APIConnectionError, match=r"`ca_bundle` \(TENSORMESH_CA_BUNDLE\)"):
        list_models(face, Server(failure))


@pytest.mark.parametrize("method", [MODELS_LIST])
def test_an_error_of_a_users_own_transport_goes_through(face: Face, method: Method) -> None:
    with pytest.raises(ZeroDivisionError):
        list_models(face, Server(ZeroDivisionError("mine")), max_retries=3)
