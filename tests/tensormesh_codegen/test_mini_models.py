"""Models generated from the mini spec read every form of data, and give it back."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each
from support.mini_spec import part

from tensormesh_api._model import InvalidDataError, UnknownVariant

THING = {"thingId": "t", "from": None}


# ---- Reading


FULL: dict[str, Any] = {
    "thingId": "t",
    "from": "here",
    "object": "thing",
    "shade": "a shade of tomorrow",
    "size": 2,
    "count": 3,
    "active": False,
    "createdAt": "2026-01-02T03:04:05Z",
    "seenAt": ["2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05+01:00"],
    "doneAt": {"first": "2026-01-02T03:04:05.000007Z"},
    "children": [{"thingId": "u", "from": None, "children": []}],
    "holes": [None, {"thingId": "v", "from": "there"}],
    "owner": {"name": "o", "best": {"thingId": "w", "from": None}},
    "parts": {"left": {"type": "wheel", "radius": 1.5}, "right": {"type": "sail", "area": 3}},
    "part": {"type": "box", "parts": [{"type": "box", "parts": [{"type": "wheel"}]}]},
    "labels": {"a": "b"},
    "notes": [{"text": "n", "tags": ["x"]}],
    "stop": ["a", "b"],
    "tokens": [[1, 2], []],
    "when": "2026-01-02T03:04:05Z",
    "grid": [[], [{"text": "n"}]],
    "ratio": [1, 2.5, None],
    "extra": {"any": ["thing", None]},
    "later": {"addition": True},
}


def thing_class(mini: ModuleType) -> Any:
    return part(mini, "models").Thing


def test_everything_read_is_given_back(mini: ModuleType) -> None:
    thing = thing_class(mini).from_dict(FULL)
    assert thing.to_dict() == FULL
    assert thing_class(mini).from_dict(thing.to_dict()) == thing
    assert thing.additional_properties == {"later": {"addition": True}}


def test_values_have_their_python_types(mini: ModuleType) -> None:
    models = part(mini, "models")
    thing = thing_class(mini).from_dict(FULL)
    assert thing.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert thing.seen_at[1].utcoffset() == timedelta(hours=1)
    assert thing.done_at["first"].microsecond == 7
    assert thing.when == thing.created_at
    assert thing.children[0].children == []
    assert thing.holes[0] is None
    assert thing.owner.best.thing_id == "w"
    assert isinstance(thing.parts["left"], models.Wheel)
    assert isinstance(thing.part.parts[0], models.Box)
    assert thing.notes[0].additional_properties == {"tags": ["x"]}
    assert thing.shade not in vars(models.Shade).values()


def test_unknown_variant_is_kept_and_readable(mini: ModuleType) -> None:
    sail = thing_class(mini).from_dict(FULL).parts["right"]
    assert isinstance(sail, UnknownVariant)
    assert (sail.type, sail.area) == ("sail", 3)
    assert sail.to_dict() == {"type": "sail", "area": 3}


@for_each("kind", [None, 5, True, ["wheel"], {"a": 1}, 1.5])
def test_discriminator_that_is_no_text_gives_an_unknown_variant(
    kind: Any, mini: ModuleType
) -> None:
    data = {**THING, "part": {"type": kind, "radius": 1}}
    thing = thing_class(mini).from_dict(data)
    assert isinstance(thing.part, UnknownVariant)
    assert thing.to_dict() == data


def test_missing_discriminator_gives_an_unknown_variant(mini: ModuleType) -> None:
    thing = thing_class(mini).from_dict({**THING, "part": {}})
    assert isinstance(thing.part, UnknownVariant)


def test_mapping_of_any_class_is_read_at_any_depth(mini: ModuleType) -> None:
    data = MappingProxyType(
        {
            **THING,
            "part": MappingProxyType({"type": "wheel"}),
            "owner": MappingProxyType({"name": "o"}),
            "children": [MappingProxyType(THING)],
            "labels": MappingProxyType({"a": "b"}),
            "parts": MappingProxyType({"a": MappingProxyType({"type": "sail"})}),
        }
    )
    thing = thing_class(mini).from_dict(data)
    assert thing.to_dict() == {
        **THING,
        "part": {"type": "wheel"},
        "owner": {"name": "o"},
        "children": [THING],
        "labels": {"a": "b"},
        "parts": {"a": {"type": "sail"}},
    }


def test_whole_numbers_may_be_written_with_a_point(mini: ModuleType) -> None:
    data = {**THING, "count": 2.0, "when": 3.0, "tokens": [1.0, 2]}
    thing = thing_class(mini).from_dict(data)
    assert [type(thing.count), type(thing.when)] == [int, int]
    assert thing.tokens == [1, 2]
    assert [type(token) for token in thing.tokens] == [int, int]


WRONG: list[tuple[str, Any, str]] = [
    ("thingId", None, "Thing.thingId: expected a string, but it is missing or null"),
    ("thingId", 5, "Thing.thingId: expected a string, got 5"),
    ("from", 5, "Thing.from: expected a string, got 5"),
    ("size", "5", "Thing.size: expected a number, got '5'"),
    ("size", True, "Thing.size: expected a number, got True"),
    ("count", 1.5, "Thing.count: expected an integer, got 1.5"),
    ("count", True, "Thing.count: expected an integer, got True"),
    ("active", 1, "Thing.active: expected a boolean, got 1"),
    ("createdAt", "soon", "Thing.createdAt: expected a timestamp, got 'soon'"),
    ("createdAt", 5, "Thing.createdAt: expected a timestamp, got 5"),
    ("seenAt", ["soon"], "Thing.seenAt[]: expected a timestamp, got 'soon'"),
    ("seenAt", "2026-01-02", "Thing.seenAt: expected an array, got '2026-01-02'"),
    ("doneAt", {"a": 5}, "Thing.doneAt{}: expected a timestamp, got 5"),
    ("doneAt", [], "Thing.doneAt: expected an object, got []"),
    ("children", {}, "Thing.children: expected an array, got {}"),
    ("children", [THING, 5], "Thing.children[1]: expected an object, got 5"),
    ("children", [None], "Thing.children[0]: expected an object, but it is missing or null"),
    ("holes", ["a"], "Thing.holes[0]: expected an object or null, got 'a'"),
    ("owner", "me", "Thing.owner: expected an object, got 'me'"),
    ("owner", {"name": 5}, "Owner.name: expected a string, got 5"),
    ("parts", {"a": []}, "Thing.parts{}: expected an object, got []"),
    ("part", "wheel", "Thing.part: expected an object, got 'wheel'"),
    ("part", ["type"], "Thing.part: expected an object, got ['type']"),
    ("part", {"type": "wheel", "radius": []}, "Wheel.radius: expected a number, got []"),
    ("labels", {"a": 5}, "Thing.labels{}: expected a string, got 5"),
    ("notes", 5, "Thing.notes: expected a string or an array, got 5"),
    ("notes", ["a"], "Thing.notes[0]: expected an object, got 'a'"),
    ("stop", [5], "Thing.stop[0]: expected a string, got 5"),
    ("stop", {"a": 1}, "Thing.stop: expected a string or an array, got {'a': 1}"),
    ("tokens", ["a"], "Thing.tokens[]: expected an integer or an array, got 'a'"),
    ("tokens", [["a"]], "Thing.tokens[][0]: expected an integer, got 'a'"),
    ("tokens", [True], "Thing.tokens[]: expected an integer or an array, got True"),
    ("tokens", "a", "Thing.tokens: expected an array, got 'a'"),
    ("when", "soon", "Thing.when: expected a timestamp, got 'soon'"),
    ("when", [], "Thing.when: expected a timestamp or an integer, got []"),
    ("when", True, "Thing.when: expected a timestamp or an integer, got True"),
    ("grid", [{}], "Thing.grid[]: expected an array, got {}"),
    ("grid", [[5]], "Thing.grid[][0]: expected an object, got 5"),
    ("ratio", [1, "a"], "Thing.ratio[1]: expected a number or null, got 'a'"),
    ("ratio", [True], "Thing.ratio[0]: expected a number or null, got True"),
]


@for_each(("field", "value", "message"), WRONG)
def test_value_of_a_wrong_type_is_refused_by_the_name_of_its_field(
    field: str, value: Any, message: str, mini: ModuleType
) -> None:
    with pytest.raises(InvalidDataError) as caught:
        thing_class(mini).from_dict({**THING, field: value})
    assert str(caught.value) == message


@for_each("data", [None, 5, "text", [], [THING], True])
def test_answer_that_is_no_object_is_refused(data: Any, mini: ModuleType) -> None:
    with pytest.raises(InvalidDataError, match=r"^Thing: expected an object, "):
        thing_class(mini).from_dict(data)


# ---- Models in the hands of users


def test_required_field_that_can_be_null_is_always_written(mini: ModuleType) -> None:
    assert thing_class(mini)(thing_id="t").to_dict() == {**THING, "object": "thing"}


def test_field_set_after_reading_is_written(mini: ModuleType) -> None:
    thing = thing_class(mini).from_dict({**THING, "shade": None})
    thing.shade = "dark"
    thing.size = 1.5
    thing.additional_properties["new"] = 1
    assert thing.to_dict() == {**THING, "shade": "dark", "size": 1.5, "new": 1}


def test_field_cleared_after_reading_is_written_as_null(mini: ModuleType) -> None:
    thing = thing_class(mini).from_dict({**THING, "size": 3, "later": 1})
    thing.size = None
    thing.additional_properties.clear()
    assert thing.to_dict() == {**THING, "size": None}


def test_nulls_of_the_wire_stay_and_make_no_difference(mini: ModuleType) -> None:
    data = {**THING, "size": None, "owner": None, "children": None, "when": None}
    thing = thing_class(mini).from_dict(data)
    assert thing.to_dict() == data
    assert thing == thing_class(mini).from_dict(THING)


def test_models_differ_by_what_is_nested_in_their_unknown_fields(mini: ModuleType) -> None:
    read = thing_class(mini).from_dict
    one = {**THING, "children": [{**THING, "later": {"a": [1]}}]}
    other = {**THING, "children": [{**THING, "later": {"a": [2]}}]}
    assert read(one) == read(one)
    assert read(one) != read(other)
    assert read(THING) != THING


def test_plain_data_may_stand_for_models_in_fields(mini: ModuleType) -> None:
    note = part(mini, "models").Note(text="b")
    thing = thing_class(mini)(thing_id="t", object=None, notes=[{"text": "a"}, note])
    thing.owner = {"name": "o"}
    thing.parts = {"a": {"type": "wheel"}}
    assert thing.to_dict() == {
        **THING,
        "notes": [{"text": "a"}, {"text": "b"}],
        "owner": {"name": "o"},
        "parts": {"a": {"type": "wheel"}},
    }


def test_time_without_a_zone_is_universal_time(mini: ModuleType) -> None:
    thing = thing_class(mini).from_dict({**THING, "createdAt": "2026-01-02T03:04:05"})
    assert thing.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    thing.created_at = datetime(2026, 1, 2)
    assert thing.to_dict()["createdAt"] == "2026-01-02T00:00:00Z"


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))])))
def test_time_survives_the_wire(time: datetime) -> None:
    from tensormesh_api._times import read_time, write_time

    text = write_time(time)
    assert read_time(text, "T.at") == time
    assert write_time(read_time(text, "T.at")) == text
    assert text.endswith("Z") == (time.utcoffset() == timedelta())


@for_each(
    ("text", "time"),
    [
        ("2026-05-01T00:00:00.123456789Z", datetime(2026, 5, 1, 0, 0, 0, 123456, tzinfo=UTC)),
        ("2026-05-01T00:00:00.5+05:30", datetime(2026, 4, 30, 18, 30, 0, 500000, tzinfo=UTC)),
        ("2026-05-01t08:00:00z", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01T24:00:00Z", datetime(2026, 5, 2, tzinfo=UTC)),
        ("2026-05-01 08:00:00-00:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
    ],
)
def test_forms_of_rfc_3339_are_read(text: str, time: datetime) -> None:
    from tensormesh_api._times import read_time

    assert read_time(text, "T.at") == time
    assert read_time(text, "T.at").tzinfo


@given(st.text(max_size=40))
def test_text_that_is_no_time_is_refused_and_nothing_else_happens(text: str) -> None:
    from tensormesh_api._times import read_time

    with contextlib.suppress(InvalidDataError):
        assert read_time(text, "T.at").tzinfo
