"""Format text completions."""

from __future__ import annotations

from typing import Any

from tensormesh_local.generation import Generation, Piece, Run
from tensormesh_local.tokenizer import decode
from tensormesh_local.wire.completion_request import CompletionRequest
from tensormesh_local.wire.formatter import Choice, CompletionFormatter, token_counts
from tensormesh_local.wire.logprobs import TextLogprobs, prompt_logprobs


class TextFormatter(CompletionFormatter["_Choice"]):
    """Formats a text completion.

    Args:
        request_id: Id of the request, which becomes part of the completion's id.
        request: The request.
        generation: What the model generates.
    """

    def __init__(self, request_id: str, request: CompletionRequest, generation: Generation) -> None:
        super().__init__(
            f"cmpl-{request_id}",
            "text_completion",
            generation,
            request.mode,
            [_Choice(index, run, request) for index, run in enumerate(generation.runs)],
        )
        self._request = request
        self._started: set[int] = set()

    def chunk(self, choice: _Choice, piece: Piece) -> bytes | None:
        """Return the chunk for a piece, or None if none of it is visible."""
        first = choice.index not in self._started
        text = choice.echo + piece.text if first else piece.text
        if not text and not piece.finish:
            return None
        self._started.add(choice.index)
        wants_prompt = first and choice.sampling.return_token_ids
        body = {
            "index": choice.index,
            "text": text,
            "logprobs": choice.take_logprobs(),
            "finish_reason": piece.finish and piece.finish.reason,
            "stop_reason": piece.finish and piece.finish.stop_reason,
            "prompt_token_ids": choice.run.prompt if wants_prompt else None,
            "token_ids": choice.take_token_ids(),
        }
        return self.chunk_event(choice, body, finished=piece.finish is not None)

    def usage(self, *, whole: bool) -> dict[str, Any]:
        """Return the usage of all choices."""
        usage = token_counts(self.prompt_tokens, self.generated_tokens)
        details = {"cached_tokens": self.generation.cache.cached_tokens}
        if not whole:
            return {**usage, "prompt_tokens_details": details}
        absent = {"created_cache_tokens": None, "multimodal_tokens": None}
        return {
            **usage,
            "prompt_tokens_details": {**details, **absent},
            "completion_tokens_details": None,
        }

    def choice_usage(self, choice: _Choice) -> dict[str, Any]:
        """Return the usage of a choice in the middle of a stream."""
        return token_counts(len(choice.run.prompt), choice.tokens)


class _Choice(Choice):
    """``echo`` is the text of the prompt if it is to be repeated."""

    def __init__(self, index: int, run: Run, request: CompletionRequest) -> None:
        sampling = request.sampling
        super().__init__(index, run, sampling, reports_token_ids=sampling.return_token_ids)
        self.echo = decode(run.prompt) if request.echo else ""
        self._texts: list[str] = []
        self._logprobs: TextLogprobs | None = None
        if sampling.logprobs is not None:
            self._logprobs = TextLogprobs(sampling.logprobs, as_ids=sampling.tokens_as_ids)
            for position, token_id in enumerate(run.prompt if self.echo else ()):
                # Nothing comes before the first token of a prompt, so it has no probability.
                found = run.prompt_logprobs[position] if position else None
                self._logprobs.add(token_id, decode([token_id]), found)

    def add_logprobs(self, piece: Piece) -> None:
        if self._logprobs is not None and piece.token_id is not None:
            self._logprobs.add(piece.token_id, piece.text, piece.logprobs)

    def take_logprobs(self) -> dict[str, Any] | None:
        """Return the log probabilities since the last call, or None if they are not requested."""
        return self._logprobs.take() if self._logprobs else None

    def collect(self, piece: Piece) -> None:
        self._texts.append(piece.text)

    def body(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "text": self.echo + "".join(self._texts),
            "logprobs": self.take_logprobs(),
            "finish_reason": self.finish.reason,
            "stop_reason": self.finish.stop_reason,
            "token_ids": self.take_token_ids(),
            "prompt_logprobs": self._prompt_logprobs(),
            "prompt_token_ids": self.run.prompt if self.sampling.return_token_ids else None,
            "routed_experts": None,
        }

    def _prompt_logprobs(self) -> list[dict[str, Any] | None] | None:
        """Return the log probabilities of the prompt if requested, also by an echo with them."""
        top = self.sampling.prompt_logprobs
        if top is None and self.echo:
            top = self.sampling.logprobs
        return None if top is None else prompt_logprobs(self.run.prompt_logprobs, top)
