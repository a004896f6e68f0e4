"""`for_each` runs every case, keeps them apart, and names all that fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.cases import CasesFailedError, for_each

SEEN: list[tuple[int, str]] = []


@for_each("number", [1, 2, 3])
@for_each("letter", "ab")
@pytest.mark.parametrize("way", ["once", "again"])
def test_each_combination_runs(number: int, letter: str, way: str) -> None:
    if (number, letter) == (1, "a"):
        SEEN.clear()
    SEEN.append((number, letter))
    if (number, letter) == (3, "b"):
        assert [(each, other) for each in (1, 2, 3) for other in "ab"] == SEEN


@for_each("number", lambda: range(2))
def test_each_case_has_a_folder_an_environment_and_an_output_of_its_own(
    number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert "FOR_EACH" not in os.environ
    monkeypatch.setenv("FOR_EACH", str(number))
    print(number)
    assert capsys.readouterr().out == f"{number}\n"
    print("left over")


def test_every_failure_is_named_with_what_was_wrong() -> None:
    @for_each(("number", "text"), [(1, "a"), pytest.param(2, "b", id="the second"), (3, "c")])
    def check(number: int, text: str) -> None:
        if number == 2:
            pytest.fail("not two")
        assert number == 1, f"{text} is wrong"

    with pytest.raises(CasesFailedError) as caught:
        check()  # type: ignore[call-arg] # filled in
    told = str(caught.value)
    assert "2 of 3 cases failed" in told
    assert "the second: AssertionError: not two" in told
    assert "number=3, text='c': AssertionError: c is wrong" in told
    assert len(caught.value.exceptions) == 2


def test_a_skipped_case_does_not_hide_the_others() -> None:
    ran = []

    @for_each("number", [1, 2])
    def check(number: int) -> None:
        if number == 1:
            pytest.skip("not here")
        ran.append(number)

    check()  # type: ignore[call-arg] # filled in
    assert ran == [2]

    @for_each("number", [1, 2])
    def check_nothing(number: int) -> None:
        pytest.skip("not here")

    with pytest.raises(pytest.skip.Exception):
        check_nothing()  # type: ignore[call-arg] # filled in


def test_a_loop_over_nothing_is_an_error() -> None:
    @for_each("number", [])
    def check(number: int) -> None:
        raise AssertionError

    with pytest.raises(AssertionError, match="no value for"):
        check()  # type: ignore[call-arg] # filled in
