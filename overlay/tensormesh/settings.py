"""The settings of a client, as data.

The constructors, `with_options()`, the environment and the command line `tm` all use this table, so
they accept the same values. A program with a configuration of its own can use it too:

    from tensormesh.settings import SETTINGS, SettingError

    try:
        timeout = SETTINGS["timeout_seconds"].parse("2.5")
    except SettingError as error:
        print(f"my-program.toml: {error}")
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["SECRET_HEADERS", "SETTINGS", "SHORTEST_SECRET", "Setting", "SettingError"]

SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"}
)
"""Headers whose values never appear in errors and logs, in lower case."""

SHORTEST_SECRET = 8
"""Length of the shortest string that is masked as a secret. A shorter one may be a plain word."""

# Sockets refuse much longer timeouts with an error of their own.
LONGEST_TIMEOUT_SECONDS = 365 * 24 * 3600.0
_MOST_RETRIES = 999_999
_UUID_GROUPS = [8, 4, 4, 4, 12]
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class SettingError(ValueError):
    """A value is not valid for a setting.

    Attributes:
        setting: The name of the setting.
        problem: What is wrong, to be put after a name: "must be a number of seconds". It never
            quotes the value, which may be a key in the wrong place.
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting: str = setting
        self.problem: str = problem

    def __str__(self) -> str:
        return f"{self.setting} {self.problem}"


class Setting:
    """One setting.

    Args:
        name: The name of the constructor's argument.
        description: What the setting is for.
        check: Returns a value in its final form. Raises `ValueError` with the problem.
        read: Converts a text to a value for `check`. Default: the text itself.
        variable: The environment variable, or None.
        default: The value if there is no other.
        default_text: The default in words, where `default` does not say it.
        host: The host that it is for, in words, or None for all.
        is_secret: Whether the value must not be shown.
        label: What it is called in an error that it is missing; None if it has a default.
        source: Where to get a value, for that error.
    """

    __slots__ = (
        *("check", "default", "default_text", "description", "host", "is_secret"),
        *("label", "name", "read", "source", "variable"),
    )

    def __init__(
        self,
        name: str,
        description: str,
        check: Callable[[Any], Any],
        *,
        read: Callable[[str], Any] | None = None,
        variable: str | None = None,
        default: Any = None,
        default_text: str | None = None,
        host: str | None = None,
        is_secret: bool = False,
        label: str | None = None,
        source: str | None = None,
    ) -> None:
        self.name: str = name
        self.description: str = description
        self.check: Callable[[Any], Any] = check
        self.read: Callable[[str], Any] | None = read
        self.variable: str | None = variable
        self.default: Any = default
        self.default_text: str | None = default_text if default is None else str(default)
        self.host: str | None = host
        self.is_secret: bool = is_secret
        self.label: str | None = label
        self.source: str | None = source

    def __repr__(self) -> str:
        return f"<Setting {self.name}>"

    def validate(self, value: object) -> Any:
        """Return a value in its final form: base URLs without a trailing slash, and so on.

        Raises:
            SettingError: The value is not valid.
        """
        try:
            return self.check(value)
        except ValueError as error:
            raise SettingError(self.name, str(error)) from None

    def parse(self, text: str) -> Any:
        """Return the value that a text stands for, as in an environment variable.

        Raises:
            SettingError: The text is not valid.
        """
        return self.validate(self.read(text) if self.read else text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {type(value).__name__}")
    if not value:
        raise ValueError("is empty; omit it to use the environment or the default")
    return value


def _credential(value: object) -> str:
    text = _text(value)
    if text[:7].lower() == "bearer ":
        raise ValueError("must not start with the word Bearer")
    if any(character.isspace() for character in text):
        raise ValueError("must not contain whitespace")
    if not text.isascii() or not text.isprintable():
        raise ValueError("must contain printable ASCII characters only")
    return text


def _base_url(value: object) -> str:
    text = _text(value)
    from urllib.parse import urlsplit

    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("must not contain whitespace, control characters or backslashes")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        # Not chained: the library's message may quote the text, and with it a password.
        raise ValueError("is not a URL: its host or port is malformed") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must start with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    if not host:
        raise ValueError("has no host")
    if parts.netloc[0] != "[" and not all(c.isalnum() or c in "-._" for c in host):
        raise ValueError("has a host with characters that host names cannot contain")
    if "?" in text or "#" in text:
        raise ValueError("must not have a query or fragment")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _inference_url(value: object) -> str:
    scheme, _, rest = _base_url(value).partition("://")
    host, slash, path = rest.partition("/")
    # The routes start with /v1 themselves.
    path = f"{slash}{path}".removesuffix("/v1").rstrip("/")
    return f"{scheme}://{host}{path}"


def _uuid(value: object) -> str:
    text = str(value)
    groups = text.split("-")
    if [len(group) for group in groups] != _UUID_GROUPS or not _HEXADECIMAL.issuperset(
        "".join(groups)
    ):
        raise ValueError("must be a UUID, such as 00000000-0000-4000-8000-000000000001")
    return text


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number of seconds")
    if not 0 < value <= LONGEST_TIMEOUT_SECONDS:
        raise ValueError("must be a number of seconds greater than 0 and at most a year")
    return float(value)


def _read_seconds(text: str) -> float | None:
    try:
        # float() also accepts "1_000" and digits of other scripts.
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_RETRIES:
        raise ValueError(f"must be a whole number from 0 to {_MOST_RETRIES}")
    return value


def _read_count(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _path(value: Any) -> str:
    try:
        path: object = os.fspath(value)  # pyright: ignore[reportUnknownVariableType]
    except TypeError:
        path = None
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError("must be a file path")
    return os.path.expanduser(path)


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "control_plane_token",
            "Bearer token for the Control Plane.",
            _credential,
            variable="TENSORMESH_CONTROL_PLANE_TOKEN",
            host="Control Plane",
            is_secret=True,
            label="a Control Plane token",
            source="After `tm auth login`, `tm auth print-token --yes-i-know` prints one.",
        ),
        Setting(
            "control_plane_base_url",
            "Base URL of the Control Plane.",
            _base_url,
            variable="TENSORMESH_CONTROL_PLANE_BASE_URL",
            default="https://api.tensormesh.ai",
            host="Control Plane",
        ),
        Setting(
            "inference_api_key",
            "API key for both inference hosts.",
            _credential,
            variable="TENSORMESH_INFERENCE_API_KEY",
            host="both inference hosts",
            is_secret=True,
            label="an inference API key",
            source="Your Tensormesh environment issues one, or create it with "
            "`tm users api-keys create --user-id ID --name sdk-key --yes`.",
        ),
        Setting(
            "serverless_base_url",
            "Base URL of the Serverless host.",
            _inference_url,
            variable="TENSORMESH_SERVERLESS_BASE_URL",
            default="https://serverless.tensormesh.ai",
            host="Serverless",
        ),
        Setting(
            "on_demand_base_url",
            "Base URL of your provider's On-Demand host.",
            _inference_url,
            variable="TENSORMESH_ON_DEMAND_BASE_URL",
            host="On-Demand",
            label="the base URL of an On-Demand host",
            source="Ask the operator of your deployment for the URL.",
        ),
        Setting(
            "on_demand_user_id",
            "UUID sent as `X-User-Id` to the On-Demand host only.",
            _uuid,
            variable="TENSORMESH_ON_DEMAND_USER_ID",
            host="On-Demand",
            label="a user id",
            source="`tm --output json auth whoami` prints yours, or ask your operator.",
        ),
        Setting(
            "timeout_seconds",
            "Maximum wait for the next bytes of a response or the next event in a stream.",
            _seconds,
            read=_read_seconds,
            variable="TENSORMESH_TIMEOUT_SECONDS",
            default_text="600 for inference POST requests, otherwise 60",
        ),
        Setting(
            "connect_timeout_seconds",
            "Maximum wait for a connection.",
            _seconds,
            read=_read_seconds,
            default_text="`timeout_seconds`, but at most 10",
        ),
        Setting(
            "total_timeout_seconds",
            "Maximum duration of a call, including retries and reading the response or stream.",
            _seconds,
            read=_read_seconds,
            default_text="no limit",
        ),
        Setting(
            "max_retries",
            "Maximum number of retries of an idempotent request after a network failure or status "
            "429, 500, 502, 503 or 504. A POST is never sent twice.",
            _count,
            read=_read_count,
            variable="TENSORMESH_MAX_RETRIES",
            default=0,
        ),
        Setting(
            "ca_bundle",
            "PEM file with the certificates to trust.",
            _path,
            variable="TENSORMESH_CA_BUNDLE",
            default_text="the system's certificates",
        ),
    )
}
"""Every setting by name."""
