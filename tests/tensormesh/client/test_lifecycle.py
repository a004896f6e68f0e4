"""Copies of clients, a user's own HTTP client, closing, and first use by many threads."""

from __future__ import annotations

import copy
import gzip
import json
import subprocess
import sys
import threading
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.handler_links import HandlerLink
from support.sdk_faces import (
    API_KEY,
    SETTINGS,
    USER_ID,
    AsyncFace,
    Face,
    Server,
    answer,
    host,
)
from support.sdk_samples import (
    CHAT,
    CHAT_CREATE,
    METHODS,
    MODELS,
    Method,
    as_json,
    chunk,
    sse,
    stream_of,
)

from tensormesh import ConfigurationError, StreamError, Tensormesh

OTHER_USER = "11111111-2222-4333-8444-555555555555"


def list_models(face: Face, client: Any, surface: str = "on_demand") -> Any:
    return face.run(host(client, surface).models.list())


def test_a_copy_has_its_own_settings_and_leaves_the_original_as_it_is(face: Face) -> None:
    server = Server(lambda _: as_json(MODELS))
    client = face.client(server)
    changed = client.with_options(
        inference_api_key="sk-of-the-copy",
        on_demand_user_id=OTHER_USER,
        on_demand_base_url="https://copy.test/v1",
        timeout_seconds=4,
    )
    again = changed.with_options(timeout_seconds=5)

    for each in (client, changed, again, client):
        list_models(face, each)

    def said(request: httpx.Request) -> tuple[str, str, str, float]:
        headers = request.headers
        seconds = request.extensions["timeout"]["read"]
        return request.url.host, headers["authorization"], headers["x-user-id"], seconds

    original = ("on-demand.test", f"Bearer {API_KEY}", USER_ID, 60.0)
    copied = ("copy.test", "Bearer sk-of-the-copy", OTHER_USER)
    assert [said(request) for request in server.requests] == [
        original,
        (*copied, 4.0),
        (*copied, 5.0),
        original,
    ]
    assert type(changed) is type(client)


def test_a_copy_takes_nothing_from_the_environment_of_later(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = face.client(Server())
    monkeypatch.setenv("TENSORMESH_SERVERLESS_BASE_URL", "https://later.test")
    monkeypatch.setenv("TENSORMESH_TIMEOUT_SECONDS", "no number")
    assert "later.test" not in repr(client.with_options(max_retries=1))


def test_an_option_that_does_not_exist_or_cannot_be_right_is_refused(face: Face) -> None:
    client = face.client(Server())
    with pytest.raises(TypeError, match="'api_key'"):
        client.with_options(api_key="x")
    with pytest.raises(ConfigurationError, match="`on_demand_user_id`"):
        client.with_options(on_demand_user_id="x")


def test_copies_share_connections_and_only_the_original_closes_them(face: Face) -> None:
    server = Server(lambda _: as_json(MODELS))
    client = face.client(server)
    first, second = client.with_options(timeout_seconds=1), client.with_options(timeout_seconds=2)
    assert first._links is client._links

    face.run(first.close())
    assert (first.is_closed, second.is_closed, client.is_closed) == (True, False, False)
    with pytest.raises(ConfigurationError, match="the client is closed"):
        list_models(face, first)
    list_models(face, second)
    list_models(face, client)

    face.run(client.close())
    assert second.is_closed
    for each in (first, second, client):
        with pytest.raises(ConfigurationError, match="the client is closed"):
            list_models(face, each)
    assert len(server.requests) == 2


@for_each("method", METHODS, ids=lambda method: method.path)
def test_a_closed_client_refuses_every_call(face: Face, method: Method) -> None:
    client = face.client(Server())
    held = host(client, "serverless")
    face.run(client.close())
    face.run(client.close())
    assert client.is_closed
    for variant in (None, "with_raw_response", "with_streaming_response"):
        with pytest.raises(ConfigurationError, match="the client is closed"):
            face.run(method.of(held, variant)(**method.arguments))


def test_a_client_that_was_never_used_can_be_closed(face: Face) -> None:
    client = face.new_client()
    face.run(client.close())
    assert client.is_closed


def test_clients_are_context_managers() -> None:
    with Tensormesh(**SETTINGS) as client:
        assert not client.is_closed
    assert client.is_closed

    face = AsyncFace()

    async def use() -> Any:
        async with face.new_client(**SETTINGS) as client:
            assert not client.is_closed
        return client

    assert face.run(use()).is_closed
    face.finish()


def test_the_asynchronous_client_closes_under_both_names() -> None:
    face = AsyncFace()
    client = face.new_client(**SETTINGS)
    face.run(client.aclose())
    assert client.is_closed
    face.finish()


def test_an_error_inside_the_block_goes_through_and_closes() -> None:
    with pytest.raises(KeyError), Tensormesh(**SETTINGS) as client:
        raise KeyError("x")
    assert client.is_closed


def test_a_users_http_client_is_not_closed(colour: Face) -> None:
    own = colour.http(lambda _: as_json(MODELS))
    client = colour.client(http_client=own)
    list_models(colour, client)
    colour.run(client.close())
    assert not own.is_closed
    list_models(colour, colour.client(http_client=own))


def test_closing_gives_the_open_streams_of_a_users_http_client_back(colour: Face) -> None:
    server = Server(stream_of(chunk("a"), chunk("b")))
    client = colour.client(server)
    create = CHAT_CREATE.of(client.inference.serverless)
    stream = colour.run(create(**CHAT_CREATE.arguments, stream=True))

    colour.run(client.close())

    assert server.bodies[0].is_closed
    with pytest.raises(StreamError, match="cut off before its end"):
        colour.next(stream)


def test_what_a_users_http_client_adds_keeps_working(colour: Face) -> None:
    seen: list[str] = []

    def note(what: Any) -> None:
        kind = "request" if isinstance(what, httpx.Request) else "response"
        seen.append(f"{kind} {what.headers.get('x-user-id', '-')}")

    async def anote(what: Any) -> None:
        note(what)

    hook = note if colour.name == "sync" else anote
    server = Server(lambda _: as_json(MODELS, headers={"set-cookie": "session=1"}))
    own = colour.http(
        server,
        headers={"X-Team": "blue", "User-Agent": "theirs", "Accept": "*/*"},
        params={"tenant": "t"},
        cookies={"jar": "theirs"},
        event_hooks={"request": [hook], "response": [hook]},
        base_url="https://base.test/ignored",
        timeout=3,
    )
    client = colour.client(http_client=own)

    list_models(colour, client)
    list_models(colour, client)

    first, second = server.requests
    assert first.headers["x-team"] == "blue"
    assert first.headers["user-agent"].startswith("tensormesh-python/")
    assert first.headers["accept"] == "application/json"
    assert str(first.url) == "https://on-demand.test/prefix/v1/models?tenant=t"
    assert first.headers["cookie"] == "jar=theirs"
    assert sorted(second.headers["cookie"].split("; ")) == ["jar=theirs", "session=1"]
    assert seen == [f"request {USER_ID}", "response -"] * 2
    assert first.extensions["timeout"]["read"] == 60


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "gzip"])
def test_a_hook_may_read_the_answer(colour: Face, stream: bool, encoding: str) -> None:
    read: list[bytes] = []

    def log(response: httpx.Response) -> None:
        read.append(response.read())

    async def alog(response: httpx.Response) -> None:
        read.append(await response.aread())

    content = sse(chunk("Hel"), chunk("lo.")) if stream else json.dumps(CHAT).encode()
    headers = {}
    if encoding == "gzip":
        content, headers = gzip.compress(content), {"content-encoding": "gzip"}
    kind = "text/event-stream" if stream else "application/json"
    response = answer(content[:20], content[20:], headers=headers, content_type=kind)
    hook = log if colour.name == "sync" else alog
    own = colour.http(Server(response), event_hooks={"response": [hook]})
    create = CHAT_CREATE.of(colour.client(http_client=own).inference.serverless)

    result = colour.run(create(**CHAT_CREATE.arguments, stream=stream))

    if stream:
        assert "".join(colour.list(result.text_deltas())) == "Hello."
    else:
        assert result.choices[0].message.content == "Hello."
    assert len(read) == 1


def test_a_users_http_client_that_is_closed_says_so(colour: Face) -> None:
    own = colour.http(lambda _: as_json(MODELS))
    colour.close_http(own)
    with pytest.raises(RuntimeError, match="client has been closed"):
        list_models(colour, colour.client(http_client=own))


def test_first_use_by_many_threads_at_once() -> None:
    # In a process of its own, where nothing is loaded yet.
    program = """
import sys, threading
from tensormesh import Tensormesh
client = Tensormesh(inference_api_key="k", serverless_base_url="http://127.0.0.1:9", max_retries=0)
barrier = threading.Barrier(16)
found = []
def use(number):
    barrier.wait()
    try:
        inference = client.inference.serverless
        if number % 2:
            inference.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "x"}], stream=number % 4 == 1)
        else:
            inference.responses.create(model="m", input="x")
    except Exception as error:
        found.append(type(error).__name__)
threads = [threading.Thread(target=use, args=(n,)) for n in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
client.close()
print(sorted(set(found)), len(found))
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "NO_PROXY": "*"},
    )
    assert result.stderr == ""
    assert result.stdout == "['APIConnectionError'] 16\n"


def test_one_http_client_is_made_however_many_threads_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    barrier = threading.Barrier(8)
    client = Tensormesh(**SETTINGS)

    def make(scheme: str, ca_bundle: str | None) -> HandlerLink:
        made.append(scheme)
        return HandlerLink(lambda _: as_json(MODELS))

    monkeypatch.setattr(client._links, "_make", make)

    def use() -> None:
        barrier.wait()
        client.inference.serverless.models.list()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert made == ["https"]


def test_results_are_plain_values(face: Face) -> None:
    client = face.client(lambda _: as_json(CHAT))
    create = CHAT_CREATE.of(client.inference.serverless)
    completion = face.run(create(**CHAT_CREATE.arguments))
    assert copy.deepcopy(completion) == completion
