"""The interactive chat of `tm infer chat`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_cli.commands.infer.generation import Streaming
    from tensormesh_cli.commands.infer.host import Host


def run_session(
    host: Host,
    *,
    model: str | None,
    system: str | None,
    streaming: Streaming,
    fields: Mapping[str, Any],
) -> None:
    """Chat with a model until the user leaves.

    Args:
        host: Where to send requests.
        model: The model, or None for the configured one.
        system: Instructions, or None.
        streaming: How to send requests.
        fields: More fields of every request.

    Raises:
        UsageFault: There is no model.
    """
    from tensormesh_cli.session.conversation import Conversation
    from tensormesh_cli.session.lines import open_reader
    from tensormesh_cli.session.loop import Session

    conversation = Conversation(host.model(model), system=system, fields=fields)
    # Report a wrong setting before the first question.
    _ = host.client
    Session(host, conversation, open_reader(host.app), streaming).run()
