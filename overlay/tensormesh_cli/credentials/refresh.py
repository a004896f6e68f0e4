"""Return the access token of the saved login, and renew it before it expires.

A refresh token is valid once. When several processes need a new one, the first to get the lock
renews it, and the others use what it saved.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tensormesh_cli._errors import ConfigFault, CredentialFault
from tensormesh_cli.credentials.store import new_tokens

if TYPE_CHECKING:
    from tensormesh_cli.config.settings import Settings
    from tensormesh_cli.credentials.store import Tokens, TokenStore

MARGIN_SECONDS = 300.0


def access_token(
    settings: Settings,
    store: TokenStore,
    *,
    now: datetime | None = None,
) -> str | None:
    """Return the access token of the saved login, or None if there is none.

    Args:
        settings: The settings, which include the host.
        store: The saved login.
        now: The current time, aware. By default that of this machine.

    Raises:
        CredentialFault: The login is for another host, or has expired and cannot be renewed.
        ConfigFault: The file cannot be read or written.
        APIError: It has expired, and the host could not be reached.
    """
    tokens = saved_login(settings, store)
    if tokens is None:
        return None
    now = now or datetime.now(UTC)
    if tokens.seconds_left(now) > MARGIN_SECONDS:
        return tokens.access_token
    import tensormesh

    try:
        return renew(settings, store, tokens, now=now).access_token
    except (ConfigFault, CredentialFault, tensormesh.APIError):
        # A failed renewal does not matter before the token has expired.
        if tokens.seconds_left(now) <= 0:
            raise
        return tokens.access_token


def saved_login(settings: Settings, store: TokenStore) -> Tokens | None:
    """Return the saved login, or None if there is none.

    Raises:
        ConfigFault: The file cannot be used.
        CredentialFault: It is for another host, which must not get its tokens.
    """
    tokens = store.load()
    if tokens is not None and not same_host(tokens.controlplane_base, settings.controlplane_base):
        raise other_host(tokens, settings.controlplane_base)
    return tokens


def other_host(tokens: Tokens, host: str) -> CredentialFault:
    """Return the error for a login that another host issued."""
    issuer = tokens.controlplane_base
    return CredentialFault(
        f"the saved login is for {issuer}, not for {host}",
        hint=f"pass --controlplane-base {issuer}, or run `tm auth login`",
    )


def same_host(one: str, other: str) -> bool:
    """Return whether two base URLs are the same, ignoring case and a trailing slash."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def renew(settings: Settings, store: TokenStore, seen: Tokens, *, now: datetime) -> Tokens:
    """Replace the tokens of a login, unless another process has done so since they were `seen`.

    Raises:
        CredentialFault: The host refuses the refresh token, or the user has logged out.
        ConfigFault: The file cannot be read or written.
        APIError: The host could not be reached.
    """
    with store.lock():
        tokens = saved_login(settings, store)
        if tokens is None:
            raise CredentialFault("the saved login was removed in the meantime")
        if tokens.access_token != seen.access_token:
            return tokens
        # The next call uses up the refresh token: make sure first that a new one can be saved.
        store.save(tokens)
        fresh = _ask(settings, tokens, now)
        store.save(fresh)
        return fresh


def _ask(settings: Settings, tokens: Tokens, now: datetime) -> Tokens:
    import tensormesh

    refusals = (
        tensormesh.AuthenticationError,
        tensormesh.BadRequestError,
        tensormesh.PermissionDeniedError,
    )
    with tensormesh.Tensormesh(
        control_plane_base_url=tokens.controlplane_base,
        timeout_seconds=settings.timeout_seconds,
        ca_bundle=settings.ca_bundle,
    ) as client:
        try:
            answer = client.control_plane.auth.cli.refresh(refresh_token=tokens.refresh_token)
        except refusals as error:
            raise CredentialFault(
                f"the login at {tokens.controlplane_base} has expired and cannot be renewed",
                status=error.status_code,
            ) from error
    fresh = new_tokens(answer, tokens.controlplane_base, now)
    return replace(fresh, user_id=tokens.user_id, user_email=tokens.user_email)
