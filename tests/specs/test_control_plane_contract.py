"""The Control Plane's spec keeps the contract with the service and with users of the SDK."""

from __future__ import annotations

import re

import pytest
from support.cases import for_each
from support.control_plane_spec import (
    COMPONENTS,
    OPERATIONS,
    SCHEMAS,
    Json,
    good_answer,
    parameters,
    problems,
    request_schema,
    resolve,
    validator,
)

DOCUMENTED = """
GET /auth/profile
GET /v1/users/{userId}
GET /v1/users/by-email/{userEmail}
PUT /v1/users/{userId}
POST /v1/users/accept-tos
GET /v1/users/api-keys
POST /v1/users/api-keys
GET /v1/admin/users
POST /v1/admin/users/change_role
POST /v1/models
GET /v1/billing/balance
GET /v1/billing/transactions
GET /v1/billing/spending/summary
GET /v1/billing/spending/history
GET /v1/billing/stripe/customers
GET /v1/billing/stripe/customers/payment-methods
POST /v1/billing/stripe/customers/payment-methods
POST /v1/billing/stripe/payment-intents
GET /v1/billing/gpu-pricing
POST /v1/admin/billing/balances
POST /v1/admin/billing/balances:add
POST /v1/admin/billing/spending/summary
POST /v1/support/tickets/{ticketId}/messages
"""
INFERRED = """
POST /auth/cli/start
POST /auth/cli/exchange
POST /auth/cli/refresh
DELETE /v1/users/api-keys/{apiKeyId}
GET /v1/models
GET /v1/models/{modelId}
DELETE /v1/models/{modelId}
GET /v1/billing/serverless-pricing
GET /v1/billing/serverless-usage/history
DELETE /v1/billing/stripe/customers/payment-methods/{stripePaymentMethodId}
PUT /v1/billing/stripe/customers/default-payment-method
PUT /v1/admin/billing/gpu-pricing
PUT /v1/admin/billing/serverless-pricing
GET /v1/admin/models
POST /v1/support/tickets
GET /v1/support/tickets
GET /v1/support/tickets/{ticketId}
PUT /v1/support/tickets/{ticketId}/status
GET /v1/logs
GET /v1/metrics
GET /v1/activities
GET /v1/products
GET /v1/admin/products
POST /v1/admin/products
PUT /v1/admin/products/{productId}
DELETE /v1/admin/products/{productId}
GET /v1/reserved-deployments
POST /v1/reserved-deployments
POST /v1/reserved-deployments/{reservedDeploymentId}:cancel
"""
# operationId, public method, and what it gives: the whole answer (-), the property that is
# unwrapped, none, or a page of a list.
FACE = """
get_auth_profile users.get_auth_profile user
get_user_profile users.get user
get_user_profile_by_email users.get_by_email user
update_user_profile users.update none
accept_tos users.accept_tos user
list_user_api_keys users.api_keys.list -
create_user_api_key users.api_keys.create apiKey
delete_user_api_key users.api_keys.delete none
list_models models.list page:models
get_model models.get model
deploy_model models.deploy model
delete_model models.delete none
get_user_balance billing.balance.get balance
list_billing_transactions billing.transactions.list token:transactions
get_user_spending_summary billing.spending.summary -
get_user_spending_history billing.spending.history -
get_or_create_stripe_customer billing.stripe.customers.get_or_create -
list_stripe_payment_methods billing.stripe.payment_methods.list -
attach_stripe_payment_method billing.stripe.payment_methods.attach none
detach_stripe_payment_method billing.stripe.payment_methods.detach none
set_default_stripe_payment_method billing.stripe.payment_methods.set_default none
create_stripe_payment_intent billing.stripe.payment_intents.create -
list_gpu_pricing billing.pricing.gpu.list -
list_serverless_pricing billing.pricing.serverless.list -
get_serverless_usage_history billing.serverless_usage.history -
list_tickets support.tickets.list page:tickets
create_ticket support.tickets.create ticket
get_ticket support.tickets.get ticket
update_ticket_status support.tickets.update_status ticket
append_ticket_message support.tickets.append_message ticket
query_logs logs.query token:entries
query_metrics metrics.query -
list_activities activities.list token:activities
list_products products.list -
list_reserved_deployments reserved_deployments.list page:reserved_deployments
create_reserved_deployment reserved_deployments.create reservedDeployment
cancel_reserved_deployment reserved_deployments.cancel reservedDeployment
list_users admin.users.list page:users
change_user_role admin.users.change_role user
admin_get_users_balance admin.billing.balances.get -
add_user_balance admin.billing.balances.add balance
get_users_spending_summary admin.billing.spending.summary -
upsert_gpu_pricing admin.billing.pricing.gpu.upsert pricing
upsert_serverless_pricing admin.billing.pricing.serverless.upsert pricing
admin_list_models admin.models.list page:models
admin_list_products admin.products.list page:products
admin_create_product admin.products.create product
admin_update_product admin.products.update product
admin_delete_product admin.products.delete none
start_cli_login auth.cli.start -
exchange_cli_login auth.cli.exchange -
refresh_cli_login auth.cli.refresh -
"""
# Commands whose words are not the public method's.
COMMANDS = {
    "get_auth_profile": "auth whoami",
    "get_or_create_stripe_customer": "billing stripe customer get",
    "list_stripe_payment_methods": "billing payment-methods list",
    "attach_stripe_payment_method": "billing payment-methods attach",
    "detach_stripe_payment_method": "billing payment-methods detach",
    "set_default_stripe_payment_method": "billing payment-methods set-default",
    "create_stripe_payment_intent": "billing payment-intents create",
    "list_tickets": "tickets list",
    "create_ticket": "tickets create",
    "get_ticket": "tickets get",
    "update_ticket_status": "tickets update-status",
    "append_ticket_message": "tickets append-message",
    "upsert_gpu_pricing": "admin pricing gpu upsert",
    "upsert_serverless_pricing": "admin pricing serverless upsert",
    "start_cli_login": "auth login",
    "exchange_cli_login": "auth login",
    "refresh_cli_login": "auth refresh",
}
# What a body must hold. The service documents nothing as required.
REQUIRED = {
    "exchange_cli_login": {"loginId"},
    "refresh_cli_login": {"refreshToken"},
    "set_default_stripe_payment_method": {"stripePaymentMethodId"},
    "create_ticket": {"subject"},
    "update_ticket_status": {"status"},
    "create_reserved_deployment": {"productId"},
}
# Fields that the service documents; of ApiKey's, `secret` is not among them.
FIELDS = """
User id firstName lastName displayName userEmail authProvider authProviderId avatarUrl
    stripeCusId userRole apiKey company tosAcceptedAt surveyCompletedAt
ApiKey id name scopes createdAt expiresAt deletedAt
Money currencyCode units nanos
Infra cloudProvider nebiusRegion lambdaRegion onpremRegion
Model modelId deploymentId userId description modelPath modelName status events createdAt
    updatedAt modelSpec infra gpuCount gpuType replicas endpoint apiKey
ModelEvent createdAt log eventType
BillingTransaction transactionId stripePaymentIntentId paymentMethodId createdAt amount
    description status type details
SpendingBucket bucketStart amount costSaving
StripePaymentMethod stripePaymentMethodId type brand last4 expMonth expYear isDefault
GpuPricing gpuType cloudProvider hourlyRate isActive
Ticket ticketId subject requesterUserId status type conversations createdAt updatedAt
ConversationMessage userId userName userRole content createdAt
"""
# Members of enums, without their prefix, which is the enum's own name.
MEMBERS = """
CloudProvider UNSPECIFIED ONPREM NEBIUS LAMBDA YOTTA
GpuType UNSPECIFIED A100 H100 H200 B200
NebiusRegion UNSPECIFIED EU_NORTH1 EU_WEST1 US_CENTRAL1
LambdaRegion UNSPECIFIED US_EAST_1 US_WEST_1 US_SOUTH_1 US_MIDWEST_1
UserRole UNSPECIFIED USER ADMIN SUPER_ADMIN
AuthProvider UNSPECIFIED GOOGLE GITHUB EMAIL
ModelStatus UNSPECIFIED PENDING DEPLOYING RUNNING STOPPED FAILED DELETING DELETED
EventType UNSPECIFIED CREATED DEPLOYING RUNNING UPDATED STOPPED FAILED DELETED
TransactionStatus UNSPECIFIED PENDING SUCCEEDED FAILED CANCELED REFUNDED
TransactionType UNSPECIFIED TOP_UP GPU_USAGE SERVERLESS_USAGE EXTERNAL_STORAGE
    RESERVED_DEPLOYMENT ADJUSTMENT REFUND
UsageGranularity UNSPECIFIED HOUR DAY MONTH
StripePaymentMethodType UNSPECIFIED CARD US_BANK_ACCOUNT LINK
TicketStatus UNSPECIFIED OPEN IN_PROGRESS WAITING_ON_CUSTOMER RESOLVED CLOSED
TicketType UNSPECIFIED BILLING TECHNICAL ACCOUNT FEATURE_REQUEST OTHER
LogSeverity UNSPECIFIED DEBUG INFO WARNING ERROR CRITICAL
ActivityType UNSPECIFIED LOGIN MODEL_DEPLOYED MODEL_DELETED API_KEY_CREATED API_KEY_DELETED
    PAYMENT_METHOD_ATTACHED PAYMENT_METHOD_DETACHED BALANCE_ADDED TICKET_CREATED TICKET_UPDATED
    ROLE_CHANGED RESERVED_DEPLOYMENT_CREATED RESERVED_DEPLOYMENT_CANCELED
ProductType UNSPECIFIED RESERVED_GPU EXTERNAL_STORAGE SUPPORT_PLAN
BillingPeriod UNSPECIFIED HOURLY DAILY MONTHLY YEARLY
ReservedDeploymentStatus UNSPECIFIED PENDING ACTIVE EXPIRED CANCELED FAILED
"""
LOGIN = {"start_cli_login", "exchange_cli_login", "refresh_cli_login"}
READS_BY_POST = {"admin_get_users_balance", "get_users_spending_summary"}


def entries(table: str) -> dict[str, list[str]]:
    """A table whose entries may go on, indented, on further lines."""
    found = [entry.split() for entry in re.split(r"\n(?=\w)", table.strip())]
    return {words[0]: words[1:] for words in found}


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


every_operation = for_each("operation_id", list(OPERATIONS))


# ---- The contract


@pytest.mark.parametrize(
    ("provenance", "table"), [("documented", DOCUMENTED), ("inferred", INFERRED)]
)
def test_operations_are_those_of_the_service_with_what_is_known_of_them(
    provenance: str, table: str
) -> None:
    found = {
        f"{method.upper()} {path}"
        for method, path, operation in OPERATIONS.values()
        if operation["x-tm-provenance"] == provenance
    }
    assert found == set(table.strip().splitlines())


def test_public_methods_have_their_names_and_give_what_users_expect() -> None:
    def given(operation: Json) -> str:
        page = operation.get("x-tm-pagination")
        unwrapped: str = operation["responses"]["200"].get("x-tm-unwrap", "-")
        return f"{page['style']}:{page['items']}" if page else unwrapped

    found = [
        [name, f"{operation['x-tm-resource']}.{operation['x-tm-method']}", given(operation)]
        for name, (_, _, operation) in OPERATIONS.items()
    ]
    assert sorted(found) == sorted(rows(FACE))


def test_commands_are_named_where_they_differ_from_the_public_method() -> None:
    found = {
        name: operation["x-tm-cli"]
        for name, (_, _, operation) in OPERATIONS.items()
        if "x-tm-cli" in operation
    }
    assert found == COMMANDS
    for name, command in found.items():
        _, _, operation = OPERATIONS[name]
        words = f"{operation['x-tm-resource']}.{operation['x-tm-method']}"
        assert command != re.sub("[._]", lambda hit: " " if hit[0] == "." else "-", words)


@every_operation
def test_operation_is_complete(operation_id: str) -> None:
    method, path, operation = OPERATIONS[operation_id]
    assert operation["tags"] == [operation["x-tm-resource"].partition(".")[0]]
    assert operation["summary"][-1] != "."
    assert operation["description"].endswith(".")
    assert set(re.findall(r"{(\w+)}", path)) == {
        each["name"] for each in parameters(operation) if each["in"] == "path" and each["required"]
    }
    for each in parameters(operation):
        assert each["in"] in ("path", "query")
        assert each["description"].endswith("."), each["name"]
        assert problems(validator(each["schema"]), each["example"]) == [], each["name"]
    if "requestBody" in operation:
        assert method in ("post", "put")
        assert operation["requestBody"]["required"] is True
        required = set(request_schema(operation).get("required", []))
        assert required == REQUIRED.get(operation_id, set())


@every_operation
def test_operation_declares_the_errors_that_it_can_give(operation_id: str) -> None:
    method, path, operation = OPERATIONS[operation_id]
    errors = operation["responses"].keys() - {"200"}
    assert errors >= {"429", "500", "503", "504", "default"}
    assert ("400" in errors) == ("requestBody" in operation or "parameters" in operation)
    assert ("401" in errors) == (operation_id not in LOGIN or operation_id == "refresh_cli_login")
    assert "404" in errors or "{" not in path
    assert "403" in errors or not path.startswith("/v1/admin/")
    changes = method != "get" and operation_id not in READS_BY_POST | LOGIN
    assert ("409" in errors) == changes
    assert ("501" in errors) == (operation["x-tm-provenance"] == "inferred")
    for status in errors:
        body = resolve(operation["responses"][status])["content"]["application/json"]
        assert body["schema"] == {"$ref": "#/components/schemas/Status"}


@every_operation
def test_every_operation_but_login_needs_the_access_token(operation_id: str) -> None:
    _, _, operation = OPERATIONS[operation_id]
    needed: list[Json] = [] if operation_id in LOGIN else [{"ControlPlaneToken": []}]
    assert operation["security"] == needed


@every_operation
def test_what_an_answer_is_unwrapped_to_is_always_there(operation_id: str) -> None:
    _, _, operation = OPERATIONS[operation_id]
    unwrap = operation["responses"]["200"].get("x-tm-unwrap")
    answer = good_answer(operation)
    if unwrap and unwrap != "none":
        assert list(answer["properties"]) == [unwrap]
        assert answer["required"] == [unwrap]
        assert "$ref" in answer["properties"][unwrap]
    assert (list(answer["properties"]) == ["empty"]) == (unwrap == "none")


@for_each(
    "operation_id", [name for name, (_, _, each) in OPERATIONS.items() if "x-tm-pagination" in each]
)
def test_pages_have_what_it_takes_to_go_on(operation_id: str) -> None:
    _, _, operation = OPERATIONS[operation_id]
    style, items = operation["x-tm-pagination"]["style"], operation["x-tm-pagination"]["items"]
    wire = re.sub("_(.)", lambda hit: hit[1].upper(), items)
    answer = good_answer(operation)
    assert answer["required"] == [wire]
    assert answer["properties"][wire]["type"] == "array"
    sent = {each["name"]: each["schema"] for each in parameters(operation)}
    if style == "token":
        assert answer["properties"].keys() == {wire, "nextPageToken"}
        assert "pageToken" in sent
        limit = sent.get("pageSize") or sent["limit"]
        assert (limit["default"], limit["maximum"]) == (50, 1000)
    else:
        assert answer["properties"].keys() == {wire, "page", "size", "total"}
        assert sent["page"]["default"] == 1
        assert (sent["size"]["default"], sent["size"]["maximum"]) == (20, 100)


def test_retry_after_is_declared_where_requests_are_too_many() -> None:
    answer = COMPONENTS["responses"]["TooManyRequests"]
    assert answer["headers"]["Retry-After"]["schema"] == {"type": "string"}


@for_each(("name", "fields"), entries(FIELDS).items())
def test_documented_fields_have_their_names(name: str, fields: list[str]) -> None:
    found = {
        key
        for key, value in SCHEMAS[name]["properties"].items()
        if value.get("x-tm-provenance") != "inferred"
    }
    assert found == set(fields)


def test_enums_have_their_members() -> None:
    found = {
        name: [member.removeprefix(prefix(name)) for member in schema["enum"]]
        for name, schema in SCHEMAS.items()
        if "enum" in schema
    }
    assert found == entries(MEMBERS)


def prefix(enum: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum).upper() + "_"
