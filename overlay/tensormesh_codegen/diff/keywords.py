"""Comparison of single keywords: those that a table decides, and a few with rules of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from tensormesh_codegen.errors import CodegenError

from .documents import Node, canonical, show, show_change
from .ledger import Place
from .rules import RULES
from .shapes import Shape, is_annotation

Keywords = Mapping[str, Any]
# A bound and its text; a smaller bound allows fewer values.
_Bound = tuple[tuple[float, int], str]


# keyword -> start of the names of its rules, such as `default-added`
_WORDING = {
    **{name: name for name in ("description", "summary", "title", "example")},
    **dict.fromkeys(("x-tm-provenance", "x-tm-provenance-note"), "x-tm-provenance"),
    "examples": "example",
    "externalDocs": "external-docs",
    "$comment": "comment",
}
_FLAGS = {"deprecated": "deprecation", "readOnly": "read-only", "writeOnly": "write-only"}
OPERATION_KEYWORDS = {
    **{f"x-tm-{name}": f"x-tm-{name}" for name in ("resource", "method", "pagination", "stream")},
    "operationId": "operation-id",
    "links": "links",
}
_EXTENSIONS = {f"x-tm-{name}" for name in ("config", "empty", "package", "host")}
_LOWER = ("minLength", "minItems", "minProperties")
# keyword -> the bound it sets, the sign of its reach, and words for an exclusive bound
_LIMITS = {
    **{name: (name, -1, "") for name in (*_LOWER, "minimum")},
    **{name: (name, 1, "") for name in ("maxLength", "maxItems", "maxProperties", "maximum")},
    "exclusiveMinimum": ("minimum", -1, "more than "),
    "exclusiveMaximum": ("maximum", 1, "less than "),
}
_OTHER = {"enum", "const", "format", "multipleOf", "uniqueItems", "discriminator"}
_SCHEMA_KEYWORDS = {"pattern", "default", *_LIMITS, *_OTHER}
_WIDTHS = {"int32": 1, "int64": 2, "float": 1, "double": 2, None: 2}
_CONVERTED = "date-time"


def compare_keywords(
    old: Keywords,
    new: Keywords,
    place: Place,
    *,
    rest: str = "",
    table: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> None:
    """Compare the keywords of an object: wording, extensions, and those of a table.

    Args:
        old: The object before.
        new: The object after.
        place: Where it is.
        rest: Rules for every other keyword, so that no change is left out silently. Empty to
            ignore them.
        table: Rules for keywords of this kind of object.
        known: Keywords that the caller compares.
    """
    compare_table(old, new, place, {**_WORDING, **(table or {})})
    for keyword, rules in _FLAGS.items():
        was, now = bool(old.get(keyword)), bool(new.get(keyword))
        if was != now:
            change = "added" if now else "removed"
            place.report(f"{rules}-{change}", f"{keyword} {change}")
    done = {*_WORDING, *_FLAGS, *(table or ()), *known}
    for keyword in [keyword for keyword in {**old, **new} if keyword not in done]:
        if keyword.startswith("x-"):
            other = "x-tm-key" if keyword.startswith("x-tm-") else "extension"
            _compare(keyword, old, new, place, keyword if keyword in _EXTENSIONS else other)
        elif rest:
            _compare(keyword, old, new, place, rest)


def compare_table(old: Keywords, new: Keywords, place: Place, table: Mapping[str, str]) -> None:
    """Compare each keyword of a table."""
    for keyword, rules in table.items():
        _compare(keyword, old, new, place, rules)


def compare_members(
    old: Mapping[str, Node],
    new: Mapping[str, Node],
    place: Place,
    kind: str,
    *,
    at: Callable[[str], str] = lambda _: "",
    added: Callable[[str, Node], str] | None = None,
) -> Iterator[tuple[Node, Node, Place]]:
    """Report the members that were added or removed, and yield those in both versions.

    The rules are `<kind>-removed` and `<kind>-added`, or the one that `added` returns. `at` returns
    the part of the location that names a member.
    """
    for name in {**old, **new}:
        here = place.at(at(name))
        if name in old and name in new:
            yield old[name], new[name], here
        else:
            rule = f"{kind}-removed" if name in old else f"{kind}-added"
            rule = added(name, new[name]) if added and name in new else rule
            here.report(rule, f"{rule.replace('-', ' ')}: {name}")


def compare_required(old: Keywords, new: Keywords, place: Place, stem: str) -> None:
    """Compare the keyword `required` of a parameter, a header or a body."""
    was, now = bool(old.get("required")), bool(new.get("required"))
    if was != now:
        words = "optional -> required" if now else "required -> optional"
        place.report(f"{stem}-became-{'required' if now else 'optional'}", words)


def compare_annotations(old: Shape, new: Shape, place: Place) -> None:
    """Compare the keywords of a schema that do not restrict its values."""
    compare_keywords(old.keywords, new.keywords, place, table={"default": "default"})


def compare_assertions(old: Shape, new: Shape, place: Place) -> None:
    """Compare the keywords of a schema that restrict its values, except structure and type."""
    before, after = old.keywords, new.keywords
    _compare("pattern", before, after, place, "pattern")
    compare_values(before, after, place)
    _compare_format(before, after, place)
    _compare_bounds(before, after, place)
    for keyword in {**before, **after}:
        if keyword not in _SCHEMA_KEYWORDS and not is_annotation(keyword):
            _compare(keyword, before, after, place, "schema-keyword")


def _compare(keyword: str, old: Keywords, new: Keywords, place: Place, rules: str) -> None:
    if keyword in old and keyword in new:
        if canonical(old[keyword]) != canonical(new[keyword]):
            message = f"{keyword}: {show_change(old[keyword], new[keyword])}"
            place.report(f"{rules}-changed", message)
    elif keyword in old or keyword in new:
        change, value = ("removed", old) if keyword in old else ("added", new)
        rule = f"{rules}-{change}"
        message = f"{keyword} {change}: {show(value[keyword])}"
        place.report(rule if rule in RULES else f"{rules}-changed", message)


def compare_values(old: Keywords, new: Keywords, place: Place) -> None:
    """Compare `enum` and `const`; a `const` compared with an `enum` is an enum of one."""
    if "enum" not in old and "enum" not in new:
        _compare("const", old, new, place, "const")
        return
    was, now = _members(old), _members(new)
    if was is None or now is None:
        before, after = (
            {} if found is None else {"enum": [*found.values()]} for found in (was, now)
        )
        _compare("enum", before, after, place, "enum")
        return
    for rule, members in (
        ("enum-value-removed", [value for key, value in was.items() if key not in now]),
        ("enum-value-added", [value for key, value in now.items() if key not in was]),
    ):
        for value in members:
            place.report(rule, f"{rule.rsplit('-', 1)[1]}: {show(value)}")


def _members(keywords: Keywords) -> dict[str, Any] | None:
    if "enum" in keywords:
        return {canonical(value): value for value in keywords["enum"]}
    if "const" in keywords:
        return {canonical(keywords["const"]): keywords["const"]}
    return None


def _compare_format(old: Keywords, new: Keywords, place: Place) -> None:
    was, now = old.get("format"), new.get("format")
    if was == now:
        return
    if _CONVERTED in (was, now):
        rule = "format-changed"
    elif was in _WIDTHS and now in _WIDTHS:
        rule = "format-widened" if _WIDTHS[now] >= _WIDTHS[was] else "format-narrowed"
    else:
        rule = "format-narrowed" if now else "format-widened"
    place.report(rule, f"format: {was or 'none'} -> {now or 'none'}")


def _compare_bounds(old: Keywords, new: Keywords, place: Place) -> None:
    for keyword in (*_LIMITS, "multipleOf"):
        for value in (old.get(keyword, 1), new.get(keyword, 1)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                where = f"{place.scope.label} {place.path}: {keyword}"
                raise CodegenError(f"{where} must be a number, got {show(value)}: fix it")
    before, after = _bounds(old), _bounds(new)
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was != now:
            tighter = was is None or (now is not None and now[0] < was[0])
            message = f"{name}: {was[1] if was else 'none'} -> {now[1] if now else 'none'}"
            place.report("bound-tightened" if tighter else "bound-loosened", message)
    step, new_step = old.get("multipleOf"), new.get("multipleOf")
    if step != new_step:
        looser = not new_step or (step is not None and step % new_step == 0)
        message = f"multipleOf: {step or 'none'} -> {new_step or 'none'}"
        place.report("bound-loosened" if looser else "bound-tightened", message)
    unique, now_unique = bool(old.get("uniqueItems")), bool(new.get("uniqueItems"))
    if unique != now_unique:
        rule = "bound-tightened" if now_unique else "bound-loosened"
        place.report(rule, f"uniqueItems: {show(unique)} -> {show(now_unique)}")


def _bounds(keywords: Keywords) -> dict[str, _Bound]:
    found: dict[str, _Bound] = {}
    for keyword, (name, sign, words) in _LIMITS.items():
        # A minimum length of 0 is none.
        if keyword in keywords and (keywords[keyword] or keyword not in _LOWER):
            value = keywords[keyword]
            bound = ((sign * value, -1 if words else 0), f"{words}{value}")
            found[name] = min(found.get(name, bound), bound)
    return found
