"""`tm init`: the local setup, and the gateway settings of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command, pass_app
from tensormesh_cli.output import Result

if TYPE_CHECKING:
    from tensormesh.types import Model, User
    from tensormesh_cli._app import App

_GATEWAY = ("gateway_api_key", "gateway_user_id", "gateway_provider", "gateway_model_id")


@command(
    "init",
    examples="""
    tm init
    tm init --sync
    tm init --sync --controlplane-base https://api.example.com
    """,
)
@click.option("--sync", is_flag=True, help="Save the gateway settings of your account.")
@pass_app
def init(app: App, sync: bool) -> Result:
    """Show the local setup, or with --sync write the gateway settings of your account.

    API key and user ID go to [managed] in the config file, and if one of your models is served, its
    provider and served name. [overrides] stays the same and takes precedence. With
    --controlplane-base, that host is written too.
    """
    return _sync(app) if sync else _show(app)


def _show(app: App) -> Result:
    from tensormesh_cli.checks.report import examine

    settings = app.settings
    shown = settings.shown_values
    report = examine(app, "status")
    login = report.entries[0].finding
    path = settings.config_path
    data: dict[str, Any] = {
        "config": {
            "path": None if path is None else str(path),
            "exists": bool(path and path.exists()),
        },
        "controlplane_base": settings.controlplane_base,
        "logged_in": login.status == "ok",
        **{name: shown[name] for name in (*_GATEWAY, "synced_at")},
        "ready": report.ready,
    }
    following: tuple[str, ...] = ()
    if not data["logged_in"]:
        following = ("Next: tm auth login",)
    elif data["gateway_api_key"] is None or data["gateway_user_id"] is None:
        following = ("Next: tm init --sync",)
    return Result(data, view=_described(data, login.message), notes=following)


def _described(data: dict[str, Any], login: str) -> str:
    from tensormesh_cli.output.text import labeled

    path, exists = data["config"]["path"], data["config"]["exists"]
    rows = {
        "Config file": path if exists or path is None else f"{path} (does not exist)",
        "Control Plane": data["controlplane_base"],
        "Login": login,
        "API key": data["gateway_api_key"],
        "User ID": data["gateway_user_id"],
        "Provider": data["gateway_provider"],
        "Model": data["gateway_model_id"],
        "Synced": data["synced_at"],
    }
    return labeled(rows, absent="-")


def _sync(app: App) -> Result:
    from tensormesh_cli._served import list_models, newest_served
    from tensormesh_cli.config.file import read, update
    from tensormesh_cli.config.keys import MANAGED, mask
    from tensormesh_cli.config.settings import FLAG

    settings = app.settings
    path = settings.path
    client = app.control_plane_client()
    with app.terminal.progress("Reading your account"):
        user = client.control_plane.users.get_auth_profile()
        newest = newest_served(list_models(client))
    managed = _managed(user, newest)
    old = read(path).get(MANAGED, {})
    if managed["gateway_api_key"] is None and old.get("gateway_user_id") == user.id:
        # The account has no default key, so the previous one is still the best.
        managed["gateway_api_key"] = old.get("gateway_api_key") or None
    changes: dict[tuple[str, ...], object | None] = {}
    if settings.sources["controlplane_base"] == FLAG:
        changes["controlplane_base",] = settings.controlplane_base
    for name, value in managed.items():
        changes[MANAGED, name] = value
    update(path, changes)
    shown = dict(managed)
    if shown["gateway_api_key"] is not None:
        shown["gateway_api_key"] = mask(shown["gateway_api_key"])
    app.redactor.add(managed["gateway_api_key"])
    missing_key = (
        "your account has no default API key: create one with `tm users api-keys create`,"
        " then run `tm config set gateway_api_key -`"
    )
    return Result(
        {
            "synced": True,
            "path": str(path),
            "controlplane_base": settings.controlplane_base,
            **shown,
        },
        view=_synced(shown, str(path)),
        warnings=(missing_key,) if managed["gateway_api_key"] is None else (),
        notes=(_advice(app, managed, newest),),
    )


def _managed(user: User, newest: Model | None) -> dict[str, str | None]:
    """Return the new values of `[managed]`. None removes a value."""
    from datetime import UTC, datetime

    from tensormesh_cli._served import served_name
    from tensormesh_cli.credentials.store import write_time

    managed: dict[str, str | None] = {
        "synced_at": write_time(datetime.now(UTC)),
        "gateway_api_key": user.api_key or (newest.api_key if newest else None) or None,
        "gateway_user_id": user.id,
        "gateway_provider": None,
        "gateway_model_id": None,
    }
    if newest is not None:
        managed["gateway_provider"] = _provider(newest)
        managed["gateway_model_id"] = served_name(newest)
    return managed


def _provider(model: Model) -> str | None:
    """Return the provider of a model, or None if `tm` has no default URL for it."""
    from tensormesh_cli.config.keys import PROVIDER_HOSTS
    from tensormesh_cli.output.values import short_member

    name = (model.infra.cloud_provider if model.infra else None) or ""
    provider = short_member("cloudProvider", name).lower()
    return provider if provider in PROVIDER_HOSTS else None


def _synced(shown: dict[str, str | None], path: str) -> str:
    from tensormesh_cli.output.text import labeled

    rows = {
        "API key": shown["gateway_api_key"],
        "User ID": shown["gateway_user_id"],
        "Provider": shown["gateway_provider"],
        "Model": shown["gateway_model_id"],
    }
    return f"Synced to {path}\n{labeled(rows, absent='-')}"


def _advice(app: App, managed: dict[str, str | None], newest: Model | None) -> str:
    if newest is None:
        return "None of your models is served. Deploy one and sync again, or pass --model NAME."
    if managed["gateway_provider"] is None and app.settings.on_demand_base_url is None:
        return "tm has no default URL for this provider: set TENSORMESH_ON_DEMAND_BASE_URL."
    return 'Next: tm infer chat "Say hello."'
