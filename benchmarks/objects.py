"""CPU time to parse a page of 1,000 entries into objects, next to pydantic and plain JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tensormesh._json import loads
from tensormesh_api.control_plane.api.billing.list_billing_transactions import parse_response

from .measure import Setting, cpu_timer, ratio_row, show_medians, take_turns
from .report import Row
from .responses import PAGE_SIZE, page


class _Model(BaseModel):
    """Base of the models. It keeps unknown fields, as the SDK does."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")


class Money(_Model):
    """An amount."""

    currency_code: str
    units: str = "0"
    nanos: int = 0


class Details(_Model):
    """Details of a transaction. The page has none."""

    serverless: dict[str, Any] | None = None


class Transaction(_Model):
    """A transaction."""

    transaction_id: str
    amount: Money
    stripe_payment_intent_id: str | None = None
    payment_method_id: str | None = None
    created_at: datetime | None = None
    description: str | None = None
    status: str | None = None
    type: str | None = None
    details: Details | None = None


class Page(_Model):
    """The whole response."""

    transactions: list[Transaction]
    next_page_token: str | None = None


def run(setting: Setting) -> Iterator[Row]:
    """Compare the CPU time of a page, without the network."""
    body = page(0, 2)
    # Private: public functions read pages from the network only.
    readers: dict[str, Callable[[], object]] = {
        "tensormesh": lambda: parse_response(loads(body)),
        "pydantic": lambda: Page.model_validate_json(body),
        "pydantic of dicts": lambda: Page.model_validate(json.loads(body)),
        "json.loads": lambda: json.loads(body),
        "decoding alone": lambda: loads(body),
    }
    timers = {name: _milliseconds(read) for name, read in readers.items()}
    figures = take_turns(timers, setting.choose(21, 7))
    note = show_medians(figures, "{:.2f} ms")
    for peer, target in (("pydantic", 0.25), ("json.loads", 2)):
        name = f"page of {PAGE_SIZE:,} entries, parsed to objects / {peer}"
        yield ratio_row(figures, name, "tensormesh", peer, target, note=note)


def _milliseconds(read: Callable[[], object]) -> Callable[[], float]:
    microseconds = cpu_timer(read, calls=20)
    return lambda: microseconds() / 1e3
