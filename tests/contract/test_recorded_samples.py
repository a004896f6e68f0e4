"""Samples of real hosts, replayed offline: `make contract CONTRACT_REPLAY=FOLDER`."""

from __future__ import annotations

import pytest
from support.contract_exchanges import Exchange
from support.contract_replay import sdk_problems, spec_problems
from support.contract_samples import read_samples
from support.contract_targets import read_plan
from support.contract_watch import Watch

try:
    SAMPLES = read_samples(read_plan().samples)
except ValueError as problem:
    pytest.fail(str(problem), pytrace=False)

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


@each_sample
def test_sample_is_as_the_specs_say(sample: Exchange, watch: Watch) -> None:
    watch.observe(sample)
    assert spec_problems(sample) == []


@each_sample
def test_sdk_gives_a_sample_back_as_it_came(sample: Exchange) -> None:
    assert sdk_problems(sample) == []
