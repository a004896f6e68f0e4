"""Errors of the Control Plane, in the form of ``google.rpc.Status``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, Self

from tensormesh_local.clock import SECOND
from tensormesh_local.http.errors import RequestError

_ERROR_DOMAIN: Final = "tensormesh.ai"


class Code(IntEnum):
    """The gRPC codes that this host uses, with their HTTP statuses."""

    INVALID_ARGUMENT = 3, 400
    NOT_FOUND = 5, 404
    ALREADY_EXISTS = 6, 409
    PERMISSION_DENIED = 7, 403
    RESOURCE_EXHAUSTED = 8, 429
    FAILED_PRECONDITION = 9, 400
    OUT_OF_RANGE = 11, 400
    UNIMPLEMENTED = 12, 501
    INTERNAL = 13, 500
    UNAVAILABLE = 14, 503
    UNAUTHENTICATED = 16, 401

    http_status: int

    def __new__(cls, number: int, http_status: int) -> Self:
        code = int.__new__(cls, number)
        code._value_ = number
        code.http_status = http_status
        return code


class ControlPlaneError(RequestError):
    """An error response of the Control Plane.

    Args:
        code: The gRPC code.
        message: What is wrong, for people.
        details: Details for programs, each an object with ``@type``.
        headers: Response headers, such as ``Retry-After``.
        status: HTTP status; by default the usual one of the code.
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
        super().__init__(status or code.http_status, message, headers=headers)
        self.code = code
        self.details = details

    def body(self) -> dict[str, Any]:
        """Return the status object."""
        return {"code": int(self.code), "message": self.message, "details": list(self.details)}


def invalid_argument(field: str, description: str) -> ControlPlaneError:
    """Return the error for an invalid field.

    Args:
        field: The field's name, or a dotted path such as ``amount.nanos``.
        description: What is wrong with it.
    """
    return invalid_arguments([(field, description)])


def invalid_arguments(violations: Iterable[tuple[str, str]]) -> ControlPlaneError:
    """Return the error for invalid fields, each given with a description."""
    listed = [{"field": field, "description": text} for field, text in violations]
    message = "; ".join(f"{each['field']}: {each['description']}" for each in listed)
    bad_request = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed}
    return ControlPlaneError(Code.INVALID_ARGUMENT, message, [bad_request])


def failed_precondition(message: str, reason: str) -> ControlPlaneError:
    """Return the error for a request that the current state does not allow.

    Args:
        message: What prevents it, for people.
        reason: The same for programs, in upper snake case.
    """
    error_info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": _ERROR_DOMAIN,
    }
    return ControlPlaneError(Code.FAILED_PRECONDITION, message, [error_info])


def not_found(kind: str, identifier: str) -> ControlPlaneError:
    """Return the error for an object that does not exist, such as a ``model``."""
    return ControlPlaneError(Code.NOT_FOUND, f"{kind} not found: {identifier}")


def permission_denied(message: str) -> ControlPlaneError:
    """Return the error for a caller without permission."""
    return ControlPlaneError(Code.PERMISSION_DENIED, message)


def unauthenticated(message: str) -> ControlPlaneError:
    """Return the error for a missing, wrong or expired token."""
    return ControlPlaneError(Code.UNAUTHENTICATED, message, headers={"WWW-Authenticate": "Bearer"})


def resource_exhausted(message: str, wait_micros: int) -> ControlPlaneError:
    """Return the error for a caller that sends requests too often.

    Args:
        message: Which limit was exceeded.
        wait_micros: Time to wait, in microseconds.
    """
    seconds = -(-wait_micros // SECOND)
    return ControlPlaneError(
        Code.RESOURCE_EXHAUSTED, message, headers={"Retry-After": str(seconds)}
    )
