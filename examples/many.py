"""Ask many questions at once with the asynchronous client.

Needs TENSORMESH_INFERENCE_API_KEY, and MODEL for the name of a Serverless model.
"""

from __future__ import annotations

import asyncio
import os

from tensormesh import APIStatusError, AsyncTensormesh

MODEL = os.environ.get("MODEL", "openai/gpt-oss-20b")
AT_ONCE = 8


async def ask(client: AsyncTensormesh, question: str, slots: asyncio.Semaphore) -> str:
    """One answer, or the reason why there is none."""
    async with slots:
        try:
            completion = await client.inference.serverless.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": question}], max_tokens=50
            )
        except APIStatusError as error:
            return f"failed: {error}"
        return completion.choices[0].message.content or ""


async def main() -> None:
    """Ask all, a few at a time."""
    questions = [f"What is {n} * {n}?" for n in range(2, 22)]
    slots = asyncio.Semaphore(AT_ONCE)
    async with AsyncTensormesh() as client:
        answers = await asyncio.gather(*(ask(client, q, slots) for q in questions))
    for question, answer in zip(questions, answers, strict=True):
        print(f"{question} {answer}")


if __name__ == "__main__":
    asyncio.run(main())
