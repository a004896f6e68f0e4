"""Finds the JSON object in what a model wrote.

The rule, so that the same text always gives the same object: the answer is the last outermost
object. What is before and after it, such as chatter and code fences, does not count; neither does
anything up to `</think>`, nor a `<think>` block that is never closed. An object that is broken is
not skipped in favour of an earlier one, because an earlier one is likely a draft.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from .faults import FaultError, shorten

_OPENING = re.compile(r'\{\s*["}]')
# Brackets, and strings whole, so that brackets inside them do not count. One that is never closed
# runs to the end.
_BRACKETS = re.compile(r'[{}]|"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)', re.DOTALL)
_THINK = "<think>"
_THOUGHT = "</think>"
_AROUND = " \t\r\n`"


class Found(NamedTuple):
    """An object, and whether nothing but white space and fences follows it."""

    text: str
    is_last: bool


def find_object(text: str) -> Found:
    """The text of the last outermost JSON object.

    Raises:
        FaultError: There is none, or it is broken.
    """
    text = _without_thoughts(text)
    decoder = json.JSONDecoder()
    found: tuple[int, int] | None = None
    broken: FaultError | None = None
    position = 0
    while opening := _OPENING.search(text, position):
        start = opening.start()
        try:
            _, position = decoder.raw_decode(text, start)
            found, broken = (start, position), None
        except json.JSONDecodeError as error:
            position = _end_of_braces(text, start)
            broken = _broken(error, text)
        except (RecursionError, ValueError):
            position = _end_of_braces(text, start)
            broken = FaultError("not_json", "the JSON is nested too deeply, or has a huge number")
    if broken is not None:
        raise broken
    if found is None:
        raise FaultError("not_json", f"there is no JSON object in the answer {_quote(text)}")
    start, end = found
    return Found(text[start:end], not text[end:].strip(_AROUND))


def _without_thoughts(text: str) -> str:
    """Leave out reasoning that was not taken out before: blocks without an opening or an end."""
    before, tag, after = text.rpartition(_THOUGHT)
    if tag and ("{" in after or "{" not in before):
        text = after
    return "" if text.lstrip().startswith(_THINK) else text


def _end_of_braces(text: str, start: int) -> int:
    """Where the braces that open at `start` are closed, else the end of the text."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        bracket = match.group()
        depth += (bracket == "{") - (bracket == "}")
        if not depth:
            return match.end()
    return len(text)


def _broken(error: json.JSONDecodeError, text: str) -> FaultError:
    where = error.pos
    if where >= len(text):
        return FaultError("not_json", f"the JSON ends too early, after {_quote(text[-40:])}")
    what = error.msg[:1].lower() + error.msg[1:]
    return FaultError("not_json", f"the JSON is broken: {what}, at {_quote(text[where:])}")


def _quote(text: str) -> str:
    return json.dumps(shorten(text, 40), ensure_ascii=False)
