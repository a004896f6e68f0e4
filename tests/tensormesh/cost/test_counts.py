"""What imports, calls and chunks cost, in counts: what makes them dearer must raise a bound here.

No test looks at a clock. Bounds lie a little above what was counted on CPython 3.11, 3.12 and 3.13;
lower them with what makes the SDK cheaper. Times, and ratios to other clients: `make bench`.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from support.counting import function_calls_of_each, kept_memory
from support.project_files import ROOT
from support.raw_server import RawServer, Turn
from support.sdk_samples import CHAT, MESSAGES, chunk, sse

from tensormesh import AsyncTensormesh, Tensormesh
from tensormesh._http import sockets
from tensormesh._http.url import parse
from tensormesh_api.inference.models.chat_completion import ChatCompletion

# Modules that are loaded by `import tensormesh`, and by a program up to its first answer: of the
# SDK, and in all.
MODULES_OF_IMPORT = 3
OWN_MODULES_OF_FIRST_CALL = 66
MODULES_OF_FIRST_CALL = 225
# Modules of the SDK that a request, and a stream, passes through, and changes between them.
WAY_OF_REQUEST = (27, 56)
WAY_OF_STREAM = (39, 1400)
# Functions that are called, of Python and of C.
CALLS_OF_REQUEST = 265
CALLS_OF_ASYNC_REQUEST = 330
CALLS_OF_CHUNK = 64
# Of a chunk that the socket gives alone.
CALLS_OF_LONE_CHUNK = 75
CALLS_OF_ANSWER = 53
# What a request may take more in a crowd than alone.
CROWD = 1.5
# Bytes and blocks of memory of each chunk that is kept.
BYTES_OF_CHUNK = 830
BLOCKS_OF_CHUNK = 9.5

SHORT, LONG = 100, 600
WORDS = ("The", " quick", " brown", " fox", " jumps", ".")
SETTINGS: dict[str, Any] = {"inference_api_key": "sk-canary-0123456789"}
CHAT_CALL: dict[str, Any] = {"model": "m", "messages": MESSAGES}
FIRST_CALL = f"""
from tensormesh import Tensormesh
with Tensormesh(**{SETTINGS}, serverless_base_url=sys.argv[1]) as client:
    client.inference.serverless.chat.completions.create(**{CHAT_CALL})
"""


def framed_stream(length: int) -> bytes:
    events = [sse(chunk(WORDS[number % len(WORDS)]), done=False) for number in range(length)]
    pieces = [*events, sse()]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


# A head, or a chunk: whatever ends as both do.
PIECES = re.compile(rb".+?\n\r\n|.+", re.DOTALL)
STREAMS = {length: framed_stream(length) for length in (SHORT, LONG)}


def respond(turn: Turn) -> None:
    """Streams are as long as `max_tokens`, one HTTP chunk an event, and sent at once."""
    question = turn.json()
    if question.get("stream"):
        turn.begin_stream()
        turn.send(STREAMS[question["max_tokens"]])
    else:
        turn.answer_json(CHAT)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with RawServer(respond) as server:
        yield server.url


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TENSORMESH_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def completions(url: str) -> Iterator[Any]:
    with Tensormesh(**SETTINGS, serverless_base_url=url) as client:
        yield client.inference.serverless.chat.completions


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def async_completions(url: str, loop: asyncio.Runner) -> Iterator[Any]:
    client = AsyncTensormesh(**SETTINGS, serverless_base_url=url)
    yield client.inference.serverless.chat.completions
    loop.run(client.close())


def loaded_by(program: str, *arguments: str) -> set[str]:
    """The modules that a program loads in a process of its own."""
    # Where they are installed, httpx loads its own command line and httpcore trio with them.
    prepare = "import sys; sys.modules.update(dict.fromkeys(('rich', 'click', 'trio')))"
    count = "before = set(sys.modules)\n{}\nprint(*sorted(set(sys.modules) - before))"
    folders = os.pathsep.join([str(ROOT / "overlay"), str(ROOT / "generated")])
    result = subprocess.run(
        [sys.executable, "-c", f"{prepare}\n{count.format(program)}", *arguments],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split())


def test_an_import_loads_next_to_nothing() -> None:
    loaded = loaded_by("import tensormesh")
    assert "tensormesh" in loaded
    assert len(loaded) <= MODULES_OF_IMPORT, sorted(loaded)


def test_a_first_call_loads_few_modules(url: str) -> None:
    loaded = loaded_by(FIRST_CALL, url)
    own = {name for name in loaded if name.partition(".")[0].startswith("tensormesh")}
    assert "tensormesh_api.inference.models.chat_completion" in own
    assert len(own) <= OWN_MODULES_OF_FIRST_CALL, sorted(own)
    assert len(loaded) <= MODULES_OF_FIRST_CALL, sorted(loaded - own)


def test_a_request_takes_few_function_calls(completions: Any) -> None:
    def ask(times: int) -> None:
        for _ in range(times):
            completions.create(**CHAT_CALL)

    assert function_calls_of_each(ask, 2, 12) <= CALLS_OF_REQUEST


def way_of(use: Callable[[], object]) -> tuple[int, int]:
    """How many modules of the SDK a use passes through, and how often it changes between them."""
    way: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_globals.get("__name__", "")
        is_ours = name.startswith("tensormesh")
        if event == "call" and is_ours and (not way or way[-1] != name):
            way.append(name)

    use()
    sys.setprofile(note)
    try:
        use()
    finally:
        sys.setprofile(None)
    return len(set(way)), len(way)


def test_requests_and_streams_pass_through_few_modules(completions: Any) -> None:
    def stream() -> None:
        list(completions.create(**CHAT_CALL, stream=True, max_tokens=SHORT))

    for use, (most_modules, most_changes) in (
        (lambda: completions.create(**CHAT_CALL), WAY_OF_REQUEST),
        (stream, WAY_OF_STREAM),
    ):
        modules, changes = way_of(use)
        assert modules <= most_modules
        assert changes <= most_changes


def test_a_request_takes_no_more_after_many_other_urls(completions: Any) -> None:
    """As a program has that reads one record after the other."""

    def ask(times: int) -> None:
        for _ in range(times):
            completions.create(**CHAT_CALL)

    for number in range(200):
        parse(f"https://host.test/v1/records/{number}")
    assert function_calls_of_each(ask, 2, 12) <= CALLS_OF_REQUEST


def test_an_async_request_takes_few_function_calls(
    async_completions: Any, loop: asyncio.Runner
) -> None:
    async def ask(times: int) -> None:
        for _ in range(times):
            await async_completions.create(**CHAT_CALL)

    assert (
        function_calls_of_each(lambda times: loop.run(ask(times)), 2, 12) <= CALLS_OF_ASYNC_REQUEST
    )


@pytest.mark.slow
def test_a_request_costs_no_more_in_a_crowd(async_completions: Any, loop: asyncio.Runner) -> None:
    async def ask(times: int, in_flight: int) -> None:
        for _ in range(times):
            asked = (async_completions.create(**CHAT_CALL) for _ in range(in_flight))
            await asyncio.gather(*asked)

    def calls_of_request(in_flight: int) -> float:
        calls = function_calls_of_each(lambda times: loop.run(ask(times, in_flight)), 1, 3)
        return calls / in_flight

    of_one, of_many = calls_of_request(1), calls_of_request(25)
    assert of_many <= CROWD * of_one


@pytest.mark.parametrize("as_text", [False, True], ids=["chunks", "text_deltas"])
def test_a_chunk_takes_few_function_calls(completions: Any, as_text: bool) -> None:
    def read(length: int) -> None:
        stream = completions.create(**CHAT_CALL, stream=True, max_tokens=length)
        for _ in stream.text_deltas() if as_text else stream:
            pass

    assert function_calls_of_each(read, SHORT, LONG) <= CALLS_OF_CHUNK


def test_a_chunk_that_comes_alone_takes_few_function_calls(
    completions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all = sockets.Stream.read
    came: deque[bytes] = deque()

    def read_one(stream: sockets.Stream, timeout: float, deadline: float | None) -> bytes:
        while not came:
            came.extend(PIECES.findall(read_all(stream, timeout, deadline)))
        return came.popleft()

    def read(length: int) -> None:
        for _ in completions.create(**CHAT_CALL, stream=True, max_tokens=length):
            pass

    monkeypatch.setattr(sockets.Stream, "read", read_one)
    assert function_calls_of_each(read, SHORT, LONG) <= CALLS_OF_LONE_CHUNK


@pytest.mark.parametrize("as_text", [False, True], ids=["chunks", "text_deltas"])
def test_an_async_chunk_takes_few_function_calls(
    async_completions: Any, loop: asyncio.Runner, as_text: bool
) -> None:
    async def read(length: int) -> None:
        stream = await async_completions.create(**CHAT_CALL, stream=True, max_tokens=length)
        async for _ in stream.text_deltas() if as_text else stream:
            pass

    calls = function_calls_of_each(lambda length: loop.run(read(length)), SHORT, LONG)
    assert calls <= CALLS_OF_CHUNK


def test_a_kept_chunk_takes_little_memory(completions: Any) -> None:
    def keep() -> list[Any]:
        return list(completions.create(**CHAT_CALL, stream=True, max_tokens=LONG))

    size, blocks = kept_memory(keep)
    assert size <= BYTES_OF_CHUNK
    assert blocks <= BLOCKS_OF_CHUNK


def test_a_decoded_answer_becomes_typed_by_few_function_calls() -> None:
    def read(times: int) -> None:
        for _ in range(times):
            ChatCompletion.from_dict(CHAT)

    assert function_calls_of_each(read, 1, 11) <= CALLS_OF_ANSWER
