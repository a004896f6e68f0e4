"""TENSORMESH_LOG: what the SDK logs, on stderr, once, and without a secret. Real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cases import for_each
from support.infer_runs import TM, environment
from support.raw_server import EVENT_STREAM, RawServer, Turn
from support.sdk_samples import CHAT, MODELS, chunk, sse

from tensormesh import ConfigurationError, Tensormesh
from tensormesh._settings import LOG_VARIABLE

CANARY = "canary"
SECONDS = 30.0

# Every kind of call and of ending, in both colours, with two clients each.
CALLS = """
import asyncio, sys
from tensormesh import AsyncTensormesh, Tensormesh, TensormeshError
chat = dict(model="m", messages=[{"role": "user", "content": "a canary question"}])
more = dict(extra_query={"token": "canary-query"}, extra_headers={"X-Key": "canary-header"})
refresh = dict(refresh_token="canary-refresh-token")
url = sys.argv[1]

def told(error):
    print(error, repr(error))

def calls():
    with Tensormesh() as first, Tensormesh(max_retries=2) as client:
        host = client.inference.serverless
        host.chat.completions.create(**chat, **more)
        list(host.chat.completions.create(**chat, stream=True))
        host.models.list()
        for host in (first.inference.on_demand, first.with_options(max_retries=0)
                     .inference.on_demand):
            for stream in (False, True):
                try:
                    list(host.chat.completions.create(**chat, **more, stream=stream))
                except TensormeshError as error:
                    told(error)
        try:
            client.control_plane.models.list()
        except TensormeshError as error:
            told(error)
        try:
            client.control_plane.auth.cli.refresh(**refresh)
        except TensormeshError as error:
            told(error)
        try:
            nobody = client.with_options(serverless_base_url="http://127.0.0.1:9")
            nobody.inference.serverless.chat.completions.create(**chat)
        except TensormeshError as error:
            told(error)

async def async_calls():
    async with AsyncTensormesh() as first, AsyncTensormesh(max_retries=2) as client:
        host = client.inference.serverless
        await host.chat.completions.create(**chat, **more)
        async for _ in await host.chat.completions.create(**chat, stream=True):
            pass
        await host.models.list()
        for stream in (False, True):
            try:
                found = await first.inference.on_demand.chat.completions.create(
                    **chat, **more, stream=stream)
                async for _ in found:
                    pass
            except TensormeshError as error:
                told(error)

calls()
asyncio.run(async_calls())
"""


class Host:
    """Serverless answers well, but for each second list of models; all else echoes what came."""

    def __init__(self) -> None:
        self.lists = 0

    def __call__(self, turn: Turn) -> None:
        received = f"{turn.path} {turn.headers} {turn.body.decode()}"
        if turn.path.startswith("/echo"):
            if b'"stream":true' in turn.body:
                event = json.dumps({"error": {"message": received}}).encode()
                turn.answer(b"data: " + event + b"\n\n", content_type=EVENT_STREAM)
            else:
                turn.answer_json({"error": {"message": received}}, "400 Bad Request")
        elif turn.method == "GET":
            self.lists += 1
            if self.lists % 2:
                turn.answer_json({"error": received}, "503 Busy", retry_after="0.01")
            else:
                turn.answer_json(MODELS)
        elif turn.json().get("stream"):
            turn.stream(sse(chunk("a canary answer")))
        else:
            turn.answer_json(CHAT)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(Host()) as made:
        yield made


def settings(server: RawServer, home: Path, **variables: str) -> dict[str, str]:
    return environment(
        home,
        TENSORMESH_INFERENCE_API_KEY="sk-canary-inference-0123456789",
        TENSORMESH_CONTROL_PLANE_TOKEN="cp-canary-token-0123456789",
        TENSORMESH_SERVERLESS_BASE_URL=server.url,
        TENSORMESH_ON_DEMAND_BASE_URL=f"{server.url}/echo",
        TENSORMESH_CONTROL_PLANE_BASE_URL=f"{server.url}/echo",
        TENSORMESH_ON_DEMAND_USER_ID="00000000-0000-4000-8000-000000000001",
        **variables,
    )


def run(
    program: str | list[str], server: RawServer, home: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    command = program
    if isinstance(program, str):
        command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), server.url]
    return subprocess.run(
        command,
        env=settings(server, home, **variables),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def messages(stderr: str) -> list[str]:
    """What was logged, without times."""
    lines = stderr.splitlines()
    assert all(" tensormesh " in line for line in lines), stderr
    return [line.partition(" tensormesh ")[2] for line in lines]


def test_every_try_of_every_call_is_on_stderr_once_and_no_secret_is(
    server: RawServer, tmp_path: Path
) -> None:
    done = run(CALLS, server, tmp_path, TENSORMESH_LOG="debug")
    assert done.returncode == 0, done.stderr
    said = Counter(messages(done.stderr))
    sent = len(server.turns)
    # One call found nobody there.
    assert sum(count for line, count in said.items() if line.startswith("DEBUG")) == sent + 1
    assert said[f"DEBUG: POST {server.url}/v1/chat/completions (attempt 1): 200"] == 4
    assert said[f"DEBUG: POST {server.url}/echo/v1/chat/completions (attempt 1): 400"] == 3
    assert said[f"DEBUG: GET {server.url}/v1/models (attempt 1): 503"] == 2
    assert said[f"INFO: GET {server.url}/v1/models (attempt 1): retrying in 0.0 s: 503"] == 2
    assert said[f"DEBUG: GET {server.url}/v1/models (attempt 2): 200"] == 2
    for secret in ("canary-inference", "canary-token", "canary-refresh"):
        assert any(secret in f"{turn.headers} {turn.body!r}" for turn in server.turns), secret
        assert secret not in done.stdout
    # Prompts, answers, queries and headers are not logged either.
    assert CANARY not in done.stderr


def test_at_info_there_is_what_is_tried_again_and_nothing_else(
    server: RawServer, tmp_path: Path
) -> None:
    done = run(CALLS, server, tmp_path, TENSORMESH_LOG=" Info")
    assert set(messages(done.stderr)) == {
        f"INFO: GET {server.url}/v1/models (attempt 1): retrying in 0.0 s: 503"
    }


def test_without_the_variable_nothing_is_said(server: RawServer, tmp_path: Path) -> None:
    done = run(BEGIN + MAKE + CALL, server, tmp_path, TENSORMESH_LOG="")
    assert (done.returncode, done.stderr) == (0, "")


CALL = (
    "client.inference.serverless.chat.completions.create(model='m', messages=[])\nclient.close()\n"
)
OWN = "logging.basicConfig(level=logging.INFO, stream=sys.stdout, format='own %(message)s')\n"
BEGIN = "import logging, sys\nfrom tensormesh import Tensormesh\n"
MAKE = "client = Tensormesh()\n"
ON_LOGGER = (
    "logger = logging.getLogger('tensormesh')\n"
    "logger.addHandler(logging.StreamHandler(sys.stdout))\n"
)


@pytest.mark.parametrize(
    "program",
    [BEGIN + OWN + MAKE + CALL, BEGIN + MAKE + OWN + CALL, BEGIN + MAKE + ON_LOGGER + CALL],
    ids=["before the client", "after it", "on our own logger"],
)
def test_a_program_with_handlers_of_its_own_gets_each_line_there_and_there_alone(
    server: RawServer, tmp_path: Path, program: str
) -> None:
    done = run(program, server, tmp_path, TENSORMESH_LOG="debug")
    assert done.stderr == ""
    assert done.stdout.count("(attempt 1): 200") == 1


def test_the_root_logger_and_other_libraries_stay_as_they_are(
    server: RawServer, tmp_path: Path
) -> None:
    program = BEGIN + MAKE + CALL + "print(logging.root.handlers, logging.root.level)\n"
    done = run(program, server, tmp_path, TENSORMESH_LOG="debug")
    assert done.stdout == "[] 30\n"
    assert len(messages(done.stderr)) == 1


def test_an_import_heeds_no_variable(server: RawServer, tmp_path: Path) -> None:
    program = "import sys, tensormesh, tensormesh._client\nprint('logging' in sys.modules)"
    done = run(program, server, tmp_path, TENSORMESH_LOG="nonsense")
    assert (done.stdout, done.stderr) == ("False\n", "")


@for_each("level", ["nonsense-canary", "warning", "1", "debug,info", " "])
def test_a_level_that_there_is_not_is_refused_by_name(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOG_VARIABLE, level)
    with pytest.raises(ConfigurationError, match="TENSORMESH_LOG must be debug or info") as caught:
        Tensormesh()
    assert caught.value.variable == LOG_VARIABLE
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("mode", [[], ["--debug"]], ids=["plain", "debug"])
def test_tm_logs_each_try_once_and_no_secret(
    server: RawServer, tmp_path: Path, mode: list[str]
) -> None:
    serverless = ["--surface", "serverless"]
    lines: list[tuple[list[str], int]] = [
        (["infer", "chat", *serverless, "--model", "m", "Hi"], 0),
        (["infer", "chat", "--model", "m", "--stream", "Hi"], 1),
        (["models", "list"], 1),
    ]
    for words, status in lines[1:] if mode else lines:
        before = len(server.turns)
        done = run([*TM, *mode, *words], server, tmp_path, TENSORMESH_LOG="debug")
        assert done.returncode == status, done.stderr
        tries = [line for line in done.stderr.splitlines() if "(attempt " in line]
        assert len(tries) == len(server.turns) - before == 1, (words, done.stderr)
        assert CANARY not in done.stderr, words


def test_tm_refuses_a_level_that_there_is_not(server: RawServer, tmp_path: Path) -> None:
    done = run([*TM, "models", "list"], server, tmp_path, TENSORMESH_LOG="loud")
    assert "TENSORMESH_LOG must be debug or info" in done.stderr
    assert (done.returncode, done.stdout, server.turns) == (2, "", [])
