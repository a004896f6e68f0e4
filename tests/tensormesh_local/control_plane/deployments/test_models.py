"""Models: their life by the clock, their names, and being served on On-Demand."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each
from support.control_plane_host import ADMIN_ID, Client, Host

SERVED = "openai-gpt-oss-120b-gpu-type-h200x1"


@pytest.fixture
def user(host: Host) -> Client:
    """A user with a card on file."""
    user = host.user()
    user.add_card()
    return user


def _get(client: Client, model: dict[str, Any]) -> dict[str, Any]:
    return dict(client.ok("get_model", path={"modelId": model["modelId"]})["model"])


def _statuses(client: Client) -> list[str]:
    models = client.ok("list_models")["models"]
    return [model["status"].removeprefix("MODEL_STATUS_") for model in models]


def _listed(host: Host, key: str, user_id: str) -> list[str]:
    headers = {"Authorization": f"Bearer {key}", "X-User-Id": user_id}
    answer = host.send("GET", "/on-demand/v1/models", headers=headers).json()
    return [card["id"] for card in answer["data"]][3:]


class TestLife:
    def test_a_model_comes_to_run_by_the_clock(self, host: Host, user: Client) -> None:
        model = user.deploy(description="Answers questions about birds", gpuCount=1)
        assert model["status"] == "MODEL_STATUS_PENDING"
        assert (model["endpoint"], model["deploymentId"], model["replicas"]) == ("", "", 0)
        host.clock.advance(1)
        assert _get(user, model)["status"] == "MODEL_STATUS_DEPLOYING"
        host.clock.advance(2)
        running = _get(user, model)
        assert running["status"] == "MODEL_STATUS_RUNNING"
        assert running["deploymentId"] == SERVED
        assert running["endpoint"] == "http://localhost/on-demand"
        assert running["replicas"] == 1
        assert [event["eventType"] for event in running["events"]] == [
            "EVENT_TYPE_CREATED",
            "EVENT_TYPE_DEPLOYING",
            "EVENT_TYPE_RUNNING",
        ]
        assert running["updatedAt"] == running["events"][-1]["createdAt"] == "2026-05-20T08:00:03Z"
        assert running["createdAt"] == "2026-05-20T08:00:00Z"

    def test_a_deleted_model_goes_by_the_clock(self, host: Host, user: Client) -> None:
        model = user.deploy()
        host.clock.advance(60)
        path = {"modelId": model["modelId"]}
        assert user.ok("delete_model", path=path) == {"empty": {}}
        assert _get(user, model)["status"] == "MODEL_STATUS_DELETING"
        host.clock.advance(1)
        gone = _get(user, model)
        assert gone["status"] == "MODEL_STATUS_DELETED"
        assert gone["events"][-1]["eventType"] == "EVENT_TYPE_DELETED"
        error = user.refused(400, "delete_model", path=path)
        assert error["details"][0]["reason"] == "MODEL_DELETED"
        assert user.activities()[:2] == [
            ("MODEL_DELETED", "Deleted bird-guide"),
            ("MODEL_DEPLOYED", "Deployed bird-guide"),
        ]

    def test_one_that_is_deleted_early_never_runs(self, host: Host, user: Client) -> None:
        model = user.deploy()
        host.clock.advance(1)
        user.ok("delete_model", path={"modelId": model["modelId"]})
        for seconds in (0, 1, 10):
            host.clock.advance(seconds)
            assert "RUNNING" not in str(_get(user, model))

    def test_some_weights_do_not_load(self, host: Host, user: Client) -> None:
        model = user.deploy(modelPath="fail/to-load")
        host.clock.advance(3)
        failed = _get(user, model)
        assert failed["status"] == "MODEL_STATUS_FAILED"
        assert failed["events"][-1]["log"] == "No weights found at fail/to-load"
        assert failed["endpoint"] == ""

    def test_what_was_asked_for_is_kept(self, user: Client) -> None:
        infra = {
            "cloudProvider": "CLOUD_PROVIDER_LAMBDA",
            "lambdaRegion": "LAMBDA_REGION_US_EAST_1",
        }
        spec = {"maxModelLen": 32768, "nested": [1, 1.5, None]}
        fields: dict[str, Any] = {
            "infra": infra,
            "modelSpec": spec,
            "gpuCount": 8,
            "hfToken": "hf-secret",
        }
        flags: dict[str, Any] = {
            "kvCacheEnabled": True,
            "cpuOffloadingEnabled": True,
            "nodeId": "node-17",
        }
        model = user.deploy(**fields, **flags)
        assert model["infra"].items() >= infra.items()
        assert model["modelSpec"] == spec
        assert model["gpuCount"] == 8
        log = model["events"][0]["log"]
        assert log == "Accepted, keeping the KV cache, offloading to the CPU, on node node-17"
        with user.host.control_plane.state.read() as db:
            assert "hf-secret" not in "\n".join(db.iterdump())

    def test_left_out_the_cloud_is_chosen(self, user: Client) -> None:
        assert user.deploy()["infra"]["cloudProvider"] == "CLOUD_PROVIDER_NEBIUS"
        unset = {"cloudProvider": "CLOUD_PROVIDER_UNSPECIFIED"}
        infra = user.deploy("two", infra=unset)["infra"]
        assert infra["cloudProvider"] == "CLOUD_PROVIDER_NEBIUS"


class TestNames:
    def test_a_nickname_is_unique_among_a_users_models(
        self, host: Host, user: Client, other: Client
    ) -> None:
        model = user.deploy()
        body = {
            "modelName": "bird-guide",
            "modelPath": "openai/gpt-oss-20b",
            "gpuType": "GPU_TYPE_H100",
        }
        error = user.refused(409, "deploy_model", body)
        assert error["code"] == 6
        assert "modelName" in error["message"]
        other.add_card()
        assert other.deploy()["modelName"] == "bird-guide"
        user.ok("delete_model", path={"modelId": model["modelId"]})
        host.clock.advance(1)
        assert user.deploy()["modelId"] != model["modelId"]

    def test_served_names_are_unique_too(self, host: Host, user: Client) -> None:
        for name in ("one", "two", "three"):
            user.deploy(name)
        host.clock.advance(3)
        models = user.ok("list_models")["models"]
        names = [model["deploymentId"] for model in models]
        assert sorted(names) == [SERVED, f"{SERVED}_2", f"{SERVED}_3"]

    def test_any_path_gives_a_name(self, host: Host, user: Client) -> None:
        user.deploy(modelPath="\u00e9/\u4e2d", gpuType="GPU_TYPE_B200", gpuCount=2)
        host.clock.advance(3)
        (model,) = user.ok("list_models")["models"]
        assert model["deploymentId"] == "model-gpu-type-b200x2"

    @for_each(
        ("fields", "wrong"),
        [
            ({"modelName": ""}, "modelName"),
            ({"modelPath": ""}, "modelPath"),
            ({"gpuType": None}, "gpuType"),
            ({"gpuType": "GPU_TYPE_UNSPECIFIED"}, "gpuType"),
            ({"gpuType": "GPU_TYPE_ABACUS"}, "gpuType"),
            ({"gpuCount": 0}, "gpuCount"),
            ({"gpuCount": 65}, "gpuCount"),
            ({"gpuCount": 2**31}, "gpuCount"),
            ({"gpuCount": 1.5}, "gpuCount"),
            ({"userId": "me"}, "userId"),
            ({"infra": {"cloudProvider": "x"}}, "infra.cloudProvider"),
        ],
    )
    def test_wrong_fields_are_named(self, user: Client, fields: dict[str, Any], wrong: str) -> None:
        body = {"modelName": "m", "modelPath": "p", "gpuType": "GPU_TYPE_H100", **fields}
        assert user.wrong_fields("deploy_model", body) == [wrong]
        assert user.ok("list_models")["total"] == 0


class TestServing:
    def test_a_running_model_is_listed_and_answers(self, host: Host, user: Client) -> None:
        key = user.ok("get_auth_profile")["user"]["apiKey"]
        model = user.deploy()
        assert _listed(host, key, user.id) == []
        assert host.chat("on-demand", key, SERVED, user.id).status_code == 404
        host.clock.advance(3)
        assert _listed(host, key, user.id) == [SERVED]
        answer = host.chat("on-demand", key, SERVED, user.id).json()
        assert answer["choices"][0]["message"]["content"] == "ok"
        assert answer["model"] == SERVED
        user.ok("delete_model", path={"modelId": model["modelId"]})
        assert _listed(host, key, user.id) == []
        assert host.chat("on-demand", key, SERVED, user.id).status_code == 404

    def test_only_its_owner_reaches_it(self, host: Host, user: Client, other: Client) -> None:
        user.deploy()
        host.clock.advance(3)
        key = other.ok("get_auth_profile")["user"]["apiKey"]
        own = user.ok("get_auth_profile")["user"]["apiKey"]
        assert host.chat("on-demand", key, SERVED, other.id).status_code == 404
        assert host.chat("on-demand", key, SERVED, user.id).status_code == 404
        assert host.chat("on-demand", own, SERVED, other.id).status_code == 404
        assert host.chat("serverless", own, SERVED).status_code == 404
        assert host.chat("on-demand", own, SERVED, user.id.upper()).status_code == 200

    def test_the_key_given_to_a_model_opens_the_host(self, host: Host, user: Client) -> None:
        model = user.deploy(apiKey="ak-bird-guide")
        assert model["apiKey"] == "ak-bird-guide"
        host.clock.advance(3)
        assert host.chat("on-demand", "ak-bird-guide", SERVED, user.id).status_code == 200
        assert user.deploy("two", apiKey="ak-bird-guide")["apiKey"] == "ak-bird-guide"

    def test_left_out_it_is_the_users_default_key(self, user: Client) -> None:
        default = user.ok("get_auth_profile")["user"]["apiKey"]
        assert user.deploy()["apiKey"] == default
        assert user.deploy("two", apiKey=default)["apiKey"] == default

    def test_a_key_of_somebody_else_is_taken(self, user: Client, other: Client) -> None:
        body = {"modelName": "m", "modelPath": "p", "gpuType": "GPU_TYPE_H100"}
        for key in ("tm-local-key", other.ok("get_auth_profile")["user"]["apiKey"]):
            assert user.refused(409, "deploy_model", {**body, "apiKey": key})["code"] == 6


class TestBilling:
    def test_without_a_card_nothing_is_deployed(self, other: Client) -> None:
        body = {"modelName": "m", "modelPath": "p", "gpuType": "GPU_TYPE_H100"}
        assert other.refused(400, "deploy_model", body)["code"] == 9
        assert other.ok("list_models")["total"] == 0


class TestForeignModels:
    def test_others_may_not_touch_a_model(self, user: Client, other: Client) -> None:
        path = {"modelId": user.deploy()["modelId"]}
        for operation_id in ("get_model", "delete_model"):
            other.refused(403, operation_id, path=path)
            other.refused(403, operation_id, path=path, query={"userId": user.id})
            user.refused(404, operation_id, path={"modelId": "nope"})
        other.refused(403, "list_models", query={"userId": user.id})
        other.refused(403, "admin_list_models")
        assert _statuses(other) == []

    def test_an_administrator_may(self, host: Host, admin: Client, user: Client) -> None:
        model = user.deploy()
        path = {"modelId": model["modelId"]}
        assert admin.ok("get_model", path=path)["model"] == {**model, "apiKey": ""}
        admin.refused(404, "get_model", path=path, query={"userId": ADMIN_ID})
        assert admin.ok("list_models", query={"userId": user.id})["total"] == 1
        assert admin.ok("list_models")["total"] == 0
        admin.ok("delete_model", path=path)
        assert _statuses(user) == ["DELETING"]

    def test_the_list_of_all_models_has_filters(
        self, host: Host, admin: Client, user: Client
    ) -> None:
        admin.add_card()
        user.deploy("one")
        host.clock.advance(3)
        admin.deploy("two")

        def names(**query: str) -> list[str]:
            found = admin.ok("admin_list_models", query=query)
            assert found["total"] == len(found["models"])
            return [model["modelName"] for model in found["models"]]

        assert names() == ["two", "one"]
        assert names(targetUserId=user.id) == ["one"]
        assert names(status="MODEL_STATUS_RUNNING") == ["one"]
        assert names(status="MODEL_STATUS_PENDING", targetUserId=user.id) == []
        unknown = {"targetUserId": "99999999-0000-4000-8000-000000000000"}
        admin.refused(404, "admin_list_models", query=unknown)
        admin.refused(403, "admin_list_models", query={"userId": user.id})


def test_the_list_comes_newest_first_by_numbered_pages(host: Host) -> None:
    user = host.user()
    user.add_card()
    for number in range(3):
        user.deploy(f"m{number}")
    page = user.ok("list_models", query={"page": "2", "size": "2"})
    assert [model["modelName"] for model in page["models"]] == ["m0"]
    assert (page["page"], page["size"], page["total"]) == (2, 2, 3)
