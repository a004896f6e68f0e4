"""What must be true of the ledger at every moment, and a way to work on it without HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.control_plane_host import ADMIN_ID, START

from tensormesh_local.clock import ManualClock
from tensormesh_local.control_plane.accounts.users import create_user
from tensormesh_local.control_plane.application import ControlPlane
from tensormesh_local.control_plane.billing.metering import Record
from tensormesh_local.control_plane.context import ADMIN, Caller, Context, run_operation

if TYPE_CHECKING:
    import sqlite3

OTHER_ID = "7b1f4c52-0e0d-4d55-9c5a-2f6b8a3f9e10"


class Books:
    """A Control Plane with two users, whose operations are called as functions."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.control_plane = ControlPlane(clock=self.clock, seed=1)
        self.meter = self.control_plane.meter
        with self.control_plane.state.write() as db:
            create_user(db, OTHER_ID, "other@heron.test", 0)

    def do(
        self, operation_id: str, body: Any = None, *, query: Any = None, path: Any = None
    ) -> dict[str, Any]:
        """Carry out an operation as the administrator."""
        self.meter.flush()
        context = Context(
            state=self.control_plane.state,
            clock=self.clock,
            ids=self.control_plane.ids,
            settings=self.control_plane.settings,
            base_url="http://localhost/control-plane",
            user=Caller(ADMIN_ID, "local@tensormesh.test", ADMIN),
            path=path or {},
            query={"pageSize": 50, **(query or {})},
            body=body or {},
        )
        return run_operation(operation_id, context)

    def use(self, user_id: str, model: str, *tokens: int, status: int = 200) -> None:
        """Note a Serverless answer; tokens are those of prompt, cache and completion."""
        prompt, cached, completion = tokens
        counts = (prompt, cached, completion)
        key, now = "key_1", self.meter.now()
        self.meter.record(Record(now, user_id, key, "serverless", model, *counts, status, 0.5, 0.1))

    def balance(self, user_id: str) -> int:
        """Return a balance as the API tells it, in nanos."""
        return nanos(self.do("get_user_balance", query={"userId": user_id})["balance"])

    def transactions(self, user_id: str) -> list[dict[str, Any]]:
        """Return the user's newest transactions."""
        query = {"userId": user_id}
        return list(self.do("list_billing_transactions", query=query)["transactions"])

    def close(self) -> None:
        """Close the state."""
        self.control_plane.close()


def nanos(money: dict[str, Any]) -> int:
    """Return an amount as sent, in nanos."""
    assert money["currencyCode"] == "USD"
    return int(money["units"]) * 10**9 + int(money["nanos"])


def usd(amount: int) -> dict[str, Any]:
    """Return nanos as an amount to send."""
    sign = -1 if amount < 0 else 1
    units, rest = divmod(abs(amount), 10**9)
    return {"currencyCode": "USD", "units": str(sign * units), "nanos": sign * rest}


def check_ledger(db: sqlite3.Connection) -> None:
    """Fail unless balances, transactions, entries and monthly details add up."""
    balances = {row["user_id"]: row["balance"] for row in db.execute("SELECT * FROM accounts")}
    for table in ("ledger_entries", "transactions"):
        sums = dict(db.execute(f"SELECT user_id, sum(amount) FROM {table} GROUP BY 1").fetchall())
        assert balances == {user: total for user, total in sums.items() if user in balances}
        assert not any(total for user, total in sums.items() if user not in balances)
    wrong = db.execute(
        "SELECT id FROM transactions WHERE amount != (SELECT coalesce(sum(amount), 0) "
        "FROM ledger_entries WHERE transaction_position = transactions.position)"
    ).fetchall()
    assert not wrong
    wrong = db.execute(
        "SELECT id FROM transactions WHERE type = 'TRANSACTION_TYPE_SERVERLESS_USAGE' "
        "AND -amount != (SELECT sum(input_nanos + cached_nanos + output_nanos) "
        "FROM serverless_spend WHERE transaction_position = transactions.position)"
    ).fetchall()
    assert not wrong
