"""`tm infer models`, `tm infer health` and `tm infer version`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._click import command
from tensormesh_cli.commands.infer.generation import dicts_in
from tensormesh_cli.commands.infer.host import SERVERLESS
from tensormesh_cli.commands.infer.options import host_options
from tensormesh_cli.output import Column, Result, Screen, Table

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
def models(host: Host) -> Result:
    """List the models that a host serves, one name per line."""
    with host.calls() as namespaces:
        response = namespaces.models.with_raw_response.list()

    def view(data: Any, screen: Screen) -> str | Table:
        if screen.boxed:
            return Table(_COLUMNS, dicts_in(data, "data"))
        return "\n".join(card.id for card in response.parse().data)

    return Result(response.json(), raw=response.content, view=view, verbatim=True)


_COLUMNS = (
    Column("MODEL", "id"),
    Column("OWNED BY", "owned_by"),
    Column("CONTEXT", "max_model_len", align="right"),
)


@command("health", examples="tm infer health --surface on-demand")
@host_options(SERVERLESS)
def health(host: Host) -> Result:
    """Check whether a host is up."""
    with host.calls() as namespaces:
        response = namespaces.health.with_raw_response.get()
    # A healthy host may send an empty body, which the SDK knows how to read.
    data: Any = response.json() if response.content.strip() else response.parse().to_dict()
    return Result(data, raw=response.content, view=lambda *_: str(response.parse().status))


@command("version", examples="tm infer version --surface on-demand")
@host_options(SERVERLESS)
def version(host: Host) -> Result:
    """Show the version of a host's engine."""
    with host.calls() as namespaces:
        response = namespaces.version.with_raw_response.get()
    return Result(
        response.json(), raw=response.content, view=lambda *_: str(response.parse().version)
    )
