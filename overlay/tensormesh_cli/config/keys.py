"""The settings of `tm`: those of the SDK and a few more, with their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tensormesh.settings import SETTINGS, Setting
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

MANAGED: Final = "managed"
OVERRIDES: Final = "overrides"
TABLES: Final = (MANAGED, OVERRIDES)

PROVIDER_HOSTS: Final = {
    "nebius": "https://external.nebius.tensormesh.ai",
    "lambda": "https://external.lambda.tensormesh.ai",
    "yotta": "https://external.yotta.tensormesh.ai",
}


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('must be a string in quotes, such as "..."')
    if value != value.strip() or not value.isprintable():
        raise ValueError("must not contain unprintable characters, or start or end with whitespace")
    return value


def _provider(value: object) -> str:
    word = _word(value)
    if word not in PROVIDER_HOSTS:
        raise ValueError(f"must be one of {', '.join(PROVIDER_HOSTS)}")
    return word


# Settings that the SDK does not know.
_OWN = {
    "gateway_provider": Setting("gateway_provider", "Provider of the On-Demand hosts.", _provider),
    "gateway_model_id": Setting("gateway_model_id", "Model for On-Demand requests.", _word),
    "synced_at": Setting("synced_at", "Time of the last `tm init --sync`.", _word),
}


class Key:
    """One setting of `tm`.

    Args:
        name: The name in the config file and in `tm config show`.
        setting: The SDK's name of the setting. Default: the same.
        tables: The tables of the config file that may hold it, the strongest first; `""` is the
            top of the file.
        option: The attribute of `GlobalOptions` that holds it, or None.
        default: The value if there is no other. Default: that of the SDK.
        writable: Whether `tm config set` takes it.
    """

    def __init__(
        self,
        name: str,
        setting: str | None = None,
        *,
        tables: tuple[str, ...] = (),
        option: str | None = None,
        default: object = None,
        writable: bool = True,
    ) -> None:
        self.name = name
        self._setting = _OWN[name] if name in _OWN else SETTINGS[setting or name]
        self.tables = tables
        self.option = option
        self.default = self._setting.default if default is None else default
        self.writable = writable
        self.variable = self._setting.variable
        self.is_secret = self._setting.is_secret

    @property
    def home(self) -> tuple[str, ...]:
        """Where `tm config set` puts the value, as a path in the config file."""
        table = self.tables[0]
        return (table, self.name) if table else (self.name,)

    def check(self, value: object) -> object:
        """Return a value from the command line, the environment or the config file, validated.

        Raises:
            SettingError: The value is not valid.
        """
        known = self._setting
        checked = known.parse(value) if isinstance(value, str) else known.validate(value)
        # Show and write 30 and not 30.0.
        is_whole = isinstance(checked, float) and checked.is_integer()
        return int(checked) if is_whole else checked


_GATEWAY = (OVERRIDES, MANAGED)

KEYS: Final = {
    key.name: key
    for key in (
        Key(
            "controlplane_base",
            "control_plane_base_url",
            tables=("",),
            option="controlplane_base",
        ),
        Key("timeout_seconds", tables=("",), option="timeout", default=30),
        Key("max_retries", tables=("",), option="max_retries"),
        Key("ca_bundle", tables=("",), option="ca_bundle"),
        Key("serverless_base_url", writable=False),
        Key("on_demand_base_url", writable=False),
        Key("gateway_api_key", "inference_api_key", tables=_GATEWAY),
        Key("gateway_user_id", "on_demand_user_id", tables=_GATEWAY),
        Key("gateway_provider", tables=_GATEWAY, option="gateway_provider"),
        Key("gateway_model_id", tables=_GATEWAY),
        Key("synced_at", tables=(MANAGED,), writable=False),
    )
}


def writable_key(name: str) -> Key:
    """Return a setting that `tm config set` can change.

    Raises:
        UsageFault: There is no such setting, or it cannot be set. The hint offers the nearest.
    """
    key = KEYS.get(name)
    names = [key.name for key in KEYS.values() if key.writable]
    if key is not None and key.writable:
        return key
    if key is not None:
        how = f"set {key.variable}" if key.variable else "`tm init --sync` writes it"
        raise UsageFault(f"`{name}` cannot be set in the config file", hint=how)
    raise UsageFault(
        f"unknown setting `{name}`",
        hint=did_you_mean(name, names) or f"the settings are {', '.join(names)}",
    )


def find_ignored(document: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """Return an entry of a config file that `tm` ignores, with a hint, or None."""
    for table in ("", *TABLES):
        entries = document.get(table, {}) if table else document
        used = {key.name for key in KEYS.values() if table in key.tables}
        for name in sorted(entries.keys() - used - (set() if table else set(TABLES))):
            try:
                *parents, _ = writable_key(name).home
            except UsageFault as fault:
                return name, fault.hint
            return name, f"move it to {f'[{parents[0]}]' if parents else 'the top of the file'}"
    return None


def mask(secret: str) -> str:
    """Mask a secret so that its owner can recognize it: `ak-...1234`."""
    if len(secret) < 12:
        return "***"
    head, dash, _ = secret.partition("-")
    # The type of a key, such as `ak`, is not part of the secret.
    kind = head + dash if dash and len(head) <= 4 else ""
    return f"{kind}...{secret[-4:]}"
