"""Show a cost report."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from tensormesh_cli.output import Column, Table
from tensormesh_cli.output.fit import fitting

if TYPE_CHECKING:
    from decimal import Decimal

    from tensormesh_cli.commands.cost.report import ModelCost, Report
    from tensormesh_cli.output import Screen

_BAR = 10
# Larger counts are abbreviated for people.
_LONGEST = 100_000
_USUAL_WIDTH = 100
# The least important columns first.
_DISPENSABLE = ("completion", "requests", "cached", "prompt", "hit rate", "bar")
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def as_data(report: Report) -> dict[str, Any]:
    """Return a report as JSON data, with amounts as in the API."""
    return {
        "window": {"start": _time(report.window.start), "end": _time(report.window.end)},
        "models": [
            {
                "model": line.model,
                "requests": line.requests,
                "promptTokens": line.prompt_tokens,
                "cachedTokens": line.cached_tokens,
                "completionTokens": line.completion_tokens,
                "spend": _money(line.spend, report.currency),
                "saved": None if line.saved is None else _money(line.saved, report.currency),
            }
            for line in report.models
        ],
        "serverlessSubtotal": _money(report.subtotal, report.currency),
        "totalSaved": _money(report.saved, report.currency),
        "notes": list(report.notes),
    }


def as_table(report: Report, screen: Screen) -> Table:
    """Return a report as a table, with sums and notes below.

    A table with borders has bars for each model's share of the spend.
    """
    currency = report.currency
    most = max((line.spend for line in report.models), default=None)
    columns = {
        "model": Column("model", lambda line: line.model),
        "requests": Column("requests", lambda line: short(line.requests), align="right"),
        "prompt": Column("prompt", lambda line: short(line.prompt_tokens), align="right"),
        "cached": Column("cached", lambda line: short(line.cached_tokens), align="right"),
        "hit rate": Column("hit rate", _hit_rate, align="right"),
        "completion": Column(
            "completion", lambda line: short(line.completion_tokens), align="right"
        ),
        "spend": Column(f"spend {currency}", lambda line: plain(line.spend), align="right"),
        "saved": Column(f"saved {currency}", _saved, align="right"),
    }
    if screen.boxed and most:
        columns["bar"] = Column("", lambda line: bar(line.spend / most, screen), style="green")
    shown = fitting(columns, report.models, screen, dispensable=_DISPENSABLE)
    footer = _footer(report, screen.width)
    return Table(shown, report.models, title=_title(report), footer=footer)


def short(number: int) -> str:
    """Return a count in few characters, such as `12,345` or `239.2M`."""
    if number < _LONGEST:
        return f"{number:,}"
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{number / 1000:.0f}k"


def plain(amount: Decimal) -> str:
    """Return an exact amount without its currency, with at least two decimals."""
    return _amount(amount, "USD").partition(" ")[0]


def bar(share: Decimal, screen: Screen) -> str:
    """Draw a bar for a share of 0 to 1."""
    if not screen.can_show(_EIGHTHS):
        return "#" * max(round(share * _BAR), 1 if share > 0 else 0)
    eighths = max(round(share * _BAR * 8), 1 if share > 0 else 0)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _hit_rate(line: ModelCost) -> str:
    return f"{100 * line.cached_tokens // line.prompt_tokens}%" if line.prompt_tokens else ""


def _saved(line: ModelCost) -> str:
    return "?" if line.saved is None else plain(line.saved)


def _title(report: Report) -> str:
    start, end = report.window
    return f"Serverless cost, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _footer(report: Report, width: int | None) -> str:
    subtotal, saved = (
        _amount(amount, report.currency) for amount in (report.subtotal, report.saved)
    )
    size = max(len(subtotal), len(saved))
    lines = [
        "",
        f"Serverless subtotal  {subtotal:>{size}}",
        f"Saved by the cache   {saved:>{size}}",
    ]
    for note in report.notes:
        lines += ["", *wrap(f"Note: {note}", width or _USUAL_WIDTH)]
    return "\n".join(lines)


def _amount(amount: Decimal, currency: str) -> str:
    from tensormesh.types import Money

    return str(Money.from_decimal(amount, currency))


def _money(amount: Decimal, currency: str) -> dict[str, Any]:
    from tensormesh.types import Money

    return Money.from_decimal(amount, currency).to_dict()


def _time(time: Any) -> str:
    text: str = time.isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")
