"""Ask a Serverless model, whole and streamed.

Needs TENSORMESH_INFERENCE_API_KEY, and MODEL for the name of a Serverless model.
"""

from __future__ import annotations

import os

from tensormesh import Tensormesh
from tensormesh.types import ChatMessage

MODEL = os.environ.get("MODEL", "openai/gpt-oss-20b")


def main() -> None:
    """Ask twice."""
    with Tensormesh() as client:
        chat = client.inference.serverless.chat.completions
        messages = [
            ChatMessage(role="system", content="You answer in one short sentence."),
            ChatMessage(role="user", content="Say hello."),
        ]
        completion = chat.create(model=MODEL, messages=messages, max_tokens=100)
        print(completion.choices[0].message.content)

        with chat.create(
            model=MODEL,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            for text in stream.text_deltas():
                print(text, end="", flush=True)
            print()
            usage = stream.get_final_completion().usage
            if usage:
                print(f"{usage.total_tokens} tokens in all")


if __name__ == "__main__":
    main()
