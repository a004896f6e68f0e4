"""llmock, a server of other hands that misbehaves in every way it knows, finds no fault with us.

Its verdict is about a whole program: it wants what can be repeated to be repeated. The SDK never
sends a POST twice, so a small program around it does, by what the SDK's errors tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.llmock_server import Llmock, llmock_server
from support.sdk_faces import Face

import tensormesh
from tensormesh import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ProtocolError,
    StreamError,
)

pytestmark = pytest.mark.slow

Call = Callable[[], Any]
Behaviour = dict[str, Any]
REPEATABLE = (408, 409, 429, 500, 502, 503, 504, 529)
FINAL = (400, 401, 403, 404, 422)
# Seconds to wait before the next try. Without any, llmock sends 1 with a 429 and a 503.
WAITS = {429: 1}
MOST_CALLS = 3
QUESTION: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Say hello, and then some more."}],
}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
EXPECTED: dict[int, type[APIStatusError]] = {
    400: tensormesh.BadRequestError,
    401: tensormesh.AuthenticationError,
    403: tensormesh.PermissionDeniedError,
    404: tensormesh.NotFoundError,
    409: tensormesh.ConflictError,
    422: tensormesh.UnprocessableEntityError,
    429: tensormesh.RateLimitError,
    500: tensormesh.InternalServerError,
    502: tensormesh.InternalServerError,
    503: tensormesh.InternalServerError,
    504: tensormesh.InternalServerError,
    529: tensormesh.InternalServerError,
}
STREAM_FAULTS = ("disconnect", "truncate", "malformed")


@pytest.fixture(scope="module")
def llmock() -> Iterator[Llmock]:
    with llmock_server() as server:
        yield server


@pytest.fixture
def client(face: Face, llmock: Llmock) -> Any:
    return face.client(None, serverless_base_url=llmock.url, max_retries=2)


def ask(face: Face, client: Any, **options: Any) -> Any:
    return face.run(client.inference.serverless.chat.completions.create(**QUESTION, **options))


def stream(face: Face, client: Any, **options: Any) -> str:
    """The whole text of a stream, or the error that it ends in."""
    opened = ask(face, client, stream=True, **options)
    try:
        return "".join(face.list(opened.text_deltas()))
    finally:
        face.run(opened.close())


def persist(call: Call, errors: list[APIError]) -> Any:
    """Call, and call again when the SDK's error says that it may help."""
    for number in range(MOST_CALLS):
        try:
            return call()
        except APIError as error:
            errors.append(error)
            status = error.status_code if isinstance(error, APIStatusError) else None
            if status in FINAL or number == MOST_CALLS - 1:
                raise
            asked_for = error.retry_after if isinstance(error, APIStatusError) else None
            time.sleep(asked_for or 0.1 * 2**number)
    raise AssertionError("unreachable")


def assert_clean(llmock: Llmock, *, calls: int, faults: int) -> None:
    verdict = llmock.verdict()
    assert verdict["findings"] == []
    assert (verdict["calls"], verdict["faults_injected"]) == (calls, faults)


def fail(status: int, **parts: Any) -> Behaviour:
    return {"type": "fail", "status": status, **parts}


def fault(kind: str, after: int, **parts: Any) -> Behaviour:
    return {"type": "stream_fault", "kind": kind, "after_chunks": after, **parts}


@pytest.mark.parametrize("status", REPEATABLE)
def test_error_that_may_pass_is_raised_once_and_a_second_call_succeeds(
    face: Face, client: Any, llmock: Llmock, status: int
) -> None:
    llmock.expect(fail(status, retry_after=WAITS.get(status, 0)))
    errors: list[APIError] = []
    assert persist(lambda: ask(face, client), errors).choices[0].message.content
    (error,) = errors
    assert isinstance(error, EXPECTED.get(status, APIStatusError))
    assert isinstance(error, APIStatusError)
    assert error.status_code == status
    assert_clean(llmock, calls=1, faults=1)


@pytest.mark.parametrize("status", FINAL)
def test_error_that_stays_is_raised_and_never_repeated(
    face: Face, client: Any, llmock: Llmock, status: int
) -> None:
    llmock.expect(fail(status))
    with pytest.raises(EXPECTED[status]):
        persist(lambda: ask(face, client), [])
    assert len(llmock.requests()) == 1
    assert_clean(llmock, calls=1, faults=1)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_retries_of_a_get_wait_as_they_are_told(
    face: Face, client: Any, llmock: Llmock, status: int
) -> None:
    llmock.expect(fail(status, retry_after=WAITS.get(status, 0)), fail(status, retry_after=0))
    listed = face.run(client.inference.serverless.models.list())
    assert listed.data
    assert len(llmock.requests()) == 3
    assert_clean(llmock, calls=1, faults=2)


def test_server_that_never_recovers_is_left_in_peace(
    face: Face, client: Any, llmock: Llmock
) -> None:
    llmock.expect(fail(503, times=None, retry_after=0))
    with pytest.raises(tensormesh.InternalServerError):
        face.run(client.inference.serverless.models.list())
    assert len(llmock.requests()) == 3
    assert_clean(llmock, calls=1, faults=3)


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("kind", STREAM_FAULTS)
def test_broken_stream_is_an_error_with_what_came_and_a_second_call_succeeds(
    face: Face, client: Any, llmock: Llmock, kind: str, after: int
) -> None:
    llmock.expect(fault(kind, after))
    errors: list[APIError] = []
    text = persist(lambda: stream(face, client), errors)
    assert text
    (error,) = errors
    assert isinstance(error, (StreamError, APIConnectionError, ProtocolError)), error
    if kind != "disconnect" or after:
        assert isinstance(error, StreamError), error
    assert_clean(llmock, calls=1, faults=1)


def test_stalled_stream_times_out_and_says_so(face: Face, client: Any, llmock: Llmock) -> None:
    llmock.expect(fault("stall", 2, stall_seconds=4))
    started = time.monotonic()
    with pytest.raises(APITimeoutError):
        stream(face, client, timeout_seconds=0.5)
    assert time.monotonic() - started < 3
    assert llmock.verdict()["findings"] == []


def test_stall_within_the_limits_is_waited_for(face: Face, client: Any, llmock: Llmock) -> None:
    llmock.expect(fault("stall", 2, stall_seconds=0.5), {"type": "slow_first_token", "seconds": 1})
    assert stream(face, client, timeout_seconds=5)
    assert llmock.verdict()["findings"] == []


@pytest.mark.parametrize("seconds", [0.3, 1.5])
def test_slow_answer_comes_or_times_out(
    face: Face, client: Any, llmock: Llmock, seconds: float
) -> None:
    llmock.expect({"type": "delay", "seconds": seconds})
    if seconds < 1:
        assert ask(face, client, timeout_seconds=5).choices[0].message.content
    else:
        with pytest.raises(APITimeoutError):
            ask(face, client, timeout_seconds=0.5)
    assert llmock.verdict()["findings"] == []


@pytest.mark.parametrize("kind", ["malformed_arguments", "unknown_tool"])
def test_broken_tool_call_is_given_as_it_came(
    face: Face, client: Any, llmock: Llmock, kind: str
) -> None:
    llmock.expect({"type": "tool_fault", "kind": kind})
    message = ask(face, client, tools=[TOOL]).choices[0].message
    (call,) = message.tool_calls
    if kind == "unknown_tool":
        assert call.function.name != "look_up"
    else:
        assert isinstance(call.function.arguments, str)
        assert not call.function.arguments.endswith("}")
    assert llmock.verdict()["findings"] == []


def test_scripted_reply_arrives_word_for_word(face: Face, client: Any, llmock: Llmock) -> None:
    text = "Grüße aus 東京 🌍"
    llmock.expect({"type": "reply", "text": text, "times": 2})
    assert ask(face, client).choices[0].message.content == text
    assert stream(face, client) == text
    assert_clean(llmock, calls=2, faults=0)


@pytest.mark.parametrize("kind", STREAM_FAULTS)
def test_broken_stream_of_a_response_is_an_error_too(
    face: Face, client: Any, llmock: Llmock, kind: str
) -> None:
    llmock.expect(fault(kind, 3))
    errors: list[APIError] = []

    def call() -> list[Any]:
        create = client.inference.serverless.responses.create
        opened = face.run(create(model="gpt-4o", input="Say hello.", stream=True))
        try:
            return face.list(opened)
        finally:
            face.run(opened.close())

    assert persist(call, errors)[-1].type == "response.completed"
    assert len(errors) == 1
    assert_clean(llmock, calls=1, faults=1)
