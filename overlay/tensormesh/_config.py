"""Settings of a client: constructor argument, then environment variable, then default.

Nothing here reads a file, and no message or ``repr`` shows a key, a token or a text that was given
in the place of one.
"""

from __future__ import annotations

import os

from ._errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

VARIABLES = {
    "control_plane_token": "TENSORMESH_CONTROL_PLANE_TOKEN",
    "control_plane_base_url": "TENSORMESH_CONTROL_PLANE_BASE_URL",
    "inference_api_key": "TENSORMESH_INFERENCE_API_KEY",
    "serverless_base_url": "TENSORMESH_SERVERLESS_BASE_URL",
    "on_demand_base_url": "TENSORMESH_ON_DEMAND_BASE_URL",
    "on_demand_user_id": "TENSORMESH_ON_DEMAND_USER_ID",
    "timeout_seconds": "TENSORMESH_TIMEOUT_SECONDS",
    "max_retries": "TENSORMESH_MAX_RETRIES",
    "ca_bundle": "TENSORMESH_CA_BUNDLE",
}

# Of the process, not of one client: no argument gives it.
LOG_VARIABLE = "TENSORMESH_LOG"

# Those that only code gives. Settings are shown in this order.
_NAMES = (*VARIABLES, "connect_timeout_seconds", "total_timeout_seconds")

DEFAULT_CONTROL_PLANE_BASE_URL = "https://api.tensormesh.ai"
DEFAULT_SERVERLESS_BASE_URL = "https://serverless.tensormesh.ai"
DEFAULT_TIMEOUT_SECONDS = 60.0
DEFAULT_CONNECT_TIMEOUT_SECONDS = 10.0
# Sockets refuse timeouts far beyond this with an error of their own.
LONGEST_TIMEOUT_SECONDS = 365 * 24 * 3600.0
DEFAULT_MAX_RETRIES = 0

# What is missing, and where it comes from.
_REQUIREMENTS = {
    "control_plane_token": (
        "a Control Plane token is needed for this call",
        "After `tm auth login`, `tm auth print-token --yes-i-know` prints one.",
    ),
    "inference_api_key": (
        "an inference API key is needed for this call",
        "Your Tensormesh environment issues one, or create it with "
        "`tm users api-keys create --user-id ID --name sdk-key --yes`.",
    ),
    "on_demand_base_url": (
        "the base URL of an On-Demand host is needed for this call",
        "It belongs to your deployment, and the operator of it knows the URL.",
    ),
    "on_demand_user_id": (
        "a user id is needed for On-Demand calls",
        "`tm --output json auth whoami` prints yours, or ask your operator.",
    ),
}


class Settings:
    """What a client was told, checked and complete. Made by ``resolve_settings``.

    Attributes:
        control_plane_token: bearer token of the Control Plane, or ``None``.
        control_plane_base_url: without a slash at the end.
        inference_api_key: key of both inference hosts, or ``None``.
        serverless_base_url: without a slash or ``/v1`` at the end.
        on_demand_base_url: likewise, or ``None``.
        on_demand_user_id: a UUID as it was given, or ``None``.
        timeout_seconds: one timeout for every call, or ``None`` for the defaults by kind of call.
        connect_timeout_seconds: timeout of connecting, or ``None`` for ``timeout_seconds``, but 10
            at most.
        total_timeout_seconds: longest time of a whole call, or ``None`` for no limit.
        max_retries: how often an idempotent request may be repeated.
        ca_bundle: path of a file with the trusted certificates, or ``None`` for the system's.
    """

    __slots__ = _NAMES

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
        for name in _NAMES:
            setattr(self, name, values[name])

    def __repr__(self) -> str:
        shown = []
        for name in _NAMES:
            value = getattr(self, name)
            secret = value is not None and name in ("control_plane_token", "inference_api_key")
            shown.append(f"{name}={'***' if secret else repr(value)}")
        return f"Settings({', '.join(shown)})"

    def require(self, name: str) -> str:
        """Return a credential or host by the name of its argument.

        Raises:
            ConfigurationError: it was not given; the message says how to give and to get it.
        """
        value = getattr(self, name)
        if isinstance(value, str):
            return value
        missing, source = _REQUIREMENTS[name]
        variable = VARIABLES[name]
        raise ConfigurationError(
            f"{missing}: pass `{name}=...` or set the environment variable {variable}. {source}",
            argument=name,
            variable=variable,
        )

    def timeout_for(
        self,
        method: str,
        *,
        post_timeout_seconds: float | None = None,
        timeout_seconds: float | None = None,
        total_timeout_seconds: float | None = None,
    ) -> tuple[float, float, float | None]:
        """Return the timeouts of one call in seconds: of a wait, of connecting, of all of it.

        Args:
            method: HTTP method, in capitals.
            post_timeout_seconds: what a POST to this host gets by default; ``None`` for what all
                else gets.
            timeout_seconds: what this call was given; ``None`` to use the client's.
            total_timeout_seconds: likewise.

        Raises:
            ConfigurationError: one of them is not a number that can be waited for.
        """
        if timeout_seconds is not None:
            seconds = _Given("timeout_seconds", timeout_seconds).timeout()
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
            total = _Given("total_timeout_seconds", total_timeout_seconds).timeout()
        return seconds, connect, total

    def replace(self, **arguments: object) -> Settings:
        """Return a copy with some arguments of ``resolve_settings`` changed, and checked like them.

        ``None`` gives an argument its default. The environment is not read again.

        Raises:
            ConfigurationError: a value is not valid.
            TypeError: there is no such argument.
        """
        unknown = arguments.keys() - set(_NAMES)
        if unknown:
            raise TypeError(f"unknown setting: {', '.join(sorted(unknown))}")
        values = {name: getattr(self, name) for name in _NAMES}
        for name, value in arguments.items():
            values[name] = _settle(name, value, environ={})
        return Settings(values)


def resolve_settings(
    *,
    environ: Mapping[str, str] | None = None,
    control_plane_token: str | None = None,
    control_plane_base_url: str | None = None,
    inference_api_key: str | None = None,
    serverless_base_url: str | None = None,
    on_demand_base_url: str | None = None,
    on_demand_user_id: str | UUID | None = None,
    timeout_seconds: float | None = None,
    connect_timeout_seconds: float | None = None,
    total_timeout_seconds: float | None = None,
    max_retries: int | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
) -> Settings:
    """Settle every setting: the argument, else its environment variable, else its default.

    An argument that is ``None`` and a variable that is empty count as not given. A variable is
    looked at only if its argument is not given. What has no default may stay missing until a call
    needs it (see ``Settings.require``).

    Args:
        environ: the environment; ``None`` for that of the process.

    Raises:
        ConfigurationError: a value is not valid; names the argument and the variable.
    """
    if environ is None:
        environ = os.environ
    arguments: dict[str, object] = {
        "control_plane_token": control_plane_token,
        "control_plane_base_url": control_plane_base_url,
        "inference_api_key": inference_api_key,
        "serverless_base_url": serverless_base_url,
        "on_demand_base_url": on_demand_base_url,
        "on_demand_user_id": on_demand_user_id,
        "timeout_seconds": timeout_seconds,
        "connect_timeout_seconds": connect_timeout_seconds,
        "total_timeout_seconds": total_timeout_seconds,
        "max_retries": max_retries,
        "ca_bundle": ca_bundle,
    }
    return Settings({name: _settle(name, value, environ) for name, value in arguments.items()})


def start_log() -> None:
    """Write the log to stderr, if the environment asks for it.

    Raises:
        ConfigurationError: it asks for what there is not.
    """
    level = os.environ.get(LOG_VARIABLE)
    if level:
        from ._log import write_log

        write_log(level, LOG_VARIABLE)


def _settle(name: str, argument: object, environ: Mapping[str, str]) -> object:
    check, default = _KINDS[name]
    if argument is not None:
        return check(_Given(name, argument))
    text = environ.get(VARIABLES[name]) if name in VARIABLES else None
    return check(_Given(name, text, from_variable=True)) if text else default


class _Given:
    """A value that was given for a setting. Each method checks it as one kind of value.

    Texts are described in errors, never quoted: a key may have been put in the wrong place.
    """

    __slots__ = ("from_variable", "name", "value")

    def __init__(self, name: str, value: object, *, from_variable: bool = False) -> None:
        self.name = name
        self.value = value
        self.from_variable = from_variable

    def credential(self) -> str:
        text = self._text()
        if text != text.strip():
            raise self._invalid("begins or ends with white space")
        if not text.isascii() or not text.isprintable():
            raise self._invalid("holds a character other than printable ASCII, such as a line end")
        if text[:7].lower() == "bearer ":
            raise self._invalid("begins with the word Bearer, which is not part of it")
        return text

    def base_url(self) -> str:
        text = self._text()
        from urllib.parse import urlsplit

        if not text.isprintable() or " " in text or "\\" in text:
            raise self._invalid("holds white space, a control character or a backslash")
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            # Not chained: the library's message may quote the text, and with it a password.
            raise self._invalid("is not a URL: its host or port is malformed") from None
        if parts.scheme not in ("http", "https"):
            raise self._invalid("must begin with https:// or http://")
        if "@" in parts.netloc:
            raise self._invalid("must not hold a user name or a password")
        if not host:
            raise self._invalid("has no host")
        if parts.netloc[0] != "[" and not all(c.isalnum() or c in "-._" for c in host):
            raise self._invalid("has a host with characters that host names do not have")
        if "?" in text or "#" in text:
            raise self._invalid("must not have a query or a fragment")
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"

    def inference_base_url(self) -> str:
        scheme, _, rest = self.base_url().partition("://")
        host, slash, path = rest.partition("/")
        # The routes bring their own /v1.
        path = f"{slash}{path}".removesuffix("/v1").rstrip("/")
        return f"{scheme}://{host}{path}"

    def uuid(self) -> str:
        text = str(self.value)
        groups = text.split("-")
        if [len(group) for group in groups] != [8, 4, 4, 4, 12]:
            raise self._invalid(
                "must be a UUID written as 8-4-4-4-12 hexadecimal digits with hyphens, "
                f"not a text of {len(text)} characters in another form"
            )
        if not set("".join(groups)) <= set("0123456789abcdefABCDEF"):
            raise self._invalid(
                "must be a UUID, and holds a character that is no hexadecimal digit"
            )
        return text

    def timeout(self) -> float:
        seconds = self.value
        if self.from_variable:
            try:
                seconds = float(self._text())
            except ValueError:
                seconds = None
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise self._invalid("must be a number of seconds")
        if not 0 < seconds <= LONGEST_TIMEOUT_SECONDS:
            raise self._invalid("must be more than 0 and at most a year, in seconds")
        return float(seconds)

    def retries(self) -> int:
        count = self.value
        if self.from_variable:
            text = self._text().strip()
            count = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise self._invalid("must be a whole number, 0 or more")
        return count

    def path(self) -> str:
        path = os.fspath(self.value) if isinstance(self.value, os.PathLike) else self.value
        if not isinstance(path, str) or not path or "\0" in path:
            raise self._invalid("must be the path of a file")
        return path

    def _text(self) -> str:
        if not isinstance(self.value, str):
            raise self._invalid(f"must be a text, not {type(self.value).__name__}")
        if not self.value:
            raise self._invalid("is empty; leave it out to use the environment or the default")
        return self.value

    def _invalid(self, problem: str) -> ConfigurationError:
        variable = VARIABLES.get(self.name)
        if self.from_variable:
            what = f"the environment variable {variable} (for `{self.name}`)"
        elif variable is not None:
            what = f"`{self.name}` (or the environment variable {variable})"
        else:
            what = f"`{self.name}`"
        return ConfigurationError(f"{what} {problem}", argument=self.name, variable=variable)


_KINDS: dict[str, tuple[Callable[[_Given], object], object]] = {
    "control_plane_token": (_Given.credential, None),
    "control_plane_base_url": (_Given.base_url, DEFAULT_CONTROL_PLANE_BASE_URL),
    "inference_api_key": (_Given.credential, None),
    "serverless_base_url": (_Given.inference_base_url, DEFAULT_SERVERLESS_BASE_URL),
    "on_demand_base_url": (_Given.inference_base_url, None),
    "on_demand_user_id": (_Given.uuid, None),
    "timeout_seconds": (_Given.timeout, None),
    "connect_timeout_seconds": (_Given.timeout, None),
    "total_timeout_seconds": (_Given.timeout, None),
    "max_retries": (_Given.retries, DEFAULT_MAX_RETRIES),
    "ca_bundle": (_Given.path, None),
}
