"""Build the request of `tm api`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable

# With these, fields are query parameters.
QUERY_METHODS = ("GET", "HEAD", "DELETE", "OPTIONS")
_KEY = re.compile(r"([^\[\]=]+)((?:\[[^\[\]=]*\])*)\Z")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_OURS = ("host", "content-length", "transfer-encoding", "connection")


class RawRequest(NamedTuple):
    """A request without credentials.

    Attributes:
        method: HTTP method.
        path: Path on the host.
        query: Query parameters, in addition to those of the path.
        headers: Headers.
        body: JSON body, or None.
    """

    method: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: Any

    @property
    def wants_stream(self) -> bool:
        """Whether it asks for server-sent events."""
        return isinstance(self.body, dict) and self.body.get("stream") is True


def path_of(base: str | None, path: str) -> str:
    """Return the path of a URL on the host, or of a path with or without a leading slash."""
    given = path
    if base is not None and path.startswith((f"{base}/", f"{base}?")):
        given = path.removeprefix(base)
    return given if given.startswith("/") else f"/{given}"


def headers_of(given: Iterable[str]) -> dict[str, str]:
    """Parse headers, each written as `Name: value`.

    Raises:
        UsageFault: A header is invalid or reserved.
    """
    headers = {}
    for text in given:
        name, colon, value = text.partition(":")
        value = value.strip()
        if not colon or not _HEADER.match(name):
            # Not quoted: it may be a credential.
            raise UsageFault("invalid --header", hint="write it as 'Name: value'")
        if not (value.isprintable() and value.isascii()):
            raise UsageFault(f"--header {name} contains characters that are not allowed in headers")
        if name.lower() in _OURS:
            raise UsageFault(f"--header {name} is set by tm")
        headers[name.lower()] = value
    return headers


def fields_of(typed: Iterable[str], raw: Iterable[str]) -> dict[str, Any]:
    """Parse fields, each written as `key=value`, `a[b]=value` in an object, `a[]=value` in a list.

    Args:
        typed: Fields that may be true, false, null, a number, or `@FILE` for the text of a file.
        raw: Fields that are text.

    Raises:
        UsageFault: A field is invalid.
    """
    fields: dict[str, Any] = {}
    for option, texts, is_typed in (("--field", typed, True), ("--raw-field", raw, False)):
        for text in texts:
            key, equals, value = text.partition("=")
            found = _KEY.match(key)
            if not equals or found is None:
                raise UsageFault(f"invalid {option} {text!r}", hint="write it as key=value")
            keys = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
            _put(fields, keys, _value(value, option, key) if is_typed else value, f"{option} {key}")
    return fields


def _value(text: str, option: str, key: str) -> Any:
    if text.startswith("@"):
        return read_file(text[1:], f"{option} {key}={text}")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    # Objects, lists and quoted texts belong in --json. NaN is not JSON.
    plain = (
        value is None
        or isinstance(value, (bool, int))
        or (isinstance(value, float) and abs(value) != float("inf") and value == value)
    )
    return value if plain else text


def _put(fields: dict[str, Any], keys: list[str], value: Any, what: str) -> None:
    place: Any = fields
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        if following is None:
            if isinstance(place, list):
                place.append(value)
            else:
                place[key] = value
            return
        below: Any = [] if following == "" else {}
        if isinstance(place, list):
            place.append(below)
            place = below
            continue
        place = place.setdefault(key, below)
        if type(place) is not type(below):
            raise UsageFault(f"{what} is used both as a value and as a container")


def body_of(inline: str | None, file: str | None) -> Any:
    """Return the JSON body, or None.

    Raises:
        UsageFault: It cannot be read, or is not JSON.
    """
    if inline is not None and file is not None:
        raise UsageFault("--json and --file cannot be used together", hint="pass only one of them")
    if inline is None and file is None:
        return None
    from tensormesh_cli._inputs import Expected, read_payload

    payload = read_payload(inline, file, Expected('{"key": "value"}', takes_text=False))
    return None if payload is None else payload.value


def make(
    method: str,
    path: str,
    *,
    fields: dict[str, Any],
    body: Any,
    headers: dict[str, str],
) -> RawRequest:
    """Build a request. Fields go to the query or override fields of the body.

    Raises:
        UsageFault: Fields and body do not go together.
    """
    if method in QUERY_METHODS:
        if body is not None and method != "DELETE":
            raise UsageFault(f"{method} requests have no body", hint="pass parameters with --field")
        _check_plain(fields)
        return RawRequest(method, path, fields, headers, body)
    if fields and body is not None and not isinstance(body, dict):
        raise UsageFault("--field needs a JSON object as the body")
    if fields:
        body = {**(body or {}), **fields}
    return RawRequest(method, path, {}, headers, body)


def _check_plain(fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, (dict, list)):
                raise UsageFault(f"--field {key}: query parameters cannot be nested")
