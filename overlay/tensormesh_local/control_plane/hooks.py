"""What billing has to say about things of other areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_local.control_plane.errors import failed_precondition
from tensormesh_local.control_plane.ledger import balance_of
from tensormesh_local.control_plane.stripe import has_payment_method

if TYPE_CHECKING:
    import sqlite3


def billing_check(db: sqlite3.Connection, user_id: str) -> None:
    """Refuse a user who may not deploy on GPUs as far as billing goes.

    Raises:
        ControlPlaneError: 400, FAILED_PRECONDITION, there is no payment method on file, or the
            balance is not more than zero.
    """
    if not has_payment_method(db, user_id):
        raise failed_precondition("There is no payment method on file.", "NO_PAYMENT_METHOD")
    if balance_of(db, user_id) <= 0:
        raise failed_precondition("The balance is used up.", "INSUFFICIENT_BALANCE")
