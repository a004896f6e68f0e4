"""Every model gives back unchanged what it read, and refuses what does not fit."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.inference_specs import Json
from support.model_strategies import (
    ANY_JSON,
    ENUMS,
    JSON_VALUES,
    MODELS,
    SCHEMAS,
    UNIONS,
    attribute,
    decoder,
    fields,
    instances,
    is_enum,
    optional,
    required,
    same_json,
    sample,
    samples,
    wrong_values,
)

from tensormesh_api._model import InvalidDataError

QUICK = settings(
    max_examples=10,
    deadline=None,
    database=None,
    # On a loaded machine the first draw, which builds the strategies, may take a while.
    suppress_health_check=[HealthCheck.too_slow],
)
every_model = for_each("name", MODELS)
every_reader = for_each("name", [*MODELS, *UNIONS])


def enum_fields(name: str) -> list[str]:
    return [key for key, schema in fields(name).items() if is_enum(schema)]


def integer_fields(name: str) -> list[str]:
    return [key for key, value in sample(name, full=True).items() if type(value) is int]


def test_every_component_of_the_spec_is_a_model_an_enum_or_a_union() -> None:
    assert {*MODELS, *ENUMS, *UNIONS} == SCHEMAS.keys()


# ---- What fits


@pytest.mark.slow
@every_reader
@QUICK
@given(data=st.data())
def test_what_was_read_comes_back_unchanged_and_reads_as_an_equal(
    name: str, data: st.DataObject
) -> None:
    wire = data.draw(instances(name))
    model = decoder(name)(wire)
    assert same_json(model.to_dict(), wire)
    assert decoder(name)(model.to_dict()) == model


@every_model
def test_every_form_of_each_field_comes_back_and_is_its_attribute(name: str) -> None:
    for key, schema in fields(name).items():
        for value in samples(schema, full=True):
            data = {**sample(name), key: value}
            model = decoder(name)(data)
            assert same_json(model.to_dict(), data), key
            held = getattr(model, attribute(key))
            assert held is not None, key
            assert type(held) in (str, int, float, bool, list, dict) or held.to_dict() == value


@every_model
def test_absent_fields_stay_absent_and_nulls_stay_null(name: str) -> None:
    full = sample(name, full=True)
    for key in optional(name):
        without = {other: value for other, value in full.items() if other != key}
        assert key not in decoder(name)(without).to_dict()
        with_null = {**full, key: None}
        model = decoder(name)(with_null)
        assert same_json(model.to_dict(), with_null), key
        assert getattr(model, attribute(key)) is None
    nothing_but_nulls = {**sample(name), **dict.fromkeys(optional(name))}
    assert same_json(decoder(name)(nothing_but_nulls).to_dict(), nothing_but_nulls)


@for_each("name", [name for name in MODELS if enum_fields(name)])
def test_unknown_members_of_enums_pass_through(name: str) -> None:
    for key in enum_fields(name):
        for value in ("no-such-member", ""):
            data = {**sample(name), key: value}
            model = decoder(name)(data)
            assert getattr(model, attribute(key)) == value
            assert model.to_dict() == data


@every_model
def test_unknown_fields_are_kept_and_shown_as_additional_properties(name: str) -> None:
    unknown = {f"x_{kind}": value for kind, value in JSON_VALUES.items()}
    model = decoder(name)({**sample(name), **unknown})
    assert model.additional_properties == unknown
    assert same_json(model.to_dict(), {**sample(name), **unknown})
    model.additional_properties["x_more"] = 1
    assert model.to_dict() == {**sample(name), **unknown, "x_more": 1}


@for_each("name", [name for name in MODELS if integer_fields(name)])
def test_whole_numbers_written_as_decimals_are_integers(name: str) -> None:
    for key in integer_fields(name):
        model = decoder(name)({**sample(name), key: 7.0})
        assert type(getattr(model, attribute(key))) is int, key


@every_model
def test_reading_leaves_the_data_as_it_was(name: str) -> None:
    data = {**sample(name, full=True), "x_new": [{}]}
    before = {**sample(name, full=True), "x_new": [{}]}
    model = decoder(name)(data)
    model.additional_properties["x_more"] = 1
    model.to_dict()["x_more"] = 2
    assert same_json(data, before)


# ---- What does not fit


@every_model
def test_wrong_type_is_refused_and_the_error_names_the_field(name: str) -> None:
    for key, schema in fields(name).items():
        place = re.compile(rf"{name}\.{key}(\[\d*\]|\{{.*\}})*")
        for value in wrong_values(schema, nullable=key in optional(name)):
            with pytest.raises(InvalidDataError) as caught:
                decoder(name)({**sample(name), key: value})
            assert place.fullmatch(caught.value.where), (key, value, caught.value.where)
            assert str(caught.value).startswith(f"{caught.value.where}: expected ")


@for_each("name", [name for name in MODELS if required(name)])
def test_missing_required_field_is_refused_by_its_name(name: str) -> None:
    for key in required(name):
        data = {other: value for other, value in sample(name).items() if other != key}
        with pytest.raises(InvalidDataError, match=rf"^{name}\.{key}: .* is missing or null$"):
            decoder(name)(data)


@every_reader
def test_what_is_no_object_is_refused_by_the_name_of_the_model(name: str) -> None:
    for value in (value for value in JSON_VALUES.values() if value != {}):
        with pytest.raises(InvalidDataError) as caught:
            decoder(name)(value)
        assert (caught.value.where, caught.value.expected) == (name, "an object")


@pytest.mark.slow
@every_reader
@QUICK
@given(value=ANY_JSON)
def test_arbitrary_json_is_read_whole_or_refused(name: str, value: Json) -> None:
    check_read_whole_or_refused(name, value)


@pytest.mark.slow
@every_reader
@QUICK
@given(data=st.data())
def test_damaged_data_is_read_whole_or_refused(name: str, data: st.DataObject) -> None:
    wire = data.draw(instances(name))
    known = [*SCHEMAS[name].get("properties", wire)] or ["x_new"]
    key = data.draw(st.sampled_from(known))
    damage = ANY_JSON | st.lists(ANY_JSON, min_size=1, max_size=2)
    check_read_whole_or_refused(name, {**wire, key: data.draw(damage)})


def check_read_whole_or_refused(name: str, value: Json) -> None:
    try:
        model = decoder(name)(value)
    except InvalidDataError:
        return
    assert model.to_dict() == value
