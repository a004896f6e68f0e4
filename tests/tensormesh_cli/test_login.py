"""The login in the browser: PKCE, pace, and every way in which it can end."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import pytest
from support.cases import for_each

import tensormesh
from tensormesh_cli._errors import CliError, CredentialFault
from tensormesh_cli.credentials import login

PENDING = 400, {"code": 9, "message": "wait", "details": [{"reason": "AUTHORIZATION_PENDING"}]}
DONE = (
    200,
    {"accessToken": "a", "refreshToken": "r", "expiresAt": "2026-05-01T10:00:00Z"},
)
URL = "https://app.tensormesh.ai/cli?login=lg_1"


@dataclass
class Host:
    """Answers a start, and exchanges one after the other; the last answer for good."""

    answers: list[tuple[int, dict[str, Any]] | Exception] = field(default_factory=lambda: [DONE])
    url: str = URL
    interval: int = 2
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        self.headers.append(request.headers)
        if request.url.path.endswith("/start"):
            started = {
                "loginId": "lg_1",
                "verificationUrl": self.url,
                "pollIntervalSeconds": self.interval,
                "expiresAt": "2026-05-01T09:05:00Z",
            }
            return httpx.Response(200, json=started)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx.Response(status, json=body, headers={"retry-after": "7"})


class Time:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> login.Clock:
        return login.Clock(monotonic=lambda: self.now, sleep=self.sleep)


Client = Callable[[Host], tensormesh.Tensormesh]


@pytest.fixture
def client() -> Iterator[Client]:
    open_clients: list[httpx.Client] = []

    def make(host: Host) -> tensormesh.Tensormesh:
        open_clients.append(httpx.Client(transport=httpx.MockTransport(host)))
        return tensormesh.Tensormesh(
            control_plane_token="canary-token", http_client=open_clients[-1]
        )

    yield make
    for http_client in open_clients:
        http_client.close()


def finish(client: tensormesh.Tensormesh, time: Time, seconds: float = 300) -> Any:
    started = login.start(client)
    return login.wait(client, started, max_wait_seconds=seconds, clock=time.clock)


def test_only_who_started_the_login_can_finish_it(client: Client) -> None:
    host = Host()

    answer = finish(client(host), Time())

    start, exchange = host.bodies
    hashed = sha256(exchange["codeVerifier"].encode()).digest()
    assert start["codeChallenge"] == urlsafe_b64encode(hashed).decode().rstrip("=")
    assert start["codeChallengeMethod"] == "S256"
    assert 43 <= len(exchange["codeVerifier"]) <= 128
    assert exchange["codeVerifier"] not in json.dumps(start)
    assert answer.access_token == "a"


def test_every_login_has_a_secret_of_its_own(client: Client) -> None:
    host = Host()

    finish(client(host), Time())
    finish(client(host), Time())

    assert host.bodies[1]["codeVerifier"] != host.bodies[3]["codeVerifier"]


def test_a_login_sends_no_token(client: Client) -> None:
    host = Host()

    finish(client(host), Time())

    assert all("authorization" not in headers for headers in host.headers)


def test_it_asks_at_the_pace_of_the_host_until_somebody_decides(client: Client) -> None:
    host, time = Host([PENDING, PENDING, DONE], interval=3), Time()

    finish(client(host), time)

    assert time.slept == [3, 3]


def test_it_slows_down_when_it_asks_too_often(client: Client) -> None:
    host, time = Host([(429, {"code": 8, "message": "slow"}), PENDING, DONE]), Time()

    finish(client(host), time)

    assert time.slept == [7, 3]


def test_it_stops_at_the_ceiling(client: Client) -> None:
    host, time = Host([PENDING]), Time()

    with pytest.raises(CliError, match="the login was not approved within 5 seconds") as caught:
        finish(client(host), time, seconds=5)

    assert caught.value.exit_code == 1
    assert "--max-wait-seconds" in f"{caught.value.hint}"
    assert time.now == 5


def test_a_denied_login_is_a_refused_credential(client: Client) -> None:
    with pytest.raises(CredentialFault, match="denied") as caught:
        finish(client(Host([(403, {"code": 7, "message": "login denied"})])), Time())

    assert caught.value.exit_code == 4


def test_a_login_that_expired_says_to_begin_again(client: Client) -> None:
    with pytest.raises(CliError, match="expired") as caught:
        finish(client(Host([PENDING, (404, {"code": 5, "message": "no"})])), Time())

    assert caught.value.exit_code == 1
    assert "tm auth login" in f"{caught.value.hint}"


def test_a_network_that_is_away_for_a_moment_does_not_end_it(client: Client) -> None:
    host = Host([httpx.ConnectError("away"), (503, {"message": "busy"}), DONE])

    assert finish(client(host), Time()).access_token == "a"


def test_a_network_that_stays_away_ends_it_at_the_ceiling(client: Client) -> None:
    time = Time()

    with pytest.raises(tensormesh.APIConnectionError):
        finish(client(Host([httpx.ConnectError("away")])), time, seconds=10)

    assert time.now <= 10


def test_another_refusal_is_not_waited_out(client: Client) -> None:
    time = Time()

    with pytest.raises(tensormesh.BadRequestError):
        finish(client(Host([(400, {"code": 3, "message": "bad", "details": []})])), time)

    assert time.slept == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "https://x/\x1b[2J", "https://x/ y"]
)
def test_nothing_but_a_web_page_is_shown_or_opened(client: Client, url: str) -> None:
    with pytest.raises(CliError, match="no valid URL"):
        login.start(client(Host(url=url)))


@for_each(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "firefox"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "1 2 3 4"}, False),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_only_where_there_is_a_screen(
    platform: str, environ: dict[str, str], expected: bool
) -> None:
    assert login.can_open_browser(environ, platform) is expected


def test_a_started_login_does_not_show_its_secret(client: Client) -> None:
    started = login.start(client(Host()))

    assert started.verifier not in repr(started)
