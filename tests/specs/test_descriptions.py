"""Descriptions in specs become docstrings, reference pages and help, so they serve users."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from support.inference_specs import SPECS_DIR, spec

DOCUMENTS = {path.stem: spec(path.stem) for path in SPECS_DIR.glob("*.yaml")}
BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems"}
VERBS = {
    *("Accept", "Add", "Attach", "Cancel", "Change", "Check", "Create", "Delete", "Deploy"),
    *("Detach", "Detokenize", "Exchange", "Get", "List", "Open", "Query", "Refresh", "Replace"),
    *("Reply", "Set", "Start", "Summarize", "Tokenize", "Update"),
}


def described(node: Any, *trail: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield everything that needs a description of its own; examples are data."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from described(item, *trail, str(index))
    if not isinstance(node, dict):
        return
    kind = trail[-2] if len(trail) > 1 else ""
    local = not node.get("$ref", "").startswith("#/components/parameters")
    if kind in ("properties", "schemas") or (kind == "parameters" and local):
        yield "/".join(trail), node
    if "operationId" in node and "responses" in node:
        yield "/".join(trail), node
    for key, value in node.items():
        if key not in ("example", "examples", "links"):
            yield from described(value, *trail, key)


def places() -> list[tuple[str, dict[str, Any]]]:
    return [place for name, data in DOCUMENTS.items() for place in described(data, name)]


def test_everything_a_user_sees_has_a_description_of_its_own() -> None:
    shared = [at for at, node in places() if "inference.yaml#" in node.get("$ref", "")]
    missing = [at for at, node in places() if not node.get("description", "").endswith(".")]
    assert sorted(missing) == sorted(shared)
    assert len(places()) > 1000


def test_descriptions_leave_provenance_to_the_vendor_keys() -> None:
    words = re.compile(r"inferred|observed|(not|is|are) documented|provenance")
    assert [at for at, node in places() if words.search(node.get("description", ""))] == []


def test_bounds_and_defaults_stand_in_keywords_alone() -> None:
    words = re.compile(r"\b(at least|at most|or more|greater than) -?\d|must not be empty", re.I)
    repeated = [
        at for at, node in places() if BOUNDS & node.keys() and words.search(node["description"])
    ]
    assert repeated == []
    assert [
        at for at, node in places() if "default" in node and "efaults to" in node["description"]
    ] == []


def test_summaries_begin_with_a_verb() -> None:
    summaries = {node["summary"] for _, node in places() if "operationId" in node}
    assert [text for text in summaries if text.split()[0] not in VERBS] == []
    assert len(summaries) > 50
