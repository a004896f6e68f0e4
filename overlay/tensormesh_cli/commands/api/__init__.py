"""`tm api`: any request to any host, with credentials, paging and output modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import Argument, command, pass_app
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._options import all_option, dry_run_option, timeout_option
from tensormesh_cli.output import Result, Stream

if TYPE_CHECKING:
    from tensormesh import RawResponse
    from tensormesh_cli._app import App
    from tensormesh_cli.commands.api.request import RawRequest
    from tensormesh_cli.commands.api.send import Surface
    from tensormesh_cli.output.paging import Listing

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_READING = ("GET", "HEAD", "OPTIONS")
_SURFACES = ("control-plane", "serverless", "on-demand")


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
    help="The host.",
)
@click.option(
    "--field",
    "-F",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="Field of the body, or of the query with GET, HEAD and DELETE. Numbers, true, false and"
    " null are typed; @FILE reads a file. Nest with a[b]=1 and a[]=1. Repeatable.",
)
@click.option(
    "--raw-field",
    "-f",
    "raw_fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="String field, sent unchanged. Repeatable.",
)
@click.option(
    "--json", "inline", metavar="JSON|@FILE", help="Body as JSON, or @FILE. Fields override it."
)
@click.option(
    "--file",
    type=click.Path(),
    metavar="PATH",
    help="Read the body as JSON from a file; - reads standard input.",
)
@click.option(
    "--header", "-H", "headers", multiple=True, metavar="NAME:VALUE", help="A header. Repeatable."
)
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
    timeout: float | None,  # noqa: ARG001 - a setting of the client by now
) -> Result | Stream:
    """Send a request to any endpoint of a configured host, with your credentials.

    It is sent without asking, even if it changes something. Check it with --dry-run first.
    Credentials are never sent to another host.
    """
    from tensormesh_cli.commands.api import request as parts
    from tensormesh_cli.commands.api.send import Surface

    method = method.upper()
    if all_pages and method != "GET":
        raise UsageFault("--all works only with GET")
    asked = Surface(app, surface)
    request = parts.make(
        method,
        parts.path_of(asked.base, path),
        fields=parts.fields_of(fields, raw_fields),
        body=parts.body_of(inline, file),
        headers=parts.headers_of(headers),
    )
    _hide(app, request)
    if dry_run:
        return asked.described(request)
    if request.wants_stream:
        app.emitter.require("text", "raw", option="a stream")
        return Stream(asked.pieces(request))
    return _result(asked, request, all_pages=all_pages)


def _hide(app: App, request: RawRequest) -> None:
    """Keep credentials that the user gives out of messages, in case the host echoes them."""
    from tensormesh.settings import SECRET_HEADERS
    from tensormesh_cli.output.secrets import secrets_in

    for name in SECRET_HEADERS & request.headers.keys():
        value = request.headers[name]
        app.redactor.add(value)
        app.redactor.add(value.rpartition(" ")[2])
    for secret in secrets_in(request.body):
        app.redactor.add(secret)


def _result(asked: Surface, request: RawRequest, *, all_pages: bool) -> Result:
    response = asked.read(request)
    if request.method == "HEAD":
        return Result({"status": response.status_code, "headers": dict(response.headers)})
    if not _is_json(response):
        return Result(response.text, raw=response.content)
    data = response.json()
    return Result(
        data,
        raw=response.content,
        changed=request.method not in _READING,
        listing=_listing(asked, request, data) if all_pages and isinstance(data, dict) else None,
    )


def _is_json(response: RawResponse[Any]) -> bool:
    from tensormesh import ProtocolError

    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (kind == "application/json" or kind.endswith("+json")):
        return False
    try:
        response.json()
    except ProtocolError:
        return False
    return True


def _listing(asked: Surface, request: RawRequest, first: dict[str, Any]) -> Listing | None:
    """Return how to read the pages after the first one, or None if it is not a page."""
    from tensormesh_cli.output.paging import Listing, pages_of

    pages = pages_of(first, request.path)
    if pages is None:
        return None
    contract = pages.contract
    begun = request.query.get(contract.ask) if contract.next else first.get(contract.page)

    def ask(arguments: dict[str, Any]) -> Any:
        query = {**request.query, contract.ask: str(arguments[contract.argument])}
        return asked.read(request._replace(query=query)).json()

    return Listing(pages, ask, {contract.argument: begun}, read_all=True)
