"""Login in the browser: a person approves there, and `tm` gets the tokens.

Only who started the login can finish it: the exchange needs the secret whose hash the start sent
(PKCE, RFC 7636).
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
        answer: What the host said of it.
        verifier: The secret that finishes it.
        url: The page on which a person approves.
    """

    answer: StartCliLoginResponse
    verifier: str = field(repr=False)
    url: str


@dataclass(frozen=True)
class Clock:
    """The time, and how to let it pass; replaced in tests."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def start(client: Tensormesh) -> Started:
    """Begin a login.

    Raises:
        APIError: The host refused, or could not be reached.
        CliError: The host names no web page for the approval.
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
    # It is shown and given to a browser: nothing but a web page may be opened that way.
    if not url.startswith(("https://", "http://")) or not url.isprintable() or " " in url:
        raise CliError("the Control Plane named no web page on which to approve the login")
    return Started(answer, verifier, url)


def wait(
    client: Tensormesh, started: Started, *, max_wait_seconds: float, clock: Clock | None = None
) -> ExchangeCliLoginResponse:
    """Ask for the tokens until a person has decided.

    Args:
        client: The client that started the login.
        started: The login.
        max_wait_seconds: How long to wait at most.
        clock: What tells the time.

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
            # Asked too often; from now on less often.
            pause += 1
            step = max(pause, error.retry_after or 0)
        except (tensormesh.APIConnectionError, tensormesh.InternalServerError):
            # A network that is away for a moment does not end a login.
            if clock.monotonic() + pause >= until:
                raise
            step = pause
        except tensormesh.PermissionDeniedError as error:
            raise CredentialFault("the login was denied", hint=AGAIN, status=403) from error
        except tensormesh.NotFoundError as error:
            raise CliError("the login has expired", hint=AGAIN, status=404) from error
        left = until - clock.monotonic()
        if left <= 0:
            raise CliError(
                f"nobody approved the login within {max_wait_seconds:g} seconds",
                hint=f"{AGAIN}; `--max-wait-seconds` waits longer",
            )
        clock.sleep(min(step, left))


def can_open_browser(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether there is a screen on which a browser can show a page."""
    if platform in ("darwin", "win32"):
        return not environ.get("SSH_CONNECTION")
    # Without a screen a browser of the terminal would open, and take it over.
    return any(
        environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    )


def open_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Open a page in the browser without waiting. Return whether a process could be started."""
    # Isolated mode: `webbrowser` must come from the standard library.
    return start_process([sys.executable, "-I", "-m", "webbrowser", url], environ)


def _is_pending(body: Any) -> bool:
    details = body.get("details") if isinstance(body, dict) else None
    return isinstance(details, list) and any(
        isinstance(detail, dict) and detail.get("reason") == _PENDING for detail in details
    )
