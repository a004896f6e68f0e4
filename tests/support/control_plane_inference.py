"""Inference that is metered, and what the Control Plane tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.checked_client import chat_body
from support.control_plane_ledger import nanos

if TYPE_CHECKING:
    import httpx
    from starlette.applications import Starlette
    from support.control_plane_host import Client, Host

MODEL = "tm-local-chat"
RATES = {"input": 100, "output": 400}
"""Nanos per token."""


def ask(host: Host, key: str, app: Starlette | None = None, **fields: Any) -> httpx.Response:
    """Ask Serverless a question; ``app`` is asked in place of the host's own."""
    body = chat_body("Tell me about herons and other birds that fish.", **fields)
    headers = {"Authorization": f"Bearer {key}"}
    path = "/serverless/v1/chat/completions"
    if app is None:
        return host.send("POST", path, json=body, headers=headers)
    original, host.app = host.app, app
    try:
        return host.send("POST", path, json=body, headers=headers)
    finally:
        host.app = original


def spend_by_model(user: Client) -> list[dict[str, Any]]:
    """Return the models of the user's one transaction."""
    (transaction,) = user.ok("list_billing_transactions")["transactions"]
    assert transaction["type"] == "TRANSACTION_TYPE_SERVERLESS_USAGE"
    assert -nanos(transaction["amount"]) == nanos(user.ok("get_user_balance")["balance"])
    return list(transaction["details"]["serverless"]["models"])
