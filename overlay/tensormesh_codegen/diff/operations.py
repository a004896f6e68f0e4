"""Comparison of parameters, bodies, responses and headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from .documents import Node
from .keywords import OPERATION_KEYWORDS, compare_keywords, compare_members, compare_required
from .ledger import Place
from .rules import Direction
from .schemas import SchemaComparison

_Compare = Callable[[Node, Node, Place], None]
_JSON = "application/json"
_SECTIONS = {
    "parameters": "parameter",
    "requestBodies": "request body",
    "responses": "response",
    "headers": "header",
}
_METHOD = ("resource", "method")
_WALKED = ("parameters", "requestBody", "responses", "security", "servers", "tags", "x-tm-cli")


class OperationComparison:
    """Compares the contents of two operations."""

    def __init__(self, schemas: SchemaComparison) -> None:
        self._schemas = schemas

    def compare(self, old: Node, new: Node, place: Place) -> None:
        """Compare two operations, except their parameters."""
        before, after = old.mapping, new.mapping
        rest = "operation-keyword"
        compare_keywords(before, after, place, rest=rest, table=OPERATION_KEYWORDS, known=_WALKED)
        self._compare_command(old, new, place)
        self._compare_stream(old, new, place)
        was, now = before.get("tags") or [None], after.get("tags") or [None]
        if was[0] != now[0]:
            place.report("tag-changed", f"tag: {was[0] or 'none'} -> {now[0] or 'none'}")
        elif was != now:
            place.report("tag-description-changed", "further tags changed")
        self._compare_request_body(old, new, place.at("request body"))
        self._compare_responses(old.child("responses", {}), new.child("responses", {}), place)

    def compare_parameters(
        self, old: Mapping[str, Node], new: Mapping[str, Node], place: Place
    ) -> None:
        """Compare the parameters of an operation, by location and name."""

        def name(key: str) -> str:
            value = {**old, **new}[key].resolve().mapping
            return f"{value['in']} {value['name']}"

        def added(_key: str, node: Node) -> str:
            required = node.resolve().mapping.get("required")
            return "required-parameter-added" if required else "parameter-added"

        for was, now, here in compare_members(old, new, place, "parameter", at=name, added=added):
            self._through(was, now, here, partial(self._compare_field, "parameter"))

    def _through(self, old: Node, new: Node, place: Place, compare: _Compare) -> None:
        """Compare two objects; components only once, however many places refer to them."""
        inside: Place | None = place
        if old.target is not None and new.target is not None:
            section = _SECTIONS.get(new.target.section, new.target.section)
            label = f"{section} {new.target.name}"
            inside = place.enter(label, old.target, new.target, place.direction)
        if inside is not None:
            compare(old.resolve(), new.resolve(), inside)

    def _compare_command(self, old: Node, new: Node, place: Place) -> None:
        """Compare the words of the command, which default to the namespace and the method."""
        paths = [" ".join(str(n.mapping.get(f"x-tm-{k}", "")) for k in _METHOD) for n in (old, new)]
        words = [path.replace(".", " ").replace("_", "-").strip() for path in paths]
        was, now = old.mapping.get("x-tm-cli", words[0]), new.mapping.get("x-tm-cli", words[1])
        if ("x-tm-cli" in old or "x-tm-cli" in new) and was != now:
            place.report("x-tm-cli-changed", f"x-tm-cli: {was or 'none'} -> {now or 'none'}")

    def _compare_stream(self, old: Node, new: Node, place: Place) -> None:
        """Compare the schemas of streamed events."""
        was, now = old.mapping.get("x-tm-stream"), new.mapping.get("x-tm-stream")
        if was is None or was != now:
            return
        before = old.spec.find_schema(str(was), old.file)
        after = new.spec.find_schema(str(now), new.file)
        if before and after:
            self._schemas.compare_components(before, after, place.at("", Direction.RESPONSE))

    def _compare_field(self, kind: str, old: Node, new: Node, place: Place) -> None:
        before, after = old.mapping, new.mapping
        known = ("content", "in", "name", "required", "schema")
        compare_keywords(before, after, place, rest=f"{kind}-keyword", known=known)
        if "content" in before or "content" in after:
            self._compare_content(old, new, place)
        schemas = old.child("schema", {}), new.child("schema", {})
        self._schemas.compare(*schemas, place, optional=not before.get("required"))
        compare_required(before, after, place, kind)

    def _compare_request_body(self, old: Node, new: Node, place: Place) -> None:
        if "requestBody" not in old and "requestBody" not in new:
            return
        before, after = old.child("requestBody"), new.child("requestBody")
        if "requestBody" not in new:
            place.report("request-body-removed", "request body removed")
        elif "requestBody" in old:
            self._through(before, after, place, self._compare_body)
        elif after.resolve().mapping.get("required"):
            place.report("required-request-body-added", "required request body added")
        else:
            place.report("request-body-added", "optional request body added")

    def _compare_body(self, old: Node, new: Node, place: Place) -> None:
        before, after = old.mapping, new.mapping
        rest, known = "request-body-keyword", ("content", "required")
        compare_keywords(before, after, place, rest=rest, known=known)
        compare_required(before, after, place, "request-body")
        self._compare_content(old, new, place)

    def _compare_responses(self, old: Node, new: Node, place: Place) -> None:
        before, after = (
            {code: each for code, each in node.children() if not code.startswith("x-")}
            for node in (old, new)
        )

        def added(code: str, _node: Node) -> str:
            return f"{'success' if code.startswith(('2', '3')) else 'error'}-response-added"

        inside = place.at("", Direction.RESPONSE)
        for was, now, here in compare_members(
            before, after, inside, "response", at="response {}".format, added=added
        ):
            self._through(was, now, here, self._compare_response)

    def _compare_response(self, old: Node, new: Node, place: Place) -> None:
        table = {"links": OPERATION_KEYWORDS["links"]}
        rest, known = "response-keyword", ("content", "headers")
        compare_keywords(old.mapping, new.mapping, place, rest=rest, table=table, known=known)
        self._compare_content(old, new, place)
        headers = _by_name(old, "headers"), _by_name(new, "headers")
        for was, now, here in compare_members(*headers, place, "header", at=" header {}".format):
            self._through(was, now, here, partial(self._compare_field, "header"))

    def _compare_content(self, old: Node, new: Node, place: Place) -> None:
        """Compare the media types of a body, and their schemas."""
        content = _by_name(old, "content"), _by_name(new, "content")
        for was, now, here in compare_members(
            *content, place, "media-type", at=lambda name: "" if name == _JSON else f" ({name})"
        ):
            rest, known = "media-type-keyword", ("schema",)
            compare_keywords(was.mapping, now.mapping, here, rest=rest, known=known)
            self._schemas.compare(was.child("schema", {}), now.child("schema", {}), here)


def _by_name(node: Node, key: str) -> dict[str, Node]:
    """Return the members of the mapping at `key`, by case-insensitive name."""
    return {name.lower(): member for name, member in node.child(key, {}).children()}
