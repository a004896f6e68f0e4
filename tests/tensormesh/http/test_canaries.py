"""Secrets are planted, and all that is printed, logged, raised or kept is searched for them."""

from __future__ import annotations

import copy
import logging
import pickle
import pprint
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.faults import FAULTS, Fault, patience_with
from support.project_files import ROOT
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import APIError, AsyncTensormesh, ConfigurationError, Tensormesh, TensormeshError
from tensormesh.types import ApiKey, ChatCompletion, ChatCompletionChunk

TESTS = ROOT / "tests"
KEY = "sk-canary-inference-0123456789"
TOKEN = "cp-canary-token-0123456789"
MOST_ROUNDS = 5
SECRETS: dict[str, Any] = {"inference_api_key": KEY, "control_plane_token": TOKEN}


def check(*texts: object) -> None:
    """No text may hold a secret, nor a good part of one."""
    for text in texts:
        for secret in (KEY, TOKEN):
            assert secret[:-6] not in str(text)


def told(error: BaseException) -> list[str]:
    """Everything that programs print or keep of an error."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    return [
        str(error),
        repr(error),
        repr(error.args),
        pprint.pformat(vars(error)),
        "".join(own_frames(list(lines))),
        pickle.dumps(error).decode("latin-1") if isinstance(error, TensormeshError) else "",
        repr(vars(copy.deepcopy(error))),
    ]


def own_frames(lines: list[str]) -> list[str]:
    """A traceback with its variables, without the frames of this test, which does know the keys."""
    return [line for line in lines if str(TESTS) not in line.partition("\n")[0]]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What all loggers of the process say, those of httpx and httpcore too."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


@for_each("is_own", [True, False], ids=["own", "http_client"])
@for_each("fault", FAULTS)
def test_no_fault_makes_a_key_show(
    face: Face,
    fault: Fault,
    is_own: bool,
    caplog: pytest.LogCaptureFixture,
    log: Callable[[], str],
) -> None:
    with RawServer(fault) as server:
        more = {} if is_own else {"http_client": face.http()}
        client = face.client(
            serverless_base_url=server.url,
            control_plane_base_url=server.url,
            timeout_seconds=patience_with(fault),
            total_timeout_seconds=patience_with(fault) * 2,
            **SECRETS,
            **more,
        )
        create = CHAT_CREATE.of(client.inference.serverless)
        calls: list[Callable[[], Any]] = [
            lambda: face.run(create(**CHAT_CREATE.arguments)),
            lambda: face.list(face.run(create(**CHAT_CREATE.arguments, stream=True))),
            lambda: face.run(client.control_plane.users.api_keys.create(name="x")),
        ]
        authorizations: set[str] = set()
        # On a busy machine a short deadline may come before a request has gone out.
        for _ in range(MOST_ROUNDS):
            for call in calls:
                with pytest.raises(APIError) as caught:
                    call()
                check(*told(caught.value))
            authorizations = {turn.headers["authorization"] for turn in server.turns}
            if len(authorizations) == 2:
                break
        assert authorizations == {f"Bearer {KEY}", f"Bearer {TOKEN}"}
    check(log())


def echoes_all(turn: Turn) -> None:
    echo = turn.headers["authorization"]
    turn.answer(echo.encode() * 50, f"401 {echo}", x_echo=echo, set_cookie=echo)


def echoes_nonsense(turn: Turn) -> None:
    turn.send(f"HTTP/1.1 200 {turn.headers['authorization']}\n\n".encode())
    turn.close()


def echoes_a_header_that_is_none(turn: Turn) -> None:
    turn.send(f"HTTP/1.1 200 OK\r\n {turn.headers['authorization']}\r\n\r\n".encode())
    turn.close()


def echoes_and_breaks_off(turn: Turn) -> None:
    echo = turn.headers["authorization"].encode()
    turn.begin_stream()
    turn.chunk(b": " + echo + b"\n" + sse(chunk("a"), done=False))
    turn.chunk(b"data: " + echo)
    turn.reset()


def echoes_a_page(turn: Turn) -> None:
    turn.answer(turn.headers["authorization"].encode(), content_type="text/html")


def echoes_in_an_encoding(turn: Turn) -> None:
    turn.answer(b"", "401 No", content_encoding=turn.headers["authorization"])


ECHOES = (
    *(echoes_all, echoes_nonsense, echoes_a_header_that_is_none, echoes_and_breaks_off),
    *(echoes_a_page, echoes_in_an_encoding),
)


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "http_client"])
@pytest.mark.parametrize("echo", ECHOES)
def test_no_traceback_shows_a_key_that_a_server_echoes(
    face: Face, echo: Callable[[Turn], None], is_own: bool, log: Callable[[], str]
) -> None:
    with RawServer(echo) as server:
        more = {} if is_own else {"http_client": face.http()}
        client = face.client(serverless_base_url=server.url, **SECRETS, **more)
        for variant in (None, "with_raw_response", "with_streaming_response"):
            create = CHAT_CREATE.of(client.inference.serverless, variant)
            for stream in (False, True):
                try:
                    found = face.run(create(**CHAT_CREATE.arguments, stream=stream))
                    if variant == "with_raw_response":
                        found.json()
                    elif variant is not None:
                        face.list(found.iter_events())
                    elif stream:
                        face.list(found)
                except APIError as error:
                    check(*told(error))
    if is_own:
        check(log())


def test_no_failure_to_connect_makes_a_key_show(face: Face, log: Callable[[], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}", "http://no.invalid"):
        client = face.client(serverless_base_url=url, **SECRETS)
        with pytest.raises(APIError) as caught:
            face.run(CHAT_CREATE.of(client.inference.serverless)(**CHAT_CREATE.arguments))
        check(*told(caught.value))
    check(log())


BAD_ARGUMENTS: list[dict[str, Any]] = [
    {"messages": "hi"},
    {"temperature": float("nan")},
    {"timeout_seconds": -1},
    {"total_timeout_seconds": "soon"},
    {"extra_headers": {"bad name": "x"}},
    {"extra_headers": {"X-A": "b\r\nc: d"}},
    {"extra_query": 5},
    {"extra_body": {"x": ...}},
    {"response_format": {"type": "nonsense"}},
]


@for_each("bad", BAD_ARGUMENTS, ids=str)
def test_no_bad_argument_makes_a_key_show(face: Face, bad: dict[str, Any]) -> None:
    client = face.client(**SECRETS)
    create = CHAT_CREATE.of(client.inference.serverless)
    with pytest.raises((TypeError, ValueError, ConfigurationError)) as caught:
        face.run(create(**{**CHAT_CREATE.arguments, **bad}))
    check(*told(caught.value)[:5])


BAD_KEYS = [
    KEY + "\n",
    KEY + "\r\nX-Evil: 1",
    KEY + "\0",
    " " + KEY,
    KEY + "\N{LATIN SMALL LETTER E WITH ACUTE}",
    KEY + "\x7f",
    KEY + "\x85",
    f"Bearer {KEY}",
]


@for_each("name", SECRETS)
@for_each("key", BAD_KEYS, ids=ascii)
@for_each("cls", [Tensormesh, AsyncTensormesh])
def test_a_key_that_cannot_be_sent_is_refused_unseen(
    cls: Any, name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"TENSORMESH_{name.upper()}"
    with pytest.raises(ConfigurationError, match=variable) as caught:
        cls(**{name: key})
    check(*told(caught.value))
    with pytest.raises(ConfigurationError, match=variable) as caught:
        cls(**SECRETS).with_options(**{name: key})
    check(*told(caught.value))
    if "\0" not in key:
        monkeypatch.setenv(variable, key)
        with pytest.raises(ConfigurationError, match=variable) as caught:
            cls()
        check(*told(caught.value))


@pytest.mark.parametrize("data", [{}, {"id": 7}, {"id": "x", "choices": 3}])
def test_what_is_half_made_can_be_printed(data: dict[str, Any]) -> None:
    for model in (ChatCompletion, ChatCompletionChunk, ApiKey):
        assert repr(model.__new__(model)) == f"{model.__name__}()"
        try:
            model.from_dict(data)
        except ValueError as error:
            check(*traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for cls in (Tensormesh, AsyncTensormesh):
        assert repr(cls.__new__(cls)) == f"<{cls.__name__}>"


def answers(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
    elif turn.json().get("stream"):
        turn.stream(sse(chunk("a")))
    else:
        turn.answer_json(CHAT)


def test_no_object_shows_a_key(face: Face, log: Callable[[], str]) -> None:
    with RawServer(answers) as server:
        client = face.client(
            serverless_base_url=server.url, control_plane_base_url=server.url, **SECRETS
        )
        host = client.inference.serverless
        objects: list[Any] = [client, client.with_options(max_retries=1), client.inference, host]
        objects += [host.chat, host.chat.completions, client.control_plane, client._settings]
        objects += [client._get_dispatcher(), client._links, vars(client)]
        for variant in (None, "with_raw_response", "with_streaming_response"):
            create = CHAT_CREATE.of(host, variant)
            for stream in (False, True):
                found = face.run(create(**CHAT_CREATE.arguments, stream=stream))
                objects += [
                    found,
                    getattr(found, "headers", None),
                    getattr(found, "__dict__", None),
                ]
                exchange = getattr(found, "_exchange", None)
                if exchange is not None:
                    objects += [exchange, exchange.call, exchange.call.headers]
        for each in objects:
            check(repr(each), str(each), pprint.pformat(each))
    check(log())


def test_the_user_name_of_a_proxy_is_not_shown(
    face: Face, monkeypatch: pytest.MonkeyPatch, log: Callable[[], str]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:{KEY}@127.0.0.1:9")
    client = face.client(serverless_base_url="http://nowhere.invalid")
    with pytest.raises(APIError) as caught:
        face.run(client.inference.serverless.models.list())
    check(*told(caught.value), log())
