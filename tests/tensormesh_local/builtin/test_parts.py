"""Small parts of the built-in model: log probabilities, seeds, prefix cache, replies, tools."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh_local.builtin.hints import Hints
from tensormesh_local.builtin.prefix_cache import BLOCK_TOKENS, PrefixCache
from tensormesh_local.builtin.sampling import derive_seed, token_logprobs
from tensormesh_local.builtin.text import continuation, reply
from tensormesh_local.builtin.tools import fitting_tool, plan_calls, tool_results
from tensormesh_local.chat_template import render_chat
from tensormesh_local.generation import CacheUse
from tensormesh_local.tokenizer import VOCABULARY_SIZE, decode

WEATHER = {
    "name": "get_weather",
    "description": "Weather report of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
STOCKS = {"name": "stock_price", "description": "Price of a share"}


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 1000),
    st.integers(0, VOCABULARY_SIZE - 1),
    st.integers(0, 20),
)
def test_listed_probabilities_are_distinct_falling_and_add_up_to_less_than_one(
    seed: int, position: int, token_id: int, top: int
) -> None:
    found = token_logprobs(seed, position, token_id, top)
    values = [logprob for _, logprob in found.top]
    assert len({token for token, _ in found.top}) == max(top, 1)
    assert values == sorted(values, reverse=True)
    assert sum(map(math.exp, values)) < 1
    assert found.logprob < 0
    assert found == token_logprobs(seed, position, token_id, top)
    if top:
        assert found.top[0] == (token_id, found.logprob)


def test_a_seed_depends_on_the_prompt_and_every_part() -> None:
    seeds = {
        derive_seed([1, 2], "m", 0, 0),
        derive_seed([1, 3], "m", 0, 0),
        derive_seed([1, 2], "n", 0, 0),
        derive_seed([1, 2], "m", 1, 0),
        derive_seed([1, 2], "m", 0, 1),
    }
    assert len(seeds) == 5


def test_seeds_are_the_same_in_every_process() -> None:
    assert derive_seed([1, 2], "m", 0, 0) == 6917678914596442271


class TestPrefixCache:
    def test_a_repeated_prefix_is_cached_in_whole_blocks(self) -> None:
        cache = PrefixCache()
        shared = list(range(3 * BLOCK_TOKENS))
        assert cache.use([*shared, 1]) == CacheUse(0, 3 * BLOCK_TOKENS)
        assert cache.use([*shared, 2, 2]) == CacheUse(3 * BLOCK_TOKENS, 0)

    def test_the_last_token_is_always_computed(self) -> None:
        cache = PrefixCache()
        prompt = list(range(2 * BLOCK_TOKENS))
        cache.use(prompt)
        assert cache.use(prompt).cached_tokens == BLOCK_TOKENS

    def test_a_difference_ends_the_prefix(self) -> None:
        cache = PrefixCache()
        cache.use([1] * 64)
        assert cache.use([2] + [1] * 63).cached_tokens == 0

    def test_prompts_with_another_salt_share_nothing(self) -> None:
        cache = PrefixCache()
        cache.use([1] * 64, "a")
        assert cache.use([1] * 64, "b").cached_tokens == 0
        assert cache.use([1] * 64, "a").cached_tokens == 48

    def test_old_blocks_make_room(self) -> None:
        cache = PrefixCache(capacity_blocks=4)
        cache.use([1] * 64)
        cache.use([2] * 64)
        assert cache.use([1] * 64).cached_tokens == 0


@for_each(
    ("prompt", "answer"),
    [
        ("Say hello.", "Hello! How can I help you today?"),
        ("hi", "Hello! How can I help you today?"),
        ("Reply with ok.", "ok"),
        ("Please reply with only the word pong.", "pong"),
        ('Repeat: "one, two."', "one, two."),
        ("say caf\u00e9", "caf\u00e9"),
        ("Count to five", "1, 2, 3, 4, 5"),
        ("Please count from 3 down to 1", "3, 2, 1"),
        ("What is 2+2?", "2 + 2 = 4."),
        ("12.5 divided by 5", "12.5 / 5 = 2.5."),
        ("What is 1/0?", "A number cannot be divided by zero."),
        ("What is the capital of France?", "The capital of France is Paris."),
    ],
)
def test_what_prompts_often_ask_is_answered(prompt: str, answer: str) -> None:
    assert "".join(reply(prompt, Random(0))) == answer


def test_other_prompts_get_sentences_about_their_topic() -> None:
    text = "".join(reply("Tell me about river boats.", Random(0)))
    assert "river" in text or "boats" in text
    assert text.endswith(".")


@pytest.mark.parametrize("count", [1, 12, 300])
def test_an_answer_has_the_number_of_words_asked_for(count: int) -> None:
    text = "".join(reply(f"Write {count} words about cheese", Random(0)))
    assert len(text.split()) == count


def test_a_prompt_continues_after_a_space() -> None:
    assert "".join(continuation("Once upon a time", Random(0))).startswith(" ")
    assert not "".join(continuation("Once upon a time ", Random(0))).startswith(" ")


def test_a_huge_count_costs_nothing_until_read() -> None:
    numbers = reply("Count to 900000", Random(0))
    assert [next(numbers), next(numbers)] == ["1", ", 2"]


class TestTools:
    def test_the_tool_that_shares_words_with_the_message_fits(self) -> None:
        assert fitting_tool([STOCKS, WEATHER], "What is the weather in Oslo?") is WEATHER
        assert fitting_tool([STOCKS, WEATHER], "Share prices, please") is STOCKS
        assert fitting_tool([STOCKS, WEATHER], "Get me a sandwich") is None

    def test_each_name_gets_a_call_when_calls_may_be_parallel(self) -> None:
        text = "What is the weather in New York and Rome?"
        calls = plan_calls(WEATHER, text, Random(0), parallel=True)
        assert [call.arguments for call in calls] == ['{"city": "New York"}', '{"city": "Rome"}']
        assert len(plan_calls(WEATHER, text, Random(0), parallel=False)) == 1

    def test_a_tool_without_parameters_is_called_with_an_object(self) -> None:
        assert plan_calls(STOCKS, "x", Random(0), parallel=True)[0].arguments == "{}"

    def test_results_are_those_after_the_last_user_message(self) -> None:
        call = {"id": "c1", "function": {"name": "get_weather", "arguments": "{}"}}
        asked: list[dict[str, Any]] = [
            {"role": "user", "content": "?"},
            {"role": "assistant", "tool_calls": [call]},
        ]
        answered = [*asked, {"role": "tool", "tool_call_id": "c1", "content": "rain"}]
        assert tool_results(answered) == [("get_weather", "rain")]
        assert tool_results([*answered, {"role": "user", "content": "thanks"}]) == []


class TestTemplate:
    def test_turns_are_marked_and_an_answer_begun(self) -> None:
        messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
        assert decode(render_chat(messages)) == (
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n"
        )

    def test_the_final_message_can_stay_open(self) -> None:
        messages = [{"role": "assistant", "content": "It is"}]
        rendered = render_chat(messages, continue_final_message=True, add_generation_prompt=False)
        assert decode(rendered) == "<|im_start|>assistant\nIt is"

    def test_text_parts_stand_on_lines_of_their_own(self) -> None:
        parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        assert "a\nb" in decode(render_chat([{"role": "user", "content": parts}]))


def test_hints_read_names_and_numbers_but_no_question_words() -> None:
    hints = Hints.from_text("What will New York be like on day 3, at -2.5 degrees?")
    assert hints.names == ("New York",)
    assert hints.numbers == (3, -2.5)
    assert Hints.from_text("Paris weather").names == ("Paris",)
