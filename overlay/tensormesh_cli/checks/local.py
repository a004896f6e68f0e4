"""Checks of this machine. None of them sends a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh.settings import SettingError
from tensormesh_cli._errors import LOGIN_HINT, ConfigFault
from tensormesh_cli.checks.base import TOKEN_VARIABLE, CheckFailedError, Finding
from tensormesh_cli.config.file import read
from tensormesh_cli.config.keys import KEYS, PROVIDER_HOSTS, TABLES, find_ignored, mask
from tensormesh_cli.config.settings import ENVIRONMENT
from tensormesh_cli.credentials.refresh import MARGIN_SECONDS, other_host, same_host

if TYPE_CHECKING:
    from tensormesh_cli.checks.base import Scene

_SYNC = "run `tm init --sync`"
_REFRESH = "run `tm auth refresh`"


def config_file(scene: Scene) -> Finding:
    """Check whether the config file can be used."""
    fault = scene.config_fault
    if fault is not None:
        raise CheckFailedError(fault.message, fault.hint)
    path = scene.settings.config_path
    if path is None:
        return Finding("warn", "no directory for the config file", "set HOME or TM_CONFIG_HOME")
    if not path.exists():
        return Finding("warn", f"{path} does not exist", "run `tm config init`")
    ignored = find_ignored(read(path))
    if ignored is not None:
        name, hint = ignored
        return Finding("warn", f"{path}: {name!r} is ignored", hint)
    return Finding("ok", str(path))


def ca_bundle(scene: Scene) -> Finding:
    """Check whether the trusted certificates can be read."""
    path = scene.settings.ca_bundle
    if path is None:
        return Finding("ok", "not set, using the system's certificates")
    import ssl

    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise CheckFailedError(
            f"{path} contains no PEM certificates", _correct("ca_bundle", scene)
        ) from None
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise CheckFailedError(f"{path}: {reason}", _correct("ca_bundle", scene)) from None
    return Finding("ok", path)


def token(scene: Scene) -> Finding:
    """Check whether there is a Control Plane token for the host."""
    if scene.environment_token:
        return Finding("ok", f"from {TOKEN_VARIABLE}")
    try:
        saved = scene.saved
    except ConfigFault as fault:
        raise CheckFailedError(fault.message, fault.hint) from None
    host = scene.settings.controlplane_base
    if saved is None:
        raise CheckFailedError(f"not logged in to {host}", LOGIN_HINT)
    if not same_host(saved.controlplane_base, host):
        refusal = other_host(saved, host)
        raise CheckFailedError(refusal.message, refusal.hint)
    who = saved.user_email or saved.user_id
    return Finding("ok", f"logged in to {host}{f' as {who}' if who else ''}")


def expiry(scene: Scene) -> Finding:
    """Check whether the saved token is still valid."""
    if scene.environment_token:
        return Finding("skip", f"not checked: the token from {TOKEN_VARIABLE} has no known expiry")
    saved = scene.saved
    assert saved is not None
    left = saved.seconds_left(scene.now)
    end = f"{saved.expiry:%Y-%m-%d %H:%M} UTC"
    if left <= 0:
        raise CheckFailedError(f"the token expired at {end}", _REFRESH)
    if left <= MARGIN_SECONDS:
        return Finding("warn", f"the token expires at {end}, in {left:.0f} seconds", _REFRESH)
    return Finding("ok", f"the token is valid until {end}")


def api_key(scene: Scene) -> Finding:
    """Check whether there is an inference API key."""
    key = scene.settings.gateway_api_key
    if key is None:
        raise CheckFailedError("no inference API key", _SYNC)
    return Finding("ok", f"{mask(key)} {_origin('gateway_api_key', scene)}")


def user_id(scene: Scene) -> Finding:
    """Check whether there is a user ID for On-Demand."""
    value = scene.settings.gateway_user_id
    if value is None:
        raise CheckFailedError("no user ID for On-Demand", _SYNC)
    origin = _origin("gateway_user_id", scene)
    try:
        KEYS["gateway_user_id"].check(value)
    except SettingError as error:
        raise CheckFailedError(
            f"the user id {origin} {error.problem}", _correct("gateway_user_id", scene)
        ) from None
    return Finding("ok", f"{value} {origin}")


def base_url(scene: Scene) -> Finding:
    """Check whether the On-Demand host is known."""
    host = scene.settings.on_demand_base_url
    if host is not None:
        return Finding("ok", f"{host} {_origin('on_demand_base_url', scene)}")
    provider = scene.settings.gateway_provider
    hint = "run `tm config set gateway_provider NAME`, or set TENSORMESH_ON_DEMAND_BASE_URL"
    if provider is not None:
        known = ", ".join(PROVIDER_HOSTS)
        origin = _origin("gateway_provider", scene)
        raise CheckFailedError(f"unknown provider {origin}: expected one of {known}", hint)
    raise CheckFailedError(
        "no provider and no On-Demand host is set",
        f"{_SYNC}, or set TENSORMESH_ON_DEMAND_BASE_URL",
    )


def model(scene: Scene) -> Finding:
    """Check whether there is a default model for On-Demand."""
    name = scene.settings.gateway_model_id
    if name is not None:
        return Finding("ok", f"{name} {_origin('gateway_model_id', scene)}")
    # `@latest` may still work.
    latest = scene.find("latest.auth").status, scene.find("latest.inventory").status
    if latest == ("ok", "ok"):
        return Finding("warn", "no default model; `--model @latest` works", _SYNC)
    raise CheckFailedError("no default model", f"deploy one and {_SYNC}, or pass `--model NAME`")


def latest_auth(scene: Scene) -> Finding:
    """Check whether there is a token to read the inventory with."""
    if scene.environment_token:
        return Finding("ok", f"from {TOKEN_VARIABLE}")
    found = token(scene)
    ended = expiry(scene)
    return found if ended.status == "ok" else ended._replace(status="ok", hint=None)


def _origin(name: str, scene: Scene) -> str:
    source = scene.settings.sources[name]
    if source in TABLES:
        return f"(from [{source}])"
    if source == ENVIRONMENT:
        return f"(from {KEYS[name].variable})"
    return f"(from the {source})"


def _correct(name: str, scene: Scene) -> str:
    if scene.settings.sources[name] == ENVIRONMENT:
        return f"correct {KEYS[name].variable}"
    if scene.settings.sources[name] == "flag":
        return f"correct --{name.replace('_', '-')}"
    return f"run `tm config set {name} {name.rpartition('_')[2].upper()}`"
