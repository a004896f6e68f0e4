"""CPU time of `parse()` for a response of 2 KB, one call after the other on one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .clients import MESSAGES, is_installed, openai_client, tensormesh_completions
from .measure import Setting, cpu_timer, ratio_row, show_medians, take_turns
from .report import Row
from .responses import INVOICE, MODEL


@dataclass
class Seller:
    """The seller of an invoice."""

    name: str
    city: str
    vat_id: str


@dataclass
class Line:
    """A line of an invoice."""

    item: str
    quantity: int
    price: float
    tags: list[str]


@dataclass
class Invoice:
    """An invoice."""

    number: str
    seller: Seller
    lines: list[Line]
    total: float


def run(setting: Setting) -> Iterator[Row]:
    """Compare the SDK, with a dataclass, and openai, with a pydantic model."""
    url = f"{setting.url}/invoice"
    parsers = {"dataclass": _tensormesh(url, Invoice)}
    if is_installed("openai"):
        model = _pydantic_model()
        parsers |= {"pydantic": _tensormesh(url, model), "openai": _openai(url, model)}
    calls = setting.choose(200, 60)
    for parse in parsers.values():
        assert len(parse().lines) == len(INVOICE["lines"])
    timers = {name: cpu_timer(parse, calls=calls) for name, parse in parsers.items()}
    figures = take_turns(timers, setting.choose(9, 5))
    name = "parse() of a 2 KB response / openai with pydantic"
    note = show_medians(figures, "{:.0f} µs")
    yield ratio_row(figures, name, "dataclass", "openai", 0.3, note=note)


def _pydantic_model() -> Any:
    """Return the same model for pydantic, which openai depends on."""
    from pydantic import create_model

    seller = create_model("Seller", name=str, city=str, vat_id=str)
    line = create_model("Line", item=str, quantity=int, price=float, tags=list[str])
    lines = list[line]  # type: ignore[valid-type] # created at run time
    return create_model("Invoice", number=str, seller=seller, lines=lines, total=float)


def _tensormesh(url: str, model: Any) -> Callable[[], Any]:
    parse = tensormesh_completions(url).parse
    return lambda: parse(model=MODEL, messages=MESSAGES, response_model=model).parsed


def _openai(url: str, model: Any) -> Callable[[], Any]:
    parse = openai_client(url).chat.completions.parse
    return lambda: (
        parse(model=MODEL, messages=MESSAGES, response_format=model).choices[0].message.parsed
    )
