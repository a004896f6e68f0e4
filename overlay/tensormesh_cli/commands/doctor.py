"""`tm doctor`, and what shows the report of every command that checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tensormesh_cli._click import command, exit_status_option, pass_app

if TYPE_CHECKING:
    from tensormesh_cli._app import App
    from tensormesh_cli.checks.report import Command


@command(
    "doctor",
    examples="""
    tm doctor
    tm doctor --exit-status
    tm --output json doctor --query "checks[?status=='fail']"
    """,
)
@exit_status_option
@pass_app
def doctor(app: App, exit_status: bool) -> None:
    """Check settings, credentials and hosts, and tell how to put right what is wrong."""
    show(app, "doctor", exit_status=exit_status)


def show(app: App, which: Command, *, exit_status: bool) -> None:
    """Make the checks of a command, and print what they found.

    Args:
        app: What this run knows.
        which: The command, see `examine`.
        exit_status: Whether the process fails if something does.
    """
    from tensormesh_cli.checks.report import examine

    with app.terminal.progress("Checking"):
        report = examine(app, which)
    printer = app.printer
    encoding = getattr(printer.stdout, "encoding", None)
    printer.emit(report.data(), text=lambda: report.text(color=printer.color, encoding=encoding))
    if exit_status and not report.ready:
        click.get_current_context().exit(1)
