"""A believable account for demos and documents: three months in the life of a small company.

Nearly everything is done by the operations themselves, at past times, so the data fits together
like that of real use.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import MINUTE, Clock, ManualClock, to_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.accounts.api_keys import add_default_api_key
from tensormesh_local.control_plane.accounts.users import create_user, find_user
from tensormesh_local.control_plane.billing.ledger import balance_of
from tensormesh_local.control_plane.billing.metering import write_minutes, write_records
from tensormesh_local.control_plane.billing.usage import SERVERLESS, Series
from tensormesh_local.control_plane.context import Caller, Context, Json, Settings, run_operation
from tensormesh_local.control_plane.demo.traffic import Workload, hours_of_day, recent_requests
from tensormesh_local.control_plane.ids import IdSource
from tensormesh_local.control_plane.state import State

DAYS: Final = 92
"""How many days ago the account begins."""

# Differs from the generations of a state, which begin at 0, so that ids do not repeat.
_GENERATION: Final = -1
_MORNING_HOURS: Final = 7
# The last days have usage by the hour, earlier ones in larger steps.
_RECENT_DAYS: Final = 14
_LARGE_STEP: Final = 4
_GROWTH: Final = 3.0
_FIRST_PAYMENT, _USUAL_PAYMENT = 50, 75
_LOW_BALANCE: Final = 20 * money.NANOS_PER_UNIT
_CREDIT: Final = 5 * money.NANOS_PER_UNIT
_COMPANY: Final = "Heron Labs"
_MIRA, _JONAS, _AIKO = "Mira Okafor", "Jonas Weber", "Aiko Tanaka"
_LARGE, _SMALL = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
_CODER: Final = "Qwen/Qwen3-Coder-30B-A3B-Instruct"
_PRODUCTS: Final = (
    ("One H200 by the month", "RESERVED_GPU", "H200", 1, 1950, "MONTHLY", True),
    ("Eight H100 by the month", "RESERVED_GPU", "H100", 8, 13_900, "MONTHLY", True),
    ("One A100 by the day", "RESERVED_GPU", "A100", 1, 29, "DAILY", False),
    ("External storage, 10 TB", "EXTERNAL_STORAGE", "UNSPECIFIED", 0, 180, "MONTHLY", True),
    ("Support within the hour", "SUPPORT_PLAN", "UNSPECIFIED", 0, 4_800, "YEARLY", True),
)
# User, model, requests, prompt tokens, completion tokens, and seconds: see Workload.
_WORKLOADS: Final = (
    (_MIRA, _SMALL, 420, 2600, 240, 0.11, 0.004),
    (_MIRA, _LARGE, 90, 5200, 520, 0.24, 0.007),
    (_MIRA, _CODER, 60, 7400, 330, 0.19, 0.005),
    (_AIKO, _SMALL, 35, 1500, 180, 0.11, 0.004),
)


def fill_with_demo_data(state: State, clock: Clock, settings: Settings, seed: int) -> bool:
    """Give the default user an account with a history, unless it already has one.

    Args:
        state: The state, which has the default user.
        clock: The time at which the history ends.
        settings: Options of the host.
        seed: Seed of everything that is random, including ids.

    Returns:
        Whether the data was added.
    """
    with state.read() as db:
        if db.one("SELECT 1 FROM transactions"):
            return False
    _DemoAccount(state, clock, settings, seed).fill()
    return True


class _DemoAccount:
    def __init__(self, state: State, clock: Clock, settings: Settings, seed: int) -> None:
        self._state = state
        self._end = clock.now()
        midnight = self._end.replace(hour=0, minute=0, second=0, microsecond=0)
        self._first_day = midnight - timedelta(days=DAYS)
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._context = Context(
            state=state,
            clock=ManualClock(self._first_day),
            ids=IdSource(seed, _GENERATION),
            settings=settings,
            # No stored value contains an address.
            base_url="",
        )
        self._people = {_MIRA: DEFAULT_USER_ID}
        self._product_id = self._invoice_ticket = self._trial_model = ""
        self._workloads: list[Workload] = []

    def fill(self) -> None:
        """Run the operations of every day."""
        events: dict[int, Callable[[], None]] = {
            0: self._sign_up,
            1: self._create_products,
            2: self._create_keys,
            9: self._ask_about_invoice,
            10: self._answer_about_invoice,
            34: self._report_slow_start,
            45: self._start_trial,
            48: self._end_trial,
            63: self._request_feature,
            79: self._deploy_in_vain,
            80: self._deploy_reserved,
            DAYS - 1: self._add_second_card,
        }
        for day in range(DAYS + 1):
            midnight = self._first_day + timedelta(days=day)
            self._move_to(midnight + timedelta(hours=_MORNING_HOURS))
            if day in events:
                events[day]()
            self._top_up()
            self._use(day, midnight)
        self._move_to(self._end)
        self._use_recently()
        self._deploy("night-owl", _CODER, "H100", "Drafts at night")

    def _move_to(self, moment: datetime) -> None:
        """Set the time of the next operations, at most to the present."""
        moment = min(moment.astimezone(UTC), self._end)
        self._context = replace(self._context, clock=ManualClock(moment))

    def _wait(self, minutes: int) -> None:
        self._move_to(self._context.clock.now() + timedelta(minutes=minutes))

    def _do(
        self, operation_id: str, user: str = _MIRA, path: dict[str, str] | None = None, **body: Any
    ) -> Json:
        """Run an operation as a user, and return the response body."""
        with self._state.read() as db:
            caller = Caller.from_row(find_user(db, self._people[user]))
        context = replace(self._context, user=caller, path=path or {}, body=body)
        return run_operation(operation_id, context)

    def _sign_up(self) -> None:
        with self._state.write() as db:
            # The host created the default user when it started.
            db.update("users", DEFAULT_USER_ID, created_at=self._context.now)
        self._introduce(_MIRA)
        self._do("accept_tos")
        self._do("attach_stripe_payment_method", stripePaymentMethodId="pm_card_visa")
        self._pay(_FIRST_PAYMENT)
        for name in (_JONAS, _AIKO):
            self._wait(minutes=10)
            self._people[name] = user_id = self._context.ids.new_uuid()
            email = f"{name.lower().replace(' ', '.')}@heronlabs.example"
            with self._state.write() as db:
                create_user(db, user_id, email, self._context.now)
                add_default_api_key(replace(self._context, connection=db), user_id)
            self._introduce(name)
        target = self._people[_JONAS]
        self._do("change_user_role", targetUserId=target, targetUserRole="USER_ROLE_ADMIN")
        for name, model, requests, prompt, completion, first, each in _WORKLOADS:
            series = Series(self._people[name], SERVERLESS, model, "")
            self._workloads.append(Workload(series, requests, prompt, completion, first, each))

    def _introduce(self, name: str) -> None:
        first, last = name.split()
        self._do(
            "update_user_profile",
            name,
            {"userId": self._people[name]},
            firstName=first,
            lastName=last,
            displayName=name,
            company=_COMPANY,
        )

    def _create_products(self) -> None:
        ids = []
        for name, kind, gpu, count, price, period, active in _PRODUCTS:
            product = {
                "name": name,
                "description": f"{name}, paid in advance",
                "type": f"PRODUCT_TYPE_{kind}",
                "gpuType": f"GPU_TYPE_{gpu}",
                "gpuCount": count,
                "cloudProvider": "CLOUD_PROVIDER_NEBIUS",
                "price": money.to_wire(price * money.NANOS_PER_UNIT),
                "billingPeriod": f"BILLING_PERIOD_{period}",
                "isActive": active,
            }
            created = self._do("admin_create_product", _JONAS, product=product)["product"]
            ids.append(created["productId"])
        self._product_id = ids[0]

    def _create_keys(self) -> None:
        first = self._do("create_user_api_key", name="first try")["apiKey"]
        self._do("create_user_api_key", name="notebook", scopes=["inference"])
        expires = (self._end + timedelta(days=90)).strftime("%Y-%m-%dT00:00:00Z")
        self._do("create_user_api_key", name="nightly tests", expiresAt=expires)
        self._do("delete_user_api_key", path={"apiKeyId": first["id"]})

    def _start_trial(self) -> None:
        self._pay(200)
        self._trial_model = self._deploy("code-helper", _CODER, "A100", "Reviews changes")

    def _end_trial(self) -> None:
        self._do("delete_model", path={"modelId": self._trial_model})

    def _deploy_in_vain(self) -> None:
        self._deploy("field-notes", "fail/heronlabs/field-notes", "H100", "Our fine-tuned model")

    def _deploy_reserved(self) -> None:
        self._pay(2000)
        model_id = self._deploy("bird-guide", _LARGE, "H200", "Answers questions about birds")
        self._do("create_reserved_deployment", productId=self._product_id, modelId=model_id)
        with self._state.read() as db:
            (row,) = db.all("SELECT served_name FROM models WHERE id = ?", (model_id,))
        series = Series(DEFAULT_USER_ID, "on_demand", row["served_name"], model_id)
        self._workloads.append(Workload(series, 30, 1800, 260, 0.18, 0.006))

    def _ask_about_invoice(self) -> None:
        text = "Can you put our VAT id on it?"
        self._invoice_ticket = self._open_ticket("BILLING", "Invoice for our books", text)

    def _answer_about_invoice(self) -> None:
        text = "Done, the next one will include it. Should we reissue the last one?"
        self._reply(self._invoice_ticket, _JONAS, text)
        self._wait(minutes=25)
        self._reply(self._invoice_ticket, _MIRA, "No need, thank you!")
        self._set_status(self._invoice_ticket, "RESOLVED")

    def _report_slow_start(self) -> None:
        text = "The first request in the morning takes eight seconds, the others less than one."
        ticket = self._open_ticket("TECHNICAL", "First answer of the day is slow", text)
        self._wait(minutes=70)
        text = "Its cache is cold by then. We are trying to keep it warm; which model is it?"
        self._reply(ticket, _JONAS, text)
        self._wait(minutes=15)
        self._reply(ticket, _MIRA, "The larger gpt-oss, every weekday around eight.")
        self._set_status(ticket, "IN_PROGRESS")

    def _request_feature(self) -> None:
        text = "Could usage be split by API key, so that each team sees its own?"
        self._open_ticket("FEATURE_REQUEST", "Usage by API key", text)

    def _add_second_card(self) -> None:
        self._do("attach_stripe_payment_method", stripePaymentMethodId="pm_card_mastercard")

    def _top_up(self) -> None:
        """Pay, or credit the colleague, if a balance is low."""
        aiko = self._people[_AIKO]
        with self._state.read() as db:
            own, colleague = balance_of(db, DEFAULT_USER_ID), balance_of(db, aiko)
        if own < _LOW_BALANCE:
            self._pay(_USUAL_PAYMENT)
        if colleague <= 0:
            amount = money.to_wire(_CREDIT)
            self._do("add_user_balance", _JONAS, targetUserId=aiko, amount=amount)

    def _pay(self, units: int) -> None:
        amount = money.to_wire(units * money.NANOS_PER_UNIT)
        self._do("create_stripe_payment_intent", amount=amount)

    def _deploy(self, name: str, path: str, gpu: str, description: str) -> str:
        model = self._do(
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
        return str(model["modelId"])

    def _open_ticket(self, kind: str, subject: str, text: str) -> str:
        kind, message = f"TICKET_TYPE_{kind}", {"content": text}
        ticket = self._do("create_ticket", subject=subject, type=kind, message=message)["ticket"]
        return str(ticket["ticketId"])

    def _reply(self, ticket_id: str, sender: str, text: str) -> None:
        path = {"ticketId": ticket_id}
        self._do("append_ticket_message", sender, path, message={"content": text})

    def _set_status(self, ticket_id: str, status: str) -> None:
        path = {"ticketId": ticket_id}
        self._do("update_ticket_status", _JONAS, path, status=f"TICKET_STATUS_{status}")

    def _use(self, day: int, midnight: datetime) -> None:
        # The last hour is added request by request.
        until = to_micros(self._end - timedelta(hours=1)) - MINUTE
        step = 1 if day > DAYS - _RECENT_DAYS else _LARGE_STEP
        start, growth = to_micros(midnight), _growth(day)
        with self._state.write() as db:
            for workload in self._workloads:
                hours = hours_of_day(self._random, workload, start, growth, step)
                past = {key: sums for key, sums in hours if key[1] <= until}
                write_minutes(db, self._context.new_id, past)

    def _use_recently(self) -> None:
        now = to_micros(self._end)
        records = [
            record
            for workload in self._workloads
            for record in recent_requests(self._random, workload, now, _growth(DAYS))
        ]
        records.sort(key=lambda record: record.at)
        with self._state.write() as db:
            write_records(db, self._context.new_id, records)


def _growth(day: int) -> float:
    return 1 + (_GROWTH - 1) * day / DAYS
