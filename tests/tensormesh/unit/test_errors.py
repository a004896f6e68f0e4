"""The exceptions: their tree, what they carry, and that they travel."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from support.cases import for_each

from tensormesh._errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    StreamError,
    TensormeshError,
    UnprocessableEntityError,
    safe_url,
)

REQUEST: dict[str, Any] = {
    "request_id": "r-1",
    "attempts": 3,
    "method": "GET",
    "url": "https://host/v1/models",
}
STATUS: dict[str, Any] = {
    "status_code": 429,
    "reason": "Too Many Requests",
    "body": {"error": {"message": "slow down"}},
    "code": 429,
    "type": "RateLimit",
    "param": "model",
    "headers": {"retry-after": "2"},
    "retry_after": 2.0,
    "hint": "Wait.",
    **REQUEST,
}
STATUS_CLASSES = [
    APIStatusError,
    BadRequestError,
    AuthenticationError,
    PermissionDeniedError,
    NotFoundError,
    ConflictError,
    UnprocessableEntityError,
    RateLimitError,
    InternalServerError,
]
ERRORS: list[TensormeshError] = [
    TensormeshError("m"),
    ConfigurationError("m", argument="max_retries", variable="TENSORMESH_MAX_RETRIES"),
    APIError("m", **REQUEST),
    APIConnectionError("m", **REQUEST),
    APITimeoutError("m", phase="idle", **REQUEST),
    ProtocolError("m", body=b"<html>", status_code=200, **REQUEST),
    StreamError("m", body={"x": [1]}, partial={"text": "so far"}, code=500, type="T", **REQUEST),
    *(cls("m", **STATUS) for cls in STATUS_CLASSES),
]


def test_the_tree() -> None:
    parents: dict[type, type]
    parents = {
        ConfigurationError: TensormeshError,
        APIError: TensormeshError,
        APIConnectionError: APIError,
        APITimeoutError: APIConnectionError,
        APIStatusError: APIError,
        **dict.fromkeys(STATUS_CLASSES[1:], APIStatusError),
        ProtocolError: APIError,
        StreamError: APIError,
        TensormeshError: Exception,
    }
    assert {cls: cls.__base__ for cls in parents} == parents


@for_each("error", ERRORS, ids=lambda error: type(error).__name__)
@for_each(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        *(
            lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
    ],
)
def test_every_error_survives_copying_and_pickling_whole(
    again: Any, error: TensormeshError
) -> None:
    error.add_note("a note")
    twin = again(error)
    assert type(twin) is type(error)
    assert twin is not error
    assert vars(twin) == vars(error)
    assert twin.args == error.args
    assert str(twin) == str(error)


class OwnError(RateLimitError):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} {two}", status_code=429)
        self.sum = one + two


def test_a_subclass_with_another_signature_survives_too() -> None:
    twin = pickle.loads(pickle.dumps(OwnError(1, 2)))
    assert type(twin) is OwnError
    assert (twin.sum, twin.message) == (3, "1 2")


def test_a_deep_copy_shares_nothing() -> None:
    error = RateLimitError("m", **STATUS)
    twin = copy.deepcopy(error)
    twin.headers["x"] = "y"
    twin.body["error"]["message"] = "changed"
    assert error.headers == {"retry-after": "2"}
    assert error.body == {"error": {"message": "slow down"}}


def test_what_an_error_is_told_it_carries() -> None:
    error = ConfigurationError("m", argument="max_retries", variable="TENSORMESH_MAX_RETRIES")
    assert (error.argument, error.variable) == ("max_retries", "TENSORMESH_MAX_RETRIES")
    plain = ConfigurationError("m")
    assert (plain.argument, plain.variable, plain.problem) == (None, None, None)
    assert not plain.is_missing
    timeout = APITimeoutError("m", phase="idle", partial="so far")
    assert (timeout.phase, timeout.partial) == ("idle", "so far")
    assert APITimeoutError("m", phase="pool").partial is None
    for key, value in STATUS.items():
        assert getattr(RateLimitError("m", **STATUS), key) == value
    stream = StreamError("m", body=[1], partial="so far", code="E", type="T", **REQUEST)
    assert vars(stream) == {
        "message": "m",
        "body": [1],
        "partial": "so far",
        "code": "E",
        "type": "T",
        **REQUEST,
    }
    assert vars(ProtocolError("m", body="b", status_code=200, **REQUEST)) == {
        "message": "m",
        "body": "b",
        "status_code": 200,
        **REQUEST,
    }


def test_attributes_have_quiet_defaults() -> None:
    error = APIStatusError("m", status_code=418)
    assert vars(error) == {
        "message": "m",
        "request_id": None,
        "attempts": 1,
        "method": None,
        "url": None,
        "status_code": 418,
        "reason": "",
        "body": None,
        "code": None,
        "type": None,
        "param": None,
        "headers": {},
        "retry_after": None,
        "hint": None,
        "hint_about": None,
    }


@for_each(
    ("error", "text"),
    [
        (ConfigurationError("set it", argument="a", variable="A"), "set it"),
        (APIConnectionError("refused"), "refused"),
        (
            APIConnectionError("refused", **REQUEST),
            "refused (GET https://host/v1/models, after 3 attempts, request id r-1)",
        ),
        (
            APIConnectionError("refused", method="GET", url="https://host/a"),
            "refused (GET https://host/a)",
        ),
        (
            RateLimitError("slow down", **STATUS),
            "429 Too Many Requests: slow down. Wait. (after 3 attempts, request id r-1)",
        ),
        (NotFoundError("No.", status_code=404, hint="Look."), "404: No. Look."),
        (
            NotFoundError(
                "Not Found", status_code=404, reason="Not Found", method="GET", url="https://h/a"
            ),
            "404 Not Found (GET https://h/a)",
        ),
    ],
)
def test_str_reads_as_a_sentence(error: TensormeshError, text: str) -> None:
    assert str(error) == text
    assert repr(error) == f"{type(error).__name__}({text!r})"


def test_long_bodies_are_kept_as_excerpts() -> None:
    assert ProtocolError("m", body=b"x" * 100_000).body == b"x" * 4096
    assert ProtocolError("m", body="x" * 100_000).body == "x" * 4096
    assert ProtocolError("m").body is None
    assert StreamError("m", body=b"x" * 100_000).body == b"x" * 4096


@for_each(
    ("url", "shown"),
    [
        ("https://host/a/b", "https://host/a/b"),
        ("https://user:secret@host:8080/a", "https://host:8080/a"),
        ("https://user:se@cret@host", "https://host"),
        ("https://host/a?key=secret", "https://host/a"),
        ("https://host?key=secret/x@y", "https://host"),
        ("https://host/a#secret", "https://host/a"),
        ("https://host/a@b", "https://host/a@b"),
        ("/relative?secret", "/relative"),
    ],
)
def test_urls_lose_credentials_and_query(url: str, shown: str) -> None:
    assert safe_url(url) == shown
    assert APIError("m", url=url).url == shown
