"""Which JSON object of a text is the answer: always the same one, and never an earlier draft."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._structured.faults import FaultError, pointer, readable
from tensormesh._structured.text import find_object

# text: (the object, whether it is the last thing)
FOUND = {
    '{"a": 1}': ('{"a": 1}', True),
    ' \n{"a": 1}\n': ('{"a": 1}', True),
    '```json\n{"a": 1}\n```': ('{"a": 1}', True),
    'Sure! {"a": 1} Bye.': ('{"a": 1}', False),
    '{"a": 0} or {"a": 1}': ('{"a": 1}', True),
    '{"a": {"b": 1}}': ('{"a": {"b": 1}}', True),
    '{broken} {"a": 1}': ('{"a": 1}', True),
    '{"a": 0,} no: {"a": 1}': ('{"a": 1}', True),
    '{"a": "}",} {"a": 1}': ('{"a": 1}', True),
    'Let me see. {"a": 0}</think>{"a": 1}': ('{"a": 1}', True),
    '{"a": "</think>"}': ('{"a": "</think>"}', True),
    '{"a": "```"}': ('{"a": "```"}', True),
    "{}": ("{}", True),
    '{ "a" : [ ] }': ('{ "a" : [ ] }', True),
}
# text: words of the fault
NOT_FOUND = {
    "": "no JSON object",
    "Sorry.": "no JSON object",
    "[1, 2]": "no JSON object",
    "{a: 1}": "no JSON object",
    '<think>{"a": 1}': "no JSON object",
    '{"a": 1': "is incomplete: it ends",
    '{"a": "x': "malformed",
    "{\"a\": 'x'}": "malformed",
    '{"a": 0} better: {"a": 1,}': "malformed",
    '{"a": 0} better: {"a": {"b": 1}, c}': "malformed",
    '{"a": 0} better: {"a": ': "is incomplete: it ends",
    '{"a":' * 10_000 + "1" + "}" * 10_000: "nested too deeply",
    '{"a": ' + "1" * 5_000 + "}": "number is too long",
}


@for_each("text", FOUND)
def test_the_last_outermost_object_is_the_answer(text: str) -> None:
    assert find_object(text) == FOUND[text]


@for_each("text", NOT_FOUND, ids=lambda text: repr(text[:30]))
def test_a_text_without_a_whole_object_at_its_end_is_refused(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        find_object(text)
    assert NOT_FOUND[text] in caught.value.problem
    assert caught.value.reason == "not_json"
    assert len(caught.value.problem) < 200


@given(st.text(alphabet='{}[]":,\\a1 \n`') | st.text())
def test_any_text_gives_an_object_or_a_fault(text: str) -> None:
    try:
        found = find_object(text)
    except FaultError:
        return
    assert isinstance(json.loads(found.text), dict)
    assert found.text in text


@pytest.mark.parametrize("text", ["{" * 200_000, '{"' * 100_000, '{"a":' * 50_000, "{}" * 50_000])
def test_long_nonsense_is_read_once(text: str) -> None:
    # Were it read again from each brace, this would take minutes.
    try:
        find_object(text)
    except FaultError as fault:
        assert fault.reason == "not_json"  # noqa: PT017 - some of the texts hold an object


def test_a_place_is_told_for_people_and_for_programs() -> None:
    path = ("lines", 0, "unit price", "a/b~c")
    assert readable(path) == 'lines[0]["unit price"]["a/b~c"]'
    assert pointer(path) == "/lines/0/unit price/a~1b~0c"
    assert (readable(()), pointer(())) == ("", "")
