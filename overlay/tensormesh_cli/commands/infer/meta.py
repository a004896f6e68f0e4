"""`tm infer models`, `tm infer health` and `tm infer version`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._click import command
from tensormesh_cli.commands.infer.host import SERVERLESS
from tensormesh_cli.commands.infer.options import host_options

if TYPE_CHECKING:
    from tensormesh_cli.commands.infer.host import Host


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
    table = None
    if host.app.options.output == "table":
        from tensormesh_cli.output import Column, Table

        table = Table(
            columns=[
                Column("MODEL", "id"),
                Column("OWNED BY", "owned_by"),
                Column("CONTEXT", "max_model_len", align="right"),
            ],
            rows=data.get("data") or [],
        )
    host.app.printer.emit(
        data,
        raw=response.content,
        text=lambda: "\n".join(card.id for card in response.parse().data),
        table=table,
    )


@command("health", examples="tm infer health --surface on-demand")
@host_options(SERVERLESS)
def health(host: Host) -> None:
    """Tell whether a host answers."""
    with host.calls() as namespaces:
        response = namespaces.health.with_raw_response.get()
    # A healthy host may answer with an empty body, which the SDK knows how to read.
    data: Any = response.json() if response.content.strip() else response.parse().to_dict()
    host.app.printer.emit(data, raw=response.content, text=lambda: str(response.parse().status))


@command("version", examples="tm infer version --surface on-demand")
@host_options(SERVERLESS)
def version(host: Host) -> None:
    """Tell the version of a host's engine."""
    with host.calls() as namespaces:
        response = namespaces.version.with_raw_response.get()
    host.app.printer.emit(
        response.json(), raw=response.content, text=lambda: str(response.parse().version)
    )
