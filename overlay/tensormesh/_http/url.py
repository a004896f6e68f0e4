"""Parse URLs, and build what goes into the request line."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from .errors import LocalProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .pool import Origin

_PORTS = {"http": 80, "https": 443}
# What must be escaped in a path or query, unless it is an escape already.
_UNSAFE = re.compile(rb"[^\x21-\x7e]|[\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})")


class Target(NamedTuple):
    """Where a request goes.

    Attributes:
        origin: Scheme, host and port to connect to.
        host: The `Host` header.
        path: Path, and query if the URL has one, escaped.
    """

    origin: Origin
    host: str
    path: bytes


@lru_cache(maxsize=64)
def parse(url: str) -> Target:
    """Parse a URL.

    Raises:
        LocalProtocolError: No request can be sent to it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        name = _ascii(parts.hostname or "")
    except (ValueError, UnicodeError) as error:
        raise LocalProtocolError(f"invalid URL: {error}") from error
    if parts.scheme not in _PORTS or not name:
        raise LocalProtocolError(f"invalid URL {url!r}: expected http:// or https:// and a host")
    default = _PORTS[parts.scheme]
    host = f"[{name}]" if ":" in name else name
    if port is not None and port != default:
        host = f"{host}:{port}"
    path = _escaped(parts.path) or b"/"
    if parts.query:
        path += b"?" + _escaped(parts.query)
    return Target((parts.scheme.encode(), name.encode(), port or default), host, path)


def with_query(path: bytes, query: Mapping[str, Any]) -> bytes:
    """Return the path with query parameters. A list repeats its parameter."""
    pairs = [
        (name, _text(item))
        for name, value in query.items()
        for item in (value if isinstance(value, (list, tuple)) else [value])
    ]
    return path.partition(b"?")[0] + b"?" + urlencode(pairs).encode()


def same_origin_target(url: str, location: str | None) -> str | None:
    """Return where a redirect leads if it stays on the same scheme, host and port."""
    if not location:
        return None
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location))
        # A user name in it would take the place of our credential.
        is_same = _origin(here) == _origin(there) and "@" not in there.netloc
    except ValueError:
        return None
    return there._replace(fragment="").geturl() if is_same else None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    # Comes with httpx, and is rarely needed.
    import idna

    return idna.encode(name, uts46=True).decode("ascii")


def _escaped(text: str) -> bytes:
    return _UNSAFE.sub(
        lambda found: b"".join(b"%%%02X" % byte for byte in found[0]), text.encode("utf-8")
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
