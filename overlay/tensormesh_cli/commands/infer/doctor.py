"""`tm infer doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli._click import command, exit_status_option, pass_app

if TYPE_CHECKING:
    from tensormesh_cli._app import App
    from tensormesh_cli.output import Result


@command(
    "doctor",
    examples="""
    tm infer doctor
    tm infer doctor --exit-status
    """,
)
@exit_status_option
@pass_app
def doctor(app: App, exit_status: bool) -> Result:
    """Check what On-Demand requests need, and what `--model @latest` needs.

    Problems that affect only `@latest` are warnings.
    """
    from tensormesh_cli.commands.doctor import check

    return check(app, "infer", exit_status=exit_status)
