"""A spec with anything wrong anywhere is refused in so many words, or it makes sound code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.mini_spec import build_data, build_unvalidated, data, render

from tensormesh_codegen.bundling import walk
from tensormesh_codegen.errors import SpecErrors
from tensormesh_codegen.loading import Pointer
from tensormesh_codegen.model import Package

PLACES: list[Pointer] = [pointer for pointer, _ in walk(data()) if pointer]
KEYS = st.sampled_from(
    [
        *("$ref", "type", "properties", "items", "enum", "const", "default", "anyOf", "oneOf"),
        *("required", "additionalProperties", "discriminator", "parameters", "schema", "content"),
        *("security", "servers", "paths", "components", "responses", "tags", "x-tm-method", ""),
    ]
)
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1.5, "", "x", "object", "string", "#/components/schemas/Thing", "#/", "#"]
)
JUNK: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)


def at(spec: Any, pointer: Pointer) -> Any:
    for key in pointer:
        spec = spec[key]
    return spec


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """The mini spec with one value replaced, removed, added, or moved from elsewhere."""
    spec = data()
    pointer = draw(st.sampled_from(PLACES))
    parent, key = at(spec, pointer[:-1]), pointer[-1]
    way = draw(st.sampled_from(["replace", "remove", "add", "move"]))
    if way == "replace":
        parent[key] = draw(JUNK)
    elif way == "remove":
        del parent[key]
    elif way == "add" and isinstance(parent[key], dict):
        parent[key][draw(KEYS)] = draw(JUNK)
    else:
        parent[key] = at(data(), draw(st.sampled_from(PLACES)))
    return spec


def check(build: Callable[[Any], list[Package]], spec: Any) -> None:
    try:
        files = render(build(spec))
    except SpecErrors as error:
        lines = str(error).splitlines()
        assert lines
        assert all(re.fullmatch(r"specs/mini\.yaml:\d+: .+: .+", line) for line in lines)
        return
    for name, text in files.items():
        if name.endswith(".py") and text != sound()[name if name in sound() else ""]:
            ast.parse(text)


@cache
def sound() -> dict[str, str]:
    return {"": "", **render(build_data(data()))}


@given(damaged())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_spec_is_refused_by_our_rules_or_makes_sound_code(spec: Any) -> None:
    check(build_unvalidated, spec)


@given(damaged())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_spec_is_refused_or_makes_sound_code(spec: Any) -> None:
    check(build_data, spec)
