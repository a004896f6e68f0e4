"""Errors, as ``google.rpc.Status``."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.wire.encoding import JsonResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ERROR_DOMAIN: Final = "tensormesh.ai"


class Code(IntEnum):
    """Codes of gRPC."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


_HTTP_STATUS: Final = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}


class ControlPlaneError(Exception):
    """A request that is answered with an error.

    Args:
        code: The gRPC code; the HTTP status follows from it.
        message: What is wrong, for people.
        details: Further facts for programs, each an object with ``@type``.
        headers: Headers of the answer, such as ``Retry-After``.
        status: The HTTP status, where it is not the usual one of the code.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        details: Sequence[Mapping[str, Any]] = (),
        *,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers
        self.status = status or _HTTP_STATUS[code]

    def response(self) -> JsonResponse:
        """Return the answer."""
        return JsonResponse(
            {"code": int(self.code), "message": self.message, "details": list(self.details)},
            status_code=self.status,
            headers=self.headers,
        )


def invalid_argument(field: str, description: str) -> ControlPlaneError:
    """Return the error for a field that is wrong.

    Args:
        field: Its name, or a dotted path such as ``amount.nanos``.
        description: What is wrong with it.
    """
    return invalid_arguments([(field, description)])


def invalid_arguments(violations: Iterable[tuple[str, str]]) -> ControlPlaneError:
    """Return the error for fields that are wrong, each given with what is wrong with it."""
    listed = [{"field": field, "description": text} for field, text in violations]
    message = "; ".join(f"{each['field']}: {each['description']}" for each in listed)
    bad_request = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": listed,
    }
    return ControlPlaneError(Code.INVALID_ARGUMENT, message, [bad_request])


def failed_precondition(message: str, reason: str) -> ControlPlaneError:
    """Return the error for a request that makes no sense as things are now.

    Args:
        message: What stands in the way, for people.
        reason: The same for programs, in upper snake case.
    """
    error_info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": ERROR_DOMAIN,
    }
    return ControlPlaneError(Code.FAILED_PRECONDITION, message, [error_info])


def not_found(kind: str, identifier: str) -> ControlPlaneError:
    """Return the error for a thing that does not exist, such as kind ``model``."""
    return ControlPlaneError(Code.NOT_FOUND, f"{kind} not found: {identifier}")


def permission_denied(message: str) -> ControlPlaneError:
    """Return the error for a caller who may not do this."""
    return ControlPlaneError(Code.PERMISSION_DENIED, message)


def already_exists(message: str) -> ControlPlaneError:
    """Return the error for a thing that there can only be one of."""
    return ControlPlaneError(Code.ALREADY_EXISTS, message)


def unauthenticated(message: str) -> ControlPlaneError:
    """Return the error for a missing, wrong or expired token."""
    return ControlPlaneError(Code.UNAUTHENTICATED, message, headers={"WWW-Authenticate": "Bearer"})


def resource_exhausted(message: str, retry_after_seconds: int) -> ControlPlaneError:
    """Return the error for a caller who asks too often."""
    return ControlPlaneError(
        Code.RESOURCE_EXHAUSTED, message, headers={"Retry-After": str(retry_after_seconds)}
    )
