"""Sends a raw request. The SDK has methods for operations only, so this is plain HTTP, with the
settings, the retries and the care for secrets that calls of the SDK have.
"""

from __future__ import annotations

import logging
import ssl
from time import sleep, time
from typing import TYPE_CHECKING, Any

import httpx

import tensormesh
from tensormesh_cli._errors import CliError, ConfigFault, CredentialFault, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensormesh_cli._app import App
    from tensormesh_cli.commands.api_request import RawRequest

CONTROL_PLANE, SERVERLESS, ON_DEMAND = "control-plane", "serverless", "on-demand"
SURFACES = (CONTROL_PLANE, SERVERLESS, ON_DEMAND)

_RETRIED_METHODS = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
_RETRIED_STATUSES = {429, 500, 502, 503, 504}
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 8.0
_CONNECT_SECONDS = 10.0
# An answer of a model may take its time.
_INFERENCE_SECONDS = 600.0
_LONGEST_MESSAGE = 500

logger = logging.getLogger("tensormesh.cli")


def base_of(app: App, surface: str) -> str:
    """The base URL of a surface.

    Raises:
        ConfigFault: it is not known.
    """
    settings = app.settings
    if surface == CONTROL_PLANE:
        return settings.controlplane_base
    if surface == SERVERLESS:
        return settings.serverless_base_url
    if settings.on_demand_base_url is None:
        raise ConfigFault(
            "the On-Demand host is not known",
            hint="run `tm init --sync`, or pass --gateway-provider",
        )
    return settings.on_demand_base_url


def credentials(app: App, surface: str) -> dict[str, str]:
    """The headers that say who asks.

    Raises:
        CredentialFault: a credential is needed, and there is none.
    """
    settings = app.settings
    if surface == CONTROL_PLANE:
        token = app.access_token()
        if token is None:
            raise CredentialFault(f"not logged in to {settings.controlplane_base}")
        return {"authorization": f"Bearer {token}"}
    headers = {}
    if settings.gateway_api_key:
        headers["authorization"] = f"Bearer {settings.gateway_api_key}"
    if surface == ON_DEMAND and settings.gateway_user_id:
        headers["x-user-id"] = settings.gateway_user_id
    return headers


def build(request: RawRequest, more_headers: dict[str, str]) -> httpx.Request:
    """A request as it goes over the wire. What the user gave wins."""
    headers = {
        "accept": "application/json",
        "user-agent": f"tensormesh-tm/{tensormesh.__version__}",
        **more_headers,
        **request.headers,
    }
    url = httpx.URL(request.url)
    if request.params:
        url = url.copy_merge_params(list(request.params))
    body = {} if request.body is None else {"json": request.body}
    return httpx.Request(request.method, url, headers=headers, **body)


class Sender:
    """Sends requests to one surface.

    Args:
        app: the run, whose settings count.
        surface: one of `SURFACES`.
        timeout: HTTP timeout in seconds; that of the settings by default.
    """

    def __init__(self, app: App, surface: str, *, timeout: float | None = None) -> None:
        self._app = app
        self._surface = surface
        self._timeout = timeout
        self._client = _client(app)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request, several times if the settings say so and it only reads.

        Returns:
            A good answer, still open.

        Raises:
            CliError: the host was not reached, or refused.
        """
        retries = self._app.settings.max_retries if request.method in _RETRIED_METHODS else 0
        request.extensions["timeout"] = self._seconds(request).as_dict()
        for attempt in range(retries + 1):
            last = attempt == retries
            delay = min(_FIRST_DELAY * 2**attempt, _LONGEST_DELAY)
            try:
                response = self._client.send(request, stream=True)
            except httpx.TransportError as error:
                logger.debug("%s %s: %s", request.method, _plain(request), type(error).__name__)
                if last:
                    raise _unreached(request, error) from None
            else:
                logger.debug("%s %s: %d", request.method, _plain(request), response.status_code)
                if response.is_success:
                    return response
                read(response)
                if last or response.status_code not in _RETRIED_STATUSES:
                    raise refusal(response, self._surface)
                delay = _asked_delay(response, delay)
            sleep(delay)
        raise AssertionError

    def _seconds(self, request: httpx.Request) -> httpx.Timeout:
        settings = self._app.settings
        seconds = self._timeout or settings.timeout_seconds
        is_inference = self._surface != CONTROL_PLANE and request.method == "POST"
        if is_inference and settings.sources.get("timeout_seconds") in ("default", "unset"):
            seconds = self._timeout or _INFERENCE_SECONDS
        return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _client(app: App) -> httpx.Client:
    bundle = app.settings.ca_bundle
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigFault(f"the CA bundle {bundle} cannot be used: {reason}") from None
    return httpx.Client(verify=context)


def read(response: httpx.Response) -> bytes:
    """The whole body of an answer.

    Raises:
        CliError: the connection broke.
    """
    try:
        return response.read()
    except httpx.HTTPError as error:
        raise _unreached(response.request, error) from None
    finally:
        response.close()


def pieces(response: httpx.Response) -> Iterator[str]:
    """The text of an answer as it comes.

    Raises:
        CliError: the connection broke.
    """
    try:
        yield from response.iter_text()
    except httpx.HTTPError as error:
        raise _unreached(response.request, error) from None
    finally:
        response.close()


def refusal(response: httpx.Response, surface: str) -> CliError:
    """The error that fits an answer that is not a success."""
    status = response.status_code
    said = _message(response)
    message = f"{status} {response.reason_phrase}".rstrip() + (f": {said}" if said else "")
    if status == 401:
        hint = (
            "`tm auth whoami` tests the login, `tm auth refresh` renews it"
            if surface == CONTROL_PLANE
            else "`tm init --sync` renews the saved key"
        )
        return CredentialFault(message, hint=hint, status=status)
    if response.is_redirect:
        message += ": redirects are not followed"
    kind = "forbidden" if status == 403 else "api"
    return CliError(message, kind=kind, status=status)


def _message(response: httpx.Response) -> str:
    try:
        data: Any = response.json()
    except ValueError:
        is_text = response.headers.get("content-type", "").startswith("text/plain")
        return one_line(response.text)[:_LONGEST_MESSAGE] if is_text else ""
    for _ in range(2):
        if not isinstance(data, dict):
            break
        said = data.get("message") or data.get("detail")
        if isinstance(said, str):
            return one_line(said)[:_LONGEST_MESSAGE]
        data = data.get("error")
    return one_line(data)[:_LONGEST_MESSAGE] if isinstance(data, str) else ""


def _asked_delay(response: httpx.Response, usual: float) -> float:
    from email.utils import parsedate_to_datetime

    value = response.headers.get("retry-after", "")
    try:
        if value.strip().isdigit():
            seconds = float(value)
        else:
            seconds = parsedate_to_datetime(value).timestamp() - time()
    except (TypeError, ValueError, OverflowError):
        return usual
    return min(max(seconds, 0.0), _LONGEST_DELAY)


def _unreached(request: httpx.Request, error: Exception) -> CliError:
    said = one_line(str(error)) or type(error).__name__
    where = _plain(request)
    if isinstance(error, httpx.TimeoutException):
        return CliError(
            f"{request.method} {where} took too long",
            hint="--timeout allows for more",
            kind="timeout",
        )
    hint = None
    if "CERTIFICATE_VERIFY_FAILED" in said:
        hint = "--ca-bundle names a file with the certificates to trust"
    return CliError(f"{request.method} {where} failed: {said}", hint=hint, kind="network")


def _plain(request: httpx.Request) -> str:
    return str(request.url.copy_with(query=None, userinfo=b""))
