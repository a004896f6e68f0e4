"""llmock: a server of other hands that misbehaves on request and judges the client.

It is installed into an environment of its own, because it brings a pytest plugin. The environment
stays inside this one and is made again only with it. `LLMOCK_PYTHON` names another Python that has
llmock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from support.environments import environment_python, filled_once, make_environment

REQUIREMENT = "llmock==0.2.2"
LIFE_SECONDS = 300
# It listens on the loopback interface, and ends with its standard input or its time. Its streams
# take a while, so that it notices a client that stops reading.
PROGRAM = f"""
import os, sys, threading
from llmock.testing import LLMockServer
with LLMockServer() as server:
    end_of_life = threading.Timer({LIFE_SECONDS}, os._exit, [1])
    end_of_life.daemon = True
    end_of_life.start()
    print(server.url, flush=True)
    sys.stdin.read()
"""


class Llmock:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = build_opener(ProxyHandler({}))

    def expect(self, *behaviours: dict[str, Any]) -> None:
        """Forget what was; misbehave so from now on, in turn."""
        self._ask("POST", "/_llmock/reset")
        if behaviours:
            self._ask("POST", "/_llmock/scenario", {"behaviors": behaviours})

    def verdict(self) -> dict[str, Any]:
        """What it says of the client."""
        found: dict[str, Any] = self._ask("GET", "/_llmock/verdict")
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Every request that came, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", "/_llmock/requests")["requests"]
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        with self._opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())


@contextmanager
def llmock_server() -> Iterator[Llmock]:
    """A server that ends with the block."""
    process = subprocess.Popen(
        [_python(), "-I", "-c", PROGRAM],
        env={**os.environ, "LLMOCK_STREAM_CHUNK_DELAY_MS": "20"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Llmock(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.communicate()


def _python() -> str:
    given = os.environ.get("LLMOCK_PYTHON")
    if given:
        return given
    folder = filled_once(
        Path(sys.prefix) / REQUIREMENT.replace("==", "-"),
        lambda folder: make_environment(folder, REQUIREMENT),
    )
    return str(environment_python(folder))
