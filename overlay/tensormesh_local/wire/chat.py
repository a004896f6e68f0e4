"""Format chat completions."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Final

from tensormesh_local.generation import Generation, Kind, Piece, Run
from tensormesh_local.http.responses import dump
from tensormesh_local.wire.chat_request import ChatRequest
from tensormesh_local.wire.event_stream import event
from tensormesh_local.wire.formatter import Choice, CompletionFormatter, token_counts
from tensormesh_local.wire.logprobs import chat_entry, prompt_logprobs

_PLAIN_TAIL: Final = b'},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n'


def new_call_id() -> str:
    """Return a fresh id for a tool call."""
    return f"chatcmpl-tool-{secrets.token_hex(8)}"


class ChatFormatter(CompletionFormatter["_Choice"]):
    """Formats a chat completion.

    Args:
        request_id: Id of the request, which becomes part of the completion's id.
        request: The request.
        generation: What the model generates.
    """

    def __init__(self, request_id: str, request: ChatRequest, generation: Generation) -> None:
        super().__init__(
            f"chatcmpl-{request_id}",
            "chat.completion.chunk",
            generation,
            request.mode,
            [_Choice(index, run, request) for index, run in enumerate(generation.runs)],
        )
        self._request = request
        self.silent_chunks = len(self.choices)
        # Most chunks are a piece of content and nothing else: they are assembled from bytes.
        self._plain = not (
            request.mode.continuous_usage
            or request.sampling.return_token_ids
            or request.sampling.logprobs is not None
        )
        self._plain_heads = [self._plain_head(choice.index) for choice in self.choices]

    def whole_fields(self) -> dict[str, Any]:
        """Return fields that only the non-streamed body has."""
        sampling = self._request.sampling
        listed = statistics = None
        if sampling.prompt_logprobs is not None:
            run = self.choices[0].run
            listed = prompt_logprobs(run.prompt_logprobs, sampling.prompt_logprobs)
        if self.generation.model.reports_cache_statistics:
            cached = self.generation.cache.cached_tokens
            counts = {"num_vllm_cached_tokens": cached, "num_lmcache_cached_tokens": 0}
            statistics = {"cached_token_stats": counts}
        return {
            "object": "chat.completion",
            "prompt_logprobs": listed,
            "prompt_token_ids": self._request.prompt if sampling.return_token_ids else None,
            "prompt_text": None,
            "kv_transfer_params": statistics,
        }

    def first_chunks(self) -> Iterator[bytes]:
        """Yield a chunk for each choice that opens its message."""
        for choice in self.choices:
            first = {
                "index": choice.index,
                "delta": {"role": "assistant", "content": ""},
                "logprobs": None,
                "finish_reason": None,
            }
            chunk: dict[str, Any] = {**self.head, "choices": [first]}
            if self.mode.continuous_usage:
                chunk["usage"] = self.choice_usage(choice)
            wants_ids = self._request.sampling.return_token_ids
            chunk["prompt_token_ids"] = self._request.prompt if wants_ids else None
            chunk["prompt_text"] = None
            yield event(chunk)

    def chunk(self, choice: _Choice, piece: Piece) -> bytes | None:
        """Return the chunk for a piece, or None if none of it is visible."""
        if self._plain and piece.kind is Kind.CONTENT and piece.text and not piece.finish:
            return self._plain_heads[choice.index] + dump(piece.text) + _PLAIN_TAIL
        delta = choice.delta(piece)
        if delta is None:
            return None
        body: dict[str, Any] = {
            "index": choice.index,
            "delta": delta,
            "logprobs": choice.take_logprobs(),
            "finish_reason": piece.finish and piece.finish.reason,
        }
        if piece.finish:
            body["stop_reason"] = piece.finish.stop_reason
        body["token_ids"] = choice.take_token_ids()
        return self.chunk_event(choice, body, finished=piece.finish is not None)

    def usage(self, *, whole: bool) -> dict[str, Any]:
        """Return the usage of all choices."""
        cache = self.generation.cache
        details: dict[str, Any] = {
            "cached_tokens": cache.cached_tokens,
            "created_cache_tokens": cache.created_tokens,
        }
        if whole:
            details["multimodal_tokens"] = None
        return {
            **token_counts(self.prompt_tokens, self.generated_tokens),
            "prompt_tokens_details": details,
            "completion_tokens_details": {
                "reasoning_tokens": sum(choice.reasoning_tokens for choice in self.choices)
            },
        }

    def choice_usage(self, choice: _Choice) -> dict[str, Any]:
        """Return the usage of a choice in the middle of a stream."""
        reasoning = {"reasoning_tokens": choice.reasoning_tokens}
        counts = token_counts(self.prompt_tokens, choice.tokens)
        return {**counts, "completion_tokens_details": reasoning}

    def _plain_head(self, index: int) -> bytes:
        """Return the bytes of a chunk up to the value of its delta's content."""
        chunk = event({**self.head, "choices": [{"index": index, "delta": {"content": 0}}]})
        return chunk.removesuffix(b"0}}]}\n\n")


class _Choice(Choice):
    def __init__(self, index: int, run: Run, request: ChatRequest) -> None:
        reports_token_ids = request.sampling.return_token_ids and request.show_reasoning
        super().__init__(index, run, request.sampling, reports_token_ids=reports_token_ids)
        self.reasoning_tokens = 0
        self._request = request
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[tuple[str, list[str]]] = []
        self._logprobs: list[dict[str, Any]] = []

    def count(self, piece: Piece) -> None:
        super().count(piece)
        if piece.kind is Kind.REASONING and piece.token_id is not None:
            self.reasoning_tokens += 1

    def add_logprobs(self, piece: Piece) -> None:
        top, as_id = self.sampling.logprobs or 0, self.sampling.tokens_as_ids
        if piece.token_id is not None and piece.logprobs is not None:
            self._logprobs.append(chat_entry(piece.token_id, piece.logprobs, top, as_id=as_id))

    def take_logprobs(self) -> dict[str, Any] | None:
        """Return the log probabilities since the last call, or None if they are not requested."""
        if self.sampling.logprobs is None:
            return None
        taken, self._logprobs = self._logprobs, []
        return {"content": taken}

    def delta(self, piece: Piece) -> dict[str, Any] | None:
        """Return the delta for a piece, or None if none of it is visible."""
        match piece.kind:
            case Kind.CONTENT if piece.text:
                return {"content": piece.text}
            case Kind.REASONING if piece.text and self._request.show_reasoning:
                return {"reasoning": piece.text}
            case Kind.CALL if piece.call:
                self._calls.append((piece.call.name, []))
                function = {"name": piece.call.name}
                return self._call_delta(function, id=new_call_id(), type="function")
            case Kind.ARGUMENTS if piece.text:
                return self._call_delta({"arguments": piece.text})
        return {} if piece.finish else None

    def _call_delta(self, function: dict[str, str], **identity: str) -> dict[str, Any]:
        call = {**identity, "index": len(self._calls) - 1, "function": function}
        return {"content": None, "tool_calls": [call]}

    def collect(self, piece: Piece) -> None:
        match piece.kind:
            case Kind.CONTENT:
                self._content.append(piece.text)
            case Kind.REASONING:
                self._reasoning.append(piece.text)
            case Kind.CALL if piece.call:
                self._calls.append((piece.call.name, []))
            case Kind.ARGUMENTS:
                self._calls[-1][1].append(piece.text)

    def body(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "message": self._message(),
            "logprobs": self.take_logprobs(),
            "finish_reason": self.finish.reason,
            "stop_reason": self.finish.stop_reason,
            "token_ids": self.take_token_ids(),
            "routed_experts": None,
        }

    def _message(self) -> dict[str, Any]:
        content: str | None = "".join(self._content)
        if self._calls and self._request.task.tool_choice.mode == "auto":
            content = content or None
        message: dict[str, Any] = {
            "role": "assistant",
            "content": content,
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
        }
        if self._calls:
            message["tool_calls"] = [
                {
                    "id": new_call_id(),
                    "type": "function",
                    "function": {"name": name, "arguments": "".join(arguments)},
                }
                for name, arguments in self._calls
            ]
        shown = "".join(self._reasoning) if self._request.show_reasoning else ""
        message["reasoning"] = shown or None
        return message
