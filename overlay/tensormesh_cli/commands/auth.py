"""`tm auth`: the login to the Control Plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command, group, pass_app
from tensormesh_cli._options import SECONDS, exit_status_option, timeout_option, yes_option
from tensormesh_cli.output import Result

if TYPE_CHECKING:
    from tensormesh.types import User
    from tensormesh_cli._app import App
    from tensormesh_cli.credentials.store import Tokens

_TOKEN_VARIABLE = "TENSORMESH_CONTROL_PLANE_TOKEN"  # noqa: S105 - the name of a variable


@group(
    "auth",
    examples="""
    tm auth login
    tm auth status
    tm --output json auth whoami
    """,
)
def auth() -> None:
    """Log in to the Control Plane, and see who you are."""


@command(
    "login",
    examples="""
    tm auth login
    tm auth login --no-open-browser
    tm auth login --controlplane-base https://api.example.com
    """,
)
@click.option(
    "--no-open-browser", is_flag=True, help="Print the address instead of opening a browser."
)
@click.option(
    "--max-wait-seconds",
    type=SECONDS,
    default=300,
    metavar="SECONDS",
    help="How long to wait for approval.",
)
@pass_app
def login(app: App, no_open_browser: bool, max_wait_seconds: float) -> Result:
    """Log in with the browser, and save the login on this machine.

    tm renews it automatically until you log out.
    """
    from datetime import UTC, datetime

    from tensormesh_cli.config.settings import FLAG
    from tensormesh_cli.credentials import login as flow
    from tensormesh_cli.credentials.store import new_tokens

    base, store = app.settings.controlplane_base, app.token_store()
    store.check_writable()
    client = app.control_plane_client(auth=False)
    started = flow.start(client)
    app.redactor.add(started.verifier)
    opened = (
        not no_open_browser
        and flow.can_open_browser(app.environ)
        and flow.open_browser(started.url, app.environ)
    )
    # Printed even with --quiet: the address is needed to log in.
    first = "Opening your browser" if opened else "Open this page in a browser"
    click.echo(f"{first} to approve the login:\n  {started.url}", err=True)
    app.terminal.note(f"Waiting up to {max_wait_seconds:g} seconds. Press Ctrl-C to cancel.")
    with app.terminal.progress("Waiting for approval"):
        answer = flow.wait(client, started, max_wait_seconds=max_wait_seconds)
    app.redactor.add(answer.access_token)
    app.redactor.add(answer.refresh_token)
    tokens = _named(app, new_tokens(answer, base, datetime.now(UTC)))
    with store.lock():
        store.save(tokens)
    who = tokens.user_email or tokens.user_id
    # Only `tm init --sync` saves that host for later commands.
    chosen = app.settings.sources["controlplane_base"] == FLAG
    return Result(
        {"logged_in": True, **_public(tokens)},
        view=f"Logged in to {base}{f' as {who}' if who else ''}.",
        warnings=_overridden(app, "is set and overrides this login"),
        notes=(f"Next: tm init --sync{f' --controlplane-base {base}' if chosen else ''}",),
    )


@command("logout", examples="tm auth logout --yes")
@yes_option
@pass_app
def logout(app: App, yes: bool) -> Result:
    """Remove the saved login from this machine."""
    store = app.token_store()
    removed = False
    # Even if it cannot be read.
    if store.exists():
        app.terminal.confirm(f"Remove the saved login in {store.path}?", yes=yes)
        with store.lock():
            removed = store.delete()
    return Result(
        {"logged_in": False, "removed": removed},
        view="Logged out." if removed else "You were not logged in.",
        warnings=_overridden(app, "is still set and will be used"),
    )


@command("refresh", examples="tm auth refresh")
@pass_app
def refresh(app: App) -> Result:
    """Renew the saved login now.

    tm does this automatically before a token expires. Use it if the Control Plane refuses a token.
    """
    from datetime import UTC, datetime

    from tensormesh_cli._errors import CredentialFault
    from tensormesh_cli.credentials.refresh import renew, saved_login

    store = app.token_store()
    seen = saved_login(app.settings, store)
    if seen is None:
        raise CredentialFault(f"not logged in to {app.settings.controlplane_base}")
    tokens = renew(app.settings, store, seen, now=datetime.now(UTC))
    return Result(
        {"refreshed": True, **_public(tokens)},
        view=f"Renewed the login. Its token is valid until {_shown(tokens)}.",
        warnings=_overridden(app, "is set and overrides this login"),
    )


@command(
    "status",
    examples="""
    tm auth status
    tm auth status --exit-status
    """,
)
@exit_status_option
@pass_app
def status(app: App, exit_status: bool) -> Result:
    """Show which credentials are set, without sending a request.

    Use `tm auth whoami` to check whether the Control Plane accepts them.
    """
    from tensormesh_cli.commands.doctor import check

    return check(app, "status", exit_status=exit_status)


@command(
    "whoami",
    examples="""
    tm auth whoami
    tm --output json auth whoami --query user.id
    """,
)
@timeout_option
@pass_app
def whoami(app: App, timeout: float | None) -> Result:
    """Show who you are, and check that the Control Plane accepts your token."""
    client = app.control_plane_client(timeout=timeout)
    response = client.control_plane.users.with_raw_response.get_auth_profile()
    base = app.settings.controlplane_base
    return Result(
        response.json(), raw=response.content, view=lambda *_: _who(response.parse(), base)
    )


@command(
    "print-token",
    examples="""
    export TENSORMESH_CONTROL_PLANE_TOKEN="$(tm auth print-token --yes-i-know)"
    """,
)
@click.option(
    "--yes-i-know",
    is_flag=True,
    help="Confirm that you will keep the token out of logs and the shell's history.",
)
@pass_app
def print_token(app: App, yes_i_know: bool) -> Result:
    """Print the Control Plane token for use in other programs. It is a secret."""
    from tensormesh_cli._errors import CredentialFault, UsageFault

    if not yes_i_know:
        raise UsageFault(
            "the token is a secret and is not printed without --yes-i-know",
            hint="run `tm auth print-token --yes-i-know`",
        )
    token = app.access_token()
    if token is None:
        raise CredentialFault(f"not logged in to {app.settings.controlplane_base}")
    return Result({"access_token": token}, raw=f"{token}\n".encode(), view=token)


for _command in (login, logout, refresh, status, whoami, print_token):
    auth.add_command(_command)


def _named(app: App, tokens: Tokens) -> Tokens:
    """Return the login with its user, or unchanged if the host does not reveal it."""
    from dataclasses import replace

    import tensormesh

    client = app.control_plane_client(auth=False).with_options(
        control_plane_token=tokens.access_token
    )
    try:
        user = client.control_plane.users.get_auth_profile()
    except tensormesh.TensormeshError:
        return tokens
    return replace(tokens, user_id=user.id, user_email=user.user_email or None)


def _overridden(app: App, problem: str) -> tuple[str, ...]:
    """Return a warning if the environment has a token, which is used instead of the saved one."""
    return (f"{_TOKEN_VARIABLE} {problem}",) if app.environ.get(_TOKEN_VARIABLE) else ()


def _public(tokens: Tokens) -> dict[str, Any]:
    names = ("controlplane_base", "user_id", "user_email", "expires_at")
    return {name: getattr(tokens, name) for name in names}


def _shown(tokens: Tokens) -> str:
    return f"{tokens.expiry:%Y-%m-%d %H:%M} UTC"


def _who(user: User, base: str) -> str:
    from tensormesh_cli.output.text import labeled
    from tensormesh_cli.output.values import short_member

    name = user.display_name or " ".join(filter(None, (user.first_name, user.last_name)))
    rows = {
        "Name": name,
        "E-mail": user.user_email,
        "User ID": user.id,
        "Role": short_member("userRole", user.user_role or "").replace("_", " ").lower(),
        "Company": user.company,
        "Host": base,
    }
    return labeled(rows)
