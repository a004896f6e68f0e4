"""Responses: output items in one answer, or as a stream of events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.builtin.answers import plan_chat
from tensormesh_local.builtin.generation import Kind, Piece
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.wire.event_stream import DONE, EventStream
from tensormesh_local.wire.logprobs import chat_entry
from tensormesh_local.wire.pace import interleave
from tensormesh_local.wire.response_items import EventWriter, Item, open_item
from tensormesh_local.wire.responses_request import ResponseCall, read_response
from tensormesh_local.wire.tally import Counts
from tensormesh_local.wire.usage import response_usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from starlette.responses import Response

    from tensormesh_local.builtin.catalog import ServedModel
    from tensormesh_local.builtin.model import BuiltinModel, Run
    from tensormesh_local.builtin.prefix_cache import CacheUse
    from tensormesh_local.engines.base import Call
    from tensormesh_local.wire.pace import Pace

# That the response is created, and in progress.
_EVENTS_BEFORE_TOKENS: Final = 2
_VISIBLE: Final = frozenset({Kind.CONTENT, Kind.REASONING, Kind.ARGUMENTS})


async def create_response(
    call: Call, engine: BuiltinModel, model: ServedModel, pace: Pace
) -> Response:
    """Answer a Responses request.

    Raises:
        ApiError: 400, the request makes no sense; 404, it refers to a stored response.
    """
    request = read_response(call.body, model)
    run = engine.start(
        model,
        request.prompt,
        lambda rng: plan_chat(request.task, rng),
        request.sampling.limits,
        seed=request.sampling.seed,
        index=0,
    )
    cache = engine.use_cache(model, request.prompt, request.sampling.cache_salt)
    response = _Response(call, request, run, cache, pace)
    call.tally.counts = response.counts
    call.tally.silent_chunks = _EVENTS_BEFORE_TOKENS
    return EventStream(response.stream()) if request.stream else await response.whole()


class _Response:
    def __init__(
        self, call: Call, request: ResponseCall, run: Run, cache: CacheUse, pace: Pace
    ) -> None:
        self._call = call
        self._request = request
        self._run = run
        self._cache = cache
        self._pace = pace
        self._id = f"resp_{call.request_id}"
        self._created = int(time.time())
        self._writer = EventWriter()
        self._items: list[Item] = []
        self._open: Item | None = None
        self._tokens = 0
        self._reasoning_tokens = 0
        self._truncated = False

    async def whole(self) -> JsonResponse:
        """Generate everything, then return it in one answer."""
        async for _, piece in interleave([self._run.pieces]):
            for _ in self._events(piece):
                pass
        await self._pace.hold(self._tokens)
        return JsonResponse(self._final_body())

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the events of the answer."""
        write = self._writer.write
        started = self._body("in_progress")
        yield write("response.created", {"response": started})
        yield write("response.in_progress", {"response": started})
        async for _, piece in interleave([self._run.pieces], self._pace):
            for each in self._events(piece):
                yield each
        yield write("response.completed", {"response": self._final_body()})
        yield DONE

    def counts(self) -> Counts:
        """Return the tokens taken so far."""
        return Counts(len(self._request.prompt), self._cache.cached_tokens, self._tokens)

    def _events(self, piece: Piece) -> Iterator[bytes]:
        """Yield the events that a piece causes, and keep its part in the answer."""
        entry = self._count(piece)
        if piece.kind is Kind.CALL and piece.call:
            yield from self._switch_to(open_item(piece.kind, self._next_index(), piece.call.name))
        elif piece.kind in _VISIBLE and piece.text:
            if self._open is None or self._open.kind is not piece.kind:
                yield from self._switch_to(open_item(piece.kind, self._next_index()))
            if self._open:
                yield self._open.add(self._writer, piece.text, [entry] if entry else [])
        if piece.finish:
            self._truncated = piece.finish.reason == "length"
            if not self._items and self._open is None:
                yield from self._switch_to(open_item(Kind.CONTENT, 0))
            yield from self._switch_to(None)

    def _count(self, piece: Piece) -> dict[str, Any] | None:
        """Count a piece's token; return its log probabilities if they are wanted."""
        if piece.token_id is None:
            return None
        top = self._request.sampling.logprobs
        entry = None
        if top is not None and piece.kind is Kind.CONTENT:
            entry = chat_entry(self._run.seed, self._tokens, piece.token_id, top)
        self._tokens += 1
        if piece.kind is Kind.REASONING:
            self._reasoning_tokens += 1
        return entry

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
        body["usage"] = response_usage(
            len(self._request.prompt), self._tokens, self._reasoning_tokens, self._cache
        )
        return body

    def _body(self, status: str) -> dict[str, Any]:
        given: Mapping[str, Any] = self._call.body
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
