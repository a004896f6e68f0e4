"""The local host outlives whatever bytes come: it refuses them, and serves the next caller."""

from __future__ import annotations

import contextlib
import inspect
import ipaddress
import logging
import random
import socket
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tensormesh_local import LocalHost, cli
from tensormesh_local.auth import StaticKeys

SECONDS = 5.0
CHAT = b"POST /serverless/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
JSON = b"Content-Type: application/json\r\nAuthorization: Bearer tm-local-key\r\n"

BODIES = {
    "chat/completions": b'{"model":"tm-local-chat","messages":[{"role":"user","content":"Hi"}],'
    b'"max_tokens":2,"temperature":0.5,"stop":["a"],"stream":false,"seed":1}',
    "completions": b'{"model":"tm-local-chat","prompt":"Hi","max_tokens":2,"n":1,"logprobs":1}',
}


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost() as host:
        yield host


@pytest.fixture(autouse=True)
def _still_serves(host: LocalHost, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    threads = threading.active_count()
    caplog.set_level(logging.ERROR)
    yield
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"{host.serverless_base_url}/v1/models")
        assert answer.status_code == 200
        assert client.get(f"{host.control_plane_base_url}/v1/models").status_code == 401
    assert threading.active_count() <= threads + 2
    assert "Traceback" not in caplog.text


def send(host: LocalHost, data: bytes, *, half: bool = True, until: bytes = b"") -> bytes:
    """What comes back for some bytes, to its end or up to `until`; with `half`, after the last."""
    parts = urlsplit(host.serverless_base_url)
    found = b""
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=SECONDS) as sock,
        contextlib.suppress(ConnectionError),
    ):
        sock.sendall(data)
        if half:
            sock.shutdown(socket.SHUT_WR)
        while (not until or until not in found) and (more := sock.recv(65536)):
            found += more
    return found


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


REFUSED = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    + bytes(range(256))
    + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /serverless/v1/models\r\n\r\n",
    "NUL in the path": b"GET /serverless/\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "space before a colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded first header": b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
    "a negative length": CHAT + b"Content-Length: -1\r\n\r\n",
    "a length that is none": CHAT + b"Content-Length: 0x10\r\n\r\n",
    "two lengths": CHAT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "an unknown coding": CHAT + b"Transfer-Encoding: gzip\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "a huge line": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request_is_refused(host: LocalHost, name: str) -> None:
    assert status(send(host, REFUSED[name], half=False)) in (400, 404)


HALVES = {
    "nothing": b"",
    "a method": b"PO",
    "a head": CHAT + JSON,
    "half of a body": CHAT + JSON + b"Content-Length: 100\r\n\r\n{",
    "a body that never comes": CHAT + JSON + b"Content-Length: 30000000\r\n\r\n",
    "a chunk's size": CHAT + JSON + b"Transfer-Encoding: chunked\r\n\r\nff",
    "half of a chunk": CHAT + JSON + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    "no last chunk": CHAT + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "after asking to go on": CHAT + JSON + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
}


@pytest.mark.parametrize("name", HALVES)
def test_half_a_request_is_answered_or_dropped_and_done_with(host: LocalHost, name: str) -> None:
    answer = send(host, HALVES[name])
    if answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    assert answer == b"" or status(answer) in (400, 401)


def test_a_body_over_the_limit_is_refused_before_all_of_it_came(host: LocalHost) -> None:
    size = b"Content-Length: 999999999999\r\n\r\n"
    answer = send(host, CHAT + JSON + size + b" " * (33 << 20), half=False, until=b"\r\n")
    assert status(answer) == 413
    head = f"POST {urlsplit(host.control_plane_base_url).path}/auth/cli/start HTTP/1.1\r\n"
    answer = send(
        host,
        head.encode()
        + b"Host: localhost\r\nContent-Type: application/json\r\n"
        + size
        + b" " * (9 << 20),
        half=False,
        until=b"}",
    )
    assert status(answer) == 400
    assert b"at most" in answer


def test_a_second_request_hidden_in_the_first_is_refused_or_read_as_a_body(
    host: LocalHost,
) -> None:
    hidden = b"GET /serverless/v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = CHAT + JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert b"200 OK" not in send(host, head + hidden)[:15]


def test_random_bytes_are_answered_by_refusals_alone(host: LocalHost) -> None:
    chance = random.Random(5)
    seeds = [*REFUSED.values(), *HALVES.values(), b"GET /serverless/v1/models HTTP/1.1\r\n\r\n"]
    seeds = [seed[:2000] for seed in seeds]
    for _ in range(400):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 8)):
            place = chance.randrange(len(data) + 1)
            data[place : place + chance.randrange(4)] = chance.choice(
                (b"", b"\r\n", b"\r", b"\n", b"\0", b":", chance.randbytes(3), b"\r\n\r\n")
            )
        answer = send(host, bytes(data))
        assert answer == b"" or status(answer) < 500, bytes(data)


def test_damaged_bodies_never_make_the_host_fail(host: LocalHost) -> None:
    chance = random.Random(6)
    odd = [b"null", b"[]", b"{}", b"-1", b"1e999", b"NaN", b'"\\ud800"', b'""', b"9" * 400, b"true"]
    odd += [b"[" * 5000, b"\xff", b'"' + b"x" * 3000 + b'"']
    with httpx.Client(
        trust_env=False, headers={"Authorization": f"Bearer {host.api_key}"}
    ) as client:
        for number in range(400):
            path = ("chat/completions", "completions")[number % 2]
            content = bytearray(BODIES[path])
            for _ in range(chance.randrange(1, 3)):
                places = [i for i, byte in enumerate(content) if byte in b':,[{"']
                place = chance.choice(places) + 1
                content[place : place + chance.randrange(12)] = chance.choice(odd)
            answer = client.post(
                f"{host.serverless_base_url}/v1/{path}",
                content=bytes(content),
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code in (200, 400, 404, 422), bytes(content)


def answers_at(address: str, url: str) -> bool:
    """Whether somebody listens on the port of a URL at another address of this machine."""
    try:
        socket.create_connection((address, urlsplit(url).port), timeout=SECONDS).close()
    except OSError:
        return False
    return True


def listening(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The socket's address when `python -m tensormesh_local` has begun to listen."""
    found = []

    def ready_and_gone(run: object) -> None:
        server = inspect.getcoroutinelocals(run)["server"]  # type: ignore[arg-type]
        server._on_ready()
        found.append(server._socket.getsockname()[0])
        server.release_socket()
        run.close()  # type: ignore[attr-defined]

    monkeypatch.setattr("asyncio.run", ready_and_gone)
    assert cli.main(["--port", "0", *arguments]) == 0
    return str(found[0])


def test_a_host_listens_on_this_machine_alone(host: LocalHost) -> None:
    for url in (host.serverless_base_url, host.control_plane_base_url):
        # The whole of 127/8 is this machine; only a socket that is bound to all answers here.
        assert answers_at("127.0.0.1", url)
        assert not answers_at("127.0.0.2", url)
    assert "host" not in inspect.signature(LocalHost).parameters


@pytest.mark.parametrize("arguments", [[], ["--host", "localhost"], ["--host", "127.0.0.1"]])
def test_a_process_binds_to_loopback_without_a_warning(
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ipaddress.ip_address(listening(*arguments, monkeypatch=monkeypatch)).is_loopback
    assert capsys.readouterr().err == ""


def test_who_opens_it_to_others_is_warned(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = listening("--host", "0.0.0.0", "--allow-remote", monkeypatch=monkeypatch)
    assert address == "0.0.0.0"
    assert "reachable from other machines on 0.0.0.0" in capsys.readouterr().err


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(sys.modules[StaticKeys.__module__].hmac, "compare_digest", compare)
    assert StaticKeys(["one", "two", "three"]).accepts("one")
    assert not StaticKeys(["one", "two"]).accepts("\ud800")
    # All of them each time, so that neither time nor order tells.
    assert [other for _, other in compared] == [b"one", b"two", b"three", b"one", b"two"]
