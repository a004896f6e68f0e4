"""Users' records, the terms of service, and what only administrators may do."""

from __future__ import annotations

from typing import Any

from support.cases import for_each
from support.control_plane_host import ADMIN_ID, Client, Host

NOBODY = "99999999-0000-4000-8000-000000000000"


def _role(client: Client, target: str, role: str, **fields: str) -> dict[str, Any]:
    body = {"targetUserId": target, "targetUserRole": f"USER_ROLE_{role}", **fields}
    return dict(client.call("change_user_role", body).json())


class TestProfiles:
    def test_the_default_user_has_the_hosts_own_key(self, admin: Client) -> None:
        user = admin.ok("get_auth_profile")["user"]
        assert user["id"] == ADMIN_ID
        assert user["userEmail"] == "local@tensormesh.test"
        assert user["userRole"] == "USER_ROLE_ADMIN"
        assert user["apiKey"] == "tm-local-key"

    def test_a_user_is_found_by_id_and_by_address(self, user: Client) -> None:
        profile = user.ok("get_auth_profile")
        assert user.ok("get_user_profile", path={"userId": user.id}) == profile
        by_email = {"userEmail": "Mira@heron.test"}
        assert user.ok("get_user_profile_by_email", path=by_email) == profile

    def test_names_and_company_change_and_the_rest_stays(self, user: Client) -> None:
        before = user.ok("get_auth_profile")["user"]
        path = {"userId": before["id"]}
        changes = {"firstName": "Mira", "company": "Heron Labs"}
        assert user.ok("update_user_profile", changes, path=path) == {"empty": {}}
        assert user.ok("update_user_profile", {"company": "", "id": "x"}, path=path)
        after = user.ok("get_auth_profile")["user"]
        assert after == {**before, "firstName": "Mira", "company": ""}

    def test_the_terms_are_accepted_once(self, host: Host, user: Client) -> None:
        assert user.ok("get_auth_profile")["user"]["tosAcceptedAt"] is None
        assert user.ok("accept_tos")["user"]["tosAcceptedAt"] == "2026-05-20T08:00:00Z"
        host.clock.advance(60)
        assert user.ok("accept_tos")["user"]["tosAcceptedAt"] == "2026-05-20T08:00:00Z"

    def test_an_administrator_sees_others_without_their_secrets(
        self, admin: Client, user: Client
    ) -> None:
        own = user.ok("get_auth_profile")["user"]
        seen = admin.ok("get_user_profile", path={"userId": user.id})["user"]
        assert own["apiKey"]
        assert seen == {**own, "apiKey": ""}


class TestForeignUsers:
    def test_a_user_sees_and_changes_only_oneself(self, user: Client) -> None:
        for user_id in (ADMIN_ID, NOBODY):
            path = {"userId": user_id}
            assert user.refused(403, "get_user_profile", path=path)["code"] == 7
            user.refused(403, "update_user_profile", {"company": "x"}, path=path)
            user.refused(403, "accept_tos", query=path)
        for email in ("local@tensormesh.test", "nobody@heron.test"):
            user.refused(403, "get_user_profile_by_email", path={"userEmail": email})

    def test_an_administrator_is_told_who_does_not_exist(self, admin: Client) -> None:
        path = {"userId": NOBODY}
        assert admin.refused(404, "get_user_profile", path=path)["code"] == 5
        admin.refused(404, "update_user_profile", {"company": "x"}, path=path)
        admin.refused(404, "accept_tos", query=path)
        email = {"userEmail": "nobody@heron.test"}
        admin.refused(404, "get_user_profile_by_email", path=email)

    def test_an_empty_user_id_is_ones_own(self, user: Client) -> None:
        assert user.ok("accept_tos", query={"userId": ""})["user"]["id"] == user.id


class TestListOfUsers:
    def test_it_comes_by_numbered_pages(self, host: Host, admin: Client) -> None:
        for number in range(4):
            host.clock.advance(1)
            host.log_in(f"u{number}@heron.test")
        first = admin.ok("list_users", query={"size": "2"})
        assert (first["page"], first["size"], first["total"]) == (1, 2, 5)
        last = admin.ok("list_users", query={"size": "2", "page": "3"})
        assert [user["userEmail"] for user in last["users"]] == ["u3@heron.test"]
        assert first["users"][0]["id"] == ADMIN_ID
        beyond = admin.ok("list_users", query={"size": "2", "page": str(2**31 - 1)})
        assert (beyond["users"], beyond["total"]) == ([], 5)

    @for_each(
        "query", [{"page": "0"}, {"size": "0"}, {"size": "101"}, {"page": "x"}, {"page": "1.5"}]
    )
    def test_pages_have_bounds(self, admin: Client, query: dict[str, str]) -> None:
        assert admin.wrong_fields("list_users", query=query) == list(query)

    def test_only_administrators_see_it_and_in_their_own_name(
        self, admin: Client, user: Client
    ) -> None:
        assert user.refused(403, "list_users")["code"] == 7
        admin.ok("list_users", query={"userId": ADMIN_ID})
        admin.refused(403, "list_users", query={"userId": user.id})


class TestRoles:
    def test_an_administrator_makes_and_unmakes_administrators(
        self, admin: Client, user: Client
    ) -> None:
        user.refused(403, "list_users")
        assert _role(admin, user.id, "ADMIN")["user"]["userRole"] == "USER_ROLE_ADMIN"
        user.ok("list_users")
        _role(admin, user.id, "USER")
        user.refused(403, "list_users")
        assert user.activities()[0] == ("ROLE_CHANGED", "Changed the role of mira@heron.test")

    def test_the_same_role_again_is_no_change(self, admin: Client, user: Client) -> None:
        assert _role(admin, user.id, "USER")["user"]["id"] == user.id
        assert user.activities(type="ACTIVITY_TYPE_ROLE_CHANGED") == []

    def test_super_administrators_are_above_administrators(
        self, host: Host, admin: Client, user: Client
    ) -> None:
        assert _role(admin, user.id, "SUPER_ADMIN")["code"] == 7
        user_id = user.id
        with host.control_plane.state.write() as db:
            db.execute("UPDATE users SET role = 'USER_ROLE_SUPER_ADMIN' WHERE id = ?", (user_id,))
        assert _role(admin, user.id, "USER")["code"] == 7
        _role(user, ADMIN_ID, "SUPER_ADMIN")
        assert _role(user, ADMIN_ID, "ADMIN")["user"]["userRole"] == "USER_ROLE_ADMIN"

    def test_nobody_changes_their_own_role(self, admin: Client) -> None:
        error = _role(admin, ADMIN_ID, "USER")
        assert (error["code"], error["details"][0]["reason"]) == (9, "OWN_ROLE")
        admin.ok("list_users")

    def test_users_change_no_roles(self, user: Client) -> None:
        assert _role(user, user.id, "ADMIN")["code"] == 7

    def test_wrong_requests_name_the_field(self, admin: Client, user: Client) -> None:
        body: dict[str, Any] = {"targetUserRole": "USER_ROLE_ADMIN"}
        assert admin.wrong_fields("change_user_role", body) == ["targetUserId"]
        for role in ("USER_ROLE_UNSPECIFIED", "USER_ROLE_KING", None):
            body = {"targetUserId": user.id, "targetUserRole": role}
            assert admin.wrong_fields("change_user_role", body) == ["targetUserRole"]
        assert _role(admin, NOBODY, "USER")["code"] == 5
        assert _role(admin, user.id, "ADMIN", userId=user.id)["code"] == 7
