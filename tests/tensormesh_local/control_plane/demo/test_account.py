"""The demo account: believable, consistent and repeatable."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.control_plane_host import Host
from support.control_plane_ledger import check_ledger, nanos

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = (
    "get_auth_profile",
    "list_users",
    "list_user_api_keys",
    "list_models",
    "list_billing_transactions",
    "get_user_balance",
    "get_user_spending_history",
    "get_serverless_usage_history",
    "list_tickets",
    "list_activities",
    "list_products",
    "list_reserved_deployments",
    "list_stripe_payment_methods",
)


@pytest.fixture(scope="module")
def demo() -> Host:
    """A host with the demo account; tests only read it."""
    return Host(seed_data="demo")


def _everything(host: Host) -> list[dict[str, Any]]:
    return [host.admin.ok(operation) for operation in OPERATIONS]


class TestAccount:
    def test_the_books_add_up(self, demo: Host) -> None:
        with demo.control_plane.state.read() as db:
            check_ledger(db)
        assert 0 < nanos(demo.admin.ok("get_user_balance")["balance"]) < 1000 * 10**9

    def test_models_are_in_several_states(self, demo: Host) -> None:
        models = demo.admin.ok("list_models")["models"]
        statuses = {
            each["modelName"]: each["status"].removeprefix("MODEL_STATUS_") for each in models
        }
        assert statuses == {
            "bird-guide": "RUNNING",
            "code-helper": "DELETED",
            "field-notes": "FAILED",
            "night-owl": "PENDING",
        }

    def test_people_have_names_roles_and_keys(self, demo: Host) -> None:
        users = demo.admin.ok("list_users")["users"]
        assert [each["displayName"] for each in users] == [
            "Mira Okafor",
            "Jonas Weber",
            "Aiko Tanaka",
        ]
        assert len({each["company"] for each in users}) == 1
        assert Counter(each["userRole"] for each in users)["USER_ROLE_ADMIN"] == 2
        keys = demo.admin.ok("list_user_api_keys", query={"includeDeleted": "true"})["apiKeys"]
        assert [each["name"] for each in keys if each["deletedAt"]] == ["first try"]
        assert any(each["expiresAt"] for each in keys)

    def test_transactions_span_four_calendar_months(self, demo: Host) -> None:
        found = demo.admin.ok("list_billing_transactions")["transactions"]
        kinds = Counter(each["type"].removeprefix("TRANSACTION_TYPE_") for each in found)
        assert kinds["SERVERLESS_USAGE"] == 4
        assert kinds["TOP_UP"] >= 3
        assert kinds["GPU_USAGE"] == kinds["RESERVED_DEPLOYMENT"] == 1
        times = [each["createdAt"] for each in found]
        assert times == sorted(times, reverse=True)

    def test_tickets_have_conversations(self, demo: Host) -> None:
        tickets = demo.admin.ok("list_tickets")["tickets"]
        assert [each["status"].removeprefix("TICKET_STATUS_") for each in tickets] == [
            "OPEN",
            "IN_PROGRESS",
            "RESOLVED",
        ]
        assert [len(each["conversations"]) for each in tickets] == [1, 3, 3]

    def test_a_reservation_is_active(self, demo: Host) -> None:
        (reservation,) = demo.admin.ok("list_reserved_deployments")["reservedDeployments"]
        assert reservation["status"] == "RESERVED_DEPLOYMENT_STATUS_ACTIVE"
        assert reservation["deploymentId"].startswith("openai-gpt-oss-120b")

    def test_the_last_hour_has_logs_and_metrics(self, demo: Host) -> None:
        query = {"modelId": "openai/gpt-oss-20b"}
        assert demo.admin.ok("query_logs", query=query)["entries"]
        series = demo.admin.ok("query_metrics", query=query)["series"]
        assert all(each["points"] for each in series)
        (model_id,) = [
            each["modelId"]
            for each in demo.admin.ok("list_models")["models"]
            if each["modelName"] == "bird-guide"
        ]
        series = demo.admin.ok("query_metrics", query={"modelId": model_id})["series"]
        assert all(each["points"] for each in series)


class TestUsage:
    @pytest.fixture
    def requests_by_day(self, demo: Host) -> dict[datetime, int]:
        query = {"startTime": "2026-02-01T00:00:00Z", "endTime": "2026-05-20T00:00:00Z"}
        buckets = demo.admin.ok("get_serverless_usage_history", query=query)["buckets"]
        days: defaultdict[datetime, int] = defaultdict(int)
        for bucket in buckets:
            days[datetime.fromisoformat(bucket["bucketStart"])] += int(bucket["requests"])
        return days

    def test_it_covers_every_day_of_three_months(
        self, requests_by_day: dict[datetime, int]
    ) -> None:
        assert len(requests_by_day) == 92

    def test_it_grows(self, requests_by_day: dict[datetime, int]) -> None:
        counts = [requests_by_day[day] for day in sorted(requests_by_day)]
        assert sum(counts[-28:]) > 2 * sum(counts[:28])

    def test_it_rests_at_weekends(self, requests_by_day: dict[datetime, int]) -> None:
        means = {True: [0, 0], False: [0, 0]}
        for day, count in requests_by_day.items():
            total = means[day.weekday() >= 5]
            total[0] += count
            total[1] += 1
        weekend, week = (means[key][0] / means[key][1] for key in (True, False))
        assert weekend < week / 2


class TestSeeding:
    def test_a_seed_gives_the_same_account_each_time(self, demo: Host) -> None:
        assert _everything(Host(seed_data="demo")) == _everything(demo)
        assert _everything(Host(seed_data="demo", data_seed=1)) != _everything(demo)

    def test_it_does_not_take_long(self) -> None:
        start = time.process_time()
        Host(seed_data="demo")
        # The processor's time, with room for slow machines.
        assert time.process_time() - start < 3

    def test_an_account_in_use_is_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        first = Host(path, seed_data="demo")
        before = _everything(first)
        first.control_plane.close()
        second = Host(path, seed_data="demo", data_seed=5)
        assert _everything(second) == before
        second.control_plane.close()

    def test_without_it_an_account_is_empty(self, host: Host) -> None:
        assert host.admin.ok("list_billing_transactions")["transactions"] == []
        assert host.admin.ok("list_models")["models"] == []
