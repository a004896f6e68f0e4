"""Checks requests against the definitions, and words what is wrong as vLLM does."""

from __future__ import annotations

import json
import math
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from tensormesh_local.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from starlette.datastructures import Headers

    from tensormesh_local.specs import HeaderRule

_KINDS: Final = {
    "array": ("list_type", "list"),
    "object": ("dict_type", "dictionary"),
    "string": ("string_type", "string"),
    "number": ("float_type", "number"),
    "integer": ("int_type", "integer"),
    "boolean": ("bool_type", "boolean"),
    "null": ("none_type", "null"),
}
_BOUNDS: Final = {
    "minimum": ("greater_than_equal", "Input should be greater than or equal to {}"),
    "exclusiveMinimum": ("greater_than", "Input should be greater than {}"),
    "maximum": ("less_than_equal", "Input should be less than or equal to {}"),
    "exclusiveMaximum": ("less_than", "Input should be less than {}"),
    "minLength": ("string_too_short", "String should have at least {} characters"),
    "maxLength": ("string_too_long", "String should have at most {} characters"),
    "minItems": ("too_short", "List should have at least {} items"),
    "maxItems": ("too_long", "List should have at most {} items"),
    "format": ("format", "Input should be a valid {}"),
}
_WANTED: Final = "Input should be "
_VALID: Final = "a valid "
_MOST_REPORTED: Final = 20
_LONGEST_INPUT: Final = 60


class Problem(NamedTuple):
    """One thing that is wrong with a request, and where."""

    kind: str
    location: tuple[str | int, ...]
    message: str
    value: Any


def parse_json(raw: bytes) -> Any:
    """Return the value of a JSON body.

    Raises:
        ApiError: 400, the body is not JSON in UTF-8.
    """
    try:
        return json.loads(
            raw.decode("utf-8"), parse_constant=_refuse_constant, parse_float=finite_float
        )
    except json.JSONDecodeError as error:
        _refuse([Problem("json_invalid", (error.pos,), f"JSON decode error: {error.msg}", {})])
    except UnicodeDecodeError as error:
        _refuse([Problem("json_invalid", (error.start,), "The body is not UTF-8", {})])
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        _refuse([Problem("json_invalid", (0,), f"JSON decode error: {reason}", {})])


def check_body(validator: Draft202012Validator, body: Any) -> None:
    """Check a JSON body.

    Raises:
        ApiError: 400, naming every field that is wrong.
    """
    try:
        errors = list(islice(validator.iter_errors(body), _MOST_REPORTED))
    except RecursionError:
        _refuse([Problem("recursion", (), "The body is nested too deeply", body)])
    if errors:
        _refuse(problem for error in errors for problem in problems_of(error))


def check_headers(rules: Iterable[HeaderRule], headers: Headers) -> None:
    """Check the headers that an operation defines.

    Raises:
        ApiError: 400, naming the header and what it should be.
    """
    problems = []
    for rule in rules:
        value = headers.get(rule.name)
        if value is None:
            if rule.required:
                problems.append(Problem("missing", (rule.name,), "Header required", None))
            continue
        problems += [
            problem._replace(location=(rule.name,))
            for error in rule.validator.iter_errors(value)
            for problem in problems_of(error)
        ]
    if problems:
        _refuse(problems, where="header")


def _refuse(problems: Iterable[Problem], where: str = "body") -> NoReturn:
    # Several branches of a schema may report the same field.
    unique = {(problem.location, problem.message): problem for problem in problems}
    lines = []
    param = None
    for problem in unique.values():
        location = ".".join(str(part) for part in (where, *problem.location))
        param = param or location
        detail = {"type": problem.kind, "loc": location, "msg": problem.message}
        if problem.value is not None:
            detail["input"] = _shown(problem.value)
        lines.append(f"  {detail}")
    noun = "error" if len(lines) == 1 else "errors"
    message = "\n".join([f"{len(lines)} validation {noun}:", *lines])
    raise ApiError(400, message, param=param, kind="Bad Request")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def finite_float(text: str) -> float:
    """Return the value of a JSON number.

    Raises:
        ValueError: It is too large for a float.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_LONGEST_INPUT]} is out of range")
    return value


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Yield what a schema's error means, worded for people."""
    location = tuple(error.absolute_path)
    keyword = error.validator
    wanted: Any = error.validator_value
    value: Any = error.instance
    if keyword in {"anyOf", "oneOf"} and error.context:
        yield from _branch_problems(error)
    elif keyword == "required":
        for name in wanted:
            if name not in value:
                yield Problem("missing", (*location, name), "Field required", value)
    elif keyword == "type":
        names = [wanted] if isinstance(wanted, str) else [each for each in wanted if each != "null"]
        kind = _KINDS[names[0]][0]
        yield Problem(
            kind, location, f"Input should be a valid {_listed(_KINDS[n][1] for n in names)}", value
        )
    elif keyword in {"enum", "const"}:
        members = wanted if keyword == "enum" else [wanted]
        yield Problem(
            "literal_error", location, f"Input should be {_listed(map(repr, members))}", value
        )
    elif keyword in _BOUNDS:
        kind, text = _BOUNDS[str(keyword)]
        bound = str(wanted).upper() if wanted == "uuid" else wanted
        yield Problem(kind, location, text.format(bound), value)
    else:
        yield Problem("value_error", location, error.message[:200], value)


def _branch_problems(error: ValidationError) -> Iterator[Problem]:
    """Report the branch that was meant; if none was, what all of them would take."""
    by_branch = groupby(error.context or (), key=lambda each: each.schema_path[0])
    branches = [list(group) for _, group in by_branch]
    meant = [group for group in branches if not any(_excludes(each, error) for each in group)]
    if meant:
        for each in min(meant, key=len):
            yield from problems_of(each)
        return
    excluding = [each for group in branches for each in group if _excludes(each, error)]
    deepest = max(len(each.absolute_path) for each in excluding)
    problems = [
        problem
        for each in excluding
        if len(each.absolute_path) == deepest
        for problem in problems_of(each)
        if problem.kind != "none_type"
    ]
    names = [*dict.fromkeys(problem.message.removeprefix(_WANTED) for problem in problems)]
    if all(name.startswith(_VALID) for name in names):
        names[1:] = [name.removeprefix(_VALID) for name in names[1:]]
    yield problems[0]._replace(message=_WANTED + _listed(names))


def _excludes(error: ValidationError, parent: ValidationError) -> bool:
    """Tell whether an error means that this branch of ``parent`` was not meant at all."""
    depth = len(error.absolute_path) - len(parent.absolute_path)
    if error.validator == "type":
        return depth == 0
    return error.validator in {"const", "enum"} and depth <= 1


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return f"<{type(value).__name__} of {len(value)} items>"
    text = str(value)
    return text if len(text) <= _LONGEST_INPUT else f"{text[:_LONGEST_INPUT]}..."
