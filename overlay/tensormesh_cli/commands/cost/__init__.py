"""`tm cost`: costs of inference, and cache savings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command, pass_app
from tensormesh_cli._options import timeout_option
from tensormesh_cli.output import Result

if TYPE_CHECKING:
    import tensormesh
    from tensormesh_cli._app import App
    from tensormesh_cli.commands.cost.report import Report
    from tensormesh_cli.commands.cost.window import Window

_PAGE = 100
_WINDOWS = ("24h", "7d", "30d")


@command(
    "cost",
    examples="""
    tm cost
    tm cost --month 2026-05
    tm cost --window 7d --output table
    tm --output json cost --start 2026-05-01 --end 2026-05-15
    """,
)
@click.option("--user-id", metavar="ID", help="The user.  [default: you]")
@click.option(
    "--window",
    type=click.Choice(_WINDOWS),
    help="Time range that ends now.  [default: 30d]",
)
@click.option("--month", metavar="YYYY-MM", help="Calendar month (UTC).")
@click.option("--start", metavar="TIME", help="Start: YYYY-MM-DD or RFC 3339, UTC.")
@click.option("--end", metavar="TIME", help="End, exclusive.  [default: now]")
@timeout_option
@pass_app
def cost(
    app: App,
    user_id: str | None,
    window: str | None,
    month: str | None,
    start: str | None,
    end: str | None,
    timeout: float | None,
) -> Result:
    """Show the costs of Serverless inference by model, and the cache savings.

    Spend is booked by calendar month. It is exact for --month and for ranges of whole months;
    for other ranges, all months that the range touches are counted. Savings are the
    cached tokens at the input price, and exact for any range.
    """
    from datetime import UTC, datetime

    from tensormesh_cli.commands.cost.view import as_data, as_table
    from tensormesh_cli.commands.cost.window import choose

    span = choose(window=window, month=month, start=start, end=end, now=datetime.now(UTC))
    client = app.control_plane_client(timeout=timeout)
    with app.terminal.progress("Adding up"):
        report = _read(client, user_id, span)
    return Result(as_data(report), view=lambda _, screen: as_table(report, screen))


def _read(client: tensormesh.Tensormesh, user_id: str | None, span: Window) -> Report:
    from tensormesh.types import UsageGranularity
    from tensormesh_cli.commands.cost.report import make_report

    billing = client.control_plane.billing
    whose: dict[str, Any] = {} if user_id is None else {"user_id": user_id}
    # Buckets that the window cuts would be counted completely, or not at all.
    granularity = (
        UsageGranularity.USAGE_GRANULARITY_DAY
        if span.is_whole_days
        else UsageGranularity.USAGE_GRANULARITY_HOUR
    )
    return make_report(
        span,
        billing.transactions.auto_paging_iter(page_size=_PAGE, **whose),
        billing.serverless_usage.history(
            start_time=span.start, end_time=span.end, granularity=granularity, **whose
        ).buckets,
        billing.pricing.serverless.list(active_only=False).pricing,
    )
