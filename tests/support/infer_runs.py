"""Runs the real `tm` for tests: as a subprocess, and on a pseudo-terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pexpect
from support.command_line import tm
from support.raw_server import Handler, Turn

from tensormesh_local import LocalHost

ROOT = Path(__file__).parents[2]
TM = (sys.executable, "-W", "error", "-m", "tensormesh_cli")
SERVED = "tm-local-chat-gpu-type-cpu"
SECONDS = 30
EMAIL = "local@tensormesh.test"


def environment(home: Path, **variables: str) -> dict[str, str]:
    """An environment in which `tm` finds nothing but what is given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("TENSORMESH_", "TM_", "GATEWAY_"))
        and not name.upper().endswith("_PROXY")
    }
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "overlay"), str(ROOT / "generated")]),
        "PYTHONUTF8": "1",
        "TM_CONFIG_HOME": str(home),
        **variables,
    }


def host_environment(home: Path, host: LocalHost, **variables: str) -> dict[str, str]:
    """An environment that names a local host, key and user included."""
    return environment(
        home,
        TENSORMESH_INFERENCE_API_KEY=host.api_key,
        TENSORMESH_SERVERLESS_BASE_URL=host.serverless_base_url,
        TENSORMESH_ON_DEMAND_BASE_URL=host.on_demand_base_url,
        TENSORMESH_ON_DEMAND_USER_ID=host.user_id,
        TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
        TENSORMESH_CONTROL_PLANE_TOKEN=host.control_plane_token,
        **variables,
    )


def run(
    *arguments: str, env: Mapping[str, str], input: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `tm` with a pipe as its input."""
    return subprocess.run(
        [*TM, *arguments],
        env=dict(env),
        input=input,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def run_here(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `tm` in this process, for what does not depend on the process."""
    done = tm(*arguments, environ=env)
    return subprocess.CompletedProcess(arguments, done.status, done.stdout, done.stderr)


def answer_of(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a run that must have succeeded."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def on_terminal(*arguments: str, env: Mapping[str, str], term: str = "dumb") -> pexpect.spawn[str]:
    """`tm` on a pseudo-terminal."""
    return pexpect.spawn(
        TM[0],
        [*TM[1:], *arguments],
        # No terminal is there that would answer where its cursor is.
        env={**env, "TERM": term, "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "100"},
        encoding="utf-8",
        timeout=SECONDS,
        dimensions=(40, 100),
    )


def event(content: str | None = None, **more: Any) -> bytes:
    """A chunk of a chat answer as an event."""
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    data = {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(data)}\n\n".encode()


END = event(finish_reason="stop") + b"data: [DONE]\n\n"


def streaming(tell: Callable[[Turn], None]) -> Handler:
    """A handler that begins a stream and leaves the rest to `tell`."""

    def handle(turn: Turn) -> None:
        turn.begin_stream()
        tell(turn)

    return handle


def approve(url: str, decision: str) -> None:
    """Decide on the page as a person does."""
    page = httpx.get(url).text
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))
    answer = httpx.post(url, data={**found, "email": EMAIL, "decision": decision})
    answer.raise_for_status()
