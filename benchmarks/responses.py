"""Bodies of the benchmark server's responses, shaped like those of a vLLM server."""

from __future__ import annotations

import json
from functools import cache
from itertools import cycle
from typing import Any

from .protocol import LAST_CHUNK, chunked

MODEL = "openai/gpt-oss-20b"
PACKED_BYTES = 16 * 1024
PAGE_SIZE = 1000
_WORDS = (" the", " quick", " brown", " fox", " jumps", ",", " over", " a", " lazy", " dog", ".")
_ID = "chatcmpl-7c1d0f3e9b5a4d62"
_CREATED = 1_795_253_566
_FINGERPRINT = "vllm-0.32.0-31d59e6f"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_CHAT = (
    f'{{"id":"{_ID}","object":"chat.completion","created":{_CREATED},"model":"{MODEL}",'
    '"choices":[{"index":0,"message":{"role":"assistant","content":CONTENT,"refusal":null,'
    '"annotations":null,"audio":null,"function_call":null,"tool_calls":[],"reasoning":null},'
    '"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}],'
    f'"service_tier":null,"system_fingerprint":"{_FINGERPRINT}",'
    '"usage":{"prompt_tokens":16,"total_tokens":29,"completion_tokens":13,'
    '"prompt_tokens_details":{"cached_tokens":0}},'
    '"prompt_logprobs":null,"prompt_token_ids":null,"kv_transfer_params":null}'
)


def _chat(content: str) -> bytes:
    return _CHAT.replace("CONTENT", json.dumps(content)).encode()


CHAT = _chat("Hello! How can I help you today?")

# 2 KB as JSON text.
INVOICE: dict[str, Any] = {
    "number": "2026-0117",
    "seller": {"name": "Blue Heron Paper", "city": "Hanoi", "vat_id": "VN0312345678"},
    "lines": [
        {
            "item": f"Copy paper A4, {number} sheets, recycled, unbleached",
            "quantity": number,
            "price": 12.5,
            "tags": ["office", "paper"],
        }
        for number in range(100, 116)
    ],
    "total": 21_500.0,
}
INVOICE_CHAT = _chat(json.dumps(INVOICE))


def _event(delta: dict[str, str], finish_reason: str | None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    chunk = {
        "id": _ID,
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": MODEL,
        "choices": [{**choice, "token_ids": None, **more}],
        "system_fingerprint": _FINGERPRINT,
    }
    return b"data: " + _json(chunk) + b"\n\n"


@cache
def _events(count: int) -> list[bytes]:
    """Return a stream of `count` chunks, and `[DONE]`."""
    words = cycle(_WORDS)
    middle = [_event({"content": next(words)}, None) for _ in range(count - 2)]
    first = _event({"role": "assistant", "content": ""}, None)
    last = _event({}, "stop", stop_reason=None)
    return [first, *middle, last, b"data: [DONE]\n\n"]


@cache
def frames(count: int) -> list[bytes]:
    """Return the body of a stream, with one HTTP chunk per event."""
    return [*map(chunked, _events(count)), LAST_CHUNK]


@cache
def stream(layout: str, count: int) -> bytes:
    """Return the body of a stream in HTTP chunks.

    Args:
        layout: `each` for one HTTP chunk per event, `packed` for chunks of 16 KiB.
        count: Number of events without `[DONE]`; at least 2.
    """
    if layout == "each":
        return b"".join(frames(count))
    body = b"".join(_events(count))
    pieces = [body[at : at + PACKED_BYTES] for at in range(0, len(body), PACKED_BYTES)]
    return b"".join(map(chunked, pieces)) + LAST_CHUNK


def page(number: int, count: int) -> bytes:
    """Return one of `count` pages of transactions, numbered from 0."""
    following = str(number + 1) if number + 1 < count else ""
    return _entries() + _json({"nextPageToken": following})[1:]


@cache
def _entries() -> bytes:
    entries = [_transaction(number) for number in range(PAGE_SIZE)]
    return _json({"transactions": entries})[:-1] + b","


def _transaction(number: int) -> dict[str, object]:
    return {
        "transactionId": f"tx_{number:08d}",
        "stripePaymentIntentId": "",
        "paymentMethodId": "",
        "createdAt": f"2026-05-{number % 28 + 1:02d}T15:36:30Z",
        "amount": {"currencyCode": "USD", "units": str(number % 90), "nanos": 250_000_000},
        "description": "GPU hours of heron-chat",
        "status": "TRANSACTION_STATUS_SUCCEEDED",
        "type": "TRANSACTION_TYPE_GPU_USAGE",
    }
