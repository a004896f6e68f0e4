"""Replies in English: rules for common prompts, and prose for all others."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from itertools import chain
from random import Random
from typing import Final

from tensormesh_local.builtin.prose import write

_GREETING = re.compile(
    r"(?:say\s+)?(?:hi|hello|hey|good (?:morning|evening|day))(?: there| again)?[\s.!?]*",
    re.IGNORECASE,
)
_REPEAT = re.compile(
    r"(?:please\s+)?"
    r"(?:(?:reply|respond|answer)(?:\s+back)?(?:\s+with\b|\s*:)|(?:say|echo|repeat)\b)"
    r"(?:\s+(?:back|after me|only|just|exactly|the (?:single )?words?|the text|one word))*"
    r"\s*:?\s+(?P<text>.+)",
    re.IGNORECASE | re.DOTALL,
)
_COUNT = re.compile(
    r"\bcount\b.*?\b(?:from\s+(?P<first>[\w-]+)\s+)?(?:(?:up|down)\s+)?to\s+(?P<last>[\w-]+)",
    re.IGNORECASE | re.DOTALL,
)
_SUM = re.compile(
    r"(?P<left>-?\d{1,12}(?:\.\d{1,6})?)\s*"
    r"(?P<operator>\+|-|\*|/|x|\N{MULTIPLICATION SIGN}|\N{DIVISION SIGN}"
    r"|plus|minus|times|multiplied by|divided by)\s*"
    r"(?P<right>-?\d{1,12}(?:\.\d{1,6})?)",
    re.IGNORECASE,
)
_CAPITAL_OF = re.compile(r"\bcapital(?: city)? of (?:the )?(?P<country>[A-Za-z ]+)", re.IGNORECASE)

# "Reply with ..." is not followed by the answer itself if it continues with one of these.
_DESCRIPTIONS: Final = (
    *("a ", "an ", "in ", "to ", "your ", "about "),
    *("valid ", "some", "something", "json"),
)
_CAPITALS: Final = {
    "france": "Paris",
    "norway": "Oslo",
    "italy": "Rome",
    "peru": "Lima",
    "egypt": "Cairo",
    "japan": "Tokyo",
    "vietnam": "Hanoi",
    "germany": "Berlin",
    "spain": "Madrid",
    "united kingdom": "London",
    "portugal": "Lisbon",
    "kenya": "Nairobi",
}
_NUMBER_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_LARGE_NUMBERS: Final = {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
}
_LONGEST_COUNT: Final = 1_000_000
_SIGNS: Final = {
    "plus": "+",
    "minus": "-",
    "x": "*",
    "\N{MULTIPLICATION SIGN}": "*",
    "times": "*",
    "multiplied by": "*",
    "\N{DIVISION SIGN}": "/",
    "divided by": "/",
}
_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def reply(text: str, rng: Random) -> Iterator[str]:
    """Return the chunks of a reply to a text."""
    by_rule = _by_rule(text)
    return write(text, rng) if by_rule is None else by_rule


def continuation(prompt: str, rng: Random) -> Iterator[str]:
    """Return the chunks of text that continue a prompt, or of a reply if it asks for something."""
    by_rule = _by_rule(prompt)
    if by_rule is not None:
        return by_rule
    chunks = write(prompt, rng)
    space = "" if not prompt or prompt[-1].isspace() else " "
    return chain([space + next(chunks, "")], chunks)


def _by_rule(text: str) -> Iterator[str] | None:
    for rule in (_greet, _count, _repeat, _calculate, _name_capital):
        chunks = rule(text)
        if chunks is not None:
            return chunks
    return None


def _greet(text: str) -> Iterator[str] | None:
    if _GREETING.fullmatch(text.strip()):
        return iter(["Hello! How can I help you today?"])
    return None


def _repeat(text: str) -> Iterator[str] | None:
    match = _REPEAT.fullmatch(text.strip())
    if match is None:
        return None
    wanted = match["text"].strip()
    if wanted.lower().startswith(_DESCRIPTIONS):
        return None
    quote = wanted[0]
    if quote in "\"'`" and quote in wanted[1:]:
        wanted = wanted[1 : wanted.index(quote, 1)]
    else:
        wanted = wanted.removesuffix(".").rstrip()
    return iter([wanted]) if wanted else None


def _count(text: str) -> Iterator[str] | None:
    match = _COUNT.search(text)
    if match is None:
        return None
    first, last = _whole_number(match["first"] or "1"), _whole_number(match["last"])
    if first is None or last is None:
        return None
    last = max(min(last, first + _LONGEST_COUNT), first - _LONGEST_COUNT)
    step = 1 if last >= first else -1
    rest = (f", {number}" for number in range(first + step, last + step, step))
    return chain([str(first)], rest if first != last else ())


def _calculate(text: str) -> Iterator[str] | None:
    match = _SUM.search(text)
    if match is None:
        return None
    sign = _SIGNS.get(match["operator"].lower(), match["operator"])
    left, right = float(match["left"]), float(match["right"])
    if sign == "/" and right == 0:
        return iter(["A number cannot be divided by zero."])
    result = _OPERATORS[sign](left, right)
    return iter([f"{_plain(left)} {sign} {_plain(right)} = {_plain(result)}."])


def _name_capital(text: str) -> Iterator[str] | None:
    match = _CAPITAL_OF.search(text)
    country = " ".join(match["country"].split()) if match else ""
    capital = _CAPITALS.get(country.lower())
    return iter([f"The capital of {country} is {capital}."]) if capital else None


def _whole_number(text: str) -> int | None:
    word = text.lower()
    if re.fullmatch(r"[0-9]{1,9}", word):
        return int(word)
    if word in _NUMBER_WORDS:
        return _NUMBER_WORDS.index(word)
    return _LARGE_NUMBERS.get(word)


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.10g}"
