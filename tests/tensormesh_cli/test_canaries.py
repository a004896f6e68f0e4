"""No command prints a credential, whatever the host does with what it was sent.

Canaries stand in every place that a credential can come from. Hosts echo all that they receive:
in refusals of every form, in good answers that do not fit, in streams, and in garbage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from support.cases import for_each
from support.command_line import tm
from support.every_command import BY_HAND, SAMPLES, Words, find, is_needed, leaves
from support.raw_server import EVENT_STREAM, RawServer, Turn

from tensormesh_api.control_plane.commands import COMMANDS, load
from tensormesh_local import LocalHost

CANARY = "canary"
MODES = ("text", "json", "yaml", "raw", "table")
# What is asked for by name.
ASKED_FOR = {("auth", "print-token")}
LEAVES = list(leaves())
USER = "00000000-0000-4000-8000-000000000001"


def received(turn: Turn) -> str:
    """All that a host was sent, in one text."""
    return f"{turn.path} {turn.headers} {turn.body.decode('utf-8', 'replace')}"


def echo_as_error(turn: Turn) -> None:
    turn.answer_json({"error": {"message": received(turn)}}, "400 Bad Request")


def echo_as_credential_error(turn: Turn) -> None:
    turn.answer_json({"code": 16, "message": received(turn), "details": []}, "401 Unauthorized")


def echo_as_text(turn: Turn) -> None:
    request_id = turn.headers.get("authorization", "")
    content = received(turn).encode()
    turn.answer(content, "500 Oops", content_type="text/plain", x_request_id=request_id)


def echo_as_result(turn: Turn) -> None:
    # Nothing fits anywhere, so that it is told what came instead.
    turn.answer_json([received(turn)])


def echo_as_stream(turn: Turn) -> None:
    error = json.dumps({"error": {"message": received(turn)}}).encode()
    turn.answer(b"data: " + error + b"\n\n", content_type=EVENT_STREAM)


def echo_as_garbage(turn: Turn) -> None:
    turn.send(received(turn).encode())
    turn.close()


HOSTS: dict[str, Callable[[Turn], None]] = {
    "error": echo_as_error,
    "credential error": echo_as_credential_error,
    "text": echo_as_text,
    "result": echo_as_result,
    "stream": echo_as_stream,
    "garbage": echo_as_garbage,
}


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    with RawServer(HOSTS[request.param]) as server:
        yield server


def hosts_at(url: str) -> dict[str, str]:
    return {
        "TENSORMESH_CONTROL_PLANE_BASE_URL": url,
        "TENSORMESH_SERVERLESS_BASE_URL": url,
        "TENSORMESH_ON_DEMAND_BASE_URL": url,
        "TENSORMESH_ON_DEMAND_USER_ID": USER,
    }


def in_environment(folder: Path, url: str) -> dict[str, str]:
    """Credentials in variables."""
    return {
        **hosts_at(url),
        "TM_CONFIG_HOME": str(folder),
        "TENSORMESH_CONTROL_PLANE_TOKEN": "canary-token-of-env",
        "TENSORMESH_INFERENCE_API_KEY": "sk-canary-key-of-env",
    }


def in_files(folder: Path, url: str, *, expires: str = "2999-01-01T00:00:00Z") -> dict[str, str]:
    """Credentials in the files of tm."""
    (folder / "config.toml").write_text(
        '[managed]\ngateway_api_key = "sk-canary-key-of-managed"\n'
        '[overrides]\ngateway_api_key = "sk-canary-key-of-overrides"\n'
    )
    login = {
        "version": 1,
        "controlplane_base": url,
        "access_token": "canary-access-token",
        "refresh_token": "canary-refresh-token",
        "expires_at": expires,
    }
    (folder / "auth.json").write_text(json.dumps(login))
    return {**hosts_at(url), "TM_CONFIG_HOME": str(folder)}


def expired(folder: Path, url: str) -> dict[str, str]:
    """A login that has to be renewed first."""
    return in_files(folder, url, expires="2020-01-01T00:00:00Z")


SOURCES = {"environment": in_environment, "files": in_files, "expired": expired}


def arguments(words: Words, folder: Path) -> list[str]:
    """What a command needs, and a canary for each option that is a credential."""
    given = [text.format(folder=folder) for text in BY_HAND.get(words, ())]
    if words == ("auth", "login"):
        given += ["--no-open-browser", "--max-wait-seconds", "1"]
    if words in COMMANDS:
        about = load(words)
        for option in about.options:
            if is_needed(words, option) and not option.secret:
                value = option.choices[0] if option.choices else SAMPLES[option.kind]
                given += [value] if option.positional else [f"--{option.name}", value]
    names = {name for param in find(words).params for name in param.opts}
    given += ["--yes"] if "--yes" in names else []
    return given + [text for name in secret_options(words) for text in (name, f"hf-canary{name}")]


def secret_options(words: Words) -> list[str]:
    """The options of a command that take a credential."""
    named = (
        {f"--{option.name}" for option in load(words).options if option.secret}
        if (words in COMMANDS)
        else {"--api-key", "--hf-token"}
    )
    params = [param for param in find(words).params if isinstance(param, click.Option)]
    return [name for param in params for name in param.opts if name in named]


def test_there_are_options_that_take_credentials() -> None:
    found = {(words, name) for words in LEAVES for name in secret_options(words)}
    assert (("models", "deploy"), "--hf-token") in found
    assert (("infer", "chat"), "--api-key") in found


@pytest.mark.parametrize("source", SOURCES)
def test_no_command_shows_a_credential_that_a_host_echoes(
    source: str, host: RawServer, tmp_path: Path
) -> None:
    for number, words in enumerate(LEAVES):
        environ = SOURCES[source](tmp_path, host.url)
        mode = MODES[number % len(MODES)]
        given = arguments(words, tmp_path)
        result = tm("--debug", "--output", mode, *words, *given, environ=environ)
        assert CANARY not in result.stderr, words
        # A good answer is shown as it came: it is the host's, and was asked for.
        assert CANARY not in result.stdout or result.status == 0, words
        assert "unexpected" not in result.stderr, (words, result.stderr)
    assert any(CANARY in received(turn) for turn in host.turns)


@pytest.fixture(scope="module")
def good_host() -> Iterator[LocalHost]:
    with LocalHost(
        seed_data="demo",
        api_keys=["sk-canary-key-of-env"],
        control_plane_token="canary-token-of-env",
    ) as host:
        yield host


@pytest.mark.slow
@for_each("mode", MODES)
def test_no_command_shows_a_credential_to_people_or_in_debug_logs(
    mode: str, good_host: LocalHost, tmp_path: Path
) -> None:
    url = good_host.control_plane_base_url
    environ = {
        **in_environment(tmp_path, url),
        "TENSORMESH_SERVERLESS_BASE_URL": good_host.serverless_base_url,
        "TENSORMESH_ON_DEMAND_BASE_URL": good_host.on_demand_base_url,
        "TENSORMESH_ON_DEMAND_USER_ID": good_host.user_id,
    }
    for words in LEAVES:
        if words[:2] == ("auth", "login"):
            continue
        given = [*arguments(words, tmp_path), *dry_run(words)]
        result = tm("--debug", "--output", mode, *words, *given, environ=environ)
        assert CANARY not in result.stderr, words
        # Programs get an answer as it came, and the Control Plane tells users their keys.
        if mode in ("text", "table"):
            assert (CANARY in result.stdout) == (words in ASKED_FOR), words


def dry_run(words: Words) -> list[str]:
    """Change nothing at a host that other tests use."""
    names = {name for param in find(words).params for name in param.opts}
    return ["--dry-run"] if "--dry-run" in names else []


@for_each("words", [w for w in LEAVES if secret_options(w)], ids=" ".join)
@for_each(
    "mistake",
    [["--bogus"], ["--output", "bogus"], ["--timeout", "bogus"], ["--config", "/nowhere/x.toml"]],
    ids=" ".join,
)
def test_no_mistake_on_the_line_shows_the_credential_on_it(
    words: Words, mistake: list[str], tmp_path: Path
) -> None:
    environ = in_files(tmp_path, "http://127.0.0.1:9")
    given = [*arguments(words, tmp_path), *mistake]
    for line in ([*words, *given], [*words, *given, "--debug"], [*given, *words]):
        result = tm(*line, environ=environ)
        assert result.status != 0
        assert CANARY not in result.stderr + result.stdout


@for_each("words", [w for w in LEAVES if secret_options(w)], ids=" ".join)
@for_each("key", ["sk-canary and more", "sk-canary\n", "sk-canary\u00e9", "sk-canary\x1b"])
def test_a_credential_that_cannot_be_one_is_refused_without_being_shown(
    words: Words, key: str, tmp_path: Path
) -> None:
    environ = in_environment(tmp_path, "http://127.0.0.1:9")
    given = arguments(words, tmp_path)
    for name in secret_options(words):
        result = tm("--debug", *words, *given, name, key, environ=environ)
        assert result.status != 0
        assert "canary" not in result.stderr + result.stdout


@for_each("name", ["TENSORMESH_CONTROL_PLANE_TOKEN", "TENSORMESH_INFERENCE_API_KEY"])
@for_each("value", ["sk-canary and more", "sk-canary\n", "sk-canary\u00e9"])
def test_a_variable_that_cannot_be_a_credential_is_refused_without_being_shown(
    name: str, value: str, tmp_path: Path
) -> None:
    environ = {**in_environment(tmp_path, "http://127.0.0.1:9"), name: value}
    for words in LEAVES:
        result = tm("--debug", *words, *arguments(words, tmp_path), environ=environ)
        assert CANARY not in result.stderr, words
        assert CANARY not in result.stdout or words in ASKED_FOR, words


@for_each(
    "line",
    [
        ("config", "set", "gateway_api_key=sk-canary"),
        ("config", "set", "gateway_api_key=sk-canary", ""),
        ("config", "unset", "gateway_api_key=sk-canary"),
        ("config", "set", "gateway_api_key", "sk-canary", "more"),
        ("config", "set", "gateway_api_kye", "sk-canary"),
        ("config", "set", "gateway_api_key", "sk-canary and more"),
        ("config", "set", "gateway_user_id", "sk-canary"),
        ("config", "set", "gateway_provider", "sk-canary"),
        ("api", "GET", "/v1/models", "--header", "Authorization Bearer sk-canary"),
        ("api", "GET", "/v1/models", "--header", "Authorization: Bearer sk-canary\x1b"),
        ("api", "GET", "/v1/models", "--header", "X-Api-Key=sk-canary"),
        ("api", "GET", "https://user:sk-canary@elsewhere.test/v1/models"),
        ("--controlplane-base", "https://user:sk-canary@host.test", "models", "list"),
        ("infer", "chat", "--base-url", "https://user:sk-canary@host.test", "Hi"),
    ],
    ids=" ".join,
)
def test_a_credential_in_the_wrong_place_is_not_shown(
    line: tuple[str, ...], tmp_path: Path
) -> None:
    result = tm("--debug", *line, environ=in_environment(tmp_path, "http://127.0.0.1:9"))
    assert result.status == 2
    assert CANARY not in result.stderr + result.stdout


def test_a_credential_in_a_header_of_the_user_is_not_shown(host: RawServer, tmp_path: Path) -> None:
    environ = in_environment(tmp_path, host.url)
    for header in (
        "Authorization: Bearer hf-canary",
        "X-Api-Key: hf-canary",
        "Cookie: s=hf-canary",
    ):
        for more in ([], ["--dry-run"]):
            line = ("--debug", "api", "GET", "/v1/models", "--header", header, *more)
            result = tm(*line, environ=environ)
            assert CANARY not in result.stderr
            assert CANARY not in result.stdout or (result.status == 0 and not more)


def test_a_credential_in_a_body_of_the_user_is_not_shown(host: RawServer, tmp_path: Path) -> None:
    environ = in_environment(tmp_path, host.url)
    for name in ("refreshToken", "codeVerifier", "hfToken", "apiKey"):
        body = json.dumps({"nested": [{name: f"{CANARY}-{name}"}]})
        line = ("--debug", "api", "POST", "/auth/cli/refresh", "--json", body)
        result = tm(*line, environ=environ)
        assert CANARY not in result.stderr, name
        assert CANARY not in result.stdout or result.status == 0
