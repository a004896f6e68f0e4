"""The Control Plane through the SDK: what it does shows on the inference hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tensormesh import (
    AsyncTensormesh,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    Tensormesh,
)
from tensormesh.types import UserRole
from tensormesh_local import LocalHost

QUESTION = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost() as host:
        yield host


@pytest.fixture
def client(host: LocalHost) -> Iterator[Tensormesh]:
    with Tensormesh(
        control_plane_token=host.control_plane_token,
        control_plane_base_url=host.control_plane_base_url,
        serverless_base_url=host.serverless_base_url,
    ) as client:
        yield client


def test_profile_is_unwrapped_and_typed(client: Tensormesh) -> None:
    user = client.control_plane.users.get_auth_profile()
    assert user.user_role == UserRole.USER_ROLE_ADMIN
    accepted = client.control_plane.users.accept_tos().tos_accepted_at
    assert isinstance(accepted, datetime)
    assert accepted.tzinfo is not None


def test_key_opens_inference_at_once_and_closes_it_when_deleted(client: Tensormesh) -> None:
    keys = client.control_plane.users.api_keys
    key = keys.create(name="contract", expires_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert key.secret
    assert key.id
    with_key = client.with_options(inference_api_key=key.secret).inference.serverless
    answer = with_key.chat.completions.create(model="tm-local-chat", messages=QUESTION)
    assert answer.choices[0].message.content
    keys.delete(api_key_id=key.id)
    with pytest.raises(AuthenticationError):
        with_key.chat.completions.create(model="tm-local-chat", messages=QUESTION)


def test_inference_draws_down_the_balance(client: Tensormesh, host: LocalHost) -> None:
    before = client.control_plane.billing.balance.get()
    client.with_options(inference_api_key=host.api_key).inference.serverless.completions.create(
        model="tm-local-chat", prompt="Once upon a time", max_tokens=50
    )
    after = client.control_plane.billing.balance.get()
    assert (int(after.units or 0), after.nanos) < (int(before.units or 0), before.nanos)


def test_answer_without_content_is_none(client: Tensormesh) -> None:
    user = client.control_plane.users.get_auth_profile()
    assert user.id
    methods = client.control_plane.users.with_raw_response
    assert methods.update(user_id=user.id, company="Contract & Sons").parse() is None
    assert client.control_plane.users.get(user_id=user.id).company == "Contract & Sons"


def test_lists_keep_their_envelope(client: Tensormesh) -> None:
    ticket = client.control_plane.support.tickets.create(
        subject="A page", message={"content": "Hello"}
    )
    page = client.control_plane.support.tickets.list(size=1)
    assert [item.ticket_id for item in page.tickets] == [ticket.ticket_id]
    assert page.total == 1


def test_errors_carry_the_message_and_the_code_of_the_status(client: Tensormesh) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.control_plane.models.get(model_id="no-such-model")
    assert caught.value.code == 5
    assert caught.value.message
    with pytest.raises(BadRequestError) as refused:
        client.control_plane.logs.query()
    assert refused.value.code == 3


def test_missing_token_is_told_at_the_call() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Tensormesh().control_plane.users.get_auth_profile()
    assert caught.value.argument == "control_plane_token"
    assert caught.value.variable == "TENSORMESH_CONTROL_PLANE_TOKEN"


def test_raw_response_is_the_envelope_untouched(client: Tensormesh) -> None:
    raw = client.control_plane.users.with_raw_response.get_auth_profile()
    assert list(raw.json()) == ["user"]
    assert raw.parse() == client.control_plane.users.get_auth_profile()


def test_asynchronous_client_has_the_same_tree(host: LocalHost) -> None:
    async def ask() -> str | None:
        async with AsyncTensormesh(
            control_plane_token=host.control_plane_token,
            control_plane_base_url=host.control_plane_base_url,
        ) as client:
            return (await client.control_plane.billing.balance.get()).currency_code

    assert asyncio.run(ask()) == "USD"


def test_a_raw_request_reads_and_changes_what_methods_do(client: Tensormesh) -> None:
    host = client.control_plane
    made = host.request(
        "POST", "/v1/support/tickets", body={"subject": "Raw", "message": {"content": "Hello"}}
    )
    ticket_id = made["ticket"]["ticketId"]
    assert host.support.tickets.get(ticket_id=ticket_id).subject == "Raw"
    page = host.request("GET", "/v1/support/tickets?size=1", query={"page": 1})
    assert [item["ticketId"] for item in page["tickets"]] == [ticket_id]
    with pytest.raises(NotFoundError):
        host.request("GET", "/v1/no/such/thing")
    raw = host.with_raw_response.request("GET", "/auth/profile")
    assert raw.content == host.users.with_raw_response.get_auth_profile().content
