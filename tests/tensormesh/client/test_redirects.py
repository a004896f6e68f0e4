"""Redirects: followed within the host for what only reads; credentials never leave the host."""

from __future__ import annotations

import httpx
import pytest
from support.cases import for_each
from support.sdk_faces import API_KEY, USER_ID, Face, Server, answer, host
from support.sdk_samples import CHAT_CREATE, MODELS, as_json

from tensormesh import APIError, APIStatusError

STATUSES = [301, 302, 303, 307, 308]
ELSEWHERE = {
    "another host": "https://elsewhere.test/v1/models",
    "another port": "https://{host}:8443/v1/models",
    "another scheme": "http://{host}/v1/models",
    "a host that begins alike": "https://{host}.evil.test/v1/models",
    "the host as a user name": "https://{host}@evil.test/v1/models",
    "a relative scheme": "//evil.test/v1/models",
    "the same host with a user name": "https://user:password@{host}/v1/models",
}
FOLLOWS = for_each("follow", [False, True], ids=["plain", "follow_redirects=True"])


def moved(status: int, location: str) -> httpx.Response:
    return answer(b"moved", status=status, headers={"location": location}, content_type=None)


def refuse_credentials_elsewhere(request: httpx.Request) -> httpx.Response:
    """The second server, which must never be reached."""
    pytest.fail(f"followed to {request.url} with {request.headers}")


@FOLLOWS
@for_each("status", STATUSES)
def test_a_get_follows_within_its_host(face: Face, surface: str, status: int, follow: bool) -> None:
    server = Server(moved(status, "../moved/models?a=1#part"), as_json(MODELS))
    client = face.client(http_client=face.http(server, follow_redirects=follow))

    models = face.run(host(client, surface).models.list(extra_query={"b": "2"}))

    assert models.data[0].id == "m"
    first, second = server.requests
    assert first.url.query == b"b=2"
    assert second.method == "GET"
    assert second.url.host == first.url.host
    assert second.url.path == httpx.URL(first.url).join("../moved/models").path
    assert second.url.query == b"a=1"
    assert second.headers["authorization"] == f"Bearer {API_KEY}"
    assert second.headers.get("x-user-id") == (USER_ID if surface == "on_demand" else None)


@FOLLOWS
@for_each(("status", "target"), [(302, name) for name in ELSEWHERE] + [(308, "another host")])
def test_nothing_follows_to_another_host(
    face: Face, surface: str, status: int, target: str, follow: bool
) -> None:
    name = {"serverless": "serverless.test", "on_demand": "on-demand.test"}[surface]
    location = ELSEWHERE[target].format(host=name)
    server = Server(moved(status, location), refuse_credentials_elsewhere)
    client = face.client(http_client=face.http(server, follow_redirects=follow), max_retries=3)

    with pytest.raises(APIStatusError, match="Redirects are followed only within") as caught:
        face.run(host(client, surface).models.list())

    assert caught.value.status_code == status
    assert caught.value.attempts == 1
    assert "password" not in str(caught.value)


@FOLLOWS
@for_each("stream", [False, True])
@for_each("status", STATUSES)
def test_a_post_is_never_redirected(
    face: Face, surface: str, status: int, stream: bool, follow: bool
) -> None:
    server = Server(moved(status, "/v1/chat/completions"), refuse_credentials_elsewhere)
    client = face.client(http_client=face.http(server, follow_redirects=follow))

    with pytest.raises(APIStatusError) as caught:
        face.run(CHAT_CREATE.of(host(client, surface))(**CHAT_CREATE.arguments, stream=stream))

    assert caught.value.status_code == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["https://[", "javascript:alert(1)"])
def test_a_target_that_is_no_url_is_an_error_of_ours(face: Face, location: str) -> None:
    server = Server(moved(302, location))
    with pytest.raises(APIError) as caught:
        face.run(face.client(server).inference.serverless.models.list())
    assert caught.value.attempts == 1
    assert server.bodies[0].is_closed


def test_a_circle_of_redirects_ends(face: Face) -> None:
    server = Server(lambda _: moved(302, "/v1/models"))
    client = face.client(server)

    with pytest.raises(APIStatusError, match="302") as caught:
        face.run(client.inference.serverless.models.list())

    assert len(server.requests) == 6
    assert caught.value.attempts == 1
    assert all(body.is_closed for body in server.bodies)


def test_a_redirect_without_a_target_is_an_error(face: Face) -> None:
    server = Server(answer(b"", status=302))
    with pytest.raises(APIStatusError, match="302 Found"):
        face.run(face.client(server).inference.serverless.models.list())


def test_not_modified_is_an_error(face: Face) -> None:
    server = Server(answer(status=304, headers={"location": "/v1/models"}))
    with pytest.raises(APIStatusError, match="304"):
        face.run(face.client(server).inference.serverless.models.list())


@for_each("hyphen", ["-", "%2d", "%2D"])
def test_a_redirect_to_a_url_that_contains_the_key_is_not_followed(
    face: Face, hyphen: str, caplog: pytest.LogCaptureFixture
) -> None:
    echoed = API_KEY.replace("-", hyphen)
    caplog.set_level("DEBUG", logger="tensormesh")
    server = Server(moved(302, f"/{echoed}?key={echoed}"), as_json(MODELS))
    client = face.client(http_client=face.http(server))

    with pytest.raises(APIStatusError, match="Redirects are followed only") as caught:
        face.run(client.inference.serverless.models.list())

    assert len(server.requests) == 1
    error = caught.value
    for shown in (str(error), str(error.url), str(error.headers), caplog.text):
        assert echoed not in shown
