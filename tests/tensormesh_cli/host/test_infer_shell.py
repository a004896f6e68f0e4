"""The documented first requests, typed into a shell as they are printed."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cases import for_each
from support.infer_runs import SECONDS, SERVED, TM, environment, host_environment

from tensormesh_local import LocalHost

HELLO = "Hello! How can I help you today?\n"
SAY_HELLO = """'[{"role":"user","content":"Say hello."}]'"""
STREAM_TOKENS = """'[{"role":"user","content":"Stream tokens."}]'"""
# Written over several lines, as documents do.
SERVERLESS = r"""tm infer chat \
  --surface serverless \
  --api-key {key} \
  --model {model} \
  --json """
ON_DEMAND = (
    f"tm infer chat --json {SAY_HELLO}",
    f"tm infer chat --model @latest --json {SAY_HELLO}",
    f"echo {STREAM_TOKENS} | tm infer chat --stream",
    f"echo {STREAM_TOKENS} \\\n  | tm infer chat --stream --stream-idle-timeout 600",
    f"tm infer chat --surface on-demand --json {SAY_HELLO}",
    f"tm --output json infer chat --json {SAY_HELLO} | grep -q chat.completion && echo found",
    f"echo {SAY_HELLO} > chat.json && tm infer chat --json @chat.json",
    f"echo {SAY_HELLO} > chat.json && tm infer chat --file chat.json",
    "tm infer chat 'Say hello.'",
)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


class Shell:
    """A shell with `tm` on its path, in a folder of its own."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._folder = folder
        binaries = folder / "bin"
        binaries.mkdir()
        script = binaries / "tm"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(TM)} "$@"\n')
        script.chmod(0o755)
        self._env = {**env, "PATH": os.pathsep.join([str(binaries), env["PATH"]])}

    def __call__(self, line: str) -> str:
        """What a command line prints; it must succeed."""
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.mark.slow
@for_each("line", ON_DEMAND)
def test_on_demand_requests_run_after_a_sync(host: LocalHost, tmp_path: Path, line: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[managed]\ngateway_api_key = "{host.api_key}"\n'
        f'gateway_user_id = "{host.user_id}"\ngateway_model_id = "{SERVED}"\n'
    )
    env = host_environment(home, host)
    del env["TENSORMESH_INFERENCE_API_KEY"], env["TENSORMESH_ON_DEMAND_USER_ID"]
    assert Shell(tmp_path, env)(line).strip()


def test_the_serverless_request_runs_without_any_setup(host: LocalHost, tmp_path: Path) -> None:
    env = environment(tmp_path / "home", TENSORMESH_SERVERLESS_BASE_URL=host.serverless_base_url)
    line = SERVERLESS.format(key=host.api_key, model="tm-local-chat") + SAY_HELLO
    assert Shell(tmp_path, env)(line) == HELLO


def test_a_list_of_models_goes_through_a_pipe(host: LocalHost, tmp_path: Path) -> None:
    env = environment(tmp_path / "home", TENSORMESH_SERVERLESS_BASE_URL=host.serverless_base_url)
    assert Shell(tmp_path, env)("tm infer models | head -n 1") == "tm-local-chat\n"
