"""What running models cost: GPUs times time times the hourly rate, exactly, as time passes.

Nothing runs in the background: whoever reads or changes what depends on it settles the account
first, which draws what has come due since it was last settled. A cost is
``gpus * rate * time / hour``, which may end in a fraction of a nano; it is kept with the model and
is part of what is drawn next. So a model's cost is that of all its time together, rounded down
once, however often and by whomever the account is settled. A model has one transaction for each
calendar month (UTC), with an entry for each hour.

GPUs that a reservation of the model holds are paid for, and cost nothing more while it lasts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from tensormesh_local.clock import HOUR, from_micros
from tensormesh_local.control_plane.billing.ledger import (
    GPU_USAGE,
    NewTransaction,
    accrue,
    find_transaction,
    open_transaction,
)
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.renewals import first_renewal, renew
from tensormesh_local.control_plane.deployments.records import REPLICAS, RUNNING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from tensormesh_local.control_plane.context import Context
    from tensormesh_local.control_plane.state import State

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS gpu_usage (
    model_id TEXT PRIMARY KEY REFERENCES models (id),
    charged_until INTEGER NOT NULL,
    rest INTEGER NOT NULL
) WITHOUT ROWID;
"""

# Models that ran since they were last charged; a GPU without a price in force costs nothing.
_DUE: Final = """
SELECT * FROM (
    SELECT models.*, running.at AS since, running.position, coalesce(hourly_rate, 0) AS rate,
        coalesce(charged_until, running.at) AS start, coalesce(rest, 0) AS rest,
        min(:now, coalesce((
            SELECT at FROM model_milestones AS next
            WHERE next.model_id = models.id AND next.position > running.position
            ORDER BY next.position LIMIT 1
        ), :now)) AS stop
    FROM models
    JOIN model_milestones AS running ON running.model_id = models.id AND status = :running
    LEFT JOIN gpu_usage ON gpu_usage.model_id = models.id
    LEFT JOIN gpu_pricing ON gpu_pricing.gpu_type = models.gpu_type AND is_active
        AND cloud_provider = json_extract(infra, '$.cloudProvider')
    WHERE user_id = :user_id
) WHERE start < stop ORDER BY position
"""


class _Reserved(NamedTuple):
    """GPUs that are paid for, and from when to when, in microseconds."""

    gpus: int
    start: int
    stop: int


def settle(db: sqlite3.Connection, new_id: Callable[[str], str], user_id: str, now: int) -> None:
    """Draw from a user's balance what has come due: for running models, and for renewals.

    Args:
        db: The database transaction to do it in.
        new_id: What names transactions.
        user_id: Whose account it is.
        now: Until when, in microseconds.
    """
    renewal = first_renewal(db, user_id, now)
    if renewal is not None:
        # What is left of the balance at that time is what a renewal can be paid from.
        _charge_models(db, new_id, user_id, renewal)
        renew(db, new_id, user_id, now)
    _charge_models(db, new_id, user_id, now)


def settle_everybody(db: sqlite3.Connection, new_id: Callable[[str], str], now: int) -> None:
    """Settle the account of every user who has models, as before a price changes."""
    for row in db.execute("SELECT DISTINCT user_id FROM models").fetchall():
        settle(db, new_id, row["user_id"], now)


def bring_up_to_date(state: State, new_id: Callable[[str], str], user_id: str, now: int) -> None:
    """Settle a user's account before it is read; nothing is written if nothing has come due."""
    with state.read() as db:
        if first_renewal(db, user_id, now) is None and not _due_models(db, user_id, now):
            return
    with state.write() as db:
        settle(db, new_id, user_id, now)


def settle_before_reading(context: Context, user_id: str) -> None:
    """Settle a user's account as of a request that reads it."""
    bring_up_to_date(context.state, context.new_id, user_id, context.now)


def charged_until(db: sqlite3.Connection, model_id: str) -> int:
    """Return until when a model's time is charged, in microseconds; 0 if none is."""
    row = db.execute("SELECT * FROM gpu_usage WHERE model_id = ?", (model_id,)).fetchone()
    return row["charged_until"] if row else 0


def _due_models(db: sqlite3.Connection, user_id: str, now: int) -> list[sqlite3.Row]:
    return db.execute(_DUE, {"user_id": user_id, "now": now, "running": RUNNING}).fetchall()


def _charge_models(
    db: sqlite3.Connection, new_id: Callable[[str], str], user_id: str, now: int
) -> None:
    for model in _due_models(db, user_id, now):
        rest = model["rest"]
        reserved = _reserved(db, model)
        months: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for start, stop in _slices(model["start"], model["stop"], reserved):
            gpus = model["gpu_count"] * REPLICAS - _held(reserved, start)
            nanos, rest = divmod(max(0, gpus) * model["rate"] * (stop - start) + rest, HOUR)
            if nanos:
                # Its last moment, so that it is of the hour, the day and the month that it is for.
                months[month_of(start)[0]].append((-nanos, stop - 1))
        for month, entries in months.items():
            accrue(db, _month_transaction(db, new_id, model, month), user_id, entries, HOUR)
        db.execute(
            "INSERT OR REPLACE INTO gpu_usage VALUES (?, ?, ?)", (model["id"], model["stop"], rest)
        )


def _reserved(db: sqlite3.Connection, model: sqlite3.Row) -> list[_Reserved]:
    rows = db.execute(
        "SELECT gpu_count, start_at, min(end_at, coalesce(canceled_at, end_at)) AS stop "
        "FROM reserved_deployments WHERE model_id = ? AND gpu_type = ?",
        (model["id"], model["gpu_type"]),
    )
    return [_Reserved(row["gpu_count"], row["start_at"], row["stop"]) for row in rows]


def _held(reserved: Sequence[_Reserved], moment: int) -> int:
    """Return how many GPUs are paid for at a time."""
    return sum(each.gpus for each in reserved if each.start <= moment < each.stop)


def _slices(start: int, stop: int, reserved: Sequence[_Reserved]) -> Iterator[tuple[int, int]]:
    """Cut a time where an hour ends, and where a reservation begins or ends."""
    edges = {edge for each in reserved for edge in (each.start, each.stop)}
    while start < stop:
        hour = start - start % HOUR + HOUR
        end = min(stop, hour, *(edge for edge in edges if edge > start))
        yield start, end
        start = end


def _month_transaction(
    db: sqlite3.Connection, new_id: Callable[[str], str], model: sqlite3.Row, month: int
) -> int:
    """Return the position of a model's transaction for a month, made if need be."""
    first_day = from_micros(month)
    subject = f"{first_day:%Y-%m} {model['id']}"
    position = find_transaction(db, model["user_id"], GPU_USAGE, subject)
    if position is not None:
        return position
    gpu = model["gpu_type"].removeprefix("GPU_TYPE_")
    text = f"{model['name']} on {model['gpu_count']} {gpu} in {first_day:%B %Y}"
    since = max(month, model["since"])
    return open_transaction(
        db,
        NewTransaction(new_id("tx"), model["user_id"], GPU_USAGE, text, since, subject=subject),
    )
