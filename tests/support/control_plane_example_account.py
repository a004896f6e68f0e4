"""A local host on which all is there that the examples of the Control Plane's spec tell of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
from typing import Any

import httpx
from support.control_plane_examples import Example, answer_examples, request_examples
from support.control_plane_spec import COMPONENTS, Json

from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

# Who acts in the examples: a user, and the administrator who looks after users.
USER: str = COMPONENTS["parameters"]["UserId"]["example"]
OPERATOR: str = COMPONENTS["parameters"]["OperatorUserId"]["example"]
EMAIL: str = COMPONENTS["examples"]["user_profile"]["value"]["user"]["userEmail"]
# What makes the things of the examples, in an order in which each finds what it needs.
MAKERS = (
    "attach_stripe_payment_method",
    "create_stripe_payment_intent",
    "create_user_api_key",
    "admin_create_product",
    "deploy_model",
    "create_reserved_deployment",
    "create_ticket",
)
# A key that its owner brings.
OWN_KEY: str = request_examples("deploy_model")[0].body["apiKey"]
# A model that the host serves to all stands for the one that the examples ask about.
PRICED_MODEL: str = request_examples("upsert_serverless_pricing")[0].body["pricing"]["model"]
SERVED_MODEL = "tm-local-chat"
# By then a model is served.
DEPLOYMENT_MINUTES = 10
# Tokens are valid for longer.
LOGIN_TIME = timedelta(minutes=30)
# Enough for all that the examples buy.
BALANCE = "10000"
_NAMES_A_THING = re.compile(r"(^i|I)d$|Email$|Token$|^apiKey$")


class ExampleAccount:
    """One user on a local host, with what the examples say that the user has.

    Args:
        http: A client as of httpx; its base URL ends where the spec's paths begin.
        clock: The host's.
        operator_token: Access token of an administrator.
        email: The user's address; the user is made.

    Attributes:
        live: For a value of the examples what stands for it on this host: ids, tokens, addresses.
    """

    def __init__(
        self, http: Any, clock: ManualClock, operator_token: str, email: str = EMAIL
    ) -> None:
        self._http = http
        self._clock = clock
        self._operator_token = operator_token
        self._user_token = ""
        operator = self._ask("GET", "/auth/profile", operator_token).json()["user"]["id"]
        self.live: dict[str, str] = {
            OPERATOR: operator,
            EMAIL: email,
            OWN_KEY: f"{OWN_KEY}-of-{email}",
            PRICED_MODEL: SERVED_MODEL,
        }
        self.log_in()
        self._make("get_auth_profile")

    def log_in(self) -> None:
        """Get the user a new access token."""
        self._start_login(request_examples("start_cli_login")[0])
        self._user_token = self._make("exchange_cli_login")["accessToken"]
        self._logged_in_at = self._clock.now()

    @property
    def is_logged_in(self) -> bool:
        """Whether the user's access token has time left."""
        return self._clock.now() - self._logged_in_at < LOGIN_TIME

    def prepare(self, example: Example) -> None:
        """Make the things of the examples; those alone that come before the example's own."""
        for maker in takewhile(lambda name: name != example.operation_id, MAKERS):
            self._make(maker)
            if maker == "create_stripe_payment_intent":
                self._top_up()
            if maker == "deploy_model":
                self._clock.advance(minutes=DEPLOYMENT_MINUTES)
                self._make("get_model")
                self._ask_models()
        if example.operation_id == "exchange_cli_login":
            # Each can be exchanged once, and as it was started.
            with_proof, without = request_examples("start_cli_login")
            self._start_login(with_proof if "codeVerifier" in example.body else without)

    def caller(self, operation_id: str) -> str:
        """The id of who calls the operation in the examples."""
        example = request_examples(operation_id)[0]
        named = {**example.query, **(example.body or {})}.get("userId", USER)
        return self.live.get(named, "")

    def token(self, operation_id: str) -> str:
        """The access token of who calls the operation in the examples."""
        is_operator = self.caller(operation_id) == self.live[OPERATOR]
        return self._operator_token if is_operator else self._user_token

    def adapt(self, value: Any) -> Any:
        """A value of the examples, or made of them, as it is on this host."""
        if isinstance(value, dict):
            return {name: self.adapt(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.adapt(item) for item in value]
        return self.live.get(value, value) if isinstance(value, str) else value

    def send(self, example: Example) -> httpx.Response:
        """Send an example: its form as it is, its ids as they are here."""
        adapted = replace(
            example,
            path=self.adapt(example.path),
            query=self.adapt(example.query),
            body=self.adapt(example.body),
        )
        if "pageToken" in example.query:
            adapted.query["pageToken"] = self._page_token(adapted)
        token = self.token(example.operation_id)
        return self._ask(
            adapted.method,
            adapted.url_path,
            token if example.needs_token else "",
            params=adapted.query_pairs,
            **({} if adapted.body is None else {"json": adapted.body}),
        )

    def _make(self, operation_id: str) -> Json:
        """Send an operation's first example, and learn what its answer names."""
        return self._learn(request_examples(operation_id)[0])

    def _learn(self, example: Example) -> Json:
        response = self.send(example)
        assert response.status_code == 200, f"{example}: {response.text}"
        shown = next(iter(answer_examples(example.operation_id).values()))
        _compare(shown, response.json(), self.live.__setitem__)
        return response.json()

    def _start_login(self, example: Example) -> None:
        self.approve(self._learn(example)["verificationUrl"])

    def approve(self, page: str) -> None:
        """Press the button on the page of a login, as the user."""
        form = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', self._http.get(page).text))
        form |= {"decision": "approve", "email": self.live[EMAIL]}
        self._http.post(page, data=form).raise_for_status()

    def _ask_models(self) -> None:
        """Use the deployed model, and the one that is served to all."""
        key = self.live[answer_examples("get_auth_profile")["user_profile"]["user"]["apiKey"]]
        deployment = self.live[answer_examples("get_model")["model"]["model"]["deploymentId"]]
        for surface, model in (("on-demand", deployment), ("serverless", SERVED_MODEL)):
            self._http.post(
                self._http.base_url.join(f"/{surface}/v1/completions"),
                json={"model": model, "prompt": "Herons", "max_tokens": 2},
                headers={"Authorization": f"Bearer {key}", "X-User-Id": self.live[USER]},
            ).raise_for_status()

    def _top_up(self) -> None:
        example = request_examples("create_stripe_payment_intent")[0]
        amount = {**example.body["amount"], "units": BALANCE}
        self.send(replace(example, body={**example.body, "amount": amount})).raise_for_status()

    def _page_token(self, example: Example) -> str:
        """The token of the second page of a list, if pages hold one entry; empty if it has none."""
        query = {name: value for name, value in example.query.items() if name != "pageToken"}
        (size,) = {"pageSize", "limit"} & query.keys()
        token = self.token(example.operation_id)
        first = replace(example, query={**query, size: 1})
        answer = self._ask(first.method, first.url_path, token, params=first.query_pairs)
        return str(answer.json()["nextPageToken"])

    def _ask(self, method: str, path: str, token: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response: httpx.Response = self._http.request(
            method, f".{path}", headers=headers, **options
        )
        return response


class ExampleAccounts:
    """Accounts on one host, created on first use: one for all operations that only read, and one
    for each of the others, so that what it deletes is still there for the rest.
    """

    def __init__(self, host: LocalHost, clock: ManualClock) -> None:
        self._host = host
        self._clock = clock
        # A proxy of this machine does not know the host.
        self._http = httpx.Client(base_url=f"{host.control_plane_base_url}/", trust_env=False)
        self._accounts: dict[str, ExampleAccount] = {}

    def of(self, operation_id: str) -> ExampleAccount:
        """The account of an operation, with all that its first example needs."""
        example = request_examples(operation_id)[0]
        name = "reader" if example.method == "GET" else operation_id
        if name not in self._accounts:
            token = self._host.control_plane_token
            account = ExampleAccount(self._http, self._clock, token, f"{name}.{EMAIL}")
            account.prepare(example)
            self._accounts[name] = account
        found = self._accounts[name]
        if not found.is_logged_in:
            found.log_in()
        return found

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _compare(shown: Json, answered: Json, learn: Callable[[str, str], None]) -> None:
    """Tell of each id, token and address in an example what stands in its place."""
    if isinstance(shown, dict) and isinstance(answered, dict):
        for name in shown.keys() & answered.keys():
            here, there = shown[name], answered[name]
            if _NAMES_A_THING.search(name) and isinstance(here, str) and here and there:
                learn(here, there)
            _compare(here, there, learn)
    elif isinstance(shown, list) and isinstance(answered, list):
        for here, there in zip(shown, answered, strict=False):
            _compare(here, there, learn)
