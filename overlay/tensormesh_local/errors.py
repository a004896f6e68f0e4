"""Error answers, in the shapes that the inference hosts use."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from tensormesh_local.wire.encoding import JsonResponse

_TYPES: Final = {
    400: "BadRequestError",
    404: "NotFoundError",
    500: "InternalServerError",
    501: "NotImplementedError",
}


class ApiError(Exception):
    """A request that is answered with an error object.

    Args:
        status: HTTP status.
        message: What is wrong, for people.
        param: The request field that is wrong.
        kind: The error's ``type``; by default the usual one for the status.
    """

    def __init__(
        self, status: int, message: str, *, param: str | None = None, kind: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.kind = kind or _TYPES.get(status) or HTTPStatus(status).phrase

    def body(self) -> dict[str, Any]:
        """Return the error object as sent."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.status,
            }
        }

    def response(self) -> JsonResponse:
        """Return the answer."""
        return JsonResponse(self.body(), status_code=self.status)


def bad_request(message: str, param: str | None = None) -> ApiError:
    """Return the error for a request that is well formed and makes no sense."""
    return ApiError(400, message, param=param)


def unknown_model(model: str, served: list[str]) -> ApiError:
    """Return the error for a model that is not served here."""
    names = ", ".join(served) or "none"
    return ApiError(
        404, f"The model `{model}` does not exist. Served here: {names}.", param="model"
    )


def unauthorized() -> JsonResponse:
    """Return the answer to a missing or wrong key; its ``error`` is a string."""
    return JsonResponse(
        {"error": "Unauthorized"}, status_code=401, headers={"WWW-Authenticate": "Bearer"}
    )
