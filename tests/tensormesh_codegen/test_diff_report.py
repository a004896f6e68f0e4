"""The report: what people read, what machines read, and the version bump."""

from __future__ import annotations

import pytest

from tensormesh_codegen.diff.report import JSON_VERSION, Change, Report
from tensormesh_codegen.diff.rules import Severity

BREAKING = Change(
    Severity.BREAKING,
    "property-removed",
    "schema Usage.total",
    "property removed: integer",
    "Code that reads it finds nothing.",
    ("a GET /x", "a GET /y", "b GET /x"),
    in_component=True,
)
COMPATIBLE = Change(
    Severity.COMPATIBLE, "operation-added", "GET /z", "operation added", "New.", ("GET /z",)
)
WORDS = Change(
    Severity.DOCUMENTATION,
    "summary-changed",
    "GET /z",
    'summary: "a" -> "b"',
    "Words.",
    ("GET /z",),
)


@pytest.mark.parametrize(
    ("changes", "bump"),
    [
        ((), "none"),
        ((WORDS,), "patch"),
        ((COMPATIBLE, WORDS), "minor"),
        ((BREAKING, COMPATIBLE, WORDS), "major"),
    ],
)
def test_the_gravest_change_asks_for_the_bump(changes: tuple[Change, ...], bump: str) -> None:
    assert Report(changes).bump == bump


def test_text_is_grouped_aligned_and_ends_with_counts_and_bump() -> None:
    assert (
        Report((BREAKING, COMPATIBLE, WORDS)).to_text()
        == """\
Breaking (1)
  property-removed  schema Usage.total
                    property removed: integer
                    Code that reads it finds nothing.
                    used by: GET /x (a, b), GET /y (a)

Compatible (1)
  operation-added  GET /z
                   operation added
                   New.

Documentation (1)
  summary-changed  GET /z
                   summary: "a" -> "b"
                   Words.

1 breaking, 1 compatible, 1 documentation. Suggested version bump: major
Before 1.0, a minor bump may contain breaking changes.
"""
    )


def test_text_without_changes_is_one_line() -> None:
    assert Report(()).to_text() == "No changes. Suggested version bump: none\n"


def test_the_remark_about_versions_before_one_is_for_breaking_changes_alone() -> None:
    assert "Before 1.0" not in Report((COMPATIBLE,)).to_text()


def test_long_lists_of_operations_are_cut_in_text_and_whole_in_json() -> None:
    operations = tuple(f"GET /{name}" for name in "abcdef")
    change = Change(Severity.BREAKING, "r", "schema A", "m", "w", operations, in_component=True)
    report = Report((change,))

    assert "used by: GET /a, GET /b, GET /c, GET /d, 2 more\n" in report.to_text()
    assert report.to_json()["changes"][0]["operations"] == list(operations)


def test_text_fits_a_terminal_of_a_hundred_columns() -> None:
    operations = tuple(f"GET /{name * 30}" for name in "abcd")
    change = Change(
        Severity.BREAKING,
        "r",
        "schema A",
        "word " * 60,
        "word " * 60,
        operations,
        in_component=True,
    )

    assert max(map(len, Report((change,)).to_text().splitlines())) <= 100


def test_colours_are_only_written_when_asked_for() -> None:
    report = Report((BREAKING,))

    assert "\033[" not in report.to_text()
    assert "\033[1;31mBreaking (1)\033[0m\n" in report.to_text(color=True)


def test_what_a_spec_says_cannot_steer_the_terminal() -> None:
    hostile = "schema \033[2J\r\nBreaking (9)"
    change = Change(Severity.BREAKING, "r", hostile, hostile, "w", (hostile,), in_component=True)

    text = Report((change,)).to_text()

    assert "\033" not in text
    assert "\r" not in text
    assert "\nBreaking (9)" not in text


def test_json_has_the_documented_shape() -> None:
    assert Report((BREAKING,)).to_json() == {
        "schema_version": JSON_VERSION,
        "bump": "major",
        "counts": {"breaking": 1, "compatible": 0, "documentation": 0},
        "changes": [
            {
                "severity": "breaking",
                "rule": "property-removed",
                "location": "schema Usage.total",
                "message": "property removed: integer",
                "reason": "Code that reads it finds nothing.",
                "operations": ["a GET /x", "a GET /y", "b GET /x"],
            }
        ],
    }
