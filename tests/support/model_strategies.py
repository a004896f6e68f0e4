"""Finds the models of the inference package, and derives data for them from their JSON Schemas.

Data is what a model must read: of the right JSON types, with bounds, formats and enums set aside,
since servers may widen those. `samples` and `wrong_values` are fixed; `instances` are Hypothesis
strategies, small and shallow enough to run for every model.
"""

from __future__ import annotations

import json
import keyword
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

from hypothesis import strategies as st
from support.inference_specs import Json, spec

from tensormesh_api._model import BaseModel
from tensormesh_api.inference import models

Schema = dict[str, Any]

SCHEMAS: dict[str, Schema] = spec("inference")["components"]["schemas"]
JSON_VALUES: dict[str, Json] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "text",
    "array": [],
    "object": {},
}
MAX_OPTIONAL = 5


def _module_of(name: str) -> str:
    """The module of a public name, which is the name in other letters."""
    stems = [info.name for info in pkgutil.iter_modules(models.__path__)]
    (stem,) = (stem for stem in stems if stem.replace("_", "") == name.lower())
    return f"{models.__name__}.{stem}"


MODULES: dict[str, str] = {name: _module_of(name) for name in models.__all__}
MODELS: dict[str, type[BaseModel]] = {
    name: value
    for name in models.__all__
    if isinstance(value := getattr(models, name), type)
    and issubclass(value, BaseModel)
    and value is not BaseModel
}
ENUMS = [name for name in models.__all__ if "enum" in SCHEMAS[name]]
UNIONS = [name for name in models.__all__ if "oneOf" in SCHEMAS[name]]


@cache
def decoder(name: str) -> Callable[[Any], BaseModel]:
    """What reads the data of a model or of a union."""
    if name in MODELS:
        return MODELS[name].from_dict
    stem = MODULES[name].rpartition(".")[2]
    read: Callable[[Any], BaseModel] = getattr(import_module(MODULES[name]), f"{stem}_from_dict")
    return read


def same_json(left: Json, right: Json) -> bool:
    """Whether both are the same JSON text, the order of keys aside: True is not 1, nor 1 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


# ---- Schemas


def resolved(schema: Schema) -> Schema:
    """The schema itself, or the component that it refers to."""
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def fields(name: str) -> dict[str, Schema]:
    """The properties of a model, by their names on the wire."""
    properties: dict[str, Schema] = SCHEMAS[name]["properties"]
    return properties


def required(name: str) -> list[str]:
    keys: list[str] = SCHEMAS[name].get("required", [])
    return keys


def optional(name: str) -> list[str]:
    return [key for key in fields(name) if key not in required(name)]


def branches(schema: Schema) -> list[Schema]:
    """The schema's alternatives, each of one JSON type; none where it takes anything."""
    schema = resolved(schema)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return [each for branch in schema[key] for each in branches(branch)]
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return [{**schema, "type": kind} for kind in kinds]


def attribute(key: str) -> str:
    """The attribute of a model that holds a field."""
    return f"{key}_" if keyword.iskeyword(key) else key


def is_enum(schema: Schema) -> bool:
    return any("enum" in branch for branch in branches(schema))


# ---- Fixed data


def samples(schema: Schema, *, full: bool = False) -> list[Json]:
    """One value for each form that the schema takes, null aside.

    Args:
        schema: The schema.
        full: Fill the optional fields of objects too.
    """
    if not branches(schema):
        return [value for value in JSON_VALUES.values() if value is not None]
    kinds = [branch for branch in branches(schema) if branch["type"] != "null"]
    return [value for branch in kinds for value in _samples_of_branch(branch, full)]


def sample(name: str, *, full: bool = False) -> dict[str, Json]:
    """Data for a model: its required fields, or all of its fields."""
    keys = fields(name) if full else required(name)
    return {key: samples(fields(name)[key], full=full)[0] for key in keys}


def _samples_of_branch(branch: Schema, full: bool) -> list[Json]:
    if branch["type"] == "array":
        return [[item] for item in samples(branch["items"], full=full)]
    if branch["type"] != "object":
        return [branch.get("const", branch.get("enum", [JSON_VALUES[branch["type"]]])[0])]
    if "properties" in branch:
        keys = branch["properties"] if full else branch.get("required", [])
        return [{key: samples(branch["properties"][key], full=full)[0] for key in keys}]
    values = branch.get("additionalProperties", True)
    return [{"key": value} for value in (samples(values) if isinstance(values, dict) else [None])]


def wrong_values(schema: Schema, *, nullable: bool = False) -> Iterator[Json]:
    """Values of JSON types that the schema does not take, in its items and map entries too.

    Args:
        schema: The schema.
        nullable: Null is fine, whatever the schema says.
    """
    kinds = {branch["type"] for branch in branches(schema)} or set(JSON_VALUES)
    kinds |= {"null"} if nullable else set()
    kinds |= {"integer"} if "number" in kinds else set()
    yield from (value for kind, value in JSON_VALUES.items() if kind not in kinds)
    arrays = [branch["items"] for branch in branches(schema) if branch["type"] == "array"]
    if arrays:
        yield from ([value] for value in wrong_values({"anyOf": arrays}))
    maps = [
        branch.get("additionalProperties", True)
        for branch in branches(schema)
        if branch["type"] == "object" and "properties" not in branch
    ]
    if maps and all(isinstance(each, dict) for each in maps):
        yield from ({"key": value} for value in wrong_values({"anyOf": maps}))


# ---- Strategies

TEXTS = st.text(max_size=6)
# Names of unknown fields: none that a model has, some that Python objects have.
KEYS = st.sampled_from(["x_new", "", "_extra", "__class__", "from_dict", "x y", "\N{SNOWMAN}"])
SCALARS: dict[str, st.SearchStrategy[Json]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers(),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "string": TEXTS,
}
ANY_JSON: st.SearchStrategy[Json] = st.recursive(
    st.one_of(*SCALARS.values()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS | TEXTS, inner, max_size=2),
    max_leaves=4,
)


@cache
def instances(name: str) -> st.SearchStrategy[dict[str, Json]]:
    """Data for a model or a union: unknown fields, nulls, unknown members of enums among it."""
    schema = SCHEMAS[name]
    if "oneOf" in schema:
        return _variants(schema)
    return _objects(schema)


def _values(schema: Schema) -> st.SearchStrategy[Json]:
    if "$ref" in schema and "enum" not in resolved(schema):
        return st.deferred(lambda: instances(schema["$ref"].rpartition("/")[2]))
    if "anyOf" in schema:
        return st.one_of([_values(branch) for branch in schema["anyOf"]])
    forms = [_values_of_branch(branch) for branch in branches(schema)]
    return st.one_of(forms) if forms else ANY_JSON


def _values_of_branch(branch: Schema) -> st.SearchStrategy[Json]:
    if "const" in branch or "enum" in branch:
        known = [branch["const"]] * 3 if "const" in branch else branch["enum"]
        return st.sampled_from(known) | TEXTS
    if branch["type"] == "array":
        return st.lists(_values(branch["items"]), max_size=2)
    if branch["type"] == "object":
        values = branch.get("additionalProperties", True)
        inner = _values(values) if isinstance(values, dict) else ANY_JSON
        return st.dictionaries(TEXTS, inner, max_size=2)
    return SCALARS[branch["type"]]


@st.composite
def _objects(draw: st.DrawFn, schema: Schema) -> dict[str, Json]:
    properties: dict[str, Schema] = schema["properties"]
    must = schema.get("required", [])
    may = [key for key in properties if key not in must]
    chosen = draw(st.sets(st.sampled_from(may), max_size=MAX_OPTIONAL)) if may else set()
    data = {key: draw(_values(properties[key])) for key in must}
    for key in sorted(chosen):
        data[key] = draw(st.none() | _values(properties[key]))
    unknown = draw(st.dictionaries(KEYS, ANY_JSON, max_size=2))
    return {**unknown, **data} if draw(st.booleans()) else {**data, **unknown}


def _variants(schema: Schema) -> st.SearchStrategy[dict[str, Json]]:
    key = schema["discriminator"]["propertyName"]
    known = [_values(branch) for branch in schema["oneOf"]]
    unknown = st.dictionaries(KEYS | st.just(key), ANY_JSON, max_size=3)
    return st.one_of([*known, unknown])
