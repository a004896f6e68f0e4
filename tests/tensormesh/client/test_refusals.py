"""Answers that are no success, and successes that are no answer."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.sdk_faces import API_KEY, Face, Server, answer, events, host
from support.sdk_samples import (
    CHAT,
    CHAT_CREATE,
    METHODS,
    MODELS_LIST,
    RESPONSES_CREATE,
    Method,
    as_json,
)
from support.wire_records import read_record, record_names

import tensormesh
from tensormesh import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    UnprocessableEntityError,
)

CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: APIStatusError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: APIStatusError,
    409: ConflictError,
    413: APIStatusError,
    418: APIStatusError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    500: InternalServerError,
    501: InternalServerError,
    502: InternalServerError,
    503: InternalServerError,
    504: InternalServerError,
    529: InternalServerError,
}

ERROR = {"error": {"message": "Too bad", "type": "T", "param": "messages.0", "code": 17}}
# body: (what is sent, message, code, type, param)
BODIES: dict[str, tuple[bytes, str, Any, Any, Any]] = {
    "error object": (json.dumps(ERROR).encode(), "Too bad", 17, "T", "messages.0"),
    "error text": (b'{"error":"Unauthorized"}', "Unauthorized", None, None, None),
    "detail text": (b'{"detail":"Not Found"}', "Not Found", None, None, None),
    "detail list": (
        b'{"detail":[{"loc":["body","n"],"msg":"too small"}]}',
        "body.n: too small",
        None,
        None,
        "body.n",
    ),
    "google status": (
        b'{"code":5,"message":"no such user","details":[]}',
        "no such user",
        5,
        None,
        None,
    ),
    "html": (
        b"<html><title>502 Bad Gateway</title></html>",
        'HTML page "502 Bad Gateway"',
        None,
        None,
        None,
    ),
    "text": (b"Server is overloaded", "Server is overloaded", None, None, None),
    "invalid json": (b'{"error": ', '{"error":', None, None, None),
    "invalid utf-8": (b"\xff\xfe oh", "\N{REPLACEMENT CHARACTER}" * 2 + " oh", None, None, None),
    "json text": (b'"no"', "no", None, None, None),
}


def refuse(
    face: Face, method: Method, *answers: Any, surface: str = "serverless", **more: Any
) -> Any:
    """The error of a call."""
    server = Server(*answers)
    client = face.client(server)
    with pytest.raises(tensormesh.APIError) as caught:
        face.run(method.of(host(client, surface))(**{**method.arguments, **more}))
    assert all(body.is_closed for body in server.bodies)
    assert len(server.requests) == 1
    return caught.value


@for_each("stream", [False, True])
@for_each("status", CLASSES)
def test_each_status_has_its_class(face: Face, surface: str, status: int, stream: bool) -> None:
    response = as_json(ERROR, status=status, headers={"x-request-id": "req-1"})
    error = refuse(face, CHAT_CREATE, response, surface=surface, stream=stream)

    assert type(error) is CLASSES[status]
    assert (error.status_code, error.message, error.code) == (status, "Too bad", 17)
    assert (error.request_id, error.attempts, error.method) == ("req-1", 1, "POST")
    assert error.url is not None
    assert error.url.endswith("/v1/chat/completions")
    assert f"{status}" in str(error)
    assert "Too bad" in str(error)
    assert "req-1" in str(error)


@for_each("form", BODIES)
@for_each("cut", [False, True])
def test_each_form_of_body_is_understood(face: Face, form: str, cut: bool) -> None:
    content, message, code, kind, param = BODIES[form]
    pieces = [content[:5], content[5:]] if cut else [content]
    error = refuse(face, MODELS_LIST, answer(*pieces, status=400, content_type=None))
    assert (error.message, error.code, error.type, error.param) == (message, code, kind, param)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_body_leaves_the_reason(face: Face, content: bytes, stream: bool) -> None:
    error = refuse(face, CHAT_CREATE, answer(content, status=503), stream=stream)
    assert type(error) is InternalServerError
    assert error.body is None
    assert str(error) == (
        "503 Service Unavailable (POST https://serverless.test/v1/chat/completions)"
    )


def test_a_compressed_body_is_understood(face: Face) -> None:
    content = gzip.compress(json.dumps(ERROR).encode())
    response = answer(content, status=400, headers={"content-encoding": "gzip"})
    assert refuse(face, CHAT_CREATE, response).message == "Too bad"


BROKEN: dict[str, tuple[list[bytes | Exception], dict[str, str]]] = {
    "reset": ([b'{"error": "ba', httpx.ReadError("reset")], {}),
    "stalled": ([httpx.ReadTimeout("slow")], {}),
    "no gzip": ([b"no gzip"], {"content-encoding": "gzip"}),
}


@for_each("how", BROKEN)
@for_each("stream", [False, True])
def test_the_status_is_told_though_its_body_cannot_be_read(
    face: Face, how: str, stream: bool
) -> None:
    pieces, headers = BROKEN[how]
    response = answer(*pieces, status=401, headers=headers)
    assert type(refuse(face, CHAT_CREATE, response, stream=stream)) is AuthenticationError


def test_a_huge_body_is_not_read_to_its_end(face: Face) -> None:
    megabyte = b"x" * (1 << 20)
    server = Server(answer(*[megabyte] * 50, status=500))
    create = CHAT_CREATE.of(face.client(server).inference.serverless)
    with pytest.raises(InternalServerError) as caught:
        face.run(create(**CHAT_CREATE.arguments))
    (body,) = server.bodies
    assert body.given <= 2
    assert body.is_closed
    assert len(str(caught.value)) < 5_000


@for_each(
    ("value", "seconds"),
    [("7", 7.0), ("1.5", 1.5), ("0", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_told(face: Face, value: str, seconds: float | None) -> None:
    response = answer(b"", status=429, headers={"retry-after": value})
    error = refuse(face, CHAT_CREATE, response)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "surface", "hint"),
    [
        (401, "serverless", "TENSORMESH_INFERENCE_API_KEY"),
        (401, "on_demand", "TENSORMESH_INFERENCE_API_KEY"),
        (404, "serverless", "published Serverless name"),
        (404, "serverless", "`serverless_base_url`"),
        (404, "on_demand", "X-User-Id"),
    ],
)
def test_a_hint_says_what_to_check(face: Face, status: int, surface: str, hint: str) -> None:
    error = refuse(face, CHAT_CREATE, answer(b"", status=status), surface=surface)
    assert hint in error.hint
    assert hint in str(error)


REFUSALS = [
    name
    for name in record_names()
    if read_record(name).status >= 400 and read_record(name).method == "POST"
]


@for_each("name", REFUSALS)
def test_refusals_of_a_real_server_are_understood(face: Face, name: str) -> None:
    record = read_record(name)
    error = refuse(face, CHAT_CREATE, answer(record.body, status=record.status))
    told = record.json()
    told = told.get("error", told)
    assert error.body == record.json()
    assert error.message == (told.get("message") or told.get("detail"))
    assert error.code == told.get("code")


def test_errors_travel(face: Face) -> None:
    response = as_json(ERROR, status=429, headers={"x-request-id": "req-1", "retry-after": "3"})
    error = refuse(face, CHAT_CREATE, response)
    for twin in (copy.deepcopy(error), copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is RateLimitError
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
    json.dumps(error.headers)


@for_each("content_type", ["application/json", "text/plain", "text/html"])
@for_each("status", [400, 401, 500])
def test_no_error_shows_the_key_though_the_server_echoes_it(
    face: Face, status: int, content_type: str
) -> None:
    echo = {
        "error": {"message": f"key {API_KEY} is bad", "code": API_KEY, "type": API_KEY},
        "headers": {"authorization": f"Bearer {API_KEY}"},
        API_KEY: 1,
    }
    headers = {
        "x-request-id": API_KEY,
        "x-echo": f"Bearer {API_KEY}",
        "set-cookie": f"k={API_KEY}",
        "location": f"/?{API_KEY}",
        "www-authenticate": f'Bearer error="{API_KEY}"',
    }
    response = as_json(echo, status=status, headers=headers)
    response.headers["content-type"] = content_type
    error = refuse(face, CHAT_CREATE, response)
    shown = [str(error), repr(error), repr(error.args), repr(vars(error)), repr(error.headers)]
    assert not any(API_KEY in text for text in shown)
    assert "key *** is bad" in str(error)


def test_a_key_of_another_scheme_is_hidden_too(face: Face) -> None:
    other = "canary-without-a-scheme"
    response = as_json({"error": f"bad {other}"}, status=401)
    error = refuse(face, CHAT_CREATE, response, extra_headers={"authorization": other})
    assert other not in str(error) + repr(vars(error))


# Successes that are no answer


@for_each("status", [200, 201, 204])
@for_each(
    ("content", "message"),
    [
        (b"", "the response is empty"),
        (b"\r\n ", "the response is empty"),
        (b"<html>login</html>", "the response is not JSON"),
        (b'{"id": "x"', "the response is not JSON"),
        (b'"\xff\xfe"', "the response is not JSON"),
        (b"[" * 100_000, "the response is not JSON: nested too deeply"),
        (b"null", "the response does not match its schema"),
        (b"[]", "the response does not match its schema"),
        (b"1", "the response does not match its schema"),
        (b"{}", "the response does not match its schema"),
    ],
)
def test_a_success_that_is_no_answer_is_a_protocol_error(
    face: Face, content: bytes, message: str, status: int
) -> None:
    response = answer(content, status=status, headers={"x-request-id": "req-1"})
    error = refuse(face, CHAT_CREATE, response)
    assert type(error) is ProtocolError
    assert str(error).startswith(message)
    assert error.body == content[:4096]
    assert (error.status_code, error.request_id, error.attempts) == (status, "req-1", 1)
    twin = pickle.loads(pickle.dumps(error))
    assert vars(twin) == vars(error)


@for_each("method", METHODS, ids=lambda method: method.path)
def test_every_method_refuses_what_does_not_fit(face: Face, method: Method) -> None:
    error = refuse(face, method, answer(b'["no", "object"]'))
    assert type(error) is ProtocolError
    assert f"{method.type}: expected an object" in str(error)


@for_each(
    ("change", "place"),
    [
        (
            {"choices": None},
            r"ChatCompletion.choices: expected an array, but it is missing or null",
        ),
        ({"choices": {}}, r"ChatCompletion.choices: expected an array, got {}"),
        ({"id": 5}, "ChatCompletion.id: expected a string, got 5"),
        (
            {"choices": [{"index": 0}]},
            "ChatCompletionChoice.message: expected an object, but it is",
        ),
        ({"usage": []}, "ChatCompletion.usage: expected an object, got []"),
    ],
)
def test_the_place_that_does_not_fit_is_named(face: Face, change: Any, place: str) -> None:
    error = refuse(face, CHAT_CREATE, as_json({**CHAT, **change}))
    assert place in str(error)


def test_a_misfit_shows_no_key_not_even_half_of_it(face: Face) -> None:
    for padding in range(40, 80):
        echo = {"x": "y" * padding, "key": f"Bearer {API_KEY}"}
        error = refuse(face, CHAT_CREATE, as_json({**CHAT, "id": echo}))
        assert API_KEY[:6] not in str(error) + repr(error) + repr(vars(error))
        assert "ChatCompletion.id: expected a string" in str(error)


def test_events_in_place_of_an_answer_are_a_protocol_error(face: Face) -> None:
    assert type(refuse(face, CHAT_CREATE, events(b"data: {}\n\n"))) is ProtocolError


@for_each("method", METHODS, ids=lambda method: method.path)
def test_unknown_fields_and_nulls_do_fit(face: Face, method: Method) -> None:
    extended = {**method.answer, "brand_new": {"deep": [1, None]}, "nothing": None}
    server = Server(as_json(extended))
    result = face.run(method.of(face.client(server).inference.serverless)(**method.arguments))
    assert result.to_dict() == extended
    assert result.additional_properties["brand_new"] == {"deep": [1, None]}


def test_unknown_members_of_open_sets_do_fit(face: Face) -> None:
    changed = copy.deepcopy(CHAT)
    changed["choices"][0]["finish_reason"] = "moon_phase"
    changed["choices"][0]["message"]["role"] = "oracle"
    server = Server(as_json(changed))
    completion = face.run(
        CHAT_CREATE.of(face.client(server).inference.serverless)(**CHAT_CREATE.arguments)
    )
    assert completion.choices[0].finish_reason == "moon_phase"
    assert completion.choices[0].message.role == "oracle"


def test_a_body_that_breaks_is_a_connection_error(face: Face) -> None:
    broken = httpx.RemoteProtocolError("peer closed connection")
    error = refuse(face, RESPONSES_CREATE, answer(b'{"id"', broken))
    assert type(error) is APIConnectionError
    assert error.__cause__ is broken
