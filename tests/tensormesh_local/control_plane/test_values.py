"""Money, times and ids: exact in both directions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh_local.clock import DAY, format_time, parse_time, to_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.billing.periods import after_periods, periods_until
from tensormesh_local.control_plane.errors import ControlPlaneError
from tensormesh_local.control_plane.ids import IdSource

TIMES = st.datetimes(timezones=st.just(UTC)).map(to_micros)


class TestMoney:
    @given(st.integers(-money.MAX_NANOS, money.MAX_NANOS))
    def test_an_amount_survives_the_round_trip(self, nanos: int) -> None:
        wire = money.to_wire(nanos)
        assert money.from_wire(wire) == nanos
        assert int(wire["units"]) * wire["nanos"] >= 0

    @for_each(
        ("fields", "nanos"),
        [
            ({}, 0),
            ({"units": ""}, 0),
            ({"units": "1", "nanos": 750_000_000}, 1_750_000_000),
            ({"units": -1, "nanos": -1}, -1_000_000_001),
            ({"nanos": -1}, -1),
            ({"units": "-0", "nanos": 5}, 5),
        ],
    )
    def test_units_may_be_text_or_a_number_or_absent(
        self, fields: dict[str, Any], nanos: int
    ) -> None:
        assert money.from_wire({"currencyCode": "USD", **fields}) == nanos

    @for_each(
        ("fields", "wrong"),
        [
            ({"currencyCode": "EUR"}, "currencyCode"),
            ({"currencyCode": None}, "currencyCode"),
            ({"units": "1.0"}, "units"),
            ({"units": True}, "units"),
            ({"units": "\u0661"}, "units"),
            ({"units": "1000000001"}, "units"),
            ({"units": "1000000000", "nanos": 1}, "units"),
            ({"units": "1", "nanos": -1}, "nanos"),
            ({"units": "-1", "nanos": 1}, "nanos"),
            ({"nanos": 1_000_000_000}, "nanos"),
            ({"nanos": 0.5}, "nanos"),
            ({"nanos": True}, "nanos"),
        ],
    )
    def test_what_is_not_exact_is_refused(self, fields: dict[str, Any], wrong: str) -> None:
        with pytest.raises(ControlPlaneError, match=rf"^price\.{wrong}: "):
            money.from_wire({"currencyCode": "USD", **fields}, "price")


class TestTimes:
    @given(TIMES)
    def test_a_time_survives_the_round_trip(self, micros: int) -> None:
        assert parse_time(str(format_time(micros))) == micros

    @for_each(
        ("text", "same"),
        [
            ("2026-05-20T08:00:00.123456789Z", "2026-05-20T08:00:00.123456Z"),
            ("2026-05-20t10:00:00.5+02:00", "2026-05-20T08:00:00.500Z"),
            ("2026-05-20T00:30:00-07:30", "2026-05-20T08:00:00Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ],
    )
    def test_other_forms_are_read(self, text: str, same: str) -> None:
        assert format_time(parse_time(text)) == same

    @for_each(
        "text",
        [
            "",
            "2026-05-20",
            "2026-05-20T08:00:00",
            "2026-02-30T08:00:00Z",
            "2026-05-20T24:00:00Z",
            "2026-05-20T08:00:00+24:00",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:60Z",
            "0000-01-01T00:00:00Z",
            "2026-05-20T08:00:00.Z",
            "\u0662026-05-20T08:00:00Z",
        ],
    )
    def test_what_is_no_time_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - it has no message of its own
            parse_time(text)

    @given(
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        st.sampled_from(["HOURLY", "DAILY", "MONTHLY", "YEARLY", "UNSPECIFIED"]),
        st.integers(1, 500),
        st.integers(1, DAY),
    )
    def test_periods_reach_just_as_far_as_needed(
        self, moment: datetime, period: str, count: int, less: int
    ) -> None:
        start, name = to_micros(moment), f"BILLING_PERIOD_{period}"
        end = after_periods(start, name, count)
        assert end > after_periods(start, name, count - 1)
        assert periods_until(start, end, name, 1000) == count
        assert periods_until(start, end + 1, name, count) == count
        assert periods_until(start, max(start + 1, end - less), name, 1000) <= count


class TestIds:
    def test_a_seed_gives_the_same_ids_and_a_generation_others(self) -> None:
        def ids(source: IdSource) -> list[str]:
            return [source.new_id("key"), source.new_uuid(), source.new_secret("ak")]

        assert ids(IdSource(7)) == ids(IdSource(7))
        every = [*ids(IdSource(7)), *ids(IdSource(7, 1)), *ids(IdSource(8)), *ids(IdSource())]
        assert len(set(every)) == 12
