"""The HTTP layer: keys, user ids, routes, bodies and the small operations."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from support.cases import for_each
from support.checked_client import CheckedClient, chat_body

from tensormesh_local import create_app
from tensormesh_local.engines.base import Call, Engine
from tensormesh_local.specs import load_specs

POSTS = {
    "create_chat_completion": chat_body("x"),
    "create_completion": {"model": "tm-local-chat", "prompt": "x"},
    "create_response": {"model": "tm-local-chat", "input": "x"},
    "create_tokenization": {"model": "tm-local-chat", "prompt": "x"},
    "create_detokenization": {"model": "tm-local-chat", "tokens": [5]},
}
# What has a price in a new Control Plane, and is no model of the engine's own.
PUBLISHED = [
    "MiniMaxAI/MiniMax-M2.5",
    "Qwen/Qwen3-Coder-30B-A3B-Instruct",
    "openai/gpt-oss-120b",
    "openai/gpt-oss-20b",
]
GETS = ["list_models", "get_health", "get_version"]


class TestKeys:
    @for_each("operation_id", POSTS)
    @for_each(
        "authorization",
        [None, "", "Bearer", "Bearer wrong", "Basic tm-local-key", "tm-local-key", b"Bearer \xfc"],
    )
    def test_serverless_posts_need_a_key(
        self, client: CheckedClient, operation_id: str, authorization: str | bytes | None
    ) -> None:
        headers = {"Authorization": authorization}
        response = client.call(operation_id, POSTS[operation_id], headers=headers)
        assert response.status_code == 401
        assert response.json() == {"error": "Unauthorized"}
        assert response.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("operation_id", GETS)
    def test_serverless_gets_need_none(self, client: CheckedClient, operation_id: str) -> None:
        assert client.call(operation_id, headers={"Authorization": None}).status_code == 200

    @for_each("operation_id", [*POSTS, *GETS])
    def test_on_demand_always_needs_a_key(
        self, on_demand: CheckedClient, operation_id: str
    ) -> None:
        response = on_demand.call(
            operation_id, POSTS.get(operation_id), headers={"Authorization": None}
        )
        assert response.status_code == 401

    def test_each_of_several_keys_opens(self) -> None:
        client = CheckedClient(create_app(api_keys=["first", "second"]))
        for key, status in (("first", 200), ("second", 200), ("third", 401)):
            headers = {"Authorization": f"bearer {key}"}
            answer = client.call(
                "create_tokenization", POSTS["create_tokenization"], headers=headers
            )
            assert answer.status_code == status


class TestUserId:
    @for_each("operation_id", [*POSTS, *GETS])
    @for_each("user_id", [None, "", "me", "123e4567e89b42d3a456426614174000"])
    def test_on_demand_needs_a_uuid(
        self, on_demand: CheckedClient, operation_id: str, user_id: str | None
    ) -> None:
        response = on_demand.call(
            operation_id, POSTS.get(operation_id), headers={"X-User-Id": user_id}
        )
        assert response.status_code == 400
        error = response.json()["error"]
        assert error["param"] == "header.X-User-Id"
        assert "X-User-Id" in error["message"]

    def test_serverless_does_not_look_at_it(self, client: CheckedClient) -> None:
        assert client.call("get_health", headers={"X-User-Id": "me"}).status_code == 200


class TestModels:
    def test_each_host_lists_its_own_names(
        self, client: CheckedClient, on_demand: CheckedClient
    ) -> None:
        names = [
            [card["id"] for card in each.call("list_models").json()["data"]]
            for each in (client, on_demand)
        ]
        assert names == [
            ["tm-local-chat", "tm-local-think", "tm-local-reasoning", *PUBLISHED],
            [
                "tm-local-chat-gpu-type-cpu",
                "tm-local-think-gpu-type-cpu",
                "tm-local-reasoning-gpu-type-cpu",
            ],
        ]

    def test_every_model_with_a_price_answers_on_serverless(self, client: CheckedClient) -> None:
        for name in PUBLISHED:
            answer = client.call("create_chat_completion", chat_body("Reply with ok.", name)).json()
            assert answer["model"] == name

    def test_on_demand_answers_by_gateway_name_only(self, on_demand: CheckedClient) -> None:
        body = chat_body("Reply with ok.", "tm-local-chat-gpu-type-cpu")
        answer = on_demand.call("create_chat_completion", body).json()
        assert answer["choices"][0]["message"]["content"] == "ok"
        assert on_demand.call("create_chat_completion", chat_body("x")).status_code == 404

    @for_each("operation_id", POSTS)
    def test_an_unknown_model_is_not_found(self, client: CheckedClient, operation_id: str) -> None:
        response = client.call(operation_id, {**POSTS[operation_id], "model": "nope"})
        assert response.status_code == 404
        error = response.json()["error"]
        assert (error["type"], error["param"], error["code"]) == ("NotFoundError", "model", 404)
        assert error["message"].startswith("The model `nope` does not exist.")


class TestTokens:
    @for_each("text", ["", "Hi", "d\u00e9j\u00e0 \x00 \ud800", "<|im_start|>", "\r\n\tb"])
    def test_text_survives_the_round_trip(self, client: CheckedClient, text: str) -> None:
        body = {"model": "tm-local-chat", "prompt": text, "return_token_strs": True}
        tokens = client.call("create_tokenization", body).json()
        assert tokens["count"] == len(tokens["tokens"]) == len(tokens["token_strs"])
        assert tokens["max_model_len"] == 131072
        back = client.call(
            "create_detokenization", {"model": "tm-local-chat", "tokens": tokens["tokens"]}
        )
        assert back.json() == {"prompt": text}

    def test_names_come_only_when_asked_for(self, client: CheckedClient) -> None:
        answer = client.call("create_tokenization", POSTS["create_tokenization"])
        assert answer.json()["token_strs"] is None

    def test_a_conversation_takes_the_place_of_the_prompt(self, client: CheckedClient) -> None:
        body: dict[str, Any] = {**chat_body("Hi"), "prompt": "ignored"}
        ids = client.call("create_tokenization", body).json()["tokens"]
        text = client.call("create_detokenization", {"model": "tm-local-chat", "tokens": ids})
        assert text.json()["prompt"] == ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
        without = client.call("create_tokenization", {**body, "add_generation_prompt": False})
        assert len(without.json()["tokens"]) < len(ids)

    @pytest.mark.parametrize("tokens", [[10**6], [-1], ["a"], [2**63]], ids=str)
    def test_tokens_outside_the_vocabulary_are_refused(
        self, client: CheckedClient, tokens: list[Any]
    ) -> None:
        body = {"model": "tm-local-chat", "tokens": tokens}
        assert "tokens" in client.refusal("create_detokenization", body)["param"]


def test_a_large_request_does_not_block_others() -> None:
    client = CheckedClient(create_app())
    body = {"model": "tm-local-chat", "prompt": "x" * 2_000_000}
    gaps = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    async def tokenize() -> float:
        ticking = asyncio.create_task(tick())
        start = time.perf_counter()
        response = await client.post("/serverless/tokenize", body)
        assert response.json()["count"] == 2_000_001
        ticking.cancel()
        return time.perf_counter() - start

    seconds = asyncio.run(tokenize())
    assert max(gaps) < seconds / 2


class TestBodies:
    @for_each(
        "content",
        [
            b"",
            b"{",
            b'{"model": ',
            b"\xff\xfe",
            b'{"n": NaN}',
            b'{"n": 1e999}',
            b"[" * 100_000,
            b"1" * 5000,
        ],
        ids=lambda content: content[:10],
    )
    def test_what_is_not_json_is_refused(self, client: CheckedClient, content: bytes) -> None:
        response = client.call("create_chat_completion", content=content)
        assert response.status_code == 400
        assert response.json()["error"]["type"] == "Bad Request"

    @pytest.mark.parametrize("body", [[], "text", 5, {}], ids=str)
    def test_json_of_another_form_is_refused(self, client: CheckedClient, body: Any) -> None:
        assert client.refusal("create_chat_completion", body)["param"].startswith("body")

    @pytest.mark.parametrize("media_type", [None, "text/plain", "multipart/form-data"])
    def test_only_json_is_read(self, client: CheckedClient, media_type: str | None) -> None:
        content = json.dumps(POSTS["create_completion"]).encode()
        response = client.call(
            "create_completion", content=content, headers={"Content-Type": media_type}
        )
        assert response.status_code == 400
        assert "application/json" in response.json()["error"]["message"]

    def test_a_charset_does_not_hide_json(self, client: CheckedClient) -> None:
        content = json.dumps(POSTS["create_completion"]).encode()
        headers = {"Content-Type": "Application/JSON; charset=utf-8"}
        assert client.call("create_completion", content=content, headers=headers).status_code == 200

    def test_a_body_over_the_limit_is_refused(self) -> None:
        client = CheckedClient(create_app(max_body_bytes=100))
        assert client.call("create_completion", content=b"x" * 101).status_code == 413
        assert client.call("create_completion", POSTS["create_completion"]).status_code == 200


class TestRoutes:
    @for_each(
        "path", ["/", "/serverless", "/serverless/v1/nope", "/serverless/health/", "/v1/models"]
    )
    def test_other_paths_are_not_found(self, client: CheckedClient, path: str) -> None:
        response = client.send("GET", path)
        assert response.status_code == 404
        assert response.json() == {"detail": "Not Found"}

    @pytest.mark.parametrize("surface", ["serverless", "on-demand"])
    def test_other_methods_are_not_allowed(self, client: CheckedClient, surface: str) -> None:
        for operation in load_specs().serverless:
            response = client.send("DELETE", f"/{surface}{operation.path}")
            assert response.status_code == 405
            assert response.json() == {"detail": "Method Not Allowed"}
            assert operation.method in response.headers["Allow"].split(", ")


class TestRequestIds:
    def test_the_callers_id_comes_back_and_is_part_of_the_answers(
        self, client: CheckedClient
    ) -> None:
        headers = {"X-Request-Id": "abc-1"}
        chat = client.call("create_chat_completion", chat_body("x"), headers=headers)
        assert chat.headers["X-Request-Id"] == "abc-1"
        assert chat.json()["id"] == "chatcmpl-abc-1"
        text = client.call("create_completion", POSTS["create_completion"], headers=headers)
        assert text.json()["id"] == "cmpl-abc-1"
        response = client.call("create_response", POSTS["create_response"], headers=headers)
        assert response.json()["id"] == "resp_abc-1"

    @pytest.mark.parametrize("given", [None, "", "two words", "x" * 200])
    def test_others_get_a_fresh_one(self, client: CheckedClient, given: str | None) -> None:
        headers = {"X-Request-Id": given}
        ids = [client.call("get_health", headers=headers).headers["X-Request-Id"] for _ in "ab"]
        assert ids[0] != ids[1]
        assert given not in ids

    def test_errors_carry_one_too(self, client: CheckedClient) -> None:
        assert client.send("GET", "/nope").headers["X-Request-Id"]


def test_health_and_version_answer(client: CheckedClient) -> None:
    assert client.call("get_health").json() == {"status": "ok"}
    assert client.call("get_version").json()["version"].endswith("+local")


def test_a_failing_engine_is_a_server_error_without_its_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Engine):
        async def answer(self, call: Call) -> Any:
            raise ValueError("secret detail")

    response = CheckedClient(create_app(Broken())).call("get_health")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "secret detail" in caplog.text


def test_middleware_goes_around_everything() -> None:
    class Teapot:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    client = CheckedClient(create_app(middleware=[Middleware(Teapot)]))
    assert client.send("GET", "/serverless/health").status_code == 418
