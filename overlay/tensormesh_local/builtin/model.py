"""The built-in model at work: seeds, prefix caches and runs of one choice each."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tensormesh_local.builtin.generation import Piece, generate
from tensormesh_local.builtin.prefix_cache import CacheUse, PrefixCache
from tensormesh_local.builtin.sampling import derive_seed, generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from tensormesh_local.builtin.catalog import ServedModel
    from tensormesh_local.builtin.generation import Answer, Limits


class Run(NamedTuple):
    """One choice being generated. ``seed`` also gives the log probabilities of its tokens."""

    seed: int
    pieces: Iterator[Piece]


class BuiltinModel:
    """Generates answers; equal requests give equal answers, whatever came before.

    Args:
        seed: Used where a request gives none.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._caches: defaultdict[str, PrefixCache] = defaultdict(PrefixCache)

    @property
    def fingerprint(self) -> str:
        """The ``system_fingerprint`` of answers."""
        return f"tm-local-{self.seed}"

    def use_cache(self, model: ServedModel, prompt: Sequence[int], salt: str | None) -> CacheUse:
        """Pass a prompt through the model's prefix cache."""
        return self._caches[model.name].use(prompt, salt)

    def start(
        self,
        model: ServedModel,
        prompt: Sequence[int],
        plan: Callable[[Random], Answer],
        limits: Limits,
        *,
        seed: int | None,
        index: int,
    ) -> Run:
        """Plan the answer of one choice and return it, ready to be generated.

        Args:
            model: The model asked.
            prompt: Tokens of the prompt.
            plan: Makes the answer from a random generator.
            limits: When to stop.
            seed: The request's seed; None for the host's own, as greedy sampling has it.
            index: Number of the choice.
        """
        seed = derive_seed(prompt, model.family, self.seed if seed is None else seed, index)
        return Run(seed, generate(plan(generator(seed)), limits))
