"""Strings that match a regular expression, for the plain part of the regular expression syntax."""

from __future__ import annotations

import string
from random import Random
from typing import Final

_DIGITS: Final = string.digits
_WORD: Final = string.ascii_lowercase + string.digits
_SPACE: Final = " "
_PRINTABLE: Final = string.ascii_letters + string.digits + string.punctuation + " "
_CLASSES: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_LONGEST_REPEAT: Final = 1000
_EXTRA_REPEATS: Final = 2


class UnsupportedPatternError(ValueError):
    """The expression uses syntax that cannot be sampled (lookaround, back references, flags)."""


def sample(pattern: str, rng: Random) -> str:
    """Return one string that the whole of ``pattern`` matches.

    Raises:
        UnsupportedPatternError: The pattern is malformed or uses unsupported syntax.
    """
    return _Sampler(pattern, rng).run()


class _Sampler:
    def __init__(self, pattern: str, rng: Random) -> None:
        self._pattern = pattern
        self._position = 0
        self._rng = rng

    def run(self) -> str:
        text = self._alternatives()
        if self._position < len(self._pattern):
            raise self._unsupported()
        return text

    def _alternatives(self) -> str:
        branches = [self._sequence()]
        while self._accept("|"):
            branches.append(self._sequence())
        return self._rng.choice(branches)

    def _sequence(self) -> str:
        parts = []
        while self._peek() not in {"", "|", ")"}:
            start = self._position
            first = self._atom()
            low, high = self._repeat()
            count = self._rng.randint(low, high)
            end = self._position
            texts = [first][:count]
            # A repeated atom is read again, so that [a-z]{3} is not three times one letter.
            for _ in range(count - 1):
                self._position = start
                texts.append(self._atom())
            self._position = end
            parts.extend(texts)
        return "".join(parts)

    def _atom(self) -> str:
        char = self._next()
        if char in {"^", "$"}:
            return ""
        if char == ".":
            return self._rng.choice(_WORD)
        if char == "(":
            return self._group()
        if char == "[":
            return self._rng.choice(self._char_class())
        if char == "\\":
            return self._rng.choice(self._escape())
        if char in {"*", "+", "?"}:
            raise self._unsupported()
        return char

    def _group(self) -> str:
        if self._accept("?"):
            if self._accept("P<") or (self._peek() == "<" and self._following() not in {"=", "!"}):
                self._position = self._find(">") + 1
            elif not self._accept(":"):
                raise self._unsupported()
        text = self._alternatives()
        if not self._accept(")"):
            raise self._unsupported()
        return text

    def _char_class(self) -> str:
        negated = self._accept("^")
        allowed = ""
        while self._peek() != "]" or not allowed:
            low = self._class_member()
            if self._peek() == "-" and self._following() not in {"]", ""}:
                self._next()
                high = self._class_member()
                if len(low) != 1 or len(high) != 1 or ord(high) < ord(low):
                    raise self._unsupported()
                high_code = min(ord(high), ord(low) + 255)
                allowed += "".join(map(chr, range(ord(low), high_code + 1)))
            else:
                allowed += low
        self._next()
        if negated:
            allowed = "".join(char for char in _PRINTABLE if char not in allowed)
        if not allowed:
            raise self._unsupported()
        return allowed

    def _class_member(self) -> str:
        char = self._next()
        return self._escape() if char == "\\" else char

    def _escape(self) -> str:
        """Return the characters that an escape after a backslash allows."""
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.lower() in _CLASSES:
            excluded = _CLASSES[char.lower()] + (
                string.ascii_uppercase + "_" if char == "W" else ""
            )
            return "".join(
                each for each in string.ascii_letters + "-" + _DIGITS if each not in excluded
            )
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in {"x", "u"}:
            width = 2 if char == "x" else 4
            digits = "".join(self._next() for _ in range(width))
            try:
                return chr(int(digits, 16))
            except ValueError:
                raise self._unsupported() from None
        if char.isalnum():
            raise self._unsupported()
        return char

    def _repeat(self) -> tuple[int, int]:
        low, high = 1, 1
        if self._accept("*"):
            low, high = 0, _EXTRA_REPEATS
        elif self._accept("+"):
            low, high = 1, 1 + _EXTRA_REPEATS
        elif self._accept("?"):
            low, high = 0, 1
        elif self._peek() == "{":
            low, high = self._counted_repeat()
        if self._accept("+") or low > high or high > _LONGEST_REPEAT:
            raise self._unsupported()
        self._accept("?")
        return low, high

    def _counted_repeat(self) -> tuple[int, int]:
        end = self._find("}")
        low_text, comma, high_text = self._pattern[self._position + 1 : end].partition(",")
        self._position = end + 1
        try:
            low = int(low_text or "0")
            high = int(high_text) if high_text else low + (_EXTRA_REPEATS if comma else 0)
        except ValueError:
            raise self._unsupported() from None
        return low, min(high, low + _EXTRA_REPEATS)

    def _find(self, text: str) -> int:
        index = self._pattern.find(text, self._position)
        if index < 0:
            raise self._unsupported()
        return index

    def _peek(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _following(self) -> str:
        return self._pattern[self._position + 1 : self._position + 2]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            raise self._unsupported()
        self._position += 1
        return char

    def _accept(self, text: str) -> bool:
        if self._pattern.startswith(text, self._position):
            self._position += len(text)
            return True
        return False

    def _unsupported(self) -> UnsupportedPatternError:
        return UnsupportedPatternError(
            f"the regular expression {self._pattern!r} uses syntax that is not supported "
            f"(at character {self._position})"
        )
