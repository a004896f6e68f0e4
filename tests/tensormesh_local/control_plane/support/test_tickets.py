"""Support tickets and their conversations."""

from __future__ import annotations

from typing import Any

from support.control_plane_host import ADMIN_ID, Client, Host


def _open(client: Client, subject: str = "Invoice for May", **fields: Any) -> dict[str, Any]:
    return dict(client.ok("create_ticket", {"subject": subject, **fields})["ticket"])


def _say(client: Client, ticket: dict[str, Any], content: str, **fields: str) -> dict[str, Any]:
    body = {"message": {"content": content}, **fields}
    path = {"ticketId": ticket["ticketId"]}
    return dict(client.ok("append_ticket_message", body, path=path)["ticket"])


def _set(client: Client, ticket: dict[str, Any], status: str) -> dict[str, Any]:
    body = {"status": f"TICKET_STATUS_{status}"}
    path = {"ticketId": ticket["ticketId"]}
    return dict(client.ok("update_ticket_status", body, path=path)["ticket"])


class TestConversation:
    def test_a_ticket_is_opened_answered_and_resolved(
        self, host: Host, admin: Client, user: Client
    ) -> None:
        message = {"content": "It lists a GPU twice.", "userId": "forged", "userName": "forged"}
        ticket = _open(user, type="TICKET_TYPE_BILLING", message=message)
        assert ticket["status"] == "TICKET_STATUS_OPEN"
        assert ticket["type"] == "TICKET_TYPE_BILLING"
        assert ticket["requesterUserId"] == user.id
        host.clock.advance(60)
        _say(admin, ticket, "We are looking into it.", userId=ADMIN_ID)
        assert _set(admin, ticket, "RESOLVED")["status"] == "TICKET_STATUS_RESOLVED"
        path = {"ticketId": ticket["ticketId"]}
        seen = user.ok("get_ticket", path=path)["ticket"]
        assert seen["updatedAt"] == "2026-05-20T08:01:00Z"
        first, second = seen["conversations"]
        assert first == {
            "userId": user.id,
            "userName": "mira",
            "userRole": "USER_ROLE_USER",
            "content": "It lists a GPU twice.",
            "createdAt": "2026-05-20T08:00:00Z",
        }
        assert (second["userName"], second["userRole"]) == ("Local User", "USER_ROLE_ADMIN")
        assert [kind for kind, _ in user.activities()][:3] == [
            "TICKET_UPDATED",
            "TICKET_UPDATED",
            "TICKET_CREATED",
        ]

    def test_a_message_of_the_requester_opens_an_answered_ticket_again(
        self, admin: Client, user: Client
    ) -> None:
        ticket = _open(user)
        assert ticket["conversations"] == []
        for status in ("RESOLVED", "WAITING_ON_CUSTOMER"):
            _set(admin, ticket, status)
            said = _say(admin, ticket, "Anything else?")
            assert said["status"] == f"TICKET_STATUS_{status}"
            assert _say(user, ticket, "Yes.")["status"] == "TICKET_STATUS_OPEN"

    def test_a_closed_ticket_takes_no_messages_until_it_is_opened(self, user: Client) -> None:
        ticket = _open(user)
        _set(user, ticket, "CLOSED")
        path = {"ticketId": ticket["ticketId"]}
        body = {"message": {"content": "Hello?"}}
        error = user.refused(400, "append_ticket_message", body, path=path)
        assert error["details"][0]["reason"] == "TICKET_CLOSED"
        _set(user, ticket, "OPEN")
        assert len(_say(user, ticket, "Hello!")["conversations"]) == 1

    def test_the_same_status_again_is_no_change(self, host: Host, user: Client) -> None:
        ticket = _open(user)
        host.clock.advance(60)
        assert _set(user, ticket, "OPEN") == ticket

    def test_wrong_fields_are_named(self, user: Client) -> None:
        assert user.wrong_fields("create_ticket", {}) == ["subject"]
        assert user.wrong_fields("create_ticket", {"subject": ""}) == ["subject"]
        body = {"subject": "x", "message": {"content": ""}}
        assert user.wrong_fields("create_ticket", body) == ["message.content"]
        path = {"ticketId": _open(user)["ticketId"]}
        for message, wrong in ((None, "message"), ({"content": ""}, "message.content")):
            said = {"message": message}
            assert user.wrong_fields("append_ticket_message", said, path=path) == [wrong]
        for status in ("TICKET_STATUS_UNSPECIFIED", "TICKET_STATUS_LOST"):
            wanted = {"status": status}
            assert user.wrong_fields("update_ticket_status", wanted, path=path) == ["status"]


class TestListOfTickets:
    def test_it_comes_newest_first_by_pages_and_status(self, host: Host, user: Client) -> None:
        tickets = []
        for number in range(3):
            tickets.append(_open(user, f"t{number}"))
            host.clock.advance(1)
        _set(user, tickets[0], "CLOSED")

        def subjects(**query: str) -> list[str]:
            return [each["subject"] for each in user.ok("list_tickets", query=query)["tickets"]]

        assert subjects() == ["t2", "t1", "t0"]
        assert subjects(status="TICKET_STATUS_UNSPECIFIED") == ["t2", "t1", "t0"]
        assert subjects(status="TICKET_STATUS_OPEN") == ["t2", "t1"]
        assert subjects(status="TICKET_STATUS_CLOSED") == ["t0"]
        assert subjects(page="2", size="1") == ["t1"]

    def test_it_has_ones_own_alone(self, admin: Client, user: Client, other: Client) -> None:
        _open(user)
        assert other.ok("list_tickets")["total"] == 0
        assert admin.ok("list_tickets")["total"] == 0
        assert admin.ok("list_tickets", query={"userId": user.id})["total"] == 1
        other.refused(403, "list_tickets", query={"userId": user.id})


class TestForeignTickets:
    def test_others_may_not_see_or_change_them(
        self, admin: Client, user: Client, other: Client
    ) -> None:
        path = {"ticketId": _open(user)["ticketId"]}
        say = {"message": {"content": "x"}}
        status = {"status": "TICKET_STATUS_CLOSED"}
        for client, wanted, where in (
            (other, 403, path),
            (user, 404, {"ticketId": "tk_nope"}),
            (admin, 404, {"ticketId": "tk_nope"}),
        ):
            client.refused(wanted, "get_ticket", path=where)
            client.refused(wanted, "append_ticket_message", say, path=where)
            client.refused(wanted, "update_ticket_status", status, path=where)
        assert admin.ok("get_ticket", path=path)["ticket"]["subject"] == "Invoice for May"
        own = {"userId": ADMIN_ID}
        admin.refused(404, "get_ticket", path=path, query=own)
        admin.ok("update_ticket_status", {**status, **own}, path=path)

    def test_nobody_speaks_in_the_name_of_another(
        self, admin: Client, user: Client, other: Client
    ) -> None:
        path = {"ticketId": _open(user)["ticketId"]}
        body = {"message": {"content": "x"}, "userId": other.id}
        status = {"status": "TICKET_STATUS_CLOSED", "userId": other.id}
        for client in (user, admin):
            client.refused(403, "append_ticket_message", body, path=path)
            client.refused(403, "update_ticket_status", status, path=path)
        user.refused(403, "create_ticket", {"subject": "x", "userId": other.id})
