"""What the properties of all models leave out: odd values, and what users do to models."""

from __future__ import annotations

import copy
from collections import defaultdict
from enum import Enum
from typing import Any

import pytest

from tensormesh_api._model import BaseModel, InvalidDataError, Shapes, UnknownVariant, Variants
from tensormesh_api.inference.models import (
    ChatCompletionChunk,
    ChatContentPart,
    ChatMessage,
    TextContentPart,
    TokenizeResponse,
)


class Text(str, Enum):  # noqa: UP042  # the older way to write it, which people still use
    USER = "user"
    TEXT = "text"


# ---- Reading


def test_text_of_any_class_is_text() -> None:
    assert ChatMessage.from_dict({"role": Text.USER}).role == "user"
    answer = TokenizeResponse.from_dict({"tokens": [], "token_strs": ["a", Text.USER]})
    assert answer.token_strs == ["a", "user"]


def test_whole_numbers_written_as_decimals_are_integers_in_lists_too() -> None:
    tokens = TokenizeResponse.from_dict({"tokens": [1, 2.0]}).tokens
    assert [type(token) for token in tokens] == [int, int]


def test_booleans_are_no_numbers_in_lists_either() -> None:
    with pytest.raises(InvalidDataError, match=r"^TokenizeResponse\.tokens\[1\]: expected an int"):
        TokenizeResponse.from_dict({"tokens": [1, True]})


def test_reading_a_mapping_with_defaults_adds_no_keys_to_it() -> None:
    data: dict[str, Any] = defaultdict(list, role="user")
    ChatMessage.from_dict(data)
    assert dict(data) == {"role": "user"}


def test_variant_is_known_by_text_of_any_class() -> None:
    part = {"type": Text.TEXT, "text": "a"}
    message = ChatMessage.from_dict({"role": "user", "content": [part, part]})
    assert isinstance(message.content, list)
    assert [type(each) for each in message.content] == [TextContentPart, TextContentPart]


def test_error_inside_a_known_variant_is_not_taken_for_an_unknown_variant() -> None:
    data = {"role": "user", "content": [{"type": "text", "text": 5}]}
    with pytest.raises(
        InvalidDataError, match=r"^TextContentPart\.text: expected a string, got 5$"
    ):
        ChatMessage.from_dict(data)


def test_unknown_kinds_leave_nothing_behind() -> None:
    variants = Variants("no.such.package", "Part", "type", {})
    for number in range(100):
        assert isinstance(variants.decode({"type": str(number)}), UnknownVariant)
    assert variants._decoders == {}


def test_order_of_unknown_fields_is_kept() -> None:
    chunk = ChatCompletionChunk.from_dict({"z": 1, "choices": [], "a": 2})
    assert list(chunk.additional_properties) == ["z", "a"]


def test_objects_with_the_same_keys_share_one_shape() -> None:
    shapes = Shapes("a", "b")
    shape = shapes["b", "x", "a"]
    assert (shape.known, shape.unknown) == (("b", "a"), ("x",))
    assert shapes["b", "x", "a"] is shape


# ---- In the hands of users


def test_field_set_after_reading_is_written() -> None:
    message = ChatMessage.from_dict({"role": "user", "content": None, "name": None})
    message.content = "hi"
    message.reasoning = "so"
    assert message.to_dict() == {
        "role": "user",
        "content": "hi",
        "name": None,
        "reasoning": "so",
    }


def test_field_that_was_read_and_cleared_goes_out_as_null() -> None:
    message = ChatMessage.from_dict({"role": "user", "content": "hi"})
    message.content = None
    assert message.to_dict() == {"role": "user", "content": None}


def test_unknown_field_that_was_read_and_removed_is_not_written() -> None:
    message = ChatMessage.from_dict({"role": "user", "x": 1})
    del message.additional_properties["x"]
    assert message.to_dict() == {"role": "user"}


def test_unknown_fields_of_one_new_object_are_not_those_of_another() -> None:
    one, other = ChatMessage(role="user"), ChatMessage(role="user")
    one.additional_properties["x"] = 1
    assert other.additional_properties == {}
    assert one.to_dict() == {"role": "user", "x": 1}


@pytest.mark.parametrize("kind", [ChatMessage, UnknownVariant])
def test_copy_has_unknown_fields_of_its_own(kind: type[BaseModel]) -> None:
    one = kind.from_dict({"role": "user", "x": 1})
    other = copy.copy(one)
    other.additional_properties["x"] = 2
    assert one.to_dict() == {"role": "user", "x": 1}
    assert other.to_dict() == {"role": "user", "x": 2}


def test_misspelt_attribute_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        ChatMessage(role="user").contents = "hi"  # type: ignore[attr-defined]


def test_union_is_the_base_of_its_members_for_isinstance() -> None:
    assert isinstance(TextContentPart(text="a"), ChatContentPart)
    assert isinstance(UnknownVariant(), ChatContentPart)


def test_base_reads_and_writes_nothing_itself() -> None:
    with pytest.raises(NotImplementedError):
        BaseModel.from_dict({})
    with pytest.raises(NotImplementedError):
        BaseModel().to_dict()
