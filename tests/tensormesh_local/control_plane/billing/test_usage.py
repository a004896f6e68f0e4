"""One host: what inference answers shows in balance, transactions, usage, logs and metrics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.checked_client import chat_body, event_data, hang_up
from support.control_plane_host import Client, Host
from support.control_plane_inference import MODEL, RATES, ask, spend_by_model
from support.control_plane_ledger import nanos, usd

from tensormesh_local import create_app
from tensormesh_local.engines.upstream_usage import counts_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def key(user: Client) -> str:
    """A key for inference that the Control Plane made."""
    return str(user.ok("create_user_api_key", {"name": "test"})["apiKey"]["secret"])


class TestAnswers:
    def test_an_answer_shows_everywhere_at_once(self, host: Host, user: Client, key: str) -> None:
        usage = ask(host, key).json()["usage"]
        prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
        cost = prompt * RATES["input"] + completion * RATES["output"]

        (transaction,) = user.ok("list_billing_transactions")["transactions"]
        spend = transaction["details"]["serverless"]
        assert transaction["description"] == "Serverless inference in May 2026"
        assert (spend["periodStart"], spend["periodEnd"]) == (
            "2026-05-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
        )
        assert spend["models"] == [
            {
                "model": MODEL,
                "promptTokens": str(prompt),
                "cachedTokens": "0",
                "completionTokens": str(completion),
                "requests": "1",
                "inputAmount": usd(prompt * RATES["input"]),
                "cachedInputAmount": usd(0),
                "outputAmount": usd(completion * RATES["output"]),
                "amount": usd(cost),
            }
        ]
        assert nanos(user.ok("get_user_balance")["balance"]) == -cost
        assert nanos(user.ok("get_user_spending_summary")["spend24h"]) == cost
        (bucket,) = user.ok("get_serverless_usage_history")["buckets"]
        assert (bucket["bucketStart"], bucket["model"]) == ("2026-05-20T00:00:00Z", MODEL)
        assert (bucket["promptTokens"], bucket["requests"]) == (str(prompt), "1")
        (line,) = user.ok("query_logs", query={"modelId": MODEL})["entries"]
        assert f"{completion} completion tokens" in line["message"]
        (key_id,) = [
            each["id"]
            for each in user.ok("list_user_api_keys")["apiKeys"]
            if each["name"] == "test"
        ]
        assert line["labels"]["apiKeyId"] == key_id
        series = user.ok("query_metrics", query={"modelId": MODEL})["series"]
        values = {each["metricName"]: each["points"][0]["value"] for each in series[:5]}
        assert (values["request_count"], values["completion_tokens"]) == (1, completion)

    def test_it_is_drawn_from_the_owner_of_the_key_alone(
        self, host: Host, user: Client, other: Client, key: str
    ) -> None:
        ask(host, key)
        assert other.ok("list_billing_transactions")["transactions"] == []
        assert other.ok("get_serverless_usage_history")["buckets"] == []
        assert other.ok("query_logs", query={"modelId": MODEL})["entries"] == []

    def test_tokens_from_cache_cost_nothing_and_show_as_a_saving(
        self, host: Host, user: Client, key: str
    ) -> None:
        for _ in range(2):
            usage = ask(host, key).json()["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        assert cached > 0
        (model,) = spend_by_model(user)
        assert model["cachedTokens"] == str(cached)
        fresh = 2 * usage["prompt_tokens"] - cached
        assert nanos(model["inputAmount"]) == fresh * RATES["input"]
        assert nanos(model["cachedInputAmount"]) == 0
        today = user.ok("get_user_spending_history")["buckets"][-1]
        assert nanos(today["costSaving"]) == cached * RATES["input"]
        assert nanos(today["amount"]) == nanos(model["amount"])

    @pytest.mark.parametrize("include_usage", [True, False])
    def test_a_stream_costs_what_a_whole_answer_costs(
        self, host: Host, user: Client, other: Client, key: str, include_usage: bool
    ) -> None:
        options = {"include_usage": True} if include_usage else None
        response = ask(host, key, stream=True, seed=3, stream_options=options)
        assert event_data(response.text)
        whole = Host()
        whole_user = whole.user()
        whole_key = whole_user.ok("create_user_api_key", {})["apiKey"]["secret"]
        ask(whole, whole_key, seed=3)
        assert spend_by_model(user) == spend_by_model(whole_user)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("completions", {"prompt": "Birds", "n": 2}),
            ("completions", {"prompt": "Birds", "stream": True}),
            ("responses", {"input": "Birds"}),
            ("responses", {"input": "Birds", "stream": True}),
        ],
    )
    def test_every_way_to_generate_is_metered(
        self, host: Host, user: Client, key: str, path: str, body: dict[str, Any]
    ) -> None:
        response = host.send(
            "POST",
            f"/serverless/v1/{path}",
            json={"model": MODEL, **body},
            headers={"Authorization": f"Bearer {key}"},
        )
        assert response.status_code == 200
        (model,) = spend_by_model(user)
        assert int(model["promptTokens"]) > 0
        assert int(model["completionTokens"]) > 0
        if "usage" in response.text and not body.get("stream"):
            counts = counts_of(response.content)
            assert (counts.prompt, counts.completion) == (
                int(model["promptTokens"]),
                int(model["completionTokens"]),
            )

    @pytest.mark.parametrize("stream", [True, False])
    def test_an_answer_that_is_cut_off_costs_what_was_generated(
        self, host: Host, admin: Client, stream: bool
    ) -> None:
        body = chat_body("Write at length.", stream=stream, max_tokens=50_000, ignore_eos=True)
        asyncio.run(hang_up(host.app, {**body, "min_tokens": 50_000}))
        (model,) = spend_by_model(admin)
        assert int(model["promptTokens"]) > 0
        assert 0 <= int(model["completionTokens"]) < 50_000
        (line,) = admin.ok("query_logs", query={"modelId": MODEL})["entries"]
        assert line["message"].startswith("cancelled by the client")
        assert line["severity"] == "LOG_SEVERITY_WARNING"

    def test_what_generates_nothing_costs_nothing(self, host: Host, user: Client, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        host.send("GET", "/serverless/v1/models", headers=headers)
        for body in (chat_body("Hi", model="unknown"), {"model": MODEL}):
            host.send("POST", "/serverless/v1/chat/completions", json=body, headers=headers)
        user.refused(404, "query_logs", query={"modelId": "unknown"})
        assert user.ok("list_billing_transactions")["transactions"] == []
        assert user.ok("query_logs", query={"modelId": MODEL})["entries"] == []

    def test_a_new_month_has_a_transaction_of_its_own(self, host: Host, admin: Client) -> None:
        ask(host, "tm-local-key")
        host.clock.advance(days=12)
        ask(host, "tm-local-key")
        ask(host, "tm-local-key")
        found = admin.ok("list_billing_transactions")["transactions"]
        months = [each["details"]["serverless"] for each in found]
        assert [month["periodStart"][:7] for month in months] == ["2026-06", "2026-05"]
        assert [month["models"][0]["requests"] for month in months] == ["2", "1"]

    def test_a_price_counts_from_the_moment_it_is_set(self, host: Host, admin: Client) -> None:
        ask(host, "tm-local-key")
        before = nanos(admin.ok("get_user_balance")["balance"])
        off = {"model": MODEL, "inputRate": usd(10**9), "isActive": False}
        admin.ok("upsert_serverless_pricing", {"pricing": off})
        ask(host, "tm-local-key")
        assert nanos(admin.ok("get_user_balance")["balance"]) == before < 0
        assert spend_by_model(admin)[0]["requests"] == "2"


class TestOnDemand:
    def test_a_deployed_model_has_metrics_and_costs_no_tokens(
        self, host: Host, user: Client, key: str
    ) -> None:
        user.add_card()
        model_id = user.deploy()["modelId"]
        host.clock.advance(10)
        served = user.ok("get_model", path={"modelId": model_id})["model"]["deploymentId"]
        before = user.ok("get_user_balance")
        assert host.chat("on-demand", key, served, user.id).status_code == 200
        assert user.ok("get_user_balance") == before
        assert user.ok("get_serverless_usage_history")["buckets"] == []
        series = user.ok("query_metrics", query={"modelId": model_id})["series"]
        assert series[0]["points"][0]["value"] == 1
        lines = user.ok("query_logs", query={"deploymentId": served})["entries"]
        assert lines[0]["modelId"] == model_id
        assert lines[0]["labels"]["surface"] == "on_demand"
        assert [line["message"] for line in lines[1:]] == [
            "Ready",
            "Loading weights of openai/gpt-oss-120b",
            "Accepted",
        ]


class TestHistory:
    @pytest.fixture
    def history(self, host: Host, admin: Client) -> Client:
        """One request every 20 hours, five times, from 2026-05-28T08:00:00Z."""
        host.clock.advance(days=8)
        for _ in range(5):
            ask(host, "tm-local-key")
            host.clock.advance(hours=20)
        return admin

    @pytest.mark.parametrize(
        ("granularity", "expected"),
        [
            ("HOUR", ["28T08", "29T04", "30T00", "30T20", "31T16"]),
            ("DAY", ["28T00", "29T00", "30T00", "31T00"]),
            ("UNSPECIFIED", ["28T00", "29T00", "30T00", "31T00"]),
            ("MONTH", ["01T00"]),
        ],
    )
    def test_spans_begin_at_full_hours_days_or_months(
        self, history: Client, granularity: str, expected: list[str]
    ) -> None:
        query = {"granularity": f"USAGE_GRANULARITY_{granularity}"}
        buckets = history.ok("get_serverless_usage_history", query=query)["buckets"]
        assert [each["bucketStart"][8:13] for each in buckets] == expected
        assert sum(int(each["requests"]) for each in buckets) == 5
        if granularity == "MONTH":
            assert buckets[0]["bucketEnd"] == "2026-06-01T00:00:00Z"

    def test_the_start_is_inclusive_and_the_end_exclusive(self, history: Client) -> None:
        query = {"startTime": "2026-05-29T04:00:00Z", "endTime": "2026-05-30T20:00:00Z"}
        buckets = history.ok("get_serverless_usage_history", query=query)["buckets"]
        assert [each["bucketStart"][8:10] for each in buckets] == ["29", "30"]
        assert [each["requests"] for each in buckets] == ["1", "1"]
        backwards = {"startTime": query["endTime"], "endTime": query["startTime"]}
        wrong = history.wrong_fields("get_serverless_usage_history", query=backwards)
        assert wrong == ["endTime"]

    def test_one_model_can_be_asked_for(self, history: Client) -> None:
        found = history.ok("get_serverless_usage_history", query={"model": "other"})
        assert found == {"buckets": []}
        found = history.ok("get_serverless_usage_history", query={"model": MODEL})
        assert len(found["buckets"]) == 4


class TestEnforcedBalance:
    def test_inference_needs_a_balance_only_if_that_is_enforced(
        self, host: Host, admin: Client
    ) -> None:
        strict = create_app(control_plane=host.control_plane, enforce_balance=True)
        refused = ask(host, "tm-local-key", strict)
        assert refused.status_code == 402
        assert refused.json()["error"]["code"] == 402
        assert admin.ok("list_billing_transactions")["transactions"] == []
        admin.add_card()
        assert ask(host, "tm-local-key", strict).status_code == 200
        assert ask(host, "tm-local-key").status_code == 200

    def test_an_account_that_ran_dry_is_refused_at_once(self, host: Host, admin: Client) -> None:
        strict = create_app(control_plane=host.control_plane, enforce_balance=True)
        admin.ok("attach_stripe_payment_method", {"stripePaymentMethodId": "pm_card_visa"})
        admin.ok("create_stripe_payment_intent", {"amount": usd(1)})
        assert ask(host, "tm-local-key", strict).status_code == 200
        assert ask(host, "tm-local-key", strict).status_code == 402


def test_usage_is_written_when_the_host_closes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    host = Host(path)
    ask(host, "tm-local-key")
    host.control_plane.close()
    again = Host(path)
    assert spend_by_model(again.admin)[0]["requests"] == "1"
    again.control_plane.close()
