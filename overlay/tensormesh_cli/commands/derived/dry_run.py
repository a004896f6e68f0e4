"""`--dry-run`: the request that would be sent, without its secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tensormesh.settings import SECRET_HEADERS
from tensormesh_cli.commands.derived.request import call
from tensormesh_cli.output import Result
from tensormesh_cli.output.secrets import HIDDEN, without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh import Tensormesh
    from tensormesh._calls.call import Call
    from tensormesh_api._command import Command
    from tensormesh_cli._app import App


def described_call(app: App, command: Command, keywords: Mapping[str, Any]) -> Result:
    """Describe the request that a call would send.

    Raises:
        UsageFault: An argument is invalid.
    """
    prepared: Call = call(previewing(app), command, keywords)
    body = json.loads(prepared.content) if prepared.content else None
    _hide(command, body)
    return described(app, prepared, body)


def previewing(app: App) -> Tensormesh:
    """Return a client whose raw methods prepare calls. Nobody needs to log in for it."""
    from tensormesh import Tensormesh
    from tensormesh._calls.preview import preview

    settings = app.settings
    client = Tensormesh(
        control_plane_token="not-sent",  # noqa: S106 - a placeholder
        control_plane_base_url=settings.controlplane_base,
        inference_api_key=settings.gateway_api_key,
        on_demand_user_id=settings.gateway_user_id,
        serverless_base_url=settings.serverless_base_url,
        on_demand_base_url=settings.on_demand_base_url,
    )
    preview(client)
    return client


def described(app: App, prepared: Call, body: Any) -> Result:
    """Describe a request: as data for programs, as HTTP for people.

    Args:
        app: The run.
        prepared: The request. Its credentials are masked.
        body: Its decoded body, or None.
    """
    from tensormesh._calls.preview import url_of

    url = url_of(prepared)
    headers = {name: _shown(name, value) for name, value in prepared.headers.items()}
    body = without_secrets(body)
    lines = [
        f"{prepared.method} {url}",
        *(f"{key}: {text}" for key, text in headers.items()),
    ]
    if body is not None:
        lines += ["", json.dumps(body, indent=2, ensure_ascii=False)]
    return Result(
        {"method": prepared.method, "url": url, "headers": headers, "body": body},
        view=app.redactor.redact("\n".join(lines)),
        notes=("Nothing was sent.",),
    )


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
