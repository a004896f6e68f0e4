"""Resolve the settings of a run: flag, then environment, then config file, then default.

In the config file, `[overrides]` takes precedence over `[managed]`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from tensormesh.settings import SettingError
from tensormesh_cli._errors import ConfigFault
from tensormesh_cli.config import file
from tensormesh_cli.config.keys import (
    KEYS,
    MANAGED,
    OVERRIDES,
    PROVIDER_HOSTS,
    Key,
    mask,
)
from tensormesh_cli.config.paths import AUTH_NAME, find_config, find_home, no_home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tensormesh_cli._given import GlobalOptions

FLAG = "flag"
ENVIRONMENT = "environment"
CONFIG = "config"
DEFAULT = "default"
UNSET = "unset"


@dataclass(frozen=True)
class Settings:
    """The settings of a run. The `repr` shows no key.

    Besides those below, the attributes are the settings of `keys.KEYS`. `gateway_user_id` and
    `gateway_provider` are not validated, because only On-Demand needs them.

    Attributes:
        sources: The source of each value: `flag`, `environment`, `overrides`, `managed`, `config`,
            `default` or `unset`.
        home: Folder of the files of `tm`, or None; see `paths.find_home`.
        config_path: The config file, which need not exist, or None if there is no folder for it.
    """

    controlplane_base: str
    timeout_seconds: float
    max_retries: int
    ca_bundle: str | None
    serverless_base_url: str
    on_demand_base_url: str | None
    gateway_api_key: str | None = field(repr=False)
    gateway_user_id: str | None
    gateway_provider: str | None
    gateway_model_id: str | None
    synced_at: str | None
    sources: Mapping[str, str]
    home: Path | None
    config_path: Path | None

    @property
    def values(self) -> dict[str, object]:
        """Every value by its key, including the API key."""
        return {name: getattr(self, name) for name in KEYS}

    @property
    def shown_values(self) -> dict[str, object]:
        """Every value by its key, with secrets masked."""
        values = self.values
        for key in KEYS.values():
            value = values[key.name]
            if key.is_secret and isinstance(value, str):
                values[key.name] = mask(value)
        return values

    @property
    def path(self) -> Path:
        """The config file, which need not exist. Raises ConfigFault if there is no folder."""
        if self.config_path is None:
            raise no_home("the config file")
        return self.config_path

    @property
    def auth_path(self) -> Path:
        """The file of the saved login. Raises ConfigFault if there is no folder for it."""
        if self.home is None:
            raise no_home("the saved login")
        return self.home / AUTH_NAME


def resolve(options: GlobalOptions, environ: Mapping[str, str]) -> Settings:
    """Resolve every setting.

    Args:
        options: The global options of the run.
        environ: The environment. Empty variables count as not set.

    Raises:
        ConfigFault: The config file cannot be read, or a value is not valid. The message names the
            option, the variable, or the key and the file.
    """
    path = find_config(options.config, environ)
    document = {} if path is None else file.read(path)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key in KEYS.values():
        values[key.name], sources[key.name] = _settle(key, options, environ, document, path)
    _find_on_demand(values, sources)
    return Settings(**values, sources=sources, home=find_home(environ), config_path=path)


def _settle(
    key: Key,
    options: GlobalOptions,
    environ: Mapping[str, str],
    document: Mapping[str, Any],
    path: Path | None,
) -> tuple[object, str]:
    given = getattr(options, key.option) if key.option else None
    if given is not None:
        name = f"--{key.option}".replace("_", "-")
        return _checked(key, given, f"the option {name}"), FLAG
    text = environ.get(key.variable) if key.variable else None
    if text:
        return _checked(key, text, f"the environment variable {key.variable}"), ENVIRONMENT
    for table in key.tables:
        value = (document.get(table, {}) if table else document).get(key.name)
        # TOML has a type for times. An empty string counts as not set.
        value = value.isoformat() if isinstance(value, date) else value
        if value is not None and value != "":
            where = f"`{key.name}` in {f'[{table}] of ' if table else ''}{path}"
            return _checked(key, value, where), table or CONFIG
    return key.default, UNSET if key.default is None else DEFAULT


def _checked(key: Key, value: object, where: str) -> object:
    if key.name in ("gateway_user_id", "gateway_provider") and isinstance(value, str):
        # Only On-Demand needs them, and `tm infer doctor` validates them.
        return value
    try:
        return key.check(value)
    except SettingError as error:
        raise ConfigFault(f"{where} {error.problem}") from None


def _find_on_demand(values: dict[str, Any], sources: dict[str, str]) -> None:
    """Use the provider's host, unless the environment names a host and no flag names a provider."""
    provider = values["gateway_provider"]
    named = values["on_demand_base_url"] is not None
    if named and sources["gateway_provider"] != FLAG:
        return
    host = PROVIDER_HOSTS.get(provider) if isinstance(provider, str) else None
    if host is not None:
        values["on_demand_base_url"] = host
        sources["on_demand_base_url"] = sources["gateway_provider"]


__all__ = [
    "CONFIG",
    "DEFAULT",
    "ENVIRONMENT",
    "FLAG",
    "MANAGED",
    "OVERRIDES",
    "UNSET",
    "Settings",
    "resolve",
]
