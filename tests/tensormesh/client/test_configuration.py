"""Where a client's settings come from, and what is said when one is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from support.cases import for_each
from support.sdk_faces import (
    API_KEY,
    ON_DEMAND,
    USER_ID,
    AsyncFace,
    Face,
    Server,
    SyncFace,
    host,
)
from support.sdk_samples import CHAT, CHAT_CREATE, METHODS, MODELS, POSTS, Method, as_json

from tensormesh import ConfigurationError

OTHER_USER = "11111111-2222-4333-8444-555555555555"


def test_an_argument_wins_over_the_environment_and_that_over_the_default(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(lambda _: as_json(MODELS))

    def url_and_headers(**settings: str) -> tuple[str, str | None, str | None]:
        client = face.bare_client(server, **settings)
        face.run(client.inference.serverless.models.list())
        headers = server.requests[-1].headers
        return str(server.requests[-1].url), headers.get("authorization"), headers.get("x-user-id")

    assert url_and_headers() == ("https://serverless.tensormesh.ai/v1/models", None, None)

    monkeypatch.setenv("TENSORMESH_SERVERLESS_BASE_URL", "https://variable.test")
    monkeypatch.setenv("TENSORMESH_INFERENCE_API_KEY", "from-the-variable")
    assert url_and_headers() == (
        "https://variable.test/v1/models",
        "Bearer from-the-variable",
        None,
    )

    given = {"serverless_base_url": "https://argument.test", "inference_api_key": "argument-key"}
    assert url_and_headers(**given) == (
        "https://argument.test/v1/models",
        "Bearer argument-key",
        None,
    )

    # A variable that is empty is as good as none.
    monkeypatch.setenv("TENSORMESH_SERVERLESS_BASE_URL", "")
    monkeypatch.setenv("TENSORMESH_INFERENCE_API_KEY", "")
    assert url_and_headers() == ("https://serverless.tensormesh.ai/v1/models", None, None)


def test_on_demand_is_set_up_by_variables_too(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORMESH_ON_DEMAND_BASE_URL", "https://variable.test/v1")
    monkeypatch.setenv("TENSORMESH_ON_DEMAND_USER_ID", USER_ID)
    monkeypatch.setenv("TENSORMESH_INFERENCE_API_KEY", API_KEY)
    server = Server(lambda _: as_json(MODELS))

    client = face.bare_client(server)
    face.run(client.inference.on_demand.models.list())
    client = face.bare_client(server, on_demand_user_id=UUID(OTHER_USER))
    face.run(client.inference.on_demand.models.list())

    assert [str(r.url) for r in server.requests] == ["https://variable.test/v1/models"] * 2
    assert [r.headers["x-user-id"] for r in server.requests] == [USER_ID, OTHER_USER]


def test_timeout_and_retries_are_set_by_variables_too(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENSORMESH_TIMEOUT_SECONDS", "7.5")
    server = Server(as_json(CHAT))
    client = face.client(server)
    face.run(CHAT_CREATE.of(client.inference.serverless)(**CHAT_CREATE.arguments))
    assert server.request.extensions["timeout"]["read"] == 7.5


# What is not given to a client, and the variable that would do.
NEEDED = {
    "inference_api_key": "TENSORMESH_INFERENCE_API_KEY",
    "on_demand_base_url": "TENSORMESH_ON_DEMAND_BASE_URL",
    "on_demand_user_id": "TENSORMESH_ON_DEMAND_USER_ID",
}
NEEDS = [("serverless", method, "inference_api_key") for method in POSTS]
NEEDS += [("on_demand", method, argument) for method in METHODS for argument in NEEDED]


@for_each(("where", "method", "argument"), NEEDS, ids=[f"{w}-{m.path}-{a}" for w, m, a in NEEDS])
def test_what_is_missing_is_an_error_of_the_call_that_needs_it(
    face: Face, where: str, method: Method, argument: str
) -> None:
    variable = NEEDED[argument]
    given = {
        "inference_api_key": API_KEY,
        "on_demand_base_url": ON_DEMAND,
        "on_demand_user_id": USER_ID,
    }
    del given[argument]
    server = Server()
    client = face.bare_client(server, **given)
    namespaces = host(client, where)

    for variant in (None, "with_raw_response", "with_streaming_response"):
        with pytest.raises(ConfigurationError, match=rf"`{argument}=.*{variable}") as caught:
            face.run(method.of(namespaces, variant)(**method.arguments))
        assert (caught.value.argument, caught.value.variable) == (argument, variable)
    assert server.requests == []


@for_each(
    ("argument", "value", "message"),
    [
        ("on_demand_user_id", "me", "must be a UUID"),
        ("on_demand_user_id", "00000000-0000-0000-0000-00000000000g", "must be a UUID"),
        ("on_demand_user_id", f"{USER_ID}\n", "must be a UUID"),
        ("inference_api_key", "sk-1\r\nX-Evil: 1", "must not contain whitespace"),
        ("inference_api_key", "Bearer sk-1", "must not start with the word Bearer"),
        ("inference_api_key", "", "is empty"),
        ("serverless_base_url", "serverless.test", "must start with https"),
        ("serverless_base_url", "https://user:pw@host", "must not contain a user name"),
        ("on_demand_base_url", "https://host?x=1", "must not have a query"),
        ("timeout_seconds", 0, "greater than 0"),
        ("timeout_seconds", float("nan"), "greater than 0"),
        ("timeout_seconds", "5", "must be a number"),
        ("max_retries", -1, "from 0 to"),
        ("max_retries", True, "whole number"),
        ("http_client", object(), "must be an httpx"),
    ],
)
def test_what_cannot_be_right_is_refused_at_once(
    face: Face, argument: str, value: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"`{argument}`.*{message}") as caught:
        face.bare_client(**{argument: value})
    assert str(value) not in str(caught.value) or len(str(value)) < 5


def test_the_http_client_of_the_other_colour_is_refused(face: Face) -> None:
    other = AsyncFace() if isinstance(face, SyncFace) else SyncFace()
    with pytest.raises(ConfigurationError, match="`http_client` must be an httpx"):
        face.bare_client(http_client=other.http())
    other.finish()


@for_each(
    ("base", "models", "health"),
    [
        ("https://h.test", "https://h.test/v1/models", "https://h.test/health"),
        ("https://h.test/", "https://h.test/v1/models", "https://h.test/health"),
        ("https://h.test/v1", "https://h.test/v1/models", "https://h.test/health"),
        ("https://h.test/v1/", "https://h.test/v1/models", "https://h.test/health"),
        ("https://h.test/a/b", "https://h.test/a/b/v1/models", "https://h.test/a/b/health"),
        ("https://h.test/a/v1/", "https://h.test/a/v1/models", "https://h.test/a/health"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/models", None),
        ("http://[::1]:8000", "http://[::1]:8000/v1/models", None),
        ("https://h.test/a%20b", "https://h.test/a%20b/v1/models", None),
        ("https://h.test:443", "https://h.test/v1/models", None),
    ],
)
def test_base_urls_keep_their_prefix_and_lose_what_the_routes_bring(
    face: Face, surface: str, base: str, models: str, health: str | None
) -> None:
    server = Server(lambda _: as_json(MODELS))
    client = face.client(server, **{f"{surface}_base_url": base})
    namespaces = host(client, surface)

    face.run(namespaces.models.list())
    face.run(namespaces.health.get())

    assert str(server.requests[0].url) == models
    assert health is None or str(server.requests[1].url) == health


def test_no_secret_is_shown(face: Face) -> None:
    client = face.client(Server(), control_plane_token="cp-canary-0123456789")
    copy = client.with_options(inference_api_key="sk-canary-of-the-copy")
    things = [client, copy, client.inference, client.inference.on_demand, vars(client)]
    things += [client.inference.serverless.chat.completions, client._settings]
    for thing in things:
        assert "canary" not in repr(thing)
        assert "canary" not in str(thing)
    assert "***" in repr(client)
    assert USER_ID in repr(client)


def test_files_of_the_command_line_tool_are_not_read(
    face: Face, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    folder = tmp_path / ".config" / "tensormesh"
    folder.mkdir(parents=True)
    for name in ("config.toml", "config.json", "auth.json", "credentials"):
        (folder / name).write_text('gateway_api_key = "sk-file"\ninference_api_key = "sk-file"\n')
    create = CHAT_CREATE.of(face.bare_client(Server()).inference.serverless)
    with pytest.raises(ConfigurationError, match="inference_api_key"):
        face.run(create(**CHAT_CREATE.arguments))
