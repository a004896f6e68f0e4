"""API keys: told once, kept as hashes, and opening the inference hosts as long as they live."""

from __future__ import annotations

import pytest
from support.control_plane_host import ADMIN_ID, Client, Host


def _make(client: Client, **fields: object) -> dict[str, str]:
    return dict(client.ok("create_user_api_key", fields)["apiKey"])


def _opens(host: Host, key: str) -> bool:
    status = host.chat("serverless", key, "tm-local-chat").status_code
    assert status in (200, 401)
    return status == 200


class TestSecrets:
    def test_the_secret_is_told_once(self, user: Client) -> None:
        made = _make(user, name="notebook", scopes=["inference"])
        secret = made.pop("secret")
        assert secret.startswith("ak-")
        assert len(secret) > 30
        assert made["name"] == "notebook"
        listed = user.ok("list_user_api_keys")["apiKeys"]
        assert made in listed
        assert not any("secret" in key for key in listed)

    def test_only_its_hash_is_kept(self, host: Host, user: Client) -> None:
        made = _make(user, name="notebook")
        with host.control_plane.state.read() as db:
            kept = "\n".join(db.iterdump())
        assert made["id"] in kept
        assert made["secret"] not in kept

    def test_a_key_without_a_name_shows_how_it_begins(self, user: Client) -> None:
        made = _make(user)
        assert made["name"] == made["secret"][:8] + "..."

    def test_no_two_are_the_same(self, user: Client) -> None:
        assert len({_make(user)["secret"] for _ in range(20)}) == 20


class TestOnInferenceHosts:
    def test_a_key_opens_both_hosts_at_once(self, host: Host, user: Client) -> None:
        key = _make(user)["secret"]
        assert _opens(host, key)
        model = "tm-local-chat-gpu-type-cpu"
        assert host.chat("on-demand", key, model, user.id).status_code == 200

    def test_the_key_in_a_users_record_opens_too(self, host: Host, user: Client) -> None:
        assert _opens(host, user.ok("get_auth_profile")["user"]["apiKey"])

    def test_a_deleted_key_stops_at_once(self, host: Host, user: Client) -> None:
        made = _make(user)
        assert _opens(host, made["secret"])
        path = {"apiKeyId": made["id"]}
        assert user.ok("delete_user_api_key", path=path) == {"empty": {}}
        assert not _opens(host, made["secret"])

    def test_an_expired_key_stops_when_it_expires(self, host: Host, user: Client) -> None:
        made = _make(user, expiresAt="2026-05-20T11:00:00+02:00")
        assert made["expiresAt"] == "2026-05-20T09:00:00Z"
        host.clock.advance(minutes=59)
        assert _opens(host, made["secret"])
        host.clock.advance(minutes=1)
        assert not _opens(host, made["secret"])

    @pytest.mark.parametrize(
        ("scopes", "serverless", "on_demand"),
        [
            ([], 200, 200),
            (["inference"], 200, 200),
            (["serverless"], 200, 401),
            (["on-demand", "other"], 401, 200),
            (["other"], 401, 401),
        ],
    )
    def test_scopes_say_which_hosts_a_key_opens(
        self,
        host: Host,
        user: Client,
        scopes: list[str],
        serverless: int,
        on_demand: int,
    ) -> None:
        key = _make(user, scopes=scopes)["secret"]
        assert host.chat("serverless", key, "tm-local-chat").status_code == serverless
        answer = host.chat("on-demand", key, "tm-local-chat-gpu-type-cpu", user.id)
        assert answer.status_code == on_demand

    def test_without_the_default_key_the_record_has_none(self, host: Host, user: Client) -> None:
        default = user.ok("get_auth_profile")["user"]["apiKey"]
        (key,) = user.ok("list_user_api_keys")["apiKeys"]
        assert key["name"] == "default"
        user.ok("delete_user_api_key", path={"apiKeyId": key["id"]})
        assert user.ok("get_auth_profile")["user"]["apiKey"] == ""
        assert not _opens(host, default)


class TestRecords:
    def test_deleted_keys_stay_on_record(self, host: Host, user: Client) -> None:
        made = _make(user, name="notebook")
        host.clock.advance(60)
        user.ok("delete_user_api_key", path={"apiKeyId": made["id"]})
        assert made["id"] not in str(user.ok("list_user_api_keys"))
        listed = user.ok("list_user_api_keys", query={"includeDeleted": "true"})["apiKeys"]
        assert listed[-1]["deletedAt"] == "2026-05-20T08:01:00Z"
        user.refused(404, "delete_user_api_key", path={"apiKeyId": made["id"]})
        assert user.activities()[:2] == [
            ("API_KEY_DELETED", "Deleted the API key notebook"),
            ("API_KEY_CREATED", "Created the API key notebook"),
        ]

    def test_the_past_is_no_expiry(self, user: Client) -> None:
        for moment in ("2026-05-20T08:00:00Z", "2020-01-01T00:00:00Z", "tomorrow", "2026-05-21"):
            assert user.wrong_fields("create_user_api_key", {"expiresAt": moment}) == ["expiresAt"]

    def test_keys_of_others_are_not_ones_business(
        self, admin: Client, user: Client, other: Client
    ) -> None:
        path = {"apiKeyId": _make(user)["id"]}
        other.refused(403, "delete_user_api_key", path=path)
        other.refused(403, "list_user_api_keys", query={"userId": user.id})
        other.refused(403, "create_user_api_key", {"userId": user.id})
        other.refused(403, "delete_user_api_key", path=path, query={"userId": user.id})
        admin.refused(404, "delete_user_api_key", path={"apiKeyId": "key_nope"})
        admin.refused(404, "delete_user_api_key", path=path, query={"userId": ADMIN_ID})
        assert admin.ok("list_user_api_keys", query={"userId": user.id})["apiKeys"]
        admin.ok("delete_user_api_key", path=path, query={"userId": user.id})

    def test_an_administrator_makes_keys_for_others(
        self, host: Host, admin: Client, user: Client
    ) -> None:
        made = _make(admin, userId=user.id)
        assert made["id"] in str(user.ok("list_user_api_keys"))
        assert _opens(host, made["secret"])
        unknown = {"userId": "99999999-0000-4000-8000-000000000000"}
        admin.refused(404, "create_user_api_key", unknown)
