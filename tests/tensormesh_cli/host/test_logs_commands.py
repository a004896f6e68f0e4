"""`tm logs query --follow` and `tm metrics query` as programs against the local host."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from support.infer_runs import TM, environment, run

from tensormesh import Tensormesh
from tensormesh_local import LocalHost

SECONDS = 20


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return environment(
        tmp_path,
        TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
        TENSORMESH_CONTROL_PLANE_TOKEN=host.control_plane_token,
    )


@pytest.fixture(scope="module")
def client(host: LocalHost) -> Iterator[Tensormesh]:
    with Tensormesh(
        control_plane_base_url=host.control_plane_base_url,
        control_plane_token=host.control_plane_token,
        inference_api_key=host.api_key,
        on_demand_base_url=host.on_demand_base_url,
        on_demand_user_id=host.user_id,
    ) as client:
        yield client


@pytest.fixture(scope="module")
def deployment(client: Tensormesh) -> str:
    """A deployment that answers."""
    models = client.control_plane.models.list().models
    running = [model for model in models if model.status == "MODEL_STATUS_RUNNING"]
    assert running[0].deployment_id
    return running[0].deployment_id


def ask(client: Tensormesh, deployment: str) -> None:
    """Make the host write a line into the log."""
    client.inference.on_demand.chat.completions.create(
        model=deployment, messages=[{"role": "user", "content": "Hi"}], max_tokens=1
    )


def lines_of(stream: IO[str], count: int) -> list[str]:
    """The next lines of a program, within bounds."""
    found: list[str] = []

    def read() -> None:
        while len(found) < count and (line := stream.readline()):
            found.append(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(SECONDS)
    return found


def follow(*arguments: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*TM, "logs", "query", "--follow", *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_a_log_is_followed_without_repeating_until_ctrl_c(
    client: Tensormesh, deployment: str, env: dict[str, str]
) -> None:
    ask(client, deployment)
    entries = client.control_plane.logs.query(deployment_id=deployment).entries
    with follow("--deployment-id", deployment, "--output", "json", env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = lines_of(process.stdout, len(entries))
        for _ in range(2):
            ask(client, deployment)
        then = lines_of(process.stdout, 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        assert process.stderr.read() == ""
    ids = [json.loads(line)["entryId"] for line in [*first, *then]]
    assert ids[: len(entries)] == [entry.entry_id for entry in reversed(entries)]
    assert len(set(ids)) == len(ids) == len(entries) + 2


def test_a_followed_log_is_lines_for_people(
    client: Tensormesh, deployment: str, env: dict[str, str]
) -> None:
    ask(client, deployment)
    with follow("--deployment-id", deployment, "--limit", "1", env=env) as process:
        assert process.stdout is not None
        (line,) = lines_of(process.stdout, 1)
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
    day, time, severity, *message = line.split()
    assert (len(day), len(time), severity) == (10, 12, "INFO")
    assert message


def test_a_log_that_cannot_be_followed_ends_at_once(env: dict[str, str]) -> None:
    done = run("logs", "query", "--follow", "--model-id", "no-such-model", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: 404 ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--all",),
        ("--page-token", "x"),
        ("--end-time", "2026-05-01"),
        ("--output", "yaml"),
        ("--output", "table"),
    ],
)
def test_what_does_not_go_with_following_is_refused(
    arguments: tuple[str, ...], env: dict[str, str]
) -> None:
    done = run("logs", "query", "--follow", "--model-id", "x", *arguments, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--follow" in done.stderr


def test_entries_for_people_are_lines_with_the_newest_last(
    client: Tensormesh, deployment: str, env: dict[str, str]
) -> None:
    for _ in range(2):
        ask(client, deployment)
    done = run("logs", "query", "--deployment-id", deployment, env=env)
    times = [line[:23] for line in done.stdout.splitlines()]
    assert times == sorted(times)
    assert len(times) > 1


def test_metrics_have_sparklines_in_the_table_mode_only(
    client: Tensormesh, deployment: str, env: dict[str, str]
) -> None:
    (model,) = (
        model
        for model in client.control_plane.models.list().models
        if model.deployment_id == deployment
    )
    query = ("metrics", "query", "--model-id", model.model_id, "--start-time", "2026-01-01")
    table = run(*query, "--output", "table", env={**env, "COLUMNS": "100"})
    assert "▁" in table.stdout
    assert max(map(len, table.stdout.splitlines())) <= 100
    text = run(*query, "--metric-name", "request_count", env=env)
    assert "▁" not in text.stdout
    assert text.stdout.splitlines()[1].startswith("request_count ")
    body = json.loads(run(*query, "--output", "json", env=env).stdout)
    assert body["series"][0]["points"]
