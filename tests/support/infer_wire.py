"""A wire in the place of the network, for tests of `tm infer`."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tensormesh import Tensormesh
from tensormesh_cli._app import App

KEY = "ak-test-key"
USER = "00000000-0000-4000-8000-000000000001"
HELLO = '[{"role":"user","content":"Hi"}]'
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Grüße", "reasoning": None},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
    "new_key": [1, {"b": None}],
}


class Wire:
    """Answers every request in the same way, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.content = json.dumps(COMPLETION, ensure_ascii=False).encode()
        self.status = 200
        self.failure: Exception | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        kind = "text/event-stream" if self.content.startswith(b"data:") else "application/json"
        return httpx.Response(self.status, content=self.content, headers={"content-type": kind})

    def stream(self, *events: Mapping[str, Any]) -> None:
        lines = [f"data: {json.dumps(event)}\n\n" for event in events]
        self.content = "".join([*lines, "data: [DONE]\n\n"]).encode()

    @property
    def body(self) -> dict[str, Any]:
        (request,) = self.requests
        body: dict[str, Any] = json.loads(request.content)
        return body


def make_wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Wire:
    """A wire in the place of the network, and a home without settings."""
    wire = Wire()
    transport = httpx.MockTransport(wire.answer)

    def client(
        self: App,
        surface: str,
        *,
        api_key: str | None = None,
        user_id: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
    ) -> Tensormesh:
        given = {"api_key": api_key, "user_id": user_id, "base_url": base_url, "timeout": timeout}
        wire.calls.append((surface, {k: v for k, v in given.items() if v is not None}))
        return Tensormesh(
            inference_api_key=api_key or KEY,
            on_demand_user_id=user_id or USER,
            on_demand_base_url="https://on-demand.test",
            serverless_base_url="https://serverless.test",
            timeout_seconds=self.settings.timeout_seconds,
            http_client=httpx.Client(transport=transport),
        )

    for name in ("TENSORMESH_TIMEOUT_SECONDS", "TENSORMESH_INFERENCE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TM_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(App, "inference_client", client)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    return wire


def chunk(content: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}
