"""Small answers of a server, and calls of every method."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
from support.sdk_faces import answer, events

MESSAGES = [{"role": "user", "content": "Say hello."}]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello."},
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}
COMPLETION: dict[str, Any] = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "text": "ok", "finish_reason": "stop"}],
    "usage": USAGE,
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
        }
    ],
}
TOKENS: dict[str, Any] = {"count": 2, "max_model_len": 8, "tokens": [1, 2], "token_strs": None}
PROMPT: dict[str, Any] = {"prompt": "Hello!"}
MODELS: dict[str, Any] = {"object": "list", "data": [{"id": "m", "object": "model"}]}


def as_json(value: Any, **options: Any) -> httpx.Response:
    """A good answer with this JSON."""
    return answer(json.dumps(value).encode(), **options)


def sse(*values: Any, done: bool = True) -> bytes:
    """The bytes of a stream of these events, and of the end mark."""
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    if done:
        texts.append("[DONE]")
    return b"".join(b"data: " + text.encode() + b"\n\n" for text in texts)


def stream_of(*values: Any, done: bool = True, **options: Any) -> httpx.Response:
    """A stream of these events in one piece."""
    return events(sse(*values, done=done), **options)


def chunk(content: str | None = None, **parts: Any) -> dict[str, Any]:
    """A chat chunk with some text, or with other parts of a delta, a choice or a chunk."""
    delta: dict[str, Any] = {} if content is None else {"content": content}
    choice: dict[str, Any] = {"index": parts.pop("index", 0), "delta": delta}
    for name in ("role", "reasoning", "reasoning_content", "tool_calls", "refusal"):
        if name in parts:
            delta[name] = parts.pop(name)
    for name in ("finish_reason", "stop_reason", "logprobs", "token_ids"):
        if name in parts:
            choice[name] = parts.pop(name)
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**base, "choices": [choice], **parts}


def text_chunk(text: str, **parts: Any) -> dict[str, Any]:
    """A chunk of a text completion."""
    base = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    choice = {"index": parts.pop("index", 0), "text": text}
    for name in ("finish_reason", "logprobs", "token_ids"):
        if name in parts:
            choice[name] = parts.pop(name)
    return {**base, "choices": [choice], **parts}


class Method(NamedTuple):
    """One public method: where it stands, what it is called with, and what it sends and gets."""

    path: str
    arguments: dict[str, Any]
    verb: str
    route: str
    answer: Any
    type: str

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def of(self, host: Any, variant: str | None = None) -> Callable[..., Any]:
        """The bound method of a host, or its twin in `with_raw_response` and the like."""
        *namespaces, name = self.path.split(".")
        found = host
        for namespace in namespaces:
            found = getattr(found, namespace)
        if variant is not None:
            found = getattr(found, variant)
        method: Callable[..., Any] = getattr(found, name)
        return method


CHAT_CREATE = Method(
    "chat.completions.create",
    {"model": "m", "messages": MESSAGES},
    "POST",
    "/v1/chat/completions",
    CHAT,
    "ChatCompletion",
)
COMPLETIONS_CREATE = Method(
    "completions.create",
    {"model": "m", "prompt": "Reply with ok."},
    "POST",
    "/v1/completions",
    COMPLETION,
    "TextCompletion",
)
RESPONSES_CREATE = Method(
    "responses.create",
    {"model": "m", "input": "Say hello."},
    "POST",
    "/v1/responses",
    RESPONSE,
    "Response",
)
METHODS = [
    CHAT_CREATE,
    COMPLETIONS_CREATE,
    RESPONSES_CREATE,
    Method(
        "tokenize.create",
        {"model": "m", "prompt": "Hello!"},
        "POST",
        "/tokenize",
        TOKENS,
        "TokenizeResponse",
    ),
    Method(
        "detokenize.create",
        {"model": "m", "tokens": [1, 2]},
        "POST",
        "/detokenize",
        PROMPT,
        "DetokenizeResponse",
    ),
    Method("models.list", {}, "GET", "/v1/models", MODELS, "ModelList"),
    Method("health.get", {}, "GET", "/health", {"status": "ok"}, "HealthResponse"),
    Method("version.get", {}, "GET", "/version", {"version": "1.2"}, "VersionResponse"),
]
POSTS = [method for method in METHODS if method.verb == "POST"]
GETS = [method for method in METHODS if method.verb == "GET"]
MODELS_LIST = GETS[0]
