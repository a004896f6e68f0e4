"""Which certificates are trusted."""

from __future__ import annotations

import os
import ssl
import threading

from .._errors import ConfigurationError

_contexts: dict[str | None, ssl.SSLContext] = {}
_lock = threading.Lock()


def context_for(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the cached TLS context for these certificates. Building one takes about 25 ms."""
    with _lock:
        context = _contexts.get(ca_bundle)
        if context is None:
            context = _new_context(ca_bundle)
            context.set_alpn_protocols(["http/1.1"])
            _contexts[ca_bundle] = context
        return context


def _new_context(ca_bundle: str | None) -> ssl.SSLContext:
    if ca_bundle is not None:
        try:
            return ssl.create_default_context(cafile=ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"`ca_bundle` (or TENSORMESH_CA_BUNDLE) cannot be used: {error.strerror or error}",
                argument="ca_bundle",
                variable="TENSORMESH_CA_BUNDLE",
            ) from error
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not _has_ca_folder():
        # A system without certificates, as small containers are.
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _has_ca_folder() -> bool:
    """Whether certificates are read from a folder on demand, so that none are loaded yet."""
    folder: str | None = ssl.get_default_verify_paths().capath
    return bool(folder and os.listdir(folder))


def _reset_after_fork() -> None:
    """Forget a lock that another thread of the parent process may have held."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
