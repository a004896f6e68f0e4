"""`tm config` as a program."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from support.infer_runs import TM, answer_of, environment, run

KEY = "ak-canary-0000-1234"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def shown(env: dict[str, str], *words: str, mode: str = "json") -> str:
    return answer_of(run("--output", mode, "config", "show", *words, env=env))


def test_init_writes_the_template_once(env: dict[str, str], config: Path) -> None:
    assert answer_of(run("config", "init", env=env)) == f"Wrote {config}.\n"
    text = config.read_text()
    assert 'controlplane_base = "https://api.tensormesh.ai"' in text
    assert "[managed]" in text
    assert "[overrides]" in text
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    config.write_text("max_retries = 1\n")

    again = run("config", "init", env=env)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert config.read_text() == "max_retries = 1\n"

    answer_of(run("config", "init", "--force", env=env))
    assert config.read_text() == text


def test_init_writes_elsewhere(env: dict[str, str], config: Path, tmp_path: Path) -> None:
    other = tmp_path / "folder" / "tensormesh.toml"

    done = run("config", "init", "--path", str(other), env=env)

    assert done.returncode == 0
    assert f"tm --config {other}" in done.stderr
    assert other.exists()
    assert not config.exists()
    path = run("--config", str(other), "config", "path", env=env)
    assert answer_of(path) == f"{other}\n"


def test_show_has_every_setting_at_the_top(env: dict[str, str]) -> None:
    data = json.loads(shown(env))

    assert data["controlplane_base"] == "https://api.tensormesh.ai"
    assert data["gateway_model_id"] is None
    assert (data["timeout_seconds"], data["max_retries"]) == (30, 0)


def test_sources_tell_where_a_value_comes_from(env: dict[str, str], config: Path) -> None:
    config.write_text('max_retries = 1\n[managed]\ngateway_model_id = "m"\n')
    env["TENSORMESH_TIMEOUT_SECONDS"] = "9"

    text = answer_of(
        run(
            *("--output", "json", "--controlplane-base", "https://flag.test"),
            *("config", "show", "--sources"),
            env=env,
        )
    )

    data = json.loads(text)
    assert data["values"]["controlplane_base"] == "https://flag.test"
    wanted = {
        "controlplane_base": "flag",
        "timeout_seconds": "environment",
        "max_retries": "config",
        "gateway_model_id": "managed",
        "gateway_api_key": "unset",
        "serverless_base_url": "default",
    }
    assert data["sources"] | wanted == data["sources"]
    people = answer_of(run("config", "show", "--sources", env=env))
    assert any(line.split() == ["max_retries", "1", "config"] for line in people.splitlines())


@pytest.mark.parametrize("mode", ["text", "json", "yaml", "raw", "table"])
@pytest.mark.parametrize("words", [(), ("--sources",)], ids=["plain", "sources"])
def test_a_key_is_masked_in_every_mode(
    env: dict[str, str], config: Path, mode: str, words: tuple[str, ...]
) -> None:
    config.write_text(f'[overrides]\ngateway_api_key = "{KEY}"\n')

    text = shown(env, *words, mode=mode)

    assert "canary" not in text
    assert "ak-...1234" in text
    if mode == "yaml":
        assert yaml.safe_load(text)


def test_a_key_is_shown_to_who_asks_for_it(env: dict[str, str], config: Path) -> None:
    config.write_text(f'[overrides]\ngateway_api_key = "{KEY}"\n')

    assert json.loads(shown(env, "--show-secrets"))["gateway_api_key"] == KEY


def test_set_and_unset_change_one_line(env: dict[str, str], config: Path) -> None:
    config.write_text("# Mine.\nunknown = 1\n\n[managed]\ngateway_model_id = 'm'\n")

    answer_of(run("config", "set", "max_retries", "3", env=env))
    answer_of(run("config", "set", "gateway_model_id", "mine", env=env))

    data = json.loads(shown(env, "--sources"))
    assert data["values"]["max_retries"] == 3
    assert data["values"]["gateway_model_id"] == "mine"
    assert data["sources"]["gateway_model_id"] == "overrides"
    assert "# Mine.\nunknown = 1\n" in config.read_text()

    answer_of(run("config", "unset", "gateway_model_id", env=env))
    assert json.loads(shown(env))["gateway_model_id"] == "m"
    again = answer_of(run("config", "unset", "gateway_model_id", env=env))
    assert "was not set" in again


def test_a_key_can_come_from_standard_input_and_is_not_shown(
    env: dict[str, str], config: Path
) -> None:
    done = run("config", "set", "gateway_api_key", "-", env=env, input=f"{KEY}\n")

    assert "canary" not in answer_of(done)
    assert KEY in config.read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "max_retry", "1"), "did you mean `max_retries`?"),
        (("set", "max_retries", "many"), "`max_retries` must be a whole number"),
        (("set", "timeout_seconds", "0"), "`timeout_seconds` must be a number of seconds"),
        (("set", "gateway_user_id", "me"), "`gateway_user_id` must be a UUID"),
        (("set", "gateway_provider", "mars"), "must be one of nebius, lambda, yotta"),
        (("set", "controlplane_base", "host"), "`controlplane_base` must start with https:"),
        (("set", "gateway_model_id", ""), "tm config unset gateway_model_id"),
        (("set", "synced_at", "now"), "tm init --sync"),
        (("unset", "nothing"), "unknown setting `nothing`"),
    ],
)
def test_what_cannot_be_set_is_told_and_changes_nothing(
    env: dict[str, str], config: Path, words: tuple[str, ...], said: str
) -> None:
    done = run("config", *words, env=env)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not config.exists()


def test_a_variable_that_counts_more_is_told_of(env: dict[str, str]) -> None:
    env["TENSORMESH_MAX_RETRIES"] = "1"

    done = run("config", "set", "max_retries", "3", env=env)

    assert done.returncode == 0
    assert "TENSORMESH_MAX_RETRIES is set" in done.stderr


def test_broken_toml_is_told_once_and_the_way_out_works(env: dict[str, str], config: Path) -> None:
    config.write_text("a = 1\nb =\n")

    done = run("config", "show", env=env)
    assert done.returncode == 2
    assert f"{config}, line 2" in done.stderr
    assert "Traceback" not in done.stderr
    error = json.loads(run("--output", "json", "config", "show", env=env).stderr)["error"]
    assert error["kind"] == "config"

    assert answer_of(run("config", "path", env=env)) == f"{config}\n"
    answer_of(run("config", "init", "--force", env=env))
    assert json.loads(shown(env))["max_retries"] == 0


@pytest.mark.slow
def test_a_file_that_is_written_while_others_read_is_always_whole(
    env: dict[str, str], config: Path
) -> None:
    config.write_text("unknown = 1\n")
    writer = subprocess.Popen(
        ["/bin/sh", "-c", 'for n in 1 2 3 4 5; do "$@" config set max_retries $n; done', "sh", *TM],
        env=env,
        stdout=subprocess.DEVNULL,
    )
    while writer.poll() is None:
        assert "unknown = 1\n" in config.read_text()

    assert writer.returncode == 0
    assert "max_retries = 5\n" in config.read_text()


def test_without_a_home_the_way_out_is_told(env: dict[str, str], tmp_path: Path) -> None:
    for name in ("HOME", "USERPROFILE", "TM_CONFIG_HOME"):
        env.pop(name, None)

    done = run("config", "set", "max_retries", "1", env=env)
    assert done.returncode == 2
    assert "TM_CONFIG_HOME" in done.stderr
    assert "--config" in done.stderr

    other = tmp_path / "other.toml"
    answer_of(run("--config", str(other), "config", "set", "max_retries", "1", env=env))
    assert other.read_text() == "max_retries = 1\n"
    assert json.loads(shown(env))["max_retries"] == 0
