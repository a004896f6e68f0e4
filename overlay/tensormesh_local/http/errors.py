"""Errors that become error responses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from tensormesh_local.http.responses import JsonResponse

_TYPES: Final = {
    400: "BadRequestError",
    404: "NotFoundError",
    500: "InternalServerError",
    501: "NotImplementedError",
}


class RequestError(Exception, ABC):
    """A request that is refused. Each API has a subclass for its own form of error bodies.

    Args:
        status: HTTP status.
        message: What is wrong, for people.
        headers: Response headers, such as ``Retry-After``.
    """

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

    @abstractmethod
    def body(self) -> dict[str, Any]:
        """Return the response body."""

    def response(self) -> JsonResponse:
        """Return the error response."""
        return JsonResponse(self.body(), status_code=self.status, headers=self.headers)


class ApiError(RequestError):
    """An error of the inference hosts.

    Args:
        status: HTTP status.
        message: What is wrong, for people.
        param: The request field that is wrong.
        kind: The error's ``type``; by default the usual one for the status.
    """

    def __init__(
        self, status: int, message: str, *, param: str | None = None, kind: str | None = None
    ) -> None:
        super().__init__(status, message)
        self.param = param
        self.kind = kind or _TYPES.get(status) or HTTPStatus(status).phrase

    def body(self) -> dict[str, Any]:
        """Return the error object."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.status,
            }
        }


class PlainError(RequestError):
    """An error whose body is a message under one key, as gateways send them.

    Args:
        status: HTTP status.
        message: What is wrong, for people.
        key: The body's only key.
        headers: Response headers.
    """

    def __init__(
        self, status: int, message: str, key: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers=headers)
        self._key = key

    def body(self) -> dict[str, Any]:
        """Return the message under its key."""
        return {self._key: self.message}


def bad_request(message: str, param: str | None = None) -> ApiError:
    """Return a 400 for a request that fits its schema but is contradictory or unsupported."""
    return ApiError(400, message, param=param)


def refuse_if(condition: object, message: str, param: str | None = None) -> None:
    """Raise a 400 if a condition is true."""
    if condition:
        raise bad_request(message, param)


def unknown_model(model: str, served: Iterable[str]) -> ApiError:
    """Return a 404 for a model that is not served here."""
    names = ", ".join(served) or "none"
    return ApiError(
        404, f"The model `{model}` does not exist. Served here: {names}.", param="model"
    )


def unauthorized() -> PlainError:
    """Return a 401 for a missing or wrong API key."""
    return PlainError(401, "Unauthorized", "error", headers={"WWW-Authenticate": "Bearer"})
