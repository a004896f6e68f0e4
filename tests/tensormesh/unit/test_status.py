"""How answers that are no success become exceptions, in every form that servers use."""

from __future__ import annotations

import json
import math
import pickle
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._errors import (
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
from tensormesh._errors.redaction import hide_secrets
from tensormesh._errors.status import parse_retry_after, status_error, status_hint

URL = "https://user:secret@host/v1/chat/completions?key=secret"
NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def error_for(
    content: bytes | str = b"",
    status: int = 400,
    reason: str = "",
    headers: dict[str, str] | None = None,
    **options: Any,
) -> APIStatusError:
    if isinstance(content, str):
        content = content.encode()
    options = {"method": "POST", "url": URL, "attempts": 1, "now": NOW, **options}
    return status_error(status, reason, headers or {}, content, **options)


@for_each(
    ("status", "cls"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        *((status, APIStatusError) for status in (300, 304, 307, 402, 405, 413, 418, 451, 499)),
        *((status, InternalServerError) for status in (500, 501, 502, 503, 504, 529, 599)),
    ],
)
def test_each_status_has_its_class(status: int, cls: type[APIStatusError]) -> None:
    error = error_for("x", status)
    assert type(error) is cls
    assert error.status_code == status


# name: (content, body, message, code, type, param); a body of ... means the decoded content
FORMS: dict[str, tuple[str | bytes, Any, str, Any, Any, Any]] = {
    "error object": (
        '{"error":{"message":"No such model","type":"NotFoundError","param":"model","code":404}}',
        ...,
        "No such model",
        404,
        "NotFoundError",
        "model",
    ),
    "error object with nulls": (
        '{"error":{"message":"No","type":null,"param":null,"code":null}}',
        ...,
        "No",
        None,
        None,
        None,
    ),
    "error object of odd types": (
        '{"error":{"message":{"a":1},"type":5,"param":["x"],"code":true}}',
        ...,
        '{"a": 1}',
        None,
        None,
        None,
    ),
    "error object without a message": (
        '{"error":{"code":"E1"}}',
        ...,
        '{"code": "E1"}',
        "E1",
        None,
        None,
    ),
    "error object with a status name": (
        '{"error":{"message":"No","status":"NOT_FOUND","code":5}}',
        ...,
        "No",
        5,
        "NOT_FOUND",
        None,
    ),
    "empty error object": ('{"error":{}}', ..., "Bad Request", None, None, None),
    "error text": ('{"error":"Unauthorized"}', ..., "Unauthorized", None, None, None),
    "error text with a description": (
        '{"error":"invalid_grant","error_description":"It expired"}',
        ...,
        "It expired",
        "invalid_grant",
        None,
        None,
    ),
    "error text with a message and a code": (
        '{"error":"Not Found","message":"No route","code":7}',
        ...,
        "No route",
        7,
        None,
        None,
    ),
    "error text with an odd message": (
        '{"error":"No","message":{"a":1}}',
        ...,
        "No",
        None,
        None,
        None,
    ),
    "error number": ('{"error":5}', ..., '{"error": 5}', None, None, None),
    "other scripts": ('{"ö":"日本"}', ..., '{"ö": "日本"}', None, None, None),
    "error null": ('{"error":null,"message":"No"}', ..., "No", None, None, None),
    "rpc status": (
        '{"code":3,"message":"user_id: must be a UUID","details":[{"@type":"x"}]}',
        ...,
        "user_id: must be a UUID",
        3,
        None,
        None,
    ),
    "message with labels": (
        '{"object":"error","message":"No","type":"T","param":"p","code":40}',
        ...,
        "No",
        40,
        "T",
        "p",
    ),
    "detail text": ('{"detail":"Not Found"}', ..., "Not Found", None, None, None),
    "detail object": (
        '{"detail":{"msg":"No","code":"E","type":"T"}}',
        ...,
        "No",
        "E",
        "T",
        None,
    ),
    "detail list": (
        '{"detail":[{"loc":["body","messages",0],"msg":"Field required","type":"missing"},'
        '{"loc":["body"],"msg":"Bad"},"and more",{"odd":1}]}',
        ...,
        'body.messages.0: Field required\nbody: Bad\nand more\n{"odd": 1}',
        None,
        None,
        "body.messages.0",
    ),
    "empty detail list": ('{"detail":[]}', ..., '{"detail": []}', None, None, None),
    "other object": ('{"oops":[1,2]}', ..., '{"oops": [1, 2]}', None, None, None),
    "list": ("[1,2]", ..., "[1, 2]", None, None, None),
    "JSON text": ('"No such thing"', ..., "No such thing", None, None, None),
    "JSON null": ("null", ..., "Bad Request", None, None, None),
    "plain text": (
        "upstream connect error\n",
        "upstream connect error\n",
        "upstream connect error",
        None,
        None,
        None,
    ),
    "empty": (b"", None, "Bad Request", None, None, None),
    "whitespace": (b" \r\n", None, "Bad Request", None, None, None),
    "invalid JSON": ('{"error": ', '{"error": ', '{"error":', None, None, None),
    "invalid UTF-8": (b"caf\xe9", "caf\ufffd", "caf\ufffd", None, None, None),
    "invalid UTF-8 in JSON": (
        b'{"error":"caf\xe9"}',
        '{"error":"caf\ufffd"}',
        '{"error":"caf\ufffd"}',
        None,
        None,
        None,
    ),
    "byte order mark": (b'\xef\xbb\xbf{"error":"No"}', {"error": "No"}, "No", None, None, None),
    "HTML with a title": (
        "<!DOCTYPE html>\n<html><head><TITLE>\n 502 Bad &amp;  Gateway</title></head><body>x",
        "<!DOCTYPE html>\n<html><head><TITLE>\n 502 Bad &amp;  Gateway</title></head><body>x",
        'HTML page "502 Bad & Gateway"',
        None,
        None,
        None,
    ),
    "HTML without a title": ("<html><body>x", "<html><body>x", "HTML page", None, None, None),
    "HTML with a title cut off": (
        "<html><title>x",
        "<html><title>x",
        "HTML page",
        None,
        None,
        None,
    ),
    "HTML with a title tag cut off": (
        "<html><title",
        "<html><title",
        "HTML page",
        None,
        None,
        None,
    ),
    "HTML that grows in lower case": (
        "<html>İ<title>x</title>",
        "<html>İ<title>x</title>",
        "HTML page",
        None,
        None,
        None,
    ),
}


@for_each(
    ("content", "body", "message", "code", "type_", "param"), FORMS.values(), ids=FORMS.keys()
)
def test_every_form_of_body_is_understood(
    content: str | bytes, body: Any, message: str, code: Any, type_: Any, param: Any
) -> None:
    error = error_for(content)
    assert error.body == (json.loads(content) if body is ... else body)
    assert error.message == message
    assert (error.code, error.type, error.param) == (code, type_, param)


def test_html_is_known_by_its_content_type_too() -> None:
    error = error_for("<center>x</center>", headers={"Content-Type": "text/HTML; charset=utf-8"})
    assert error.message == "HTML page"


def test_str_reads_like_a_sentence() -> None:
    error = error_for(
        '{"error":{"message":"The model `x` does not exist.","code":404}}',
        404,
        "Not Found",
        {"X-Request-Id": "req-1"},
        hint=status_hint(404, "on_demand"),
    )
    assert str(error) == (
        "404 Not Found: The model `x` does not exist. Check `on_demand_user_id` (X-User-Id), and "
        "that the model is the served name and not the modelId UUID. (request id req-1)"
    )
    assert error.request_id == "req-1"


def test_without_words_of_the_server_the_request_is_named() -> None:
    assert str(error_for(b"", 503, attempts=2)) == (
        "503 Service Unavailable (POST https://host/v1/chat/completions, after 2 attempts)"
    )
    assert str(error_for(b"", 599)).startswith("599: the server gave no reason")


def test_the_reason_phrase_of_the_answer_goes_before_the_standard_one() -> None:
    assert error_for(b"", 400, "Computer Says No").message == "Computer Says No"


def test_a_redirect_says_where_to() -> None:
    error = error_for(b"", 307, headers={"Location": "https://u:p@elsewhere/x?token=secret"})
    assert error.message == "redirect to https://elsewhere/x was not followed"
    assert error_for(b"", 300, headers={"location": "/x"}).message.startswith("redirect to /x")
    assert error_for(b"", 400, headers={"location": "/x"}).message == "Bad Request"


class TestBounds:
    def test_a_long_message_is_cut(self) -> None:
        error = error_for(json.dumps({"error": "x" * 5000}))
        assert error.message == "x" * 2000 + "... (3000 more characters)"
        assert error_for("x" * 2000).message == "x" * 2000

    def test_an_enormous_body_is_cut_and_not_decoded(self) -> None:
        content = b'{"error":"' + b"x" * (50 << 20) + b'"}'
        error = error_for(content)
        assert len(error.body) == 1 << 20
        assert len(str(error)) < 2500

    def test_a_body_of_just_the_limit_is_decoded(self) -> None:
        content = b'{"error":"' + b"x" * ((1 << 20) - 12) + b'"}'
        assert isinstance(error_for(content).body, dict)
        assert isinstance(error_for(content + b" ").body, str)

    def test_a_deep_body_does_no_harm(self) -> None:
        assert error_for(b"[" * 100_000).body == "[" * 100_000
        assert error_for(b'{"a":' * 900 + b"1" + b"}" * 900).status_code == 400

    def test_a_hostile_message_cannot_steer_a_terminal_or_break_printing(self) -> None:
        error = error_for(rb'{"error":"a\u001b[2Jb\u0007\ud800\u009bc\u202e\r\nd\te\u3000"}')
        shown = "a\ufffd[2Jb\ufffd\ufffd\ufffdc\ufffd\nd\te"
        assert error.message == shown
        error = error_for(b"x", 400, "A\x1b[2J", {"x-request-id": "\x1b[2J" + "r" * 1000})
        assert "\x1b" not in str(error)
        assert len(str(error)) < 400
        assert error_for('{"error":"日本\u3000語"}').message == "日本\u3000語"

    @given(st.integers(300, 599), st.binary(max_size=200), st.text(max_size=20))
    def test_any_answer_becomes_an_error_that_prints_and_pickles(
        self, status: int, content: bytes, reason: str
    ) -> None:
        error = error_for(content, status, reason, {"x-request-id": reason, "retry-after": reason})
        str(error).encode()
        assert vars(pickle.loads(pickle.dumps(error))).keys() == vars(error).keys()

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "error",
                            "detail",
                            "message",
                            "msg",
                            "code",
                            "type",
                            "status",
                            "param",
                            "loc",
                            "details",
                            "error_description",
                        ]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        )
    )
    def test_any_json_becomes_an_error_with_fields_of_the_promised_types(self, value: Any) -> None:
        error = error_for(json.dumps(value))
        assert error.message
        assert isinstance(error.message, str)
        assert error.code is None or type(error.code) in (int, str)
        assert error.type is None or type(error.type) is str
        assert error.param is None or type(error.param) is str
        str(error).encode()


class TestSecrets:
    KEY = "canary-key-0123456789"

    def test_headers_are_lower_case_and_hide_credentials(self) -> None:
        pairs = [
            ("Set-Cookie", "a=secret"),
            ("Set-Cookie", "b=secret"),
            ("Authorization", "Bearer secret"),
            ("X-Api-Key", "secret"),
            ("Via", "1.1 a"),
            ("via", "1.1 b"),
        ]
        error = status_error(400, "", pairs, b"", method="GET", url=URL, attempts=1)
        assert error.headers == {
            "set-cookie": "***, ***",
            "authorization": "***",
            "x-api-key": "***",
            "via": "1.1 a, 1.1 b",
        }

    def test_a_key_that_the_server_echoes_is_blotted_out_everywhere(self) -> None:
        error = error_for(
            f'{{"error":{{"message":"bad key {self.KEY}","param":"{self.KEY}"}}}}',
            401,
            f"No {self.KEY}",
            {"x-echo": f"Bearer {self.KEY}", "x-request-id": self.KEY},
            secrets=[self.KEY],
        )
        assert error.message == "bad key ***"
        assert self.KEY not in repr(vars(error))
        assert self.KEY not in f"{error} {error!r}"

    def test_neither_credentials_nor_query_of_the_url_are_kept(self) -> None:
        error = error_for(b"")
        assert "secret" not in repr(vars(error)) + str(error)

    def test_a_short_word_is_not_taken_for_a_secret(self) -> None:
        assert error_for('{"error":"bad key"}', secrets=["key", ""]).message == "bad key"

    def test_hide_secrets(self) -> None:
        assert hide_secrets(b"a k1 b k2 k1", ["k1", "k2"]) == b"a *** b *** ***"


def test_hints_name_what_to_check() -> None:
    for surface in ("serverless", "on_demand"):
        assert "inference_api_key" in str(status_hint(401, surface))
    assert "control_plane_token" in str(status_hint(401, "control_plane"))
    assert "on_demand_user_id" in str(status_hint(404, "on_demand"))
    assert "on_demand_user_id" not in str(status_hint(404, "serverless"))
    assert status_hint(404, "control_plane") is None
    assert status_hint(500, "serverless") is None


class TestRetryAfter:
    @for_each(
        ("value", "seconds"),
        [
            (None, None),
            ("", None),
            ("0", 0.0),
            ("5", 5.0),
            (" 5 ", 5.0),
            ("0.25", 0.25),
            ("120", 120.0),
            ("99999999999999", 99999999999999.0),
            ("9" * 400, 1.7976931348623157e308),
            ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
            ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
            ("Tue Nov 14 22:13:50 2023", 30.0),
            ("Tue, 14 Nov 2023 23:13:50 +0100", 30.0),
            ("Tue, 14 Nov 2023 22:13:20 GMT", 0.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0 - NOW),
            ("soon", None),
            ("-5", None),
            ("+5", None),
            ("5s", None),
            ("1,5", None),
            ("1e3", None),
            ("1_000", None),
            (".", None),
            ("nan", None),
            ("inf", None),
            ("٣", None),
            ("5, 10", None),
            ("Tue, 99 Nov 2023 22:13:50 GMT", None),
            ("Tue, 14 Nov 2023 25:13:50 GMT", None),
            ("2023-11-14T22:13:50Z", None),
            ("12:30", None),
        ],
    )
    def test_seconds_and_dates(self, value: str | None, seconds: float | None) -> None:
        assert parse_retry_after(value, now=NOW) == seconds

    @given(
        st.text(max_size=40)
        | st.from_regex(
            r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [-+A-Z0-9]{1,6}"
        )
    )
    def test_any_value_gives_nothing_or_a_finite_wait(self, value: str) -> None:
        seconds = parse_retry_after(value, now=NOW)
        assert seconds is None or (seconds >= 0 and math.isfinite(seconds))

    def test_a_date_without_a_zone_is_not_read_in_local_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        try:
            assert parse_retry_after("Tue Nov 14 22:13:50 2023", now=NOW) == 30.0
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_an_error_carries_it_however_long(self) -> None:
        assert error_for(b"", 429, headers={"Retry-After": "3600"}).retry_after == 3600.0
        date = {"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"}
        assert error_for(b"", 429, headers=date).retry_after == 30.0
        assert error_for(b"", 429, headers=date, now=None).retry_after == 0.0
        assert error_for(b"", 429, headers={"Retry-After": "soon"}).retry_after is None
