"""Names, numbers and topic words of a text, from which answers are built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,6})?(?![\w])")
_NAME = re.compile(r"[^\W\d_a-z][\w-]*(?:[ ][^\W\d_a-z][\w-]*)*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Words that do not name a topic: grammar, questions and commands.
_COMMON_TEXT: Final = """
a about above after again all also am an and another any are as ask at be because been before
being below between both but by call called can check could count data describe did do does
doing done down each either else ever every explain few find first for from function get give
given gives go good got had has have having he hello help her here hey hi him his how i if in
information into is it its just know let like list look make many may me might more most much
must my name need no nor not now of off on once one only or other our out over own please
provide provides put really reply respond return returns run said same say set she should show
so some something such take tell than thank thanks that the their them then there these they
thing this those through to too tool under until up us use used user using very want was we were
what when where which while who whom why will with word words would write yes you your short
long answer question sentence sentences json valid stream text value values
"""
_COMMON: Final = frozenset(_COMMON_TEXT.split())


@dataclass(frozen=True, slots=True)
class Hints:
    """What a message mentions, in order of appearance and without repeats."""

    text: str = ""
    names: tuple[str, ...] = ()
    numbers: tuple[int | float, ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def from_text(cls, text: str) -> Hints:
        """Return the hints in the first 4,000 characters of a text."""
        head = text[:4000]
        return cls(
            text=text,
            names=tuple(dict.fromkeys(_proper_names(head))),
            numbers=tuple(dict.fromkeys(map(_number, _NUMBER.findall(head)))),
            words=tuple(dict.fromkeys(topic_words(head))),
        )

    def labelled(self, name: str) -> str | None:
        """Return what follows ``name`` and a colon, as in ``Total: 12``, or None.

        The words of an identifier may be separated, in upper or lower case.
        """
        words = _CAMEL.sub(" ", name.replace("_", " ")).split()
        if not words:
            return None
        label = r"[ _-]?".join(map(re.escape, words))
        match = re.search(rf"\b{label}[ ]?[:=][ ]*([^\n,;]+)", self.text[:4000], re.IGNORECASE)
        return match[1].strip().rstrip(".") or None if match else None


def topic_words(text: str) -> list[str]:
    """Return the lower-case words of a text that could name a topic.

    Identifiers are split: ``get_weatherReport`` has the words weather and report.
    """
    words = _WORD.findall(_CAMEL.sub(" ", text.replace("_", " ")))
    return [word.lower() for word in words if len(word) > 2 and word.lower() not in _COMMON]


def _proper_names(text: str) -> list[str]:
    inner: list[str] = []
    initial: list[str] = []
    for match in _NAME.finditer(text):
        words = match.group().split()
        before = text[: match.start()].rstrip()
        starts_sentence = not before or before[-1] in '.!?:\n"'
        if words[0].lower() in _COMMON:
            # "Paris weather" starts with a name, "What is" does not.
            del words[0]
        if words:
            (initial if starts_sentence else inner).append(" ".join(words))
    return inner or initial


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
