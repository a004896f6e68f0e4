"""The table of settings: name, kind, where each comes from."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tensormesh_cli._errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable

MANAGED: Final = "managed"
OVERRIDES: Final = "overrides"
TABLES: Final = (MANAGED, OVERRIDES)

PROVIDER_HOSTS: Final = {
    "nebius": "https://external.nebius.tensormesh.ai",
    "lambda": "https://external.lambda.tensormesh.ai",
    "yotta": "https://external.yotta.tensormesh.ai",
}

_LONGEST_SECONDS = 365 * 24 * 3600
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class InvalidValueError(ValueError):
    """A value is not of its kind. The message says what it must be, and never quotes it."""


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in the form 8-4-4-4-12."""
    return _UUID.fullmatch(text) is not None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValueError('must be a text in quotes, such as "..."')
    if value != value.strip() or not value.isprintable():
        raise InvalidValueError("has white space around it, or a character that is not printable")
    return value


def _path(value: object) -> str:
    return os.path.expanduser(_text(value))


def _secret(value: object) -> str:
    text = _text(value)
    if not text.isascii() or " " in text:
        raise InvalidValueError("must be printable ASCII without white space")
    return text


def _uuid(value: object) -> str:
    text = _text(value)
    if not is_uuid(text):
        raise InvalidValueError("must be a UUID, such as 00000000-0000-4000-8000-000000000001")
    return text


def _provider(value: object) -> str:
    text = _text(value)
    if text not in PROVIDER_HOSTS:
        raise InvalidValueError(f"must be one of {', '.join(PROVIDER_HOSTS)}")
    return text


def _seconds(value: object) -> int | float:
    number = _number(value, float)
    if number is None or not 0 < number <= _LONGEST_SECONDS:
        raise InvalidValueError("must be a number of seconds, more than 0")
    return int(number) if number == int(number) else number


def _retries(value: object) -> int:
    number = _number(value, int)
    if number is None or not 0 <= number < 1_000_000:
        raise InvalidValueError("must be a whole number, 0 or more")
    return int(number)


def _number(value: object, kind: type[int] | type[float]) -> int | float | None:
    if isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, kind)):
        return None
    return value


def base_url(value: object) -> str:
    """Return a base URL without a slash at its end.

    Raises:
        InvalidValueError: It is not an http or https URL, or has more than host and path.
    """
    from urllib.parse import urlsplit

    text = _text(value)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidValueError("is not a URL: its host or port is malformed") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidValueError("must be a URL, such as https://api.tensormesh.ai")
    if "@" in parts.netloc:
        raise InvalidValueError("must not hold a user name or a password")
    if "?" in text or "#" in text or " " in text:
        raise InvalidValueError("must not have white space, a query or a fragment")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _inference_url(value: object) -> str:
    # The routes bring their own /v1.
    return base_url(value).removesuffix("/v1").rstrip("/")


@dataclass(frozen=True)
class Key:
    """One setting.

    Attributes:
        name: Its name in the config file, and in `tm config show`.
        check: Gives the value in its final form; raises `InvalidValueError`.
        tables: The tables of the config file that may hold it, the strongest first; `""` is the
            top of the file.
        variable: The environment variable that holds it, or None.
        option: The global option that holds it, as an attribute of the options, or None.
        default: What it is if nobody says, or None.
        secret: Whether it is masked where it is shown.
        writable: Whether `tm config set` takes it.
    """

    name: str
    check: Callable[[object], object]
    tables: tuple[str, ...] = ()
    variable: str | None = None
    option: str | None = None
    default: object = None
    secret: bool = False
    writable: bool = True

    @property
    def home(self) -> tuple[str, ...]:
        """Where `tm config set` puts the value, as a path in the config file."""
        table = self.tables[0]
        return (table, self.name) if table else (self.name,)


_TOP = ("",)
_GATEWAY = (OVERRIDES, MANAGED)

KEYS: Final = {
    key.name: key
    for key in (
        Key(
            "controlplane_base",
            base_url,
            _TOP,
            "TENSORMESH_CONTROL_PLANE_BASE_URL",
            "controlplane_base",
            "https://api.tensormesh.ai",
        ),
        Key("timeout_seconds", _seconds, _TOP, "TENSORMESH_TIMEOUT_SECONDS", "timeout", 30),
        Key("max_retries", _retries, _TOP, "TENSORMESH_MAX_RETRIES", "max_retries", 0),
        Key("ca_bundle", _path, _TOP, "TENSORMESH_CA_BUNDLE", "ca_bundle"),
        Key(
            "serverless_base_url",
            _inference_url,
            variable="TENSORMESH_SERVERLESS_BASE_URL",
            default="https://serverless.tensormesh.ai",
            writable=False,
        ),
        Key(
            "on_demand_base_url",
            _inference_url,
            variable="TENSORMESH_ON_DEMAND_BASE_URL",
            writable=False,
        ),
        Key(
            "gateway_api_key",
            _secret,
            _GATEWAY,
            "TENSORMESH_INFERENCE_API_KEY",
            secret=True,
        ),
        Key("gateway_user_id", _uuid, _GATEWAY, "TENSORMESH_ON_DEMAND_USER_ID"),
        Key("gateway_provider", _provider, _GATEWAY, option="gateway_provider"),
        Key("gateway_model_id", _text, _GATEWAY),
        Key("synced_at", _text, (MANAGED,), writable=False),
    )
}


def writable_key(name: str) -> Key:
    """Return a setting that `tm config set` can change.

    Raises:
        UsageFault: There is none of this name; the message offers the nearest.
    """
    key = KEYS.get(name)
    names = [key.name for key in KEYS.values() if key.writable]
    if key is not None and key.writable:
        return key
    if key is not None:
        how = f"set {key.variable}" if key.variable else "`tm init --sync` writes it"
        raise UsageFault(f"`{name}` cannot be set in the config file", hint=how)
    from difflib import get_close_matches

    near = get_close_matches(name, names, 1)
    meant = f"did you mean `{near[0]}`? " if near else ""
    raise UsageFault(f"there is no setting `{name}`", hint=f"{meant}settings: {', '.join(names)}")


def mask(secret: str) -> str:
    """Return a secret so that its owner can tell it from others, and no more: `ak-...1234`."""
    if len(secret) < 12:
        return "***"
    head, dash, _ = secret.partition("-")
    # The kind of a key, such as `ak`, is no part of the secret.
    kind = head + dash if dash and len(head) <= 4 else ""
    return f"{kind}...{secret[-4:]}"
