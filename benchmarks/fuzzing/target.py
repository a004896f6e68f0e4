"""Targets of the fuzz run, and how their inputs are damaged."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any, AnyStr, NamedTuple


class Target(NamedTuple):
    """A function to feed with inputs.

    Attributes:
        make: Makes an input. Depends on the random numbers only.
        check: Feeds an input. Raises if the result is wrong.
        share: Weight of the target when inputs are distributed.
    """

    make: Callable[[Random], Any]
    check: Callable[[Any], None]
    share: int


def pick(chance: Random, parts: list[Any], most: int) -> list[Any]:
    """Pick parts in random order, with repetitions."""
    return chance.choices(parts, k=chance.randrange(most + 1))


def split(chance: Random, whole: AnyStr) -> list[AnyStr]:
    """Split a text or bytes everywhere, or at up to five places."""
    everywhere: list[int] = list(range(len(whole) + 1))
    some = sorted([0, len(whole), *chance.choices(everywhere, k=chance.randrange(6))])
    ends = everywhere if chance.random() < 0.25 else some
    return [whole[a:b] for a, b in pairwise(ends)]


def mutate(chance: Random, content: bytes) -> bytes:
    """Change, remove, double or insert a few bytes."""
    changed = bytearray(content)
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.randrange(5))
        changed[start:end] = chance.choice(
            (b"", chance.randbytes(2), bytes(changed[start:end]) * 2, b'"', b"}", b"null", b"1e999")
        )
    return bytes(changed)
