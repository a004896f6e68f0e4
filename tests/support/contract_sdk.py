"""What the tests of the SDK against a real HTTP host share."""

from __future__ import annotations

from typing import Any

from tensormesh import AsyncTensormesh, Tensormesh
from tensormesh._inference import AsyncInferenceHost, InferenceHost
from tensormesh_local import LocalHost

Message = dict[str, Any]

# The small model under tests/models was trained on this tool, word for word.
WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
UNICODE_TEXTS = [
    "",
    "Say hello.",
    "Grüße aus Basel",
    "東京で🌍を見る",
    "a\u0000b\r\n\t\u202e",
    "🏳️‍🌈",
]


def client_settings(host: LocalHost) -> dict[str, Any]:
    """Constructor arguments of a client of a local host."""
    return {
        "inference_api_key": host.api_key,
        "serverless_base_url": host.serverless_base_url,
        "on_demand_base_url": host.on_demand_base_url,
        "on_demand_user_id": host.user_id,
    }


def surface(client: Tensormesh, name: str) -> InferenceHost:
    """The namespaces of `serverless` or `on_demand`."""
    inference = client.inference
    return inference.serverless if name == "serverless" else inference.on_demand


def async_surface(client: AsyncTensormesh, name: str) -> AsyncInferenceHost:
    """The namespaces of `serverless` or `on_demand`."""
    inference = client.inference
    return inference.serverless if name == "serverless" else inference.on_demand


def ask(text: str) -> list[Message]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]
