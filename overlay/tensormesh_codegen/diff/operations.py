"""Comparing what stands around the schemas: parameters, bodies, responses and their headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .documents import Node, Spec
from .keywords import (
    OPERATION_KEYWORDS,
    compare_extensions,
    compare_rest,
    compare_table,
    compare_wording,
)
from .ledger import Kind, Place, Scope
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
_OPERATION = {
    *OPERATION_KEYWORDS,
    *("parameters", "requestBody", "responses", "security", "servers", "tags"),
}


class OperationComparison:
    """Compares the contents of two operations."""

    def __init__(self, old: Spec, new: Spec, schemas: SchemaComparison) -> None:
        self._old = old
        self._new = new
        self._schemas = schemas

    def compare(self, old: Node, new: Node, place: Place) -> None:
        """Report what changed in an operation, its parameters and responses aside."""
        before, after = old.mapping, new.mapping
        compare_wording(before, after, place)
        compare_table(before, after, place, OPERATION_KEYWORDS)
        compare_extensions(before, after, place, {*OPERATION_KEYWORDS, "x-tm-cli"})
        compare_rest(before, after, place, _OPERATION, "operation-keyword-changed")
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
        """Compare the parameters of an operation, by their location and name."""
        for key in {**old, **new}:
            spec, node = (self._new, new[key]) if key in new else (self._old, old[key])
            value = spec.resolve(node).mapping
            here = place.at(f"{value['in']} {value['name']}")
            if key not in new:
                here.report("parameter-removed", "parameter removed")
            elif key in old:
                self._through(old[key], new[key], here, self._compare_parameter)
            elif self._new.resolve(new[key]).mapping.get("required"):
                here.report("required-parameter-added", "required parameter added")
            else:
                here.report("parameter-added", "optional parameter added")

    def _through(self, old: Node, new: Node, place: Place, compare: _Compare) -> None:
        """Compare two objects; when both are components, once for all who refer to them."""
        was, now = self._old.target(old), self._new.target(new)
        if was is not None and now is not None:
            section = _SECTIONS.get(now.section, now.section)
            key = (was.file, was.pointer, now.file, now.pointer, place.direction.value)
            inside = place.enter(Scope(Kind.COMPONENT, f"{section} {now.name}", key))
            if inside is None:
                return
            place = inside
        compare(self._old.resolve(old), self._new.resolve(new), place)

    def _compare_command(self, old: Node, new: Node, place: Place) -> None:
        """Compare the command's name, which is the resource's path when none is given."""
        was, now = _command(old), _command(new)
        if ("x-tm-cli" in old or "x-tm-cli" in new) and was != now:
            place.report("x-tm-cli-changed", f"x-tm-cli: {was or 'none'} -> {now or 'none'}")

    def _compare_stream(self, old: Node, new: Node, place: Place) -> None:
        """Compare the schema of a stream's events."""
        was, now = old.mapping.get("x-tm-stream"), new.mapping.get("x-tm-stream")
        if was is None or was != now:
            return
        before = self._old.find_schema(str(was), old.file)
        after = self._new.find_schema(str(now), new.file)
        if before and after:
            self._schemas.compare_components(before, after, place.at("", Direction.RESPONSE))

    def _compare_parameter(self, old: Node, new: Node, place: Place) -> None:
        self._compare_field(old, new, place, "parameter")
        was, now = bool(old.mapping.get("required")), bool(new.mapping.get("required"))
        if was != now:
            rule = "parameter-became-required" if now else "parameter-became-optional"
            place.report(rule, _presence(now))

    def _compare_header(self, old: Node, new: Node, place: Place) -> None:
        self._compare_field(old, new, place, "header")
        was, now = bool(old.mapping.get("required")), bool(new.mapping.get("required"))
        if was != now:
            rule = "header-became-required" if now else "header-became-optional"
            place.report(rule, _presence(now))

    def _compare_field(self, old: Node, new: Node, place: Place, kind: str) -> None:
        """Compare what parameters and headers have in common."""
        before, after = old.mapping, new.mapping
        compare_wording(before, after, place)
        compare_extensions(before, after, place)
        known = ("content", "in", "name", "required", "schema")
        compare_rest(before, after, place, known, f"{kind}-keyword-changed")
        if "content" in before or "content" in after:
            self._compare_content(old, new, place)
        optional = not before.get("required")
        self._schemas.compare(
            old.child("schema", {}), new.child("schema", {}), place, optional=optional
        )

    def _compare_request_body(self, old: Node, new: Node, place: Place) -> None:
        if "requestBody" not in old and "requestBody" not in new:
            return
        before, after = old.child("requestBody"), new.child("requestBody")
        if "requestBody" not in new:
            place.report("request-body-removed", "request body removed")
        elif "requestBody" in old:
            self._through(before, after, place, self._compare_body)
        elif self._new.resolve(after).mapping.get("required"):
            place.report("required-request-body-added", "required request body added")
        else:
            place.report("request-body-added", "optional request body added")

    def _compare_body(self, old: Node, new: Node, place: Place) -> None:
        before, after = old.mapping, new.mapping
        compare_wording(before, after, place)
        compare_extensions(before, after, place)
        known = ("content", "required")
        compare_rest(before, after, place, known, "request-body-keyword-changed")
        was, now = bool(before.get("required")), bool(after.get("required"))
        if was != now:
            rule = "request-body-became-required" if now else "request-body-became-optional"
            place.report(rule, _presence(now))
        self._compare_content(old, new, place)

    def _compare_responses(self, old: Node, new: Node, place: Place) -> None:
        before, after = dict(old.children()), dict(new.children())
        for status in sorted({**before, **after}):
            if status.startswith("x-"):
                continue
            here = place.at(f"response {status}", Direction.RESPONSE)
            if status not in after:
                here.report("response-removed", "response removed")
            elif status in before:
                self._through(before[status], after[status], here, self._compare_response)
            else:
                kind = "success" if status.startswith(("2", "3")) else "error"
                here.report(f"{kind}-response-added", "response added")

    def _compare_response(self, old: Node, new: Node, place: Place) -> None:
        before, after = old.mapping, new.mapping
        compare_wording(before, after, place)
        compare_extensions(before, after, place)
        compare_table(before, after, place, {"links": OPERATION_KEYWORDS["links"]})
        known = ("content", "headers", "links")
        compare_rest(before, after, place, known, "response-keyword-changed")
        self._compare_content(old, new, place)
        was = {name.lower(): node for name, node in old.child("headers", {}).children()}
        now = {name.lower(): node for name, node in new.child("headers", {}).children()}
        for name in {**was, **now}:
            here = place.at(f" header {name}")
            if name not in now:
                here.report("header-removed", "header removed")
            elif name not in was:
                here.report("header-added", "header added")
            else:
                self._through(was[name], now[name], here, self._compare_header)

    def _compare_content(self, old: Node, new: Node, place: Place) -> None:
        """Compare the media types of a body and their schemas."""
        was = {name.lower(): node for name, node in old.child("content", {}).children()}
        now = {name.lower(): node for name, node in new.child("content", {}).children()}
        for name in {**was, **now}:
            here = place if name == _JSON else place.at(f" ({name})")
            if name not in now:
                here.report("media-type-removed", f"media type removed: {name}")
            elif name not in was:
                here.report("media-type-added", f"media type added: {name}")
            else:
                before, after = was[name].mapping, now[name].mapping
                compare_wording(before, after, here)
                compare_extensions(before, after, here)
                compare_rest(before, after, here, ("schema",), "media-type-keyword-changed")
                self._schemas.compare(
                    was[name].child("schema", {}), now[name].child("schema", {}), here
                )


def _command(operation: Node) -> str:
    """Return the command of an operation as typed after ``tm``, or ``""`` for none."""
    given = operation.mapping.get("x-tm-cli")
    resource, method = (operation.mapping.get(f"x-tm-{key}") for key in ("resource", "method"))
    path = f"{resource} {method}".replace(".", " ").replace("_", "-") if resource and method else ""
    return str(given) if given else path


def _presence(required: bool) -> str:
    return "optional -> required" if required else "required -> optional"
