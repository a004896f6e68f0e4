"""The suite run against hosts that the environment names: gentle, and silent about credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.cases import for_each
from support.contract_requests import LIMITS, MOST_TOKENS
from support.contract_runs import run_contract_suite
from support.contract_schemas import valid_requests
from support.contract_targets import Target, read_plan
from support.control_plane_spec import OPERATIONS

from tensormesh_local import LocalHost

KEY = "ak-known-to-this-test-alone"
TOKEN = "cp-known-to-this-test-alone"
USER_ID = "6d0c9a3e-59a1-4f0b-8b57-2f6f0f1f4c11"
HOSTS = ["serverless", "on_demand", "control_plane"]
GENERATING = ("/chat/completions", "/completions", "/responses")


@dataclass
class Log:
    """Every request that reached the host: method, path and body."""

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    is_broken: bool = False


class Observer:
    """Keeps a log; with ``is_broken``, answers what no spec allows."""

    def __init__(self, app: ASGIApp, log: Log) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def kept() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        if self._log.is_broken:
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body", "body": b"short and stout"})
        else:
            await self._app(scope, kept, send)
        self._log.requests.append((scope["method"], scope["path"], body))


@pytest.fixture(scope="module")
def log() -> Log:
    return Log()


@pytest.fixture(scope="module")
def staging(log: Log) -> Iterator[LocalHost]:
    observer = Middleware(Observer, log=log)
    with LocalHost(api_keys=[KEY], control_plane_token=TOKEN, middleware=[observer]) as host:
        yield host


@pytest.fixture(autouse=True)
def _forget(log: Log) -> None:
    log.requests.clear()
    log.is_broken = False


def run_suite(*options: str, **settings: str) -> tuple[int, str]:
    """Run the suite with this file's credentials."""
    credentials = {
        "TENSORMESH_INFERENCE_API_KEY": KEY,
        "TENSORMESH_CONTROL_PLANE_TOKEN": TOKEN,
        "TENSORMESH_ON_DEMAND_USER_ID": USER_ID,
    }
    return run_contract_suite(*options, **{**credentials, **settings})


@pytest.mark.slow
def test_hosts_that_are_named_are_only_read(staging: LocalHost, log: Log) -> None:
    status, output = run_suite(
        SERVERLESS_URL=f"{staging.serverless_base_url}/v1/",
        ON_DEMAND_URL=staging.on_demand_base_url,
        CONTROL_PLANE_URL=staging.control_plane_base_url,
    )
    assert status == 0, output
    assert {method for method, _, _ in log.requests} == {"GET"}
    paths = [path for _, path, _ in log.requests]
    inference = [path for path in paths if not path.startswith("/control-plane/")]
    assert set(inference) == {
        f"{prefix}{path}"
        for prefix in ("/serverless", "/on-demand")
        for path in ("/v1/models", "/health", "/version")
    }
    # On On-Demand more than once: without a key and with a wrong one, too.
    assert len(inference) <= 3 + 3 * 4
    # It makes a customer of whoever is none yet.
    assert "/control-plane/v1/billing/stripe/customers" not in paths
    reading = [method for method, _, _ in OPERATIONS.values() if method == "get"]
    assert len(reading) - 1 <= len(paths) - len(inference) <= 4 * len(reading)


@pytest.mark.slow
def test_one_host_is_written_to_when_allowed_and_at_little_cost(
    staging: LocalHost, log: Log
) -> None:
    model = "tm-local-reasoning-gpu-type-cpu"
    status, output = run_suite(
        ON_DEMAND_URL=staging.on_demand_base_url,
        CONTRACT_WRITE="1",
        CONTRACT_ON_DEMAND_MODEL=model,
    )
    assert status == 0, output
    assert all(path.startswith("/on-demand/") for _, path, _ in log.requests)
    bodies = [(path, json.loads(body)) for _, path, body in log.requests if body]
    assert len({path for path, _ in bodies}) == 5
    assert {body["model"] for _, body in bodies} == {model}
    for path, body in bodies:
        if path.endswith(GENERATING):
            assert max(body.get(name, 0) for name in LIMITS) in range(1, MOST_TOKENS + 1)


@pytest.mark.slow
def test_invalid_data_is_sent_when_allowed_and_by_declared_methods_alone(
    staging: LocalHost, log: Log
) -> None:
    status, output = run_suite(
        SERVERLESS_URL=staging.serverless_base_url,
        ON_DEMAND_URL=staging.on_demand_base_url,
        CONTRACT_FUZZ="1",
    )
    assert status == 0, output
    assert {method for method, _, _ in log.requests} == {"GET"}
    assert 3 + 3 * 4 < len(log.requests) <= 3 + 3 * 4 + 3 * 2


@pytest.mark.slow
def test_failure_shows_how_to_repeat_it_without_the_credentials(
    staging: LocalHost, log: Log
) -> None:
    log.is_broken = True
    status, output = run_suite(
        "-vv",
        "--tb=long",
        "--showlocals",
        SERVERLESS_URL=staging.serverless_base_url,
        ON_DEMAND_URL=staging.on_demand_base_url,
        CONTROL_PLANE_URL=staging.control_plane_base_url,
    )
    assert status == 1
    assert "Undocumented status code" in output
    assert f"curl -X GET -H 'Authorization: [Filtered]' {staging.serverless_base_url}" in output
    assert f"curl -X GET -H 'Authorization: [Filtered]' {staging.control_plane_base_url}" in output
    assert KEY not in output
    assert TOKEN not in output
    assert USER_ID not in output


@pytest.mark.slow
def test_run_tells_what_was_seen_and_its_samples_can_be_replayed_without_a_host(
    staging: LocalHost, log: Log, tmp_path: Path
) -> None:
    report, samples = tmp_path / "new" / "report.json", tmp_path / "samples"
    status, output = run_suite(
        "-q",
        ON_DEMAND_URL=staging.on_demand_base_url,
        CONTROL_PLANE_URL=staging.control_plane_base_url,
        CONTRACT_REPORT=str(report),
        CONTRACT_RECORD=str(samples),
    )
    assert status == 0, output
    assert re.search(r"matched +on_demand GET /v1/models +\d x 200; fields: ", output)
    assert "unseen   on_demand POST /v1/chat/completions  not called" in output
    assert "Inferred operations:" in output
    operations = json.loads(report.read_text())["operations"]
    found = {(each["host"], each["operation"]): each for each in operations}
    models = found["on_demand", "list_models"]
    assert models["answers"]["200"]["declared"]
    rows = {row["path"]: row for row in models["fields"] if row["answer"] == "200"}
    assert rows["data[].id"]["matched"] == rows["data[].id"]["seen"] > 0

    kept = "".join(path.read_text() for path in samples.iterdir())
    for private in (KEY, TOKEN, USER_ID, "127.0.0.1"):
        assert private not in kept

    log.requests.clear()
    again = tmp_path / "again.json"
    status, output = run_suite("-q", CONTRACT_REPLAY=str(samples), CONTRACT_REPORT=str(again))
    assert status == 0, output
    assert f"{2 * len([*samples.iterdir()])} passed" in output
    assert log.requests == []
    assert "list_models" in again.read_text()


@pytest.mark.slow
def test_sample_that_breaks_the_specs_fails_the_replay(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {
        "host": "serverless",
        "operation_id": "list_models",
        "query": {},
        "request": None,
        "status": 200,
        "media_type": "application/json",
        "text": '{"data": 7}',
    }
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    status, output = run_suite(CONTRACT_REPLAY=str(tmp_path))
    assert status == 1
    assert "mismatched: 200 data" in output
    status, output = run_suite(CONTRACT_REPLAY=str(tmp_path / "nowhere"))
    assert status == 2
    assert "holds no samples" in output
    assert "Traceback" not in output


def test_connection_error_shows_no_credentials(staging: LocalHost) -> None:
    target = Target("on_demand", "http://127.0.0.1:1", KEY, USER_ID, is_local=True)
    case: schemathesis.Case[Any] = valid_requests(read_plan({}))["on_demand"]["/version"][
        "GET"
    ].Case()
    with pytest.raises(requests.ConnectionError) as caught:
        case.call_and_validate(**target.call_settings())
    shown = f"{caught.value!r} {getattr(caught.value, '__notes__', '')} {target!r}"
    assert "Reproduce with" in shown
    assert KEY not in shown
    assert USER_ID not in shown


@for_each(
    ("environment", "hosts", "may_write", "may_fuzz"),
    [
        ({}, HOSTS, True, True),
        ({"SERVERLESS_URL": "", "ON_DEMAND_URL": "", "CONTROL_PLANE_URL": ""}, HOSTS, True, True),
        ({"CONTROL_PLANE_URL": "https://c.example"}, ["control_plane"], False, False),
        ({"SERVERLESS_URL": "https://a.example"}, ["serverless"], False, False),
        ({"ON_DEMAND_URL": "https://b.example", "CONTRACT_WRITE": "1"}, ["on_demand"], True, False),
        (
            {"ON_DEMAND_URL": "https://b.example", "CONTRACT_WRITE": "0"},
            ["on_demand"],
            False,
            False,
        ),
        (
            {"SERVERLESS_URL": "https://a.example", "CONTRACT_FUZZ": "1"},
            ["serverless"],
            False,
            True,
        ),
    ],
)
def test_environment_says_what_may_be_done(
    environment: dict[str, str], hosts: list[str], may_write: bool, may_fuzz: bool
) -> None:
    plan = read_plan(environment)
    assert (plan.hosts, plan.may_write, plan.may_fuzz) == (hosts, may_write, may_fuzz)
    assert (plan.rate is None) == plan.is_local


@pytest.mark.parametrize(
    "url", ["https://a.example/x", "https://a.example/x/v1/", "https://a.example/x/"]
)
def test_base_url_loses_what_the_routes_bring(url: str) -> None:
    assert read_plan({"SERVERLESS_URL": url}).urls == {"serverless": "https://a.example/x"}
