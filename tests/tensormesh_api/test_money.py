"""Amounts of money are exact, and cannot be mistaken."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh.types import Money

NANO = Decimal(1).scaleb(-9)
nanos = st.integers(-(2**63) * 10**9 + 1, 2**63 * 10**9 - 1)


def money(units: Any = None, nanos: Any = None, currency: str = "USD") -> Money:
    given = {"currencyCode": currency, "units": units, "nanos": nanos}
    return Money.from_dict({key: value for key, value in given.items() if value is not None})


def decimal_of(total: int) -> Decimal:
    return Decimal(total).scaleb(-9)


@given(nanos)
def test_every_amount_survives_the_way_there_and_back(total: int) -> None:
    amount = Money.from_decimal(decimal_of(total))
    assert amount.to_decimal() == decimal_of(total)
    assert Money.from_dict(amount.to_dict()) == amount
    assert int(amount.units) * amount.nanos >= 0
    assert abs(amount.nanos) < 10**9


@given(nanos, nanos)
def test_amounts_are_ordered_as_their_decimals(one: int, other: int) -> None:
    here, there = Money.from_decimal(decimal_of(one)), Money.from_decimal(decimal_of(other))
    assert (here < there, here <= there) == (one < other, one <= other)
    assert (here > there, here >= there) == (one > other, one >= other)
    assert (here == there) == (one == other)
    assert bool(here) == (one != 0)


@given(nanos)
def test_what_is_printed_is_the_exact_amount(total: int) -> None:
    amount, currency = str(Money.from_decimal(decimal_of(total), "EUR")).split(" ")
    assert Decimal(amount) == decimal_of(total)
    assert currency == "EUR"
    assert len(amount.partition(".")[2]) >= 2


@for_each(
    ("units", "nanos", "expected"),
    [
        ("1", 750_000_000, "1.75"),
        ("-1", -750_000_000, "-1.75"),
        (None, 500_000_000, "0.5"),
        ("", 500_000_000, "0.5"),
        (None, None, "0"),
        (7, None, "7"),
        (7.0, 0, "7"),
        ("9223372036854775807", 999_999_999, "9223372036854775807.999999999"),
    ],
)
def test_forms_of_the_wire_are_read(units: Any, nanos: Any, expected: str) -> None:
    amount = money(units, nanos)
    assert amount.to_decimal() == Decimal(expected)
    assert type(amount.units) is str
    assert type(amount.nanos) is int


def test_what_was_left_out_is_zero_and_stays_left_out() -> None:
    amount = Money.from_dict({"currencyCode": "USD"})
    assert (amount.units, amount.nanos) == ("0", 0)
    assert amount.to_dict() == {"currencyCode": "USD"}
    assert amount == Money.from_decimal(0)


@pytest.mark.parametrize("units", ["1e3", "one", "0x10"])
def test_units_that_are_no_number_are_named(units: str) -> None:
    with pytest.raises(ValueError, match=f"invalid units '{units}': expected an integer"):
        money(units).to_decimal()


@pytest.mark.parametrize(("units", "nanos"), [("1", -1), ("-1", 1), ("0", 10**9), ("0", -(10**9))])
def test_nanos_that_do_not_go_with_units_are_refused(units: str, nanos: int) -> None:
    with pytest.raises(ValueError, match=r"for units .*: expected the same sign"):
        money(units, nanos).to_decimal()


@for_each("amount", [0.1, True, None, b"1", [1]])
def test_a_float_is_no_amount(amount: Any) -> None:
    with pytest.raises(TypeError, match="amount must be a Decimal, an int or a str, got"):
        Money.from_decimal(amount)


@for_each(
    ("amount", "problem"),
    [
        ("0.0000000001", "nine decimal places"),
        (Decimal("1.0000000001"), "more than nine decimal places"),
        ("NaN", "is not finite"),
        ("Infinity", "is not finite"),
        ("a lot", "expected a decimal number"),
        (2**63, "does not fit into 64 bits"),
        ("1e999999999", "64 bits"),
        ("1e-999999999", "nine decimal places"),
    ],
)
def test_amount_that_cannot_be_exact_is_refused_at_once(amount: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Money.from_decimal(amount)


def test_trailing_zeros_do_not_matter() -> None:
    assert Money.from_decimal("1.500000000000000").nanos == 500_000_000


def test_currencies_are_not_mixed() -> None:
    dollars, euros = Money.from_decimal(1), Money.from_decimal(1, "EUR")
    assert dollars != euros
    with pytest.raises(ValueError, match="cannot compare USD with EUR"):
        assert dollars < euros


def test_an_amount_is_equal_to_nothing_but_amounts() -> None:
    assert Money.from_decimal(1) != 1
    with pytest.raises(TypeError):
        assert Money.from_decimal(1) < 2


def test_broken_amounts_can_still_be_told_apart() -> None:
    assert money("x") == money("x")
    assert money("x") != money("y")


def test_prints_well() -> None:
    assert str(Money.from_decimal("12.5")) == "12.50 USD"
    assert str(Money.from_decimal("-0.000000001", "EUR")) == "-0.000000001 EUR"
    assert str(Money.from_decimal(100)) == "100.00 USD"
    assert repr(money("1", 5)) == "Money(currency_code='USD', units='1', nanos=5)"
