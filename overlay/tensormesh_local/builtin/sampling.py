"""Seeds and log probabilities: values that look random but are repeatable."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from hashlib import blake2b
from random import Random

from tensormesh_local.generation import TokenLogprobs
from tensormesh_local.tokenizer import VOCABULARY_SIZE
from tensormesh_local.vocabulary import SPECIAL_TOKENS


def derive_seed(prompt: Sequence[int], *parts: object) -> int:
    """Return a 64-bit seed that depends on a prompt and on the ``repr`` of every part."""
    digest = blake2b(struct.pack(f"<{len(prompt)}I", *prompt), digest_size=8)
    digest.update(repr(parts).encode("utf-8", "backslashreplace"))
    return int.from_bytes(digest.digest())


def generator(seed: int) -> Random:
    """Return the random generator for a seed."""
    return Random(seed)  # noqa: S311 - answers must be repeatable


def token_logprobs(seed: int, position: int, token_id: int, top: int) -> TokenLogprobs:
    """Return plausible log probabilities of a token at a position.

    The token itself is the likeliest, with a probability of 0.6 to 0.99. Each of the others has
    half of what is left, so the probabilities never add up to more than 1.

    Args:
        seed: Seed of the generation.
        position: Position of the token; equal positions give equal values.
        token_id: The token.
        top: How many of the likeliest tokens to list; the token itself is always listed.
    """
    rng = generator(seed * 1_000_003 + position)
    probability = 0.6 + 0.39 * rng.random()
    listed = [(token_id, math.log(probability))]
    left = 1.0 - probability
    while len(listed) < top:
        other = rng.randrange(len(SPECIAL_TOKENS), VOCABULARY_SIZE)
        if all(other != known for known, _ in listed):
            left /= 2
            listed.append((other, math.log(left)))
    return TokenLogprobs(listed[0][1], listed)
