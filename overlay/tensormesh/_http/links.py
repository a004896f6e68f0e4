"""Make links: over the SDK's own connections, or over httpx where a proxy needs it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .pool import Limits

if TYPE_CHECKING:
    import ssl

    from .async_link import AsyncLink
    from .httpx_link import AsyncHttpxLink, HttpxLink
    from .link import Link

LIMITS = Limits()


def new_link(scheme: str, ca_bundle: str | None) -> Link | HttpxLink:
    """Return a link for the URLs of one scheme."""
    if _has_proxies():
        from .httpx_link import for_proxies

        return for_proxies(ca_bundle)
    from .link import Link

    return Link(_context(scheme, ca_bundle), LIMITS)


def new_async_link(scheme: str, ca_bundle: str | None) -> AsyncLink | AsyncHttpxLink:
    """Return a link for the URLs of one scheme, in the running event loop."""
    if _has_proxies():
        from .httpx_link import for_proxies_async

        return for_proxies_async(ca_bundle)
    from .async_link import AsyncLink

    return AsyncLink(_context(scheme, ca_bundle), LIMITS)


def _context(scheme: str, ca_bundle: str | None) -> ssl.SSLContext | None:
    if scheme != "https":
        return None
    from . import tls

    return tls.context_for(ca_bundle)


def _has_proxies() -> bool:
    """Whether the environment or the system names proxies, which httpx knows how to use."""
    if sys.platform in ("darwin", "win32"):
        # Slow to import, and only needed for the settings of these systems.
        from urllib.request import getproxies

        return bool(getproxies().keys() - {"no"})
    names = (name.lower() for name, value in os.environ.items() if value)
    return any(name.endswith("_proxy") and name != "no_proxy" for name in names)
