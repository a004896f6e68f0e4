"""Balances, transactions and spending, for users and administrators."""

from __future__ import annotations

import pytest
from support.cases import for_each
from support.control_plane_host import ADMIN_ID, Client, Host
from support.control_plane_ledger import nanos, usd

from tensormesh_local.clock import to_micros
from tensormesh_local.control_plane.billing.ledger import GPU_USAGE, post

DOLLAR = 10**9


def _spend(host: Host, user: Client, amount: int) -> None:
    """Take from a user's balance now."""
    control_plane, user_id = host.control_plane, user.id
    with control_plane.state.write() as db:
        now = to_micros(host.clock.now())
        post(db, control_plane.ids.new_id("tx"), user_id, GPU_USAGE, "GPUs", now, -amount)


def _summary(user: Client) -> list[int]:
    summary = user.ok("get_user_spending_summary")
    return [nanos(summary[name]) for name in ("spend24h", "spend7d", "spend30d")]


class TestBalance:
    def test_a_new_account_is_empty(self, user: Client) -> None:
        assert user.ok("get_user_balance") == {"balance": usd(0)}
        assert user.ok("list_billing_transactions") == {"transactions": [], "nextPageToken": ""}

    def test_a_negative_balance_has_one_sign(self, host: Host, user: Client) -> None:
        _spend(host, user, 1_750_000_000)
        balance = user.ok("get_user_balance")["balance"]
        assert balance == {"currencyCode": "USD", "units": "-1", "nanos": -750_000_000}

    def test_others_may_not_look(self, user: Client, other: Client, admin: Client) -> None:
        for operation in (
            "get_user_balance",
            "list_billing_transactions",
            "get_user_spending_summary",
            "get_user_spending_history",
            "get_serverless_usage_history",
        ):
            query = {"userId": user.id}
            assert other.refused(403, operation, query=query)["code"] == 7
            admin.ok(operation, query=query)
            assert admin.refused(404, operation, query={"userId": "nobody"})["code"] == 5


class TestAdministration:
    def test_credit_raises_the_balance_and_is_told(self, admin: Client, user: Client) -> None:
        body = {"targetUserId": user.id, "amount": usd(2_500_000_000)}
        assert admin.ok("add_user_balance", body) == {"balance": usd(2_500_000_000)}
        assert admin.ok("add_user_balance", body) == {"balance": usd(5 * DOLLAR)}
        first = user.ok("list_billing_transactions")["transactions"][0]
        assert first["type"] == "TRANSACTION_TYPE_ADJUSTMENT"
        assert first["amount"] == usd(2_500_000_000)
        assert "details" not in first
        assert user.activities()[0] == ("BALANCE_ADDED", "Added 2.50 USD to the balance")

    def test_only_more_than_zero_can_be_added(self, admin: Client, user: Client) -> None:
        for amount in (usd(0), usd(-DOLLAR)):
            body = {"targetUserId": user.id, "amount": amount}
            assert admin.wrong_fields("add_user_balance", body) == ["amount"]
        assert admin.wrong_fields("add_user_balance", {"targetUserId": user.id}) == ["amount"]
        assert admin.wrong_fields("add_user_balance", {"amount": usd(1)}) == ["targetUserId"]
        assert nanos(user.ok("get_user_balance")["balance"]) == 0

    def test_other_currencies_are_refused(self, admin: Client, user: Client) -> None:
        body = {"targetUserId": user.id, "amount": {"currencyCode": "EUR", "units": "1"}}
        assert admin.wrong_fields("add_user_balance", body) == ["amount.currencyCode"]

    @pytest.mark.parametrize("units", ["3", 3, 3.0])
    def test_whole_units_may_be_sent_as_a_number_and_are_given_out_as_text(
        self, admin: Client, user: Client, units: object
    ) -> None:
        amount = {"currencyCode": "USD", "units": units, "nanos": 5}
        body = {"targetUserId": user.id, "amount": amount}
        assert admin.ok("add_user_balance", body) == {"balance": usd(3 * DOLLAR + 5)}

    @for_each("units", [True, 1.5, None, [1], 2**63, "1.0", "three"])
    def test_units_that_are_no_whole_number_are_refused(
        self, admin: Client, user: Client, units: object
    ) -> None:
        body = {"targetUserId": user.id, "amount": {"currencyCode": "USD", "units": units}}
        assert admin.wrong_fields("add_user_balance", body) == ["amount.units"]

    def test_balances_and_spending_come_in_the_order_asked_for(
        self, host: Host, admin: Client, user: Client
    ) -> None:
        _spend(host, user, DOLLAR)
        body = {"targetUserIds": [user.id, ADMIN_ID]}
        balances = admin.ok("admin_get_users_balance", body)["balances"]
        assert [(each["userId"], nanos(each["balance"])) for each in balances] == [
            (user.id, -DOLLAR),
            (ADMIN_ID, 0),
        ]
        summaries = admin.ok("get_users_spending_summary", body)["summaries"]
        assert [nanos(each["spend24h"]) for each in summaries] == [DOLLAR, 0]
        assert admin.ok("admin_get_users_balance", {}) == {"balances": []}

    def test_nobody_else_may_do_it(self, admin: Client, user: Client) -> None:
        body = {"targetUserIds": [user.id]}
        for operation in ("admin_get_users_balance", "get_users_spending_summary"):
            assert user.refused(403, operation, body)["code"] == 7
            error = admin.refused(404, operation, {"targetUserIds": [user.id, "nobody"]})
            assert "nobody" in error["message"]
        credit = {"targetUserId": user.id, "amount": usd(DOLLAR)}
        assert user.refused(403, "add_user_balance", credit)["code"] == 7
        admin.refused(404, "add_user_balance", {**credit, "targetUserId": "nobody"})


class TestTransactions:
    def test_pages_hold_every_transaction_once_newest_first(
        self, host: Host, admin: Client, user: Client
    ) -> None:
        for cents in range(1, 8):
            body = {"targetUserId": user.id, "amount": usd(cents * 10_000_000)}
            admin.ok("add_user_balance", body)
            # Two of them share a time.
            host.clock.advance(0 if cents == 3 else 1)
        seen: list[int] = []
        token = ""
        while True:
            query = {"pageSize": 3, "pageToken": token}
            page = user.ok("list_billing_transactions", query=query)
            seen += [nanos(each["amount"]) // 10_000_000 for each in page["transactions"]]
            token = page["nextPageToken"]
            if not token:
                break
            # What is new comes before what was read, and does not move it.
            if len(seen) == 3:
                admin.ok("add_user_balance", {"targetUserId": user.id, "amount": usd(DOLLAR)})
        assert seen == [7, 6, 5, 4, 3, 2, 1]

    def test_a_token_is_of_one_list(self, admin: Client, user: Client) -> None:
        for _ in range(2):
            admin.ok("add_user_balance", {"targetUserId": user.id, "amount": usd(DOLLAR)})
        page = user.ok("list_billing_transactions", query={"pageSize": 1})
        query = {"pageToken": page["nextPageToken"]}
        assert admin.wrong_fields("list_billing_transactions", query=query) == ["pageToken"]

    def test_sizes_have_bounds(self, user: Client) -> None:
        for size in (0, 1001, -1, "many"):
            query = {"pageSize": size}
            assert user.wrong_fields("list_billing_transactions", query=query) == ["pageSize"]


class TestSpending:
    def test_windows_roll_with_the_clock(self, host: Host, admin: Client) -> None:
        _spend(host, admin, DOLLAR)
        assert _summary(admin) == [DOLLAR, DOLLAR, DOLLAR]
        host.clock.advance(hours=24)
        _spend(host, admin, 5 * DOLLAR)
        assert _summary(admin) == [5 * DOLLAR, 6 * DOLLAR, 6 * DOLLAR]

    def test_spending_leaves_its_windows(self, host: Host, admin: Client) -> None:
        _spend(host, admin, DOLLAR)
        host.clock.advance(days=6, hours=23)
        assert _summary(admin) == [0, DOLLAR, DOLLAR]
        host.clock.advance(hours=1)
        assert _summary(admin) == [0, 0, DOLLAR]
        host.clock.advance(days=23)
        assert _summary(admin) == [0, 0, 0]

    def test_payments_are_not_spending(self, admin: Client) -> None:
        admin.add_card()
        assert _summary(admin) == [0, 0, 0]

    def test_the_history_has_every_day_and_adds_up(self, host: Host, admin: Client) -> None:
        for day in range(3):
            _spend(host, admin, (day + 1) * DOLLAR)
            host.clock.advance(days=10)
        buckets = admin.ok("get_user_spending_history")["buckets"]
        starts = [each["bucketStart"] for each in buckets]
        assert starts == sorted(set(starts))
        assert (starts[0], starts[-1]) == ("2026-05-20T00:00:00Z", "2026-06-19T00:00:00Z")
        amounts = {each["bucketStart"]: nanos(each["amount"]) for each in buckets}
        assert len(amounts) == 31
        assert amounts["2026-05-30T00:00:00Z"] == 2 * DOLLAR
        assert sum(amounts.values()) == _summary(admin)[2] == 5 * DOLLAR
