"""One client in many threads, in forked processes, in several event loops; and its copies."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import SETTINGS, Face
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import AsyncTensormesh, ConfigurationError, StreamError, Tensormesh


def echo(turn: Turn) -> None:
    """Answers with what was asked."""
    if turn.method == "GET":
        turn.answer_json(MODELS)
        return
    asked = turn.json()
    text = asked["messages"][0]["content"]
    if asked.get("stream"):
        turn.stream(*[sse(chunk(text), done=False)] * 3, sse())
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        turn.answer_json({**CHAT, "choices": [{**choice, "finish_reason": "stop"}]})


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(echo) as made:
        yield made


def settings_of(server: RawServer) -> dict[str, Any]:
    return {**SETTINGS, "serverless_base_url": server.url}


# Threads


def test_a_client_serves_many_threads_at_once(server: RawServer) -> None:
    wrong: list[Any] = []
    barrier = threading.Barrier(16)

    def work(number: int) -> None:
        barrier.wait()
        create = client.inference.serverless.chat.completions.create
        for turn in range(12):
            text = f"{number}/{turn}"
            arguments: dict[str, Any] = {
                "model": "m",
                "messages": [{"role": "user", "content": text}],
            }
            try:
                answer: Any = create(**arguments)
                stream: Any = create(**arguments, stream=True)
                found = [answer.choices[0].message.content, "".join(stream.text_deltas())]
                if found != [text, text * 3]:
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    with Tensormesh(**settings_of(server)) as client:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(server.turns) == 16 * 12 * 2
        assert server.connections <= 16
        assert not client._links.held
    assert server.wait_until(lambda: server.open == 0)


# Forked processes

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
BEGINNING = """
import asyncio, json, os, sys, threading
import httpx
from tensormesh import AsyncTensormesh, ConfigurationError, StreamError, Tensormesh
from tensormesh._http import tls

url = sys.argv[1]
CALL = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
settings = {"inference_api_key": "k", "serverless_base_url": url}

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print("child:", type(error).__name__, error, flush=True)
        finally:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

def say(who, what):
    print(f"{who}: {what}", flush=True)
"""


def run_script(server: RawServer, script: str) -> list[str]:
    """What a script prints that forks, in a process without other threads."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEGINNING + textwrap.dedent(script), server.url],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "NO_PROXY": "*"},
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


@FORKS
def test_a_child_process_has_connections_of_its_own() -> None:
    def handler(turn: Turn) -> None:
        if len(begun.turns) != 2:
            echo(turn)
            return
        # The first stream: the rest of it comes when the next one was asked for.
        turn.begin_stream()
        turn.chunk(sse(chunk("x"), done=False))
        assert begun.wait_until(lambda: len(begun.turns) == 4)
        turn.chunk(sse(chunk("x"), done=False) * 2 + sse())
        turn.end()

    with RawServer(handler) as begun:
        check_connections_of_a_child(begun)


def check_connections_of_a_child(server: RawServer) -> None:
    said = run_script(
        server,
        """
        client = Tensormesh(**settings)
        create = client.inference.serverless.chat.completions.create
        create(**CALL)
        stream = create(**CALL, stream=True)
        texts = stream.text_deltas()
        say("parent", next(texts))

        def work():
            say("child", create(**CALL).choices[0].message.content)
            say("child", "".join(create(**CALL, stream=True).text_deltas()))
            try:
                list(stream)
            except StreamError as error:
                say("child", error.message)
            client.close()

        in_child(work)
        say("parent", "".join(texts))
        say("parent", create(**CALL).choices[0].message.content)
        """,
    )
    assert said == [
        "parent: x",
        "child: x",
        "child: xxx",
        "child: the stream was cut off before its end",
        "parent: xx",
        "parent: x",
    ]
    # One of the parent, which lasts, and one of the child.
    assert server.connections == 2


@FORKS
def test_a_child_process_waits_for_no_lock_of_its_parents_threads(server: RawServer) -> None:
    said = run_script(
        server,
        """
        client = Tensormesh(**settings)
        create = client.inference.serverless.chat.completions.create
        create(**CALL)
        (sender,) = client._links._made.values()
        held, over = threading.Event(), threading.Event()

        def hold():
            with client._links._lock, tls._lock, sender.lock:
                held.set()
                over.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        in_child(lambda: say("child", create(**CALL).choices[0].message.content))
        over.set()
        thread.join()
        say("parent", create(**CALL).choices[0].message.content)
        """,
    )
    assert said == ["child: x", "parent: x"]


@FORKS
def test_a_child_process_has_event_loops_of_its_own(server: RawServer) -> None:
    said = run_script(
        server,
        """
        client = AsyncTensormesh(**settings)
        create = client.inference.serverless.chat.completions.create

        async def ask():
            return (await create(**CALL)).choices[0].message.content

        say("parent", asyncio.run(ask()))
        in_child(lambda: say("child", asyncio.run(ask())))
        say("parent", asyncio.run(ask()))
        """,
    )
    assert said == ["parent: x", "child: x", "parent: x"]


@FORKS
def test_a_users_http_client_of_the_parent_is_refused(server: RawServer) -> None:
    said = run_script(
        server,
        """
        for is_used in (False, True):
            client = Tensormesh(**settings, http_client=httpx.Client())
            create = client.inference.serverless.chat.completions.create
            if is_used:
                create(**CALL)
            in_child(lambda: say("child", create(**CALL).choices[0].message.content))
        """,
    )
    assert said[0] == "child: x"
    assert said[1].startswith("child: ConfigurationError `http_client` was used before")


# Event loops


# A loop that ends with its connections open says so; that is asyncio's to tell.
UNCLOSED = pytest.mark.filterwarnings("ignore::ResourceWarning")


@UNCLOSED
def test_a_client_may_be_used_in_one_loop_after_another(server: RawServer) -> None:
    client = AsyncTensormesh(**settings_of(server))

    async def use() -> str:
        create = client.inference.serverless.chat.completions.create
        arguments: dict[str, Any] = {
            "model": "m",
            "messages": [{"role": "user", "content": "x"}],
        }
        for _ in range(2):
            await create(**arguments)
        stream: Any = await create(**arguments, stream=True)
        return "".join([text async for text in stream.text_deltas()])

    for number in range(1, 4):
        assert asyncio.run(use()) == "xxx"
        assert server.connections == number
        assert len(client._links._made) == 1
    asyncio.run(client.close())
    gc.collect()


def test_a_client_may_be_used_in_two_loops_at_once(server: RawServer) -> None:
    client = AsyncTensormesh(**settings_of(server))
    barrier = threading.Barrier(2)
    found: list[Any] = []

    async def use() -> None:
        for _ in range(5):
            barrier.wait(PATIENCE)
            found.append((await client.inference.serverless.models.list()).data[0].id)
        (sender,) = [made for key, made in client._links._made.items() if key[2] is _loop()]
        await sender.close()

    threads = [threading.Thread(target=lambda: asyncio.run(use())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["m"] * 10
    assert server.connections == 2
    asyncio.run(client.close())


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@UNCLOSED
def test_a_users_http_client_of_another_loop_is_refused_with_what_to_do(
    server: RawServer,
) -> None:
    client = AsyncTensormesh(**settings_of(server), http_client=httpx.AsyncClient())

    async def use() -> Any:
        return await client.inference.serverless.models.list()

    asyncio.run(use())
    with pytest.raises(
        ConfigurationError, match=r"another event loop.*create a client in each loop"
    ):
        asyncio.run(use())
    client._links._given = None
    gc.collect()


# Copies


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_clients_copy_and_share_their_connections(face: Face, again: Any) -> None:
    with RawServer(echo) as server:
        client = face.client(serverless_base_url=server.url, max_retries=2)
        face.run(client.inference.serverless.models.list())
        twin = again(client)
        assert type(twin) is type(client)
        assert repr(twin) == repr(client)
        face.run(twin.inference.serverless.models.list())
        face.run(twin.close())
        face.run(client.inference.serverless.models.list())
        assert server.connections == 1


def test_a_client_in_a_structure_copies_with_it() -> None:
    with Tensormesh(**SETTINGS) as client:
        twin = copy.deepcopy({"client": client, "more": [1]})
        assert isinstance(twin["client"], Tensormesh)
        assert twin["client"]._links is client._links


def test_a_client_is_not_pickled_and_says_why() -> None:
    for client in (Tensormesh(**SETTINGS), AsyncTensormesh(**SETTINGS)):
        with pytest.raises(TypeError, match="create one in each process"):
            pickle.dumps(client)


def test_a_stream_of_a_closed_client_is_cut_off(face: Face) -> None:
    def endless(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(sse(chunk("a"), done=False))
        turn.wait_for_close()

    with RawServer(endless) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
        face.next(stream)
        face.run(client.close())
        with pytest.raises(StreamError):
            face.next(stream)
        assert server.wait_until(lambda: server.open == 0)
