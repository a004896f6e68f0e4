"""Requests and answers as the Control Plane's spec shows them, and the public calls that send them.

Names of arguments come from the generated signatures, all else from the spec.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from importlib import import_module
from inspect import signature
from typing import Any
from urllib.parse import quote

from support.control_plane_spec import (
    OPERATIONS,
    Json,
    examples,
    media,
    parameters,
    request_schema,
    resolve,
)

Values = dict[str, Any]

# The spec's examples make sense at about this time: it is before all that they plan.
EXAMPLES_TIME = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """One request of an operation, with the values that the spec gives.

    Attributes:
        operation_id: What is asked for.
        name: Name of the body's example; of a request without one, how many parameters it has.
        path: Values of the path's parameters, by their names on the wire.
        query: Values of the query's parameters, likewise.
        body: The JSON body, or None.
        is_first: Whether it is the operation's first example, to which its answers belong.
        is_whole: Whether it is as the spec shows it; else optional parameters are left out.
    """

    operation_id: str
    name: str
    path: Values
    query: Values
    body: Json
    is_first: bool = False
    is_whole: bool = True

    def __str__(self) -> str:
        return f"{self.operation_id}-{self.name}"

    @property
    def method(self) -> str:
        """The HTTP method."""
        return OPERATIONS[self.operation_id][0].upper()

    @property
    def needs_token(self) -> bool:
        """Whether the operation takes the caller's access token."""
        return bool(OPERATIONS[self.operation_id][2]["security"])

    @property
    def url_path(self) -> str:
        """The path with its values in it, quoted."""
        filled = OPERATIONS[self.operation_id][1]
        for name, value in self.path.items():
            filled = filled.replace(f"{{{name}}}", quote(value, safe=""))
        return filled

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The query as pairs of texts, a list as one pair for each item."""
        return [
            (name, str(item).lower() if isinstance(item, bool) else str(item))
            for name, value in self.query.items()
            for item in (value if isinstance(value, list) else [value])
        ]

    @property
    def arguments(self) -> Values:
        """The same as keyword arguments of the public method."""
        _, _, operation = OPERATIONS[self.operation_id]
        schemas = {each["name"]: each["schema"] for each in parameters(operation)}
        if self.body is not None:
            schemas |= request_schema(operation)["properties"]
        known = _argument_names(self.operation_id)
        given = {**self.path, **self.query, **(self.body or {})}
        assert len(given) == sum(map(len, (self.path, self.query, self.body or {})))
        return {
            known[wire.lower()]: _as_argument(value, resolve(schemas[wire]))
            for wire, value in given.items()
        }


def request_examples(operation_id: str) -> list[Example]:
    """Each example of the body with all parameters, and the last with none but required ones."""
    _, _, operation = OPERATIONS[operation_id]
    bodies = dict(media(operation))
    found: dict[str, Json] = examples(bodies["request"]) if "request" in bodies else {"": None}
    path, query = _parameters(operation, "path"), _parameters(operation, "query")
    whole = [
        Example(operation_id, name or "all", path, query, body, is_first=index == 0)
        for index, (name, body) in enumerate(found.items())
    ]
    if all(each.get("required") for each in parameters(operation)):
        return whole
    name = f"{whole[-1].name}-needed" if whole[-1].body is not None else "needed"
    query = _parameters(operation, "query", needed=True)
    return [*whole, replace(whole[-1], name=name, query=query, is_first=False, is_whole=False)]


def answer_examples(operation_id: str) -> dict[str, Json]:
    """Bodies of good answers, by name."""
    return examples(dict(media(OPERATIONS[operation_id][2]))["200"])


def unwrapped(operation_id: str, answer: Json) -> Json:
    """What of an answer the public method gives, still as JSON."""
    unwrap = OPERATIONS[operation_id][2]["responses"]["200"].get("x-tm-unwrap")
    if unwrap == "none":
        return None
    return answer[unwrap] if unwrap else answer


def public_method(client: Any, operation_id: str) -> Callable[..., Any]:
    """The method of a client that carries out an operation."""
    _, _, operation = OPERATIONS[operation_id]
    names = [*operation["x-tm-resource"].split("."), operation["x-tm-method"]]
    method: Callable[..., Any] = reduce(getattr, names, client.control_plane)
    return method


def _parameters(operation: Json, place: str, *, needed: bool = False) -> Values:
    return {
        each["name"]: each["example"]
        for each in parameters(operation)
        if each["in"] == place and (each.get("required") or not needed)
    }


def _argument_names(operation_id: str) -> dict[str, str]:
    """Names of arguments by what is left of them without case and underscores."""
    module = import_module(f"tensormesh_api.control_plane.requests.{operation_id}")
    build = getattr(module, OPERATIONS[operation_id][2]["x-tm-method"])
    return {name.replace("_", ""): name for name in signature(build).parameters}


def _as_argument(value: Any, schema: Json) -> Any:
    is_time = schema.get("format") == "date-time" and value is not None
    return datetime.fromisoformat(value) if is_time else value
