"""Leaked ``<think>`` blocks, in whole texts and in pieces."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.references import split_think

from tensormesh._chat.reasoning import ThinkSplitter, split_reasoning

CASES = {
    "no block": ("Hello", None, "Hello"),
    "no block, whitespace stays": (" \n Hello \n", None, " \n Hello \n"),
    "nothing": ("", None, ""),
    "whitespace alone": (" \n\t", None, " \n\t"),
    "the usual leak": ("<think>\nTwo.\n</think>\n\n2 + 2 = 4.", "Two.", "2 + 2 = 4."),
    "whitespace before the block": (" \n<think>a</think>b", "a", "b"),
    "a block alone": ("<think>a</think>", "a", ""),
    "a block and whitespace": ("<think>a</think> \n\n ", "a", ""),
    "an empty block": ("<think>\n\n</think>\n\nHi", None, "Hi"),
    "several blocks": ("<think>a</think>\n<think> b </think><think></think>c", "a\n\nb", "c"),
    "the answer's indentation stays": ("<think>a</think>\n\n    x\n  y", "a", "    x\n  y"),
    "a space on the same line goes": ("<think>a</think> b ", "a", "b "),
    "line ends of CRLF": ("<think>a</think>\r\n\r\n b", "a", " b"),
    "a block that is never closed": ("<think>a", None, "<think>a"),
    "a block never closed, whitespace before": (" <think>a", None, " <think>a"),
    "a second block never closed": ("<think>a</think>\n<think>b", "a", "<think>b"),
    "a closing tag cut off": ("<think>a</think", None, "<think>a</think"),
    "an opening tag cut off": ("<think", None, "<think"),
    "an opening tag cut off after a block": ("<think>a</think>\n<thi", "a", "<thi"),
    "a block later": ("x<think>a</think>b", None, "x<think>a</think>b"),
    "a block after the answer began": (
        "<think>a</think>b<think>c</think>",
        "a",
        "b<think>c</think>",
    ),
    "a closing tag alone": ("a</think>b", None, "a</think>b"),
    "blocks do not nest": ("<think>a<think>b</think>c</think>d", "a<think>b", "c</think>d"),
    "nearly a tag": ("<thinks>a</think>", None, "<thinks>a</think>"),
    "tags are exact": ("<Think>a</Think>", None, "<Think>a</Think>"),
    "nearly a closing tag": ("<think>a</thin</think>b", "a</thin", "b"),
    "a comparison": ("< 3", None, "< 3"),
}


def split_pieces(pieces: list[str]) -> tuple[str | None, str]:
    splitter = ThinkSplitter()
    shown = "".join(splitter.feed(piece) for piece in pieces)
    return splitter.reasoning, shown + splitter.finish()


each_case = for_each(("text", "reasoning", "answer"), CASES.values(), ids=CASES)


class TestNamedCases:
    @each_case
    def test_as_a_whole(self, text: str, reasoning: str | None, answer: str) -> None:
        assert split_reasoning(text) == (reasoning, answer)

    @each_case
    def test_cut_at_every_character(self, text: str, reasoning: str | None, answer: str) -> None:
        for cut in range(len(text) + 1):
            assert split_pieces([text[:cut], "", text[cut:]]) == (reasoning, answer)

    @each_case
    def test_character_by_character(self, text: str, reasoning: str | None, answer: str) -> None:
        assert split_pieces(list(text)) == (reasoning, answer)


PARTS = ["<think>", "</think>", "<", "</", "think>", "thi", " ", "\n", "\r\n", "\u3000", "a", "é"]
pieces = st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map("".join), max_size=12)


@pytest.mark.slow
@settings(max_examples=600)
@given(pieces)
def test_any_split_of_any_text_gives_the_same_as_the_whole(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert split_pieces(pieces) == split_reasoning(text) == split_think(text)


@given(st.text(), st.integers(1, 9))
def test_any_other_text_in_pieces_of_any_size_stays_whole(text: str, size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert split_pieces(pieces) == split_reasoning(text) == split_think(text)


@given(pieces)
def test_what_is_shown_early_is_never_taken_back(pieces: list[str]) -> None:
    splitter = ThinkSplitter()
    shown = ""
    _, answer = split_reasoning("".join(pieces))
    for piece in pieces:
        shown += splitter.feed(piece)
        assert answer.startswith(shown)


@given(st.text(), st.text(alphabet="<>/think \na"), st.text(alphabet=" \n", max_size=3))
def test_a_leading_block_is_taken_apart_exactly(answer: str, thought: str, gap: str) -> None:
    thought = thought.replace("</think>", "")
    if answer[:1].isspace() or answer.startswith("<"):
        answer = f"x{answer}"
    reasoning, rest = split_reasoning(f"<think>{thought}</think>\n{gap}\n{answer}")
    assert reasoning == (thought.strip() or None)
    assert rest == answer or not answer


@for_each(
    ("pieces", "shown"),
    [
        (["H"], ["H"]),
        ([" ", "H"], ["", " H"]),
        (["<", "b", ">"], ["", "<b", ">"]),
        (["<thin", "g"], ["", "<thing"]),
        (["<think>a</think>", "\n", "b", " c"], ["", "", "b", " c"]),
        (["<think>a</th", "ink>b"], ["", "b"]),
        (["<think>a</think><", "<"], ["", "<<"]),
    ],
)
def test_text_is_shown_as_soon_as_it_can_be_no_block(pieces: list[str], shown: list[str]) -> None:
    splitter = ThinkSplitter()
    assert [splitter.feed(piece) for piece in pieces] == shown


def test_passthrough_tells_when_feeding_may_stop() -> None:
    splitter = ThinkSplitter()
    states = []
    for piece in ["<think>", "a", "</think>", "\n", "b", "<think>c</think>"]:
        splitter.feed(piece)
        states.append(splitter.passthrough)
    assert states == [False, False, False, False, True, True]
    assert splitter.finish() == ""


def test_finish_gives_the_rest_once() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("<think>a") == ""
    assert splitter.finish() == "<think>a"
    assert splitter.passthrough
    assert splitter.finish() == ""


def test_reasoning_can_be_read_at_any_time() -> None:
    splitter = ThinkSplitter()
    assert splitter.reasoning is None
    splitter.feed("<think>a")
    assert splitter.reasoning is None
    splitter.feed("</think><think>b</think>")
    assert splitter.reasoning == "a\n\nb"


@for_each(
    "pieces",
    [
        ["<think>", *["word "] * 100_000],
        [" "] * 100_000,
        ["<think></think>"] * 30_000,
        ["<think></think>" * 30_000],
        ["<think>a</think>\n", *["\n"] * 100_000],
    ],
    ids=["long thought", "whitespace", "many blocks", "many blocks at once", "long gap"],
)
def test_hostile_texts_cost_no_more_than_their_length(pieces: list[str]) -> None:
    """Joining everything again for each piece would take many seconds."""
    start = time.process_time()
    split_pieces(pieces)
    split_reasoning("".join(pieces))
    assert time.process_time() - start < 3
