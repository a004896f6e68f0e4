"""Add up the costs of inference and the cache savings, exactly."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING

from tensormesh_cli._errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensormesh.types import (
        BillingTransaction,
        Money,
        ServerlessPricing,
        ServerlessUsageBucket,
    )
    from tensormesh_cli.commands.cost.window import Window

_RATE_TOKENS = Decimal(1_000_000)
_NANO = Decimal("1e-9")
_UNUSED = ("_FAILED", "_CANCELED")
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class ModelCost:
    """The costs of one model.

    Attributes:
        model: Serverless name.
        requests: Requests in the window.
        prompt_tokens: Input tokens in the window, including cached ones.
        cached_tokens: Input tokens from the cache in the window.
        completion_tokens: Output tokens in the window.
        spend: Costs in the months of the report.
        saved: Cache savings in the window, or None if no price is known.
    """

    model: str
    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    spend: Decimal = Decimal(0)
    saved: Decimal | None = Decimal(0)


@dataclass(frozen=True)
class Report:
    """The costs of inference.

    Attributes:
        window: Time range.
        currency: Currency of all amounts.
        models: Costs by model, highest first.
        subtotal: Costs of all models.
        saved: Cache savings, as far as prices are known.
        notes: Remarks about the numbers.
    """

    window: Window
    currency: str
    models: tuple[ModelCost, ...]
    subtotal: Decimal
    saved: Decimal
    notes: tuple[str, ...] = field(default_factory=tuple)


def make_report(
    window: Window,
    transactions: Iterable[BillingTransaction],
    usage: Iterable[ServerlessUsageBucket],
    pricing: Iterable[ServerlessPricing],
) -> Report:
    """Add up a report.

    Args:
        window: Time range.
        transactions: Transactions of the user, at least in the months that the window touches.
        usage: Usage of the user in the window.
        pricing: Prices of the models.

    Raises:
        CliError: Amounts are in several currencies.
    """
    with localcontext(_EXACT):
        currencies: set[str] = set()
        spends = _spends(window, transactions, currencies)
        lines = _usage(usage)
        rates = {entry.model: entry.input_rate for entry in pricing if entry.input_rate is not None}
        models = []
        for name in lines.keys() | spends.keys():
            line = lines.get(name, ModelCost(name))
            saved = _saved(line, rates.get(name), currencies)
            models.append(replace(line, spend=spends.get(name, Decimal(0)), saved=saved))
        if len(currencies) > 1:
            raise CliError(
                f"cannot add amounts in {' and '.join(sorted(currencies))}",
                hint="`tm billing transactions list` shows them one by one",
            )
        models.sort(key=lambda line: (-line.spend, -line.prompt_tokens, line.model))
        return Report(
            window,
            next(iter(currencies), "USD"),
            tuple(models),
            sum((line.spend for line in models), Decimal(0)),
            sum((line.saved or Decimal(0) for line in models), Decimal(0)),
            tuple(_notes(window, models)),
        )


def _spends(
    window: Window, transactions: Iterable[BillingTransaction], currencies: set[str]
) -> dict[str, Decimal]:
    months = window.months
    spends: dict[str, Decimal] = defaultdict(Decimal)
    for transaction in transactions:
        spend = transaction.details.serverless if transaction.details else None
        if spend is None or (transaction.status or "").endswith(_UNUSED):
            continue
        if spend.period_end <= months.start or spend.period_start >= months.end:
            continue
        for line in spend.models:
            spends[line.model] += _amount(line.amount, currencies)
    return dict(spends)


def _amount(money: Money, currencies: set[str]) -> Decimal:
    amount = money.to_decimal()
    if amount:
        currencies.add(money.currency_code)
    return amount


def _usage(buckets: Iterable[ServerlessUsageBucket]) -> dict[str, ModelCost]:
    lines: dict[str, ModelCost] = {}
    for bucket in buckets:
        line = lines.get(bucket.model) or ModelCost(bucket.model)
        lines[bucket.model] = replace(
            line,
            requests=line.requests + int(bucket.requests or 0),
            prompt_tokens=line.prompt_tokens + int(bucket.prompt_tokens or 0),
            cached_tokens=line.cached_tokens + int(bucket.cached_tokens or 0),
            completion_tokens=line.completion_tokens + int(bucket.completion_tokens or 0),
        )
    return lines


def _saved(line: ModelCost, rate: Money | None, currencies: set[str]) -> Decimal | None:
    if not line.cached_tokens:
        return Decimal(0)
    if rate is None:
        return None
    # Round to the API's precision, so that the lines add up to the total.
    return (line.cached_tokens * _amount(rate, currencies) / _RATE_TOKENS).quantize(_NANO)


def _notes(window: Window, models: Iterable[ModelCost]) -> Iterable[str]:
    if not window.is_whole_months:
        months = window.months
        yield (
            "Spend is recorded by calendar month and covers "
            f"{months.start:%Y-%m-%d} to {months.end:%Y-%m-%d} (UTC, end excluded). "
            "Requests, tokens and savings cover only the requested range."
        )
    unpriced = sorted(line.model for line in models if line.saved is None)
    if unpriced:
        yield f"No price is published for {', '.join(unpriced)}; savings are not counted."
