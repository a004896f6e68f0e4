"""The tokenizer: reversible for any text, with stable ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensormesh_local.tokenizer import (
    VOCABULARY_SIZE,
    TextDecoder,
    UnknownTokenError,
    decode,
    encode,
    token_bytes,
    token_string,
)
from tensormesh_local.vocabulary import BOS, TURN_START

# Every code point, lone surrogates included.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_any_text_survives_the_round_trip(text: str) -> None:
    assert decode(encode(text)) == text


@given(ANY_TEXT)
def test_the_beginning_mark_changes_nothing_but_the_first_token(text: str) -> None:
    marked = encode(text, add_special_tokens=True)
    assert marked == [BOS, *encode(text)]
    assert decode(marked) == text


@given(ANY_TEXT)
def test_decoding_token_by_token_gives_the_same_text(text: str) -> None:
    decoder = TextDecoder()
    pieces = [decoder.feed(token_id) for token_id in encode(text)]
    assert "".join(pieces) + decoder.flush() == text


@given(st.lists(st.integers(0, VOCABULARY_SIZE - 1)))
def test_any_tokens_decode_to_some_text(ids: list[int]) -> None:
    assert decode(ids) == "".join(decode(ids))
    assert all(token_string(token_id).isprintable() for token_id in ids)


def test_every_character_of_a_streamed_text_comes_whole() -> None:
    decoder = TextDecoder()
    pieces = [decoder.feed(token_id) for token_id in encode("a\N{EARTH GLOBE EUROPE-AFRICA}b")]
    assert pieces == ["a", "", "", "", "\N{EARTH GLOBE EUROPE-AFRICA}", "b"]


def test_an_unfinished_character_is_replaced_when_the_text_ends() -> None:
    decoder = TextDecoder()
    for token_id in encode("\N{EARTH GLOBE EUROPE-AFRICA}")[:2]:
        assert not decoder.feed(token_id)
    assert set(decoder.flush()) == {"\N{REPLACEMENT CHARACTER}"}


def test_common_words_are_one_token_with_their_space() -> None:
    assert [token_bytes(each) for each in encode("Say hello to the world.")] == [
        b"Say",
        b" hello",
        b" to",
        b" the",
        b" world",
        b".",
    ]


def test_ids_are_stable() -> None:
    assert encode("\x00") == [4]
    assert encode("a") == [4 + ord("a")]
    assert encode("the quick") == encode("the") + encode(" quick")
    assert token_string(encode(" the")[0]) == "\u0120the"


def test_text_that_looks_like_a_special_token_is_ordinary_text() -> None:
    assert TURN_START not in encode("<|im_start|>")
    assert decode(encode("<|im_start|>")) == "<|im_start|>" == decode([TURN_START])


@pytest.mark.parametrize("token_id", [-1, VOCABULARY_SIZE, 2**63 - 1])
def test_an_id_outside_the_vocabulary_is_named(token_id: int) -> None:
    with pytest.raises(UnknownTokenError, match=str(token_id)):
        decode([token_id])
