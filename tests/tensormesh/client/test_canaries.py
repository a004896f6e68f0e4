"""No credential of a client comes out of the SDK, whatever is printed of it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.project_files import ROOT
from support.sdk_faces import ON_DEMAND, SERVERLESS, Face, Server, answer, events
from support.sdk_samples import CHAT_CREATE, MESSAGES, chunk, sse

from tensormesh import APIError, ConfigurationError, TensormeshError

KEY = "sk-canary-inference-key"
TOKEN = "canary-control-plane-token"
CANARY = "canary"
TESTS = ROOT / "tests"
CONTROL_PLANE = "https://control-plane.test"
CREDENTIALS: dict[str, Any] = {
    "inference_api_key": KEY,
    "control_plane_token": TOKEN,
    "control_plane_base_url": CONTROL_PLANE,
}


def received(request: httpx.Request) -> str:
    return f"{request.url} {dict(request.headers)} {request.content.decode()}"


def with_status(status: int) -> Callable[[httpx.Request], httpx.Response]:
    def respond(request: httpx.Request) -> httpx.Response:
        echo = received(request)
        body = json.dumps({"error": {"message": echo, "code": echo, "type": echo}})
        return answer(body.encode(), status=status, headers={"x-request-id": echo[:200]})

    return respond


def as_text(request: httpx.Request) -> httpx.Response:
    return answer(received(request).encode(), status=502, content_type="text/html")


def as_misfit(request: httpx.Request) -> httpx.Response:
    echo = received(request)
    return answer(json.dumps({"choices": echo, "models": echo, "data": echo}).encode())


def as_no_json(request: httpx.Request) -> httpx.Response:
    return answer(received(request).encode())


def as_redirect(request: httpx.Request) -> httpx.Response:
    return answer(status=302, headers={"location": f"https://elsewhere.test/?{received(request)}"})


def as_nonsense(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError(f"illegal header line: {received(request)!r}")


def as_error_event(request: httpx.Request) -> httpx.Response:
    return events(sse(chunk("a"), {"error": {"message": received(request)}}))


def as_event_misfit(request: httpx.Request) -> httpx.Response:
    return events(sse(chunk("a"), {"choices": received(request)}))


def as_event_no_json(request: httpx.Request) -> httpx.Response:
    return events(b"data: " + received(request).encode() + b"\n\n")


HOSTS = {
    **{str(status): with_status(status) for status in (400, 401, 403, 404, 409, 422, 429, 500)},
    **{
        each.__name__: each
        for each in (
            *(as_text, as_misfit, as_no_json, as_nonsense, as_redirect),
            *(as_error_event, as_event_misfit, as_event_no_json),
        )
    },
}


def ask_chat(face: Face, client: Any) -> Any:
    return face.run(client.inference.serverless.chat.completions.create(**CHAT_CREATE.arguments))


def ask_stream(face: Face, client: Any) -> Any:
    create = client.inference.on_demand.chat.completions.create
    return face.list(face.run(create(**CHAT_CREATE.arguments, stream=True)))


def ask_control_plane(face: Face, client: Any) -> Any:
    return face.run(client.control_plane.models.list())


def ask_refresh(face: Face, client: Any) -> Any:
    return face.run(client.control_plane.auth.cli.refresh(refresh_token=f"{CANARY}/refresh+token="))


def ask_exchange(face: Face, client: Any) -> Any:
    exchange = client.control_plane.auth.cli.exchange
    return face.run(exchange(login_id="l", code_verifier=f"{CANARY}-verifier"))


def ask_deploy(face: Face, client: Any) -> Any:
    deploy = client.control_plane.models.deploy
    secrets = {"hfToken": f"hf_{CANARY}_more"}
    return face.run(deploy(api_key=f"sk-{CANARY}-of-body", extra_body=secrets))


def ask_raw_deploy(face: Face, client: Any) -> Any:
    deploy = client.control_plane.models.with_raw_response.deploy
    return face.run(deploy(api_key=f"sk-{CANARY}-of-body", hf_token=f"hf_{CANARY}"))


def ask_raw_request(face: Face, client: Any) -> Any:
    body = {"nested": [{"codeVerifier": f"{CANARY}-verifier"}], "hfToken": f"hf_{CANARY}"}
    return face.run(client.control_plane.request("POST", "/v1/no-method", body=body))


CALLS = {"chat": ask_chat, "stream": ask_stream, "control plane": ask_control_plane}
WITH_SECRETS = {
    "refresh": ask_refresh,
    "exchange": ask_exchange,
    "deploy": ask_deploy,
}


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Everything that any library logs, at every level."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{self.format(record)} {record.__dict__}")

    root, keeper = logging.getLogger(), Keeper()
    names = [name for name in logging.root.manager.loggerDict if "asyncio" not in name]
    loggers = [logging.getLogger(name) for name in ["", *names, "tensormesh", "httpx", "httpcore"]]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(keeper)
    yield lines
    root.removeHandler(keeper)
    for logger, level in zip(loggers, levels, strict=True):
        # Not by the attribute: loggers remember what they decided.
        logger.setLevel(level)


def shown(error: BaseException) -> str:
    """All that is printed of an error, of those behind it too, and what it holds."""
    texts = [*traceback.format_exception(error)]
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
        # As tracebacks go on.
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(texts)


@for_each("call", [*CALLS, *WITH_SECRETS])
@for_each("host", HOSTS)
def test_no_error_and_no_log_shows_a_credential_that_a_host_echoes(
    face: Face, host: str, call: str, log: list[str]
) -> None:
    check_told(face, host, {**CALLS, **WITH_SECRETS}[call], log)


# Any JSON is an answer to a request that has no method.
@for_each("host", [name for name in HOSTS if name != "as_misfit"])
def test_no_error_of_a_request_without_a_method_shows_its_secrets(
    face: Face, host: str, log: list[str]
) -> None:
    check_told(face, host, ask_raw_request, log)


def check_told(face: Face, host: str, ask: Callable[[Face, Any], Any], log: list[str]) -> None:
    log.clear()
    client = face.client(Server(HOSTS[host]), **CREDENTIALS, max_retries=0)
    with pytest.raises(TensormeshError) as caught:
        ask(face, client)
    error = caught.value
    for each in (error, copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert CANARY not in shown(each)
    assert log
    assert CANARY not in "\n".join(log)


def open_chat(face: Face, client: Any, **arguments: Any) -> Any:
    create = client.inference.serverless.chat.completions.with_streaming_response.create
    return face.run(create(**CHAT_CREATE.arguments, **arguments))


def ask_raw(face: Face, client: Any) -> Any:
    create = client.inference.serverless.chat.completions.with_raw_response.create
    return face.run(create(**CHAT_CREATE.arguments))


def ask_texts(face: Face, client: Any) -> Any:
    create = client.inference.on_demand.chat.completions.create
    return face.list(face.run(create(**CHAT_CREATE.arguments, stream=True)).text_deltas())


def ask_final(face: Face, client: Any) -> Any:
    create = client.inference.on_demand.chat.completions.create
    return face.run(face.run(create(**CHAT_CREATE.arguments, stream=True)).get_final_completion())


FRAMES = {
    **CALLS,
    **WITH_SECRETS,
    "request": ask_raw_request,
    "raw": ask_raw_deploy,
    "open": open_chat,
    "open stream": lambda face, client: open_chat(face, client, stream=True),
    "parse": lambda face, client: ask_raw(face, client).parse(),
    "json": lambda face, client: ask_raw(face, client).json(),
    "texts": ask_texts,
    "final": ask_final,
}


@for_each("call", FRAMES)
@for_each("host", HOSTS)
def test_no_frame_of_the_sdk_holds_what_a_host_echoes(face: Face, host: str, call: str) -> None:
    client = face.client(Server(HOSTS[host]), **CREDENTIALS, max_retries=0)
    try:
        FRAMES[call](face, client)
    except APIError as error:
        assert_no_local_shows(error)


def broken(request: httpx.Request) -> httpx.Response:
    return events(sse(chunk(received(request)), done=False), httpx.ReadError("broken"))


@pytest.mark.parametrize("iterate", ["iter_bytes", "iter_lines", "iter_events"])
def test_no_frame_holds_what_came_before_a_body_broke(face: Face, iterate: str) -> None:
    client = face.client(Server(broken), **CREDENTIALS)
    with pytest.raises(APIError, match="broken") as caught:
        face.list(getattr(open_chat(face, client), iterate)())
    assert_no_local_shows(caught.value)
    for ask in (ask_stream, ask_texts, ask_final):
        with pytest.raises(APIError, match="broke") as caught:
            ask(face, client)
        assert_no_local_shows(caught.value)


def test_the_frames_of_what_a_caller_was_handling_are_left_alone(face: Face) -> None:
    client = face.client(Server(HOSTS["401"]), **CREDENTIALS)

    def fail(variable: str) -> None:
        raise KeyError

    try:
        fail("of the caller")
    except KeyError:
        with pytest.raises(APIError) as caught:
            ask_chat(face, client)
    context = caught.value.__context__
    assert isinstance(context, KeyError)
    frames = [frame for frame, _ in traceback.walk_tb(context.__traceback__)]
    assert frames[-1].f_locals == {"variable": "of the caller"}


def test_the_lines_of_a_failure_stay_in_its_traceback(face: Face) -> None:
    client = face.client(Server(HOSTS["401"]), **CREDENTIALS)
    with pytest.raises(APIError) as caught:
        ask_chat(face, client)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert {"create", "send", "after_refusal"} <= set(names)


@pytest.mark.parametrize("call", [ask_control_plane, ask_refresh, ask_exchange, ask_raw_deploy])
def test_no_local_of_the_sdk_shows_a_credential_in_a_traceback(
    face: Face, call: Callable[[Face, Any], Any]
) -> None:
    """Tools that print locals print reprs: those of clients, settings and calls tell nothing."""
    client = face.client(Server(answer(b"{}", status=500)), **CREDENTIALS, max_retries=0)
    with pytest.raises(APIError) as caught:
        call(face, client)
    assert_no_local_shows(caught.value)


def test_no_local_of_the_sdk_shows_what_could_not_be_sent(face: Face) -> None:
    with pytest.raises(ConfigurationError, match="control_plane_token") as caught:
        ask_raw_deploy(face, face.bare_client(Server()))
    assert_no_local_shows(caught.value)


def assert_no_local_shows(error: BaseException) -> None:
    ours = []
    errors: list[BaseException | None] = [error]
    for each in errors:
        if each is None:
            continue
        errors += [each.__cause__, each.__context__]
        told = traceback.TracebackException.from_exception(each, capture_locals=True)
        ours += [
            (frame.name, name, text)
            for frame in told.stack
            # Those of the SDK, and of httpx below it.
            if not Path(frame.filename).is_relative_to(TESTS)
            for name, text in (frame.locals or {}).items()
        ]
    assert ours
    assert [(where, name) for where, name, text in ours if CANARY in text] == []


def test_nothing_that_a_client_is_made_of_shows_a_credential(face: Face) -> None:
    client = face.client(Server(), **CREDENTIALS)
    things = [client, client.with_options(timeout_seconds=5), client._settings]
    things += [client.control_plane, client.inference, client.inference.serverless.chat]
    for thing in things:
        assert CANARY not in repr(thing) + str(thing) + f"{thing!a}"


@for_each("name", ["inference_api_key", "control_plane_token"])
@for_each("bad", ["canary\n", "Bearer canary", "canary\x00", "\u00e9canary"])
def test_a_credential_that_is_refused_is_not_shown(face: Face, name: str, bad: str) -> None:
    with pytest.raises(TensormeshError) as caught:
        face.new_client(**{**CREDENTIALS, name: bad})
    assert CANARY not in shown(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("url", ["https://user:canary@host.test", "https://canary@host.test/v1"])
def test_a_password_in_a_base_url_is_not_shown(face: Face, url: str) -> None:
    for name in ("control_plane_base_url", "serverless_base_url", "on_demand_base_url"):
        with pytest.raises(TensormeshError) as caught:
            face.new_client(**{name: url})
        assert CANARY not in shown(caught.value)


def test_each_credential_goes_to_its_own_host_alone(face: Face) -> None:
    server = Server(with_status(404))
    client = face.client(server, **CREDENTIALS, max_retries=0)
    for call in CALLS.values():
        with pytest.raises(APIError):
            call(face, client)
    assert len(server.requests) == 3
    for request in server.requests:
        text = received(request)
        assert (TOKEN in text) == (str(request.url).startswith(CONTROL_PLANE))
        assert (KEY in text) == (str(request.url).startswith((SERVERLESS, ON_DEMAND)))


def test_messages_of_the_user_are_not_logged(face: Face, log: list[str]) -> None:
    client = face.client(Server(with_status(500)), **CREDENTIALS, max_retries=0)
    create = client.inference.serverless.chat.completions.create
    messages = [*MESSAGES, {"role": "user", "content": "my canary question"}]
    with pytest.raises(APIError):
        face.run(create(model="m", messages=messages))
    assert log
    assert CANARY not in "\n".join(log)
