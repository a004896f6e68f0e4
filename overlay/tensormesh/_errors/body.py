"""Read the body of an error response, in whatever form. Loaded with the first error."""

from __future__ import annotations

from .._json import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A longer body is cut and kept as text: it is not a message, and decoding it could take long.
MAX_BODY_BYTES = 1024 * 1024
MAX_MESSAGE_CHARACTERS = 2_000


class ErrorBody:
    """The content of an error body.

    Attributes:
        body: The decoded JSON, else the text, else None for an empty body.
        message: The server's message, safe to print, or `""`.
        code, type, param: As named by the server, or None.
    """

    __slots__ = ("body", "code", "message", "param", "type")

    def __init__(self, body: Any) -> None:
        self.body = body
        self.message = ""
        self.code: int | str | None = None
        self.type: str | None = None
        self.param: str | None = None


def read_error_body(content: bytes, content_type: str = "") -> ErrorBody:
    """Read the body of an error response, which may be any bytes."""
    if len(content) <= MAX_BODY_BYTES:
        if not content.strip():
            return ErrorBody(None)
        try:
            return read_error_value(loads(content))
        except ValueError:
            pass  # not JSON, so some kind of text
    text = content[:MAX_BODY_BYTES].decode("utf-8", "replace")
    found = ErrorBody(text)
    if "html" in content_type.lower() or text[:200].lstrip().lower().startswith(_HTML_STARTS):
        found.message = _html_summary(text)
    else:
        found.message = clean_text(text)
    return found


def read_error_value(value: Any) -> ErrorBody:
    """Read an error from decoded JSON: an error response, or an error event of a stream.

    Supports an ``error`` object, an ``error`` string (with or without a message or an
    ``error_description`` beside it), ``code`` with ``message`` and ``details``, and ``detail`` as
    a string, an object or a list of validation errors. Anything else is shown as JSON.
    """
    found = ErrorBody(value)
    fields = value
    message: Any = None
    if isinstance(value, dict):
        error = value.get("error")
        detail = value.get("detail")
        if isinstance(error, dict):
            fields = error
        elif isinstance(error, str) and error:
            message = error
            better = value.get("error_description") or value.get("message")
            if isinstance(better, str) and better:
                message, found.code = better, error
        elif isinstance(detail, dict):
            fields = detail
        elif isinstance(detail, list):
            message, found.param = _validation_summary(detail)
        elif detail:
            message = detail
    if isinstance(fields, dict):
        message = message or fields.get("message") or fields.get("msg")
        _take_labels(found, fields)
    message = message or fields
    found.message = clean_text(message if isinstance(message, str) else _as_json(message))
    return found


def clean_text(text: str, limit: int = MAX_MESSAGE_CHARACTERS) -> str:
    """Make a server's text safe to print: truncate it, and replace control characters."""
    text = text.strip().replace("\r\n", "\n")
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(c if _may_be_shown(c) else "\N{REPLACEMENT CHARACTER}" for c in cut)
    if len(text) > limit:
        cut += f"... ({len(text) - limit} more characters)"
    return cut


def _may_be_shown(character: str) -> bool:
    # Spaces of other scripts count as not printable; beyond U+009F no space steers a terminal.
    return (
        character.isprintable()
        or character in "\n\t"
        or (character > "\x9f" and character.isspace())
    )


def _take_labels(found: ErrorBody, fields: dict[str, Any]) -> None:
    code = fields.get("code")
    if isinstance(code, (int, str)) and not isinstance(code, bool):
        found.code = code
    kind = fields.get("type") or fields.get("status")
    if isinstance(kind, str):
        found.type = kind
    param = fields.get("param")
    if isinstance(param, str):
        found.param = param


def _validation_summary(details: list[Any]) -> tuple[str, str | None]:
    """Put a list of validation errors in one line each; also name the first place."""
    lines = []
    first = None
    for detail in details:
        place = ""
        text = detail
        if isinstance(detail, dict):
            location = detail.get("loc")
            if isinstance(location, list):
                place = ".".join(map(str, location))
            text = detail.get("msg") or detail.get("message") or detail
        first = first or place or None
        text = text if isinstance(text, str) else _as_json(text)
        lines.append(f"{place}: {text}" if place else text)
    return "\n".join(lines), first


def _as_json(value: Any) -> str:
    import json

    try:
        return json.dumps(value, ensure_ascii=False) if value else ""
    except RecursionError:  # nested more deeply than a message could show
        return ""


_HTML_STARTS = ("<!doctype html", "<html", "<head", "<body", "<?xml")


def _html_summary(text: str) -> str:
    import html

    lower = text.lower()
    # Lower-casing may change a text's length, and then the places found would not fit.
    start = lower.find("<title") if len(lower) == len(text) else -1
    start = text.find(">", start) + 1 if start >= 0 else 0
    end = lower.find("</title", start) if start else -1
    title = clean_text(" ".join(html.unescape(text[start:end]).split()), 200) if end >= 0 else ""
    return f'HTML page "{title}"' if title else "HTML page"
