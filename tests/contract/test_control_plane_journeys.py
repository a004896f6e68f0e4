"""What the Control Plane makes is there to be read, changed and removed, and then it is gone.

Schemathesis goes along the links of the spec, and checks each answer: that what was made is found,
that what was removed is not, and all that it checks of single answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, seed, settings
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from support.cases import for_each
from support.contract_schemas import SEED, valid_requests
from support.contract_targets import Target, read_plan
from support.control_plane_example_account import DEPLOYMENT_MINUTES, EMAIL, ExampleAccount
from support.control_plane_examples import EXAMPLES_TIME, request_examples
from support.control_plane_spec import OPERATIONS

from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

JOURNEYS = 4
STEPS = 10
# Chance decides how far a journey goes, so there are more until every link was followed.
MOST_ROUNDS = 10
LINKS = [
    (source, target)
    for source, (_, _, operation) in OPERATIONS.items()
    for target in operation["responses"]["200"].get("links", {})
]


def flows() -> list[list[tuple[str, str]]]:
    """The links, those together that hang together."""
    found: list[list[tuple[str, str]]] = []
    for link in LINKS:
        touched = [flow for flow in found if {*link} & {name for each in flow for name in each}]
        found = [flow for flow in found if flow not in touched]
        found.append([*(each for flow in touched for each in flow), link])
    return found


def id_of(case: Case[Any]) -> str:
    return str(case.operation.definition.raw["operationId"])


def label(operation_id: str) -> str:
    method, path, _ = OPERATIONS[operation_id]
    return f"{method.upper()} {path}"


class JourneyHost:
    """A local host, and how to reach it."""

    def __init__(self, host: LocalHost, clock: ManualClock, http: httpx.Client) -> None:
        self.target = Target(
            "control_plane", host.control_plane_base_url, None, None, is_local=True
        )
        self._token = host.control_plane_token
        self.clock = clock
        self._http = http
        self._users = 0

    def new_account(self) -> ExampleAccount:
        """A user of its own, who has a card and a balance."""
        self._users += 1
        account = ExampleAccount(self._http, self.clock, self._token, f"{self._users}.{EMAIL}")
        account.prepare(request_examples("create_user_api_key")[0])
        return account


@pytest.fixture(scope="module")
def journey_host() -> Iterator[JourneyHost]:
    clock = ManualClock(EXAMPLES_TIME)
    with LocalHost(clock=clock) as host:
        base_url = f"{host.control_plane_base_url}/"
        with httpx.Client(base_url=base_url, trust_env=False) as http:
            made = JourneyHost(host, clock, http)
            with closing(made.target.session):
                yield made


@pytest.mark.slow
@for_each("flow", flows(), ids=lambda flow: flow[0][0])
def test_every_link_is_followed_and_each_answer_fits_what_was_done(
    journey_host: JourneyHost, flow: list[tuple[str, str]]
) -> None:
    followed: set[str] = set()
    # What gives users is among them, else Schemathesis takes what is done for one as hopeless.
    names = sorted({"get_auth_profile", *(name for link in flow for name in link)})
    machine = valid_requests(read_plan({}), *names)["control_plane"].as_state_machine()

    class Journey(machine):  # type: ignore[misc, valid-type] # made from the spec
        def setup(self) -> None:
            self.account = journey_host.new_account()
            self.deleted: list[object] = []
            super().setup()

        def step(self, input: StepInput) -> StepOutput:
            place(input, self.account)
            output: StepOutput = super().step(input)
            if input.is_applied and input.transition and output.response.status_code == 200:
                followed.add(input.transition.id)
            answer = output.response.json()
            if id_of(input.case) == "delete_model":
                journey_host.clock.advance(minutes=DEPLOYMENT_MINUTES)
                self.deleted.append(input.case.path_parameters["modelId"])
            if answer.get("model", {}).get("modelId") in self.deleted:
                assert answer["model"]["status"] == "MODEL_STATUS_DELETED"
            if id_of(input.case) == "start_cli_login":
                self.account.approve(answer["verificationUrl"])
            return output

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            token = self.account.token(id_of(case))
            return {
                **journey_host.target.call_settings(),
                "headers": {"Authorization": f"Bearer {token}"},
            }

    links = {f"{label(source)} -> [200] {target} -> {label(target)}" for source, target in flow}
    for number in range(SEED, SEED + MOST_ROUNDS):
        seed(number)(Journey).run(
            settings=settings(
                max_examples=JOURNEYS,
                stateful_step_count=STEPS,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
        )
        if links <= followed:
            break
    assert links - followed == set()


def place(input: StepInput, account: ExampleAccount) -> None:
    """Keep what a link brings; for the rest, take the least that the spec's examples have."""
    case, example = input.case, request_examples(id_of(input.case))[-1]
    case.query = {
        name: value
        for name, value in case.query.items()
        if (ParameterLocation.QUERY, name) in input.applied_parameters
    }
    if example.body is not None:
        linked = {
            name: value
            for name, value in (case.body.items() if isinstance(case.body, dict) else ())
            if (ParameterLocation.BODY, name) in input.applied_parameters
        }
        # Logins begin here, and not with that of the account.
        body = account.adapt(example.body) if example.needs_token else example.body
        case.body = {**body, **linked}
