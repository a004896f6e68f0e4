"""A client of the local host that holds every answer against the OpenAPI definitions."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx

from tensormesh_local.app import ON_DEMAND_PREFIX, SERVERLESS_PREFIX
from tensormesh_local.auth import DEFAULT_API_KEY, DEFAULT_USER_ID
from tensormesh_local.specs import load_specs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette
    from starlette.types import Message

    from tensormesh_local.specs import Operation

GET_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}

_PREFIXES = {"serverless": SERVERLESS_PREFIX, "on_demand": ON_DEMAND_PREFIX}


class CheckedClient:
    """Calls operations by their ids; an answer that does not fit its schema fails the test."""

    def __init__(self, app: Starlette, surface: str = "serverless") -> None:
        self._app = app
        self._specs = load_specs()
        self.surface = surface
        operations = self._specs.serverless if surface == "serverless" else self._specs.on_demand
        self._operations = {operation.operation_id: operation for operation in operations}

    def call(
        self,
        operation_id: str,
        body: Any = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> httpx.Response:
        """Send a request with all headers it needs; a header given as None is left out."""
        operation = self._operations[operation_id]
        sent = {
            "Authorization": f"Bearer {DEFAULT_API_KEY}",
            "X-User-Id": DEFAULT_USER_ID,
            "Content-Type": "application/json" if operation.body_validator else None,
            **(headers or {}),
        }
        if body is not None:
            content = json.dumps(body).encode()
        response = self.send(
            operation.method,
            _PREFIXES[self.surface] + operation.path,
            content=content,
            headers={name: value for name, value in sent.items() if value is not None},
        )
        self._check(operation, response)
        return response

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send any request to the application; nothing is checked."""

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                return await http.request(method, path, **options)

        return asyncio.run(exchange())

    async def post(self, path: str, body: Any) -> httpx.Response:
        """Send a request with the default key within a running event loop."""
        headers = {"Authorization": f"Bearer {DEFAULT_API_KEY}"}
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post(path, json=body, headers=headers)

    def chat(self, text: str = "Say hello.", **fields: Any) -> dict[str, Any]:
        """Return the answer to one user message."""
        response = self.call("create_chat_completion", chat_body(text, **fields))
        assert response.status_code == 200, response.text
        return dict(response.json())

    def chat_chunks(self, text: str = "Say hello.", **fields: Any) -> list[dict[str, Any]]:
        """Return the chunks of the streamed answer to one user message."""
        return self.events("create_chat_completion", chat_body(text, stream=True, **fields))

    def events(self, operation_id: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the data of a stream's events, without the end mark."""
        response = self.call(operation_id, body)
        assert response.status_code == 200, response.text
        return event_data(response.text)

    def refusal(self, operation_id: str, body: Any) -> dict[str, Any]:
        """Return the error object of a request that is refused with 400."""
        response = self.call(operation_id, body)
        assert response.status_code == 400, response.text
        return dict(response.json()["error"])

    def _check(self, operation: Operation, response: httpx.Response) -> None:
        media_type = response.headers["Content-Type"].partition(";")[0]
        validator = self._specs.response_validator(operation, response.status_code, media_type)
        assert validator is not None, f"{response.status_code} {media_type} is undefined"
        if media_type == "text/event-stream":
            for data in event_data(response.text):
                validator.validate(data)
        else:
            validator.validate(response.json())


def chat_body(text: str, model: str = "tm-local-chat", **fields: Any) -> dict[str, Any]:
    """Return a chat request with one user message."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def event_data(text: str) -> list[dict[str, Any]]:
    """Return the JSON of every event of a stream, which must end with the end mark."""
    lines = [line for line in text.split("\n") if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def streamed_text(chunks: list[dict[str, Any]], field: str = "content", index: int = 0) -> str:
    """Return the text that a choice's deltas add up to."""
    return "".join(
        choice["delta"].get(field) or ""
        for chunk in chunks
        for choice in chunk["choices"]
        if choice["index"] == index
    )


def finish_reasons(chunks: list[dict[str, Any]]) -> list[str]:
    """Return the finish reasons of a stream, in order."""
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


async def hang_up(app: Starlette, body: dict[str, Any]) -> int:
    """Ask for a chat, and hang up when the answer begins, or at once if it is not streamed.

    Returns the number of chunks sent.
    """
    gone = asyncio.Event()
    if not body.get("stream"):
        gone.set()
    received = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]
    chunks = 0

    async def receive() -> Message:
        if received:
            return received.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal chunks
        if message["type"] == "http.response.body":
            chunks += 1
            gone.set()

    path = "/serverless/v1/chat/completions"
    headers = [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer tm-local-key"),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    async with asyncio.timeout(5):
        await app(scope, receive, send)
    return chunks
