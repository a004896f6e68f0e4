"""One choice of a chat completion while it is generated."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tensormesh_local.builtin.generation import ABORTED, Finish, Kind, Piece
from tensormesh_local.wire.logprobs import chat_entry

if TYPE_CHECKING:
    from tensormesh_local.builtin.model import Run
    from tensormesh_local.wire.chat_request import ChatRequest


def new_call_id() -> str:
    """Return a fresh id for a tool call."""
    return f"chatcmpl-tool-{secrets.token_hex(8)}"


@dataclass(slots=True)
class Choice:
    """Counts and reports a choice's tokens, and gives its text whole or in deltas."""

    index: int
    run: Run
    request: ChatRequest
    tokens: int = 0
    reasoning_tokens: int = 0
    finish: Finish = ABORTED
    _content: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _calls: list[tuple[str, list[str]]] = field(default_factory=list)
    _token_ids: list[int] = field(default_factory=list)
    _logprobs: list[dict[str, Any]] = field(default_factory=list)

    def count(self, piece: Piece) -> None:
        """Count a piece's token, and note it where the request wants tokens reported."""
        token_id = piece.token_id
        if token_id is None:
            return
        sampling = self.request.sampling
        if sampling.logprobs is not None:
            self._logprobs.append(
                chat_entry(
                    self.run.seed,
                    self.tokens,
                    token_id,
                    sampling.logprobs,
                    as_id=sampling.tokens_as_ids,
                )
            )
        if self._reports_ids:
            self._token_ids.append(token_id)
        self.tokens += 1
        if piece.kind is Kind.REASONING:
            self.reasoning_tokens += 1

    def take_reports(self) -> tuple[dict[str, Any] | None, list[int] | None]:
        """Return the log probabilities and token ids noted since the last call, if wanted."""
        logprobs = (
            {"content": self._logprobs} if self.request.sampling.logprobs is not None else None
        )
        token_ids = self._token_ids if self._reports_ids else None
        self._logprobs, self._token_ids = [], []
        return logprobs, token_ids

    def delta(self, piece: Piece) -> dict[str, Any] | None:
        """Return the delta that shows a piece in a stream, None if nothing of it shows."""
        match piece.kind:
            case Kind.CONTENT if piece.text:
                return {"content": piece.text}
            case Kind.REASONING if piece.text and self.request.show_reasoning:
                return {"reasoning": piece.text}
            case Kind.CALL if piece.call:
                self._calls.append((piece.call.name, []))
                return self._call_delta(
                    {"name": piece.call.name}, id=new_call_id(), type="function"
                )
            case Kind.ARGUMENTS if piece.text:
                return self._call_delta({"arguments": piece.text})
        return {} if piece.finish else None

    def collect(self, piece: Piece) -> None:
        """Keep what a piece shows, for :meth:`body`."""
        match piece.kind:
            case Kind.CONTENT:
                self._content.append(piece.text)
            case Kind.REASONING:
                self._reasoning.append(piece.text)
            case Kind.CALL if piece.call:
                self._calls.append((piece.call.name, []))
            case Kind.ARGUMENTS:
                self._calls[-1][1].append(piece.text)
        if piece.finish:
            self.finish = piece.finish

    def body(self) -> dict[str, Any]:
        """Return the whole choice."""
        logprobs, token_ids = self.take_reports()
        return {
            "index": self.index,
            "message": self._message(),
            "logprobs": logprobs,
            "finish_reason": self.finish.reason,
            "stop_reason": self.finish.stop_reason,
            "token_ids": token_ids,
            "routed_experts": None,
        }

    @property
    def _reports_ids(self) -> bool:
        return self.request.sampling.return_token_ids and self.request.show_reasoning

    def _message(self) -> dict[str, Any]:
        content: str | None = "".join(self._content)
        if self._calls and self.request.task.tool_choice.mode == "auto":
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
        shown = "".join(self._reasoning) if self.request.show_reasoning else ""
        message["reasoning"] = shown or None
        return message

    def _call_delta(self, function: dict[str, str], **identity: str) -> dict[str, Any]:
        call = {**identity, "index": len(self._calls) - 1, "function": function}
        return {"content": None, "tool_calls": [call]}
