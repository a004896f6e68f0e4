"""Sentences about the topics of a text, for requests that no rule answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Final

from tensormesh_local.builtin.hints import topic_words

_LENGTH = re.compile(r"\b(?P<count>\d{1,6})[\s-]+(?P<unit>words?|sentences?)\b", re.IGNORECASE)

_SENTENCES: Final = (
    "A good way to think about {topic} is to start with the {noun}.",
    "The {adjective} part of {topic} is the {noun}.",
    "Most people learn about {topic} by {activity}.",
    "With {topic}, a {adjective} {noun} helps more than a {other} one.",
    "In short, {topic} grows with {activity} and a little patience.",
    "There is always a {adjective} {noun} behind {topic}.",
    "When the {noun} is {adjective}, {topic} becomes easy to follow.",
    "Every {noun} has a reason, and {topic} shows it well.",
    "It takes time, but {activity} makes {topic} feel {adjective}.",
    "Some say that {topic} is {adjective}; others look at the {noun} first.",
    "That is why {topic} and a {adjective} {noun} go together.",
    "Keep the {noun} {adjective}, and {topic} will take care of the rest.",
)
_NOUNS: Final = (
    *("plan", "question", "pattern", "detail", "method", "signal"),
    *("story", "balance", "habit", "context", "garden", "engine"),
)
_ADJECTIVES: Final = (
    *("simple", "clear", "steady", "useful", "quiet", "careful"),
    *("bright", "modern", "gentle", "patient", "small", "warm"),
)
_ACTIVITIES: Final = (
    *("asking questions", "listening", "careful reading", "trying small steps"),
    *("keeping notes", "working together", "looking twice"),
)
_CLOSES: Final = ("A short answer will do.", "I will keep it short.", "The plain answer is best.")


def write(text: str, rng: Random) -> Iterator[str]:
    """Return as many words or sentences as a text asks for, or a few sentences."""
    match = _LENGTH.search(text)
    count = int(match["count"]) if match else rng.randint(1, 3)
    if match and match["unit"].lower().startswith("word"):
        return _words(text, count, rng)
    return (sentence for sentence, _ in zip(sentences(text, rng), range(count), strict=False))


def sentences(text: str, rng: Random) -> Iterator[str]:
    """Yield sentences about the topics of a text without end, separated by spaces."""
    topics = _topics(text)
    yield _sentence(topics, rng)
    yield from _following(topics, rng)


def more_sentences(text: str, rng: Random) -> Iterator[str]:
    """Return sentences that can follow an answer, without end, each after a space."""
    return _following(_topics(text), rng)


def thoughts(text: str, rng: Random) -> str:
    """Return a line of reasoning about how to answer a text."""
    topics = _topics(text)[:3]
    return f"The user asks about {', '.join(topics)}. {rng.choice(_CLOSES)}"


def _words(text: str, count: int, rng: Random) -> Iterator[str]:
    left = count
    for sentence in sentences(text, rng):
        words = sentence.split()[:left]
        if not words:
            return
        left -= len(words)
        yield (" " if sentence.startswith(" ") else "") + " ".join(words)


def _following(topics: tuple[str, ...], rng: Random) -> Iterator[str]:
    while True:
        yield f" {_sentence(topics, rng)}"


def _sentence(topics: tuple[str, ...], rng: Random) -> str:
    adjective, other = rng.sample(_ADJECTIVES, 2)
    text = rng.choice(_SENTENCES).format(
        topic=rng.choice(topics),
        noun=rng.choice(_NOUNS),
        adjective=adjective,
        other=other,
        activity=rng.choice(_ACTIVITIES),
    )
    return text[0].upper() + text[1:]


def _topics(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topic_words(text[:4000]))) or ("this",)
