"""The limit to how often an access token may ask."""

from __future__ import annotations

import pytest
from support.control_plane_host import Host


@pytest.fixture
def strict() -> Host:
    """A host that takes three requests a minute."""
    return Host(rate_limit=3)


def test_what_is_too_much_is_told_when_to_come_again(strict: Host) -> None:
    for _ in range(3):
        strict.admin.ok("get_auth_profile")
        strict.clock.advance(10)
    refused = strict.admin.call("get_user_balance")
    assert (refused.status_code, refused.json()["code"]) == (429, 8)
    assert "3 requests" in refused.json()["message"]
    assert refused.headers["Retry-After"] == "30"
    strict.clock.advance(29.5)
    again = strict.admin.call("get_user_balance")
    assert (again.status_code, again.headers["Retry-After"]) == (429, "1")
    strict.clock.advance(0.5)
    strict.admin.ok("get_user_balance")
    strict.admin.refused(429, "get_user_balance")


def test_each_token_has_a_limit_of_its_own(strict: Host) -> None:
    user = strict.user()
    for client in (strict.admin, user):
        for _ in range(3):
            client.ok("get_auth_profile")
        client.refused(429, "get_auth_profile")


def test_a_request_that_is_refused_does_nothing(strict: Host) -> None:
    for _ in range(3):
        strict.admin.ok("get_auth_profile")
    strict.admin.refused(429, "create_user_api_key", {"name": "one too many"})
    strict.clock.advance(60)
    assert strict.admin.ok("list_user_api_keys") == {"apiKeys": []}


def test_a_wrong_token_is_a_matter_of_its_own(strict: Host) -> None:
    strict.admin.token = "wrong"
    for _ in range(5):
        strict.admin.refused(401, "get_auth_profile")


def test_there_is_no_limit_unless_one_is_asked_for(host: Host) -> None:
    for _ in range(100):
        host.admin.ok("get_auth_profile")
