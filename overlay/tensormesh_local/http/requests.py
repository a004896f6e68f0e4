"""Read the headers, query and body of a request, and check them against the definitions."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

from jsonschema import Draft202012Validator
from starlette.datastructures import Headers
from starlette.requests import Request

from tensormesh_local.http.validation import Problem, find_problems
from tensormesh_local.specs import HeaderRule, QueryRule

_JSON: Final = "application/json"
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}
_LONGEST_NUMBER_SHOWN: Final = 60


class InvalidRequestError(Exception):
    """A request that does not match its definition.

    Args:
        problems: What is wrong.
        where: The part of the request: ``header``, ``query`` or ``body``.
        status: HTTP status, for APIs that tell these errors apart by it.
    """

    def __init__(self, problems: Iterable[Problem], where: str = "body", status: int = 400) -> None:
        # Several branches of a schema may report the same field.
        unique = {(problem.location, problem.message): problem for problem in problems}
        self.problems = list(unique.values())
        self.where = where
        self.status = status
        super().__init__("; ".join(problem.message for problem in self.problems))


def check_headers(rules: Iterable[HeaderRule], headers: Headers) -> None:
    """Check the headers that an operation defines.

    Raises:
        InvalidRequestError: A header is missing or wrong.
    """
    problems: list[Problem] = []
    for rule in rules:
        value = headers.get(rule.name)
        if value is not None:
            problems += _named(rule.name, find_problems(rule.validator, value))
        elif rule.required:
            problems.append(Problem("missing", (rule.name,), "Header required", None))
    if problems:
        raise InvalidRequestError(problems, "header")


def read_query(rules: Iterable[QueryRule], items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the query parameters that an operation defines, by name.

    A parameter that was left out is included only if it has a default. Unknown ones are ignored.

    Raises:
        InvalidRequestError: A parameter is missing or wrong.
    """
    given: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in items:
        given[name].append(text)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for rule in rules:
        texts = given.get(rule.name)
        if texts is None:
            if rule.required:
                problems.append(Problem("missing", (rule.name,), "Field required", None))
            elif rule.default is not None:
                values[rule.name] = rule.default
        elif len(texts) > 1 and not rule.repeated:
            problems.append(Problem("repeated", (rule.name,), "Input should be given once", texts))
        else:
            converted = [_convert(rule.kind, text) for text in texts]
            values[rule.name] = converted if rule.repeated else converted[0]
            problems += _named(rule.name, find_problems(rule.validator, values[rule.name]))
    if problems:
        raise InvalidRequestError(problems, "query")
    return values


async def receive_body(request: Request, max_bytes: int) -> bytes:
    """Receive the body of a request.

    Raises:
        InvalidRequestError: 413, the body is larger than ``max_bytes``.
        ClientDisconnect: The client is gone.
    """
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            message = f"Input should be at most {max_bytes} bytes"
            raise InvalidRequestError([Problem("too_long", (), message, None)], status=413)
        chunks.append(chunk)
    return b"".join(chunks)


def read_body(
    validator: Draft202012Validator,
    headers: Headers,
    raw: bytes,
    *,
    parse_float: Callable[[str], float] | None = None,
) -> Any:
    """Return the value of a JSON body.

    Args:
        validator: Validates the value.
        headers: The request's headers.
        raw: The body.
        parse_float: Converts numbers with a fraction or an exponent.

    Raises:
        InvalidRequestError: The body is not JSON in UTF-8, or does not match its schema.
    """
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        message = f"Unsupported Media Type: expected {_JSON}, got {media_type or 'none'}"
        raise InvalidRequestError(
            [Problem("media_type", ("Content-Type",), message, None)], "header"
        )
    value = _parse_json(raw, parse_float or finite_float)
    problems = find_problems(validator, value)
    if problems:
        raise InvalidRequestError(problems)
    return value


def finite_float(text: str) -> float:
    """Return the value of a JSON number.

    Raises:
        ValueError: It is too large for a float.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_LONGEST_NUMBER_SHOWN]} is out of range")
    return value


def _parse_json(raw: bytes, parse_float: Callable[[str], float]) -> Any:
    position = 0
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant, parse_float=parse_float)
    except json.JSONDecodeError as error:
        position, reason = error.pos, error.msg
    except UnicodeDecodeError as error:
        position, reason = error.start, "The body is not UTF-8"
    except RecursionError:
        reason = "The body is nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise InvalidRequestError(
        [Problem("json_invalid", (position,), f"JSON decode error: {reason}", {})]
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _named(name: str, problems: Iterable[Problem]) -> list[Problem]:
    return [problem._replace(location=(name, *problem.location)) for problem in problems]


def _convert(kind: str, text: str) -> Any:
    """Return the value of a query parameter; the text itself if it is not of that kind."""
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    return text
