"""Format Responses: output items in one body, or as a stream of events."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final

from tensormesh_local.generation import Generation, Kind, Piece
from tensormesh_local.wire.event_stream import DONE
from tensormesh_local.wire.formatter import Formatter
from tensormesh_local.wire.logprobs import chat_entry
from tensormesh_local.wire.response_items import EventWriter, Item, open_item
from tensormesh_local.wire.response_request import ResponseRequest
from tensormesh_local.wire.tally import Counts

_VISIBLE: Final = frozenset({Kind.CONTENT, Kind.REASONING, Kind.ARGUMENTS})


class ResponseFormatter(Formatter):
    """Formats a Responses response.

    Args:
        request_id: Id of the request, which becomes part of the response's id.
        request: The request.
        generation: What the model generates.
    """

    silent_chunks = 2
    """The events that announce the response."""

    def __init__(self, request_id: str, request: ResponseRequest, generation: Generation) -> None:
        self._id = f"resp_{request_id}"
        self._request = request
        self._generation = generation
        self._created = int(time.time())
        self._writer = EventWriter()
        self._items: list[Item] = []
        self._open: Item | None = None
        self._tokens = 0
        self._reasoning_tokens = 0
        self._truncated = False

    async def whole(self) -> dict[str, Any]:
        """Wait for all tokens, and return the body of the response."""
        async for _, piece in self._generation.pieces:
            for _ in self._events(piece):
                pass
        return self._final_body()

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the events of the response."""
        write = self._writer.write
        started = self._body("in_progress")
        yield write("response.created", {"response": started})
        yield write("response.in_progress", {"response": started})
        async for _, piece in self._generation.pieces:
            for each in self._events(piece):
                yield each
        yield write("response.completed", {"response": self._final_body()})
        yield DONE

    def counts(self) -> Counts:
        """Return the tokens used so far."""
        cached = self._generation.cache.cached_tokens
        return Counts(len(self._request.prompt), cached, self._tokens)

    def _events(self, piece: Piece) -> Iterator[bytes]:
        """Yield the events for a piece, and keep its part of the response."""
        if piece.token_id is not None:
            self._tokens += 1
            self._reasoning_tokens += piece.kind is Kind.REASONING
        if piece.kind is Kind.CALL and piece.call:
            yield from self._switch_to(open_item(piece.kind, self._next_index(), piece.call.name))
        elif piece.kind in _VISIBLE and piece.text:
            if self._open is None or self._open.kind is not piece.kind:
                yield from self._switch_to(open_item(piece.kind, self._next_index()))
            if self._open:
                yield self._open.add(self._writer, piece.text, self._logprobs(piece))
        if piece.finish:
            self._truncated = piece.finish.reason == "length"
            if not self._items and self._open is None:
                yield from self._switch_to(open_item(Kind.CONTENT, 0))
            yield from self._switch_to(None)

    def _logprobs(self, piece: Piece) -> list[dict[str, Any]]:
        if piece.logprobs is None or piece.token_id is None or piece.kind is not Kind.CONTENT:
            return []
        top = self._request.sampling.logprobs or 0
        return [chat_entry(piece.token_id, piece.logprobs, top)]

    def _next_index(self) -> int:
        return len(self._items) + (self._open is not None)

    def _switch_to(self, item: Item | None) -> Iterator[bytes]:
        if self._open:
            self._items.append(self._open)
            yield from self._open.close(self._writer, cut=self._truncated)
        self._open = item
        if item:
            yield from item.open(self._writer)

    def _final_body(self) -> dict[str, Any]:
        body = self._body("incomplete" if self._truncated else "completed")
        if self._truncated:
            body["incomplete_details"] = {"reason": "max_output_tokens"}
        body["output"] = [item.body() for item in self._items]
        body["usage"] = self._usage()
        return body

    def _usage(self) -> dict[str, Any]:
        prompt, cache = len(self._request.prompt), self._generation.cache
        return {
            "input_tokens": prompt,
            "input_tokens_details": {
                "cached_tokens": cache.cached_tokens,
                "cache_write_tokens": cache.created_tokens,
                "input_tokens_per_turn": [],
                "cached_tokens_per_turn": [],
            },
            "output_tokens": self._tokens,
            "output_tokens_details": {
                "reasoning_tokens": self._reasoning_tokens,
                "tool_output_tokens": 0,
                "output_tokens_per_turn": [],
                "tool_output_tokens_per_turn": [],
            },
            "total_tokens": prompt + self._tokens,
        }

    def _body(self, status: str) -> dict[str, Any]:
        given = self._request.body
        temperature, top_p = given.get("temperature"), given.get("top_p")
        return {
            "id": self._id,
            "created_at": self._created,
            "incomplete_details": None,
            "instructions": given.get("instructions"),
            "metadata": given.get("metadata"),
            "model": given["model"],
            "object": "response",
            "output": [],
            "parallel_tool_calls": given.get("parallel_tool_calls") is not False,
            "temperature": 1.0 if temperature is None else temperature,
            "tool_choice": given.get("tool_choice") or ("auto" if given.get("tools") else "none"),
            "tools": given.get("tools") or [],
            "top_p": 1.0 if top_p is None else top_p,
            "background": False,
            "max_output_tokens": given.get("max_output_tokens"),
            "max_tool_calls": None,
            "previous_response_id": None,
            "prompt": None,
            "reasoning": given.get("reasoning"),
            "service_tier": given.get("service_tier") or "auto",
            "status": status,
            "text": given.get("text"),
            "top_logprobs": given.get("top_logprobs"),
            "truncation": given.get("truncation") or "disabled",
            "usage": None,
            "user": given.get("user"),
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "input_messages": None,
            "output_messages": None,
        }
