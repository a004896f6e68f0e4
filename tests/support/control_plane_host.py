"""A local host whose clock the test moves, and clients that hold answers to the definitions."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from tensormesh_local.app import create_app
from tensormesh_local.auth import DEFAULT_CONTROL_PLANE_TOKEN, DEFAULT_USER_ID
from tensormesh_local.clock import ManualClock
from tensormesh_local.control_plane.application import CONTROL_PLANE_PREFIX, ControlPlane
from tensormesh_local.specs import load_specs

START = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
ADMIN_ID = DEFAULT_USER_ID
HEADERS = {"Authorization": "Bearer tm-local-key", "X-User-Id": DEFAULT_USER_ID}
PRODUCT: dict[str, Any] = {
    "name": "One H200 by the month",
    "description": "One H200 GPU, reserved for a month",
    "type": "PRODUCT_TYPE_RESERVED_GPU",
    "gpuType": "GPU_TYPE_H200",
    "gpuCount": 1,
    "cloudProvider": "CLOUD_PROVIDER_NEBIUS",
    "price": {"currencyCode": "USD", "units": "1950", "nanos": 500_000_000},
    "billingPeriod": "BILLING_PERIOD_MONTHLY",
    "isActive": True,
}
SPECS = load_specs()
OPERATIONS = {operation.operation_id: operation for operation in SPECS.control_plane}


OPEN_HOSTS: list[Host] = []
"""Every host that was made and not closed yet by the fixtures of this folder."""


class Host:
    """One host with all its users. Unless told otherwise it keeps its state in memory."""

    def __init__(self, state: Path | None = None, **options: Any) -> None:
        self.clock = ManualClock(START)
        self.control_plane = ControlPlane(
            state=state, **{"clock": self.clock, "seed": 1, **options}
        )
        OPEN_HOSTS.append(self)
        self.app = create_app(control_plane=self.control_plane)
        self.admin = Client(self, DEFAULT_CONTROL_PLANE_TOKEN)
        self.nobody = Client(self, None)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send any request to the host; nothing is checked."""

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                return await http.request(method, path, **options)

        return asyncio.run(exchange())

    def log_in(self, email: str) -> dict[str, Any]:
        """Log in by the browser, as a user who is made if there is none; return the tokens."""
        login = self.nobody.ok("start_cli_login", {})
        self.decide(login["verificationUrl"], email=email)
        return self.nobody.ok("exchange_cli_login", {"loginId": login["loginId"]})

    def user(self, email: str = "mira@heron.test") -> Client:
        """Return a client of a user without privileges."""
        return Client(self, self.log_in(email)["accessToken"], email)

    def decide(self, url: str, decision: str = "approve", **fields: str) -> httpx.Response:
        """Open the approval page and press a button; ``fields`` replace those of the form."""
        page = self.send("GET", url)
        form = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page.text))
        form = {**form, "decision": decision, **fields}
        return self.send(
            "POST",
            url,
            content=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def chat(self, surface: str, key: str, model: str, user_id: str = "") -> httpx.Response:
        """Ask a model of an inference host."""
        return self.send(
            "POST",
            f"/{surface}/v1/chat/completions",
            json={"model": model, "messages": [{"role": "user", "content": "Reply with ok."}]},
            headers={"Authorization": f"Bearer {key}", "X-User-Id": user_id},
        )


class Client:
    """Calls operations by their ids; an answer that does not fit its schema fails the test."""

    def __init__(self, host: Host, token: str | None, email: str = "") -> None:
        self.host = host
        self.token = token
        self._email = email

    def later(self, **parts: float) -> None:
        """Move the clock on, and log in again, for tokens last an hour."""
        self.host.clock.advance(**parts)
        self.token = self.host.log_in(self._email)["accessToken"]

    @property
    def id(self) -> str:
        """The user's id."""
        return str(self.ok("get_auth_profile")["user"]["id"])

    def call(
        self,
        operation_id: str,
        body: Any = None,
        *,
        path: dict[str, str] | None = None,
        query: Any = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send a request; without ``content``, ``body`` is sent where the operation has one."""
        operation = OPERATIONS[operation_id]
        url = operation.path
        for name, value in (path or {}).items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if operation.body_validator is not None:
            sent.setdefault("Content-Type", "application/json")
            content = json.dumps(body or {}).encode() if content is None else content
        response = self.host.send(
            operation.method,
            CONTROL_PLANE_PREFIX + url,
            params=query,
            headers=sent,
            content=content,
        )
        validator = SPECS.response_validator(operation, response.status_code)
        assert validator is not None
        validator.validate(response.json())
        return response

    def ok(self, operation_id: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """Return the body of an answer that must be a success."""
        response = self.call(operation_id, body, **options)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def refused(
        self, status: int, operation_id: str, body: Any = None, **options: Any
    ) -> dict[str, Any]:
        """Return the error of an answer that must have this status."""
        response = self.call(operation_id, body, **options)
        assert response.status_code == status, response.text
        return dict(response.json())

    def wrong_fields(self, operation_id: str, body: Any = None, **options: Any) -> list[str]:
        """Return the names of the fields that a request is refused for."""
        error = self.refused(400, operation_id, body, **options)
        assert error["code"] == 3
        (detail,) = error["details"]
        assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
        names = [violation["field"] for violation in detail["fieldViolations"]]
        assert all(name in error["message"] for name in names)
        return names

    def activities(self, **query: Any) -> list[tuple[str, str]]:
        """Return type and message of what was done, newest first."""
        found = self.ok("list_activities", query=query)["activities"]
        return [(each["type"].removeprefix("ACTIVITY_TYPE_"), each["message"]) for each in found]

    def add_card(self) -> None:
        """Put a card on file and pay 100 dollars with it, as deployments need it."""
        self.ok("attach_stripe_payment_method", {"stripePaymentMethodId": "pm_visa"})
        amount = {"currencyCode": "USD", "units": "100"}
        self.ok("create_stripe_payment_intent", {"amount": amount})

    def deploy(self, name: str = "bird-guide", **fields: Any) -> dict[str, Any]:
        """Deploy a model and return it."""
        body = {
            "modelName": name,
            "modelPath": "openai/gpt-oss-120b",
            "gpuType": "GPU_TYPE_H200",
            **fields,
        }
        return dict(self.ok("deploy_model", body)["model"])
