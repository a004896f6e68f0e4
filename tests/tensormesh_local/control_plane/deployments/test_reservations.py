"""Reserved deployments: paid in advance, following the clock, renewed as long as it is paid."""

from __future__ import annotations

from typing import Any

import pytest
from support.control_plane_host import ADMIN_ID, PRODUCT, Client, Host

MONTH = "BILLING_PERIOD_MONTHLY"


@pytest.fixture
def user(host: Host) -> Client:
    """A user with 10 dollars."""
    user = host.user()
    amount = {"currencyCode": "USD", "units": "10"}
    host.admin.ok("add_user_balance", {"targetUserId": user.id, "amount": amount})
    return user


def _product(host: Host, units: str = "3", period: str = MONTH, **fields: Any) -> str:
    price = {"currencyCode": "USD", "units": units, "nanos": 0}
    product = {**PRODUCT, "price": price, "billingPeriod": period, **fields}
    made = host.admin.ok("admin_create_product", {"product": product})
    return str(made["product"]["productId"])


def _reserve(client: Client, product_id: str, **fields: Any) -> dict[str, Any]:
    body = {"productId": product_id, **fields}
    return dict(client.ok("create_reserved_deployment", body)["reservedDeployment"])


def _cancel(client: Client, reservation: dict[str, Any], **body: str) -> dict[str, Any]:
    path = {"reservedDeploymentId": reservation["reservedDeploymentId"]}
    answer = client.ok("cancel_reserved_deployment", body, path=path)
    return dict(answer["reservedDeployment"])


def _status(client: Client) -> str:
    (found,) = client.ok("list_reserved_deployments")["reservedDeployments"]
    return str(found["status"]).removeprefix("RESERVED_DEPLOYMENT_STATUS_")


def _balance(client: Client) -> str:
    return str(client.ok("get_user_balance")["balance"]["units"])


class TestLife:
    def test_it_follows_the_clock(self, host: Host, user: Client) -> None:
        made = _reserve(user, _product(host))
        assert made["status"] == "RESERVED_DEPLOYMENT_STATUS_PENDING"
        assert made["startTime"] == "2026-05-20T08:00:02Z"
        assert made["endTime"] == "2026-06-20T08:00:02Z"
        assert made["gpuType"] == "GPU_TYPE_H200"
        done = ("RESERVED_DEPLOYMENT_CREATED", "Reserved: One H200 by the month")
        assert user.activities()[0] == done
        host.clock.advance(2)
        assert _status(user) == "ACTIVE"
        user.later(days=31)
        assert _status(user) == "EXPIRED"

    @pytest.mark.parametrize(
        ("period", "end"),
        [
            ("BILLING_PERIOD_HOURLY", "2027-01-31T01:00:00Z"),
            ("BILLING_PERIOD_DAILY", "2027-02-01T00:00:00Z"),
            ("BILLING_PERIOD_MONTHLY", "2027-02-28T00:00:00Z"),
            ("BILLING_PERIOD_YEARLY", "2028-01-31T00:00:00Z"),
            ("BILLING_PERIOD_UNSPECIFIED", "2027-02-28T00:00:00Z"),
        ],
    )
    def test_it_lasts_a_billing_period(
        self, host: Host, user: Client, period: str, end: str
    ) -> None:
        product_id = _product(host, period=period)
        made = _reserve(user, product_id, startTime="2027-01-31T00:00:00Z")
        assert (made["startTime"], made["endTime"]) == ("2027-01-31T00:00:00Z", end)

    def test_its_model_is_served_on_it_while_it_is_active(self, host: Host, user: Client) -> None:
        user.add_card()
        model_id = user.deploy()["modelId"]
        made = _reserve(user, _product(host), modelId=model_id)
        assert (made["modelId"], made["deploymentId"]) == (model_id, "")
        host.clock.advance(10)
        (active,) = user.ok("list_reserved_deployments")["reservedDeployments"]
        assert active["deploymentId"] == "openai-gpt-oss-120b-gpu-type-h200x1"

    def test_the_list_has_filters(self, host: Host, user: Client) -> None:
        product_id = _product(host)
        first = _reserve(user, product_id)
        second = _reserve(user, product_id)
        _cancel(user, first)

        def ids(status: str) -> list[str]:
            query = {"status": f"RESERVED_DEPLOYMENT_STATUS_{status}"}
            found = user.ok("list_reserved_deployments", query=query)
            assert found["total"] == len(found["reservedDeployments"])
            return [each["reservedDeploymentId"] for each in found["reservedDeployments"]]

        assert ids("PENDING") == [second["reservedDeploymentId"]]
        assert ids("CANCELED") == [first["reservedDeploymentId"]]
        assert len(ids("UNSPECIFIED")) == 2
        assert ids("FAILED") == []


class TestMoney:
    def test_it_is_paid_at_once_and_paid_back_before_it_begins(
        self, host: Host, user: Client
    ) -> None:
        made = _reserve(user, _product(host))
        assert _balance(user) == "7"
        canceled = _cancel(user, made, reason="We need it in autumn only.")
        assert canceled["status"] == "RESERVED_DEPLOYMENT_STATUS_CANCELED"
        assert canceled["canceledAt"] == "2026-05-20T08:00:00Z"
        assert _balance(user) == "10"
        kinds = [each["type"] for each in user.ok("list_billing_transactions")["transactions"]]
        assert {"TRANSACTION_TYPE_RESERVED_DEPLOYMENT", "TRANSACTION_TYPE_REFUND"} <= set(kinds)
        (activity, *_) = user.ok("list_activities")["activities"]
        assert activity["metadata"] == {"reason": "We need it in autumn only."}

    def test_what_has_begun_is_not_paid_back(self, host: Host, user: Client) -> None:
        made = _reserve(user, _product(host))
        host.clock.advance(2)
        _cancel(user, made)
        assert _balance(user) == "7"
        path = {"reservedDeploymentId": made["reservedDeploymentId"]}
        error = user.refused(400, "cancel_reserved_deployment", {}, path=path)
        assert error["details"][0]["reason"] == "RESERVATION_OVER"

    def test_several_periods_cost_several_prices(self, host: Host, user: Client) -> None:
        product_id = _product(host)
        _reserve(user, product_id, endTime="2026-07-20T08:00:03Z")
        assert _balance(user) == "1"
        body = {"productId": product_id}
        error = user.refused(400, "create_reserved_deployment", body)
        assert (error["code"], error["details"][0]["reason"]) == (9, "INSUFFICIENT_BALANCE")
        assert _balance(user) == "1"

    def test_it_renews_itself_as_long_as_the_balance_pays(self, host: Host, user: Client) -> None:
        _reserve(user, _product(host, period="BILLING_PERIOD_DAILY"), autoRenew=True)
        user.later(days=1, seconds=2)
        assert _status(user) == "ACTIVE"
        assert _balance(user) == "4"
        user.later(days=5)
        assert _status(user) == "EXPIRED"
        assert _balance(user) == "1"
        amount = {"currencyCode": "USD", "units": "100"}
        host.admin.ok("add_user_balance", {"targetUserId": user.id, "amount": amount})
        assert _status(user) == "EXPIRED"
        assert _balance(user) == "101"

    def test_what_costs_nothing_renews_itself_for_ever(self, host: Host, user: Client) -> None:
        _reserve(user, _product(host, "0", "BILLING_PERIOD_HOURLY"), autoRenew=True)
        user.later(days=40)
        assert _status(user) == "ACTIVE"
        assert _balance(user) == "10"


class TestRefusals:
    def test_wrong_fields_are_named(self, host: Host, user: Client) -> None:
        assert user.wrong_fields("create_reserved_deployment", {}) == ["productId"]
        product_id = _product(host)
        for fields, wrong in (
            ({"endTime": "2026-05-20T08:00:01Z"}, "endTime"),
            ({"endTime": "9000-01-01T00:00:00Z"}, "endTime"),
            ({"startTime": "9999-12-31T00:00:00Z"}, "startTime"),
            ({"startTime": "soon"}, "startTime"),
        ):
            body = {"productId": product_id, **fields}
            assert user.wrong_fields("create_reserved_deployment", body) == [wrong]
        assert _balance(user) == "10"

    def test_the_product_and_the_model_must_be_there(
        self, host: Host, user: Client, other: Client
    ) -> None:
        product_id = _product(host)
        other.add_card()
        model_id = other.deploy()["modelId"]
        body = {"productId": product_id, "modelId": model_id}
        user.refused(404, "create_reserved_deployment", body)
        user.refused(404, "create_reserved_deployment", {"productId": "prod_nope"})
        inactive = {"productId": _product(host, isActive=False)}
        error = user.refused(400, "create_reserved_deployment", inactive)
        assert error["details"][0]["reason"] == "PRODUCT_INACTIVE"

    def test_reservations_of_others_are_not_ones_business(
        self, host: Host, admin: Client, user: Client, other: Client
    ) -> None:
        product_id = _product(host)
        made = _reserve(user, product_id)
        path = {"reservedDeploymentId": made["reservedDeploymentId"]}
        other.refused(403, "cancel_reserved_deployment", {}, path=path)
        other.refused(403, "list_reserved_deployments", query={"userId": user.id})
        body = {"productId": product_id, "userId": user.id}
        other.refused(403, "create_reserved_deployment", body)
        admin.refused(404, "cancel_reserved_deployment", {"userId": ADMIN_ID}, path=path)
        nope = {"reservedDeploymentId": "rd_nope"}
        user.refused(404, "cancel_reserved_deployment", {}, path=nope)
        assert _cancel(admin, made)["userId"] == user.id
