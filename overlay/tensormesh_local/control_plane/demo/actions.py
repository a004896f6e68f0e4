"""The stage of the demo account's story: who is there, what time it is, and how things are done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import ManualClock
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.accounts.api_keys import add_default_api_key
from tensormesh_local.control_plane.accounts.users import create_user, find_user
from tensormesh_local.control_plane.context import Caller
from tensormesh_local.control_plane.operations import HANDLERS

if TYPE_CHECKING:
    from tensormesh_local.control_plane.context import Context

COMPANY: Final = "Heron Labs"


class Stage:
    """Carries out operations at any time in the past, in anybody's name.

    Args:
        context: The world; its clock is replaced.
        end: When the present is.
    """

    def __init__(self, context: Context, end: datetime) -> None:
        self.context = context
        self._end = end
        self.people: dict[str, str] = {}
        self.models: dict[str, str] = {}
        self.tickets: dict[str, str] = {}

    def move_to(self, moment: datetime) -> None:
        """Make it a time in the past, or the present if that would be in the future."""
        moment = min(moment.astimezone(UTC), self._end)
        self.context = replace(self.context, clock=ManualClock(moment))

    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.move_to(self.context.clock.now() + timedelta(minutes=minutes))

    def do(
        self,
        operation_id: str,
        user_id: str = DEFAULT_USER_ID,
        path: dict[str, str] | None = None,
        **body: Any,
    ) -> dict[str, Any]:
        """Carry out an operation as a user; return the body of its answer."""
        with self.context.state.read() as db:
            row = find_user(db, user_id)
        caller = Caller(row["id"], row["email"], row["role"])
        context = replace(self.context, user=caller, path=path or {}, body=body)
        return HANDLERS[operation_id](context)

    def invite(self, name: str) -> None:
        """Make a user, under whose name ``people`` has the id from then on."""
        user_id = self.context.ids.new_uuid()
        email = f"{name.lower().replace(' ', '.')}@heronlabs.example"
        with self.context.state.write() as db:
            create_user(db, user_id, email, self.context.now)
            add_default_api_key(db, self.context, user_id)
        self.people[name] = user_id
        self.introduce(user_id, name)

    def introduce(self, user_id: str, name: str) -> None:
        """Fill in a user's record."""
        first, last = name.split()
        self.do(
            "update_user_profile",
            path={"userId": user_id},
            firstName=first,
            lastName=last,
            displayName=name,
            company=COMPANY,
        )

    def pay(self, units: int) -> None:
        """Pay whole US dollars into the default user's balance."""
        amount = money.to_wire(units * money.NANOS_PER_UNIT)
        self.do("create_stripe_payment_intent", amount=amount)

    def deploy(self, name: str, path: str, gpu: str, description: str) -> None:
        """Deploy a model, under whose name ``models`` has the id from then on."""
        model = self.do(
            "deploy_model",
            modelName=name,
            modelPath=path,
            gpuType=f"GPU_TYPE_{gpu}",
            gpuCount=1,
            description=description,
            infra={
                "cloudProvider": "CLOUD_PROVIDER_NEBIUS",
                "nebiusRegion": "NEBIUS_REGION_EU_NORTH1",
            },
            kvCacheEnabled=True,
        )["model"]
        self.models[name] = model["modelId"]

    def open_ticket(self, name: str, kind: str, subject: str, text: str) -> None:
        """Open a ticket, whose id ``tickets`` has from then on."""
        message = {"content": text}
        kind = f"TICKET_TYPE_{kind}"
        ticket = self.do("create_ticket", subject=subject, type=kind, message=message)["ticket"]
        self.tickets[name] = ticket["ticketId"]

    def reply(self, name: str, sender: str | None, text: str) -> None:
        """Add a message to a ticket; without a sender it is the default user's."""
        user_id = self.people[sender] if sender else DEFAULT_USER_ID
        path = {"ticketId": self.tickets[name]}
        self.do("append_ticket_message", user_id, path, message={"content": text})

    def set_status(self, name: str, actor: str, status: str) -> None:
        """Set a ticket's status."""
        path = {"ticketId": self.tickets[name]}
        status = f"TICKET_STATUS_{status}"
        self.do("update_ticket_status", self.people[actor], path, status=status)
