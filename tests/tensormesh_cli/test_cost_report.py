"""`tm cost`: spans of time, sums and how they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh.types import (
    BillingTransaction,
    Money,
    ServerlessModelSpend,
    ServerlessPricing,
    ServerlessSpend,
    ServerlessUsageBucket,
    TransactionDetails,
)
from tensormesh_cli._errors import CliError, UsageFault
from tensormesh_cli.commands.cost.report import Report, make_report
from tensormesh_cli.commands.cost.view import as_data, as_table, bar, short
from tensormesh_cli.commands.cost.window import Window, choose
from tensormesh_cli.output import Screen
from tensormesh_cli.output.text import render_table

NOW = datetime(2026, 5, 20, 15, 30, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(**options: str) -> Window:
    given: dict[str, Any] = dict.fromkeys(("window", "month", "start", "end"))
    return choose(**{**given, **options}, now=NOW)


def test_a_rolling_window_ends_now_and_is_thirty_days_by_default() -> None:
    assert span() == (NOW - timedelta(days=30), NOW)
    assert span(window="24h") == (NOW - timedelta(hours=24), NOW)
    assert span(window="7d") == (NOW - timedelta(days=7), NOW)


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("2026-05", "2026-05-01", "2026-06-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2028-02", "2028-02-01", "2028-03-01"),
    ],
)
def test_a_month_is_that_of_the_calendar_in_utc(month: str, start: str, end: str) -> None:
    assert span(month=month) == (day(start), day(end))
    assert span(month=month).is_whole_months


def test_a_range_begins_where_it_says_and_ends_now_by_default() -> None:
    assert span(start="2026-05-01", end="2026-05-15") == (day("2026-05-01"), day("2026-05-15"))
    assert span(start="2026-05-01") == (day("2026-05-01"), NOW)


@for_each(
    ("options", "named"),
    [
        ({"window": "7d", "month": "2026-05"}, "--window and --month"),
        ({"window": "7d", "start": "2026-05-01"}, "--window and --start"),
        ({"month": "2026-05", "end": "2026-05-02"}, "--month and --end"),
        ({"end": "2026-05-02"}, "--end needs --start"),
        ({"month": "2026-13"}, "--month '2026-13'"),
        ({"month": "26-1"}, "--month '26-1'"),
        ({"month": "9999-12"}, "--month '9999-12'"),
        ({"start": "2026-05-02", "end": "2026-05-01"}, "--start '2026-05-02' is not before --end"),
        ({"start": "2027-01-01"}, "--start '2027-01-01' is not before now"),
        ({"start": "yesterday"}, "--start 'yesterday'"),
    ],
)
def test_spans_that_make_no_sense_are_refused_and_the_option_named(
    options: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageFault) as refused:
        span(**options)
    assert named in refused.value.message


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-05-10", "2026-05-20", ("2026-05-01", "2026-06-01")),
        ("2026-04-30", "2026-05-01", ("2026-04-01", "2026-05-01")),
        ("2025-12-31", "2026-01-02", ("2025-12-01", "2026-02-01")),
    ],
)
def test_the_months_of_a_span_are_those_that_it_touches(
    start: str, end: str, months: tuple[str, str]
) -> None:
    assert Window(day(start), day(end)).months == tuple(map(day, months))


def spend(
    month: str, lines: dict[str, str], *, status: str = "TRANSACTION_STATUS_SUCCEEDED"
) -> BillingTransaction:
    models = [
        ServerlessModelSpend(model=model, amount=Money.from_decimal(amount))
        for model, amount in lines.items()
    ]
    start = day(f"{month}-01")
    end = Window(start, start + timedelta(days=1)).months.end
    details = ServerlessSpend(period_start=start, period_end=end, models=models)
    return BillingTransaction(
        transaction_id="tx",
        amount=Money.from_decimal(1),
        status=status,
        details=TransactionDetails(serverless=details),
    )


def used(model: str, *, cached: int, prompt: int = 0, requests: int = 1) -> ServerlessUsageBucket:
    return ServerlessUsageBucket(
        bucket_start=NOW,
        model=model,
        requests=str(requests),
        prompt_tokens=str(max(prompt, cached)),
        cached_tokens=str(cached),
        completion_tokens="5",
    )


def price(model: str, rate: str, currency: str = "USD") -> ServerlessPricing:
    return ServerlessPricing(model=model, input_rate=Money.from_decimal(rate, currency))


MAY = Window(day("2026-05-01"), day("2026-06-01"))


def test_spend_is_that_of_the_months_and_savings_those_of_the_usage() -> None:
    report = make_report(
        MAY,
        [spend("2026-05", {"a": "4.5", "b": "1"}), spend("2026-04", {"a": "100"})],
        [used("a", cached=400, prompt=900, requests=3), used("a", cached=600), used("c", cached=0)],
        [price("a", "0.15"), price("b", "1")],
    )
    first, second, third = report.models
    assert (first.model, first.spend, first.requests) == ("a", Decimal("4.5"), 4)
    assert (first.prompt_tokens, first.cached_tokens, first.completion_tokens) == (1500, 1000, 10)
    assert first.saved == Decimal("0.00015")
    assert (second.model, second.requests) == ("b", 0)
    assert (second.spend, second.saved) == (Decimal(1), Decimal(0))
    assert (third.model, third.spend, third.saved) == ("c", Decimal(0), Decimal(0))
    assert (report.subtotal, report.saved) == (Decimal("5.5"), Decimal("0.00015"))
    assert report.notes == ()


def test_what_was_not_paid_does_not_count() -> None:
    failed = spend("2026-05", {"a": "4"}, status="TRANSACTION_STATUS_FAILED")
    other = BillingTransaction(transaction_id="t", amount=Money.from_decimal(9))
    assert make_report(MAY, [failed, other], [], []).subtotal == 0


def test_a_span_that_cuts_months_says_that_spend_is_that_of_whole_months() -> None:
    week = Window(day("2026-04-28"), day("2026-05-05"))
    report = make_report(week, [spend("2026-04", {"a": "1"}), spend("2026-05", {"a": "2"})], [], [])
    assert report.subtotal == 3
    assert "2026-04-01 to 2026-06-01" in report.notes[0]


def test_a_model_without_a_price_is_noted_and_its_savings_are_unknown() -> None:
    report = make_report(MAY, [], [used("new", cached=5)], [])
    assert report.models[0].saved is None
    assert "new" in report.notes[0]
    assert as_data(report)["models"][0]["saved"] is None


def test_currencies_are_not_added_up() -> None:
    with pytest.raises(CliError, match="EUR and USD"):
        make_report(
            MAY, [spend("2026-05", {"a": "1"})], [used("a", cached=1)], [price("a", "1", "EUR")]
        )


AMOUNTS = st.integers(0, 10**14).map(lambda nanos: str(Decimal(nanos).scaleb(-9)))
NAMES = st.sampled_from("abcde")


@given(
    st.lists(st.dictionaries(NAMES, AMOUNTS, max_size=5), max_size=4),
    st.lists(st.tuples(NAMES, st.integers(0, 10**12)), max_size=20),
    st.dictionaries(NAMES, AMOUNTS),
)
def test_the_lines_of_a_report_add_up_to_its_totals_exactly(
    spends: list[dict[str, str]], tokens: list[tuple[str, int]], prices: dict[str, str]
) -> None:
    report = make_report(
        MAY,
        [spend("2026-05", lines) for lines in spends],
        [used(model, cached=cached) for model, cached in tokens],
        [price(model, rate) for model, rate in prices.items()],
    )
    data = as_data(report)

    def total(key: str) -> Decimal:
        amounts = (line[key] for line in data["models"] if line[key] is not None)
        return sum((Money.from_dict(amount).to_decimal() for amount in amounts), Decimal(0))

    assert Money.from_dict(data["serverlessSubtotal"]).to_decimal() == total("spend")
    assert Money.from_dict(data["totalSaved"]).to_decimal() == total("saved")
    assert total("spend") == sum(
        (Decimal(amount) for lines in spends for amount in lines.values()), Decimal(0)
    )
    assert sum(line["cachedTokens"] for line in data["models"]) == sum(
        cached for _, cached in tokens
    )


def full_report() -> Report:
    return make_report(
        Window(day("2026-05-02"), day("2026-05-09")),
        [spend("2026-05", {"publisher/quite-a-long-model-name": "53.7439506", "b": "6.7"})],
        [used("publisher/quite-a-long-model-name", cached=111_589_230, prompt=239_220_087)],
        [price("publisher/quite-a-long-model-name", "0.15")],
    )


@for_each("width", [80, 100, 140])
@for_each("bars", [True, False])
def test_a_report_fits_the_terminal_and_keeps_amounts_whole(width: int, bars: bool) -> None:
    screen = Screen(boxed=bars, width=width)
    text = render_table(as_table(full_report(), screen), screen)
    assert max(map(len, text.splitlines())) <= width
    assert "53.7439506" in text
    assert "16.7383845" in text
    assert "60.4439506 USD" in text


def test_bars_are_shares_of_the_dearest_model_in_any_encoding() -> None:
    assert bar(Decimal(1), Screen()) == "█" * 10
    assert bar(Decimal("0.05"), Screen()) == "▌"
    assert bar(Decimal("0.0001"), Screen()) == "▏"
    assert bar(Decimal(0), Screen()) == ""
    assert bar(Decimal("0.5"), Screen(encoding="ascii")) == "#####"
    assert bar(Decimal("0.001"), Screen(encoding="ascii")) == "#"


@for_each(
    ("number", "expected"),
    [(0, "0"), (99_999, "99,999"), (216_249, "216k"), (239_220_087, "239.2M"), (10**13, "10.0T")],
)
def test_counts_are_short_for_people(number: int, expected: str) -> None:
    assert short(number) == expected


def test_an_empty_report_is_a_report() -> None:
    report = make_report(MAY, [], [], [])
    data = as_data(report)
    assert data["models"] == []
    assert data["window"] == {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}
    text = render_table(as_table(report, Screen(width=80)), Screen())
    assert "0.00 USD" in text
