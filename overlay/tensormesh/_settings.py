"""The settings of one client: constructor argument, then environment variable, then default.

Nothing here reads a file, and no message or `repr` shows a key, a token or a text that was given
in the place of one.
"""

from __future__ import annotations

import os

from ._errors import ConfigurationError
from .settings import SETTINGS, SettingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .settings import Setting

# A setting of the process, not of a client, so it has no argument.
LOG_VARIABLE = "TENSORMESH_LOG"

DEFAULT_TIMEOUT_SECONDS = 60.0
DEFAULT_CONNECT_TIMEOUT_SECONDS = 10.0


class Settings:
    """The validated settings of one client. Made by `resolve_settings`.

    Its attributes are the settings of `tensormesh.settings.SETTINGS`, with defaults filled in.
    """

    __slots__ = tuple(SETTINGS)

    control_plane_token: str | None
    control_plane_base_url: str
    inference_api_key: str | None
    serverless_base_url: str
    on_demand_base_url: str | None
    on_demand_user_id: str | None
    timeout_seconds: float | None
    connect_timeout_seconds: float | None
    total_timeout_seconds: float | None
    max_retries: int
    ca_bundle: str | None

    def __init__(self, values: Mapping[str, object]) -> None:
        for name in SETTINGS:
            setattr(self, name, values[name])

    def __repr__(self) -> str:
        shown = []
        for name, setting in SETTINGS.items():
            value = getattr(self, name)
            is_hidden = setting.is_secret and value is not None
            shown.append(f"{name}={'***' if is_hidden else repr(value)}")
        return f"Settings({', '.join(shown)})"

    def require(self, name: str) -> str:
        """Return a credential or base URL.

        Raises:
            ConfigurationError: It is missing. The message says how to set it and where to get it.
        """
        value = getattr(self, name)
        if isinstance(value, str):
            return value
        setting = SETTINGS[name]
        raise ConfigurationError(
            f"{setting.label} is needed for this call: pass `{name}=...` or set the environment "
            f"variable {setting.variable}. {setting.source}",
            argument=name,
            variable=setting.variable,
            is_missing=True,
        )

    def timeout_for(
        self,
        method: str,
        *,
        post_timeout_seconds: float | None = None,
        timeout_seconds: float | None = None,
        total_timeout_seconds: float | None = None,
    ) -> tuple[float, float, float | None]:
        """Return the timeouts of one call: of each wait, of connecting, and of the whole call.

        Args:
            method: The HTTP method in capitals.
            post_timeout_seconds: The host's default for POST requests, or None.
            timeout_seconds: The value given to this call, or None for the client's.
            total_timeout_seconds: The value given to this call, or None for the client's.

        Raises:
            ConfigurationError: A value is not valid.
        """
        if timeout_seconds is not None:
            seconds = _validate(SETTINGS["timeout_seconds"], timeout_seconds)
        elif self.timeout_seconds is not None:
            seconds = self.timeout_seconds
        elif post_timeout_seconds is not None and method == "POST":
            seconds = post_timeout_seconds
        else:
            seconds = DEFAULT_TIMEOUT_SECONDS
        connect = self.connect_timeout_seconds
        if connect is None:
            connect = min(seconds, DEFAULT_CONNECT_TIMEOUT_SECONDS)
        total = self.total_timeout_seconds
        if total_timeout_seconds is not None:
            total = _validate(SETTINGS["total_timeout_seconds"], total_timeout_seconds)
        return seconds, connect, total

    def replace(self, arguments: Mapping[str, object]) -> Settings:
        """Return a copy with other values for some settings. None resets one to its default.

        The environment is not read again.

        Raises:
            ConfigurationError: A value is not valid.
        """
        values = {name: getattr(self, name) for name in SETTINGS}
        for name, value in arguments.items():
            values[name] = _resolve(SETTINGS[name], value, environ={})
        return Settings(values)


def resolve_settings(
    arguments: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> Settings:
    """Resolve every setting: the argument, else the environment variable, else the default.

    An argument that is None and a variable that is empty count as not given. A variable is not
    even validated if its argument is given. Settings without a default may be missing until a call
    needs them: see `Settings.require`.

    Args:
        arguments: Values by the name of the setting. Other names are ignored.
        environ: The environment. Default: that of the process.

    Raises:
        ConfigurationError: A value is not valid. The error names the argument and the variable.
    """
    if environ is None:
        environ = os.environ
    return Settings(
        {
            name: _resolve(setting, arguments.get(name), environ)
            for name, setting in SETTINGS.items()
        }
    )


def start_log() -> None:
    """Write the log to stderr if the environment asks for it.

    Raises:
        ConfigurationError: The variable has an unknown value.
    """
    level = os.environ.get(LOG_VARIABLE)
    if level:
        from ._log import write_log

        write_log(level, LOG_VARIABLE)


def _resolve(setting: Setting, argument: object, environ: Mapping[str, str]) -> object:
    if argument is not None:
        return _validate(setting, argument)
    text = environ.get(setting.variable) if setting.variable else None
    if not text:
        return setting.default
    try:
        return setting.parse(text)
    except SettingError as error:
        what = f"the environment variable {setting.variable} (for `{setting.name}`)"
        raise _invalid(setting, what, error) from None


def _validate(setting: Setting, value: object) -> Any:
    try:
        return setting.validate(value)
    except SettingError as error:
        variable = f" (or the environment variable {setting.variable})" if setting.variable else ""
        raise _invalid(setting, f"`{setting.name}`{variable}", error) from None


def _invalid(setting: Setting, what: str, error: SettingError) -> ConfigurationError:
    return ConfigurationError(
        f"{what} {error.problem}",
        argument=setting.name,
        variable=setting.variable,
        problem=error.problem,
    )
