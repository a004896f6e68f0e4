"""Token-by-token generation: limits, stop strings and end marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tensormesh_local.builtin.generate import Answer, Segment, generate
from tensormesh_local.generation import Finish, Kind, Limits, Piece, ToolCall
from tensormesh_local.tokenizer import decode, encode
from tensormesh_local.vocabulary import TURN_END

PLENTY = 10_000


def _pieces(text: str, **limits: object) -> list[Piece]:
    answer = Answer([Segment(Kind.CONTENT, [text])])
    return list(generate(answer, Limits(**{"max_tokens": PLENTY, **limits})))  # type: ignore[arg-type]


def _text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _ids(pieces: list[Piece]) -> list[int]:
    return [piece.token_id for piece in pieces if piece.token_id is not None]


def test_an_answer_ends_with_the_end_mark() -> None:
    pieces = _pieces("Hello there.")
    assert _text(pieces) == "Hello there."
    assert _ids(pieces) == [*encode("Hello there."), TURN_END]
    assert [piece.finish for piece in pieces if piece.finish] == [Finish("stop")]


def test_a_limit_counts_tokens_and_cuts_the_text_there() -> None:
    pieces = _pieces("1, 2, 3, 4", max_tokens=3)
    assert len(_ids(pieces)) == 3
    assert _text(pieces) == decode(encode("1, 2, 3, 4")[:3])
    assert pieces[-1].finish == Finish("length")


def test_an_answer_as_long_as_the_limit_is_cut_before_its_end_mark() -> None:
    assert _pieces("ok", max_tokens=1)[-1].finish == Finish("length")
    assert _pieces("ok", max_tokens=2)[-1].finish == Finish("stop")


@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=4), max_size=4))
def test_the_first_stop_string_to_be_complete_ends_the_text_before_it(
    text: str, stops: list[str]
) -> None:
    pieces = _pieces(text, stop=tuple(stops))
    # The slow way: look at the whole text again after each token.
    ids = encode(text)
    for count in range(len(ids) + 1):
        so_far = decode(ids[:count])
        if found := [(so_far.find(stop), stop) for stop in stops if stop in so_far]:
            position, stop = min(found)
            assert _text(pieces) == so_far[:position]
            assert pieces[-1].finish == Finish("stop", stop)
            return
    assert _text(pieces) == text
    assert pieces[-1].finish == Finish("stop")


def test_a_stop_string_across_tokens_never_shows() -> None:
    pieces = _pieces("one two three", stop=("o three",))
    assert len(encode("o three")) > 1
    assert _text(pieces) == "one tw"
    assert pieces[-1].finish == Finish("stop", "o three")


def test_a_stop_string_shows_when_asked_for() -> None:
    assert _text(_pieces("one two three", stop=("two",), include_stop=True)) == "one two"


def test_tokens_of_a_stop_string_count() -> None:
    assert _ids(_pieces("one two three", stop=("two",))) == encode("one two")


def test_text_held_back_for_a_stop_string_comes_at_the_end() -> None:
    assert _text(_pieces("almost a sto", stop=("stop",))) == "almost a sto"


def test_a_stop_token_ends_the_text_without_showing() -> None:
    pieces = _pieces("one two three", stop_token_ids=frozenset(encode(" two")))
    assert _text(pieces) == "one"
    assert pieces[-1].finish == Finish("stop", encode(" two")[0])


def test_stops_wait_for_the_least_number_of_tokens() -> None:
    pieces = _pieces("one two one two one two", stop=("two",), min_tokens=3)
    assert _text(pieces) == "one two one "


def test_a_short_answer_goes_on_until_the_least_number_of_tokens() -> None:
    pieces = _pieces("ok", min_tokens=5)
    assert len(_ids(pieces)) >= 6
    assert pieces[-1].finish == Finish("stop")


def test_an_ignored_end_mark_leaves_only_the_limit() -> None:
    pieces = _pieces("ok", ignore_eos=True, max_tokens=50)
    assert len(_ids(pieces)) == 50
    assert pieces[-1].finish == Finish("length")
    assert TURN_END not in _ids(pieces)


def test_no_tokens_at_all_is_a_limit_too() -> None:
    assert _pieces("ok", max_tokens=0) == [Piece(Kind.CONTENT, "", None, finish=Finish("length"))]


def test_a_call_shows_with_the_last_token_of_its_framing() -> None:
    call = ToolCall("f", "{}")
    answer = Answer(
        [Segment(Kind.CALL, ["<tool_call>"], call), Segment(Kind.ARGUMENTS, ["{}"])], "tool_calls"
    )
    pieces = list(generate(answer, Limits(PLENTY)))
    kinds = [piece.kind for piece in pieces]
    assert kinds.count(Kind.CALL) == 1
    assert kinds.index(Kind.CALL) == len(encode("<tool_call>")) - 1
    assert pieces[-1].finish == Finish("tool_calls")


def test_stop_strings_do_not_cut_the_arguments_of_a_call() -> None:
    segments = [Segment(Kind.CALL, [""], ToolCall("f", "")), Segment(Kind.ARGUMENTS, ['{"a"}'])]
    pieces = list(generate(Answer(segments), Limits(PLENTY, stop=("a",))))
    assert _text(pieces) == '{"a"}'


def test_text_held_back_does_not_move_to_another_kind() -> None:
    segments = [Segment(Kind.REASONING, ["so st"]), Segment(Kind.CONTENT, ["op"])]
    pieces = list(generate(Answer(segments), Limits(PLENTY, stop=("stop",))))
    reasoning = [piece for piece in pieces if piece.kind is Kind.REASONING]
    assert _text(reasoning) == "so st"
    assert _text(pieces) == "so stop"
