"""What `tm init --sync` writes of an account, for accounts that the local host has not."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.command_line import Result, tm

import tensormesh

USER = "00000000-0000-4000-8000-000000000001"

Sync = Callable[..., tuple[Result, dict[str, Any]]]


def model(number: int, **more: Any) -> dict[str, Any]:
    return {
        "modelId": f"00000000-0000-4000-8000-{number:012}",
        "modelName": f"model-{number}",
        "status": "MODEL_STATUS_RUNNING",
        "endpoint": "https://x.test",
        "createdAt": f"2026-05-01T{number // 60:02}:{number % 60:02}:00Z",
        **more,
    }


@pytest.fixture
def sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    """Runs `tm init --sync` for a user and models; gives the result and `[managed]`."""
    make = tensormesh.Tensormesh

    def run(
        user: dict[str, Any], models: list[dict[str, Any]], *, counted: bool = True
    ) -> tuple[Result, dict[str, Any]]:
        def respond(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/auth/profile":
                return httpx.Response(200, json={"user": {"id": USER, **user}})
            number, size = int(request.url.params.get("page", 1)), int(request.url.params["size"])
            page: dict[str, Any] = {"models": models[(number - 1) * size : number * size]}
            if counted:
                page["total"] = len(models)
            return httpx.Response(200, json=page)

        with httpx.Client(transport=httpx.MockTransport(respond)) as http_client:
            monkeypatch.setattr(
                tensormesh, "Tensormesh", lambda **given: make(**given, http_client=http_client)
            )
            environ = {
                "TM_CONFIG_HOME": str(tmp_path),
                "TENSORMESH_CONTROL_PLANE_TOKEN": "canary-token",
            }
            done = tm("init", "--sync", environ=environ)
        config = tmp_path / "config.toml"
        return done, tomllib.loads(config.read_text())["managed"] if config.exists() else {}

    return run


def test_the_key_of_the_newest_model_stands_in_for_that_of_the_account(sync: Sync) -> None:
    done, managed = sync({}, [model(1, apiKey="ak-canary-one"), model(2, apiKey="ak-canary-two")])

    assert done.status == 0
    assert managed["gateway_api_key"] == "ak-canary-two"
    assert "canary" not in done.stdout + done.stderr


def test_a_key_that_is_not_told_any_more_stays(sync: Sync) -> None:
    sync({"apiKey": "ak-canary-old"}, [])

    done, managed = sync({"apiKey": ""}, [])

    assert managed["gateway_api_key"] == "ak-canary-old"
    assert "no default API key" not in done.stderr


def test_a_key_of_another_user_does_not_stay(sync: Sync) -> None:
    sync({"apiKey": "ak-canary-old"}, [])

    other = "00000000-0000-4000-8000-000000000002"
    done, managed = sync({"id": other}, [])

    assert managed["gateway_user_id"] == other
    assert "gateway_api_key" not in managed
    assert "tm users api-keys create" in done.stderr


@pytest.mark.parametrize("counted", [True, False], ids=["with a total", "without"])
@pytest.mark.parametrize("size", [99, 100, 101, 250])
def test_models_of_every_page_are_looked_at(sync: Sync, size: int, counted: bool) -> None:
    _, managed = sync({}, [model(number) for number in range(size)], counted=counted)

    assert managed["gateway_model_id"] == f"model-{size - 1}"


@pytest.mark.parametrize(
    ("provider", "written"),
    [
        ("CLOUD_PROVIDER_NEBIUS", "nebius"),
        ("CLOUD_PROVIDER_LAMBDA", "lambda"),
        ("CLOUD_PROVIDER_YOTTA", "yotta"),
        ("CLOUD_PROVIDER_ONPREM", None),
        ("CLOUD_PROVIDER_UNSPECIFIED", None),
    ],
)
def test_only_a_provider_with_a_host_is_written(
    sync: Sync, provider: str, written: str | None
) -> None:
    done, managed = sync({}, [model(1, infra={"cloudProvider": provider})])

    assert managed.get("gateway_provider") == written
    assert ("TENSORMESH_ON_DEMAND_BASE_URL" in done.stderr) == (written is None)
