"""Running models cost their GPUs' hourly rate: exactly, once, and only while they run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.control_plane_host import ADMIN_ID, PRODUCT, Client, Host
from support.control_plane_inference import ask
from support.control_plane_ledger import check_ledger, nanos, usd

from tensormesh_local import create_app
from tensormesh_local.clock import HOUR, to_micros
from tensormesh_local.control_plane.billing.gpu_charges import settle

if TYPE_CHECKING:
    from pathlib import Path

DOLLAR = 10**9
PAID = 100 * DOLLAR
# Of an H200 at Nebius, which is what models are deployed on here.
RATE = 3_500_000_000
# From deployment until the model runs.
START_SECONDS = 3


@pytest.fixture
def owner(admin: Client) -> Client:
    """A user with a card on file and 100 dollars, whose token does not expire."""
    admin.add_card()
    return admin


def _run(owner: Client, name: str = "bird-guide", **fields: Any) -> str:
    """Deploy a model and wait until the moment it runs; return its id."""
    model_id = str(owner.deploy(name, **fields)["modelId"])
    owner.host.clock.advance(START_SECONDS)
    return model_id


def _spent(owner: Client) -> int:
    """Return what is gone of the 100 dollars."""
    return PAID - nanos(owner.ok("get_user_balance")["balance"])


def _delete(owner: Client, model_id: str) -> None:
    owner.ok("delete_model", path={"modelId": model_id})


def _gpu_transactions(owner: Client) -> list[dict[str, Any]]:
    found = owner.ok("list_billing_transactions")["transactions"]
    return [each for each in found if each["type"] == "TRANSACTION_TYPE_GPU_USAGE"]


def _set_rate(admin: Client, rate: int, **fields: Any) -> None:
    key = {"gpuType": "GPU_TYPE_H200", "cloudProvider": "CLOUD_PROVIDER_NEBIUS"}
    pricing = {**key, "hourlyRate": usd(rate), "isActive": True, **fields}
    admin.ok("upsert_gpu_pricing", {"pricing": pricing})


class TestCost:
    @pytest.mark.parametrize("gpus", [1, 8])
    def test_an_hour_costs_the_rate_of_each_gpu(self, host: Host, owner: Client, gpus: int) -> None:
        _run(owner, gpuCount=gpus)
        assert _spent(owner) == 0
        host.clock.advance(hours=1)
        assert _spent(owner) == gpus * RATE
        host.clock.advance(minutes=30)
        assert _spent(owner) == gpus * RATE * 3 // 2

    def test_the_rate_is_that_of_the_cloud(self, host: Host, owner: Client) -> None:
        _run(owner, gpuType="GPU_TYPE_A100", infra={"cloudProvider": "CLOUD_PROVIDER_LAMBDA"})
        host.clock.advance(hours=1)
        assert _spent(owner) == 1_290_000_000

    @pytest.mark.parametrize("provider", ["ONPREM", "LAMBDA"])
    def test_a_gpu_without_a_price_costs_nothing(
        self, host: Host, owner: Client, provider: str
    ) -> None:
        _run(owner, infra={"cloudProvider": f"CLOUD_PROVIDER_{provider}"})
        host.clock.advance(hours=1)
        assert _spent(owner) == 0
        assert _gpu_transactions(owner) == []

    @pytest.mark.parametrize("often", [True, False])
    def test_fractions_of_a_nano_add_up_however_often_somebody_looks(
        self, host: Host, owner: Client, often: bool
    ) -> None:
        _set_rate(owner, 1_000_001)
        _run(owner, gpuCount=3)
        for _ in range(60):
            host.clock.advance(microseconds=1_234_567)
            if often:
                owner.ok("get_user_balance")
        assert _spent(owner) == 3 * 1_000_001 * 60 * 1_234_567 // HOUR

    def test_looking_often_does_not_make_many_entries(self, host: Host, owner: Client) -> None:
        _run(owner)
        for _ in range(50):
            host.clock.advance(seconds=90)
            owner.ok("get_user_balance")
        with host.control_plane.state.read() as db:
            rows = db.execute("SELECT * FROM ledger_entries WHERE amount < 0").fetchall()
        assert len(rows) == 2
        assert -sum(row["amount"] for row in rows) == RATE * 50 * 90 // 3600

    def test_the_owner_pays_whoever_looks(self, host: Host, admin: Client) -> None:
        user = host.user()
        user.add_card()
        user_id = user.id
        model_id = _run(user)
        body = {"targetUserIds": [user_id]}
        host.clock.advance(minutes=30)
        (summary,) = admin.ok("get_users_spending_summary", body)["summaries"]
        assert nanos(summary["spend24h"]) == RATE // 2
        host.clock.advance(minutes=30)
        (balance,) = admin.ok("admin_get_users_balance", body)["balances"]
        assert nanos(balance["balance"]) == PAID - RATE
        host.clock.advance(minutes=30)
        added = admin.ok("add_user_balance", {"targetUserId": user_id, "amount": usd(DOLLAR)})
        assert nanos(added["balance"]) == PAID - RATE * 3 // 2 + DOLLAR
        admin.ok("delete_model", path={"modelId": model_id})
        assert admin.ok("get_user_balance")["balance"] == usd(0)

    def test_a_price_counts_from_the_moment_it_is_set(self, host: Host, owner: Client) -> None:
        _run(owner)
        host.clock.advance(minutes=10)
        _set_rate(owner, 6 * DOLLAR)
        host.clock.advance(minutes=20)
        _set_rate(owner, 6 * DOLLAR, isActive=False)
        host.clock.advance(minutes=30)
        assert _spent(owner) == RATE // 6 + 2 * DOLLAR


class TestLife:
    def test_only_time_in_which_it_runs_costs(self, host: Host, owner: Client) -> None:
        model_id = owner.deploy()["modelId"]
        for _ in range(START_SECONDS):
            host.clock.advance(1)
            assert _spent(owner) == 0
        host.clock.advance(minutes=6)
        _delete(owner, model_id)
        assert _spent(owner) == RATE // 10
        host.clock.advance(hours=5)
        assert _spent(owner) == RATE // 10

    def test_one_that_is_deleted_early_or_fails_costs_nothing(
        self, host: Host, owner: Client
    ) -> None:
        early = owner.deploy()["modelId"]
        owner.deploy("failing", modelPath="fail/to-load")
        host.clock.advance(START_SECONDS - 1)
        _delete(owner, early)
        host.clock.advance(hours=1)
        assert _spent(owner) == 0

    def test_what_was_told_stands_when_it_is_deleted(self, host: Host, owner: Client) -> None:
        model_id = _run(owner)
        later = to_micros(host.clock.now()) + HOUR
        # Another reader's clock is ahead of the one of this deletion.
        control_plane = host.control_plane
        with control_plane.state.write() as db:
            settle(db, control_plane.ids.new_id, ADMIN_ID, later)
        _delete(owner, model_id)
        host.clock.advance(hours=1)
        model = owner.ok("get_model", path={"modelId": model_id})["model"]
        assert model["status"] == "MODEL_STATUS_DELETING"
        assert model["updatedAt"] == "2026-05-20T09:00:03Z"
        assert _spent(owner) == RATE

    def test_time_in_which_the_host_is_off_costs_too(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        before = Host(path)
        before.admin.add_card()
        _run(before.admin)
        before.control_plane.close()
        after = Host(path)
        after.clock.advance(hours=2, seconds=START_SECONDS)
        assert _spent(after.admin) == 2 * RATE

    def test_a_used_up_balance_lets_nothing_more_be_deployed(
        self, host: Host, owner: Client
    ) -> None:
        _run(owner, gpuCount=10)
        host.clock.advance(hours=3)
        body = {"modelName": "two", "modelPath": "openai/x", "gpuType": "GPU_TYPE_H200"}
        error = owner.refused(400, "deploy_model", body)
        assert error["details"][0]["reason"] == "INSUFFICIENT_BALANCE"
        assert _spent(owner) == 30 * RATE

    def test_a_balance_that_is_enforced_is_the_one_of_now(self, host: Host, owner: Client) -> None:
        strict = create_app(control_plane=host.control_plane, enforce_balance=True)
        _run(owner, gpuCount=10)
        host.clock.advance(hours=2)
        assert ask(host, "tm-local-key", strict).status_code == 200
        host.clock.advance(hours=1)
        assert ask(host, "tm-local-key", strict).status_code == 402


class TestBooks:
    def test_a_model_has_one_transaction_a_month(self, host: Host, owner: Client) -> None:
        _run(owner, gpuCount=2)
        host.clock.advance(days=30)
        june, may = _gpu_transactions(owner)
        assert may["description"] == "bird-guide on 2 H200 in May 2026"
        assert may["createdAt"] == "2026-05-20T08:00:03Z"
        assert june["createdAt"] == "2026-06-01T00:00:00Z"
        may_seconds = 12 * 86_400 - (8 * 3600 + START_SECONDS)
        assert nanos(may["amount"]) == 2 * RATE * may_seconds // 3600
        assert nanos(may["amount"]) + nanos(june["amount"]) == 2 * RATE * 30 * 24
        assert all("details" not in each for each in (june, may))

    def test_models_have_transactions_of_their_own(self, host: Host, owner: Client) -> None:
        for name in ("one", "two"):
            owner.deploy(name)
        host.clock.advance(hours=1, seconds=START_SECONDS)
        assert [each["description"][:3] for each in _gpu_transactions(owner)] == ["two", "one"]
        assert _spent(owner) == 2 * RATE

    def test_spending_is_that_of_its_days_and_hours_even_if_nobody_looked(
        self, host: Host, owner: Client
    ) -> None:
        _run(owner)
        host.clock.advance(days=3, seconds=-START_SECONDS)
        buckets = owner.ok("get_user_spending_history")["buckets"]
        spent = [nanos(each["amount"]) for each in buckets[-4:]]
        first = RATE * (16 * 3600 - START_SECONDS) // 3600
        assert spent == [first, 24 * RATE, 24 * RATE, 8 * RATE]
        summary = owner.ok("get_user_spending_summary")
        assert nanos(summary["spend24h"]) == 24 * RATE
        assert nanos(summary["spend7d"]) == sum(spent)

    @pytest.mark.parametrize("kind", ["memory", "file"])
    def test_readers_at_one_time_do_not_draw_twice(self, tmp_path: Path, kind: str) -> None:
        host = Host(tmp_path / "state.db" if kind == "file" else None)
        owner = host.admin
        owner.add_card()
        _run(owner, gpuCount=7)

        moving = threading.Lock()

        def look() -> None:
            for _ in range(6):
                with moving:
                    host.clock.advance(seconds=77)
                for operation in ("get_user_balance", "get_user_spending_summary"):
                    owner.ok(operation)

        readers = [threading.Thread(target=look) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert _spent(owner) == 7 * RATE * 24 * 77 // 3600
        with host.control_plane.state.read() as db:
            check_ledger(db)


class TestReservations:
    @pytest.fixture
    def product_id(self, owner: Client) -> str:
        """One H200 by the day, for ten dollars."""
        product = {**PRODUCT, "price": usd(10 * DOLLAR), "billingPeriod": "BILLING_PERIOD_DAILY"}
        made = owner.ok("admin_create_product", {"product": product})["product"]
        return str(made["productId"])

    def _reserve(self, owner: Client, product_id: str, **fields: Any) -> str:
        body = {"productId": product_id, **fields}
        made = owner.ok("create_reserved_deployment", body)["reservedDeployment"]
        return str(made["reservedDeploymentId"])

    def test_gpus_that_are_reserved_for_a_model_are_paid_for(
        self, host: Host, owner: Client, product_id: str
    ) -> None:
        model_id = _run(owner, gpuCount=3)
        self._reserve(owner, product_id, modelId=model_id)
        host.clock.advance(days=1, seconds=2)
        # Provisioning takes two seconds, for which all three are charged.
        expected = 10 * DOLLAR + 3 * RATE * 2 // 3600 + 2 * RATE * 24
        assert abs(_spent(owner) - expected) <= 1
        before = _spent(owner)
        host.clock.advance(hours=1)
        assert abs(_spent(owner) - before - 3 * RATE) <= 1

    @pytest.mark.parametrize("why", ["of another model", "of another GPU"])
    def test_other_reservations_do_not_count(
        self, host: Host, owner: Client, product_id: str, why: str
    ) -> None:
        gpu = "GPU_TYPE_H100" if why == "of another GPU" else "GPU_TYPE_H200"
        model_id = _run(owner, gpuType=gpu)
        reserved_for = {"modelId": model_id} if why == "of another GPU" else {}
        self._reserve(owner, product_id, **reserved_for)
        host.clock.advance(hours=1)
        rate = 2_950_000_000 if why == "of another GPU" else RATE
        assert _spent(owner) == 10 * DOLLAR + rate

    def test_a_canceled_one_holds_nothing_from_then_on(
        self, host: Host, owner: Client, product_id: str
    ) -> None:
        model_id = _run(owner)
        pending = self._reserve(owner, product_id, modelId=model_id)
        path = {"reservedDeploymentId": pending}
        owner.ok("cancel_reserved_deployment", path=path)
        host.clock.advance(hours=1)
        assert _spent(owner) == RATE
        active = self._reserve(owner, product_id, modelId=model_id)
        host.clock.advance(hours=1, seconds=2)
        owner.ok("cancel_reserved_deployment", path={"reservedDeploymentId": active})
        host.clock.advance(hours=1)
        expected = RATE + RATE * 2 // 3600 + 10 * DOLLAR + RATE
        assert abs(_spent(owner) - expected) <= 1

    def test_a_renewal_holds_them_on_whenever_somebody_looks(
        self, host: Host, owner: Client, product_id: str
    ) -> None:
        model_id = _run(owner)
        self._reserve(owner, product_id, modelId=model_id, autoRenew=True)
        host.clock.advance(2)
        provisioning = _spent(owner) - 10 * DOLLAR
        host.clock.advance(days=2, hours=3)
        assert _spent(owner) == 30 * DOLLAR + provisioning

    def test_a_renewal_is_paid_from_what_models_left(
        self, host: Host, owner: Client, product_id: str
    ) -> None:
        _run(owner)
        self._reserve(owner, product_id, autoRenew=True)
        # After a day the model has taken 84 dollars of the 90 that were left.
        host.clock.advance(days=1, hours=1)
        (reservation,) = owner.ok("list_reserved_deployments")["reservedDeployments"]
        assert reservation["status"] == "RESERVED_DEPLOYMENT_STATUS_EXPIRED"
        assert _spent(owner) == 10 * DOLLAR + 25 * RATE
