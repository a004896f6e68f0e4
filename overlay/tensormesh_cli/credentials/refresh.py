"""The access token of the saved login, renewed before it ends.

A refresh token is valid once. So that processes side by side do not spoil it for each other, one
of them renews under a lock, and the others take what it saved.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tensormesh_cli._errors import ConfigFault, CredentialFault
from tensormesh_cli.credentials.store import renewed

if TYPE_CHECKING:
    from tensormesh_cli.config.settings import Settings
    from tensormesh_cli.credentials.store import Tokens, TokenStore

MARGIN_SECONDS = 300.0


def access_token(
    settings: Settings,
    store: TokenStore,
    *,
    now: datetime | None = None,
    margin_seconds: float = MARGIN_SECONDS,
    force: bool = False,
) -> str | None:
    """Return the access token of the saved login; None if there is none.

    Args:
        settings: Tells the host, and how to reach it.
        store: Where the login is saved.
        now: The time, aware; that of this machine if it is None.
        margin_seconds: A token that has no more than this left is renewed.
        force: Renew it in any case.

    Raises:
        CredentialFault: The login is for another host, or has ended and cannot be renewed.
        ConfigFault: The file cannot be read or written.
        APIError: It has ended, and the host could not be reached.
    """
    tokens = saved_login(settings, store)
    if tokens is None:
        return None
    now = now or datetime.now(UTC)
    if not force and tokens.seconds_left(now) > margin_seconds:
        return tokens.access_token
    import tensormesh

    try:
        return renew(settings, store, tokens, now=now).access_token
    except (ConfigFault, CredentialFault, tensormesh.APIError):
        # What keeps it from being renewed is no trouble before it has ended.
        if force or tokens.seconds_left(now) <= 0:
            raise
        return tokens.access_token


def saved_login(settings: Settings, store: TokenStore) -> Tokens | None:
    """Return the saved login; None if there is none.

    Raises:
        ConfigFault: The file cannot be used.
        CredentialFault: It is for another host than that of this run, which must not get it.
    """
    tokens = store.load()
    if tokens is not None and not same_host(tokens.controlplane_base, settings.controlplane_base):
        raise other_host(tokens, settings.controlplane_base)
    return tokens


def other_host(tokens: Tokens, host: str) -> CredentialFault:
    """Return the error for a login that another host issued."""
    issuer = tokens.controlplane_base
    return CredentialFault(
        f"the saved login is for {issuer}, and not for {host}",
        hint=f"pass --controlplane-base {issuer}, or run `tm auth login`",
    )


def same_host(one: str, other: str) -> bool:
    """Whether two base URLs are the same, but for a slash at the end and the case of letters."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def renew(settings: Settings, store: TokenStore, seen: Tokens, *, now: datetime) -> Tokens:
    """Replace the tokens of a login, unless another process did so since they were `seen`.

    Raises:
        CredentialFault: The host refuses the refresh token, or somebody logged out.
        ConfigFault: The file cannot be read or written.
        APIError: The host could not be asked.
    """
    with store.lock():
        tokens = saved_login(settings, store)
        if tokens is None:
            raise CredentialFault("the saved login was removed meanwhile")
        if tokens.access_token != seen.access_token:
            return tokens
        # The refresh token is spent with the next call: first prove that there is room to save.
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
                f"the login at {tokens.controlplane_base} has ended, and cannot be renewed",
                status=error.status_code,
            ) from error
    return renewed(tokens, answer, now)
