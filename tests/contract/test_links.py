"""Operations one after the other, each with what the one before it answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from schemathesis import Case
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from support.contract_checks import answers_as_asked
from support.contract_requests import mend
from support.contract_schemas import LINKS, valid_requests
from support.contract_targets import Target, read_plan
from support.inference_specs import HOSTS

PLAN = read_plan()
SEED = 1
MOST_ROUNDS = 40
LINK_NAMES = {name for links in LINKS.values() for name in links}


@pytest.mark.slow
@pytest.mark.parametrize("host", [host for host in PLAN.hosts if host in HOSTS])
def test_an_answer_leads_to_requests_that_are_answered_too(
    host: str, targets: dict[str, Target], served_model: Callable[[str], str]
) -> None:
    target = targets[host]
    followed: set[str] = set()
    machine = valid_requests(PLAN)[host].as_state_machine()

    def unfollowed() -> list[str]:
        return [name for name in LINK_NAMES if not any(name in each for each in followed)]

    class Journey(machine):  # type: ignore[misc, valid-type] # made from the spec
        def step(self, input: StepInput) -> StepOutput:
            if not input.is_applied and isinstance(input.case.body, dict):
                mend(input.case.path, input.case.body, served_model(host))
                if input.case.body.get("prompt") == "":
                    # The tokens of nothing are no prompt to go on with.
                    input.case.body["prompt"] = "Hello"
            output: StepOutput = super().step(input)
            if input.is_applied and input.transition:
                followed.add(input.transition.id)
            return output

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return target.call_settings()

        def validate_response(self, response: Any, case: Case[Any], **kwargs: Any) -> None:
            super().validate_response(response, case, [answers_as_asked], **kwargs)

    # Where a journey leads depends on more than the seed: go on until every link was followed.
    for number in range(SEED, SEED + MOST_ROUNDS):
        seed(number)(Journey).run(
            settings=settings(
                max_examples=8,
                stateful_step_count=5,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
        )
        if not unfollowed():
            break
    assert unfollowed() == []
