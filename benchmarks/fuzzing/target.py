"""What a target is."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple


class Target(NamedTuple):
    """Something to feed inputs to.

    Attributes:
        make: makes an input; the same for the same chance.
        check: feeds it, and raises if something does not hold.
        share: how many of all inputs it gets, beside the shares of the others.
    """

    make: Callable[[Random], Any]
    check: Callable[[Any], None]
    share: int


def pick(chance: Random, parts: list[Any], most: int) -> list[Any]:
    """Some parts, in any order, again and again."""
    return chance.choices(parts, k=chance.randrange(most + 1))


def mutate(chance: Random, content: bytes) -> bytes:
    """The bytes with a few of them changed, removed, doubled, or put in."""
    changed = bytearray(content)
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.randrange(5))
        changed[start:end] = chance.choice(
            (b"", chance.randbytes(2), bytes(changed[start:end]) * 2, b'"', b"}", b"null", b"1e999")
        )
    return bytes(changed)
