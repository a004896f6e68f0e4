"""CPU of an answer of 2 KB read into an object, one call after the other on one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import Any

from tensormesh import Tensormesh

from .answers import INVOICE, MODEL
from .measure import cpu_microseconds, ratio, take_turns
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai, openai


@dataclass
class Seller:
    """Who is to be paid."""

    name: str
    city: str
    vat_id: str


@dataclass
class Line:
    """One line of an invoice."""

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


def _pydantic_model() -> Any:
    """The same as a pydantic model, which comes with openai."""
    make = import_module("pydantic").create_model
    seller = make("Seller", name=(str, ...), city=(str, ...), vat_id=(str, ...))
    line = make(
        "Line", item=(str, ...), quantity=(int, ...), price=(float, ...), tags=(list[str], ...)
    )
    lines = list[line]  # type: ignore[valid-type] # at run time
    return make(
        "Invoice", number=(str, ...), seller=(seller, ...), lines=(lines, ...), total=(float, ...)
    )


def _tensormesh(url: str, model: Any) -> Callable[[], Any]:
    client = Tensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    parse = client.inference.serverless.chat.completions.parse
    return lambda: parse(model=MODEL, messages=MESSAGES, response_model=model).parsed


def _openai(url: str, model: Any) -> Callable[[], Any]:
    parse = openai().OpenAI(api_key=API_KEY, base_url=f"{url}/v1").chat.completions.parse
    return lambda: (
        parse(model=MODEL, messages=MESSAGES, response_format=model).choices[0].message.parsed
    )


def _measure(call: Callable[[], Any], calls: int) -> Callable[[], float]:
    assert len(call().lines) == len(INVOICE["lines"])

    def many() -> None:
        for _ in range(calls):
            call()

    return lambda: cpu_microseconds(many, calls)


def run(setting: Setting) -> Iterator[Row]:
    """Our `parse` with a dataclass, and openai's with a pydantic model."""
    url = f"{setting.url}/invoice"
    calls = setting.choose(200, 60)
    contestants = {"dataclass": _measure(_tensormesh(url, Invoice), calls)}
    if has_openai():
        model = _pydantic_model()
        contestants["pydantic"] = _measure(_tensormesh(url, model), calls)
        contestants["openai"] = _measure(_openai(url, model), calls)
    figures = take_turns(contestants, setting.choose(9, 5))
    shown = ", ".join(f"{name} {median(values):.0f} µs" for name, values in figures.items())
    yield Row(
        suite="structured",
        name="parse() of a 2 KB response / openai with pydantic",
        reached=ratio(figures, "dataclass", "openai") if has_openai() else None,
        target=0.3,
        note=shown if has_openai() else "openai is not installed",
    )
