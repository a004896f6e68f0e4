"""Inference commands, run as a program against the local host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.infer_runs import SERVED, answer_of, host_environment, run, run_here

from tensormesh_local import LocalHost

SERVERLESS = ("--surface", "serverless", "--model", "tm-local-chat")
HELLO = "Hello! How can I help you today?\n"
MESSAGES = json.dumps([{"role": "user", "content": "Say hello."}], separators=(",", ":"))
COMMANDS = (
    ("chat", *SERVERLESS, "Say hello."),
    ("completions", *SERVERLESS, "Once upon a time"),
    ("responses", "--model", "tm-local-chat", "Say hello."),
    ("tokenize", *SERVERLESS, "--prompt", "Hello!"),
    ("detokenize", *SERVERLESS, "--tokens", "72,101"),
    ("models",),
    ("health",),
    ("version",),
)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return host_environment(tmp_path, host)


@pytest.fixture
def synced(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    """An environment after `tm init --sync`: all of inference is in the config file."""
    (tmp_path / "config.toml").write_text(
        "[managed]\n"
        f'gateway_api_key = "{host.api_key}"\n'
        f'gateway_user_id = "{host.user_id}"\n'
        f'gateway_model_id = "{SERVED}"\n'
    )
    env = host_environment(tmp_path, host)
    del env["TENSORMESH_INFERENCE_API_KEY"], env["TENSORMESH_ON_DEMAND_USER_ID"]
    return env


def test_the_synced_on_demand_request_runs_as_documented(synced: dict[str, str]) -> None:
    assert answer_of(run("infer", "chat", "--json", MESSAGES, env=synced)) == HELLO


def test_the_serverless_request_runs_as_documented(host: LocalHost, synced: dict[str, str]) -> None:
    given = ("--surface", "serverless", "--api-key", host.api_key, "--model", "tm-local-chat")
    assert answer_of(run("infer", "chat", *given, "--json", MESSAGES, env=synced)) == HELLO


def test_the_saved_key_serves_serverless_too(synced: dict[str, str]) -> None:
    assert answer_of(run("infer", "chat", *SERVERLESS, "--json", MESSAGES, env=synced)) == HELLO


@pytest.mark.parametrize("idle", [(), ("--stream-idle-timeout", "30")])
def test_a_piped_stream_runs_as_documented(synced: dict[str, str], idle: tuple[str, ...]) -> None:
    whole = answer_of(run("infer", "chat", env=synced, input=MESSAGES))
    streamed = run("infer", "chat", "--stream", *idle, env=synced, input=MESSAGES)
    assert answer_of(streamed) == whole == HELLO


def test_latest_runs_as_documented(synced: dict[str, str]) -> None:
    done = run("infer", "chat", "--model", "@latest", "--json", MESSAGES, env=synced)
    assert answer_of(done) == HELLO


def test_the_responses_request_runs_as_documented(env: dict[str, str]) -> None:
    given = ("infer", "responses", "--model", "tm-local-chat", "--json", '{"input":"Say hello."}')
    assert answer_of(run(*given, env=env)) == HELLO
    assert answer_of(run(*given, "--stream", env=env)) == HELLO


def test_everything_can_be_said_by_options(host: LocalHost, tmp_path: Path) -> None:
    env = host_environment(tmp_path, host)
    for name in [name for name in env if name.startswith("TENSORMESH_")]:
        del env[name]
    given = ("--api-key", host.api_key, "--user-id", host.user_id, "--model", SERVED)
    url = ("--base-url", host.on_demand_base_url, "--timeout", "5")
    assert answer_of(run("infer", "chat", *given, *url, "Say hello.", env=env)) == HELLO


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_has_every_output(env: dict[str, str], command: tuple[str, ...]) -> None:
    shown = {
        output: answer_of(run_here("--quiet", "--output", output, "infer", *command, env=env))
        for output in ("text", "json", "yaml", "raw", "table")
    }
    # An id and a time are new in each answer.
    keys = set(json.loads(shown["json"]))
    assert keys == set(yaml.safe_load(shown["yaml"])) == set(json.loads(shown["raw"]))
    assert shown["text"].strip()
    assert shown["table"].strip()


@pytest.mark.parametrize("command", ["chat", "completions"])
def test_a_stream_says_the_same_as_a_whole_answer(env: dict[str, str], command: str) -> None:
    given = ("infer", command, *SERVERLESS, "--max-tokens", "400", "Tell me of the sea.")
    assert answer_of(run(*given, "--stream", env=env)) == answer_of(run(*given, env=env))


def test_tokens_come_back_as_the_text_they_were(env: dict[str, str]) -> None:
    given = ("--json", '{"prompt":"Hello there!","add_special_tokens":false}')
    tokens = answer_of(run("infer", "tokenize", *SERVERLESS, *given, env=env)).strip()
    text = run("infer", "detokenize", *SERVERLESS, "--tokens", tokens, env=env)
    assert answer_of(text) == "Hello there!\n"


def test_lists_and_versions_need_no_key_on_serverless(env: dict[str, str]) -> None:
    del env["TENSORMESH_INFERENCE_API_KEY"]
    assert "tm-local-chat" in answer_of(run("infer", "models", env=env)).splitlines()
    assert answer_of(run("infer", "health", env=env)) == "ok\n"


def test_a_missing_key_is_told_with_what_to_do(env: dict[str, str]) -> None:
    del env["TENSORMESH_INFERENCE_API_KEY"]
    done = run("infer", "chat", *SERVERLESS, "Hi", env=env)
    assert done.returncode == 4
    assert done.stdout == ""
    assert "API key" in done.stderr
    assert "Hint: " in done.stderr


def test_a_missing_user_id_is_told_on_on_demand_alone(env: dict[str, str]) -> None:
    del env["TENSORMESH_ON_DEMAND_USER_ID"]
    assert answer_of(run("infer", "chat", *SERVERLESS, "Say hello.", env=env)) == HELLO
    done = run("infer", "chat", "--model", SERVED, "Hi", env=env)
    assert done.returncode == 4
    assert "user ID" in done.stderr


def test_an_error_of_the_server_is_one_line_and_an_object_for_programs(
    env: dict[str, str],
) -> None:
    given = ("infer", "chat", "--surface", "serverless", "--model", "no-such-model", "Hi")
    done = run(*given, env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: 404")
    assert "no-such-model" in done.stderr
    told = json.loads(run(*given, "--output", "json", env=env).stderr)["error"]
    assert told["status"] == 404


def test_text_without_input_explains_itself(env: dict[str, str]) -> None:
    done = run("infer", "chat", "--model", SERVED, env=env)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: nothing to send")


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_any_text_goes_through_in_any_locale(env: dict[str, str], locale: str) -> None:
    env.update(PYTHONUTF8="0", LC_ALL=locale, PYTHONIOENCODING="ascii")
    given = json.dumps([{"role": "user", "content": "Repeat: grüße 👋"}], ensure_ascii=False)
    done = run("infer", "chat", *SERVERLESS, env=env, input=given)
    assert (done.returncode, done.stderr) == (0, "")
