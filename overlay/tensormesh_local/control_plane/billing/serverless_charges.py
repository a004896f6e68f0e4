"""What Serverless inference costs: tokens times rates, exactly, in one transaction a month.

A cost is ``tokens * rate / 1,000,000``, which may end in a fraction of a nano. Charged are whole
nanos; the fraction is kept with the month, the model and the kind of token that it comes from,
and is part of the next charge there. So a month's cost is that of all its tokens together,
rounded down once per model and kind, whatever the order and size of the requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import format_time, from_micros, to_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.billing.ledger import (
    SERVERLESS_USAGE,
    NewTransaction,
    find_transaction,
    open_transaction,
)
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.prices import TOKENS_PER_RATE, Rates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS serverless_spend (
    transaction_position INTEGER NOT NULL REFERENCES transactions (position),
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    input_nanos INTEGER NOT NULL,
    cached_nanos INTEGER NOT NULL,
    output_nanos INTEGER NOT NULL,
    input_rest INTEGER NOT NULL,
    cached_rest INTEGER NOT NULL,
    output_rest INTEGER NOT NULL,
    PRIMARY KEY (transaction_position, model)
) WITHOUT ROWID;
"""

_NOTHING_YET: Final = {"input_rest": 0, "cached_rest": 0, "output_rest": 0}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What requests took; ``prompt`` includes ``cached``."""

    requests: int
    prompt: int
    cached: int
    completion: int


def month_transaction(
    db: sqlite3.Connection, new_id: Callable[[str], str], user_id: str, moment: int
) -> int:
    """Return the position of the user's transaction for the month of a time, made if need be."""
    start = from_micros(month_of(moment)[0])
    subject = f"{start:%Y-%m}"
    position = find_transaction(db, user_id, SERVERLESS_USAGE, subject)
    if position is not None:
        return position
    description = f"Serverless inference in {start:%B %Y}"
    return open_transaction(
        db,
        NewTransaction(
            new_id("tx"), user_id, SERVERLESS_USAGE, description, moment, subject=subject
        ),
    )


def charge(
    db: sqlite3.Connection, transaction: int, model: str, tokens: Tokens, rates: Rates
) -> int:
    """Add requests to a month's spend; return the nanos to take from the balance for them."""
    row = db.execute(
        "SELECT * FROM serverless_spend WHERE transaction_position = ? AND model = ?",
        (transaction, model),
    ).fetchone()
    rests = row or _NOTHING_YET
    costs = [
        cost(tokens.prompt - tokens.cached, rates.input, rests["input_rest"]),
        cost(tokens.cached, rates.cached_input, rests["cached_rest"]),
        cost(tokens.completion, rates.output, rests["output_rest"]),
    ]
    nanos, left = [each[0] for each in costs], [each[1] for each in costs]
    db.execute(
        "INSERT INTO serverless_spend VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, "
        "prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
        "cached_tokens = cached_tokens + excluded.cached_tokens, "
        "completion_tokens = completion_tokens + excluded.completion_tokens, "
        "input_nanos = input_nanos + excluded.input_nanos, "
        "cached_nanos = cached_nanos + excluded.cached_nanos, "
        "output_nanos = output_nanos + excluded.output_nanos, "
        "input_rest = excluded.input_rest, cached_rest = excluded.cached_rest, "
        "output_rest = excluded.output_rest",
        (
            transaction,
            model,
            tokens.requests,
            tokens.prompt,
            tokens.cached,
            tokens.completion,
            *nanos,
            *left,
        ),
    )
    return sum(nanos)


def cost(tokens: int, rate: int, rest: int = 0) -> tuple[int, int]:
    """Return what tokens cost, as whole nanos and millionths of one; ``rest`` is added first."""
    return divmod(tokens * rate + rest, TOKENS_PER_RATE)


def serverless_spend(db: sqlite3.Connection, transaction: sqlite3.Row) -> dict[str, Any]:
    """Return the details of a month's transaction, models in alphabetical order."""
    first_day = datetime.fromisoformat(transaction["subject"] + "-01T00:00:00+00:00")
    start, end = month_of(to_micros(first_day))
    rows = db.execute(
        "SELECT * FROM serverless_spend WHERE transaction_position = ? ORDER BY model",
        (transaction["position"],),
    )
    return {
        "periodStart": format_time(start),
        "periodEnd": format_time(end),
        "models": [_model_spend(row) for row in rows],
    }


def _model_spend(row: sqlite3.Row) -> dict[str, Any]:
    parts = [row["input_nanos"], row["cached_nanos"], row["output_nanos"]]
    return {
        "model": row["model"],
        "promptTokens": str(row["prompt_tokens"]),
        "cachedTokens": str(row["cached_tokens"]),
        "completionTokens": str(row["completion_tokens"]),
        "requests": str(row["requests"]),
        "inputAmount": money.to_wire(parts[0]),
        "cachedInputAmount": money.to_wire(parts[1]),
        "outputAmount": money.to_wire(parts[2]),
        "amount": money.to_wire(sum(parts)),
    }
