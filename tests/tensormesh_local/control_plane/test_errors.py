"""Errors are google.rpc.Status everywhere, and routes, security and shapes are the spec's."""

from __future__ import annotations

import sqlite3
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.control_plane_host import OPERATIONS, Client, Host

from tensormesh_local.control_plane.context import HANDLERS
from tensormesh_local.control_plane.errors import Code, ControlPlaneError

GUARDED = [each for each in OPERATIONS.values() if each.needs_key]
JSON = {"Content-Type": "application/json"}


def _check(response: httpx.Response, status: int, code: Code) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    error: dict[str, Any] = response.json()
    assert error.keys() == {"code", "message", "details"}
    assert error["code"] == code
    assert error["message"]
    return error


def _send(host: Host, method: str, path: str, **options: Any) -> httpx.Response:
    headers = {"Authorization": "Bearer tm-local-token", **options.pop("headers", {})}
    return host.send(method, f"/control-plane{path}", headers=headers, **options)


def test_every_operation_of_the_spec_is_carried_out() -> None:
    assert len(OPERATIONS) == 52
    assert HANDLERS.keys() == OPERATIONS.keys()


class TestTokens:
    @for_each("operation", GUARDED, ids=lambda each: each.operation_id)
    def test_every_operation_but_login_needs_a_token(self, host: Host, operation: Any) -> None:
        error = host.nobody.call(operation.operation_id)
        _check(error, 401, Code.UNAUTHENTICATED)
        assert error.headers["WWW-Authenticate"] == "Bearer"

    @for_each(
        "authorization", ["", "Bearer", "Bearer nope", "Basic tm-local-token", "tm-local-token"]
    )
    def test_other_credentials_are_none(self, host: Host, authorization: str) -> None:
        headers = {"Authorization": authorization}
        _check(_send(host, "GET", "/auth/profile", headers=headers), 401, Code.UNAUTHENTICATED)

    def test_a_host_may_have_a_token_of_its_own(self) -> None:
        host = Host(token="mine")
        assert Client(host, "mine").id
        host.admin.refused(401, "get_auth_profile")


class TestRoutes:
    @for_each("path", ["/", "/nope", "/v1/users/", "/v1/users/a/b", "/cli/x"])
    def test_unknown_paths_are_not_found(self, host: Host, path: str) -> None:
        _check(_send(host, "GET", path), 404, Code.NOT_FOUND)

    @for_each(
        ("method", "path", "allowed"),
        [
            ("PATCH", "/auth/profile", "GET"),
            ("PUT", "/v1/users/api-keys", "GET, POST"),
            ("GET", "/v1/users/accept-tos", "POST"),
            ("GET", "/v1/reserved-deployments/rd_1:cancel", "POST"),
            ("GET", "/v1/admin/billing/balances:add", "POST"),
            ("DELETE", "/cli", "GET, HEAD, POST"),
            ("OPTIONS", "/v1/models", "GET, POST"),
        ],
    )
    def test_other_methods_are_not_allowed(
        self, host: Host, method: str, path: str, allowed: str
    ) -> None:
        response = _send(host, method, path)
        _check(response, 405, Code.UNIMPLEMENTED)
        assert response.headers["Allow"] == allowed

    def test_head_is_answered_like_get(self, host: Host) -> None:
        assert _send(host, "HEAD", "/auth/profile").status_code == 200

    def test_a_parameter_may_hold_any_text(self, admin: Client) -> None:
        for text in ("a/b", "...", "100%", "\u00e9 \x00", "by-email", "a:cancel", "\n", "a\nb"):
            error = admin.refused(404, "get_model", path={"modelId": text})
            assert error["message"] == f"model not found: {text}"

    def test_a_colon_may_be_encoded(self, host: Host) -> None:
        response = _send(host, "POST", "/v1/reserved-deployments/rd_1%3Acancel", json={})
        assert _check(response, 404, Code.NOT_FOUND)["message"].endswith("rd_1")


class TestBodies:
    @for_each(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b'"x"',
            b"\xff",
            b'{"name": NaN}',
            b'{"name": 1e999}',
            b'{"name": "\\ud800"}',
            b'{"x": ' + b"[" * 100_000,
        ],
        ids=lambda content: content[:14],
    )
    def test_what_is_no_json_object_is_refused(self, admin: Client, content: bytes) -> None:
        assert admin.wrong_fields("create_user_api_key", content=content) == ["body"]

    def test_only_json_is_read(self, admin: Client) -> None:
        headers = {"Content-Type": "text/plain"}
        wrong = admin.wrong_fields("create_user_api_key", {}, headers=headers)
        assert wrong == ["Content-Type"]

    def test_a_body_has_a_size(self, admin: Client) -> None:
        body = {"name": "x" * 2_000_000}
        assert admin.wrong_fields("create_user_api_key", body) == ["body"]

    def test_every_wrong_field_is_named(self, admin: Client) -> None:
        body = {"name": 1, "scopes": ["a", 2], "expiresAt": "2026-13-01T00:00:00Z"}
        wrong = admin.wrong_fields("create_user_api_key", body)
        assert sorted(wrong) == ["expiresAt", "name", "scopes.1"]

    def test_an_integer_may_be_written_with_a_point(self, admin: Client) -> None:
        admin.add_card()
        assert admin.deploy(gpuCount=2.0)["gpuCount"] == 2

    def test_members_that_are_not_defined_are_ignored(self, admin: Client) -> None:
        assert "x" not in admin.ok("create_user_api_key", {"x": 1})["apiKey"]


class TestQueries:
    @pytest.mark.parametrize("value", ["", "1", "TRUE", "yes"])
    def test_a_boolean_is_true_or_false(self, admin: Client, value: str) -> None:
        query = {"includeDeleted": value}
        assert admin.wrong_fields("list_user_api_keys", query=query) == ["includeDeleted"]

    @for_each("value", ["", "x", "1.0", "1e2", " 1", "\u0661", "9" * 30, str(2**31)])
    def test_an_integer_has_32_bits(self, admin: Client, value: str) -> None:
        assert admin.wrong_fields("list_models", query={"page": value}) == ["page"]

    def test_a_parameter_is_given_once(self, admin: Client) -> None:
        query = [("page", "1"), ("page", "2")]
        assert admin.wrong_fields("list_models", query=query) == ["page"]

    def test_parameters_that_are_not_defined_are_ignored(self, admin: Client) -> None:
        assert admin.ok("list_models", query={"colour": "red"})["total"] == 0


class TestFailures:
    def test_a_failure_tells_nothing_of_its_cause(
        self,
        host: Host,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(context: Any) -> Any:
            raise ValueError("secret detail")

        monkeypatch.setitem(HANDLERS, "list_models", (fail, False))
        _check(_send(host, "GET", "/v1/models"), 500, Code.INTERNAL)
        assert "secret detail" in caplog.text

    def test_a_state_that_is_held_by_another_asks_to_come_again(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(context: Any) -> Any:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

        monkeypatch.setitem(HANDLERS, "list_models", (fail, False))
        response = _send(host, "GET", "/v1/models")
        _check(response, 503, Code.UNAVAILABLE)
        assert response.headers["Retry-After"] == "1"

    def test_an_operation_without_a_handler_says_so(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delitem(HANDLERS, "list_models")
        _check(_send(host, "GET", "/v1/models"), 501, Code.UNIMPLEMENTED)

    @for_each("code", Code)
    def test_each_code_has_its_status(self, code: Code) -> None:
        statuses = {3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400}
        statuses |= {11: 400, 12: 501, 13: 500, 14: 503, 16: 401}
        assert ControlPlaneError(code, "x").response().status_code == statuses[code]

    def test_errors_carry_a_request_id(self, host: Host) -> None:
        response = _send(host, "GET", "/nope", headers={"X-Request-Id": "abc"})
        assert response.headers["X-Request-Id"] == "abc"
