"""Clients of a run: which token, key, host and timeout they are given, and that they are closed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from support.cases import for_each
from support.command_line import tm
from support.handler_links import HandlerLink

from tensormesh_cli._app import App
from tensormesh_cli._debug import Redactor
from tensormesh_cli._errors import CredentialFault

USER = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
TOKEN = "saved-access-token"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def app(home: Path, *, environ: dict[str, str] | None = None, **given: Any) -> App:
    return App(environ={"TM_CONFIG_HOME": str(home), **(environ or {})}, given=given)


def log_in(home: Path, base: str = "https://api.tensormesh.ai") -> None:
    tokens = {
        "version": 1,
        "controlplane_base": base,
        "token_type": "Bearer",
        "access_token": TOKEN,
        "refresh_token": "saved-refresh-token",
        "expires_at": "2999-01-01T00:00:00Z",
        "saved_at": "2026-01-01T00:00:00Z",
        "user_id": USER,
        "user_email": "me@example.com",
    }
    (home / "auth.json").write_text(json.dumps(tokens))
    (home / "auth.json").chmod(0o600)


@pytest.fixture
def made() -> Iterator[mock.Mock]:
    with mock.patch("tensormesh.Tensormesh") as kind:
        yield kind


def test_the_environments_token_counts_before_the_saved_one(home: Path, made: mock.Mock) -> None:
    log_in(home)
    app(home, environ={"TENSORMESH_CONTROL_PLANE_TOKEN": "from-env"}).control_plane_client()
    assert made.call_args.kwargs["control_plane_token"] == "from-env"
    app(home).control_plane_client()
    assert made.call_args.kwargs["control_plane_token"] == TOKEN


def test_a_token_is_given_only_to_the_host_that_issued_it(home: Path) -> None:
    log_in(home, base="https://api.tensormesh.ai")
    with pytest.raises(CredentialFault) as caught:
        app(home, controlplane_base="https://other.example.com").control_plane_client()
    assert "https://other.example.com" in caught.value.message
    assert "tm auth login" in (caught.value.hint or "")
    assert caught.value.exit_code == 4


def test_what_needs_no_login_does_not_look_for_one(home: Path, made: mock.Mock) -> None:
    app(home).control_plane_client(auth=False)
    assert made.call_args.kwargs["control_plane_token"] is None


def test_without_a_home_a_token_of_the_environment_is_enough(made: mock.Mock) -> None:
    App(environ={"TENSORMESH_CONTROL_PLANE_TOKEN": "from-env"}).control_plane_client()
    assert made.call_args.kwargs["control_plane_token"] == "from-env"


def test_settings_and_what_a_command_says_reach_the_client(home: Path, made: mock.Mock) -> None:
    run = app(home, timeout=7.0, max_retries=2, ca_bundle="a.pem")
    run.control_plane_client(auth=False)
    given = made.call_args.kwargs
    assert (given["timeout_seconds"], given["max_retries"], given["ca_bundle"]) == (7.0, 2, "a.pem")
    run.control_plane_client(auth=False, timeout=1.5)
    given = made.call_args.kwargs
    assert (given["timeout_seconds"], given["max_retries"]) == (1.5, 2)


@pytest.mark.parametrize(
    ("surface", "serverless", "on_demand"),
    [
        ("serverless", "http://given", "http://configured"),
        ("on-demand", "https://serverless.tensormesh.ai", "http://given"),
    ],
)
def test_a_base_url_is_that_of_the_surface(
    home: Path, made: mock.Mock, surface: Any, serverless: str, on_demand: str
) -> None:
    environ = {"TENSORMESH_ON_DEMAND_BASE_URL": "http://configured"}
    app(home, environ=environ).inference_client(surface, base_url="http://given")
    given = made.call_args.kwargs
    assert (given["serverless_base_url"], given["on_demand_base_url"]) == (serverless, on_demand)


def test_keys_of_the_settings_are_used_unless_others_are_given(home: Path, made: mock.Mock) -> None:
    (home / "config.toml").write_text(
        f'[managed]\ngateway_api_key = "managed-key"\ngateway_user_id = "{USER}"\n'
    )
    run = app(home)
    run.inference_client("on-demand")
    given = made.call_args.kwargs
    assert (given["inference_api_key"], given["on_demand_user_id"]) == ("managed-key", USER)
    run.inference_client("on-demand", api_key="given-key", user_id="given-user")
    given = made.call_args.kwargs
    assert (given["inference_api_key"], given["on_demand_user_id"]) == ("given-key", "given-user")


def test_the_timeout_of_an_inference_command_is_that_of_connecting() -> None:
    timeouts: list[dict[str, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        timeouts.append(dict(request.extensions["timeout"]))
        return httpx.Response(200, json={"status": "ok"})

    environ = {"TENSORMESH_TIMEOUT_SECONDS": "99", "TM_CONFIG_HOME": "/nowhere"}
    with mock.patch("tensormesh._http.links.new_link", return_value=HandlerLink(answer)):
        result = tm("infer", "health", "--timeout", "2.5", environ=environ)
    assert result.stderr == ""
    assert timeouts == [{"connect": 2.5, "read": 99.0, "write": 99.0, "pool": 99.0}]


def test_certificates_that_cannot_be_read_are_told_also_with_a_timeout() -> None:
    environ = {"TM_CONFIG_HOME": "/nowhere"}
    result = tm("--ca-bundle", "no.pem", "infer", "health", "--timeout", "1", environ=environ)
    assert result.status == 2
    assert result.stderr == (
        "Error: `ca_bundle` (or TENSORMESH_CA_BUNDLE) cannot be used: No such file or directory\n"
        "Hint: set --ca-bundle to a file with the certificates to trust\n"
    )


def test_every_client_is_closed_with_the_run(home: Path) -> None:
    run = app(home)
    clients = [
        run.control_plane_client(auth=False),
        run.inference_client("serverless"),
        run.inference_client("serverless", timeout=3),
    ]
    run.close()
    assert [client.is_closed for client in clients] == [True] * 3
    run.close()


def test_a_client_that_cannot_be_closed_does_not_keep_others_open(home: Path) -> None:
    run = app(home)
    first, last = run.inference_client("serverless"), run.inference_client("serverless")
    with mock.patch.object(last, "close", side_effect=RuntimeError):
        run._closing[-1] = last.close
        run.close()
    assert first.is_closed


def test_debugging_tells_of_requests_and_not_of_keys() -> None:
    environ = {"TENSORMESH_INFERENCE_API_KEY": "key-that-is-secret", "TM_CONFIG_HOME": "/nowhere"}
    sender = HandlerLink(lambda _: httpx.Response(200, json={"status": "ok"}))
    before = logging.getLogger("tensormesh").handlers[:]
    try:
        with mock.patch("tensormesh._http.links.new_link", return_value=sender):
            result = tm("--debug", "infer", "health", environ=environ)
    finally:
        logging.getLogger("tensormesh").handlers[:] = before
    first, second, *_ = result.stderr.splitlines()
    assert first.startswith("debug    0.0")
    assert first.endswith("config file: /nowhere/config.toml")
    assert second.endswith("s GET https://serverless.tensormesh.ai/health (attempt 1): 200")
    assert "key-that-is-secret" not in result.stderr
    assert "Traceback" not in result.stderr


@for_each(
    "text",
    [
        "Authorization: Bearer s3cr3t-value",
        "{'authorization': 'Bearer s3cr3t-value'}",
        '"Authorization": "s3cr3t-value"',
        "authorization=s3cr3t-value",
        "api_key='s3cr3t-value'",
        '{"refresh_token": "s3cr3t-value"}',
        "access_token=s3cr3t-value&x=1",
        "hfToken: s3cr3t-value",
        "told before: known-secret",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    redactor = Redactor()
    redactor.add("known-secret")
    shown = redactor.redact(text)
    assert "***" in shown
    assert "s3cr3t" not in shown
    assert "known-secret" not in shown


def test_words_are_not_taken_for_secrets() -> None:
    redactor = Redactor()
    redactor.add("a")
    redactor.add(None)
    text = "a model, a token and an api key are not secrets"
    assert redactor.redact(text) == text
