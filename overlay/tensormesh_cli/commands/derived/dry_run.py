"""`--dry-run`: the request that would be sent, without its secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from tensormesh.settings import SECRET_HEADERS
from tensormesh_cli.commands.derived.call import call
from tensormesh_cli.output import Result
from tensormesh_cli.output.secrets import HIDDEN, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import tensormesh
    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

NO_TOKEN = "not-sent"  # noqa: S105 - no token
"""Stands for the token, so that nobody needs to log in to see a request."""


class _Catcher(httpx.BaseTransport):
    """Keeps a request instead of sending it."""

    request: httpx.Request | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.request = request
        return httpx.Response(200, json={}, request=request)


def described_call(app: App, command: Command, keywords: Mapping[str, Any]) -> Result:
    """Describe the request that a call would send.

    Raises:
        UsageFault: An argument is invalid.
    """
    request = caught(
        lambda client: call(client, command, keywords),
        control_plane_token=NO_TOKEN,
        control_plane_base_url=app.settings.controlplane_base,
    )
    body = json.loads(request.content) if request.content else None
    _hide(command, body)
    return described(app, request, body)


def caught(ask: Callable[[tensormesh.Tensormesh], Any], **settings: Any) -> httpx.Request:
    """Return the request that a call would send.

    Args:
        ask: Makes the call with the client that it gets.
        settings: Settings of the client.
    """
    import tensormesh

    catcher = _Catcher()
    with (
        httpx.Client(transport=catcher, trust_env=False) as http_client,
        tensormesh.Tensormesh(http_client=http_client, **settings) as client,
    ):
        ask(client)
    assert catcher.request is not None
    return catcher.request


def described(app: App, request: httpx.Request, body: Any) -> Result:
    """Describe a request: as data for programs, as HTTP for people.

    Args:
        app: The run.
        request: The request. Its credentials are masked.
        body: Its decoded body, or None.
    """
    body = without_secrets(body)
    headers = {
        name: _shown(name, value)
        for name, value in request.headers.items()
        if name not in ("connection", "accept-encoding")
    }
    data = {"method": request.method, "url": str(request.url), "headers": headers, "body": body}
    lines = [
        f"{request.method} {request.url}",
        *(f"{key}: {text}" for key, text in headers.items()),
    ]
    if body is not None:
        lines += ["", json.dumps(body, indent=2, ensure_ascii=False)]
    text = app.redactor.redact("\n".join(lines))
    return Result(data, view=text, notes=("Nothing was sent.",))


def _shown(name: str, value: str) -> str:
    if name.lower() not in SECRET_HEADERS:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if space else HIDDEN


def _hide(command: Command, body: Any) -> None:
    """Remove secrets from a body, wherever they came from."""
    names = {argument: name for name, argument in command.body.items()}
    for option in command.options:
        if not option.secret:
            continue
        first, *inner = option.target
        place, path = body, [names.get(first, first), *inner]
        for key in path[:-1]:
            place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict) and place.get(path[-1]) is not None:
            place[path[-1]] = HIDDEN
