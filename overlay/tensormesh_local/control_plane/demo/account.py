"""A believable account for demos and documents: three months in the life of a small company.

Nearly all of it goes through the operations themselves, at the times at which it is to have
happened, so that it fits together as what real use leaves behind.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import MINUTE, ManualClock, to_micros
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.billing.ledger import balance_of
from tensormesh_local.control_plane.billing.metering import write_minutes, write_records
from tensormesh_local.control_plane.billing.usage import SERVERLESS, Series
from tensormesh_local.control_plane.context import Context
from tensormesh_local.control_plane.demo.actions import Stage
from tensormesh_local.control_plane.demo.traffic import Workload, hours_of_day, recent_requests
from tensormesh_local.control_plane.ids import IdSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_local.clock import Clock
    from tensormesh_local.control_plane.context import Settings
    from tensormesh_local.control_plane.state import State

DAYS: Final = 92
"""How many days ago the account begins."""

# Ids of the state's own generations, which begin at 0, must be others.
_GENERATION: Final = -1
_MORNING_HOURS: Final = 7
# Days that are told by the hour; those before, in larger steps.
_RECENT_DAYS: Final = 14
_LARGE_STEP: Final = 4
_GROWTH: Final = 3.0
_FIRST_PAYMENT, _USUAL_PAYMENT = 50, 75
_LOW_BALANCE: Final = 20 * money.NANOS_PER_UNIT
_CREDIT: Final = 5 * money.NANOS_PER_UNIT
_JONAS, _AIKO = "Jonas Weber", "Aiko Tanaka"
_LARGE, _SMALL = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
_CODER: Final = "Qwen/Qwen3-Coder-30B-A3B-Instruct"
_PRODUCTS: Final = (
    ("One H200 by the month", "RESERVED_GPU", "H200", 1, 1950, "MONTHLY", True),
    ("Eight H100 by the month", "RESERVED_GPU", "H100", 8, 13_900, "MONTHLY", True),
    ("One A100 by the day", "RESERVED_GPU", "A100", 1, 29, "DAILY", False),
    ("External storage, 10 TB", "EXTERNAL_STORAGE", "UNSPECIFIED", 0, 180, "MONTHLY", True),
    ("Support within the hour", "SUPPORT_PLAN", "UNSPECIFIED", 0, 4_800, "YEARLY", True),
)


def fill_with_demo_data(state: State, clock: Clock, settings: Settings, seed: int) -> bool:
    """Give the default user an account with a past, unless it has one already.

    Args:
        state: What to fill; it has the default user.
        clock: What tells when the past ends.
        settings: How the host was started.
        seed: What follows all that is random, ids included.
        base_url: Where the Control Plane is reached.

    Returns:
        Whether it was filled.
    """
    with state.read() as db:
        if db.execute("SELECT 1 FROM transactions LIMIT 1").fetchone():
            return False
    _Story(state, clock, settings, seed).tell()
    return True


class _Story:
    def __init__(self, state: State, clock: Clock, settings: Settings, seed: int) -> None:
        self._state = state
        self._end = clock.now()
        midnight = self._end.replace(hour=0, minute=0, second=0, microsecond=0)
        self._first_day = midnight - timedelta(days=DAYS)
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        context = Context(
            state=state,
            clock=ManualClock(self._first_day),
            ids=IdSource(seed, _GENERATION),
            settings=settings,
            # No answer that names an address is kept.
            base_url="",
        )
        self._stage = Stage(context, self._end)
        self._product_id = ""
        self._workloads: list[Workload] = []

    def tell(self) -> None:
        """Do day by day what the account is to have done."""
        events: dict[int, Callable[[], None]] = {
            0: self._sign_up,
            1: self._offer_products,
            2: self._make_keys,
            9: self._ask_about_invoice,
            10: self._answer_about_invoice,
            34: self._report_slow_start,
            45: self._deploy_for_a_trial,
            48: self._end_trial,
            63: self._wish,
            79: self._deploy_in_vain,
            80: self._deploy_for_good,
            DAYS - 1: self._add_second_card,
        }
        for day in range(DAYS + 1):
            midnight = self._first_day + timedelta(days=day)
            self._stage.move_to(midnight + timedelta(hours=_MORNING_HOURS))
            if day in events:
                events[day]()
            self._top_up()
            self._use(day, midnight)
        self._stage.move_to(self._end)
        self._use_recently()
        self._stage.deploy("night-owl", _CODER, "H100", "Drafts at night")

    def _sign_up(self) -> None:
        stage = self._stage
        with self._state.write() as db:
            # The host made the default user when it started.
            made = (stage.context.now, DEFAULT_USER_ID)
            db.execute("UPDATE users SET created_at = ? WHERE id = ?", made)
        stage.introduce(DEFAULT_USER_ID, "Mira Okafor")
        stage.do("accept_tos")
        stage.do("attach_stripe_payment_method", stripePaymentMethodId="pm_card_visa")
        stage.pay(_FIRST_PAYMENT)
        for name in (_JONAS, _AIKO):
            stage.wait(minutes=10)
            stage.invite(name)
        jonas = stage.people[_JONAS]
        stage.do("change_user_role", targetUserId=jonas, targetUserRole="USER_ROLE_ADMIN")
        for user_id, model, requests, prompt, completion, first, each in (
            (DEFAULT_USER_ID, _SMALL, 420, 2600, 240, 0.11, 0.004),
            (DEFAULT_USER_ID, _LARGE, 90, 5200, 520, 0.24, 0.007),
            (DEFAULT_USER_ID, _CODER, 60, 7400, 330, 0.19, 0.005),
            (stage.people[_AIKO], _SMALL, 35, 1500, 180, 0.11, 0.004),
        ):
            series = Series(user_id, SERVERLESS, model, "")
            self._workloads.append(Workload(series, requests, prompt, completion, first, each))

    def _offer_products(self) -> None:
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
            admin = self._stage.people[_JONAS]
            made = self._stage.do("admin_create_product", admin, product=product)["product"]
            ids.append(made["productId"])
        self._product_id = ids[0]

    def _make_keys(self) -> None:
        first = self._stage.do("create_user_api_key", name="first try")["apiKey"]
        self._stage.do("create_user_api_key", name="notebook", scopes=["inference"])
        expires = (self._end + timedelta(days=90)).strftime("%Y-%m-%dT00:00:00Z")
        self._stage.do("create_user_api_key", name="nightly tests", expiresAt=expires)
        self._stage.do("delete_user_api_key", path={"apiKeyId": first["id"]})

    def _deploy_for_a_trial(self) -> None:
        self._stage.pay(200)
        self._stage.deploy("code-helper", _CODER, "A100", "Reviews changes")

    def _end_trial(self) -> None:
        self._stage.do("delete_model", path={"modelId": self._stage.models["code-helper"]})

    def _deploy_in_vain(self) -> None:
        self._stage.deploy("field-notes", "fail/heronlabs/field-notes", "H100", "Our own tune")

    def _deploy_for_good(self) -> None:
        stage = self._stage
        stage.pay(2000)
        stage.deploy("bird-guide", _LARGE, "H200", "Answers questions about birds")
        model_id = stage.models["bird-guide"]
        stage.do("create_reserved_deployment", productId=self._product_id, modelId=model_id)
        with self._state.read() as db:
            row = db.execute("SELECT served_name FROM models WHERE id = ?", (model_id,)).fetchone()
        series = Series(DEFAULT_USER_ID, "on_demand", row["served_name"], model_id)
        self._workloads.append(Workload(series, 30, 1800, 260, 0.18, 0.006))

    def _ask_about_invoice(self) -> None:
        text = "Can you put our VAT id on it?"
        self._stage.open_ticket("invoice", "BILLING", "Invoice for our books", text)

    def _answer_about_invoice(self) -> None:
        text = "Done, the next one has it. Shall we redo the last?"
        self._stage.reply("invoice", _JONAS, text)
        self._stage.wait(minutes=25)
        self._stage.reply("invoice", None, "No need, thank you!")
        self._stage.set_status("invoice", _JONAS, "RESOLVED")

    def _report_slow_start(self) -> None:
        stage = self._stage
        text = "The first request in the morning takes eight seconds, the others less than one."
        stage.open_ticket("slow", "TECHNICAL", "First answer of the day is slow", text)
        stage.wait(minutes=70)
        text = "Its cache is cold by then. We are trying to keep it warm; which model is it?"
        stage.reply("slow", _JONAS, text)
        stage.wait(minutes=15)
        stage.reply("slow", None, "The larger gpt-oss, every weekday around eight.")
        stage.set_status("slow", _JONAS, "IN_PROGRESS")

    def _wish(self) -> None:
        text = "Could usage be split by API key, so that each team sees its own?"
        self._stage.open_ticket("wish", "FEATURE_REQUEST", "Usage by API key", text)

    def _add_second_card(self) -> None:
        self._stage.do("attach_stripe_payment_method", stripePaymentMethodId="pm_card_mastercard")

    def _top_up(self) -> None:
        stage = self._stage
        aiko, jonas = stage.people[_AIKO], stage.people[_JONAS]
        with self._state.read() as db:
            own, colleague = balance_of(db, DEFAULT_USER_ID), balance_of(db, aiko)
        if own < _LOW_BALANCE:
            stage.pay(_USUAL_PAYMENT)
        if colleague <= 0:
            amount = money.to_wire(_CREDIT)
            stage.do("add_user_balance", jonas, targetUserId=aiko, amount=amount)

    def _use(self, day: int, midnight: datetime) -> None:
        # The last hour is told in detail.
        until = to_micros(self._end - timedelta(hours=1)) - MINUTE
        step = 1 if day > DAYS - _RECENT_DAYS else _LARGE_STEP
        start, growth = to_micros(midnight), _growth(day)
        with self._state.write() as db:
            for workload in self._workloads:
                hours = hours_of_day(self._random, workload, start, growth, step)
                past = {key: sums for key, sums in hours if key[1] <= until}
                write_minutes(db, self._stage.context.new_id, past)

    def _use_recently(self) -> None:
        now = to_micros(self._end)
        records = [
            record
            for workload in self._workloads
            for record in recent_requests(self._random, workload, now, _growth(DAYS))
        ]
        records.sort(key=lambda record: record.at)
        with self._state.write() as db:
            write_records(db, self._stage.context.ids, records)


def _growth(day: int) -> float:
    return 1 + (_GROWTH - 1) * day / DAYS
