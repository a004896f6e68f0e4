"""What the server answers: fixed bytes, in the shape of a vLLM server's."""

from __future__ import annotations

import json
from functools import cache
from itertools import cycle
from typing import Any

MODEL = "openai/gpt-oss-20b"
PACKED_BYTES = 16 * 1024
PAGE_SIZE = 1000
_WORDS = (" the", " quick", " brown", " fox", " jumps", ",", " over", " a", " lazy", " dog", ".")
_ID = "chatcmpl-7c1d0f3e9b5a4d62"
_CREATED = 1_795_253_566


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chat(content: str) -> bytes:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": content,
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": [],
        "reasoning": None,
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "stop",
        "stop_reason": None,
        "token_ids": None,
    }
    return _json(
        {
            "id": _ID,
            "object": "chat.completion",
            "created": _CREATED,
            "model": MODEL,
            "choices": [choice],
            "service_tier": None,
            "system_fingerprint": "vllm-0.32.0-31d59e6f",
            "usage": {
                "prompt_tokens": 16,
                "total_tokens": 29,
                "completion_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
            "prompt_logprobs": None,
            "prompt_token_ids": None,
            "kv_transfer_params": None,
        }
    )


CHAT = _chat("Hello! How can I help you today?")

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
"""As the text of an answer, 2 KB of JSON."""
INVOICE_CHAT = _chat(json.dumps(INVOICE))


def _event(delta: dict[str, str], finish_reason: str | None, choice: dict[str, object]) -> bytes:
    chunk = {
        "id": _ID,
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "delta": delta,
                "logprobs": None,
                "finish_reason": finish_reason,
                "token_ids": None,
                **choice,
            }
        ],
        "system_fingerprint": "vllm-0.32.0-31d59e6f",
    }
    return b"data: " + _json(chunk) + b"\n\n"


@cache
def _events(count: int) -> list[bytes]:
    """A stream of `count` chunks and the end mark."""
    words = cycle(_WORDS)
    middle = [_event({"content": next(words)}, None, {}) for _ in range(count - 2)]
    first = _event({"role": "assistant", "content": ""}, None, {})
    last = _event({}, "stop", {"stop_reason": None})
    return [first, *middle, last, b"data: [DONE]\n\n"]


@cache
def frames(count: int) -> list[bytes]:
    """The body of a stream in HTTP chunks, one an event."""
    return [*map(_framed, _events(count)), b"0\r\n\r\n"]


def _framed(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


@cache
def stream(layout: str, count: int) -> bytes:
    """The body of a stream, framed in HTTP chunks.

    Args:
        layout: `each` has one HTTP chunk an event, `packed` has chunks of 16 KiB cut anywhere.
        count: How many events, 2 or more, without the end mark.
    """
    if layout == "each":
        return b"".join(frames(count))
    body = b"".join(_events(count))
    pieces = [body[at : at + PACKED_BYTES] for at in range(0, len(body), PACKED_BYTES)]
    return b"".join(map(_framed, pieces)) + b"0\r\n\r\n"


def page(number: int, count: int) -> bytes:
    """One of `count` pages of transactions, counted from 0."""
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
