"""Let a model call a function, and answer with its result.

Needs TENSORMESH_INFERENCE_API_KEY, and MODEL for the name of a Serverless model.
"""

from __future__ import annotations

import json
import os

from tensormesh import Tensormesh
from tensormesh.types import ChatCompletionFunction, ChatCompletionTool, ChatMessage

MODEL = os.environ.get("MODEL", "openai/gpt-oss-20b")

LOOKUP_WEATHER = ChatCompletionTool(
    function=ChatCompletionFunction(
        name="lookup_weather",
        description="Look up the present weather of a city.",
        parameters={
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    )
)


def lookup_weather(city: str) -> dict[str, object]:
    """A stand-in for a weather service."""
    return {"city": city, "celsius": 21, "sky": "clear"}


def main() -> None:
    """Ask, run what the model calls, and ask again with the results."""
    messages = [ChatMessage(role="user", content="What is the weather in Hanoi?")]
    with Tensormesh() as client:
        chat = client.inference.serverless.chat.completions
        answer = chat.create(model=MODEL, messages=messages, tools=[LOOKUP_WEATHER])
        message = answer.choices[0].message
        messages.append(
            ChatMessage(role="assistant", content=message.content, tool_calls=message.tool_calls)
        )
        for call in message.tool_calls or ():
            result = lookup_weather(**json.loads(call.function.arguments))
            print(f"{call.function.name}({call.function.arguments}) -> {result}")
            messages.append(
                ChatMessage(role="tool", tool_call_id=call.id, content=json.dumps(result))
            )
        answer = chat.create(model=MODEL, messages=messages, tools=[LOOKUP_WEATHER])
        print(answer.choices[0].message.content)


if __name__ == "__main__":
    main()
