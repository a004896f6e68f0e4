"""Every type inside every other is read, given back, checked, and type-checks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.cases import for_each
from support.mini_spec import ROOT, data, dump, importable, part, project

from tensormesh_api._model import InvalidDataError
from tensormesh_codegen.cli import main

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NULL: Schema = {"type": "null"}

# name -> schema, values that fit, values of which every one is of a wrong type
INNER: dict[str, tuple[Schema, list[Any], list[Any]]] = {
    "text": (TEXT, ["a"], [1, True, [], {}]),
    "integer": ({"type": "integer"}, [1], ["a", True, 1.5, [], {}]),
    "number": ({"type": "number"}, [1, 1.5], ["a", True, [], {}]),
    "boolean": ({"type": "boolean"}, [False], ["a", 1, [], {}]),
    "time": ({"type": "string", "format": "date-time"}, ["2026-01-02T03:04:05Z"], ["a", 1, []]),
    "enum": ({"$ref": "#/components/schemas/Shade"}, ["light", "new"], [1, [], {}]),
    "alias": ({"$ref": "#/components/schemas/ThingId"}, ["a"], [1, [], {}]),
    "constant": ({"const": "thing"}, ["thing"], [1, [], {}]),
    "model": ({"$ref": "#/components/schemas/Note"}, [{"text": "a"}], ["a", 1, []]),
    "union": ({"$ref": "#/components/schemas/Part"}, [{"type": "wheel"}, {"type": "x"}], ["a", []]),
    "any": ({}, ["a", 1, [1], {"a": None}], []),
    "anything": ({"type": "array", "items": {}}, [[], [1, "a"]], ["a", 1, {}]),
    "texts": ({"type": "array", "items": TEXT}, [[], ["a"]], ["a", {}, [1]]),
    "models": (
        {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
        [[], [{"text": "a"}]],
        ["a", {}, ["a"]],
    ),
    "map": ({"type": "object"}, [{}, {"a": 1}], ["a", 1, []]),
    "numbers": (
        {"type": "object", "additionalProperties": {"type": "number"}},
        [{}, {"a": 1.5}],
        ["a", [], {"a": "b"}],
    ),
    "parts": (
        {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Part"}},
        [{"a": {"type": "wheel", "radius": 1}}],
        ["a", [], {"a": []}],
    ),
    "mixed": (
        {"anyOf": [TEXT, {"type": "integer"}, {"type": "array", "items": TEXT}]},
        ["a", 1, ["a"]],
        [True, 1.5, {}, [1]],
    ),
    "lists": (
        {
            "anyOf": [
                {"type": "array", "items": {"type": "integer"}},
                {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            ]
        },
        [[], [1], [[1]]],
        ["a", 1, {}, ["a"], [["a"]]],
    ),
}


def outer(name: str) -> Iterator[tuple[str, Schema, list[Any], list[Any]]]:
    """A type by itself and inside others."""
    schema, good, bad = INNER[name]
    nullable = {"anyOf": [schema, NULL]}
    yield name, schema, good, bad
    yield f"{name}_or_null", nullable, good, bad
    for label, item, nulls in (("", schema, []), ("_or_null", nullable, [None])):
        items, values = [*good, *nulls], [[each] for each in bad]
        yield f"list_of_{name}{label}", {"type": "array", "items": item}, [[], items], values
        yield (
            f"map_of_{name}{label}",
            {"type": "object", "additionalProperties": item},
            [{}, {str(index): each for index, each in enumerate(items)}],
            [{"a": each} for each in bad],
        )
    nested = {"type": "array", "items": {"type": "array", "items": schema}}
    yield f"list_of_list_of_{name}", nested, [[[]], [good]], [[[each]] for each in bad]
    if name not in ("any", "anything", "map", "mixed", "lists"):
        either = {"anyOf": [{"type": "array", "items": schema}, {"type": "boolean"}]}
        yield f"list_of_{name}_or_boolean", either, [True, good], [1, {}, *([b] for b in bad)]


CASES = {case[0]: case[1:] for name in INNER for case in outer(name)}


@pytest.fixture(scope="module")
def combinations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = data()
    properties = {name: schema for name, (schema, _, _) in CASES.items()}
    many = {"type": "object", "properties": properties}
    must = {"type": "object", "required": list(properties), "properties": properties}
    schemas = spec["components"]["schemas"]
    schemas |= {"Many": many, "Must": must}
    schemas["RunRequest"]["properties"] |= properties
    schemas["Run"]["properties"] |= {
        name: {"$ref": f"#/components/schemas/{name.title()}"} for name in ("many", "must")
    }
    root = project(tmp_path_factory.mktemp("combinations") / "project", mini=dump(spec))
    assert main(root, ["generate"]) == 0
    return root


@pytest.fixture(scope="module")
def package(combinations: Path) -> Iterator[ModuleType]:
    with importable(combinations / "generated") as package:
        yield package


@pytest.mark.slow
def test_every_combination_passes_the_strict_type_checker_and_the_linter(
    combinations: Path,
) -> None:
    cache = ROOT / ".mypy_cache" / "generated"
    for command in (
        ["mypy", "--config-file", "pyproject.toml", "--cache-dir", str(cache), "generated"],
        ["ruff", "check", "--no-cache", "generated"],
    ):
        run = [sys.executable, "-m", *command]
        done = subprocess.run(run, cwd=combinations, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@for_each("name", CASES)
def test_value_is_given_back_and_a_wrong_one_refused(name: str, package: ModuleType) -> None:
    model = part(package, "models").Many
    _, good, bad = CASES[name]
    for value in good:
        read = model.from_dict({name: value})
        assert read.to_dict() == {name: value}
        assert model.from_dict(read.to_dict()) == read
        made = model(**{"constant": None, name: getattr(read, name)})
        assert made == read
        assert made.to_dict() == ({} if value is None else {name: value})
    for value in bad:
        with pytest.raises(InvalidDataError) as caught:
            model.from_dict({name: value})
        assert caught.value.where.startswith(f"Many.{name}"), value


@for_each("name", CASES)
def test_required_value_may_be_missing_or_null_only_where_null_fits(
    name: str, package: ModuleType
) -> None:
    model = part(package, "models").Must
    whole = {each: good[0] for each, (_, good, _) in CASES.items()}
    schema = CASES[name][0]
    read = model.from_dict(whole)
    assert read.to_dict() == whole
    if schema == {} or NULL in schema.get("anyOf", []):
        assert model.from_dict({**whole, name: None}).to_dict() == {**whole, name: None}
        return
    for data_without in ({**whole, name: None}, {k: v for k, v in whole.items() if k != name}):
        with pytest.raises(InvalidDataError, match="is missing or null") as caught:
            model.from_dict(data_without)
        assert caught.value.where == f"Must.{name}"


@for_each("name", CASES)
def test_argument_takes_what_the_model_holds(name: str, package: ModuleType) -> None:
    run_thing = part(package, "api.runs.run_thing")
    model = part(package, "models").Many
    for value in CASES[name][1]:
        held = getattr(model.from_dict({name: value}), name)
        for given in (value, held):
            request = run_thing.build_request(thing_id="t", **{name: given})
            assert plain(request.body) == ({} if given is None else {name: value})


def plain(value: Any) -> Any:
    """What the encoder makes of a body: models in free-form places write themselves."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
