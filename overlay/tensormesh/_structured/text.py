"""Find the JSON object in the text of a response.

The rule is the last outermost object. Text around it, such as explanations and code fences, is
ignored, and so is everything up to `</think>` and a `<think>` block that is never closed. A broken
object is not skipped in favor of an earlier one, which is probably a draft.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from .faults import FaultError, shorten

_OPENING = re.compile(r'\{\s*["}]')
# Braces, and whole strings, because braces inside them do not count. A string that is never closed
# extends to the end.
_BRACKETS = re.compile(r'[{}]|"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)', re.DOTALL)
_THINK = "<think>"
_THOUGHT = "</think>"
_AROUND = " \t\r\n`"


class Found(NamedTuple):
    """An object, and whether only whitespace and code fences follow it."""

    text: str
    is_last: bool


def find_object(text: str) -> Found:
    """Return the text of the last outermost JSON object.

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
            broken = FaultError(
                "not_json", "the JSON is nested too deeply, or a number is too long"
            )
    if broken is not None:
        raise broken
    if found is None:
        raise FaultError("not_json", f"there is no JSON object in the response {_quote(text)}")
    start, end = found
    return Found(text[start:end], not text[end:].strip(_AROUND))


def _without_thoughts(text: str) -> str:
    """Remove reasoning that is still in the text: blocks without a start or an end."""
    before, tag, after = text.rpartition(_THOUGHT)
    if tag and ("{" in after or "{" not in before):
        text = after
    return "" if text.lstrip().startswith(_THINK) else text


def _end_of_braces(text: str, start: int) -> int:
    """Return the end of the braces that open at `start`, or of the text."""
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
        return FaultError("not_json", f"the JSON is incomplete: it ends after {_quote(text[-40:])}")
    what = error.msg[:1].lower() + error.msg[1:]
    return FaultError("not_json", f"the JSON is malformed: {what}, at {_quote(text[where:])}")


def _quote(text: str) -> str:
    return json.dumps(shorten(text, 40), ensure_ascii=False)
