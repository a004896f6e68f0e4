"""`tm cost` as a program against the local host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command_line import tm
from support.infer_runs import environment, run

from tensormesh import Tensormesh
from tensormesh.types import Money
from tensormesh_local import LocalHost

MONTH = "--month"


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return {
        "TM_CONFIG_HOME": str(tmp_path),
        "TENSORMESH_CONTROL_PLANE_BASE_URL": host.control_plane_base_url,
        "TENSORMESH_CONTROL_PLANE_TOKEN": host.control_plane_token,
    }


@pytest.fixture(scope="module")
def booked(host: LocalHost) -> dict[str, Decimal]:
    """What the ledger says was spent in each month that is over."""
    with Tensormesh(
        control_plane_base_url=host.control_plane_base_url,
        control_plane_token=host.control_plane_token,
    ) as client:
        entries = list(client.control_plane.billing.transactions.auto_paging_iter())
    months = {}
    for entry in entries:
        if entry.details and entry.details.serverless:
            start = entry.details.serverless.period_start
            months[f"{start:%Y-%m}"] = entry.amount.to_decimal()
    # The newest month still grows.
    return dict(sorted(months.items())[:-1])


def amount(data: Any) -> Decimal:
    return Money.from_dict(data).to_decimal()


def test_a_month_is_exact_and_needs_no_note(
    env: dict[str, str], booked: dict[str, Decimal]
) -> None:
    assert booked
    for month, spent in booked.items():
        report = tm("cost", MONTH, month, "--output", "json", environ=env).json
        assert amount(report["serverlessSubtotal"]) == spent
        assert report["notes"] == []


def test_savings_are_cached_tokens_at_the_price_of_input(
    env: dict[str, str], booked: dict[str, Decimal]
) -> None:
    prices = tm("billing", "pricing", "serverless", "list", "--output", "json", environ=env).json
    rates = {entry["model"]: amount(entry["inputRate"]) for entry in prices["pricing"]}
    report = tm("cost", MONTH, max(booked), "--output", "json", environ=env).json
    assert report["models"]
    for line in report["models"]:
        assert amount(line["saved"]) == line["cachedTokens"] * rates[line["model"]] / 10**6
        assert 0 < line["cachedTokens"] <= line["promptTokens"]
    assert amount(report["totalSaved"]) == sum(amount(line["saved"]) for line in report["models"])


@pytest.mark.parametrize("window", [(), ("--window", "7d"), ("--window", "24h")])
def test_a_window_says_that_spend_is_that_of_whole_months(
    window: tuple[str, ...], env: dict[str, str]
) -> None:
    report = tm("cost", *window, "--output", "json", environ=env).json
    assert [note[:5] for note in report["notes"]] == ["Spend"]
    assert set(report) == {"window", "models", "serverlessSubtotal", "totalSaved", "notes"}


def test_a_range_of_two_days_saves_what_its_days_save(
    env: dict[str, str], booked: dict[str, Decimal]
) -> None:
    month = max(booked)

    def saved(start: str, end: str) -> Decimal:
        report = tm(
            *("cost", "--start", f"{month}-{start}", "--end", f"{month}-{end}"),
            *("--output", "json"),
            environ=env,
        )
        return amount(report.json["totalSaved"])

    assert saved("10", "12") == saved("10", "11") + saved("11", "12") > 0
    halves = saved("10T00:00:00Z", "10T12:00:00Z") + saved("10T12:00:00Z", "11T00:00:00Z")
    assert halves == saved("10", "11")


def test_another_user_is_named_by_id(env: dict[str, str], host: LocalHost) -> None:
    mine = tm("cost", "--user-id", host.user_id, "--output", "json", environ=env).json
    assert mine["models"]
    unknown = tm("cost", "--user-id", "nobody", environ=env)
    assert (unknown.status, unknown.stdout) == (1, "")


@pytest.mark.parametrize("mode", ["text", "json", "yaml", "raw", "table"])
def test_the_program_reports_in_every_mode(
    mode: str, env: dict[str, str], booked: dict[str, Decimal], tmp_path: Path
) -> None:
    done = run(
        *("cost", MONTH, max(booked), "--output", mode),
        env=environment(tmp_path, **env, COLUMNS="100"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    if mode in ("text", "table"):
        assert "Serverless subtotal" in done.stdout
        assert ("█" in done.stdout) == (mode == "table")
        assert max(map(len, done.stdout.splitlines())) <= 100
        return
    read = yaml.safe_load if mode == "yaml" else json.loads
    assert amount(read(done.stdout)["serverlessSubtotal"]) == booked[max(booked)]
