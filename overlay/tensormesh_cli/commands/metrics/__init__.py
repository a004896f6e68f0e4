"""`tm metrics query`: the derived command, with a line for each series, and sparklines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api.control_plane.commands import load
from tensormesh_cli.commands.derived.command import assemble

if TYPE_CHECKING:
    from tensormesh_cli._app import App

_ABOUT = load(("metrics", "query"))


def _run(app: App, **given: Any) -> None:
    from tensormesh_cli.commands.derived.run import run_command

    def show(data: Any, raw: bytes | None) -> None:
        from tensormesh_cli.commands.metrics.view import print_series

        print_series(app, _ABOUT, data, raw)

    run_command(app, _ABOUT, given, show_answer=show)


query = assemble(
    _ABOUT,
    _run,
    own_examples="""
    tm metrics query --model-id MODEL_ID --output table
    tm metrics query --model-id MODEL_ID --metric-name ttft_seconds --start-time 2026-05-01
    tm --output json metrics query --model-id MODEL_ID --step 300s
    """,
)
