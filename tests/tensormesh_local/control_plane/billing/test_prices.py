"""Prices: what is listed, and who changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.control_plane_host import Client, Host
from support.control_plane_ledger import nanos, usd

GPU = {
    "gpuType": "GPU_TYPE_H200",
    "cloudProvider": "CLOUD_PROVIDER_LAMBDA",
    "hourlyRate": usd(3_210_000_000),
    "isActive": True,
}
MODEL = {
    "model": "heron/small",
    "inputRate": usd(50_000_000),
    "cachedInputRate": usd(0),
    "outputRate": usd(200_000_000),
    "isActive": True,
}


def _gpus(client: Client, **query: Any) -> list[dict[str, Any]]:
    return list(client.ok("list_gpu_pricing", query=query)["pricing"])


def _models(client: Client, **query: Any) -> list[dict[str, Any]]:
    return list(client.ok("list_serverless_pricing", query=query)["pricing"])


class TestGpus:
    def test_prices_are_there_from_the_start_and_can_be_filtered(self, user: Client) -> None:
        everything = _gpus(user)
        assert all(nanos(each["hourlyRate"]) > 0 for each in everything)
        assert {each["isActive"] for each in everything} == {True, False}
        active = _gpus(user, activeOnly="true")
        assert active == [each for each in everything if each["isActive"]]
        h200 = _gpus(user, gpuType="GPU_TYPE_H200", cloudProvider="CLOUD_PROVIDER_NEBIUS")
        assert [nanos(each["hourlyRate"]) for each in h200] == [3_500_000_000]
        unspecified = {
            "gpuType": "GPU_TYPE_UNSPECIFIED",
            "cloudProvider": "CLOUD_PROVIDER_UNSPECIFIED",
        }
        assert _gpus(user, **unspecified) == everything
        assert user.wrong_fields("list_gpu_pricing", query={"gpuType": "H200"}) == ["gpuType"]

    def test_a_price_is_replaced_by_its_key(self, admin: Client) -> None:
        before = len(_gpus(admin))
        assert admin.ok("upsert_gpu_pricing", {"pricing": GPU}) == {"pricing": GPU}
        off = {**GPU, "isActive": False}
        assert admin.ok("upsert_gpu_pricing", {"pricing": off}) == {"pricing": off}
        assert len(_gpus(admin)) == before + 1
        query = {"gpuType": GPU["gpuType"], "cloudProvider": GPU["cloudProvider"]}
        assert _gpus(admin, **query) == [off]

    @pytest.mark.parametrize("field", ["gpuType", "cloudProvider"])
    def test_the_key_must_say_something(self, admin: Client, field: str) -> None:
        wrong = [f"pricing.{field}"]
        without = {name: value for name, value in GPU.items() if name != field}
        assert admin.wrong_fields("upsert_gpu_pricing", {"pricing": without}) == wrong
        prefix = {"gpuType": "GPU_TYPE", "cloudProvider": "CLOUD_PROVIDER"}[field]
        unspecified = {**GPU, field: f"{prefix}_UNSPECIFIED"}
        assert admin.wrong_fields("upsert_gpu_pricing", {"pricing": unspecified}) == wrong


class TestServerless:
    def test_the_models_served_here_have_prices(self, host: Host, user: Client) -> None:
        response = host.send(
            "GET", "/serverless/v1/models", headers={"Authorization": "Bearer tm-local-key"}
        )
        served = {each["id"] for each in response.json()["data"]}
        assert served <= {each["model"] for each in _models(user, activeOnly="true")}
        assert {nanos(each["cachedInputRate"]) for each in _models(user)} == {0}

    def test_one_model_can_be_asked_for_by_its_exact_name(self, user: Client) -> None:
        (found,) = _models(user, model="openai/gpt-oss-20b")
        assert nanos(found["inputRate"]) == 50_000_000
        assert _models(user, model="openai/gpt-oss") == []

    def test_a_price_is_replaced_by_its_key(self, admin: Client) -> None:
        assert admin.ok("upsert_serverless_pricing", {"pricing": MODEL}) == {"pricing": MODEL}
        dearer = {**MODEL, "outputRate": usd(10**9), "isActive": False}
        admin.ok("upsert_serverless_pricing", {"pricing": dearer})
        assert _models(admin, model="heron/small") == [dearer]
        assert _models(admin, model="heron/small", activeOnly="true") == []

    def test_what_is_left_out_costs_nothing(self, admin: Client) -> None:
        made = admin.ok("upsert_serverless_pricing", {"pricing": {"model": "free"}})["pricing"]
        assert (made["inputRate"], made["outputRate"]) == (usd(0), usd(0))
        assert made["isActive"] is True

    def test_rates_have_bounds(self, admin: Client) -> None:
        for rate in (usd(-1), usd(10_000 * 10**9 + 1)):
            body = {"pricing": {**MODEL, "inputRate": rate}}
            assert admin.wrong_fields("upsert_serverless_pricing", body) == ["pricing.inputRate"]


def test_only_administrators_set_prices(user: Client) -> None:
    assert user.refused(403, "upsert_gpu_pricing", {"pricing": GPU})["code"] == 7
    assert user.refused(403, "upsert_serverless_pricing", {"pricing": MODEL})["code"] == 7


def test_prices_that_were_set_outlast_a_restart(tmp_path: Path) -> None:
    pricing = {**MODEL, "model": "openai/gpt-oss-20b"}
    for restart in range(2):
        host = Host(tmp_path / "state.db")
        if not restart:
            host.admin.ok("upsert_serverless_pricing", {"pricing": {**pricing, "isActive": False}})
        (found,) = _models(host.admin, model="openai/gpt-oss-20b")
        assert found["isActive"] is False
        host.control_plane.close()
