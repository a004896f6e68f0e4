"""Pagination: what `x-tm-pagination` declares, checked against the operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .building import Schemas
from .loading import Pointer
from .model import Field, Pagination
from .naming import attribute, pascal
from .types import Type


@dataclass(frozen=True)
class Contract:
    """Wire names of a pagination style; see `tensormesh_api._command`."""

    ask: str
    next: str = ""
    page: str = ""
    size: str = ""
    total: str = ""

    @property
    def argument(self) -> str:
        """The keyword argument that selects a page."""
        return attribute(self.ask)

    @property
    def fields(self) -> dict[str, str]:
        """The types of the fields that a response has next to its items."""
        counts = dict.fromkeys((self.page, self.size, self.total), "integer")
        return {name: kind for name, kind in {self.next: "string", **counts}.items() if name}


CONTRACTS = {
    "token": Contract(ask="pageToken", next="nextPageToken"),
    "page": Contract(ask="page", page="page", size="size", total="total"),
}


def build_pagination(
    schemas: Schemas, at: Pointer, raw: dict[str, Any], arguments: list[Field], answer: Type | None
) -> Pagination | None:
    """Return the pagination of an operation, or None."""
    found = raw.get("x-tm-pagination")
    if found is None:
        return None
    where = (*at, "x-tm-pagination")
    style = found["style"]
    contract = CONTRACTS[style]
    if not any(item.wire == contract.ask and item.location == "query" for item in arguments):
        schemas.error(where, f"style {style} needs the query parameter {contract.ask!r}: add it")
    properties = schemas.raw[answer.name]["properties"] if answer else {}
    named = ("components", "schemas", answer.name) if answer else at
    for wire, kind in contract.fields.items():
        if wire not in properties:
            schemas.error(where, f"style {style} needs the response field {wire!r}: add it")
        elif schemas.of(properties[wire], named).or_value().kind != kind:
            schemas.error(where, f"the response field {wire!r} must be of type {kind}: fix it")
    names = {attribute(wire): wire for wire in properties}
    items = names.get(found["items"])
    listed = schemas.of(properties[items], named) if items else None
    if items is None or listed is None or not listed.items or listed.items.kind != "model":
        problem = f"items {found['items']!r} is not a list of named objects in the response: fix it"
        schemas.error(where, problem)
        return None
    class_name = f"{pascal(raw['operationId'])}Page"
    return Pagination(style, found["items"], items, listed.items, class_name)
