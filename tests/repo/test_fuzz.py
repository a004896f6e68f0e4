"""`make fuzz` feeds every target, and its exit status reports failures."""

from __future__ import annotations

import random

import pytest

from benchmarks import fuzz
from benchmarks.fuzzing import TARGETS, Target


def test_every_target_survives_a_few_hundred_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--inputs", "700", "--seed", "of the test suite"]) == 0
    told = capsys.readouterr().out
    assert [name for name in TARGETS if f"\n{name} " not in told] == []
    assert f"0 of {len(TARGETS)} targets failed" in told


def test_a_failing_input_is_shown_and_fails_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(chance: random.Random) -> int:
        return chance.randrange(10)

    def check(given: int) -> None:
        assert given != 7, "seven"

    monkeypatch.setitem(TARGETS, "sse", Target(make, check, share=1))
    assert fuzz.main(["--only", "sse", "--inputs", "1000"]) == 1
    told = capsys.readouterr().out
    assert "FAILED: input " in told
    assert "AssertionError: seven" in told


def test_a_run_that_was_cut_short_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--only", "think", "--seconds", "0"]) == 1
    assert "before all inputs were tested" in capsys.readouterr().err


def test_the_default_is_a_million_inputs() -> None:
    assert fuzz.INPUTS == 1_000_000
