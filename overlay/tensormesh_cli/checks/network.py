"""Checks that send requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli._served import list_models, newest_served, served_name
from tensormesh_cli.checks.base import TOKEN_VARIABLE, CheckFailedError, Finding, asking

if TYPE_CHECKING:
    from tensormesh_cli.checks.base import Scene
    from tensormesh_cli.config.settings import Settings

_SYNC = "run `tm init --sync`"


def auth_live(scene: Scene) -> Finding:
    """Check whether the Control Plane accepts the token."""
    host = scene.settings.controlplane_base
    hint = "run `tm auth refresh`, and if that fails `tm auth login`"
    if scene.environment_token:
        hint = f"correct or unset {TOKEN_VARIABLE}"
    with asking(host, fix=hint):
        user = scene.control_plane().control_plane.users.get_auth_profile()
    return Finding("ok", f"logged in to {host} as {user.user_email or user.id}")


def gateway_health(scene: Scene) -> Finding:
    """Check whether the On-Demand host is up."""
    host = _gateway(scene.settings)
    with asking(host, otherwise="check the provider, the API key and the user ID"):
        scene.inference("on-demand").inference.on_demand.health.get(timeout_seconds=scene.seconds)
    return Finding("ok", f"{host} is up")


def gateway_models(scene: Scene) -> Finding:
    """Check whether On-Demand serves the default model."""
    host, name = _gateway(scene.settings), scene.settings.gateway_model_id
    with asking(host, otherwise="check the API key and the user ID"):
        models = scene.inference("on-demand").inference.on_demand.models.list(
            timeout_seconds=scene.seconds
        )
    names = [model.id for model in models.data]
    if name is not None and name not in names:
        raise CheckFailedError(f"{host} does not serve {name}", _SYNC)
    return Finding("ok", f"{name} is served" if name else f"{len(names)} models are served")


def serverless_health(scene: Scene) -> Finding:
    """Check whether the Serverless host is up."""
    host = scene.settings.serverless_base_url
    with asking(host, otherwise="check the network; On-Demand does not need it"):
        scene.inference("serverless").inference.serverless.health.get(timeout_seconds=scene.seconds)
    return Finding("ok", f"{host} is up")


def latest_inventory(scene: Scene) -> Finding:
    """Check whether the inventory has a served model."""
    with asking(scene.settings.controlplane_base, otherwise="try again later"):
        newest = newest_served(list_models(scene.control_plane()))
    if newest is None:
        raise CheckFailedError(
            "none of your models is served", "deploy one; see `tm models deploy --help`"
        )
    return Finding("ok", f"`@latest` is {served_name(newest)}")


def _gateway(settings: Settings) -> str:
    host = settings.on_demand_base_url
    assert host is not None
    return host
