"""`tm infer models`, `tm infer health` and `tm infer version`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._click import command
from tensormesh_cli.commands.infer.host import SERVERLESS
from tensormesh_cli.commands.infer.options import host_options
from tensormesh_cli.commands.infer.printing import show

if TYPE_CHECKING:
    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.output import Table


@command(
    "models",
    examples="""
tm infer models
tm infer models --surface on-demand
tm --output json infer models
""",
)
@host_options(SERVERLESS)
def models(host: Host) -> None:
    """List the models that a host serves, one name a line."""
    with host.calls() as namespaces:
        response = namespaces.models.with_raw_response.list()
    data = response.json()
    show(
        host.app,
        data,
        raw=response.content,
        text=lambda: "\n".join(card.id for card in response.parse().data),
        table=lambda: _model_table(data),
    )


def _model_table(data: Any) -> Table:
    from tensormesh_cli.output import Column, Table

    columns = [
        Column("MODEL", "id"),
        Column("OWNED BY", "owned_by"),
        Column("CONTEXT", "max_model_len", align="right"),
    ]
    return Table(columns=columns, rows=data.get("data") or [])


@command("health", examples="tm infer health --surface on-demand")
@host_options(SERVERLESS)
def health(host: Host) -> None:
    """Tell whether a host answers."""
    with host.calls() as namespaces:
        response = namespaces.health.with_raw_response.get()
    # A healthy host may answer with an empty body, which the SDK knows how to read.
    data: Any = response.json() if response.content.strip() else response.parse().to_dict()
    show(host.app, data, raw=response.content, text=lambda: str(response.parse().status))


@command("version", examples="tm infer version --surface on-demand")
@host_options(SERVERLESS)
def version(host: Host) -> None:
    """Tell the version of a host's engine."""
    with host.calls() as namespaces:
        response = namespaces.version.with_raw_response.get()
    show(
        host.app, response.json(), raw=response.content, text=lambda: str(response.parse().version)
    )
