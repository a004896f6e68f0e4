"""Check values against JSON Schemas, and word what is wrong as vLLM does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

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


class Problem(NamedTuple):
    """One thing that is wrong with a value. ``value`` is None if it is missing."""

    kind: str
    location: tuple[str | int, ...]
    message: str
    value: Any


def find_problems(validator: Draft202012Validator, value: Any) -> list[Problem]:
    """Return what is wrong with a value: nothing if it matches the schema.

    At most 20 schema errors are reported.
    """
    try:
        errors = list(islice(validator.iter_errors(value), _MOST_REPORTED))
    except RecursionError:
        return [Problem("recursion", (), "Input is nested too deeply", value)]
    return [problem for error in errors for problem in _explain(error)]


def _explain(error: ValidationError) -> Iterator[Problem]:
    """Yield what a schema error means."""
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
            yield from _explain(each)
        return
    excluding = [each for group in branches for each in group if _excludes(each, error)]
    deepest = max(len(each.absolute_path) for each in excluding)
    problems = [
        problem
        for each in excluding
        if len(each.absolute_path) == deepest
        for problem in _explain(each)
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
