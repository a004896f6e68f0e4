"""Refuse requests whose ``Host`` or ``Origin`` names another site.

A web page can point its own domain name at 127.0.0.1 (DNS rebinding). Its requests then reach the
local host, but the browser still sends the page's name in ``Host`` and ``Origin``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tensormesh_local.http.errors import ApiError

_AUTHORITY: Final = re.compile(
    r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)(?::[0-9]{0,5})?"
)
_LONGEST_SHOWN: Final = 80


class HostCheck:
    """ASGI middleware that answers 403 unless ``Host`` and ``Origin`` are allowed.

    Loopback names, and the IP address at which the connection arrived, are always allowed.

    Args:
        app: The application to protect.
        allowed: More host names and IP addresses to allow, normalized.
    """

    def __init__(self, app: ASGIApp, allowed: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an allowed request on; answer any other."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except ApiError as error:
                await error.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            raise ApiError(400, f"Expected one Host header, got {len(hosts)}.", param="header.Host")
        self._check_authority("Host", hosts[0], hosts[0], scope)
        for name, value in scope["headers"]:
            if name == b"origin":
                scheme, _, authority = value.partition(b"://")
                known = scheme.lower() in {b"http", b"https"}
                self._check_authority("Origin", value, authority if known else b"", scope)

    def _check_authority(self, header: str, value: bytes, authority: bytes, scope: Scope) -> None:
        match = _AUTHORITY.fullmatch(authority.decode("latin-1"))
        name = normalize_host(match["name"]) if match else ""
        if name and (is_loopback(name) or name in self._allowed or _is_own_address(name, scope)):
            return
        advice = "use localhost or 127.0.0.1"
        if name:
            advice += f", or allow it: --allow-host {name}, or allow_hosts=[{name!r}] in Python"
        shown = value.decode("latin-1")[:_LONGEST_SHOWN]
        raise ApiError(
            403, f"{header} {shown!r} is not allowed here: {advice}.", param=f"header.{header}"
        )


def normalize_host(name: str) -> str:
    """Return a host name or IP address in the form used for comparison."""
    name = name.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def parse_host(text: str) -> str:
    """Return a host name or IP address, normalized.

    Raises:
        ValueError: It is something else, such as a URL or a name with a port.
    """
    name = normalize_host(text)
    if not _AUTHORITY.fullmatch(f"[{name}]" if ":" in name else name):
        raise ValueError(
            f"{text!r} is not a host name or IP address: leave out the scheme and the port"
        )
    return name


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be reached from this machine."""
    name = normalize_host(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _is_own_address(name: str, scope: Scope) -> bool:
    """Tell whether this is the IP address at which the connection arrived.

    An IP address needs no DNS, so a page cannot rebind it. Where the server is known by a name,
    as with in-process transports, the name comes from the caller and proves nothing.
    """
    server = scope.get("server")
    if not server or normalize_host(server[0]) != name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
