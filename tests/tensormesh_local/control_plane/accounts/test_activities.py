"""Activities: newest first, by pages with tokens that fit only the list they came from."""

from __future__ import annotations

import base64

from support.cases import for_each
from support.control_plane_host import ADMIN_ID, Client, Host


def _make_keys(client: Client, count: int) -> None:
    for number in range(count):
        client.ok("create_user_api_key", {"name": f"k{number}"})


def _pages(client: Client, **query: str) -> list[list[str]]:
    pages = []
    token = ""
    while True:
        page = client.ok("list_activities", query={**query, "pageToken": token})
        pages.append([each["message"].rpartition(" ")[2] for each in page["activities"]])
        token = page["nextPageToken"]
        if not token:
            return pages


def test_pages_follow_each_other_to_the_end(admin: Client) -> None:
    _make_keys(admin, 5)
    assert _pages(admin, pageSize="2") == [["k4", "k3"], ["k2", "k1"], ["k0"]]
    assert _pages(admin, pageSize="5") == [["k4", "k3", "k2", "k1", "k0"]]
    assert _pages(admin) == [["k4", "k3", "k2", "k1", "k0"]]


def test_what_happens_in_between_moves_no_page(admin: Client) -> None:
    _make_keys(admin, 3)
    first = admin.ok("list_activities", query={"pageSize": "2"})
    _make_keys(admin, 2)
    query = {"pageSize": "2", "pageToken": first["nextPageToken"]}
    (last,) = admin.ok("list_activities", query=query)["activities"]
    assert last["message"] == "Created the API key k0"


def test_an_activity_says_who_did_what_to_what(admin: Client, user: Client) -> None:
    key = admin.ok("create_user_api_key", {"userId": user.id, "name": "k"})["apiKey"]
    (activity, *_) = user.ok("list_activities")["activities"]
    assert activity.pop("activityId").startswith("act_")
    assert activity == {
        "userId": user.id,
        "actorUserId": ADMIN_ID,
        "type": "ACTIVITY_TYPE_API_KEY_CREATED",
        "resourceType": "api_key",
        "resourceId": key["id"],
        "message": "Created the API key k",
        "metadata": {},
        "createdAt": "2026-05-20T08:00:00Z",
    }
    assert admin.activities() == []


def test_a_type_leaves_out_the_others(user: Client) -> None:
    _make_keys(user, 2)
    assert [kind for kind, _ in user.activities(type="ACTIVITY_TYPE_LOGIN")] == ["LOGIN"]
    assert len(user.activities(type="ACTIVITY_TYPE_UNSPECIFIED")) == 3
    assert user.wrong_fields("list_activities", query={"type": "LOGIN"}) == ["type"]


@for_each(
    "token",
    [
        "x",
        "\u00e9",
        base64.urlsafe_b64encode(b"[1]").decode(),
        base64.urlsafe_b64encode(b'["1", "x"]').decode(),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b'[1e999, "x"]').decode(),
        base64.urlsafe_b64encode(b'[99999999999999999999, "x"]').decode(),
    ],
    ids=range(7),
)
def test_made_up_tokens_are_refused(admin: Client, token: str) -> None:
    assert admin.wrong_fields("list_activities", query={"pageToken": token}) == ["pageToken"]


def test_a_token_is_valid_only_with_the_same_parameters(admin: Client, user: Client) -> None:
    _make_keys(admin, 3)
    page = admin.ok("list_activities", query={"pageSize": "1"})
    query = {"pageToken": page["nextPageToken"], "pageSize": "1"}
    for change in ({"userId": user.id}, {"type": "ACTIVITY_TYPE_LOGIN"}):
        wrong = admin.wrong_fields("list_activities", query={**query, **change})
        assert wrong == ["pageToken"]
    admin.ok("list_activities", query={**query, "pageSize": "2", "userId": ADMIN_ID})


@for_each("size", ["0", "1001", "-1", "many", ""])
def test_pages_have_bounds(admin: Client, size: str) -> None:
    assert admin.wrong_fields("list_activities", query={"pageSize": size}) == ["pageSize"]


def test_activities_of_others_are_not_ones_business(
    host: Host, user: Client, other: Client
) -> None:
    other.refused(403, "list_activities", query={"userId": user.id})
    found = host.admin.ok("list_activities", query={"userId": user.id})["activities"]
    assert [each["userId"] for each in found] == [user.id]
