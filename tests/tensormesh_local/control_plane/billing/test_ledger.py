"""The ledger always adds up, and what inference costs is exact."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.control_plane_host import ADMIN_ID
from support.control_plane_ledger import OTHER_ID, Books, check_ledger, usd

from tensormesh_local.clock import HOUR, SECOND, to_micros
from tensormesh_local.control_plane.billing.ledger import MAX_BALANCE
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.errors import ControlPlaneError

USERS = st.sampled_from([ADMIN_ID, OTHER_ID])
MODELS = st.sampled_from(["openai/gpt-oss-20b", "tm-local-chat", "not/priced-yet"])
AMOUNTS = st.integers(1, 500 * 10**9)
RATES = st.integers(0, 10**10)
COUNTS = st.integers(0, 200_000)


class LedgerMachine(RuleBasedStateMachine):
    """Random operations, next to a model of what each account must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.rates = {
            "openai/gpt-oss-20b": (50_000_000, 0, 200_000_000),
            "tm-local-chat": (100_000_000, 0, 400_000_000),
            "not/priced-yet": (100_000_000, 0, 400_000_000),
        }
        self.given: defaultdict[str, int] = defaultdict(int)
        # What was used, exactly: by user, month, model and kind of token, in millionths of a nano.
        self.costs: defaultdict[tuple[str, int, str, int], int] = defaultdict(int)
        self.pending: list[tuple[str, str]] = []
        # By model: owner, GPUs, since when it runs, and its cost in nanos times microseconds.
        self.running: dict[str, tuple[str, int, int]] = {}
        self.gpu_costs: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.gpu_rate = 3_500_000_000
        for user in (ADMIN_ID, OTHER_ID):
            body = {"userId": user, "stripePaymentMethodId": "pm_card_visa"}
            self.books.do("attach_stripe_payment_method", body)
            # Enough for models, and there is one from the start.
            self.pay(user, 5000 * 10**9)
        product = {"name": "GPU", "price": usd(10**9), "isActive": True}
        product |= {"billingPeriod": "BILLING_PERIOD_MONTHLY"}
        made = self.books.do("admin_create_product", {"product": product})["product"]
        self.product_id = made["productId"]
        self.deploy(ADMIN_ID, 7)

    def teardown(self) -> None:
        self.books.close()

    @rule(user=USERS, amount=AMOUNTS)
    def pay(self, user: str, amount: int) -> None:
        self.books.do("create_stripe_payment_intent", {"userId": user, "amount": usd(amount)})
        self.given[user] += amount

    @rule(user=USERS, amount=st.integers(-(10**9), 0))
    def pay_nothing(self, user: str, amount: int) -> None:
        with pytest.raises(ControlPlaneError):
            self.books.do("create_stripe_payment_intent", {"userId": user, "amount": usd(amount)})

    @rule(user=USERS, amount=AMOUNTS)
    def add(self, user: str, amount: int) -> None:
        self.books.do("add_user_balance", {"targetUserId": user, "amount": usd(amount)})
        self.given[user] += amount

    @rule(
        user=USERS,
        model=MODELS,
        prompt=COUNTS,
        cached=COUNTS,
        completion=COUNTS,
        status=st.sampled_from([200, 200, 499, 500]),
    )
    def infer(
        self, user: str, model: str, prompt: int, cached: int, completion: int, status: int
    ) -> None:
        cached = min(cached, prompt)
        if status == 500:
            prompt = cached = completion = 0
        self.books.use(user, model, prompt, cached, completion, status=status)
        month = month_of(self._now())[0]
        tokens = (prompt - cached, cached, completion)
        for kind, (count, rate) in enumerate(zip(tokens, self.rates[model], strict=True)):
            self.costs[user, month, model, kind] += count * rate

    @rule(model=MODELS, rates=st.tuples(RATES, RATES, RATES))
    def change_price(self, model: str, rates: tuple[int, int, int]) -> None:
        names = ("inputRate", "cachedInputRate", "outputRate")
        pricing = {name: usd(rate) for name, rate in zip(names, rates, strict=True)}
        self.books.do("upsert_serverless_pricing", {"pricing": {"model": model, **pricing}})
        self.rates[model] = rates

    @rule(user=USERS)
    def reserve(self, user: str) -> None:
        body = {"userId": user, "productId": self.product_id}
        if self.books.balance(user) < 10**9:
            with pytest.raises(ControlPlaneError, match="balance"):
                self.books.do("create_reserved_deployment", body)
            return
        made = self.books.do("create_reserved_deployment", body)["reservedDeployment"]
        self.pending.append((user, made["reservedDeploymentId"]))
        self.given[user] -= 10**9

    @rule()
    def cancel_what_has_not_begun(self) -> None:
        if self.pending:
            user, reservation = self.pending.pop()
            path = {"reservedDeploymentId": reservation}
            self.books.do("cancel_reserved_deployment", path=path)
            self.given[user] += 10**9

    @rule(user=USERS, gpus=st.integers(1, 16))
    def deploy(self, user: str, gpus: int) -> None:
        body = {
            "userId": user,
            "modelName": f"model {len(self.gpu_costs)} {self._now()} {len(self.running)}",
            "modelPath": "openai/gpt-oss-20b",
            "gpuType": "GPU_TYPE_H200",
            "gpuCount": gpus,
        }
        if self.books.balance(user) <= 0:
            with pytest.raises(ControlPlaneError, match="used up"):
                self.books.do("deploy_model", body)
            return
        model = self.books.do("deploy_model", body)["model"]
        self.running[model["modelId"]] = (user, gpus, self._now() + 3 * SECOND)

    @rule()
    def delete_a_model(self) -> None:
        if self.running:
            model_id, _ = self.running.popitem()
            self.books.do("delete_model", path={"modelId": model_id})

    @rule(rate=RATES)
    def change_gpu_price(self, rate: int) -> None:
        key = {"gpuType": "GPU_TYPE_H200", "cloudProvider": "CLOUD_PROVIDER_NEBIUS"}
        self.books.do("upsert_gpu_pricing", {"pricing": {**key, "hourlyRate": usd(rate)}})
        self.gpu_rate = rate

    @rule(time=st.integers(1, 10 * SECOND) | st.integers(1, 500 * HOUR))
    def wait(self, time: int) -> None:
        before = self._now()
        self.books.clock.advance(microseconds=time)
        for model_id, (user, gpus, since) in self.running.items():
            ran = max(0, self._now() - max(before, since))
            self.gpu_costs[user, model_id] += ran * gpus * self.gpu_rate
        self.pending.clear()

    def _now(self) -> int:
        return to_micros(self.books.clock.now())

    @invariant()
    def everything_adds_up(self) -> None:
        self.books.meter.flush()
        with self.books.control_plane.state.read() as db:
            check_ledger(db)
        spent: defaultdict[str, int] = defaultdict(int)
        for (user, _, _, _), cost in self.costs.items():
            spent[user] += cost // 1_000_000
        for (user, _), cost in self.gpu_costs.items():
            spent[user] += cost // HOUR
        for user in (ADMIN_ID, OTHER_ID):
            assert self.books.balance(user) == self.given[user] - spent[user]

    @invariant()
    def a_month_has_one_serverless_transaction(self) -> None:
        for user in (ADMIN_ID, OTHER_ID):
            starts = [
                each["details"]["serverless"]["periodStart"]
                for each in self.books.transactions(user)
                if each["type"] == "TRANSACTION_TYPE_SERVERLESS_USAGE"
            ]
            assert len(starts) == len(set(starts))


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


@pytest.fixture
def books() -> Books:
    return Books()


class TestCharges:
    def test_fractions_of_a_nano_add_up_instead_of_being_lost(self, books: Books) -> None:
        pricing = {"model": "m", "outputRate": usd(1)}
        books.do("upsert_serverless_pricing", {"pricing": pricing})
        for _ in range(9):
            books.use(ADMIN_ID, "m", 0, 0, 100_000)
            assert books.balance(ADMIN_ID) == 0
        books.use(ADMIN_ID, "m", 0, 0, 100_000)
        assert books.balance(ADMIN_ID) == -1

    def test_the_order_and_the_grouping_of_requests_do_not_change_the_cost(self) -> None:
        together, apart = Books(), Books()
        for count in (333, 1, 77_777, 5):
            together.use(ADMIN_ID, "openai/gpt-oss-20b", count, 0, count)
        for count in (5, 77_777, 1, 333):
            apart.use(ADMIN_ID, "openai/gpt-oss-20b", count, 0, count)
            apart.meter.flush()
        assert together.balance(ADMIN_ID) == apart.balance(ADMIN_ID) < 0

    def test_a_balance_that_would_not_fit_is_refused_and_nothing_moves(self, books: Books) -> None:
        billion = 10**18
        for _ in range(MAX_BALANCE // billion):
            books.do("add_user_balance", {"targetUserId": OTHER_ID, "amount": usd(billion)})
        with pytest.raises(ControlPlaneError, match="out of range"):
            books.do("add_user_balance", {"targetUserId": OTHER_ID, "amount": usd(1)})
        assert books.balance(OTHER_ID) == MAX_BALANCE
        assert len(books.transactions(OTHER_ID)) == MAX_BALANCE // billion


class TestWriting:
    def test_what_could_not_be_written_is_written_later(
        self, books: Books, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise sqlite3.OperationalError("disk full")

        books.use(ADMIN_ID, "tm-local-chat", 10, 0, 10)
        with monkeypatch.context() as patch:
            patch.setattr("tensormesh_local.control_plane.billing.metering.write_log", fail)
            with pytest.raises(sqlite3.OperationalError):
                books.meter.flush()
        books.use(ADMIN_ID, "tm-local-chat", 10, 0, 10)
        (transaction,) = books.transactions(ADMIN_ID)
        assert transaction["details"]["serverless"]["models"][0]["requests"] == "2"
