"""Every command of the tree runs against the local host: each output mode, each width."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.cases import for_each
from support.command_line import Result, tm
from support.every_command import BY_HAND, SAMPLES, Words, is_needed, leaves
from support.infer_runs import SERVED

from tensormesh_api._command import Option
from tensormesh_api.control_plane.commands import COMMANDS, load
from tensormesh_local import LocalHost

MODES = ("text", "json", "yaml", "raw", "table")
# Without a login of its own there is nothing to renew; it has tests of its own.
NOT_HERE = {("auth", "refresh"), ("auth", "login"), ("auth", "logout")}
LEAVES = [words for words in leaves() if words not in NOT_HERE]


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


def environment(host: LocalHost, home: Path) -> dict[str, str]:
    """The environment of someone who has chosen a model, with a home of its own."""
    (home / "config.toml").write_text(f'[overrides]\ngateway_model_id = "{SERVED}"\n')
    return {
        "TM_CONFIG_HOME": str(home),
        "TENSORMESH_INFERENCE_API_KEY": host.api_key,
        "TENSORMESH_SERVERLESS_BASE_URL": host.serverless_base_url,
        "TENSORMESH_ON_DEMAND_BASE_URL": host.on_demand_base_url,
        "TENSORMESH_ON_DEMAND_USER_ID": host.user_id,
        "TENSORMESH_CONTROL_PLANE_BASE_URL": host.control_plane_base_url,
        "TENSORMESH_CONTROL_PLANE_TOKEN": host.control_plane_token,
    }


def arguments(words: Words, environ: dict[str, str]) -> list[str]:
    """What a command needs to run, of things that exist at the host."""
    if words in BY_HAND:
        return arguments_by_hand(words, Path(environ["TM_CONFIG_HOME"]))
    if words not in COMMANDS:
        return []
    about = load(words)
    given = ["--dry-run"] if about.changes else []
    for option in about.options:
        if is_needed(words, option):
            value = sample(option, environ)
            given += [value] if option.positional else [f"--{option.name}", value]
    return given


def arguments_by_hand(words: Words, folder: Path) -> list[str]:
    return [text.format(folder=folder) for text in BY_HAND.get(words, ())]


def sample(option: Option, environ: dict[str, str]) -> str:
    if option.choices:
        return option.choices[0]
    lists = {
        "model-id": (("models", "list"), "models[0].modelId"),
        "ticket-id": (("tickets", "list"), "tickets[0].ticketId"),
    }
    if option.name in lists:
        words, query = lists[option.name]
        return tm(*words, "--query", query, environ=environ).stdout.strip()
    if option.name in ("user-id", "target-user-id"):
        return environ["TENSORMESH_ON_DEMAND_USER_ID"]
    if option.name == "user-email":
        return "local@tensormesh.test"
    return SAMPLES[option.kind]


def succeeds(result: Result) -> str:
    assert result.status == 0, result.stderr
    assert "Error" not in result.stderr
    return result.stdout


@for_each("words", LEAVES)
def test_every_command_has_every_output(words: Words, host: LocalHost, tmp_path: Path) -> None:
    environ = environment(host, tmp_path)
    given = arguments(words, environ)
    printed = {
        mode: succeeds(tm("--output", mode, *words, *given, environ=environ)) for mode in MODES
    }
    assert json.loads(printed["json"]) is not None
    assert yaml.safe_load(printed["yaml"]) is not None
    assert all(text.endswith("\n") for mode, text in printed.items() if mode != "raw" and text)


@for_each("width", ["40", "80", "200"])
@for_each("words", LEAVES)
def test_every_table_fits_the_terminal(
    words: Words, width: str, host: LocalHost, tmp_path: Path
) -> None:
    environ = environment(host, tmp_path)
    given = arguments(words, environ)
    result = tm(
        *("--output", "table", *words, *given),
        environ={**environ, "COLUMNS": width, "NO_COLOR": "1", "TERM": "xterm"},
        terminal=True,
    )
    text = succeeds(result)
    assert "\x1b" not in text
    drawn = [line for line in text.splitlines() if line.startswith(("│", "╭", "├", "╰"))]
    assert all(len(line) <= int(width) for line in drawn)


@for_each("words", LEAVES)
def test_a_host_that_is_not_there_is_told_in_two_lines_at_most(
    words: Words, host: LocalHost, tmp_path: Path
) -> None:
    environ = environment(host, tmp_path)
    given = arguments(words, environ)
    gone = {
        name: "http://127.0.0.1:9" if name.endswith("BASE_URL") else value
        for name, value in environ.items()
    }
    result = tm(*words, *given, environ=gone)
    asks = words in COMMANDS and not load(words).changes
    assert result.status in ((1,) if asks else (0, 1))
    assert "unexpected" not in result.stderr
    if result.status:
        assert result.stderr.startswith("Error: ")
        assert len(result.stderr.splitlines()) <= 2


@for_each("words", LEAVES, ids=" ".join)
def test_without_home_and_credentials_a_command_works_or_says_what_is_missing(
    words: Words, tmp_path: Path
) -> None:
    result = tm(*words, *arguments_by_hand(words, tmp_path), environ={})
    assert result.status in (0, 1, 2, 4)
    assert "unexpected" not in result.stderr
    if result.status:
        assert result.stderr.startswith("Error: ")
        assert len(result.stderr.splitlines()) <= 2
