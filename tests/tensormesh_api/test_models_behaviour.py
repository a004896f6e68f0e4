"""How every model behaves as a Python object."""

from __future__ import annotations

import ast
import copy
import pickle
from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

import pytest
from support.cases import for_each
from support.inference_specs import Json
from support.model_strategies import (
    MODELS,
    MODULES,
    SCHEMAS,
    UNIONS,
    attribute,
    decoder,
    fields,
    optional,
    required,
    same_json,
    sample,
)

from tensormesh_api._model import BaseModel, InvalidDataError, Shapes, UnknownVariant

every_model = for_each("name", MODELS)
every_union = for_each("name", UNIONS)
UNKNOWN: dict[str, Json] = {"x_new": {"deep": [1]}, "x_null": None}
COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "newest pickle": lambda model: pickle.loads(pickle.dumps(model, pickle.HIGHEST_PROTOCOL)),
}


def rich(name: str) -> dict[str, Json]:
    """Data for a model with every field, and with unknown ones."""
    return {**sample(name, full=True), **UNKNOWN}


def poor(name: str) -> dict[str, Json]:
    """Data for a model with nulls in all optional fields."""
    return {**sample(name), **dict.fromkeys(optional(name))}


def arguments(model: BaseModel, keys: list[str]) -> dict[str, Any]:
    return {attribute(key): getattr(model, attribute(key)) for key in keys}


# ---- Copies, equality


@every_model
@for_each("make", COPIES.values(), ids=COPIES)
def test_copies_are_equal_and_write_the_same_json(name: str, make: Callable[[Any], Any]) -> None:
    for data in (rich(name), poor(name)):
        model = decoder(name)(data)
        twin = make(model)
        assert twin is not model
        assert type(twin) is MODELS[name]
        assert twin == model
        assert twin.additional_properties == model.additional_properties
        assert same_json(twin.to_dict(), data)


@every_model
def test_change_in_a_deep_copy_does_not_reach_the_original(name: str) -> None:
    model = decoder(name)(rich(name))
    twin = copy.deepcopy(model)
    twin.additional_properties["x_new"]["deep"].append(2)
    assert twin != model
    assert same_json(model.to_dict(), rich(name))


@every_model
def test_equality_sees_each_field_and_each_unknown_field(name: str) -> None:
    data = rich(name)
    model = decoder(name)(data)
    for key in optional(name):
        assert decoder(name)({**data, key: None}) != model, key
    assert decoder(name)({**data, "x_new": 0}) != model
    assert decoder(name)(sample(name)) != sample(name)


@every_model
def test_null_and_absent_are_equal(name: str) -> None:
    assert decoder(name)(poor(name)) == decoder(name)(sample(name))


@every_model
def test_models_are_mutable_and_so_not_hashable(name: str) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(decoder(name)(sample(name)))


@every_model
def test_any_mapping_can_be_read(name: str) -> None:
    assert decoder(name)(MappingProxyType(rich(name))) == decoder(name)(rich(name))


# ---- repr


def shown(model: BaseModel) -> ast.Call:
    call = ast.parse(repr(model), mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    assert call.func.id == type(model).__name__
    return call


@every_model
def test_repr_shows_all_that_is_set(name: str) -> None:
    call = shown(decoder(name)(rich(name)))
    assert {each.arg for each in call.keywords} == {*map(attribute, fields(name)), *UNKNOWN}


@every_model
def test_repr_shows_no_none(name: str) -> None:
    call = shown(decoder(name)(poor(name)))
    assert {each.arg for each in call.keywords} == set(map(attribute, required(name)))
    constants = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    assert None not in constants


# ---- Models made by keyword arguments


@every_model
def test_model_made_by_keyword_arguments_equals_the_one_read(name: str) -> None:
    data = sample(name, full=True)
    made = MODELS[name](**arguments(decoder(name)(data), list(fields(name))))
    assert made == decoder(name)(data)
    assert same_json(made.to_dict(), data)


@every_model
def test_model_made_by_keyword_arguments_sends_no_none(name: str) -> None:
    read = decoder(name)(sample(name))
    nones = {attribute(key): None for key in optional(name)}
    assert MODELS[name](**{**arguments(read, required(name)), **nones}).to_dict() == sample(name)
    assert None not in MODELS[name](**arguments(read, required(name))).to_dict().values()


@every_model
def test_nested_models_may_be_plain_dicts(name: str) -> None:
    data = sample(name, full=True)
    made = MODELS[name](**{attribute(key): value for key, value in data.items()})
    assert same_json(made.to_dict(), data)


@every_model
def test_misspelt_argument_is_a_type_error(name: str) -> None:
    with pytest.raises(TypeError, match="no_such_field"):
        MODELS[name](
            **{**arguments(decoder(name)(sample(name)), required(name)), "no_such_field": 1}
        )


# ---- Unions


def discriminator(name: str) -> tuple[str, dict[str, str]]:
    """The property that tells the union's models apart, and the model for each value of it."""
    found = SCHEMAS[name]["discriminator"]
    mapping = found["mapping"].items()
    return found["propertyName"], {value: ref.rpartition("/")[2] for value, ref in mapping}


@every_union
def test_known_discriminator_gives_its_model(name: str) -> None:
    key, mapping = discriminator(name)
    for value, member in mapping.items():
        data = rich(member)
        assert data[key] == value
        model = decoder(name)(data)
        assert type(model) is MODELS[member]
        assert same_json(model.to_dict(), data)


@every_union
@for_each("value", ["no-such-kind", "", None, 7, 1.5, True, ["text"], {"a": 1}])
def test_unknown_discriminator_gives_an_unknown_variant_that_survives(
    name: str, value: Json
) -> None:
    key, _ = discriminator(name)
    check_unknown_variant(name, {key: value, "text": "hi", **UNKNOWN})


@every_union
def test_missing_discriminator_gives_an_unknown_variant_that_survives(name: str) -> None:
    check_unknown_variant(name, {"text": "hi", **UNKNOWN})
    check_unknown_variant(name, {})


def check_unknown_variant(name: str, data: dict[str, Json]) -> None:
    model = decoder(name)(data)
    assert type(model) is UnknownVariant
    assert same_json(model.to_dict(), data)
    assert model.additional_properties == data
    for key, value in data.items():
        assert getattr(model, key) == value
    with pytest.raises(AttributeError, match="'UnknownVariant' object has no attribute 'no_such'"):
        _ = model.no_such
    for make in COPIES.values():
        assert make(model) == model
        assert same_json(make(model).to_dict(), data)
    assert {each.arg for each in shown(model).keywords} == data.keys()


# ---- Bounded memory


@every_model
def test_shapes_stay_few_however_many_sets_of_keys_come(name: str) -> None:
    shapes = import_module(MODULES[name])._SHAPES
    assert isinstance(shapes, Shapes)
    try:
        for index in range(Shapes.LIMIT + 20):
            data = {**sample(name), f"x_{index}": None}
            model = decoder(name)(data)
            assert model.additional_properties == {f"x_{index}": None}
            assert same_json(model.to_dict(), data)
        assert len(shapes) == Shapes.LIMIT
    finally:
        shapes.clear()


@every_model
def test_shapes_know_exactly_the_fields_of_the_spec(name: str) -> None:
    assert import_module(MODULES[name])._SHAPES.fields == fields(name).keys()


# ---- Errors


def test_invalid_data_error_survives_pickling_and_cuts_long_values() -> None:
    error = InvalidDataError("ChatMessage.role", "a string", list(range(1000)))
    twin = pickle.loads(pickle.dumps(error))
    assert (twin.where, twin.expected, twin.value) == (error.where, error.expected, error.value)
    assert str(twin) == str(error)
    assert len(str(error)) < 150
