"""An HTTP client with a connect timeout of its own, which the SDK has no setting for."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

from tensormesh_cli._errors import ConfigFault

if TYPE_CHECKING:
    import os


class ConnectTimeoutClient(httpx.Client):
    """An HTTP client that waits this long for a connection, whatever a call says.

    Args:
        seconds: longest wait for a connection.
        ca_bundle: PEM file of the certificates to trust; None for those of the system.

    Raises:
        ConfigFault: the file of certificates cannot be used.
    """

    def __init__(self, seconds: float, ca_bundle: str | os.PathLike[str] | None) -> None:
        try:
            context = ssl.create_default_context(cafile=ca_bundle)
        except OSError as error:
            raise ConfigFault(
                f"the CA bundle {ca_bundle} cannot be used: {error.strerror or error}"
            ) from error
        super().__init__(verify=context)
        self._seconds = seconds

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request."""
        request.extensions["timeout"] = {
            **request.extensions.get("timeout", {}),
            "connect": self._seconds,
        }
        return super().send(request, **options)
