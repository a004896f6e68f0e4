"""Generate a planned answer token by token, with limits, stop strings and end tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

from tensormesh_local.generation import Finish, Kind, Limits, Piece, ToolCall
from tensormesh_local.tokenizer import TextDecoder, encode
from tensormesh_local.vocabulary import TURN_END


class Segment(NamedTuple):
    """A part of an answer: text in chunks, of which there may be infinitely many."""

    kind: Kind
    chunks: Iterable[str]
    call: ToolCall | None = None


@dataclass(slots=True)
class Answer:
    """What a model is going to answer. It can be generated once."""

    segments: Iterable[Segment]
    end_reason: str = "stop"
    filler: Iterable[str] = ()
    """What follows while the answer must not end; line breaks by default."""


def generate(answer: Answer, limits: Limits) -> Iterator[Piece]:
    """Yield the pieces of an answer. Only the last one has a ``finish``.

    If ``limits.max_tokens`` is 0, it is the only one.
    """
    if not limits.max_tokens:
        yield Piece(Kind.CONTENT, "", None, finish=Finish("length"))
        return
    stops = _StopBuffer(limits.stop, include_stop=limits.include_stop) if limits.stop else None
    count = 0
    previous = Kind.CONTENT
    for kind, text, token_id, call in _raw_pieces(answer, limits):
        count += token_id is not None
        if stops and kind is not previous and (held := stops.flush()):
            yield Piece(previous, held, None)
        previous = kind
        finish = None
        checked = count >= limits.min_tokens
        if token_id == TURN_END:
            finish = Finish(answer.end_reason)
        elif checked and token_id in limits.stop_token_ids:
            finish = Finish("stop", token_id)
            text = ""
        elif stops and kind in {Kind.CONTENT, Kind.REASONING}:
            text, matched = stops.feed(text, checked=checked)
            if matched is not None:
                yield Piece(kind, text, token_id, call, Finish("stop", matched))
                return
        if finish is None and count >= limits.max_tokens:
            finish = Finish("length")
        if finish:
            yield Piece(kind, text + (stops.flush() if stops else ""), token_id, call, finish)
            return
        yield Piece(kind, text, token_id, call)


def _raw_pieces(
    answer: Answer, limits: Limits
) -> Iterator[tuple[Kind, str, int | None, ToolCall | None]]:
    """Yield (kind, text, token id, call) regardless of stops, and finally an end token.

    The token id is None for a call whose tool the request names, as no token is generated for it.
    """
    count = 0
    kind = Kind.CONTENT
    for kind, chunks, call in answer.segments:
        decoder = TextDecoder()
        for chunk in chunks:
            ids = encode(chunk)
            count += len(ids)
            if call is not None:
                # The name is complete, and visible, with the last token of its framing.
                yield from ((Kind.HIDDEN, "", token_id, None) for token_id in ids[:-1])
                yield Kind.CALL, "", ids[-1] if ids else None, call
            else:
                for token_id in ids:
                    yield kind, decoder.feed(token_id), token_id, None
    end_kind = kind if kind in {Kind.CONTENT, Kind.REASONING} else Kind.HIDDEN
    decoder = TextDecoder()
    for chunk in answer.filler or repeat("\n"):
        if count >= limits.min_tokens and not limits.ignore_eos:
            break
        for token_id in encode(chunk):
            count += 1
            yield end_kind, decoder.feed(token_id), token_id, None
    yield end_kind, "", TURN_END, None


class _StopBuffer:
    """Finds stop strings across pieces, and holds back text that may be the start of one."""

    def __init__(self, stops: tuple[str, ...], *, include_stop: bool) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._hold = max(map(len, self._stops), default=1) - 1
        self._include = include_stop
        self._held = ""

    def feed(self, text: str, *, checked: bool) -> tuple[str, str | None]:
        """Return the text to release, and the stop string that ends it, if any."""
        self._held += text
        if checked:
            found = [(at, stop) for stop in self._stops if (at := self._held.find(stop)) >= 0]
            if found:
                at, stop = min(found)
                shown = self._held[: at + (len(stop) if self._include else 0)]
                self._held = ""
                return shown, stop
        cut = len(self._held) - self._hold if checked else len(self._held)
        if cut <= 0:
            return "", None
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown, None

    def flush(self) -> str:
        """Return the text held back."""
        held, self._held = self._held, ""
        return held
