"""What `make demo` shows: a local Tensormesh, and the SDK's main calls against it."""

from __future__ import annotations

import os
import secrets
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from tensormesh import Tensormesh
from tensormesh.types import ChatMessage, Money
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
    with LocalHost(latency_ms=20, auto_approve=True) as host:
        print("A local Tensormesh is running:")
        print(f"   Serverless     {host.serverless_base_url}")
        print(f"   On-Demand      {host.on_demand_base_url}")
        print(f"   Control Plane  {host.control_plane_base_url}")
        with Tensormesh(
            inference_api_key=host.api_key,
            serverless_base_url=host.serverless_base_url,
            on_demand_base_url=host.on_demand_base_url,
            on_demand_user_id=host.user_id,
        ) as client:
            show_calls(client)
        show_account(host)
    python = os.path.relpath(sys.executable)
    print(f"\nThe local host has stopped. Start your own: {python} -m tensormesh_local")


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


def show_account(host: LocalHost) -> None:
    """An account: log in, make a key, use it, see what that cost."""
    with step("auth.cli.start(...) and exchange(...): log in as `tm auth login` does"):
        token = log_in(host)
        print(f"   an access token of {len(token)} characters")

    with Tensormesh(
        control_plane_token=token, control_plane_base_url=host.control_plane_base_url
    ) as client:
        account = client.control_plane
        with step("control_plane.users.get_auth_profile()"):
            print(f"   {account.users.get_auth_profile().display_name}")
        with step("control_plane.users.api_keys.create(...), and a chat with the new key"):
            before = account.billing.balance.get()
            key = account.users.api_keys.create(name="demo")
            print(f"   {key!r}")
            ask_with(host, key.secret or "")
        with step("control_plane.billing.balance.get(): what it cost"):
            after = account.billing.balance.get()
            print(f"   {Money.from_decimal(before.to_decimal() - after.to_decimal())}")
        with step("control_plane.billing.transactions.auto_paging_iter()"):
            for transaction in account.billing.transactions.auto_paging_iter():
                print(f"   {transaction.created_at:%Y-%m-%d}  {transaction.amount}")


def log_in(host: LocalHost) -> str:
    """An access token. The host approves by itself what a person would approve in a browser."""
    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    with Tensormesh(control_plane_base_url=host.control_plane_base_url) as client:
        cli = client.control_plane.auth.cli
        login = cli.start(code_challenge=challenge, code_challenge_method="S256")
        tokens = cli.exchange(login_id=login.login_id, code_verifier=verifier)
    return tokens.access_token


def ask_with(host: LocalHost, key: str) -> None:
    """A chat on the Serverless host with a key of one's own."""
    with Tensormesh(inference_api_key=key, serverless_base_url=host.serverless_base_url) as client:
        models = client.inference.serverless
        answer = models.chat.completions.create(
            model=models.models.list().data[0].id,
            messages=[ChatMessage(role="user", content="Say hello.")],
        )
        print(f"   {answer.choices[0].message.content}")


if __name__ == "__main__":
    main()
