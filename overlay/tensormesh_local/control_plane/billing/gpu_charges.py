"""Charges for running models: GPU count x hours x hourly rate, computed exactly.

Nothing runs in the background: operations that read or change a balance settle the account first,
which charges what has come due since. A charge is ``gpus * rate * time / hour``, which may end in
a fraction of a nano; the fraction is kept with the model and added to the next charge. So the
charge of a model is that of all its running time together, rounded down once, however often the
account is settled. A model has one transaction for each calendar month (UTC), with an entry for
each hour.

GPUs that are reserved for the model are paid for, and cost nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tensormesh_local.clock import HOUR, from_micros
from tensormesh_local.control_plane.billing.ledger import (
    GPU_USAGE,
    NewId,
    accumulating_transaction,
    move,
)
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.renewals import first_renewal, renew
from tensormesh_local.control_plane.state import Database, Row

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS gpu_usage (
    model_id TEXT PRIMARY KEY REFERENCES models (id),
    charged_until INTEGER NOT NULL,
    rest INTEGER NOT NULL
) WITHOUT ROWID;
"""

RUNNING: Final = "MODEL_STATUS_RUNNING"
"""The status in which models are charged."""

REPLICAS: Final = 1
"""How many replicas a running model has, each on all its GPUs."""

# Models that ran since they were last charged. GPUs without an active price are free.
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
    """Reserved GPUs, from start to stop in microseconds."""

    gpus: int
    start: int
    stop: int


def settle(db: Database, new_id: NewId, user_id: str, now: int) -> None:
    """Charge an account for everything that has come due: running models, and renewals."""
    renewal = first_renewal(db, user_id, now)
    if renewal is not None:
        # Renewals are paid from the balance that is left at that time.
        _charge_models(db, new_id, user_id, renewal)
        renew(db, new_id, user_id, now)
    _charge_models(db, new_id, user_id, now)


def settle_all(db: Database, new_id: NewId, now: int) -> None:
    """Settle the accounts of all users who have models, for example before a price changes."""
    for row in db.all("SELECT DISTINCT user_id FROM models"):
        settle(db, new_id, row["user_id"], now)


def charged_until(db: Database, model_id: str) -> int:
    """Return the time until which a model is charged, in microseconds; 0 if it never was."""
    row = db.one("SELECT * FROM gpu_usage WHERE model_id = ?", (model_id,))
    return row["charged_until"] if row else 0


def _charge_models(db: Database, new_id: NewId, user_id: str, now: int) -> None:
    for model in db.all(_DUE, {"user_id": user_id, "now": now, "running": RUNNING}):
        rest = model["rest"]
        reserved = _reserved(db, model)
        months: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for start, stop in _slices(model["start"], model["stop"], reserved):
            held = sum(each.gpus for each in reserved if each.start <= start < each.stop)
            gpus = max(0, model["gpu_count"] * REPLICAS - held)
            nanos, rest = divmod(gpus * model["rate"] * (stop - start) + rest, HOUR)
            if nanos:
                # The last moment of the slice, which is in the hour, day and month charged.
                months[month_of(start)[0]].append((-nanos, stop - 1))
        for month, entries in months.items():
            move(db, _month_transaction(db, new_id, model, month), user_id, entries, span=HOUR)
        db.execute(
            "INSERT OR REPLACE INTO gpu_usage VALUES (?, ?, ?)", (model["id"], model["stop"], rest)
        )


def _reserved(db: Database, model: Row) -> list[_Reserved]:
    rows = db.all(
        "SELECT gpu_count, start_at, min(end_at, coalesce(canceled_at, end_at)) AS stop "
        "FROM reserved_deployments WHERE model_id = ? AND gpu_type = ?",
        (model["id"], model["gpu_type"]),
    )
    return [_Reserved(row["gpu_count"], row["start_at"], row["stop"]) for row in rows]


def _slices(start: int, stop: int, reserved: Sequence[_Reserved]) -> Iterator[tuple[int, int]]:
    """Split a time where an hour ends, and where a reservation starts or ends."""
    edges = {edge for each in reserved for edge in (each.start, each.stop)}
    while start < stop:
        hour = start - start % HOUR + HOUR
        end = min(stop, hour, *(edge for edge in edges if edge > start))
        yield start, end
        start = end


def _month_transaction(db: Database, new_id: NewId, model: Row, month: int) -> int:
    """Return the position of a model's transaction for a month, creating it if necessary."""
    first_day = from_micros(month)
    gpu = model["gpu_type"].removeprefix("GPU_TYPE_")
    return accumulating_transaction(
        db,
        new_id,
        model["user_id"],
        GPU_USAGE,
        f"{first_day:%Y-%m} {model['id']}",
        f"{model['name']} on {model['gpu_count']} {gpu} in {first_day:%B %Y}",
        max(month, model["since"]),
    )
