"""Requests that a web page sends under a name of its own (DNS rebinding) are refused."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from support.checked_client import CheckedClient

from tensormesh_local import LocalHost, cli, create_app
from tensormesh_local.options import HostOptions
from tensormesh_local.server import Server

LOOPBACK = [
    "localhost",
    "LocalHost:8080",
    "localhost.",
    "app.localhost:1",
    "127.0.0.1",
    "127.8.9.10:65535",
    "[::1]",
    "[0:0:0:0:0:0:0:1]:8080",
    "[::ffff:127.0.0.1]",
]
FOREIGN = [
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "notlocalhost",
    "192.168.1.5",
    "0.0.0.0",
    "[::]",
    "[2001:db8::1]",
]
MALFORMED = [
    "",
    ":8080",
    "localhost..",
    "localhost:http",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost/evil",
    "localhost, evil.example",
    "localhost evil.example",
    "::1",
    "[::1",
    "[::1].evil.example",
    "http://localhost",
    "localhost\x00",
    "127.1",
    "0x7f000001",
    "2130706433",
]
ROUTES = [
    ("GET", "/serverless/health"),
    ("POST", "/serverless/v1/chat/completions"),
    ("GET", "/on-demand/health"),
    ("POST", "/control-plane/v1/users/api-keys"),
    ("GET", "/control-plane/cli"),
    ("OPTIONS", "/control-plane/v1/users/api-keys"),
    ("GET", "/no/such/route"),
]


def ask(client: CheckedClient, headers: list[tuple[str, str]], path: str = ROUTES[0][1]) -> int:
    return client.send("GET", path, headers=headers).status_code


def test_every_loopback_name_is_served(client: CheckedClient) -> None:
    for name in LOOPBACK:
        assert ask(client, [("Host", name)]) == 200, name
        for scheme in ("http", "https", "HTTP"):
            assert ask(client, [("Origin", f"{scheme}://{name}")]) == 200, name


def test_other_names_are_refused_on_every_route(client: CheckedClient) -> None:
    for name in [*FOREIGN, *MALFORMED]:
        for headers in ([("Host", name)], [("Origin", f"http://{name}")]):
            for method, path in ROUTES:
                response = client.send(method, path, headers=headers)
                assert response.status_code == 403, (method, path, headers)
                assert response.json()["error"]["param"] == f"header.{headers[0][0]}"


def test_the_refusal_says_what_to_do(client: CheckedClient) -> None:
    error = client.send("GET", "/", headers={"Host": "Evil.Example:80"}).json()["error"]
    assert error["message"] == (
        "Host 'Evil.Example:80' is not allowed here: use localhost or 127.0.0.1, or allow it: "
        "--allow-host evil.example, or allow_hosts=['evil.example'] in Python."
    )
    long = client.send("GET", "/", headers={"Host": "a/" * 5000}).json()["error"]["message"]
    assert len(long) < 200
    assert "--allow-host" not in long


def test_an_origin_that_is_not_a_web_page_of_this_machine_is_refused(
    client: CheckedClient,
) -> None:
    for origin in ("null", "", "localhost", "file://localhost", "chrome-extension://localhost"):
        assert ask(client, [("Origin", origin)]) == 403, origin
    assert ask(client, [("Origin", "http://localhost"), ("Origin", "http://evil.example")]) == 403


def test_a_missing_or_repeated_host_is_refused(client: CheckedClient) -> None:
    twice = [("Host", "localhost"), ("Host", "localhost")]
    response = client.send("GET", "/serverless/health", headers=twice)
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Expected one Host header, got 2."


def test_names_can_be_allowed() -> None:
    client = CheckedClient(create_app(allow_hosts=["Box.Example.", "192.168.1.5", "2001:db8::1"]))
    for name in ("box.example", "BOX.example.:80", "192.168.1.5:1", "[2001:db8::1]", "localhost"):
        assert ask(client, [("Host", name), ("Origin", f"http://{name}")]) == 200, name
    for name in ("www.box.example", "example", "192.168.1.6"):
        assert ask(client, [("Host", name)]) == 403, name
    for name in ("http://box.example", "box.example:80", "*", "", "a b", "box.example/x"):
        with pytest.raises(ValueError, match="is not a host name or IP address"):
            create_app(allow_hosts=[name])


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(allow_hosts=["box.example"]) as host:
        yield host


def exchange(host: LocalHost, request: str) -> str:
    parts = urlsplit(host.control_plane_base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sock:
        sock.sendall(request.encode())
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode()


def test_a_rebound_page_cannot_mint_a_key(host: LocalHost) -> None:
    url = f"{host.control_plane_base_url}/v1/users/api-keys"
    token = {"Authorization": f"Bearer {host.control_plane_token}"}
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    port = f":{urlsplit(url).port}"
    for headers in (rebound, {"Origin": "http://evil.example"}, {"Host": f"evil.example{port}"}):
        response = httpx.post(url, json={"name": "stolen"}, headers={**token, **headers})
        assert response.status_code == 403
    assert httpx.get(url, headers=token).json()["apiKeys"] == []
    allowed = {"Host": f"box.example{port}", "Origin": f"http://box.example{port}"}
    assert httpx.post(url, json={"name": "k"}, headers={**token, **allowed}).status_code == 200


def test_no_other_way_of_naming_a_host_gets_through(host: LocalHost) -> None:
    path = urlsplit(host.control_plane_base_url).path + "/auth/cli/start"
    tail = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    for line in ("", "Host: localhost\r\nHost: evil.example\r\n", "Host: evil.example\r\n"):
        assert exchange(host, f"POST {path} HTTP/1.1\r\n{line}{tail}").startswith("HTTP/1.1 4")
    assert exchange(host, f"POST {path} HTTP/1.0\r\n{tail}").startswith("HTTP/1.1 400")
    for name in ("evil.example", "localhost"):
        target = f"POST http://evil.example{path} HTTP/1.1\r\nHost: {name}\r\n"
        assert exchange(host, target + tail).startswith("HTTP/1.1 4")
    forwarded = (
        "Host: localhost\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"
    )
    answer = exchange(host, f"POST {path} HTTP/1.1\r\n{forwarded}{tail}")
    assert answer.startswith("HTTP/1.1 200")
    assert '"verificationUrl":"http://localhost/' in answer


def test_the_form_of_the_approval_page_comes_with_its_origin(host: LocalHost) -> None:
    # Under the policy "no-referrer" browsers send "Origin: null" with a form.
    login = httpx.post(f"{host.control_plane_base_url}/auth/cli/start", json={}).json()
    page = httpx.get(login["verificationUrl"])
    assert page.headers["Referrer-Policy"] == "same-origin"
    form = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page.text))
    url = urlsplit(login["verificationUrl"])
    decided = httpx.post(
        login["verificationUrl"],
        data={**form, "decision": "approve"},
        headers={"Origin": f"{url.scheme}://{url.netloc}"},
    )
    assert decided.status_code == 200


def test_the_address_that_a_host_is_bound_to_is_allowed() -> None:
    server = Server(HostOptions(allow_hosts=["Box.Example"]), host="0.0.0.0")
    server.release_socket()
    app = server.config.app
    assert isinstance(app, Starlette)
    client = CheckedClient(app)
    for name in ("0.0.0.0", "box.example", "localhost"):
        assert ask(client, [("Host", name)]) == 200, name
    assert ask(client, [("Host", "192.0.2.1")]) == 403
    # A connection that arrived at an address of this machine may name that address.
    url = "http://192.0.2.1/serverless/health"
    assert client.send("GET", url).status_code == 200
    assert client.send("GET", url, headers={"Origin": "http://evil.example"}).status_code == 403
    # An in-process transport reports the name its caller wrote as that of the server.
    assert client.send("GET", "http://evil.example/serverless/health").status_code == 403


def test_the_command_line_refuses_what_is_not_a_host_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("http://box.example", "box.example:80", "*"):
        with pytest.raises(SystemExit):
            cli.main(["--port", "0", "--allow-host", name])
        assert "is not a host name or IP address" in capsys.readouterr().err
    assert cli.main(["--port", "0", "--host", "a b", "--allow-remote"]) == 1
    assert "'a b' is not a host name or IP address" in capsys.readouterr().err
