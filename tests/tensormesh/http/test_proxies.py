"""Proxies that the environment names are used, and get no more than they must."""

from __future__ import annotations

import pytest
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT_CREATE, MODELS, chunk, sse

TARGET = "http://nowhere.invalid:8000"


def respond(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
    else:
        turn.stream(sse(chunk("a")))


def test_a_proxy_of_the_environment_is_used(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(respond) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = face.client(serverless_base_url=TARGET, on_demand_base_url=TARGET)
        face.run(client.inference.serverless.models.list())
        face.run(client.inference.on_demand.models.list())
        create = CHAT_CREATE.of(client.inference.serverless)
        for _ in range(3):
            stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
            assert face.list(stream.text_deltas()) == ["a"]

        assert [turn.path for turn in proxy.turns[:2]] == [f"{TARGET}/v1/models"] * 2
        assert proxy.turns[0].headers["host"] == "nowhere.invalid:8000"
        assert ["x-user-id" in turn.headers for turn in proxy.turns[:2]] == [False, True]
        assert proxy.connections == 1


@pytest.mark.parametrize("everything", [True, False])
def test_hosts_may_be_kept_from_the_proxy(
    face: Face, monkeypatch: pytest.MonkeyPatch, everything: bool
) -> None:
    with RawServer(respond) as proxy, RawServer(respond) as server:
        if everything:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        client = face.client(serverless_base_url=server.url)
        face.run(client.inference.serverless.models.list())
        assert (len(proxy.turns), len(server.turns)) == (0, 1)


def test_a_users_http_client_brings_its_own_proxy(face: Face) -> None:
    with RawServer(respond) as proxy:
        own = face.http(proxy=proxy.url)
        client = face.client(serverless_base_url=TARGET, http_client=own)
        face.run(client.inference.serverless.models.list())
        assert proxy.turns[0].path == f"{TARGET}/v1/models"
