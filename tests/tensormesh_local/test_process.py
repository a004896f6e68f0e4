"""The host as a process and inside a program: start, readiness, shutdown, wrong usage."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.checked_client import chat_body, event_data
from support.project_files import ROOT

from tensormesh_local import LocalHost, cli
from tensormesh_local.engines.base import EngineError
from tensormesh_local.engines.builtin import BuiltinEngine

OVERLAY = ROOT / "overlay"


def _start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start the host; return it and what its ready line says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tensormesh_local", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(OVERLAY)},
    )
    assert process.stdout is not None
    name, state, *fields = process.stdout.readline().split()
    assert (name, state) == ("tensormesh_local", "ready")
    return process, dict(field.split("=", 1) for field in fields)


def _stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    return process.returncode, out, err


def test_a_process_announces_itself_answers_and_leaves_on_sigterm() -> None:
    process, ready = _start("--api-key", "first", "--api-key", "second", "--seed", "7")
    try:
        assert ready["api_key"] == "first"
        headers = {"Authorization": "Bearer second", "X-User-Id": ready["user_id"]}
        answer = httpx.post(
            f"{ready['serverless']}/v1/chat/completions",
            json=chat_body("Reply with ok."),
            headers=headers,
        )
        assert answer.json()["choices"][0]["message"]["content"] == "ok"
        assert httpx.get(f"{ready['on_demand']}/health", headers=headers).status_code == 200
    finally:
        left = _stop(process, signal.SIGTERM)
    assert left == (0, "", "")


def test_an_open_stream_does_not_keep_a_process_from_leaving() -> None:
    process, ready = _start("--latency-ms", "20")
    request = httpx.Request(
        "POST",
        f"{ready['serverless']}/v1/chat/completions",
        json=chat_body("x", stream=True, ignore_eos=True),
        headers={"Authorization": f"Bearer {ready['api_key']}"},
    )
    with httpx.Client() as client:
        response = client.send(request, stream=True)
        next(response.iter_lines())
        left = _stop(process, signal.SIGINT)
        response.close()
    assert left == (0, "", "")


def test_the_host_is_independent_of_the_sdk() -> None:
    code = (
        "import sys, tensormesh_local.cli, tensormesh_local.host, tensormesh_local.engines.llama;"
        "sys.exit(bool({'tensormesh', 'tensormesh_api'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(OVERLAY)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_the_command_line_can_allow_names_of_the_host() -> None:
    process, ready = _start("--allow-host", "box.example", "--allow-host", "two.example")
    try:
        for name, status in (("box.example", 200), ("two.example", 200), ("evil.example", 403)):
            answer = httpx.get(f"{ready['serverless']}/health", headers={"Host": name})
            assert answer.status_code == status
    finally:
        _stop(process, signal.SIGTERM)


@for_each(
    ("arguments", "reason"),
    [
        (["--port", "99999"], "not a port"),
        (["--port", "http"], "not a port"),
        (["--latency-ms", "-1"], "not a delay"),
        (["--engine", "magic"], "invalid choice"),
        (["--engine", "upstream"], "--upstream URL"),
        (["--engine", "upstream", "--upstream", "localhost:1"], "http://"),
        (["--engine", "llama"], "--model FILE.gguf"),
        (["--engine", "llama", "--model", "/no/such.gguf"], "does not exist"),
        (["--rate-limit", "0"], "1 or more"),
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--api-key", "two words"], "printable ASCII"),
        (["--no-such-option"], "unrecognized"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_status_two(
    capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tensormesh_local: error: ")
    assert err.count("\n") == 1
    assert reason in err


def test_a_port_that_is_taken_is_one_line_and_status_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert cli.main(["--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.count("\n") == 1


class TestLocalHost:
    def test_a_program_can_run_one(self) -> None:
        with LocalHost(extra_models=["my/model"], api_keys=["k"]) as host:
            headers = {"Authorization": f"Bearer {host.api_key}", "X-User-Id": host.user_id}
            for base_url in (host.serverless_base_url, host.on_demand_base_url):
                answer = httpx.post(
                    f"{base_url}/v1/completions",
                    json={"model": "my/model", "prompt": "Reply with ok."},
                    headers=headers,
                )
                assert answer.json()["choices"][0]["text"] == "ok"
        with pytest.raises(httpx.ConnectError):
            httpx.get(host.serverless_base_url)

    def test_several_run_side_by_side(self) -> None:
        with LocalHost() as one, LocalHost() as other:
            assert one.serverless_base_url != other.serverless_base_url

    def test_a_taken_port_is_an_error(self) -> None:
        with (
            LocalHost() as running,
            pytest.raises(OSError, match="in use"),
        ):
            LocalHost(port=int(running.serverless_base_url.split(":")[2].split("/")[0]))

    def test_an_engine_that_does_not_start_is_the_cause_of_the_failure(self) -> None:
        class Broken(BuiltinEngine):
            async def start(self) -> None:
                raise EngineError("no luck")

        host = LocalHost(Broken())
        with pytest.raises(RuntimeError) as failure:
            host.start()
        assert isinstance(failure.value.__cause__, EngineError)
        host.stop()

    def test_one_that_never_ran_gives_its_port_back(self) -> None:
        host = LocalHost()
        host.stop()
        with LocalHost(port=int(host.serverless_base_url.split(":")[2].split("/")[0])):
            pass

    def test_the_seed_is_the_hosts_own(self) -> None:
        texts = set()
        for seed in (0, 1, 2):
            with LocalHost(seed=seed) as host:
                texts.add(_answer(host, "Tell me about tea."))
        assert len(texts) > 1

    def test_latency_spreads_a_stream_over_time(self) -> None:
        with LocalHost(latency_ms=10) as host:
            chunks = event_data(_post(host, chat_body("Count to ten", stream=True)).text)
            elapsed = _post(host, chat_body("Count to ten")).elapsed.total_seconds()
        assert len(chunks) > 10
        assert elapsed >= 0.1


def _post(host: LocalHost, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(
        f"{host.serverless_base_url}/v1/chat/completions",
        json=body,
        headers={"Authorization": f"Bearer {host.api_key}"},
    )


def _answer(host: LocalHost, text: str) -> str:
    return str(_post(host, chat_body(text)).json()["choices"][0]["message"]["content"])
