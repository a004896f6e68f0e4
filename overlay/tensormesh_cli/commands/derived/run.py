"""Run a derived command: confirm, send, return the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.params import label
from tensormesh_cli.commands.derived.request import (
    Arguments,
    arguments,
    call,
    check_complete,
    meant,
)
from tensormesh_cli.output import Result
from tensormesh_cli.output.paging import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import tensormesh
    from tensormesh_api._command import Command
    from tensormesh_cli._app import App


def run_command(app: App, command: Command, given: Mapping[str, Any]) -> Result:
    """Call the operation of a command, or describe the request with `--dry-run`.

    Args:
        app: The run.
        command: The operation.
        given: Values of its options, as click passes them.

    Raises:
        UsageFault: A value is invalid.
        CliError: The user declined.
        TensormeshError: The call failed.
    """
    found = arguments(app, command, given)
    check_complete(found.missing)
    command = meant(command, found.keywords)
    if given.get("dry_run"):
        from tensormesh_cli.commands.derived.dry_run import described_call

        return described_call(app, command, with_caller(app, command, found, client=None))
    client = app.control_plane_client(timeout=given.get("timeout"))
    if command.changes:
        confirm(app, command, found.keywords, yes=bool(given.get("yes")))
    keywords = with_caller(app, command, found, client=client)
    answer = call(client, command, keywords)
    return Result(
        answer.json() if answer.content.strip() else {},
        raw=answer.content,
        rows=command.pages.items if command.pages is not None else None,
        changed=command.changes,
        listing=_listing(client, command, keywords, read_all=bool(given.get("all_pages"))),
    )


def _listing(
    client: tensormesh.Tensormesh, command: Command, keywords: Mapping[str, Any], *, read_all: bool
) -> Listing | None:
    if command.pages is None:
        return None
    argument = command.pages.contract.argument
    option = next(label(each) for each in command.options if each.target == (argument,))
    return Listing(
        command.pages,
        lambda arguments: call(client, command, arguments).json(),
        keywords,
        read_all,
        option,
    )


def confirm(app: App, command: Command, keywords: Mapping[str, Any], *, yes: bool) -> None:
    """Ask before something is changed."""
    named = [
        str(keywords[option.target[0]])
        for option in command.options
        if option.positional and option.target[0] in keywords
    ]
    question = ": ".join([command.summary.rstrip("."), *named])
    app.terminal.confirm(f"{question}?", yes=yes)


def with_caller(
    app: App, command: Command, found: Arguments, *, client: tensormesh.Tensormesh | None
) -> dict[str, Any]:
    """Return the keyword arguments of a call, with the caller if no user is named.

    Args:
        app: The run.
        command: The operation.
        found: What was given.
        client: Used to look up the caller, or None if nothing may be sent.

    Raises:
        UsageFault: The caller is unknown.
    """
    keywords = dict(found.keywords)
    for option in command.options:
        if option.caller and option.target[0] not in keywords:
            keywords[option.target[0]] = _caller(app, client)
    return keywords


def _caller(app: App, client: tensormesh.Tensormesh | None) -> str:
    if client is not None:
        return client.control_plane.users.get_auth_profile().id or ""
    if not app.environ.get("TENSORMESH_CONTROL_PLANE_TOKEN"):
        from tensormesh_cli.credentials.refresh import same_host

        saved, here = app.token_store().load(), app.settings.controlplane_base
        if saved is not None and saved.user_id and same_host(saved.controlplane_base, here):
            return saved.user_id
    raise UsageFault(
        "USER_ID is required: tm cannot look up your ID without sending a request",
        hint="`tm auth whoami` shows your ID",
    )
