"""`tm init` as a program: what it shows, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.infer_runs import answer_of, environment, run

from tensormesh.types import Model
from tensormesh_cli._served import newest_served, served_name
from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

USER = "00000000-0000-4000-8000-000000000001"
SERVED = "openai-gpt-oss-120b-gpu-type-h200x1"


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    """A host whose account has models, and on which time does not move."""
    clock = ManualClock(datetime(2026, 5, 20, 8, tzinfo=UTC))
    with LocalHost(seed_data="demo", api_keys=("ak-canary-local-key",), clock=clock) as host:
        yield host


@pytest.fixture(scope="module")
def empty_host() -> Iterator[LocalHost]:
    """A host whose account has no model."""
    with LocalHost() as host:
        yield host


def variables(host: LocalHost, home: Path) -> dict[str, str]:
    return environment(
        home,
        TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
        TENSORMESH_CONTROL_PLANE_TOKEN=host.control_plane_token,
    )


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return variables(host, tmp_path / "home")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "home" / "config.toml"


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def test_sync_writes_what_on_demand_needs(env: dict[str, str], config: Path) -> None:
    done = run("init", "--sync", env=env)

    assert done.returncode == 0, done.stderr
    found = read(config)
    assert list(found) == ["managed"]
    assert found["managed"].pop("synced_at").endswith("Z")
    assert found["managed"] == {
        "gateway_api_key": "ak-canary-local-key",
        "gateway_user_id": USER,
        "gateway_provider": "nebius",
        "gateway_model_id": SERVED,
    }
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert "canary" not in done.stdout + done.stderr


@pytest.mark.parametrize("mode", ["json", "yaml", "raw", "table"])
def test_sync_shows_no_key_in_any_mode(env: dict[str, str], mode: str) -> None:
    shown = run("--output", mode, "--debug", "init", "--sync", env=env)

    assert shown.returncode == 0
    assert SERVED in shown.stdout
    assert "canary" not in shown.stdout + shown.stderr
    if mode == "json":
        data = json.loads(shown.stdout)
        assert data["synced"] is True
        assert data["gateway_api_key"] == "ak-...-key"


def test_sync_keeps_comments_unknown_keys_and_overrides(env: dict[str, str], config: Path) -> None:
    config.parent.mkdir()
    config.write_text(
        "# Mine.\nmax_retries = 2  # two\nunknown = 1\n\n"
        '[managed]\n# from sync\ngateway_model_id = "old"\n\n'
        '[overrides]\ngateway_model_id = "mine"  # not theirs\n'
    )

    answer_of(run("--quiet", "init", "--sync", env=env))

    text = config.read_text()
    for line in ("# Mine.", "max_retries = 2  # two", "unknown = 1", "# from sync"):
        assert line in text
    assert 'gateway_model_id = "mine"  # not theirs' in text
    assert read(config)["managed"]["gateway_model_id"] == SERVED
    shown = run("config", "show", "--query", "gateway_model_id", env=env)
    assert answer_of(shown).strip() == "mine"


def test_only_the_flag_makes_the_host_stay(
    env: dict[str, str], config: Path, host: LocalHost
) -> None:
    answer_of(run("--quiet", "init", "--sync", env=env))
    assert "controlplane_base" not in read(config)

    base = env.pop("TENSORMESH_CONTROL_PLANE_BASE_URL")
    answer_of(run("--quiet", "init", "--sync", "--controlplane-base", base, env=env))

    assert read(config)["controlplane_base"] == base
    shown = run("config", "show", "--query", "controlplane_base", env=env)
    assert answer_of(shown).strip() == base


def test_sync_writes_to_the_file_that_was_named(env: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "tensormesh.toml"

    answer_of(run("--quiet", "--config", str(other), "init", "--sync", env=env))

    assert read(other)["managed"]["gateway_user_id"] == USER
    assert not (tmp_path / "home").exists()


def test_without_a_served_model_key_and_user_are_written_alone(
    empty_host: LocalHost, tmp_path: Path
) -> None:
    env = variables(empty_host, tmp_path)
    config = tmp_path / "config.toml"
    config.write_text('[managed]\ngateway_model_id = "gone"\ngateway_provider = "yotta"\n')

    done = run("init", "--sync", env=env)

    assert done.returncode == 0
    assert sorted(read(config)["managed"]) == ["gateway_api_key", "gateway_user_id", "synced_at"]
    assert "--model NAME" in done.stderr


def test_sync_without_a_login_changes_nothing(env: dict[str, str], config: Path) -> None:
    del env["TENSORMESH_CONTROL_PLANE_TOKEN"]

    done = run("init", "--sync", env=env)

    assert (done.returncode, done.stdout) == (4, "")
    assert "tm auth login" in done.stderr
    assert not config.exists()


def test_a_refused_token_changes_nothing(env: dict[str, str], config: Path) -> None:
    env["TENSORMESH_CONTROL_PLANE_TOKEN"] = "canary-wrong-token"

    done = run("init", "--sync", env=env)

    assert (done.returncode, done.stdout) == (4, "")
    assert "canary" not in done.stderr
    assert not config.exists()


def test_plain_init_shows_the_setup_and_writes_nothing(env: dict[str, str], config: Path) -> None:
    shown = run("init", env=env)
    assert shown.returncode == 0
    assert "does not exist" in shown.stdout
    assert "tm init --sync" in shown.stderr
    assert not config.parent.exists()

    answer_of(run("--quiet", "init", "--sync", env=env))
    data = json.loads(answer_of(run("--output", "json", "init", env=env)))

    assert data["config"] == {"path": str(config), "exists": True}
    assert data["logged_in"] is data["ready"] is True
    assert data["gateway_model_id"] == SERVED
    assert data["gateway_api_key"] == "ak-...-key"
    assert data["synced_at"]


def test_plain_init_works_without_a_home(env: dict[str, str]) -> None:
    for name in ("HOME", "TM_CONFIG_HOME", "TENSORMESH_CONTROL_PLANE_TOKEN"):
        env.pop(name, None)

    shown = run("init", env=env)

    assert shown.returncode == 0
    assert "None" not in shown.stdout
    assert "tm auth login" in shown.stderr


def test_sync_without_a_home_says_what_to_set(env: dict[str, str]) -> None:
    for name in ("HOME", "USERPROFILE", "TM_CONFIG_HOME"):
        env.pop(name, None)

    done = run("init", "--sync", env=env)

    assert done.returncode == 2
    assert "TM_CONFIG_HOME" in done.stderr
    assert "--config" in done.stderr


def model(model_id: str, **fields: Any) -> Model:
    data = {"status": "MODEL_STATUS_RUNNING", "endpoint": "https://x", "modelName": model_id}
    return Model.from_dict({"modelId": model_id, **data, **fields})


def test_the_served_name_is_never_an_id() -> None:
    assert served_name(model("nick", deploymentId="served")) == "served"
    assert served_name(model("nick", deploymentId=USER)) == "nick"
    assert served_name(model("nick", deploymentId="")) == "nick"
    assert served_name(model("nick", endpoint="")) is None
    assert served_name(model("nick", status="MODEL_STATUS_STOPPED")) is None


def test_the_newest_served_model_is_the_one_created_last() -> None:
    early, late = "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"
    models = [
        model("a", createdAt=early, updatedAt=late),
        model("c", createdAt=late, updatedAt=late),
        model("b", createdAt=late, updatedAt=late),
        model("d", createdAt=late, updatedAt=early),
        model("e", createdAt="2026-05-03T00:00:00Z", endpoint=""),
        model("f"),
    ]

    newest = newest_served(models)

    assert newest is not None
    assert newest.model_id == "b"
    assert newest_served(models[4:5]) is None
    assert newest_served([]) is None
