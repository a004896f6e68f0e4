"""`tm metrics query`: the derived command with its own view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tensormesh_api.control_plane.commands import load
from tensormesh_cli.commands.derived.command import assemble

if TYPE_CHECKING:
    from tensormesh_cli._app import App
    from tensormesh_cli.output import Result

_ABOUT = load(("metrics", "query"))


def _run(app: App, **given: Any) -> Result:
    from tensormesh_cli.commands.derived.run import run_command
    from tensormesh_cli.commands.metrics.view import view

    return replace(run_command(app, _ABOUT, given), view=view)


query = assemble(
    _ABOUT,
    _run,
    own_examples="""
    tm metrics query --model-id MODEL_ID --output table
    tm metrics query --model-id MODEL_ID --metric-name ttft_seconds --start-time 2026-05-01
    tm --output json metrics query --model-id MODEL_ID --step 300s
    """,
)
