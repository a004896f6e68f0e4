"""A program that uses only the installed distribution. `make smoke` and a test run it."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import tensormesh
from tensormesh import AsyncTensormesh, Tensormesh
from tensormesh.types import ChatMessage

HEAD = {"id": "chatcmpl-1", "created": 1, "model": "m"}
WHOLE = {
    **HEAD,
    "object": "chat.completion",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello!"}}
    ],
}


class Handler(BaseHTTPRequestHandler):
    """Return the same chat completion for every POST, streamed if asked for."""

    def do_POST(self) -> None:
        """Send the response."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = stream() if request.get("stream") else json.dumps(WHOLE).encode()
        kind = "text/event-stream" if request.get("stream") else "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def stream() -> bytes:
    """Return the completion as a stream of two chunks."""
    chunks = [
        {**HEAD, "object": "chat.completion.chunk", "choices": [choice]}
        for choice in (
            {"index": 0, "delta": {"role": "assistant", "content": "Hel"}},
            {"index": 0, "delta": {"content": "lo!"}, "finish_reason": "stop"},
        )
    ]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


async def ask_async(url: str) -> str | None:
    """Return the response to the async client."""
    async with AsyncTensormesh(inference_api_key="key", serverless_base_url=url) as client:
        completion = await client.inference.serverless.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Say hello."}]
        )
        return completion.choices[0].message.content


def main() -> None:
    """Make the calls and print the responses."""
    assert Path(tensormesh.__file__).is_relative_to(sys.prefix)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with Tensormesh(inference_api_key="key", serverless_base_url=url) as client:
        chat = client.inference.serverless.chat.completions
        messages = [ChatMessage(role="user", content="Say hello.")]
        print(chat.create(model="m", messages=messages).choices[0].message.content)
        print("".join(chat.create(model="m", messages=messages, stream=True).text_deltas()))
    print(asyncio.run(ask_async(url)))
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
