"""`tm doctor` and `tm infer doctor`, and the result of every command that runs checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli._click import command, pass_app
from tensormesh_cli._options import exit_status_option

if TYPE_CHECKING:
    from tensormesh_cli._app import App
    from tensormesh_cli.checks.report import Command
    from tensormesh_cli.output import Result


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
def doctor(app: App, exit_status: bool) -> Result:
    """Check settings, credentials and hosts, and show how to fix problems."""
    return check(app, "doctor", exit_status=exit_status)


@command(
    "doctor",
    examples="""
    tm infer doctor
    tm infer doctor --exit-status
    """,
)
@exit_status_option
@pass_app
def infer_doctor(app: App, exit_status: bool) -> Result:
    """Check what On-Demand requests need, and what `--model @latest` needs.

    Problems that affect only `@latest` are warnings.
    """
    return check(app, "infer", exit_status=exit_status)


def check(app: App, which: Command, *, exit_status: bool) -> Result:
    """Run the checks of a command.

    Args:
        app: The run.
        which: The command, see `examine`.
        exit_status: Whether the process fails if a check does.
    """
    from tensormesh_cli.checks.report import examine
    from tensormesh_cli.output import Result

    with app.terminal.progress("Checking"):
        report = examine(app, which)
    return Result(
        report.data(),
        view=lambda _, screen: report.text(screen),
        exit_code=int(exit_status and not report.ready),
    )
