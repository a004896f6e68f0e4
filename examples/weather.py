"""A weather assistant with two functions that the model calls by itself.

Needs TENSORMESH_INFERENCE_API_KEY, and MODEL for the name of a Serverless model.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Literal

from tensormesh import Tensormesh, ToolCall, tool
from tensormesh.tools import CallFinished, TextDelta

MODEL = os.environ.get("MODEL", "openai/gpt-oss-20b")


@dataclass
class Weather:
    """A stand-in for what a weather service tells."""

    city: str
    degrees: float
    sky: str


@tool
def current_weather(
    city: Annotated[str, "Name of the city, in English."],
    unit: Literal["celsius", "fahrenheit"] = "celsius",
) -> Weather:
    """Look up the present weather of a city."""
    return Weather(city, 21.0 if unit == "celsius" else 69.8, "clear")


@tool
def rain_forecast(city: str, days: int = 3) -> dict[str, list[int]]:
    """Tell the chance of rain in a city, in percent, for each of the next days."""
    if not 1 <= days <= 7:
        raise ValueError("days must be 1 to 7")
    return {city: [10 * day for day in range(1, days + 1)]}


def approve(call: ToolCall) -> bool | str:
    """Look at a call before it is made. A tool that changes things would ask a person here."""
    return call.index < 3 or "three calls at once are enough"


def main() -> None:
    """Ask two questions: one for a result, one for events as they come."""
    with Tensormesh() as client:
        chat = client.inference.serverless.chat.completions
        result = chat.run(
            model=MODEL,
            messages=[{"role": "user", "content": "What is the current weather in Hanoi?"}],
            tools=[current_weather, rain_forecast],
            approve=approve,
            max_rounds=5,
            max_seconds=120,
        )
        for call in result.calls:
            print(f"{call.name}({call.text}) -> {call.content}")
        print(result.text)
        print(
            f"{result.rounds} rounds, {result.usage.total_tokens if result.usage else '?'} tokens"
        )

        question = {"role": "user", "content": "Give me the rain forecast for Oslo, please."}
        with chat.run(
            model=MODEL,
            messages=[*result.messages, question],
            tools=[current_weather, rain_forecast],
            stream=True,
        ) as run:
            for event in run:
                if isinstance(event, TextDelta):
                    print(event.text, end="", flush=True)
                elif isinstance(event, CallFinished):
                    print(f"{event.call.name} -> {event.call.content}")
        print()


if __name__ == "__main__":
    main()
