"""The newest served model is found wherever the server puts it in its pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from support.cases import for_each
from support.command_line import Result, tm

import tensormesh
from tensormesh_cli._app import App

CAP, COUNT = 3, 10
HOSTS = {
    "TENSORMESH_ON_DEMAND_BASE_URL": "https://gateway.test",
    "TENSORMESH_ON_DEMAND_USER_ID": "00000000-0000-4000-8000-000000000001",
    "TENSORMESH_INFERENCE_API_KEY": "key-of-a-test",
    "TENSORMESH_CONTROL_PLANE_TOKEN": "token-of-a-test",
}


class Servers:
    """Hosts whose inventory has small pages, oldest model first, whatever size is requested."""

    def __init__(self, **reported: Any) -> None:
        self.reported = reported
        self.chats: list[str] = []

    def respond(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/profile":
            return httpx.Response(200, json={"user": {"id": "u", "apiKey": "key-of-a-test"}})
        if request.url.path != "/v1/models" or request.url.host == "gateway.test":
            self.chats.append(json.loads(request.content or b"{}").get("model", ""))
            return httpx.Response(200, json={"choices": [], "data": []})
        first = (int(request.url.params.get("page", 1)) - 1) * CAP
        models = [
            {
                "modelId": f"id-{number}",
                "deploymentId": f"served-{number}",
                "status": "MODEL_STATUS_RUNNING",
                "endpoint": "https://gateway.test",
                "createdAt": f"2026-05-{number + 1:02}T00:00:00Z",
            }
            for number in range(first, min(first + CAP, COUNT))
        ]
        return httpx.Response(200, json={"models": models, **self.reported})

    def client(self, **options: Any) -> tensormesh.Tensormesh:
        arguments = {"control_plane_token": "token-of-a-test", **options}
        return tensormesh.Tensormesh(
            **arguments, http_client=httpx.Client(transport=httpx.MockTransport(self.respond))
        )

    def tm(self, *arguments: str, home: Path) -> Result:
        environ = {**HOSTS, "TM_CONFIG_HOME": str(home)}
        inference = self.client(
            inference_api_key="key-of-a-test",
            on_demand_base_url="https://gateway.test",
            on_demand_user_id=HOSTS["TENSORMESH_ON_DEMAND_USER_ID"],
        )
        with (
            mock.patch.object(App, "control_plane_client", return_value=self.client()),
            mock.patch.object(App, "inference_client", return_value=inference),
        ):
            return tm(*arguments, environ=environ)


REPORTED: tuple[dict[str, Any], ...] = (
    {},
    {"size": 100},
    {"total": COUNT},
    {"size": 100, "total": COUNT},
    {"size": CAP, "total": COUNT},
)


@for_each("reported", REPORTED, ids=str)
def test_every_command_that_reads_the_inventory_reads_all_of_it(
    reported: dict[str, Any], tmp_path: Path
) -> None:
    servers = Servers(**reported)
    newest = f"served-{COUNT - 1}"

    servers.tm("infer", "chat", "--model", "@latest", "Hi", home=tmp_path)
    assert servers.chats == [newest]

    for words in (("doctor",), ("infer", "doctor")):
        found = servers.tm(*words, "--output", "json", home=tmp_path).json["checks"]
        (latest,) = [check for check in found if check["id"] == "latest.inventory"]
        assert (latest["status"], latest["message"]) == ("ok", f"`@latest` is {newest}")

    synced = servers.tm("init", "--sync", "--output", "json", home=tmp_path)
    assert synced.json["gateway_model_id"] == newest

    for list_of_all in (("models", "list"), ("api", "GET", "/v1/models")):
        answer = servers.tm(*list_of_all, "--all", "--output", "json", home=tmp_path).json
        assert [model["modelId"] for model in answer["models"]] == [
            f"id-{number}" for number in range(COUNT)
        ], list_of_all


def test_the_other_list_of_models_at_the_same_path_is_left_as_it_is(tmp_path: Path) -> None:
    answer = Servers().tm(
        *("api", "GET", "/v1/models", "--surface", "on-demand", "--all", "--output", "json"),
        home=tmp_path,
    )
    assert answer.json == {"choices": [], "data": []}
