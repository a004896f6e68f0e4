"""Charges for Serverless inference: tokens x rates, exactly, in one transaction a month.

A charge is ``tokens * rate / 1,000,000``, which may end in a fraction of a nano. Whole nanos are
charged; the fraction is kept with the month, the model and the kind of token, and is added to the
next charge there. So the charge of a month is that of all its tokens together, rounded down once
per model and kind, whatever the order and size of the requests.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tensormesh_local.clock import format_time, from_micros, to_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.billing.ledger import (
    SERVERLESS_USAGE,
    NewId,
    accumulating_transaction,
)
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.prices import Rates, cost
from tensormesh_local.control_plane.billing.usage import MinuteSums
from tensormesh_local.control_plane.context import Json
from tensormesh_local.control_plane.state import Database, Row

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

_NO_RESTS: Final = {"input_rest": 0, "cached_rest": 0, "output_rest": 0}


def month_transaction(db: Database, new_id: NewId, user_id: str, moment: int) -> int:
    """Return the position of the user's transaction for a month, creating it if necessary."""
    start = from_micros(month_of(moment)[0])
    subject, text = f"{start:%Y-%m}", f"Serverless inference in {start:%B %Y}"
    return accumulating_transaction(db, new_id, user_id, SERVERLESS_USAGE, subject, text, moment)


def charge(db: Database, transaction: int, model: str, sums: MinuteSums, rates: Rates) -> int:
    """Add requests to the spending of a month, and return the nanos to charge for them."""
    row = db.one(
        "SELECT * FROM serverless_spend WHERE transaction_position = ? AND model = ?",
        (transaction, model),
    )
    rests = row or _NO_RESTS
    costs = [
        cost(sums.prompt_tokens - sums.cached_tokens, rates.input, rests["input_rest"]),
        cost(sums.cached_tokens, rates.cached_input, rests["cached_rest"]),
        cost(sums.completion_tokens, rates.output, rests["output_rest"]),
    ]
    (given, given_rest), (cached, cached_rest), (output, output_rest) = costs
    db.accumulate(
        "serverless_spend",
        {"transaction_position": transaction, "model": model},
        requests=sums.requests - sums.errors,
        prompt_tokens=sums.prompt_tokens,
        cached_tokens=sums.cached_tokens,
        completion_tokens=sums.completion_tokens,
        input_nanos=given,
        cached_nanos=cached,
        output_nanos=output,
        input_rest=given_rest - rests["input_rest"],
        cached_rest=cached_rest - rests["cached_rest"],
        output_rest=output_rest - rests["output_rest"],
    )
    return given + cached + output


def serverless_spend(db: Database, transaction: Row) -> Json:
    """Return the details of a month's transaction, with models in alphabetical order."""
    first_day = datetime.fromisoformat(transaction["subject"] + "-01T00:00:00+00:00")
    start, end = month_of(to_micros(first_day))
    rows = db.all(
        "SELECT * FROM serverless_spend WHERE transaction_position = ? ORDER BY model",
        (transaction["position"],),
    )
    return {
        "periodStart": format_time(start),
        "periodEnd": format_time(end),
        "models": [_model_spend(row) for row in rows],
    }


def _model_spend(row: Row) -> Json:
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
