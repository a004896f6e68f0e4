"""pydantic validates its own types wherever they appear, in `parse` as in a tool's parameters."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Generic, NamedTuple, NewType, TypeVar

import annotated_types
import attrs
import msgspec
import pydantic
import pydantic.dataclasses
import pytest
from support.sdk_faces import Face, Server
from support.structured_cases import failure, parse, says
from typing_extensions import TypedDict

from tensormesh import tool

T = TypeVar("T")


def refuse_thirteen(value: int) -> int:
    if value == 13:
        raise ValueError("13 is unlucky")
    return value


@pydantic.dataclasses.dataclass
class Seat:
    row: int

    _check = pydantic.field_validator("row")(refuse_thirteen)


class Model(pydantic.BaseModel):
    row: int

    _check = pydantic.field_validator("row")(refuse_thirteen)


class Other(pydantic.BaseModel):
    shelf: int


Lucky = Annotated[int, pydantic.AfterValidator(refuse_thirteen)]
Named = NewType("Named", Seat)


@dataclasses.dataclass
class InDataclass:
    seat: Seat
    note: str = "none"
    later: list[InDataclass] = dataclasses.field(default_factory=list)


class InTypedDict(TypedDict, total=False):
    seat: Seat


class InNamedTuple(NamedTuple):
    first: int
    seat: Seat


@dataclasses.dataclass
class Box(Generic[T]):
    content: T


@dataclasses.dataclass
class InField:
    row: Lucky


@dataclasses.dataclass
class InBounds:
    row: Annotated[int, annotated_types.Interval(ge=1, lt=13)]


Seats = pydantic.RootModel[list[Seat]]
# The type, good JSON, what it becomes, and where a 13 in the place of the 1 is told.
CASES: list[tuple[Any, Any, Any, str]] = [
    (Seat, {"row": 1}, Seat(1), "row"),
    (Model, {"row": 1}, Model(row=1), "row"),
    (Named, {"row": 1}, Seat(1), "row"),
    (list[Seat], [{"row": 2}, {"row": 1}], [Seat(2), Seat(1)], "[1].row"),
    (list[Model], [{"row": 1}], [Model(row=1)], "[0].row"),
    (tuple[int, Seat], [5, {"row": 1}], (5, Seat(1)), "[1].row"),
    (dict[str, Seat], {"a": {"row": 1}}, {"a": Seat(1)}, "a.row"),
    (dict[str, list[Model]], {"a": [{"row": 1}]}, {"a": [Model(row=1)]}, "a[0].row"),
    (Seat | None, {"row": 1}, Seat(1), "row"),
    (Model | Other, {"row": 1}, Model(row=1), "row"),
    # What each member lacks is told.
    (Other | Seat, {"row": 1}, Seat(1), ""),
    (Seat | str, {"row": 1}, Seat(1), "row"),
    (Annotated[Seat, "Where to sit."], {"row": 1}, Seat(1), "row"),
    (Annotated[Model, pydantic.Field(description="Where.")], {"row": 1}, Model(row=1), "row"),
    (InDataclass, {"seat": {"row": 1}}, InDataclass(Seat(1)), "seat.row"),
    (
        InDataclass,
        {"seat": {"row": 2}, "note": "x", "later": [{"seat": {"row": 1}}]},
        InDataclass(Seat(2), "x", [InDataclass(Seat(1))]),
        "later[0].seat.row",
    ),
    (InTypedDict, {"seat": {"row": 1}}, {"seat": Seat(1)}, "seat.row"),
    (InNamedTuple, [5, {"row": 1}], InNamedTuple(5, Seat(1)), "[1].row"),
    (Box[Seat], {"content": {"row": 1}}, Box(Seat(1)), "content.row"),
    (Lucky, 1, 1, ""),
    (InField, {"row": 1}, InField(1), "row"),
    (InBounds, {"row": 1}, InBounds(1), "row"),
    (Annotated[int, annotated_types.Predicate((13).__ne__)], 1, 1, ""),
    (list[Annotated[int, pydantic.Field(lt=13)]], [2, 1], [2, 1], "[1]"),
    (
        pydantic.RootModel[list[Seat]],
        [{"row": 1}],
        pydantic.RootModel[list[Seat]]([Seat(1)]),
        "[0]",
    ),
]


def taking(kind: Any) -> Callable[[Any], Any]:
    """Return what reads the argument of a tool with one parameter of a type."""

    def take(value: Any) -> None:
        """Take."""

    take.__annotations__["value"] = kind
    made = tool(take)
    return lambda data: made.validate({"value": data})["value"]


def below_value(place: str) -> str:
    return f"value{'' if place.startswith('[') or not place else '.'}{place}"


def test_a_tool_gets_valid_objects_and_never_a_forbidden_value() -> None:
    for kind, data, expected, place in CASES:
        read = taking(kind)
        assert read(data) == expected, kind
        assert type(read(data)) is type(expected), kind
        with pytest.raises(ValueError, match="13") as caught:
            read(json.loads(json.dumps(data).replace("1", "13")))
        assert below_value(place) in str(caught.value)


def test_parse_gives_valid_objects_and_never_a_forbidden_value(colour: Face) -> None:
    for kind, data, expected, place in CASES:
        # What may be something else than an object is asked for inside one.
        is_wrapped = not isinstance(data, dict) or kind in (Seat | None, Seat | str)
        text = json.dumps({"value": data} if is_wrapped else data)
        assert parse(colour, Server(says(text)), kind).parsed == expected, kind
        error = failure(colour, says(text.replace("1", "13")), model=kind)
        assert error.reason == "schema", kind
        assert error.path.startswith(below_value(place) if is_wrapped else place), kind
        assert "13" in str(error), kind


def test_what_pydantic_says_is_told_in_one_line_with_every_place(colour: Face) -> None:
    class Pair(pydantic.BaseModel):
        left: Annotated[int, pydantic.Field(ge=1)]
        right: str

    error = failure(colour, says('{"value": [{"left": 0}]}'), model=list[Pair])
    assert (error.path, error.got) == ("value[0].left", "0")
    assert (
        "value[0].left: expected greater than or equal to 1, got 0; "
        "value[0].right: expected a string, got nothing. "
    ) in str(error)
    assert isinstance(error.__cause__, pydantic.ValidationError)


def test_a_strict_model_reads_dates_of_json_and_refuses_numbers_as_texts() -> None:
    class Strict(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True)
        day: date
        count: int = 1

    read = taking(list[Strict])
    assert read([{"day": "2026-01-02"}]) == [Strict(day=date(2026, 1, 2))]
    with pytest.raises(ValueError, match=r"value\[0\]\.count: expected a valid integer"):
        read([{"day": "2026-01-02", "count": "1"}])


def test_a_tool_still_understands_numbers_as_texts_beside_types_of_pydantic() -> None:
    @dataclasses.dataclass
    class Order:
        count: int
        limit: Annotated[int, pydantic.Field(le=9)]
        seat: Seat

    data = {"count": "2", "limit": "3", "seat": {"row": 1}}
    assert taking(Order)(data) == Order(2, 3, Seat(1))


def test_the_schema_has_the_bounds_and_names_of_both_libraries() -> None:
    def take(box: Annotated[Box[Model], "A box."], places: list[InDataclass], other: Other) -> None:
        """Take."""

    schema = tool(take).definition.function.parameters
    assert schema is not None
    properties = schema["properties"]
    assert properties["box"]["description"] == "A box."
    assert properties["other"]["properties"] == {"shelf": {"title": "Shelf", "type": "integer"}}
    inner = schema["$defs"]["places.InDataclass"]
    assert inner["required"] == ["seat"]
    assert inner["properties"]["seat"] == {"$ref": "#/$defs/places.Seat"}
    assert schema["$defs"]["places.Seat"]["properties"]["row"]["type"] == "integer"
    assert inner["properties"]["later"]["items"] == {"$ref": "#/$defs/places.InDataclass"}


def test_models_of_one_name_do_not_share_a_schema() -> None:
    def models(kind: Any) -> Any:
        inner = pydantic.create_model("Inner", text=(kind, ...))
        return pydantic.create_model("Outer", inner=(inner, ...))

    def take(one: Any, other: Any) -> None:
        """Take."""

    take.__annotations__ |= {"one": models(int), "other": models(str)}
    schema = tool(take).definition.function.parameters
    assert schema is not None
    for key, kind in (("one", "integer"), ("other", "string")):
        reference = schema["properties"][key]["properties"]["inner"]["$ref"]
        assert (
            schema["$defs"][reference.removeprefix("#/$defs/")]["properties"]["text"]["type"]
            == kind
        )


def test_items_of_a_set_that_cannot_be_hashed_are_a_fault_of_the_answer(colour: Face) -> None:
    error = failure(colour, says('{"value": [{"row": 1}]}'), model=set[Model])
    # Only pydantic 2.11 and later say which item.
    assert error.path in ("value", "value[0]")
    assert '{"row": 1}' in error.got


def test_a_type_error_of_a_validator_is_a_fault_of_the_answer(colour: Face) -> None:
    def refuse(value: str) -> int:
        return value + 1  # type: ignore[operator, no-any-return]

    odd = Annotated[str, pydantic.AfterValidator(refuse)]
    error = failure(colour, says('{"value": "x"}'), model=odd)
    assert (error.reason, error.path, error.got) == ("schema", "value", '"x"')
    assert "can only concatenate str" in str(error)
    with pytest.raises(ValueError, match="can only concatenate str"):
        taking(odd)("x")


def test_what_pydantic_cannot_validate_is_refused_at_definition(colour: Face) -> None:
    class Plain:
        pass

    @dataclasses.dataclass
    class Bounded:
        size: Annotated[int, msgspec.Meta(ge=1)]

    @attrs.define
    class InAttrs:
        seat: list[Seat]

    class InStruct(msgspec.Struct):
        row: Lucky

    class Free(msgspec.Struct):
        row: int

    # pydantic would accept anything as its content.
    @dataclasses.dataclass
    class SeatBox(Box[Seat]):
        label: str

    for kind, problem in (
        (Model | Plain, "Plain"),
        (Model | Bounded, "msgspec.Meta: use pydantic.Field"),
        (dict[str, InAttrs], "InAttrs, an attrs class or msgspec.Struct: use a dataclass"),
        (InStruct, "InStruct, an attrs class"),
        (Model | Free, "Free, an attrs class"),
        (SeatBox, "type variables in the base classes of SeatBox"),
        (Box[SeatBox] | None, "type variables in the base classes of SeatBox"),
        (Annotated[int, pydantic.Field(ge=1), msgspec.Meta(le=3)], "msgspec.Meta"),
    ):
        with pytest.raises(TypeError, match=problem):
            taking(kind)
        with pytest.raises(TypeError, match=problem):
            parse(colour, Server(), kind)


def test_bounds_that_nothing_can_check_are_refused(
    colour: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    small = Annotated[int, annotated_types.Lt(3)]
    for refused in (lambda: taking(small), lambda: parse(colour, Server(), small)):
        with pytest.raises(TypeError, match=r"is not installed: .* use msgspec\.Meta"):
            refused()


def test_a_plain_dataclass_is_strict_beside_a_model_that_is_not(colour: Face) -> None:
    @dataclasses.dataclass
    class Order:
        count: int
        model: Model

    text = '{"count": 1, "model": {"row": "2"}}'
    assert parse(colour, Server(says(text)), Order).parsed == Order(1, Model(row=2))
    error = failure(colour, says(text.replace("1", '"1"')), model=Order)
    assert (error.path, error.got) == ("count", '"1"')


def test_tools_take_objects_of_attrs_beside_those_of_pydantic() -> None:
    @attrs.define
    class Size:
        width: Annotated[int, msgspec.Meta(ge=1)]

    def take(size: Size, seat: Seat, count: Annotated[int, msgspec.Meta(le=9)] = 3) -> None:
        """Take."""

    take.__annotations__ |= {"size": Size}
    made = tool(take)
    assert made.validate({"size": {"width": 1}, "seat": {"row": "2"}}) == {
        "size": Size(1),
        "seat": Seat(2),
    }
    with pytest.raises(ValueError, match=r"seat\.row: .*13"):
        made.validate({"size": {"width": 1}, "seat": {"row": 13}})
    with pytest.raises(ValueError, match="width"):
        made.validate({"size": {"width": 0}, "seat": {"row": 1}})
