"""Payment methods and payments: a local stand-in for Stripe, without network access.

Ids of payment methods are accepted as a browser would receive them from Stripe: ``pm_`` and more.
The kind of card follows from the id. Payments succeed at once, except with ids like those of
Stripe's test cards that are declined, ``pm_card_chargeDeclined``.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from tensormesh_local.clock import from_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.users import find_user
from tensormesh_local.control_plane.billing.balances import positive_amount
from tensormesh_local.control_plane.billing.ledger import TOP_UP, post
from tensormesh_local.control_plane.context import EMPTY, Context, Json, reads, required, writes
from tensormesh_local.control_plane.errors import failed_precondition, not_found
from tensormesh_local.control_plane.state import Database, Row

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


@writes
def get_or_create_stripe_customer(context: Context) -> Json:
    """Return the id of a user's customer record, creating it if necessary."""
    return {"stripeCusId": _customer(context, context.owner(context.query.get("userId")))}


@reads
def list_stripe_payment_methods(context: Context) -> Json:
    """List a user's payment methods in the order in which they were added."""
    owner = context.owner(context.query.get("userId"))
    rows = context.db.all(
        "SELECT * FROM payment_methods WHERE user_id = ? ORDER BY position", (owner,)
    )
    return {
        "stripePaymentMethodIds": [row["id"] for row in rows],
        "paymentMethods": [_to_wire(row) for row in rows],
    }


@writes
def attach_stripe_payment_method(context: Context) -> Json:
    """Add a payment method. The first becomes the default. Adding it again changes nothing."""
    owner = context.owner(context.body.get("userId"))
    method = required(context.body, "stripePaymentMethodId")
    if not _METHOD_ID.fullmatch(method):
        raise not_found("payment method", method)
    _customer(context, owner)
    if _find(context.db, owner, method) is None:
        add_payment_method(context.db, owner, method, context.now)
        _record(context, "PAYMENT_METHOD_ATTACHED", owner, method, "Added a payment method")
    return EMPTY


@writes
def detach_stripe_payment_method(context: Context) -> Json:
    """Remove a payment method. If it was the default, the oldest other one becomes it."""
    owner = context.owner(context.query.get("userId"))
    method = context.path["stripePaymentMethodId"]
    row = _existing(context.db, owner, method)
    context.db.execute("DELETE FROM payment_methods WHERE position = ?", (row["position"],))
    if row["is_default"]:
        context.db.execute(
            "UPDATE payment_methods SET is_default = 1 WHERE position = "
            "(SELECT min(position) FROM payment_methods WHERE user_id = ?)",
            (owner,),
        )
    _record(context, "PAYMENT_METHOD_DETACHED", owner, method, "Removed a payment method")
    return EMPTY


@writes
def set_default_stripe_payment_method(context: Context) -> Json:
    """Make one of a user's payment methods the default."""
    owner = context.owner(context.body.get("userId"))
    row = _existing(context.db, owner, required(context.body, "stripePaymentMethodId"))
    context.db.execute(
        "UPDATE payment_methods SET is_default = (position = ?) WHERE user_id = ?",
        (row["position"], owner),
    )
    return EMPTY


@writes
def create_stripe_payment_intent(context: Context) -> Json:
    """Pay: the payment succeeds at once and raises the balance."""
    owner = context.owner(context.body.get("userId"))
    amount = positive_amount(context)
    given = context.body.get("stripePaymentMethodId")
    method = _existing(context.db, owner, given)["id"] if given else _default(context.db, owner)
    if method.startswith(DECLINED_PREFIX):
        raise failed_precondition("The card was declined.", "CARD_DECLINED")
    intent = context.new_id("pi")
    post(
        context.db,
        context.new_id("tx"),
        owner,
        TOP_UP,
        "Payment",
        context.now,
        amount,
        payment_intent_id=intent,
        payment_method_id=method,
    )
    message, paid = "Paid into the balance", money.to_wire(amount)
    record_activity(context, "BALANCE_ADDED", owner, "payment_intent", intent, message, amount=paid)
    return {
        "stripePaymentIntentId": intent,
        "clientSecret": context.ids.new_secret(f"{intent}_secret"),
    }


def has_payment_method(db: Database, user_id: str) -> bool:
    """Tell whether a user has a payment method."""
    return db.one("SELECT 1 FROM payment_methods WHERE user_id = ?", (user_id,)) is not None


def add_payment_method(db: Database, user_id: str, method: str, now: int) -> None:
    """Add a payment method to a user. The kind of card follows from the id."""
    hashed = blake2b(method.encode(), digest_size=4).digest()
    kind, brand, last4 = "CARD", "visa", f"{int.from_bytes(hashed) % 10_000:04d}"
    name = method.removeprefix("pm_").removeprefix("card_")
    if name in _BRANDS:
        brand, last4 = name, _BRANDS[name]
    elif name.startswith("usBankAccount"):
        kind, brand = "US_BANK_ACCOUNT", ""
    elif name.startswith("link"):
        kind, brand = "LINK", ""
    db.insert(
        "payment_methods",
        user_id=user_id,
        id=method,
        type=f"STRIPE_PAYMENT_METHOD_TYPE_{kind}",
        brand=brand,
        last4=last4,
        exp_month=hashed[0] % 12 + 1,
        exp_year=from_micros(now).year + _YEARS_VALID,
        is_default=not has_payment_method(db, user_id),
    )


def _customer(context: Context, user_id: str) -> str:
    found: str = find_user(context.db, user_id)["stripe_customer_id"]
    if not found:
        found = context.new_id("cus")
        context.db.update("users", user_id, stripe_customer_id=found)
    return found


def _find(db: Database, user_id: str, method: str) -> Row | None:
    return db.one("SELECT * FROM payment_methods WHERE user_id = ? AND id = ?", (user_id, method))


def _existing(db: Database, user_id: str, method: str) -> Row:
    row = _find(db, user_id, method)
    if row is None:
        raise not_found("payment method", method)
    return row


def _default(db: Database, user_id: str) -> str:
    row = db.one("SELECT id FROM payment_methods WHERE user_id = ? AND is_default", (user_id,))
    if row is None:
        raise failed_precondition("There is no payment method on file.", "NO_PAYMENT_METHOD")
    return str(row["id"])


def _record(context: Context, kind: str, owner: str, method: str, message: str) -> None:
    record_activity(context, kind, owner, "payment_method", method, message)


def _to_wire(row: Row) -> Json:
    return {
        "stripePaymentMethodId": row["id"],
        "type": row["type"],
        "brand": row["brand"],
        "last4": row["last4"],
        "expMonth": row["exp_month"],
        "expYear": row["exp_year"],
        "isDefault": bool(row["is_default"]),
    }
