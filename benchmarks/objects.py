"""A page of 1,000 entries from bytes to typed objects, next to pydantic and bare JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tensormesh._json import loads
from tensormesh_api.control_plane.api.billing.list_billing_transactions import parse_response

from .answers import PAGE_SIZE, page
from .measure import cpu_microseconds, ratio, take_turns
from .report import Row
from .setting import Setting

PARSES = 20


class _Model(BaseModel):
    """What goes for all models here: unknown fields are kept, as the SDK keeps them."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")


class Money(_Model):
    """The shape of an amount."""

    currency_code: str
    units: str = "0"
    nanos: int = 0


class Details(_Model):
    """Details, of which the page has none."""

    serverless: dict[str, Any] | None = None


class Transaction(_Model):
    """The shape of a transaction."""

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
    """The shape of the answer."""

    transactions: list[Transaction]
    next_page_token: str | None = None


def run(setting: Setting) -> Iterator[Row]:
    """CPU of each page, without the network."""
    body = page(0, 2)
    # Private: only a call would read a page through public functions, and a call has a network.
    readers: dict[str, Callable[[], object]] = {
        "tensormesh": lambda: parse_response(loads(body)),
        "pydantic": lambda: Page.model_validate_json(body),
        "pydantic of dicts": lambda: Page.model_validate(json.loads(body)),
        "json.loads": lambda: json.loads(body),
        "decoding alone": lambda: loads(body),
    }
    figures = take_turns(
        {name: _measure(read) for name, read in readers.items()}, setting.choose(21, 7)
    )
    note = ", ".join(f"{name} {median(all_) / 1e3:.2f} ms" for name, all_ in figures.items())
    for peer, target in (("pydantic", 0.25), ("json.loads", 2)):
        yield Row(
            suite="objects",
            name=f"page of {PAGE_SIZE:,} entries, parsed to objects / {peer}",
            reached=ratio(figures, "tensormesh", peer),
            target=target,
            note=note,
        )


def _measure(read: Callable[[], object]) -> Callable[[], float]:
    def many() -> None:
        for _ in range(PARSES):
            read()

    return lambda: cpu_microseconds(many, PARSES)
