"""Text completions: a whole answer, or chunks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tensormesh_local.builtin.answers import plan_completion
from tensormesh_local.builtin.generation import ABORTED, Finish, Piece
from tensormesh_local.http.errors import bad_request
from tensormesh_local.http.responses import JsonResponse
from tensormesh_local.tokenizer import UnknownTokenError, decode, encode
from tensormesh_local.wire.event_stream import DONE, EventStream, event
from tensormesh_local.wire.logprobs import TextLogprobs, prompt_logprobs
from tensormesh_local.wire.pace import interleave
from tensormesh_local.wire.requests import (
    Sampling,
    StreamMode,
    cut_prompt,
    read_constraint,
    read_sampling,
    read_stream_mode,
    whole_number,
)
from tensormesh_local.wire.tally import Counts
from tensormesh_local.wire.usage import text_usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from starlette.responses import Response

    from tensormesh_local.builtin.catalog import ServedModel
    from tensormesh_local.builtin.model import BuiltinModel, Run
    from tensormesh_local.engines.base import Call
    from tensormesh_local.wire.pace import Pace

_USUAL_MAX_TOKENS = 16


async def create_completion(
    call: Call, engine: BuiltinModel, model: ServedModel, pace: Pace
) -> Response:
    """Answer a text completion request.

    Raises:
        ApiError: 400, the request makes no sense.
    """
    body = call.body
    prompts = [cut_prompt(prompt, body) for prompt in _read_prompts(body)]
    max_tokens = whole_number(body, "max_tokens")
    echo = bool(body.get("echo"))
    if max_tokens == 0 and not echo:
        raise bad_request("max_tokens must be at least 1 unless echo is true, got 0.", "max_tokens")
    sampling = read_sampling(
        body,
        max(prompts, key=len),
        max_tokens=_USUAL_MAX_TOKENS if max_tokens is None else max_tokens,
        logprobs=whole_number(body, "logprobs"),
    )
    constraint = read_constraint(body)
    suffix = body.get("suffix") or ""
    choices: list[_Choice] = []
    cached = 0
    for prompt in prompts:
        text = decode(prompt)
        cached += engine.use_cache(model, prompt, sampling.cache_salt).cached_tokens
        for index in range(sampling.n):
            run = engine.start(
                model,
                [*prompt, *encode(suffix)],
                lambda rng, text=text: plan_completion(text, constraint, rng),  # type: ignore[misc]
                sampling.limits,
                seed=sampling.seed,
                index=index,
            )
            choices.append(_Choice(len(choices), prompt, run, sampling, text if echo else ""))
    completion = _Completion(
        id=f"cmpl-{call.request_id}",
        created=int(time.time()),
        model_name=model.name,
        fingerprint=engine.fingerprint,
        mode=read_stream_mode(body),
        choices=choices,
        prompt_tokens=sum(map(len, prompts)),
        cached_tokens=cached,
        pace=pace,
    )
    call.tally.counts = completion.counts
    return EventStream(completion.stream()) if completion.mode.stream else await completion.whole()


def _read_prompts(body: Mapping[str, Any]) -> list[list[int]]:
    """Return the tokens of every prompt, in all four forms that ``prompt`` may have."""
    prompt = body["prompt"]
    special = body.get("add_special_tokens", True)
    if isinstance(prompt, str):
        return [encode(prompt, add_special_tokens=special)]
    if isinstance(prompt[0], str):
        if "" in prompt:
            raise bad_request("A prompt must not be empty.", "prompt")
        return [encode(text, add_special_tokens=special) for text in prompt]
    lists: list[list[int]] = prompt if isinstance(prompt[0], list) else [prompt]
    prompts = [list(map(int, ids)) for ids in lists]
    try:
        for ids in prompts:
            decode(ids)
    except UnknownTokenError as error:
        raise bad_request(f"{error}.", "prompt") from error
    return prompts


@dataclass(slots=True)
class _Choice:
    """One choice while it is generated. ``echo`` is the prompt's text if it is to be repeated."""

    index: int
    prompt: list[int]
    run: Run
    sampling: Sampling
    echo: str
    tokens: int = 0
    finish: Finish = ABORTED
    texts: list[str] = field(default_factory=list)
    _token_ids: list[int] = field(default_factory=list)
    _logprobs: TextLogprobs | None = None

    def __post_init__(self) -> None:
        if self.sampling.logprobs is None:
            return
        self._logprobs = TextLogprobs(
            self.run.seed,
            self.sampling.logprobs,
            as_ids=self.sampling.tokens_as_ids,
            first_token_known=bool(self.echo),
        )
        for token_id in self.prompt if self.echo else ():
            self._logprobs.add(token_id, decode([token_id]))

    def count(self, piece: Piece) -> None:
        """Count a piece's token and note what is to be reported of it."""
        if piece.finish:
            self.finish = piece.finish
        if piece.token_id is None:
            return
        self.tokens += 1
        if self._logprobs:
            self._logprobs.add(piece.token_id, piece.text)
        if self.sampling.return_token_ids:
            self._token_ids.append(piece.token_id)

    def take_reports(self) -> tuple[dict[str, Any] | None, list[int] | None]:
        """Return the log probabilities and token ids noted since the last call, if wanted."""
        logprobs = self._logprobs.take() if self._logprobs else None
        token_ids = self._token_ids if self.sampling.return_token_ids else None
        self._token_ids = []
        return logprobs, token_ids

    def prompt_logprobs(self) -> list[dict[str, Any] | None] | None:
        """Return the prompt's log probabilities: asked for, or part of an echo with them."""
        top = self.sampling.prompt_logprobs
        if top is None and self.echo:
            top = self.sampling.logprobs
        return None if top is None else prompt_logprobs(self.run.seed, self.prompt, top)


@dataclass(frozen=True, slots=True)
class _Completion:
    id: str
    created: int
    model_name: str
    fingerprint: str
    mode: StreamMode
    choices: Sequence[_Choice]
    prompt_tokens: int
    cached_tokens: int
    pace: Pace

    async def whole(self) -> JsonResponse:
        """Generate everything, then return it in one answer."""
        async for index, piece in interleave([choice.run.pieces for choice in self.choices]):
            self.choices[index].count(piece)
            self.choices[index].texts.append(piece.text)
        await self.pace.hold(max(choice.tokens for choice in self.choices))
        return JsonResponse(
            {
                **self._head(),
                "choices": [self._choice_body(choice) for choice in self.choices],
                "service_tier": None,
                "system_fingerprint": self.fingerprint,
                "usage": self._usage(whole=True),
                "kv_transfer_params": None,
                "ec_transfer_params": None,
                "metrics": None,
            }
        )

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the events of the answer."""
        mode = self.mode
        begun: set[int] = set()
        pieces = interleave([choice.run.pieces for choice in self.choices], self.pace)
        async for index, piece in pieces:
            choice = self.choices[index]
            choice.count(piece)
            first = index not in begun
            text = choice.echo + piece.text if first else piece.text
            if text or piece.finish:
                begun.add(index)
                yield self._chunk(choice, text, piece.finish, first=first)
        if mode.include_usage:
            yield event(
                {
                    **self._head(),
                    "choices": [],
                    "usage": self._usage(whole=False),
                    "system_fingerprint": self.fingerprint,
                }
            )
        yield DONE

    def counts(self) -> Counts:
        """Return the tokens taken so far."""
        generated = sum(choice.tokens for choice in self.choices)
        return Counts(self.prompt_tokens, self.cached_tokens, generated)

    def _head(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model_name,
        }

    def _choice_body(self, choice: _Choice) -> dict[str, Any]:
        logprobs, token_ids = choice.take_reports()
        return {
            "index": choice.index,
            "text": choice.echo + "".join(choice.texts),
            "logprobs": logprobs,
            "finish_reason": choice.finish.reason,
            "stop_reason": choice.finish.stop_reason,
            "token_ids": token_ids,
            "prompt_logprobs": choice.prompt_logprobs(),
            "prompt_token_ids": choice.prompt if choice.sampling.return_token_ids else None,
            "routed_experts": None,
        }

    def _chunk(self, choice: _Choice, text: str, finish: Finish | None, *, first: bool) -> bytes:
        wants_prompt = first and choice.sampling.return_token_ids
        logprobs, token_ids = choice.take_reports()
        body = {
            "index": choice.index,
            "text": text,
            "logprobs": logprobs,
            "finish_reason": finish.reason if finish else None,
            "stop_reason": finish.stop_reason if finish else None,
            "prompt_token_ids": choice.prompt if wants_prompt else None,
            "token_ids": token_ids,
        }
        chunk: dict[str, Any] = {**self._head(), "choices": [body]}
        if self.mode.continuous_usage:
            chunk["usage"] = text_usage(len(choice.prompt), choice.tokens, None, whole=False)
        elif finish and not self.mode.include_usage:
            chunk["system_fingerprint"] = self.fingerprint
        return event(chunk)

    def _usage(self, *, whole: bool) -> dict[str, Any]:
        tokens = sum(choice.tokens for choice in self.choices)
        return text_usage(self.prompt_tokens, tokens, self.cached_tokens, whole=whole)
