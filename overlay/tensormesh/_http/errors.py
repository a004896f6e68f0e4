"""Failures of links. `_errors.connection` turns them into public exceptions."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._errors import TimeoutPhase


class LinkError(Exception):
    """A request could not be sent, or its response could not be read."""


class ConnectError(LinkError):
    """The connection could not be made."""


class ReadError(LinkError):
    """The connection broke while the response was read."""


class WriteError(LinkError):
    """The connection broke while the request was sent."""


class LocalProtocolError(LinkError):
    """The request cannot be sent as it is. Nothing was sent."""


class RemoteProtocolError(LinkError):
    """The server sent an invalid HTTP response."""


class LinkTimeout(LinkError):  # noqa: N818
    """Something took too long."""

    phase: TimeoutPhase = "read"


class ReadTimeout(LinkTimeout):
    """No byte arrived."""


class WriteTimeout(LinkTimeout):
    """The peer accepted no byte."""

    phase = "write"


class ConnectTimeout(LinkTimeout):
    """The connection was not made."""

    phase = "connect"


class PoolTimeout(LinkTimeout):
    """No connection became free."""

    phase = "pool"


class IdleTimeout(LinkTimeout):
    """A stream brought bytes but no event."""

    phase = "idle"


class TotalTimeout(LinkTimeout):
    """The deadline of the call has passed."""

    phase = "total"


class BodyError(LinkError):
    """The body arrived but cannot be used."""


class DecodingError(BodyError):
    """The body cannot be decompressed."""


class BodyTooLargeError(BodyError):
    """A body that is read whole is too large."""
