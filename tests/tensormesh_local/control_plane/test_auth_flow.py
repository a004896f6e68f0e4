"""Login by the browser: approval, PKCE, polling, expiry, and the rotation of refresh tokens."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from support.control_plane_world import ADMIN_ID, Client, World

VERIFIER = "a-verifier-of-more-than-forty-three-characters"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def _exchange(world: World, login: dict[str, Any], **fields: str) -> tuple[int, dict[str, Any]]:
    response = world.nobody.call("exchange_cli_login", {"loginId": login["loginId"], **fields})
    return response.status_code, response.json()


class TestApproval:
    def test_the_page_says_who_asks_and_logs_in_who_approves(self, world: World) -> None:
        start = {"clientName": "<tm>", "clientVersion": "1.0"}
        login = world.nobody.ok("start_cli_login", start)
        page = world.send("GET", login["verificationUrl"])
        assert page.headers["Content-Type"].startswith("text/html")
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "&lt;tm&gt; 1.0" in page.text
        assert "<tm>" not in page.text

        done = world.decide(login["verificationUrl"])
        assert done.status_code == 200
        assert "Login approved" in done.text
        tokens = world.nobody.ok("exchange_cli_login", {"loginId": login["loginId"]})
        assert tokens["expiresAt"] == "2026-05-20T09:00:00Z"
        assert Client(world, tokens["accessToken"]).id == ADMIN_ID
        assert world.admin.activities() == [("LOGIN", "Logged in by <tm> 1.0")]

    def test_a_new_address_makes_a_user_without_privileges(self, world: World) -> None:
        user = world.user("mira@heron.test").ok("get_auth_profile")["user"]
        assert user["userRole"] == "USER_ROLE_USER"
        assert user["userEmail"] == "mira@heron.test"
        assert user["apiKey"].startswith("ak-")
        assert world.user("MIRA@heron.test").id == user["id"]

    def test_a_denied_login_is_forbidden(self, world: World) -> None:
        login = world.nobody.ok("start_cli_login", {})
        assert "Login denied" in world.decide(login["verificationUrl"], "deny").text
        status, error = _exchange(world, login)
        assert (status, error["code"]) == (403, 7)
        again = world.send("GET", login["verificationUrl"])
        assert "Login denied" in again.text
        assert "<form" not in again.text

    def test_a_decision_is_not_taken_twice(self, world: World) -> None:
        login = world.nobody.ok("start_cli_login", {})
        page = world.send("GET", login["verificationUrl"]).text
        token = page.partition('name="token" value="')[2].partition('"')[0]
        world.decide(login["verificationUrl"], "deny")
        late = world.decide(login["verificationUrl"], login=login["loginId"], token=token)
        assert "Login denied" in late.text

    @pytest.mark.parametrize("token", ["", "form-guess", "\xff"])
    def test_who_has_not_seen_the_page_cannot_approve(self, world: World, token: str) -> None:
        login = world.nobody.ok("start_cli_login", {})
        assert world.decide(login["verificationUrl"], token=token).status_code == 403
        assert _exchange(world, login)[0] == 400

    @pytest.mark.parametrize("email", ["", "nobody", "a b@c", "<a@b>"])
    def test_only_an_address_can_log_in(self, world: World, email: str) -> None:
        login = world.nobody.ok("start_cli_login", {})
        assert world.decide(login["verificationUrl"], email=email).status_code == 400
        assert _exchange(world, login)[0] == 400

    @pytest.mark.parametrize("query", ["", "?login=", "?login=lg_nope"])
    def test_an_unknown_login_has_no_page(self, world: World, query: str) -> None:
        assert world.send("GET", f"/control-plane/cli{query}").status_code == 404
        assert world.decide(f"/control-plane/cli{query}").status_code == 404

    def test_a_form_has_bounds(self, world: World) -> None:
        for content, status in ((b"x" * 20_000, 413), (b"a=1&" * 100, 404)):
            answer = world.send("POST", "/control-plane/cli", content=content)
            assert answer.status_code == status

    def test_with_auto_approve_nobody_clicks(self) -> None:
        world = World(auto_approve=True)
        login = world.nobody.ok("start_cli_login", {})
        status, tokens = _exchange(world, login)
        assert status == 200
        assert Client(world, tokens["accessToken"]).id == ADMIN_ID


class TestExchange:
    def test_before_approval_it_is_pending(self, world: World) -> None:
        status, error = _exchange(world, world.nobody.ok("start_cli_login", {}))
        assert (status, error["code"]) == (400, 9)
        assert error["details"][0]["reason"] == "AUTHORIZATION_PENDING"

    def test_polling_too_fast_is_told_to_wait(self, world: World) -> None:
        login = world.nobody.ok("start_cli_login", {})
        assert login["pollIntervalSeconds"] == 2
        poll = {"loginId": login["loginId"]}
        world.nobody.refused(400, "exchange_cli_login", poll)
        world.clock.advance(0.5)
        early = world.nobody.call("exchange_cli_login", poll)
        assert (early.status_code, early.json()["code"]) == (429, 8)
        assert early.headers["Retry-After"] == "2"
        world.clock.advance(1.5)
        world.nobody.refused(400, "exchange_cli_login", poll)

    def test_a_login_is_used_once(self, world: World) -> None:
        login = world.nobody.ok("start_cli_login", {})
        world.decide(login["verificationUrl"])
        assert _exchange(world, login)[0] == 200
        assert _exchange(world, login)[0] == 404

    def test_a_login_expires(self, world: World) -> None:
        login = world.nobody.ok("start_cli_login", {})
        assert login["expiresAt"] == "2026-05-20T08:05:00Z"
        world.decide(login["verificationUrl"])
        world.clock.advance(minutes=5)
        assert _exchange(world, login)[0] == 404
        assert world.send("GET", login["verificationUrl"]).status_code == 404

    def test_pkce_binds_a_login_to_who_started_it(self, world: World) -> None:
        start = {"codeChallenge": CHALLENGE, "codeChallengeMethod": "S256"}
        login = world.nobody.ok("start_cli_login", start)
        world.decide(login["verificationUrl"])
        exchange = {"loginId": login["loginId"]}
        for wrong in ({}, {"codeVerifier": ""}, {"codeVerifier": VERIFIER + "x"}):
            names = world.nobody.wrong_fields("exchange_cli_login", {**exchange, **wrong})
            assert names == ["codeVerifier"]
        world.nobody.ok("exchange_cli_login", {**exchange, "codeVerifier": VERIFIER})

    def test_other_challenges_are_refused(self, world: World) -> None:
        plain = {"codeChallenge": CHALLENGE, "codeChallengeMethod": "plain"}
        assert world.nobody.wrong_fields("start_cli_login", plain) == ["codeChallengeMethod"]
        short = {"codeChallenge": "abc"}
        assert world.nobody.wrong_fields("start_cli_login", short) == ["codeChallenge"]


class TestTokens:
    def test_an_access_token_lasts_an_hour(self, world: World, user: Client) -> None:
        world.clock.advance(minutes=59, seconds=59)
        assert user.id
        world.clock.advance(seconds=1)
        assert user.refused(401, "get_auth_profile")["code"] == 16

    def test_a_refresh_token_gives_the_next_ones(self, world: World) -> None:
        first = world.log_in("mira@heron.test")
        world.clock.advance(hours=2)
        second = world.nobody.ok("refresh_cli_login", {"refreshToken": first["refreshToken"]})
        assert second["expiresAt"] == "2026-05-20T11:00:00Z"
        assert first.keys() == second.keys()
        assert not set(first.values()) & set(second.values())
        assert Client(world, second["accessToken"]).id

    def test_a_refresh_token_that_comes_twice_ends_the_session(self, world: World) -> None:
        first = world.log_in("mira@heron.test")
        other = world.log_in("mira@heron.test")
        second = world.nobody.ok("refresh_cli_login", {"refreshToken": first["refreshToken"]})
        for stolen in (first, second):
            body = {"refreshToken": stolen["refreshToken"]}
            assert world.nobody.refused(401, "refresh_cli_login", body)["code"] == 16
        for dead in (first, second):
            Client(world, dead["accessToken"]).refused(401, "get_auth_profile")
        assert Client(world, other["accessToken"]).id

    def test_a_refresh_token_lasts_a_month(self, world: World) -> None:
        body = {"refreshToken": world.log_in("mira@heron.test")["refreshToken"]}
        world.clock.advance(days=30)
        world.nobody.refused(401, "refresh_cli_login", body)

    @pytest.mark.parametrize("token", ["", "nope", "tm-local-token", "\u00e9"])
    def test_other_tokens_refresh_nothing(self, world: World, token: str) -> None:
        world.nobody.refused(401, "refresh_cli_login", {"refreshToken": token})

    def test_no_token_is_kept_as_it_is(self, world: World) -> None:
        tokens = world.log_in("mira@heron.test")
        with world.control_plane.state.read() as db:
            kept = "\n".join(db.iterdump())
        assert "mira@heron.test" in kept
        assert tokens["accessToken"] not in kept
        assert tokens["refreshToken"] not in kept

    def test_tokens_are_not_api_keys_nor_the_other_way_round(self, world: World) -> None:
        Client(world, "tm-local-key").refused(401, "get_auth_profile")
        answer = world.chat("serverless", "tm-local-token", "tm-local-chat")
        assert answer.status_code == 401
