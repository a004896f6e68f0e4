"""What `make demo` shows: a local Tensormesh, and the SDK's main calls against it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tensormesh import Tensormesh
from tensormesh.types import ChatMessage
from tensormesh_local import LocalHost


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show what is being done, and how long it took."""
    print(f"\n== {title}")
    start = time.perf_counter()
    yield
    print(f"   ({(time.perf_counter() - start) * 1000:.0f} ms)")


def main() -> None:
    """Make the calls."""
    with LocalHost(latency_ms=20) as host:
        print("A local Tensormesh is running:")
        print(f"   Serverless  {host.serverless_base_url}")
        print(f"   On-Demand   {host.on_demand_base_url}")
        with Tensormesh(
            inference_api_key=host.api_key,
            serverless_base_url=host.serverless_base_url,
            on_demand_base_url=host.on_demand_base_url,
            on_demand_user_id=host.user_id,
        ) as client:
            show_calls(client)
    print("\nThe local host has stopped. Start your own: python -m tensormesh_local")


def show_calls(client: Tensormesh) -> None:
    """The calls, one after the other."""
    serverless = client.inference.serverless
    on_demand = client.inference.on_demand

    with step("client.inference.serverless.models.list()"):
        models = serverless.models.list()
        model = models.data[0].id
        print(f"   {', '.join(card.id for card in models.data)}")

    with step("serverless.chat.completions.create(...)"):
        completion = serverless.chat.completions.create(
            model=model, messages=[ChatMessage(role="user", content="Say hello.")]
        )
        print(f"   {completion.choices[0].message.content}")
        if completion.usage:
            print(
                f"   {completion.usage.prompt_tokens} prompt tokens, "
                f"{completion.usage.completion_tokens} completion tokens"
            )

    with step("serverless.chat.completions.create(..., stream=True).text_deltas()"):
        stream = serverless.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Count to ten."}], stream=True
        )
        print("   ", end="")
        for text in stream.text_deltas():
            print(text, end="", flush=True)
        print()

    with step("on_demand.chat.completions.create(...), with X-User-Id"):
        served = on_demand.models.list().data[0].id
        completion = on_demand.chat.completions.create(
            model=served, messages=[{"role": "user", "content": "What is 6 * 7?"}]
        )
        print(f"   {served}: {completion.choices[0].message.content}")

    with step("tokenize.create(...) and detokenize.create(...)"):
        text = "Grüße aus Basel, 東京 🌍"
        tokens = serverless.tokenize.create(model=model, prompt=text).tokens
        back = serverless.detokenize.create(model=model, tokens=tokens).prompt
        print(f"   {text} -> {tokens[:6]}... ({len(tokens)} tokens) -> {back}")
        if back != text:
            raise SystemExit("the round trip changed the text")


if __name__ == "__main__":
    main()
