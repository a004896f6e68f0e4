"""Reads query and body of a request, and checks them against the definitions."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NoReturn

from tensormesh_local.control_plane.errors import invalid_argument, invalid_arguments
from tensormesh_local.validation import finite_float, problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jsonschema import Draft202012Validator

    from tensormesh_local.specs import QueryRule

_INTEGER: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}
_MOST_REPORTED: Final = 20


def read_query(rules: Iterable[QueryRule], items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the query parameters that an operation defines, by name.

    One that was left out is there only if it has a default. Others are ignored.

    Raises:
        ControlPlaneError: 400, naming every parameter that is wrong.
    """
    given: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in items:
        given[name].append(text)
    values: dict[str, Any] = {}
    violations: list[tuple[str, str]] = []
    for rule in rules:
        texts = given.get(rule.name)
        if texts is None:
            if rule.required:
                violations.append((rule.name, "Field required"))
            elif rule.default is not None:
                values[rule.name] = rule.default
        elif len(texts) > 1 and not rule.repeated:
            violations.append((rule.name, "Input should be given once"))
        else:
            converted = [_convert(rule.kind, text) for text in texts]
            values[rule.name] = converted if rule.repeated else converted[0]
            violations += _violations(rule.validator, values[rule.name], (rule.name,))
    if violations:
        raise invalid_arguments(violations)
    return values


def read_body(
    validator: Draft202012Validator, content_type: str | None, raw: bytes
) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        ControlPlaneError: 400, naming every field that is wrong.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise invalid_argument("Content-Type", "Input should be application/json")
    try:
        body = json.loads(raw.decode(), parse_constant=_refuse, parse_float=_number)
        # Text that is no Unicode cannot be stored.
        json.dumps(body, ensure_ascii=False).encode()
        violations = _violations(validator, body, ())
    except RecursionError as error:
        raise invalid_argument("body", "Input is nested too deeply") from error
    except UnicodeError as error:
        raise invalid_argument("body", "Input should be Unicode text in UTF-8") from error
    except ValueError as error:
        raise invalid_argument("body", f"Input should be JSON: {error}") from error
    if violations:
        raise invalid_arguments(violations)
    return dict(body)


def _convert(kind: str, text: str) -> Any:
    """Return the value that a text stands for; the text itself if it stands for none."""
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    return text


def _violations(
    validator: Draft202012Validator, value: Any, location: Sequence[str]
) -> list[tuple[str, str]]:
    problems = (
        problem
        for error in islice(validator.iter_errors(value), _MOST_REPORTED)
        for problem in problems_of(error)
    )
    # Several branches of a schema may report the same field.
    return list(
        dict.fromkeys(
            (".".join(map(str, (*location, *problem.location))) or "body", problem.message)
            for problem in problems
        )
    )


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _number(text: str) -> int | float:
    # In JSON, 1.0 is an integer as well.
    value = finite_float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
