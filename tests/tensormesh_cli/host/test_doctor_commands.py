"""`tm doctor` and `tm infer doctor` as programs, against the local host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.infer_runs import answer_of, environment, run, run_here

from tensormesh_local import LocalHost

KEY = "ak-canary-local-key"
TOKEN = "canary-control-token"


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo", api_keys=(KEY,), control_plane_token=TOKEN) as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    """An account that was synced."""
    env = environment(
        tmp_path,
        TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
        TENSORMESH_CONTROL_PLANE_TOKEN=TOKEN,
        TENSORMESH_ON_DEMAND_BASE_URL=host.on_demand_base_url,
        TENSORMESH_SERVERLESS_BASE_URL=host.serverless_base_url,
    )
    answer_of(run_here("--quiet", "init", "--sync", env=env))
    return env


def statuses(text: str) -> dict[str, str]:
    report: dict[str, Any] = json.loads(text)
    assert list(report) == ["ready", "checks"]
    for check in report["checks"]:
        assert list(check) == ["id", "status", "message", "hint"]
    return {check["id"]: check["status"] for check in report["checks"]}


@pytest.mark.parametrize("words", [("doctor",), ("infer", "doctor")], ids=" ".join)
@pytest.mark.parametrize("mode", ["text", "json", "yaml", "raw", "table"])
def test_a_machine_that_was_set_up_is_ready(
    env: dict[str, str], words: tuple[str, ...], mode: str
) -> None:
    text = answer_of(run_here("--output", mode, *words, "--exit-status", env=env))

    assert "canary" not in text
    if mode == "text":
        assert text.endswith("Ready.\n")
    if mode == "json":
        assert set(statuses(text).values()) <= {"ok", "skip"}
    if mode == "yaml":
        assert yaml.safe_load(text)["ready"] is True


@pytest.mark.parametrize("words", [("doctor",), ("infer", "doctor")], ids=" ".join)
def test_a_bare_machine_is_not_ready_and_told_what_to_do(
    tmp_path: Path, host: LocalHost, words: tuple[str, ...]
) -> None:
    env = environment(
        tmp_path,
        TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
        TENSORMESH_SERVERLESS_BASE_URL=host.serverless_base_url,
    )

    plain = run(*words, env=env)
    strict = run(*words, "--exit-status", env=env)

    assert (plain.returncode, strict.returncode) == (0, 1)
    assert plain.stdout == strict.stdout
    assert "run `tm auth login`" in plain.stdout
    assert "run `tm init --sync`" in plain.stdout


def test_a_refused_key_and_token_are_found(env: dict[str, str]) -> None:
    env |= {
        "TENSORMESH_CONTROL_PLANE_TOKEN": "canary-wrong-token",
        "TENSORMESH_INFERENCE_API_KEY": "canary-wrong-key-0000",
    }

    done = run("--output", "json", "doctor", "--exit-status", env=env)

    assert done.returncode == 1
    found = statuses(done.stdout)
    failed = [check_id for check_id, status in found.items() if status == "fail"]
    assert failed[0] == "auth.live"
    assert "latest.inventory" in failed
    assert "canary" not in done.stdout + done.stderr


def test_a_host_that_is_not_there_is_found(env: dict[str, str]) -> None:
    env["TENSORMESH_ON_DEMAND_BASE_URL"] = "http://127.0.0.1:9"
    env["TENSORMESH_SERVERLESS_BASE_URL"] = "http://127.0.0.1:9"

    found = statuses(answer_of(run("--output", "json", "doctor", "--timeout", "2", env=env)))

    assert found["gateway.health"] == "fail"
    assert found["gateway.models"] == "skip"
    assert found["serverless.health"] == "warn"


def test_a_model_that_is_not_served_is_found(env: dict[str, str]) -> None:
    answer_of(run("config", "set", "gateway_model_id", "gone", env=env))

    found = statuses(answer_of(run("--output", "json", "doctor", env=env)))

    assert found["gateway.models"] == "fail"


def test_broken_toml_is_a_finding_and_no_crash(env: dict[str, str]) -> None:
    config = Path(env["TM_CONFIG_HOME"]) / "config.toml"
    config.write_text("x =\n")

    done = run("--output", "json", "doctor", "--exit-status", env=env)

    assert done.returncode == 1
    found = statuses(done.stdout)
    assert found.pop("config.file") == "fail"
    assert set(found.values()) == {"skip"}


def test_marks_are_words_where_the_locale_has_no_signs(env: dict[str, str]) -> None:
    env |= {
        "PYTHONUTF8": "0",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii",
    }

    text = answer_of(run("infer", "doctor", env=env))

    assert text.startswith("ok   config.file")


def test_a_check_can_be_picked_by_a_query(env: dict[str, str]) -> None:
    query = "checks[?id=='gateway.api_key'].status | [0]"

    assert answer_of(run("--output", "raw", "--query", query, "doctor", env=env)) == "ok\n"
