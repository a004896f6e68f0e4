"""Customers, payment methods and payments of the local stand-in for Stripe."""

from __future__ import annotations

from typing import Any

import pytest
from support.control_plane_host import Client
from support.control_plane_ledger import nanos, usd

VISA = {"stripePaymentMethodId": "pm_card_visa"}


def _methods(user: Client) -> list[dict[str, Any]]:
    found = user.ok("list_stripe_payment_methods")
    ids = [each["stripePaymentMethodId"] for each in found["paymentMethods"]]
    assert ids == found["stripePaymentMethodIds"]
    return list(found["paymentMethods"])


def _defaults(user: Client) -> list[str]:
    return [each["stripePaymentMethodId"] for each in _methods(user) if each["isDefault"]]


class TestCustomers:
    def test_a_customer_is_made_once(self, user: Client, other: Client) -> None:
        assert user.ok("get_auth_profile")["user"]["stripeCusId"] == ""
        made = user.ok("get_or_create_stripe_customer")["stripeCusId"]
        assert made.startswith("cus_")
        assert user.ok("get_or_create_stripe_customer")["stripeCusId"] == made
        assert user.ok("get_auth_profile")["user"]["stripeCusId"] == made
        assert other.ok("get_or_create_stripe_customer")["stripeCusId"] != made


class TestPaymentMethods:
    def test_what_card_it_is_follows_from_the_id(self, user: Client) -> None:
        for name in ("pm_card_visa", "pm_card_amex", "pm_usBankAccount", "pm_link", "pm_1Nx"):
            user.ok("attach_stripe_payment_method", {"stripePaymentMethodId": name})
        kinds = [
            (each["type"].removeprefix("STRIPE_PAYMENT_METHOD_TYPE_"), each["brand"])
            for each in _methods(user)
        ]
        assert kinds == [
            ("CARD", "visa"),
            ("CARD", "amex"),
            ("US_BANK_ACCOUNT", ""),
            ("LINK", ""),
            ("CARD", "visa"),
        ]
        visa = _methods(user)[0]
        assert visa["last4"] == "4242"
        assert 1 <= visa["expMonth"] <= 12
        assert visa["expYear"] == 2029

    def test_there_is_one_default_as_long_as_there_is_a_method(self, user: Client) -> None:
        for name in ("pm_a", "pm_b", "pm_c"):
            user.ok("attach_stripe_payment_method", {"stripePaymentMethodId": name})
        assert _defaults(user) == ["pm_a"]
        user.ok("set_default_stripe_payment_method", {"stripePaymentMethodId": "pm_c"})
        assert _defaults(user) == ["pm_c"]
        for gone, following in (("pm_c", ["pm_a"]), ("pm_b", ["pm_a"]), ("pm_a", [])):
            user.ok("detach_stripe_payment_method", path={"stripePaymentMethodId": gone})
            assert _defaults(user) == following
        assert _methods(user) == []

    def test_adding_one_again_changes_nothing(self, user: Client) -> None:
        for _ in range(2):
            assert user.ok("attach_stripe_payment_method", VISA) == {"empty": {}}
        assert len(_methods(user)) == 1
        assert user.activities(type="ACTIVITY_TYPE_PAYMENT_METHOD_ATTACHED") == [
            ("PAYMENT_METHOD_ATTACHED", "Added a payment method")
        ]

    def test_methods_of_others_are_not_there(self, user: Client, other: Client) -> None:
        user.ok("attach_stripe_payment_method", VISA)
        assert _methods(other) == []
        other.refused(404, "detach_stripe_payment_method", path=VISA)
        other.refused(404, "set_default_stripe_payment_method", VISA)
        other.refused(403, "list_stripe_payment_methods", query={"userId": user.id})
        other.refused(403, "attach_stripe_payment_method", {**VISA, "userId": user.id})
        assert len(_methods(user)) == 1

    @pytest.mark.parametrize("method", ["card_visa", "pm_", "pm_ö", "pm_a b"])
    def test_ids_that_stripe_never_gives_are_unknown(self, user: Client, method: str) -> None:
        error = user.refused(404, "attach_stripe_payment_method", {"stripePaymentMethodId": method})
        assert error["code"] == 5

    def test_a_method_must_be_named(self, user: Client) -> None:
        for operation in ("attach_stripe_payment_method", "set_default_stripe_payment_method"):
            assert user.wrong_fields(operation, {}) == ["stripePaymentMethodId"]


class TestPayments:
    def test_a_payment_raises_the_balance_at_once(self, user: Client) -> None:
        user.ok("attach_stripe_payment_method", VISA)
        made = user.ok("create_stripe_payment_intent", {**VISA, "amount": usd(12_340_000_000)})
        intent = made["stripePaymentIntentId"]
        assert intent.startswith("pi_")
        assert made["clientSecret"].startswith(f"{intent}_secret")
        assert nanos(user.ok("get_user_balance")["balance"]) == 12_340_000_000
        (transaction,) = user.ok("list_billing_transactions")["transactions"]
        assert transaction["stripePaymentIntentId"] == intent
        assert transaction["paymentMethodId"] == "pm_card_visa"
        assert transaction["type"] == "TRANSACTION_TYPE_TOP_UP"
        assert transaction["status"] == "TRANSACTION_STATUS_SUCCEEDED"

    def test_the_default_pays_if_none_is_named(self, user: Client) -> None:
        user.ok("attach_stripe_payment_method", VISA)
        user.ok("attach_stripe_payment_method", {"stripePaymentMethodId": "pm_b"})
        user.ok("set_default_stripe_payment_method", {"stripePaymentMethodId": "pm_b"})
        user.ok("create_stripe_payment_intent", {"amount": usd(10**9)})
        (transaction,) = user.ok("list_billing_transactions")["transactions"]
        assert transaction["paymentMethodId"] == "pm_b"

    @pytest.mark.parametrize("suffix", ["", "InsufficientFunds"])
    def test_a_declined_card_moves_nothing(self, user: Client, suffix: str) -> None:
        card = {"stripePaymentMethodId": f"pm_card_chargeDeclined{suffix}"}
        user.ok("attach_stripe_payment_method", card)
        error = user.refused(400, "create_stripe_payment_intent", {**card, "amount": usd(10**9)})
        assert (error["code"], error["details"][0]["reason"]) == (9, "CARD_DECLINED")
        assert user.ok("list_billing_transactions")["transactions"] == []

    def test_nothing_is_paid_without_a_method_on_file(self, user: Client) -> None:
        body = {"amount": usd(10**9)}
        error = user.refused(400, "create_stripe_payment_intent", body)
        assert (error["code"], error["details"][0]["reason"]) == (9, "NO_PAYMENT_METHOD")
        assert user.refused(404, "create_stripe_payment_intent", {**body, **VISA})["code"] == 5

    def test_the_amount_must_be_more_than_zero(self, user: Client) -> None:
        user.ok("attach_stripe_payment_method", VISA)
        for body in ({}, {"amount": usd(0)}, {"amount": usd(-1)}):
            assert user.wrong_fields("create_stripe_payment_intent", body) == ["amount"]

    def test_deployment_needs_a_method_and_a_balance(self, user: Client) -> None:
        body = {"modelName": "a", "modelPath": "b", "gpuType": "GPU_TYPE_H100"}
        error = user.refused(400, "deploy_model", body)
        assert error["details"][0]["reason"] == "NO_PAYMENT_METHOD"
        user.ok("attach_stripe_payment_method", VISA)
        error = user.refused(400, "deploy_model", body)
        assert error["details"][0]["reason"] == "INSUFFICIENT_BALANCE"
        user.ok("create_stripe_payment_intent", {"amount": usd(1)})
        user.ok("deploy_model", body)
