"""Chat completions: a whole answer, or chunks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.builtin.answers import plan_chat
from tensormesh_local.builtin.generation import Finish, Kind
from tensormesh_local.http.responses import JsonResponse, dump
from tensormesh_local.wire.chat_choice import Choice
from tensormesh_local.wire.chat_request import ChatRequest, read_chat
from tensormesh_local.wire.event_stream import DONE, EventStream, event
from tensormesh_local.wire.logprobs import prompt_logprobs
from tensormesh_local.wire.pace import interleave
from tensormesh_local.wire.tally import Counts
from tensormesh_local.wire.usage import chat_usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.responses import Response

    from tensormesh_local.builtin.catalog import ServedModel
    from tensormesh_local.builtin.model import BuiltinModel
    from tensormesh_local.builtin.prefix_cache import CacheUse
    from tensormesh_local.engines.base import Call
    from tensormesh_local.wire.pace import Pace

_PLAIN_TAIL: Final = b'},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n'


async def create_chat_completion(
    call: Call, engine: BuiltinModel, model: ServedModel, pace: Pace
) -> Response:
    """Answer a chat completion request.

    Raises:
        ApiError: 400, the request makes no sense.
    """
    request = read_chat(call.body, model)
    sampling = request.sampling
    choices = [
        Choice(
            index,
            engine.start(
                model,
                request.prompt,
                lambda rng: plan_chat(request.task, rng),
                sampling.limits,
                seed=sampling.seed,
                index=index,
            ),
            request,
        )
        for index in range(sampling.n)
    ]
    completion = _Completion(
        id=f"chatcmpl-{call.request_id}",
        created=int(time.time()),
        model=model,
        fingerprint=engine.fingerprint,
        request=request,
        choices=choices,
        cache=engine.use_cache(model, request.prompt, sampling.cache_salt),
        pace=pace,
    )
    call.tally.counts = completion.counts
    call.tally.silent_chunks = len(choices)
    return EventStream(completion.stream()) if request.mode.stream else await completion.whole()


@dataclass(frozen=True, slots=True)
class _Completion:
    id: str
    created: int
    model: ServedModel
    fingerprint: str
    request: ChatRequest
    choices: list[Choice]
    cache: CacheUse
    pace: Pace

    async def whole(self) -> JsonResponse:
        """Generate everything, then return it in one answer."""
        async for index, piece in interleave([choice.run.pieces for choice in self.choices]):
            self.choices[index].count(piece)
            self.choices[index].collect(piece)
        await self.pace.hold(max(choice.tokens for choice in self.choices))
        sampling = self.request.sampling
        listed = None
        if sampling.prompt_logprobs is not None:
            listed = prompt_logprobs(
                self.choices[0].run.seed, self.request.prompt, sampling.prompt_logprobs
            )
        return JsonResponse(
            {
                "id": self.id,
                "object": "chat.completion",
                "created": self.created,
                "model": self.model.name,
                "choices": [choice.body() for choice in self.choices],
                "service_tier": None,
                "system_fingerprint": self.fingerprint,
                "usage": self._usage(whole=True),
                "prompt_logprobs": listed,
                "prompt_token_ids": self.request.prompt if sampling.return_token_ids else None,
                "prompt_text": None,
                "kv_transfer_params": self._cache_statistics(),
                "ec_transfer_params": None,
                "metrics": None,
            }
        )

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the events of the answer."""
        mode, sampling = self.request.mode, self.request.sampling
        for choice in self.choices:
            yield self._first_chunk(choice)
        # Most chunks are one piece of content and nothing else: those are put together from bytes.
        plain = not (
            mode.continuous_usage or sampling.return_token_ids or sampling.logprobs is not None
        )
        heads = [self._plain_head(choice.index) for choice in self.choices]
        pieces = interleave([choice.run.pieces for choice in self.choices], self.pace)
        async for index, piece in pieces:
            choice = self.choices[index]
            choice.count(piece)
            if plain and piece.kind is Kind.CONTENT and piece.text and not piece.finish:
                yield heads[index] + dump(piece.text) + _PLAIN_TAIL
                continue
            delta = choice.delta(piece)
            if delta is not None:
                yield self._chunk(choice, delta, piece.finish)
        if mode.include_usage:
            usage = self._usage(whole=False)
            yield event(
                {
                    **self._head(),
                    "choices": [],
                    "usage": usage,
                    "system_fingerprint": self.fingerprint,
                }
            )
        yield DONE

    def counts(self) -> Counts:
        """Return the tokens taken so far."""
        generated = sum(choice.tokens for choice in self.choices)
        return Counts(len(self.request.prompt), self.cache.cached_tokens, generated)

    def _head(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model.name,
        }

    def _plain_head(self, index: int) -> bytes:
        """Return a chunk's bytes up to the value of its delta's content."""
        chunk = event({**self._head(), "choices": [{"index": index, "delta": {"content": 0}}]})
        return chunk.removesuffix(b"0}}]}\n\n")

    def _first_chunk(self, choice: Choice) -> bytes:
        first = {
            "index": choice.index,
            "delta": {"role": "assistant", "content": ""},
            "logprobs": None,
            "finish_reason": None,
        }
        chunk: dict[str, Any] = {**self._head(), "choices": [first]}
        if self.request.mode.continuous_usage:
            chunk["usage"] = chat_usage(len(self.request.prompt), 0, 0, None, whole=False)
        wants_ids = self.request.sampling.return_token_ids
        chunk["prompt_token_ids"] = self.request.prompt if wants_ids else None
        chunk["prompt_text"] = None
        return event(chunk)

    def _chunk(self, choice: Choice, delta: dict[str, Any], finish: Finish | None) -> bytes:
        logprobs, token_ids = choice.take_reports()
        body: dict[str, Any] = {
            "index": choice.index,
            "delta": delta,
            "logprobs": logprobs,
            "finish_reason": finish.reason if finish else None,
        }
        if finish:
            body["stop_reason"] = finish.stop_reason
        body["token_ids"] = token_ids
        chunk: dict[str, Any] = {**self._head(), "choices": [body]}
        if self.request.mode.continuous_usage:
            chunk["usage"] = chat_usage(
                len(self.request.prompt), choice.tokens, choice.reasoning_tokens, None, whole=False
            )
        elif finish and not self.request.mode.include_usage:
            chunk["system_fingerprint"] = self.fingerprint
        return event(chunk)

    def _usage(self, *, whole: bool) -> dict[str, Any]:
        return chat_usage(
            len(self.request.prompt),
            sum(choice.tokens for choice in self.choices),
            sum(choice.reasoning_tokens for choice in self.choices),
            self.cache,
            whole=whole,
        )

    def _cache_statistics(self) -> dict[str, Any] | None:
        if not self.model.reports_cache_statistics:
            return None
        return {
            "cached_token_stats": {
                "num_vllm_cached_tokens": self.cache.cached_tokens,
                "num_lmcache_cached_tokens": 0,
            }
        }
