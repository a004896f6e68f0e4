"""Charges for Serverless inference: tokens x rates, exactly, in one transaction a month.

A charge is ``tokens * rate / 1,000,000``, which may end in a fraction of a nano. Whole nanos are
charged; the fraction is kept with the month, the model and the kind of token, and is added to the
next charge there. So the charge of a month is that of all its tokens together, rounded down once
per model and kind, whatever the order and size of the requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tensormesh_local.clock import format_time, from_micros, to_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.billing.ledger import (
    SERVERLESS_USAGE,
    NewId,
    find_transaction,
    open_transaction,
)
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.prices import TOKENS_PER_RATE, Rates
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


@dataclass(frozen=True, slots=True)
class Tokens:
    """What requests used; ``prompt`` includes ``cached``."""

    requests: int
    prompt: int
    cached: int
    completion: int


def month_transaction(db: Database, new_id: NewId, user_id: str, moment: int) -> int:
    """Return the position of the user's transaction for a month, creating it if necessary."""
    start = from_micros(month_of(moment)[0])
    subject = f"{start:%Y-%m}"
    position = find_transaction(db, user_id, SERVERLESS_USAGE, subject)
    if position is not None:
        return position
    text = f"Serverless inference in {start:%B %Y}"
    return open_transaction(
        db, new_id("tx"), user_id, SERVERLESS_USAGE, text, moment, subject=subject
    )


def charge(db: Database, transaction: int, model: str, tokens: Tokens, rates: Rates) -> int:
    """Add requests to the spending of a month, and return the nanos to charge for them."""
    row = db.one(
        "SELECT * FROM serverless_spend WHERE transaction_position = ? AND model = ?",
        (transaction, model),
    )
    rests = row or _NO_RESTS
    costs = [
        cost(tokens.prompt - tokens.cached, rates.input, rests["input_rest"]),
        cost(tokens.cached, rates.cached_input, rests["cached_rest"]),
        cost(tokens.completion, rates.output, rests["output_rest"]),
    ]
    (given, given_rest), (cached, cached_rest), (output, output_rest) = costs
    db.accumulate(
        "serverless_spend",
        {"transaction_position": transaction, "model": model},
        requests=tokens.requests,
        prompt_tokens=tokens.prompt,
        cached_tokens=tokens.cached,
        completion_tokens=tokens.completion,
        input_nanos=given,
        cached_nanos=cached,
        output_nanos=output,
        input_rest=given_rest - rests["input_rest"],
        cached_rest=cached_rest - rests["cached_rest"],
        output_rest=output_rest - rests["output_rest"],
    )
    return given + cached + output


def cost(tokens: int, rate: int, rest: int = 0) -> tuple[int, int]:
    """Return the cost of tokens in whole nanos, and the rest in millionths of a nano."""
    return divmod(tokens * rate + rest, TOKENS_PER_RATE)


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
