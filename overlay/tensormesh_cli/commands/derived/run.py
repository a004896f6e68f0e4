"""Runs a derived command: asks, sends, prints."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.call import call
from tensormesh_cli.commands.derived.request import Arguments, arguments, check_complete, meant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tensormesh
    from tensormesh_api._command import Command
    from tensormesh_cli._app import App


def run_command(
    app: App,
    command: Command,
    given: Mapping[str, Any],
    *,
    show_answer: Callable[[Any, bytes | None], None] | None = None,
) -> None:
    """Run a command.

    Args:
        app: the run.
        command: the operation behind it.
        given: the values of its options, as click passes them.
        show_answer: prints the decoded body, and the body itself if it is one; as lists and
            objects are printed by default.

    Raises:
        UsageFault: an option cannot be used.
        CliError: the user said no.
        TensormeshError: the call failed.
    """
    from tensormesh_cli.commands.derived import show

    found = arguments(app, command, given)
    check_complete(found.missing)
    command = meant(command, found.keywords)
    if given.get("dry_run"):
        from tensormesh_cli.commands.derived.dry_run import print_request

        keywords = with_caller(app, command, found, client=None)
        print_request(app, command, keywords)
        return
    if show_answer is None:
        show_answer = partial(show.print_answer, app, command)
    client = app.control_plane_client(timeout=given.get("timeout"))
    if command.changes:
        confirm(app, command, found.keywords, yes=bool(given.get("yes")))
    keywords = with_caller(app, command, found, client=client)
    if given.get("all_pages"):
        from tensormesh_cli.commands.derived.paging import all_pages

        show_answer(all_pages(app, client, command, keywords), None)
        return
    answer = call(client, command, keywords)
    data = answer.json() if answer.content.strip() else {}
    show_answer(data, answer.content)
    show.print_more(app, command, data, keywords)


def confirm(app: App, command: Command, keywords: Mapping[str, Any], *, yes: bool) -> None:
    """Ask before something is changed. Raises `UsageFault` if there is nobody to ask."""
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
    """The keyword arguments of a call, with the caller where nobody was named.

    Args:
        app: the run.
        command: the operation.
        found: what was given.
        client: for asking who the caller is; None if nothing may be sent.

    Raises:
        UsageFault: it is not known who the caller is.
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
        "USER_ID is needed: without a request it is not known who you are",
        hint="`tm auth whoami` shows your id",
    )
