"""Log in with the browser: a person approves there, and `tm` gets the tokens.

Only the process that started a login can finish it: the exchange needs the secret whose hash was
sent at the start (PKCE, RFC 7636).
"""

from __future__ import annotations

import sys
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import CliError, CredentialFault
from tensormesh_cli._isolation import start as start_process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tensormesh import Tensormesh
    from tensormesh.types import ExchangeCliLoginResponse, StartCliLoginResponse

_PENDING = "AUTHORIZATION_PENDING"
AGAIN = "run `tm auth login` again"


@dataclass(frozen=True)
class Started:
    """A login that waits for approval.

    Attributes:
        answer: Response of the Control Plane.
        verifier: Secret that finishes the login.
        url: Page on which a person approves.
    """

    answer: StartCliLoginResponse
    verifier: str = field(repr=False)
    url: str


@dataclass(frozen=True)
class Clock:
    """The time, replaced in tests."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def start(client: Tensormesh) -> Started:
    """Start a login.

    Raises:
        APIError: The host refused, or could not be reached.
        CliError: The response contains no web page to approve on.
    """
    import secrets

    import tensormesh

    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    answer = client.control_plane.auth.cli.start(
        client_name="tm",
        client_version=tensormesh.__version__,
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    url = answer.verification_url
    # It is printed and passed to a browser, so it must be a web page.
    if not url.startswith(("https://", "http://")) or not url.isprintable() or " " in url:
        raise CliError("the Control Plane returned no valid URL for approving the login")
    return Started(answer, verifier, url)


def wait(
    client: Tensormesh, started: Started, *, max_wait_seconds: float, clock: Clock | None = None
) -> ExchangeCliLoginResponse:
    """Poll for the tokens until a person has decided.

    Args:
        client: The client that started the login.
        started: The login.
        max_wait_seconds: Maximum wait.
        clock: The time.

    Raises:
        CredentialFault: The person refused.
        CliError: Nobody decided in time.
        APIError: The host failed.
    """
    import tensormesh

    clock = clock or Clock()
    until = clock.monotonic() + max_wait_seconds
    pause = float(max(1, started.answer.poll_interval_seconds))
    while True:
        try:
            return client.control_plane.auth.cli.exchange(
                login_id=started.answer.login_id, code_verifier=started.verifier
            )
        except tensormesh.BadRequestError as error:
            if not _is_pending(error.body):
                raise
            step = pause
        except tensormesh.RateLimitError as error:
            # Poll less often from now on.
            pause += 1
            step = max(pause, error.retry_after or 0)
        except (tensormesh.APIConnectionError, tensormesh.InternalServerError):
            # A short network failure does not end a login.
            if clock.monotonic() + pause >= until:
                raise
            step = pause
        except tensormesh.PermissionDeniedError as error:
            raise CredentialFault("the login was denied", hint=AGAIN, status=403) from error
        except tensormesh.NotFoundError as error:
            raise CliError("the login request has expired", hint=AGAIN, status=404) from error
        left = until - clock.monotonic()
        if left <= 0:
            raise CliError(
                f"the login was not approved within {max_wait_seconds:g} seconds",
                hint=f"{AGAIN}; raise --max-wait-seconds to wait longer",
            )
        clock.sleep(min(step, left))


def can_open_browser(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Return whether there is a screen for a browser."""
    if platform in ("darwin", "win32"):
        return not environ.get("SSH_CONNECTION")
    # Without a screen, a text browser would take over the terminal.
    return any(
        environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )


def open_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Open a page in the browser without waiting. Return whether a process was started."""
    # Isolated mode: `webbrowser` must come from the standard library.
    return start_process([sys.executable, "-I", "-m", "webbrowser", url], environ)


def _is_pending(body: Any) -> bool:
    details = body.get("details") if isinstance(body, dict) else None
    return isinstance(details, list) and any(
        isinstance(detail, dict) and detail.get("reason") == _PENDING for detail in details
    )
