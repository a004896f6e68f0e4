"""`tm api`: any request to any of the hosts, with credentials, paging and output as elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import (
    Argument,
    all_option,
    command,
    dry_run_option,
    pass_app,
    timeout_option,
)
from tensormesh_cli._errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tensormesh_cli._app import App
    from tensormesh_cli.commands.api_request import RawRequest
    from tensormesh_cli.commands.api_send import Sender

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SURFACES = ("control-plane", "serverless", "on-demand")
_EVENTS = "text/event-stream"


@command(
    "api",
    examples="""
    tm api GET /v1/models
    tm api GET /v1/billing/transactions --field pageSize=100 --all
    tm api POST /v1/support/tickets --raw-field subject=Hi --field message[content]=Hello
    tm api POST /v1/chat/completions --surface serverless --json @chat.json
    tm api DELETE /v1/models/MODEL_ID --dry-run
    """,
)
@click.argument(
    "method",
    cls=Argument,
    type=click.Choice(_METHODS, case_sensitive=False),
    metavar="METHOD",
    help="GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.",
)
@click.argument("path", cls=Argument, help="Path on the host, such as /v1/models.")
@click.option(
    "--surface",
    type=click.Choice(_SURFACES),
    default=_SURFACES[0],
    help="Which host to ask.",
)
@click.option(
    "--field",
    "-F",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="A field of the body, or of the query with GET, HEAD and DELETE. true, false, null and"
    " numbers are such, @FILE is a file's text. a[b]=1 and a[]=1 nest. Repeatable.",
)
@click.option(
    "--raw-field",
    "-f",
    "raw_fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="The same for a text, taken as it is. Repeatable.",
)
@click.option(
    "--json", "inline", metavar="JSON|@FILE", help="Body as JSON, or @FILE. Fields win over it."
)
@click.option(
    "--file",
    type=click.Path(),
    metavar="PATH",
    help="Read the body as JSON from a file; - is standard input.",
)
@click.option("--header", "-H", "headers", multiple=True, metavar="NAME:VALUE", help="A header.")
@all_option
@dry_run_option
@timeout_option
@pass_app
def api(
    app: App,
    method: str,
    path: str,
    surface: str,
    fields: tuple[str, ...],
    raw_fields: tuple[str, ...],
    inline: str | None,
    file: str | None,
    headers: tuple[str, ...],
    all_pages: bool,
    dry_run: bool,
    timeout: float | None,
) -> None:
    """Send any request, with your credentials, to one of the hosts that are set up.

    It does what it is told without asking, also where it changes something: --dry-run shows the
    request first. Credentials go to no other host.
    """
    from tensormesh_cli.commands import api_request, api_send

    method = method.upper()
    if all_pages and method != "GET":
        raise UsageFault("--all is for GET only")
    request = api_request.make(
        method,
        api_request.url_of(api_send.base_of(app, surface), path),
        fields=api_request.fields_of(fields, raw_fields),
        body=api_request.body_of(inline, file),
        headers=api_request.headers_of(headers),
    )
    _hide(app, request)
    if dry_run:
        _show(app, surface, request)
        return
    if _wants_stream(request) and app.printer.mode not in ("text", "raw"):
        raise UsageFault("a stream needs --output text or raw")
    credentials = api_send.credentials(app, surface)
    sender = api_send.Sender(app, surface, timeout=timeout)
    try:
        _ask(app, sender, request, credentials, all_pages=all_pages)
    finally:
        sender.close()


def _hide(app: App, request: RawRequest) -> None:
    """Keep the credentials that the user gives from being shown, should the host echo them."""
    from tensormesh_cli.commands.derived.values import SECRET_HEADERS, secrets_in

    for name in SECRET_HEADERS & request.headers.keys():
        value = request.headers[name]
        app.redactor.add(value)
        app.redactor.add(value.rpartition(" ")[2])
    for secret in secrets_in(request.body):
        app.redactor.add(secret)


def _show(app: App, surface: str, request: RawRequest) -> None:
    from tensormesh_cli.commands.api_send import CONTROL_PLANE, build, credentials
    from tensormesh_cli.commands.derived.dry_run import print_described

    # Nobody needs to log in to see a request.
    shown = {"authorization": "Bearer not-sent"}
    if surface != CONTROL_PLANE:
        shown = credentials(app, surface)
    print_described(app, build(request, shown), request.body)


def _ask(
    app: App,
    sender: Sender,
    request: RawRequest,
    credentials: dict[str, str],
    *,
    all_pages: bool,
) -> None:
    from tensormesh_cli.commands.api_send import build, pieces, read
    from tensormesh_cli.commands.derived.show import print_data

    def send(changes: dict[str, Any]) -> httpx.Response:
        params = tuple(pair for pair in request.params if pair[0] not in changes)
        more = tuple((key, str(value)) for key, value in changes.items())
        return sender.send(build(request._replace(params=params + more), credentials))

    response = send({})
    if response.headers.get("content-type", "").startswith(_EVENTS):
        for text in pieces(response):
            app.printer.write(text)
        return
    content = read(response)
    if request.method == "HEAD":
        app.printer.emit({"status": response.status_code, "headers": dict(response.headers)})
        return
    if not _is_json(response):
        app.printer.emit(response.text, raw=content)
        return
    data = response.json()
    if all_pages and isinstance(data, dict):
        data = _whole(app, data, dict(request.params), lambda changes: _page(send, changes))
        print_data(app, data, None)
        return
    print_data(app, data, content)


def _page(
    send: Callable[[dict[str, Any]], httpx.Response], changes: dict[str, Any]
) -> dict[str, Any]:
    from tensormesh_cli.commands.api_send import read
    from tensormesh_cli.commands.derived.paging import answer_of

    response = send(changes)
    read(response)
    return answer_of(response.json() if _is_json(response) else None)


def _whole(
    app: App,
    first: dict[str, Any],
    params: dict[str, str],
    ask: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """An answer with the entries of all that follow, if it is a page of a list."""
    from tensormesh_cli.commands.derived.paging import merged, pages_of

    pages = pages_of(first)
    if pages is None:
        return first
    contract = pages.contract

    def page(changes: dict[str, Any]) -> dict[str, Any]:
        if not changes:
            return first
        return ask({contract.ask: changes[contract.argument]})

    begun = params.get(contract.ask) if contract.next else first.get(contract.page)
    with app.terminal.progress("Reading pages") as progress:

        def tell(entries: int) -> None:
            progress.label = f"Reading pages: {entries} entries"

        return merged(pages, page, {contract.argument: begun}, tell)


def _wants_stream(request: RawRequest) -> bool:
    return isinstance(request.body, dict) and request.body.get("stream") is True


def _is_json(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (kind == "application/json" or kind.endswith("+json")):
        return False
    try:
        response.json()
    except ValueError:
        return False
    return True
