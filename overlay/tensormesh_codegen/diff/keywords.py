"""Comparing the keywords whose meaning needs no walk: tables, and the few with rules of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .documents import DiffError, canonical, show, show_change
from .ledger import Place
from .shapes import Shape, is_annotation


class Names(NamedTuple):
    """The rules for a keyword that appears, goes, or changes."""

    added: str
    removed: str
    changed: str

    @classmethod
    def one(cls, rule: str) -> Names:
        """Use one rule for all three."""
        return cls(rule, rule, rule)

    @classmethod
    def three(cls, stem: str) -> Names:
        """Use ``stem-added``, ``stem-removed`` and ``stem-changed``."""
        return cls(f"{stem}-added", f"{stem}-removed", f"{stem}-changed")


_WORDING = {
    "description": Names.one("description-changed"),
    "summary": Names.one("summary-changed"),
    "title": Names.one("title-changed"),
    "example": Names.one("example-changed"),
    "examples": Names.one("example-changed"),
    "externalDocs": Names.one("external-docs-changed"),
    "$comment": Names.one("comment-changed"),
    "x-tm-provenance": Names.one("x-tm-provenance-changed"),
}
OPERATION_KEYWORDS = {
    "operationId": Names.one("operation-id-changed"),
    "x-tm-resource": Names.three("x-tm-resource"),
    "x-tm-method": Names.three("x-tm-method"),
    "x-tm-pagination": Names.one("x-tm-pagination-changed"),
    "x-tm-stream": Names.three("x-tm-stream"),
    "links": Names.one("links-changed"),
}
"""Keywords of operations and responses that one table entry decides."""

_EXTENSIONS = {
    "x-tm-config": Names.one("x-tm-config-changed"),
    "x-tm-empty": Names.three("x-tm-empty"),
    "x-tm-package": Names.one("x-tm-package-changed"),
    "x-tm-surface": Names.one("x-tm-surface-changed"),
}
_FLAGS = {
    "deprecated": ("deprecation-added", "deprecation-removed"),
    "readOnly": ("read-only-added", "read-only-removed"),
    "writeOnly": ("write-only-added", "write-only-removed"),
}
_VALUES = {"pattern": Names.three("pattern"), "default": Names.three("default")}
_LOWER = ("minLength", "minItems", "minProperties")
_UPPER = ("maxLength", "maxItems", "maxProperties")
_SINGLE = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}
_OTHER = {"enum", "const", "format", "multipleOf", "uniqueItems", "discriminator"}
_SCHEMA_KEYWORDS = {*_VALUES, *_LOWER, *_UPPER, *_SINGLE, *_OTHER}
_WIDTHS = {"int32": 1, "int64": 2, "float": 1, "double": 2, None: 2}
_CONVERTED = "date-time"


def compare_wording(old: Mapping[str, Any], new: Mapping[str, Any], place: Place) -> None:
    """Compare what any OpenAPI object may carry: wording, examples, deprecation, extensions."""
    compare_table(old, new, place, _WORDING)
    for keyword, (added, removed) in _FLAGS.items():
        was, now = bool(old.get(keyword)), bool(new.get(keyword))
        if was != now:
            place.report(added if now else removed, f"{keyword} {'added' if now else 'removed'}")


def compare_extensions(
    old: Mapping[str, Any], new: Mapping[str, Any], place: Place, known: Iterable[str] = ()
) -> None:
    """Report each ``x-`` key that changed and is neither wording nor ``known``."""
    for keyword in {**old, **new}:
        if keyword.startswith("x-") and keyword not in known and keyword not in _WORDING:
            ours = keyword.startswith("x-tm-")
            other = Names.one("x-tm-key-changed" if ours else "extension-changed")
            _compare(keyword, old, new, place, _EXTENSIONS.get(keyword, other))


def compare_table(
    old: Mapping[str, Any], new: Mapping[str, Any], place: Place, table: Mapping[str, Names]
) -> None:
    """Compare each keyword of ``table`` by the rules that it names."""
    for keyword, names in table.items():
        _compare(keyword, old, new, place, names)


def compare_rest(
    old: Mapping[str, Any], new: Mapping[str, Any], place: Place, known: Iterable[str], rule: str
) -> None:
    """Report each changed keyword that is neither wording, an extension, nor ``known``.

    Nothing is silently left out: a keyword that no rule knows is reported by ``rule``.
    """
    passed = {*known, *_WORDING, *_FLAGS}
    for keyword in {**old, **new}:
        if keyword not in passed and not keyword.startswith("x-"):
            _compare(keyword, old, new, place, Names.one(rule))


def compare_annotations(old: Shape, new: Shape, place: Place) -> None:
    """Compare the keywords of a schema that leave the set of valid values alone."""
    before, after = old.keywords, new.keywords
    compare_wording(before, after, place)
    compare_extensions(before, after, place)
    _compare("default", before, after, place, _VALUES["default"])


def compare_assertions(old: Shape, new: Shape, place: Place) -> None:
    """Compare the keywords of a schema that bound its values, structure and type aside."""
    before, after = old.keywords, new.keywords
    _compare("pattern", before, after, place, _VALUES["pattern"])
    compare_values(before, after, place)
    _compare_format(before, after, place)
    _compare_bounds(before, after, place)
    known = {*_SCHEMA_KEYWORDS, *(key for key in {**before, **after} if is_annotation(key))}
    compare_rest(before, after, place, known, "schema-keyword-changed")


def _compare(
    keyword: str, old: Mapping[str, Any], new: Mapping[str, Any], place: Place, names: Names
) -> None:
    if keyword not in old and keyword not in new:
        return
    if keyword not in old:
        place.report(names.added, f"{keyword} added: {show(new[keyword])}")
    elif keyword not in new:
        place.report(names.removed, f"{keyword} removed: {show(old[keyword])}")
    elif canonical(old[keyword]) != canonical(new[keyword]):
        place.report(names.changed, f"{keyword}: {show_change(old[keyword], new[keyword])}")


def compare_values(old: Mapping[str, Any], new: Mapping[str, Any], place: Place) -> None:
    """Compare ``enum`` and ``const``; a ``const`` beside an ``enum`` is an enum of one."""
    if "enum" not in old and "enum" not in new:
        _compare("const", old, new, place, Names.three("const"))
        return
    was, now = _members(old), _members(new)
    if was is None or now is None:
        names = Names("enum-added", "enum-removed", "enum-added")
        _compare(
            "enum",
            {} if was is None else {"enum": list(was.values())},
            {} if now is None else {"enum": list(now.values())},
            place,
            names,
        )
        return
    for rule, members in (
        ("enum-value-removed", [value for key, value in was.items() if key not in now]),
        ("enum-value-added", [value for key, value in now.items() if key not in was]),
    ):
        for value in members:
            place.report(rule, f"{rule.rsplit('-', 1)[1]}: {show(value)}")


def _members(keywords: Mapping[str, Any]) -> dict[str, Any] | None:
    if "enum" in keywords:
        return {canonical(value): value for value in keywords["enum"]}
    if "const" in keywords:
        return {canonical(keywords["const"]): keywords["const"]}
    return None


def _compare_format(old: Mapping[str, Any], new: Mapping[str, Any], place: Place) -> None:
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


def _compare_bounds(old: Mapping[str, Any], new: Mapping[str, Any], place: Place) -> None:
    for keyword in (*_LOWER, *_UPPER, *_SINGLE, "multipleOf"):
        for value in (old.get(keyword, 1), new.get(keyword, 1)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise DiffError(f"{place.scope.label} {place.path}: {keyword} must be a number")
    before, after = _bounds(old), _bounds(new)
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        tighter = was is None or (now is not None and now.reach < was.reach)
        message = f"{name}: {was.text if was else 'none'} -> {now.text if now else 'none'}"
        place.report("bound-tightened" if tighter else "bound-loosened", message)
    _compare_steps(old.get("multipleOf"), new.get("multipleOf"), place)
    was_unique, unique = bool(old.get("uniqueItems")), bool(new.get("uniqueItems"))
    if was_unique != unique:
        rule = "bound-tightened" if unique else "bound-loosened"
        place.report(rule, f"uniqueItems: {show(was_unique)} -> {show(unique)}")


class _Bound(NamedTuple):
    """A bound; the less it reaches, the fewer values it lets pass."""

    reach: tuple[float, int]
    text: str


def _bounds(keywords: Mapping[str, Any]) -> dict[str, _Bound]:
    found = {}
    for name in _LOWER:
        if keywords.get(name):
            found[name] = _Bound((-keywords[name], 0), str(keywords[name]))
    for name in _UPPER:
        if name in keywords:
            found[name] = _Bound((keywords[name], 0), str(keywords[name]))
    for name, exclusive, sign, words in (
        ("minimum", "exclusiveMinimum", -1, "more than"),
        ("maximum", "exclusiveMaximum", 1, "less than"),
    ):
        ends = []
        if name in keywords:
            ends.append(_Bound((sign * keywords[name], 0), str(keywords[name])))
        if exclusive in keywords:
            value = keywords[exclusive]
            ends.append(_Bound((sign * value, -1), f"{words} {value}"))
        if ends:
            found[name] = min(ends)
    return found


def _compare_steps(was: float | None, now: float | None, place: Place) -> None:
    if was == now:
        return
    looser = not now or (was is not None and was % now == 0)
    message = f"multipleOf: {was or 'none'} -> {now or 'none'}"
    place.report("bound-loosened" if looser else "bound-tightened", message)
