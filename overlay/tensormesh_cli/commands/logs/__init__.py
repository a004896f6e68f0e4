"""`tm logs query`: the derived command with its own view, and `--follow`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tensormesh_api.control_plane.commands import load
from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.command import assemble

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_cli._app import App
    from tensormesh_cli.output import Feed, Result

_ABOUT = load(("logs", "query"))


def _follow_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--follow",
        "-f",
        is_flag=True,
        help="Show new entries as they arrive, until Ctrl-C. JSON has one entry per line.",
    )(function)


def _run(app: App, follow: bool, **given: Any) -> Result | Feed:
    if follow:
        _check_follow(app, given)
        from tensormesh_cli.commands.logs.follow import feed

        return feed(app, _ABOUT, given)
    from tensormesh_cli.commands.derived.run import run_command
    from tensormesh_cli.commands.logs.view import view

    return replace(run_command(app, _ABOUT, given), view=view)


def _check_follow(app: App, given: dict[str, Any]) -> None:
    for name, option in (
        ("given_end_time", "--end-time"),
        ("given_page_token", "--page-token"),
        ("all_pages", "--all"),
    ):
        if given.get(name):
            raise UsageFault(f"--follow and {option} cannot be used together")
    app.emitter.require("text", "json", "raw", option="--follow")


query = assemble(
    _ABOUT,
    _run,
    more=_follow_option,
    own_examples="""
    tm logs query --model-id MODEL_ID
    tm logs query --model-id MODEL_ID --severity error --follow
    tm --output json logs query --deployment-id DEPLOYMENT_ID --start-time 2026-05-01 --all
    """,
)
