"""`message.json()`: the JSON of a message, or an error that says what is there instead."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each

from tensormesh.types import ChatCompletionMessage


@pytest.mark.parametrize(
    ("text", "data"),
    [('{"a": [1, null]}', {"a": [1, None]}), (" [1]\n", [1]), ('"x"', "x"), ("null", None)],
)
def test_json_of_a_message_is_decoded(text: str, data: Any) -> None:
    assert ChatCompletionMessage(content=text).json() == data


@for_each(
    ("text", "words"),
    [
        (None, "missing or null"),
        ("", "got ''"),
        ("Sure: {}", "got 'Sure: {}'"),
        ("```json\n{}\n```", "got '```json"),
        ("{'a': 1}", "property name"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "nested less deeply"),
    ],
)
def test_what_is_no_json_is_an_error_that_quotes_it(text: str | None, words: str) -> None:
    with pytest.raises(
        ValueError, match=r"^ChatCompletionMessage\.content: expected JSON"
    ) as caught:
        ChatCompletionMessage(content=text).json()
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
