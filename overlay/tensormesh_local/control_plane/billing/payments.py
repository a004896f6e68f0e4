"""Payment methods and payments: a local stand-in for Stripe, without network.

Ids of payment methods are taken as a browser would bring them from Stripe: ``pm_`` and what
follows; what card it is follows from the id. Payments succeed at once, except with ids that
begin like those that Stripe has for tests of declined cards, ``pm_card_chargeDeclined``.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import from_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.billing.balances import positive_amount
from tensormesh_local.control_plane.billing.ledger import TOP_UP, NewTransaction, post
from tensormesh_local.control_plane.context import EMPTY, operation, required
from tensormesh_local.control_plane.errors import failed_precondition, not_found

if TYPE_CHECKING:
    import sqlite3

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS payment_methods (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    exp_month INTEGER NOT NULL,
    exp_year INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    UNIQUE (user_id, id)
);
"""

DECLINED_PREFIX: Final = "pm_card_chargeDeclined"

_METHOD_ID: Final = re.compile(r"pm_[A-Za-z0-9_]{1,250}")
_BRANDS: Final = {"visa": "4242", "mastercard": "4444", "amex": "0005", "discover": "1117"}
_YEARS_VALID: Final = 3


@operation
def get_or_create_stripe_customer(context: Context) -> dict[str, Any]:
    """Return the id of a user's customer record, made now if there is none."""
    owner = context.owner(context.query.get("userId"))
    with context.state.write() as db:
        return {"stripeCusId": _customer(db, context, owner)}


@operation
def list_stripe_payment_methods(context: Context) -> dict[str, Any]:
    """List a user's payment methods, in the order in which they were added."""
    owner = context.owner(context.query.get("userId"))
    with context.state.read() as db:
        rows = db.execute(
            "SELECT * FROM payment_methods WHERE user_id = ? ORDER BY position", (owner,)
        ).fetchall()
    return {
        "stripePaymentMethodIds": [row["id"] for row in rows],
        "paymentMethods": [_to_wire(row) for row in rows],
    }


@operation
def attach_stripe_payment_method(context: Context) -> dict[str, Any]:
    """Add a payment method; the first is the default. Adding it again changes nothing."""
    owner = context.owner(context.body.get("userId"))
    method = required(context.body, "stripePaymentMethodId")
    if not _METHOD_ID.fullmatch(method):
        raise not_found("payment method", method)
    with context.state.write() as db:
        _customer(db, context, owner)
        if _find(db, owner, method) is None:
            add_payment_method(db, owner, method, context.now)
            record_activity(
                db,
                context,
                "PAYMENT_METHOD_ATTACHED",
                user_id=owner,
                resource=("payment_method", method),
                message="Added a payment method",
            )
    return EMPTY


@operation
def detach_stripe_payment_method(context: Context) -> dict[str, Any]:
    """Remove a payment method; of those that are left the oldest becomes the default."""
    owner = context.owner(context.query.get("userId"))
    method = context.path["stripePaymentMethodId"]
    with context.state.write() as db:
        row = _existing(db, owner, method)
        db.execute("DELETE FROM payment_methods WHERE position = ?", (row["position"],))
        if row["is_default"]:
            db.execute(
                "UPDATE payment_methods SET is_default = 1 WHERE position = "
                "(SELECT min(position) FROM payment_methods WHERE user_id = ?)",
                (owner,),
            )
        record_activity(
            db,
            context,
            "PAYMENT_METHOD_DETACHED",
            user_id=owner,
            resource=("payment_method", method),
            message="Removed a payment method",
        )
    return EMPTY


@operation
def set_default_stripe_payment_method(context: Context) -> dict[str, Any]:
    """Make one of a user's payment methods the default."""
    owner = context.owner(context.body.get("userId"))
    method = required(context.body, "stripePaymentMethodId")
    with context.state.write() as db:
        row = _existing(db, owner, method)
        db.execute(
            "UPDATE payment_methods SET is_default = (position = ?) WHERE user_id = ?",
            (row["position"], owner),
        )
    return EMPTY


@operation
def create_stripe_payment_intent(context: Context) -> dict[str, Any]:
    """Pay: the payment is confirmed at once and raises the balance."""
    owner = context.owner(context.body.get("userId"))
    amount = positive_amount(context)
    given = context.body.get("stripePaymentMethodId")
    with context.state.write() as db:
        method = _existing(db, owner, given)["id"] if given else _default(db, owner)
        if method.startswith(DECLINED_PREFIX):
            raise failed_precondition("The card was declined.", "CARD_DECLINED")
        intent = context.new_id("pi")
        post(
            db,
            NewTransaction(
                context.new_id("tx"), owner, TOP_UP, "Payment", context.now, intent, method
            ),
            amount,
        )
        record_activity(
            db,
            context,
            "BALANCE_ADDED",
            user_id=owner,
            resource=("payment_intent", intent),
            message="Paid into the balance",
            metadata={"amount": money.to_wire(amount)},
        )
    return {
        "stripePaymentIntentId": intent,
        "clientSecret": context.ids.new_secret(f"{intent}_secret"),
    }


def has_payment_method(db: sqlite3.Connection, user_id: str) -> bool:
    """Tell whether a user has a payment method on file."""
    row = db.execute("SELECT 1 FROM payment_methods WHERE user_id = ?", (user_id,)).fetchone()
    return row is not None


def add_payment_method(db: sqlite3.Connection, user_id: str, method: str, now: int) -> None:
    """Put a payment method on a user's file; what card it is follows from its id."""
    hashed = blake2b(method.encode(), digest_size=4).digest()
    kind, brand, last4 = "CARD", "visa", f"{int.from_bytes(hashed) % 10_000:04d}"
    name = method.removeprefix("pm_").removeprefix("card_")
    if name in _BRANDS:
        brand, last4 = name, _BRANDS[name]
    elif name.startswith("usBankAccount"):
        kind, brand = "US_BANK_ACCOUNT", ""
    elif name.startswith("link"):
        kind, brand = "LINK", ""
    db.execute(
        "INSERT INTO payment_methods (user_id, id, type, brand, last4, exp_month, exp_year, "
        "is_default) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            user_id,
            method,
            f"STRIPE_PAYMENT_METHOD_TYPE_{kind}",
            brand,
            last4,
            hashed[0] % 12 + 1,
            from_micros(now).year + _YEARS_VALID,
            not has_payment_method(db, user_id),
        ),
    )


def _customer(db: sqlite3.Connection, context: Context, user_id: str) -> str:
    row = db.execute("SELECT stripe_customer_id AS id FROM users WHERE id = ?", (user_id,))
    found: str = row.fetchone()["id"]
    if not found:
        found = context.new_id("cus")
        db.execute("UPDATE users SET stripe_customer_id = ? WHERE id = ?", (found, user_id))
    return found


def _find(db: sqlite3.Connection, user_id: str, method: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM payment_methods WHERE user_id = ? AND id = ?", (user_id, method)
    ).fetchone()
    return row


def _existing(db: sqlite3.Connection, user_id: str, method: str) -> sqlite3.Row:
    row = _find(db, user_id, method)
    if row is None:
        raise not_found("payment method", method)
    return row


def _default(db: sqlite3.Connection, user_id: str) -> str:
    row = db.execute(
        "SELECT id FROM payment_methods WHERE user_id = ? AND is_default", (user_id,)
    ).fetchone()
    if row is None:
        raise failed_precondition("There is no payment method on file.", "NO_PAYMENT_METHOD")
    return str(row["id"])


def _to_wire(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "stripePaymentMethodId": row["id"],
        "type": row["type"],
        "brand": row["brand"],
        "last4": row["last4"],
        "expMonth": row["exp_month"],
        "expYear": row["exp_year"],
        "isDefault": bool(row["is_default"]),
    }
