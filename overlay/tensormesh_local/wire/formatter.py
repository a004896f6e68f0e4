"""Format the tokens that the engine generates, as one JSON response or as a stream of events."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any, Generic, TypeVar

from starlette.responses import Response

from tensormesh_local.generation import ABORTED, Generation, Piece, Run, Sampling
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.wire.event_stream import DONE, EventStream, event
from tensormesh_local.wire.requests import StreamMode
from tensormesh_local.wire.tally import Counts, Tally


class Formatter(ABC):
    """Formats the response to one request."""

    silent_chunks: int = 0
    """Number of chunks without a token at the start of a stream."""

    async def respond(self, tally: Tally, *, stream: bool) -> Response:
        """Return the response; ``tally`` learns how to count its tokens."""
        tally.counts = self.counts
        tally.silent_chunks = self.silent_chunks
        return EventStream(self.stream()) if stream else JsonResponse(await self.whole())

    @abstractmethod
    async def whole(self) -> dict[str, Any]:
        """Wait for all tokens, and return the body of the response."""

    @abstractmethod
    def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the events of the response."""

    @abstractmethod
    def counts(self) -> Counts:
        """Return the tokens used so far."""


class Choice(ABC):
    """One choice of a completion while it is generated.

    Args:
        index: Its position among the choices.
        run: What the model generates.
        sampling: What the request asks for.
        reports_token_ids: Whether token ids are part of the response.
    """

    def __init__(
        self, index: int, run: Run, sampling: Sampling, *, reports_token_ids: bool
    ) -> None:
        self.index = index
        self.run = run
        self.sampling = sampling
        self.tokens = 0
        self.finish = ABORTED
        self._token_ids: list[int] | None = [] if reports_token_ids else None

    def count(self, piece: Piece) -> None:
        """Count the token of a piece, and note what the response reports about it."""
        if piece.finish:
            self.finish = piece.finish
        if piece.token_id is None:
            return
        self.tokens += 1
        if piece.logprobs is not None:
            self.add_logprobs(piece)
        if self._token_ids is not None:
            self._token_ids.append(piece.token_id)

    def take_token_ids(self) -> list[int] | None:
        """Return the token ids since the last call, or None if they are not requested."""
        taken = self._token_ids
        if taken is not None:
            self._token_ids = []
        return taken

    @abstractmethod
    def add_logprobs(self, piece: Piece) -> None:
        """Note the log probabilities of a piece."""

    @abstractmethod
    def collect(self, piece: Piece) -> None:
        """Keep the text of a piece for :meth:`body`."""

    @abstractmethod
    def body(self) -> dict[str, Any]:
        """Return the complete choice."""


C = TypeVar("C", bound=Choice)


class CompletionFormatter(Formatter, Generic[C]):
    """Formats a completion with one or more choices.

    Args:
        completion_id: Id of the completion.
        kind: The ``object`` of its stream chunks.
        generation: What the model generates.
        mode: How to stream.
        choices: The choices, in the order of the generation's runs.
    """

    def __init__(
        self,
        completion_id: str,
        kind: str,
        generation: Generation,
        mode: StreamMode,
        choices: Sequence[C],
    ) -> None:
        self.generation = generation
        self.prompt_tokens = generation.prompt_tokens
        self.mode = mode
        self.choices = choices
        self.head: dict[str, Any] = {
            "id": completion_id,
            "object": kind,
            "created": int(time.time()),
            "model": generation.model.name,
        }

    async def whole(self) -> dict[str, Any]:
        """Wait for all tokens, and return the body of the response."""
        async for index, piece in self.generation.pieces:
            choice = self.choices[index]
            choice.count(piece)
            choice.collect(piece)
        return {
            **self.head,
            "choices": [choice.body() for choice in self.choices],
            "service_tier": None,
            "system_fingerprint": self.generation.fingerprint,
            "usage": self.usage(whole=True),
            **self.whole_fields(),
            "ec_transfer_params": None,
            "metrics": None,
        }

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the events of the response."""
        for chunk in self.first_chunks():
            yield chunk
        async for index, piece in self.generation.pieces:
            choice = self.choices[index]
            choice.count(piece)
            made = self.chunk(choice, piece)
            if made is not None:
                yield made
        if self.mode.include_usage:
            yield event(
                {
                    **self.head,
                    "choices": [],
                    "usage": self.usage(whole=False),
                    "system_fingerprint": self.generation.fingerprint,
                }
            )
        yield DONE

    @property
    def generated_tokens(self) -> int:
        """Tokens of all choices so far."""
        return sum(choice.tokens for choice in self.choices)

    def counts(self) -> Counts:
        """Return the tokens used so far."""
        cached = self.generation.cache.cached_tokens
        return Counts(self.prompt_tokens, cached, self.generated_tokens)

    def chunk_event(self, choice: C, body: dict[str, Any], *, finished: bool) -> bytes:
        """Return the event of a chunk with one choice."""
        chunk: dict[str, Any] = {**self.head, "choices": [body]}
        if self.mode.continuous_usage:
            chunk["usage"] = self.choice_usage(choice)
        elif finished and not self.mode.include_usage:
            chunk["system_fingerprint"] = self.generation.fingerprint
        return event(chunk)

    def whole_fields(self) -> dict[str, Any]:
        """Return fields that only the non-streamed body has."""
        return {"kv_transfer_params": None}

    def first_chunks(self) -> Iterable[bytes]:
        """Return the events before the first token."""
        return ()

    @abstractmethod
    def chunk(self, choice: C, piece: Piece) -> bytes | None:
        """Return the event for a piece, or None if none of it is visible."""

    @abstractmethod
    def usage(self, *, whole: bool) -> dict[str, Any]:
        """Return the usage of all choices."""

    @abstractmethod
    def choice_usage(self, choice: C) -> dict[str, Any]:
        """Return the usage of a choice in the middle of a stream."""


def token_counts(prompt: int, completion: int) -> dict[str, Any]:
    """Return the token counts of a ``usage`` object."""
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens": completion,
    }
