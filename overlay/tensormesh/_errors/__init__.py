"""The public exceptions of the SDK.

They can be pickled and copied, hold no open response, and show no key or token.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_message import ChatMessage
    from tensormesh_api.inference.models.usage_info import UsageInfo

    TimeoutPhase = Literal["connect", "read", "write", "pool", "idle", "total"]
    HintTopic = Literal[
        "ca_bundle",
        "control_plane_token",
        "inference_api_key",
        "model",
        "on_demand_user_id",
        "redirect",
    ]
    AnswerFault = Literal["not_json", "schema", "length", "refusal", "empty", "tool_calls"]

_MAX_EXCERPT = 4_096


class TensormeshError(Exception):
    """Base of every exception of the SDK.

    Attributes:
        message: what went wrong.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message: str = message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the class with the message alone, without the keywords it needs.
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(
    cls: type[TensormeshError], args: tuple[Any, ...], state: dict[str, Any]
) -> TensormeshError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(TensormeshError):
    """A credential, host or setting is missing or not valid. No request was sent.

    Attributes:
        argument: Name of the argument to set, or None.
        variable: Name of the environment variable that does the same, or None.
        problem: What is wrong with the value of a setting, without its name, or None.
        is_missing: Whether a setting that a call needs is missing.
    """

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        variable: str | None = None,
        problem: str | None = None,
        is_missing: bool = False,
    ) -> None:
        super().__init__(message)
        self.argument: str | None = argument
        self.variable: str | None = variable
        self.problem: str | None = problem
        self.is_missing: bool = is_missing


class APIError(TensormeshError):
    """A request failed. Base class of all errors after a request was sent, or could not be sent.

    Attributes:
        request_id: Request ID sent by the server, to quote to its operators, or None.
        attempts: How many attempts were made.
        method: HTTP method, or None.
        url: URL without credentials and query, or None.
        hint: What to check, or None.
        hint_about: What the hint is about: the setting `"ca_bundle"`, `"control_plane_token"`,
            `"inference_api_key"` or `"on_demand_user_id"`; `"model"`; `"redirect"`; or None.
        transcript: The conversation so far if `chat.completions.run` made the request, or None.
    """

    hint: str | None = None
    hint_about: HintTopic | None = None
    transcript: list[ChatMessage] | None = None

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        attempts: int = 1,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message)
        self.request_id: str | None = request_id
        self.attempts: int = attempts
        self.method: str | None = method
        self.url: str | None = None if url is None else safe_url(url)

    def __str__(self) -> str:
        return _with_notes(self._with_hint(self.message), self._notes(where=True))

    def _with_hint(self, text: str) -> str:
        if not self.hint:
            return text
        return f"{text} {self.hint}" if text[-1:] in ".!?" else f"{text}. {self.hint}"

    def _notes(self, *, where: bool) -> list[str]:
        notes: list[str] = []
        if where and self.method and self.url:
            notes.append(f"{self.method} {self.url}")
        if self.attempts > 1:
            notes.append(f"after {self.attempts} attempts")
        if self.request_id:
            notes.append(f"request id {self.request_id}")
        return notes


class APIConnectionError(APIError):
    """The server could not be reached, or the connection broke."""


class APITimeoutError(APIConnectionError):
    """A timeout was exceeded.

    Attributes:
        phase: Which one: `"connect"`; `"read"` or `"write"`, for the next bytes; `"pool"`, for a
            free connection; `"idle"`, for the next event of a stream; `"total"`, for the whole
            call.
        seconds: The timeout in seconds, or None.
        partial: What a stream had received, put together, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        phase: TimeoutPhase,
        seconds: float | None = None,
        partial: Any = None,
        request_id: str | None = None,
        attempts: int = 1,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, attempts=attempts, method=method, url=url)
        self.phase: TimeoutPhase = phase
        self.seconds: float | None = seconds
        self.partial: Any = partial


class APIStatusError(APIError):
    """The server responded with a status that does not report success.

    Attributes:
        message: The server's message, else the reason phrase.
        status_code: HTTP status code.
        reason: Reason phrase, such as `"Not Found"`.
        body: The decoded JSON, else the text, else None for an empty body.
        code: The server's error code: a number, a string or None.
        type: The server's name for the kind of error, or None.
        param: The request field that the server rejected, or None.
        headers: Response headers by lower-case name. Secrets are replaced with `***`.
        retry_after: Seconds to wait before the next attempt, if the server said so, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        reason: str = "",
        body: Any = None,
        code: int | str | None = None,
        type: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
        hint_about: HintTopic | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, attempts=attempts, method=method, url=url)
        self.status_code: int = status_code
        self.reason: str = reason
        self.body: Any = body
        self.code: int | str | None = code
        self.type: str | None = type
        self.param: str | None = param
        self.headers: dict[str, str] = dict(headers or {})
        self.retry_after: float | None = retry_after
        self.hint: str | None = hint
        self.hint_about: HintTopic | None = hint_about

    def __str__(self) -> str:
        said = self.message and self.message != self.reason
        text = f"{self.status_code} {self.reason}".rstrip()
        if said:
            text += f": {self.message}"
        return _with_notes(self._with_hint(text), self._notes(where=not said))


class BadRequestError(APIStatusError):
    """400: the request is invalid."""


class AuthenticationError(APIStatusError):
    """401: the key or token is missing, wrong or expired."""


class PermissionDeniedError(APIStatusError):
    """403: the key or token does not allow this."""


class NotFoundError(APIStatusError):
    """404: the model, the resource or the route does not exist."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the state of the resource."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed, but its content is invalid."""


class RateLimitError(APIStatusError):
    """429: too many requests. `retry_after` says how long to wait, if the server sent it."""


class InternalServerError(APIStatusError):
    """5xx: the server failed."""


class ProtocolError(APIError):
    """The server reported success, but the response does not match the API.

    Attributes:
        body: The body, cut if it is long, or None.
        status_code: HTTP status code, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        body: bytes | str | None = None,
        status_code: int | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, attempts=attempts, method=method, url=url)
        self.body: bytes | str | None = None if body is None else body[:_MAX_EXCERPT]
        self.status_code: int | None = status_code


class StreamError(APIError):
    """A stream reported an error, sent an invalid event, or ended before its end marker.

    Attributes:
        body: The event at fault, decoded if possible, or None.
        partial: What had been received, put together, or None.
        code: The server's error code: a number, a string or None.
        type: The server's name for the kind of error, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        body: Any = None,
        partial: Any = None,
        code: int | str | None = None,
        type: str | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, attempts=attempts, method=method, url=url)
        self.body: Any = body[:_MAX_EXCERPT] if isinstance(body, (bytes, str)) else body
        self.partial: Any = partial
        self.code: int | str | None = code
        self.type: str | None = type


class StructuredOutputError(TensormeshError):
    """The model responded, but not in the requested form.

    Attributes:
        reason: `"not_json"`; `"schema"`, JSON that does not match; `"length"`, cut off at the
            token limit; `"refusal"`; `"empty"`; `"tool_calls"`, tool calls instead of text.
        path: Place in the JSON, such as `"lines[0].price"`, or `""` for all of it.
        pointer: The same as a JSON Pointer, such as `"/lines/0/price"`.
        expected: What was expected there, or None if the text is not JSON.
        got: What was found there, shortened, or None if the text is not JSON.
        text: Text of the last completion, or `""`.
        completion: The last completion.
        attempts: How many completions were requested.
        usage: Tokens of all of them, or None if the server did not report any.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: AnswerFault,
        text: str,
        completion: ChatCompletion,
        path: str = "",
        pointer: str = "",
        expected: str | None = None,
        got: str | None = None,
        attempts: int = 1,
        usage: UsageInfo | None = None,
    ) -> None:
        super().__init__(message)
        self.reason: AnswerFault = reason
        self.path: str = path
        self.pointer: str = pointer
        self.expected: str | None = expected
        self.got: str | None = got
        self.text: str = text
        self.completion: ChatCompletion = completion
        self.attempts: int = attempts
        self.usage: UsageInfo | None = usage

    def __str__(self) -> str:
        return _with_notes(self.message, [f"{self.attempts} attempts"] if self.attempts > 1 else [])


def closed_error() -> ConfigurationError:
    """Return the error for a call of a closed client."""
    return ConfigurationError(
        "the client is closed: create a new one, or use it inside its `with` block"
    )


def safe_url(url: str) -> str:
    """Return a URL that can be shown: without user name, password, query and fragment."""
    url = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _with_notes(text: str, notes: list[str]) -> str:
    return f"{text} ({', '.join(notes)})" if notes else text
