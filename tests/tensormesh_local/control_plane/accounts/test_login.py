"""Login by the browser: approval, PKCE, polling, expiry, and the rotation of refresh tokens."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from support.control_plane_host import ADMIN_ID, Client, Host

VERIFIER = "a-verifier-of-more-than-forty-three-characters"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def _exchange(host: Host, login: dict[str, Any], **fields: str) -> tuple[int, dict[str, Any]]:
    response = host.nobody.call("exchange_cli_login", {"loginId": login["loginId"], **fields})
    return response.status_code, response.json()


class TestApproval:
    def test_the_page_says_who_asks_and_logs_in_who_approves(self, host: Host) -> None:
        start = {"clientName": "<tm>", "clientVersion": "1.0"}
        login = host.nobody.ok("start_cli_login", start)
        page = host.send("GET", login["verificationUrl"])
        assert page.headers["Content-Type"].startswith("text/html")
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "&lt;tm&gt; 1.0" in page.text
        assert "<tm>" not in page.text

        done = host.decide(login["verificationUrl"])
        assert done.status_code == 200
        assert "Login approved" in done.text
        tokens = host.nobody.ok("exchange_cli_login", {"loginId": login["loginId"]})
        assert tokens["expiresAt"] == "2026-05-20T09:00:00Z"
        assert Client(host, tokens["accessToken"]).id == ADMIN_ID
        assert host.admin.activities() == [("LOGIN", "Logged in by <tm> 1.0")]

    def test_a_new_address_makes_a_user_without_privileges(self, host: Host) -> None:
        user = host.user("mira@heron.test").ok("get_auth_profile")["user"]
        assert user["userRole"] == "USER_ROLE_USER"
        assert user["userEmail"] == "mira@heron.test"
        assert user["apiKey"].startswith("ak-")
        assert host.user("MIRA@heron.test").id == user["id"]

    def test_a_denied_login_is_forbidden(self, host: Host) -> None:
        login = host.nobody.ok("start_cli_login", {})
        assert "Login denied" in host.decide(login["verificationUrl"], "deny").text
        status, error = _exchange(host, login)
        assert (status, error["code"]) == (403, 7)
        again = host.send("GET", login["verificationUrl"])
        assert "Login denied" in again.text
        assert "<form" not in again.text

    def test_a_decision_is_not_taken_twice(self, host: Host) -> None:
        login = host.nobody.ok("start_cli_login", {})
        page = host.send("GET", login["verificationUrl"]).text
        token = page.partition('name="token" value="')[2].partition('"')[0]
        host.decide(login["verificationUrl"], "deny")
        late = host.decide(login["verificationUrl"], login=login["loginId"], token=token)
        assert "Login denied" in late.text

    @pytest.mark.parametrize("token", ["", "form-guess", "\xff"])
    def test_who_has_not_seen_the_page_cannot_approve(self, host: Host, token: str) -> None:
        login = host.nobody.ok("start_cli_login", {})
        assert host.decide(login["verificationUrl"], token=token).status_code == 403
        assert _exchange(host, login)[0] == 400

    @pytest.mark.parametrize("email", ["", "nobody", "a b@c", "<a@b>"])
    def test_only_an_address_can_log_in(self, host: Host, email: str) -> None:
        login = host.nobody.ok("start_cli_login", {})
        assert host.decide(login["verificationUrl"], email=email).status_code == 400
        assert _exchange(host, login)[0] == 400

    @pytest.mark.parametrize("query", ["", "?login=", "?login=lg_nope"])
    def test_an_unknown_login_has_no_page(self, host: Host, query: str) -> None:
        assert host.send("GET", f"/control-plane/cli{query}").status_code == 404
        assert host.decide(f"/control-plane/cli{query}").status_code == 404

    def test_a_form_has_bounds(self, host: Host) -> None:
        for content, status in ((b"x" * 20_000, 413), (b"a=1&" * 100, 404)):
            answer = host.send("POST", "/control-plane/cli", content=content)
            assert answer.status_code == status

    def test_with_auto_approve_nobody_clicks(self) -> None:
        host = Host(auto_approve=True)
        login = host.nobody.ok("start_cli_login", {})
        status, tokens = _exchange(host, login)
        assert status == 200
        assert Client(host, tokens["accessToken"]).id == ADMIN_ID


class TestExchange:
    def test_before_approval_it_is_pending(self, host: Host) -> None:
        status, error = _exchange(host, host.nobody.ok("start_cli_login", {}))
        assert (status, error["code"]) == (400, 9)
        assert error["details"][0]["reason"] == "AUTHORIZATION_PENDING"

    def test_polling_too_fast_is_told_to_wait(self, host: Host) -> None:
        login = host.nobody.ok("start_cli_login", {})
        assert login["pollIntervalSeconds"] == 2
        poll = {"loginId": login["loginId"]}
        host.nobody.refused(400, "exchange_cli_login", poll)
        host.clock.advance(0.5)
        early = host.nobody.call("exchange_cli_login", poll)
        assert (early.status_code, early.json()["code"]) == (429, 8)
        assert early.headers["Retry-After"] == "2"
        host.clock.advance(1.5)
        host.nobody.refused(400, "exchange_cli_login", poll)

    def test_a_login_is_used_once(self, host: Host) -> None:
        login = host.nobody.ok("start_cli_login", {})
        host.decide(login["verificationUrl"])
        assert _exchange(host, login)[0] == 200
        assert _exchange(host, login)[0] == 404

    def test_a_login_expires(self, host: Host) -> None:
        login = host.nobody.ok("start_cli_login", {})
        assert login["expiresAt"] == "2026-05-20T08:05:00Z"
        host.decide(login["verificationUrl"])
        host.clock.advance(minutes=5)
        assert _exchange(host, login)[0] == 404
        assert host.send("GET", login["verificationUrl"]).status_code == 404

    def test_pkce_binds_a_login_to_who_started_it(self, host: Host) -> None:
        start = {"codeChallenge": CHALLENGE, "codeChallengeMethod": "S256"}
        login = host.nobody.ok("start_cli_login", start)
        host.decide(login["verificationUrl"])
        exchange = {"loginId": login["loginId"]}
        for wrong in ({}, {"codeVerifier": ""}, {"codeVerifier": VERIFIER + "x"}):
            names = host.nobody.wrong_fields("exchange_cli_login", {**exchange, **wrong})
            assert names == ["codeVerifier"]
        host.nobody.ok("exchange_cli_login", {**exchange, "codeVerifier": VERIFIER})

    def test_other_challenges_are_refused(self, host: Host) -> None:
        plain = {"codeChallenge": CHALLENGE, "codeChallengeMethod": "plain"}
        assert host.nobody.wrong_fields("start_cli_login", plain) == ["codeChallengeMethod"]
        short = {"codeChallenge": "abc"}
        assert host.nobody.wrong_fields("start_cli_login", short) == ["codeChallenge"]


class TestTokens:
    def test_an_access_token_lasts_an_hour(self, host: Host, user: Client) -> None:
        host.clock.advance(minutes=59, seconds=59)
        assert user.id
        host.clock.advance(seconds=1)
        assert user.refused(401, "get_auth_profile")["code"] == 16

    def test_a_refresh_token_gives_the_next_ones(self, host: Host) -> None:
        first = host.log_in("mira@heron.test")
        host.clock.advance(hours=2)
        second = host.nobody.ok("refresh_cli_login", {"refreshToken": first["refreshToken"]})
        assert second["expiresAt"] == "2026-05-20T11:00:00Z"
        assert first.keys() == second.keys()
        assert not set(first.values()) & set(second.values())
        assert Client(host, second["accessToken"]).id

    def test_a_refresh_token_that_comes_twice_ends_the_session(self, host: Host) -> None:
        first = host.log_in("mira@heron.test")
        other = host.log_in("mira@heron.test")
        second = host.nobody.ok("refresh_cli_login", {"refreshToken": first["refreshToken"]})
        for stolen in (first, second):
            body = {"refreshToken": stolen["refreshToken"]}
            assert host.nobody.refused(401, "refresh_cli_login", body)["code"] == 16
        for dead in (first, second):
            Client(host, dead["accessToken"]).refused(401, "get_auth_profile")
        assert Client(host, other["accessToken"]).id

    def test_a_refresh_token_lasts_a_month(self, host: Host) -> None:
        body = {"refreshToken": host.log_in("mira@heron.test")["refreshToken"]}
        host.clock.advance(days=30)
        host.nobody.refused(401, "refresh_cli_login", body)

    @pytest.mark.parametrize("token", ["", "nope", "tm-local-token", "\u00e9"])
    def test_other_tokens_refresh_nothing(self, host: Host, token: str) -> None:
        host.nobody.refused(401, "refresh_cli_login", {"refreshToken": token})

    def test_no_token_is_kept_as_it_is(self, host: Host) -> None:
        tokens = host.log_in("mira@heron.test")
        with host.control_plane.state.read() as db:
            kept = "\n".join(db.iterdump())
        assert "mira@heron.test" in kept
        assert tokens["accessToken"] not in kept
        assert tokens["refreshToken"] not in kept

    def test_tokens_are_not_api_keys_nor_the_other_way_round(self, host: Host) -> None:
        Client(host, "tm-local-key").refused(401, "get_auth_profile")
        answer = host.chat("serverless", "tm-local-token", "tm-local-chat")
        assert answer.status_code == 401
