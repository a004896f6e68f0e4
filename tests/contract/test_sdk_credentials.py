"""Keys, user ids and refusals, from the SDK to a real HTTP host and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from support.contract_sdk import ask, async_surface, client_settings, surface

from tensormesh import (
    AsyncTensormesh,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    NotFoundError,
    Tensormesh,
)
from tensormesh_local import LocalHost

SURFACES = ["serverless", "on_demand"]
Seen = list[tuple[str, dict[str, str]]]


class Recorder:
    """Keeps the path and the headers of every request that reaches the host."""

    def __init__(self, app: ASGIApp, seen: Seen) -> None:
        self._app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self._seen.append((scope["path"], headers))
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def seen() -> Seen:
    return []


@pytest.fixture(scope="module")
def host(seen: Seen) -> Iterator[LocalHost]:
    """A host with two keys that lets us see what it is sent."""
    with LocalHost(
        api_keys=["key-one", "key-two"], middleware=[Middleware(Recorder, seen=seen)]
    ) as host:
        yield host


@pytest.fixture
def client(host: LocalHost) -> Iterator[Tensormesh]:
    with Tensormesh(**client_settings(host)) as client:
        yield client


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("key", ["key-one", "key-two"])
def test_every_key_opens_both_surfaces(client: Tensormesh, name: str, key: str) -> None:
    api = surface(client.with_options(inference_api_key=key), name)
    model = api.models.list().data[0].id
    assert api.chat.completions.create(model=model, messages=ask("Say hello.")).choices


@pytest.mark.parametrize("name", SURFACES)
def test_wrong_key_is_an_authentication_error_that_does_not_show_it(
    client: Tensormesh, name: str
) -> None:
    api = surface(client.with_options(inference_api_key="ak-not-this-one"), name)
    with pytest.raises(AuthenticationError) as caught:
        api.chat.completions.create(model="any", messages=ask("Say hello."))
    assert caught.value.status_code == 401
    assert caught.value.body == {"error": "Unauthorized"}
    assert "ak-not-this-one" not in f"{caught.value!s} {caught.value!r}"


@pytest.mark.parametrize("name", SURFACES)
def test_wrong_key_is_an_authentication_error_of_the_async_client(
    host: LocalHost, name: str
) -> None:
    async def call() -> None:
        settings = {**client_settings(host), "inference_api_key": "ak-not-this-one"}
        async with AsyncTensormesh(**settings) as client:
            stream = await async_surface(client, name).chat.completions.create(
                model="any", messages=ask("Say hello."), stream=True
            )
            await stream.get_final_completion()

    with pytest.raises(AuthenticationError):
        asyncio.run(call())


def test_serverless_lists_models_without_a_key(host: LocalHost, seen: Seen) -> None:
    with Tensormesh(serverless_base_url=host.serverless_base_url) as client:
        assert client.inference.serverless.models.list().data
        assert client.inference.serverless.health.get().status == "ok"
        assert client.inference.serverless.version.get().version
    assert all("authorization" not in headers for _, headers in seen[-3:])


def test_user_id_is_sent_on_every_on_demand_request_and_to_no_other_host(
    client: Tensormesh, host: LocalHost, seen: Seen
) -> None:
    seen.clear()
    for name in SURFACES:
        api = surface(client, name)
        model = api.models.list().data[0].id
        api.health.get()
        api.version.get()
        api.chat.completions.create(model=model, messages=ask("Hi"))
        api.completions.create(model=model, prompt="At dawn,", max_tokens=2)
        api.responses.create(model=model, input="Hi", max_output_tokens=2)
        tokens = api.tokenize.create(model=model, prompt="Hi").tokens
        api.detokenize.create(model=model, tokens=tokens)
    sent = {path: headers.get("x-user-id") for path, headers in seen}
    assert len(sent) == 16
    for path, user_id in sent.items():
        assert user_id == (host.user_id if path.startswith("/on-demand") else None), path


@pytest.mark.parametrize("user_id", [None, "", "not-a-uuid", "0" * 36])
def test_on_demand_refuses_a_request_without_a_valid_user_id(
    host: LocalHost, user_id: str | None
) -> None:
    headers = {"Authorization": f"Bearer {host.api_key}"}
    if user_id is not None:
        headers["X-User-Id"] = user_id
    with httpx.Client(trust_env=False) as plain:
        answer = plain.get(f"{host.on_demand_base_url}/v1/models", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "header.X-User-Id"


def test_sdk_asks_for_the_user_id_before_it_sends_anything(host: LocalHost, seen: Seen) -> None:
    seen.clear()
    with (
        Tensormesh(
            inference_api_key=host.api_key, on_demand_base_url=host.on_demand_base_url
        ) as client,
        pytest.raises(ConfigurationError, match="TENSORMESH_ON_DEMAND_USER_ID"),
    ):
        client.inference.on_demand.models.list()
    assert seen == []


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("stream", [False, True])
def test_unknown_model_is_not_found(client: Tensormesh, name: str, stream: bool) -> None:
    with pytest.raises(NotFoundError) as caught:
        surface(client, name).chat.completions.create(
            model="no-such-model", messages=ask("Hi"), stream=stream
        )
    assert caught.value.status_code == 404
    assert "no-such-model" in str(caught.value)


@pytest.mark.parametrize("name", SURFACES)
def test_contradiction_in_a_request_is_a_bad_request(client: Tensormesh, name: str) -> None:
    api = surface(client, name)
    model = api.models.list().data[0].id
    refused: list[Callable[[], object]] = [
        lambda: api.chat.completions.create(model=model, messages=ask("Hi"), n=2, temperature=0),
        lambda: api.chat.completions.create(model=model, messages=ask("Hi"), top_logprobs=2),
        lambda: api.completions.create(model=model, prompt=""),
        lambda: api.detokenize.create(model=model, tokens=[2**62]),
    ]
    for call in refused:
        with pytest.raises(BadRequestError) as caught:
            call()
        assert caught.value.request_id
        assert caught.value.attempts == 1
