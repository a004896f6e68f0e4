"""Suggestions for names that were mistyped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMILARITY = 0.6


def nearest(
    given: str, known: Iterable[str], *, most: int = 1, similarity: float = _SIMILARITY
) -> list[str]:
    """Return the known names that are most similar to a given one, the best first."""
    from difflib import get_close_matches

    return get_close_matches(given, list(known), most, similarity)


def did_you_mean(given: str, known: Iterable[str], *, most: int = 1) -> str | None:
    """Return a question that offers the nearest names, or None if none is near."""
    names = [f"`{name}`" for name in nearest(given, known, most=most)]
    return f"did you mean {' or '.join(names)}?" if names else None
