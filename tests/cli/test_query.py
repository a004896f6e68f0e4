"""`--query`: what a JMESPath expression selects is all that is printed."""

from __future__ import annotations

import pytest
from support.command_line import tm

from tensormesh import __version__
from tensormesh_cli._errors import UsageFault
from tensormesh_cli.output.query import select


@pytest.mark.parametrize(
    ("mode", "expression", "expected"),
    [
        ("text", "name", "tensormesh\n"),
        ("json", "name", '"tensormesh"\n'),
        ("yaml", "name", "tensormesh\n"),
        ("raw", "name", "tensormesh\n"),
        ("raw", "[name, version]", f'["tensormesh","{__version__}"]\n'),
        ("json", "absent", "null\n"),
        ("text", "absent", ""),
        ("text", "[name, version]", f"tensormesh\n{__version__}\n"),
        ("text", "{a: name}", "a: tensormesh\n"),
        ("yaml", "{a: name, b: version}", f"a: tensormesh\nb: {__version__}\n"),
        ("yaml", "absent", "null\n"),
    ],
)
def test_a_query_applies_in_every_mode(mode: str, expression: str, expected: str) -> None:
    result = tm("version", "--output", mode, "--query", expression)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == expected


def test_a_query_takes_the_place_of_the_text_for_people() -> None:
    assert "tm " not in tm("version", "--query", "python").stdout


def test_a_scalar_in_table_mode_is_printed_as_it_is() -> None:
    assert tm("version", "--output", "table", "--query", "name").stdout == "tensormesh\n"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("a.[", "Incomplete expression"),
        ("", "cannot be empty"),
        ("foo(name)", "Unknown function: foo()"),
        ("a b", "Unexpected token: b"),
        ("abs(name)", "abs()"),
        ("'x", "Unclosed ' delimiter"),
    ],
)
def test_a_query_that_cannot_be_used_names_the_option_and_the_reason(
    expression: str, reason: str
) -> None:
    with pytest.raises(UsageFault) as caught:
        select(expression, {"name": "x"})
    assert caught.value.message.startswith(f"--query {expression!r} cannot be used: ")
    assert reason in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 2
