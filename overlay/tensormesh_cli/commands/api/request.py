"""What a raw request is made of."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.values import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable

# Their fields are parameters of the query.
QUERY_METHODS = ("GET", "HEAD", "DELETE", "OPTIONS")
_KEY = re.compile(r"([^\[\]=]+)((?:\[[^\[\]=]*\])*)\Z")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_OURS = ("host", "content-length", "transfer-encoding", "connection")


class RawRequest(NamedTuple):
    """A request before it has credentials.

    Attributes:
        method: HTTP method.
        path: where to, on the host of the surface.
        query: parameters of the query, in addition to those of the path.
        headers: headers that were given.
        body: JSON body; None if there is none.
    """

    method: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: Any

    @property
    def wants_stream(self) -> bool:
        """Whether it asks for events that come one by one."""
        return isinstance(self.body, dict) and self.body.get("stream") is True


def path_of(base: str | None, path: str) -> str:
    """The path on a host that is meant.

    Args:
        base: base URL of the host, if it is known.
        path: a path, with or without a query; or a URL that begins with `base`.
    """
    given = path
    if base is not None and path.startswith((f"{base}/", f"{base}?")):
        given = path.removeprefix(base)
    return given if given.startswith("/") else f"/{given}"


def headers_of(given: Iterable[str]) -> dict[str, str]:
    """Headers, each written as `Name: value`.

    Raises:
        UsageFault: one of them is none, or is not for users to set.
    """
    headers = {}
    for text in given:
        name, colon, value = text.partition(":")
        value = value.strip()
        if not colon or not _HEADER.match(name):
            # Not quoted: what was meant may be a credential.
            raise UsageFault("--header: one of them is no header", hint="write it as 'Name: value'")
        if not (value.isprintable() and value.isascii()):
            raise UsageFault(f"--header {name} has characters that a header cannot have")
        if name.lower() in _OURS:
            raise UsageFault(f"--header {name} is set by tm itself")
        headers[name.lower()] = value
    return headers


def fields_of(typed: Iterable[str], raw: Iterable[str]) -> dict[str, Any]:
    """Fields, each written as `key=value`; `a[b]=` for one inside of another, `a[]=` for a list.

    Args:
        typed: fields whose true, false, null and numbers are such, and `@FILE` a file's text.
        raw: fields that are texts.

    Raises:
        UsageFault: one of them is none.
    """
    fields: dict[str, Any] = {}
    for option, texts, is_typed in (("--field", typed, True), ("--raw-field", raw, False)):
        for text in texts:
            key, equals, value = text.partition("=")
            found = _KEY.match(key)
            if not equals or found is None:
                raise UsageFault(f"{option} {text!r} is no field", hint="write it as key=value")
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
    # Objects, lists and texts in quotes are for --json; NaN is no JSON.
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
            raise UsageFault(f"{what} is both a value and holds others")


def body_of(inline: str | None, file: str | None) -> Any:
    """A JSON body; None if none was given.

    Raises:
        UsageFault: it cannot be read, or is no JSON.
    """
    if inline is not None and file is not None:
        raise UsageFault("--json and --file both give the body", hint="pass one of them")
    if inline is None and file is None:
        return None
    from tensormesh_cli.commands.infer.payload import Expected, read_payload

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
    """Put a request together.

    Args:
        method: HTTP method.
        path: where to.
        fields: for the query, or for the body, as the method has it.
        body: JSON body, which the fields win over.
        headers: headers that were given.

    Raises:
        UsageFault: fields and body do not go together.
    """
    if method in QUERY_METHODS:
        if body is not None and method != "DELETE":
            raise UsageFault(f"{method} has no body", hint="pass parameters with --field")
        _check_plain(fields)
        return RawRequest(method, path, fields, headers, body)
    if fields and body is not None and not isinstance(body, dict):
        raise UsageFault("--field needs a body that is an object, and --json gives another")
    if fields:
        body = {**(body or {}), **fields}
    return RawRequest(method, path, {}, headers, body)


def _check_plain(fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, (dict, list)):
                raise UsageFault(f"--field {key}: the query has room for plain values only")
