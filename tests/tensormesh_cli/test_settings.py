"""Settings: which source counts, where it is told, and what is wrong with a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cases import for_each

from tensormesh_cli._errors import ConfigFault, UsageFault
from tensormesh_cli._given import GlobalOptions
from tensormesh_cli.config.keys import KEYS, mask, writable_key
from tensormesh_cli.config.settings import Settings, resolve

USER = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def settle(
    home: Path, text: str = "", options: GlobalOptions | None = None, **environ: str
) -> Settings:
    (home / "config.toml").write_text(text)
    return resolve(options or GlobalOptions(), {"TM_CONFIG_HOME": str(home), **environ})


def test_without_anything_the_defaults_count(home: Path) -> None:
    settings = settle(home)

    assert settings.controlplane_base == "https://api.tensormesh.ai"
    assert settings.serverless_base_url == "https://serverless.tensormesh.ai"
    assert (settings.timeout_seconds, settings.max_retries) == (30, 0)
    assert settings.gateway_api_key is settings.gateway_provider is None
    assert settings.on_demand_base_url is None
    assert settings.sources["controlplane_base"] == "default"
    assert settings.sources["gateway_api_key"] == "unset"
    assert list(settings.values) == list(settings.sources) == list(KEYS)


def test_a_flag_counts_before_the_environment_and_both_before_the_file(home: Path) -> None:
    text = 'controlplane_base = "https://file"\nmax_retries = 1\ntimeout_seconds = 2.5\n'
    options = GlobalOptions(controlplane_base="https://flag/")

    settings = settle(
        home,
        text,
        options,
        TENSORMESH_CONTROL_PLANE_BASE_URL="https://environment",
        TENSORMESH_MAX_RETRIES="4",
    )

    assert settings.controlplane_base == "https://flag"
    assert (settings.max_retries, settings.timeout_seconds) == (4, 2.5)
    names = ("controlplane_base", "max_retries", "timeout_seconds")
    assert [settings.sources[name] for name in names] == ["flag", "environment", "config"]


def test_overrides_count_before_managed_and_the_environment_before_both(home: Path) -> None:
    text = (
        '[managed]\ngateway_api_key = "ak-managed"\ngateway_user_id = "managed"\n'
        'gateway_model_id = "m"\n[overrides]\ngateway_api_key = "ak-override"\n'
        'gateway_model_id = ""\n'
    )

    settings = settle(home, text, TENSORMESH_ON_DEMAND_USER_ID=USER)

    assert settings.gateway_api_key == "ak-override"
    assert settings.gateway_user_id == USER
    # What was left empty was not filled in.
    assert settings.gateway_model_id == "m"
    assert settings.sources["gateway_api_key"] == "overrides"
    assert settings.sources["gateway_user_id"] == "environment"
    assert settings.sources["gateway_model_id"] == "managed"


def test_an_empty_variable_counts_as_not_set(home: Path) -> None:
    settings = settle(home, "max_retries = 3\n", TENSORMESH_MAX_RETRIES="")

    assert settings.max_retries == 3


@pytest.mark.parametrize("provider", ["nebius", "lambda", "yotta"])
def test_a_provider_gives_the_on_demand_host(home: Path, provider: str) -> None:
    settings = settle(home, f'[managed]\ngateway_provider = "{provider}"\n')

    assert settings.on_demand_base_url == f"https://external.{provider}.tensormesh.ai"
    assert settings.sources["on_demand_base_url"] == "managed"


def test_the_hosts_variable_counts_before_the_files_provider_and_after_the_flags(
    home: Path,
) -> None:
    text = '[managed]\ngateway_provider = "nebius"\n'
    url = "http://127.0.0.1:1/on-demand/v1/"

    of_file = settle(home, text, TENSORMESH_ON_DEMAND_BASE_URL=url)
    options = GlobalOptions(gateway_provider="yotta")
    of_flag = settle(home, text, options, TENSORMESH_ON_DEMAND_BASE_URL=url)

    assert of_file.on_demand_base_url == "http://127.0.0.1:1/on-demand"
    assert of_flag.on_demand_base_url == "https://external.yotta.tensormesh.ai"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeout_seconds = 0\n", r"`timeout_seconds` in .*config\.toml must be a number"),
        ("max_retries = -1\n", r"`max_retries` in .*config\.toml must be a whole number"),
        ("max_retries = true\n", r"`max_retries` in .*config\.toml must be a whole number"),
        (
            'controlplane_base = "api"\n',
            r"`controlplane_base` in .*config\.toml must start with https://",
        ),
        ("[overrides]\ngateway_api_key = 5\n", r"`gateway_api_key` in \[overrides\] of .*toml"),
    ],
)
def test_a_wrong_value_names_the_key_and_the_file(home: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigFault, match=said) as caught:
        settle(home, text)

    assert caught.value.exit_code == 2


def test_a_wrong_variable_and_a_wrong_option_are_named(home: Path) -> None:
    with pytest.raises(ConfigFault, match="environment variable TENSORMESH_TIMEOUT_SECONDS"):
        settle(home, TENSORMESH_TIMEOUT_SECONDS="soon")
    with pytest.raises(ConfigFault, match="option --controlplane-base must"):
        settle(home, "", GlobalOptions(controlplane_base="ftp://host"))


def test_a_wrong_value_is_not_quoted_since_it_may_be_a_key(home: Path) -> None:
    with pytest.raises(ConfigFault) as caught:
        settle(home, TENSORMESH_CONTROL_PLANE_BASE_URL="ak-canary-0001")
    assert "canary" not in caught.value.message

    with pytest.raises(ConfigFault) as caught:
        settle(home, 'controlplane_base = "https://me:canary@host"\n')
    assert "canary" not in caught.value.message


def test_a_provider_that_is_not_known_is_left_to_the_doctor(home: Path) -> None:
    settings = settle(home, '[overrides]\ngateway_provider = "onprem"\n')

    assert settings.gateway_provider == "onprem"
    assert settings.on_demand_base_url is None


def test_a_time_may_stand_without_quotes(home: Path) -> None:
    settings = settle(home, "[managed]\nsynced_at = 2026-03-23T00:00:00Z\n")

    assert settings.synced_at == "2026-03-23T00:00:00+00:00"


def test_files_are_in_tm_config_home_else_under_home(tmp_path: Path) -> None:
    chosen = resolve(GlobalOptions(), {"TM_CONFIG_HOME": "~/x", "HOME": str(tmp_path)})
    usual = resolve(GlobalOptions(), {"HOME": str(tmp_path)})

    assert chosen.path == tmp_path / "x" / "config.toml"
    assert chosen.auth_path == tmp_path / "x" / "auth.json"
    assert usual.path == tmp_path / ".config" / "tensormesh" / "config.toml"
    assert usual.auth_path == tmp_path / ".config" / "tensormesh" / "auth.json"


def test_the_config_option_moves_the_config_file_and_not_the_login(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("max_retries = 5\n")

    settings = resolve(GlobalOptions(config=str(other)), {"HOME": str(tmp_path)})

    assert settings.max_retries == 5
    assert settings.path == other
    assert settings.auth_path.parent == tmp_path / ".config" / "tensormesh"


def test_without_a_home_the_environment_suffices_until_a_file_is_needed() -> None:
    settings = resolve(GlobalOptions(), {"TENSORMESH_INFERENCE_API_KEY": "ak-1"})

    assert settings.gateway_api_key == "ak-1"
    with pytest.raises(ConfigFault) as caught:
        _ = settings.path
    assert "TM_CONFIG_HOME" in f"{caught.value.hint}"
    assert "--config" in f"{caught.value.hint}"
    with pytest.raises(ConfigFault, match="saved login"):
        _ = settings.auth_path


def test_no_key_is_shown_unless_it_is_asked_for(home: Path) -> None:
    settings = settle(home, TENSORMESH_INFERENCE_API_KEY="ak-canary-0000-1234")

    assert "canary" not in repr(settings)
    assert settings.shown_values["gateway_api_key"] == "ak-...1234"
    assert settings.values["gateway_api_key"] == "ak-canary-0000-1234"


@for_each(
    ("secret", "shown"),
    [
        ("ak-0123456789abcdef", "ak-...cdef"),
        ("0123456789abcdef", "...cdef"),
        ("mysecret-0123456789", "...6789"),
        ("ak-short", "***"),
        ("", "***"),
    ],
)
def test_a_mask_shows_the_kind_and_the_last_four_at_most(secret: str, shown: str) -> None:
    assert mask(secret) == shown


def test_a_mistyped_setting_is_told_the_right_one() -> None:
    with pytest.raises(UsageFault) as caught:
        writable_key("gateway_modelid")

    assert "`gateway_model_id`" in f"{caught.value.hint}"


def test_what_sync_writes_is_not_set_by_hand() -> None:
    with pytest.raises(UsageFault, match="synced_at"):
        writable_key("synced_at")
