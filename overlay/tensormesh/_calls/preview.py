"""Prepare the requests of calls without sending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._http.url import with_query
from .call import prepare

if TYPE_CHECKING:
    from tensormesh_api._operation import CallOptions, Request

    from .._settings import Settings
    from .call import Call


class Preview:
    """A dispatcher whose raw methods return the `Call` that would be sent.

    Args:
        settings: The client's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send_raw(self, request: Request[Any, Any], options: CallOptions) -> Call:
        """Return a call."""
        return prepare(self._settings, request, options)

    def close(self, *, keep_connections: bool) -> None:
        """Do nothing: there are no connections."""


def url_of(call: Call) -> str:
    """Return the URL of a call, including its query."""
    if not call.query:
        return call.url
    return with_query(call.url.encode(), call.query).decode()


def preview(client: Any) -> None:
    """Make the raw methods of a client return the `Call` that they would send."""
    client._dispatcher = Preview(client._settings)
