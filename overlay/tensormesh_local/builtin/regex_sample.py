"""Sample strings that match a regular expression."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from random import Random

# The parser of `re` is private, but its output has been stable since Python 3.11.
from re import _constants as op
from re import _parser
from typing import Any, Final

_PRINTABLE: Final = string.ascii_letters + string.digits + string.punctuation + " "
_WORD: Final = string.ascii_letters + string.digits + "_"
_CATEGORIES: Final = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_NOT_DIGIT: _PRINTABLE.translate(dict.fromkeys(map(ord, string.digits))),
    op.CATEGORY_WORD: _WORD,
    op.CATEGORY_NOT_WORD: _PRINTABLE.translate(dict.fromkeys(map(ord, _WORD))),
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_SPACE: _PRINTABLE.replace(" ", ""),
}
_ANCHORS: Final = (op.AT_BEGINNING, op.AT_BEGINNING_STRING, op.AT_END, op.AT_END_STRING)
# ECMAScript's form of named groups.
_NAMED_GROUP: Final = re.compile(r"(?<!\\)\(\?<(?![=!])")
_LONGEST_REPEAT: Final = 1000
_LONGEST_RANGE: Final = 256
_EXTRA_REPEATS: Final = 2


class UnsupportedPatternError(ValueError):
    """The pattern is malformed, or uses lookaround, back references or word boundaries."""


def sample(pattern: str, rng: Random) -> str:
    """Return a string that matches the whole pattern.

    Raises:
        UnsupportedPatternError: The pattern is malformed or uses unsupported syntax.
    """
    try:
        return "".join(_sample(_parser.parse(_NAMED_GROUP.sub("(?P<", pattern)), rng))
    except (re.error, OverflowError, RecursionError, LookupError) as error:
        raise UnsupportedPatternError(
            f"the regular expression {pattern!r} is not supported: {error}"
        ) from error


def _sample(nodes: Iterable[tuple[Any, Any]], rng: Random) -> Iterator[str]:
    for kind, value in nodes:
        if kind is op.LITERAL:
            yield chr(value)
        elif kind is op.NOT_LITERAL:
            yield rng.choice(_PRINTABLE.replace(chr(value), ""))
        elif kind is op.ANY:
            yield rng.choice(string.ascii_lowercase)
        elif kind is op.IN:
            yield rng.choice(_members(value))
        elif kind is op.BRANCH:
            yield from _sample(rng.choice(value[1]), rng)
        elif kind is op.SUBPATTERN:
            yield from _sample(value[-1], rng)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, high, repeated = value
            if low > _LONGEST_REPEAT:
                raise OverflowError(f"more than {_LONGEST_REPEAT} repeats")
            for _ in range(rng.randint(low, min(high, low + _EXTRA_REPEATS))):
                yield from _sample(repeated, rng)
        elif kind is not op.AT or value not in _ANCHORS:
            raise LookupError(f"{str(value if kind is op.AT else kind).lower()} cannot be sampled")


def _members(items: Iterable[tuple[Any, Any]]) -> str:
    """Return the characters that a class such as ``[^a-z]`` matches, or some of them."""
    negated = False
    found = ""
    for kind, value in items:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            found += chr(value)
        elif kind is op.RANGE:
            low, high = value
            found += "".join(map(chr, range(low, min(high, low + _LONGEST_RANGE) + 1)))
        else:
            found += _CATEGORIES[value]
    return "".join(char for char in _PRINTABLE if char not in found) if negated else found
