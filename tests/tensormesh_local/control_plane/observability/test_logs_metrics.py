"""Logs and metrics: ranges, filters, pages, steps and percentiles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.control_plane_host import ADMIN_ID, Client, Host

from tensormesh_local.control_plane.billing.metering import Record
from tensormesh_local.control_plane.observability.latency import (
    class_seconds,
    latency_class,
    quantile,
)

MODEL = "tm-local-chat"


def _use(
    host: Host,
    *,
    status: int = 200,
    seconds: float = 1.0,
    first: float | None = 0.1,
    tokens: tuple[int, int, int] = (100, 25, 50),
) -> None:
    prompt, cached, completion = tokens if status == 200 else (0, 0, 0)
    meter = host.control_plane.meter
    counts = (prompt, cached, completion)
    now = meter.now()
    meter.record(Record(now, ADMIN_ID, "", "serverless", MODEL, *counts, status, seconds, first))


def _series(admin: Client, **query: Any) -> dict[str, list[tuple[str, float]]]:
    found = admin.ok("query_metrics", query={"modelId": MODEL, **query})["series"]
    return {
        each["metricName"] + each["labels"].get("quantile", ""): [
            (point["timestamp"], point["value"]) for point in each["points"]
        ]
        for each in found
    }


def _lines(admin: Client, **query: Any) -> list[dict[str, Any]]:
    return list(admin.ok("query_logs", query={"modelId": MODEL, **query})["entries"])


class TestLogs:
    def test_pages_hold_every_line_once_newest_first(self, host: Host, admin: Client) -> None:
        for number in range(7):
            _use(host, tokens=(number, 0, 0))
            host.clock.advance(number % 2)
        seen: list[str] = []
        token = ""
        while True:
            query = {"modelId": MODEL, "limit": 3, "pageToken": token}
            page = admin.ok("query_logs", query=query)
            seen += [line["message"].split(", ")[1].split()[0] for line in page["entries"]]
            token = page["nextPageToken"]
            if not token:
                break
        assert seen == ["6", "5", "4", "3", "2", "1", "0"]

    def test_a_deployments_life_and_its_requests_are_one_log(
        self, host: Host, admin: Client
    ) -> None:
        admin.add_card()
        model_id = admin.deploy(modelPath="fail/x")["modelId"]
        host.clock.advance(10)
        lines = admin.ok("query_logs", query={"modelId": model_id, "limit": 2})
        assert [line["severity"] for line in lines["entries"]] == [
            "LOG_SEVERITY_ERROR",
            "LOG_SEVERITY_INFO",
        ]
        query = {"modelId": model_id, "limit": 2, "pageToken": lines["nextPageToken"]}
        (last,) = admin.ok("query_logs", query=query)["entries"]
        assert last["message"] == "Accepted"
        assert last["labels"] == {"component": "deployment"}

    def test_severity_is_a_minimum(self, host: Host, admin: Client) -> None:
        for status in (200, 400, 499, 503):
            _use(host, status=status)
        counts = {
            name: len(_lines(admin, severity=f"LOG_SEVERITY_{name}"))
            for name in ("UNSPECIFIED", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        }
        assert counts == {
            "UNSPECIFIED": 4,
            "DEBUG": 4,
            "INFO": 4,
            "WARNING": 3,
            "ERROR": 1,
            "CRITICAL": 0,
        }

    def test_without_a_range_it_is_the_last_hour(self, host: Host, admin: Client) -> None:
        _use(host)
        host.clock.advance(minutes=59)
        assert len(_lines(admin)) == 1
        host.clock.advance(minutes=2)
        assert _lines(admin) == []
        assert len(_lines(admin, startTime="2026-05-20T08:00:00Z")) == 1
        assert _lines(admin, startTime="2026-05-20T08:00:00.001Z") == []
        query = {"startTime": "2026-05-20T07:00:00Z", "endTime": "2026-05-20T08:00:00Z"}
        assert _lines(admin, **query) == []

    def test_a_model_or_a_deployment_must_be_named(self, admin: Client) -> None:
        assert admin.wrong_fields("query_logs") == ["modelId"]
        for query in ({"modelId": "nothing"}, {"deploymentId": "nothing"}):
            assert admin.refused(404, "query_logs", query=query)["code"] == 5

    def test_a_token_is_of_one_query(self, host: Host, admin: Client) -> None:
        _use(host)
        _use(host)
        token = admin.ok("query_logs", query={"modelId": MODEL, "limit": 1})["nextPageToken"]
        query = {"modelId": MODEL, "severity": "LOG_SEVERITY_INFO", "pageToken": token}
        assert admin.wrong_fields("query_logs", query=query) == ["pageToken"]

    def test_a_model_of_another_user_is_not_told_about(
        self, admin: Client, user: Client, other: Client
    ) -> None:
        user.add_card()
        model_id = user.deploy()["modelId"]
        for operation in ("query_logs", "query_metrics"):
            assert other.refused(403, operation, query={"modelId": model_id})["code"] == 7
            admin.ok(operation, query={"modelId": model_id})
            query = {"modelId": model_id, "deploymentId": "another"}
            assert user.refused(404, operation, query=query)["code"] == 5


class TestMetrics:
    def test_counters_are_added_up_by_the_minute(self, host: Host, admin: Client) -> None:
        _use(host)
        _use(host, status=500)
        host.clock.advance(minutes=2)
        _use(host)
        found = _series(admin)
        first, third = "2026-05-20T08:00:00Z", "2026-05-20T08:02:00Z"
        assert found["request_count"] == [(first, 2), (third, 1)]
        assert found["error_count"] == [(first, 1), (third, 0)]
        assert found["prompt_tokens"] == [(first, 100), (third, 100)]
        assert found["cache_hit_rate"] == [(first, 0.25), (third, 0.25)]
        assert found["output_tokens_per_second"] == [(first, 25), (third, 50)]
        assert found["running_requests"] == [(first, pytest.approx(2 / 60)), (third, 1 / 60)]

    def test_a_step_adds_minutes_up(self, host: Host, admin: Client) -> None:
        for _ in range(10):
            _use(host)
            host.clock.advance(minutes=1)
        assert _series(admin, step="300s")["request_count"] == [
            ("2026-05-20T08:00:00Z", 5),
            ("2026-05-20T08:05:00Z", 5),
        ]
        # Finer than a minute is not known.
        assert len(_series(admin, step="1s")["request_count"]) == 10
        assert admin.wrong_fields("query_metrics", query={"modelId": MODEL, "step": "1m"}) == [
            "step"
        ]

    def test_long_ranges_get_longer_steps(self, host: Host, admin: Client) -> None:
        _use(host)
        host.clock.advance(minutes=1)
        _use(host)
        found = _series(admin, startTime="2026-04-20T00:00:00Z")
        assert [value for _, value in found["request_count"]] == [2]

    def test_percentiles_are_those_of_all_requests(self, host: Host, admin: Client) -> None:
        for number in range(1, 101):
            _use(host, seconds=number / 10, first=number / 1000)
        _use(host, status=500, seconds=999.0)
        found = _series(admin)
        for name, share in (("0.5", 0.50), ("0.95", 0.95), ("0.99", 0.99)):
            ((_, whole),) = found[f"request_latency_seconds{name}"]
            ((_, first),) = found[f"ttft_seconds{name}"]
            assert whole == pytest.approx(10 * share, rel=0.02)
            assert first == pytest.approx(0.1 * share, rel=0.02)

    def test_names_choose_the_series(self, admin: Client) -> None:
        names = ["request_count", "ttft_seconds", "gpu_utilization"]
        query = [("modelId", MODEL), *(("metricNames", name) for name in names)]
        found = admin.ok("query_metrics", query=query)["series"]
        assert [each["metricName"] for each in found] == ["request_count", *["ttft_seconds"] * 3]
        assert all(each["points"] == [] for each in found)

    def test_a_model_must_be_named_and_known(self, admin: Client) -> None:
        assert admin.wrong_fields("query_metrics") == ["modelId"]
        assert admin.refused(404, "query_metrics", query={"modelId": "nothing"})["code"] == 5


class TestLatencies:
    @given(st.floats(1e-6, 1e6))
    def test_a_class_is_within_two_percent(self, seconds: float) -> None:
        assert class_seconds(latency_class(seconds)) == pytest.approx(seconds, rel=0.02)

    @given(
        st.lists(st.floats(1e-3, 100), min_size=1, max_size=50), st.sampled_from([0.5, 0.95, 1.0])
    )
    def test_a_share_of_latencies_is_not_above_a_quantile(
        self, latencies: list[float], share: float
    ) -> None:
        counted = [(latency_class(each), 1) for each in latencies]
        limit = quantile(counted, share) * 1.02
        assert sum(each <= limit for each in latencies) >= share * len(latencies)
