"""Groups and commands: global options, help, mistyped names, loading."""

from __future__ import annotations

from typing import Any

import click
import pytest
from support.cases import for_each
from support.command_line import tm

from tensormesh_cli._app import App
from tensormesh_cli._click import Argument, Lazy, TmGroup, command, group, pass_app
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._options import all_option, dry_run_option, timeout_option, yes_option
from tensormesh_cli.output import Result

THIS = __name__


@command("see", examples="tm deep see\n# with a file\ntm deep see x --config 'a b'")
@click.argument("query", cls=Argument, required=False, help="What to see.")
@timeout_option
@pass_app
def see(app: App, query: str | None, timeout: float | None) -> Result:
    """See something."""
    return Result({"query": query, "timeout": timeout, "options": vars(app.options)})


@group("deep")
def deep() -> None:
    """Something with commands in it."""


deep.add_command(see)


def make_more(name: str) -> click.Command:
    return click.Command(name, help=f"Made for {name}.")


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> TmGroup:
    lazy = {
        "deep": Lazy(THIS, "deep", "Has commands.", "First"),
        "made": Lazy(THIS, "make_more", "Is made.", "Second"),
        "broken": Lazy("no.such.module", "x", "Must not be loaded.", "Second"),
    }
    root = TmGroup("tm", lazy=lazy, help="A tree.")
    monkeypatch.setattr("tensormesh_cli._root.root", root)
    return root


def seen(*arguments: str) -> Any:
    result = tm(*arguments)
    assert result.status == 0, result.stderr
    return result.json


@pytest.mark.parametrize("place", range(3))
def test_a_global_option_is_accepted_at_every_level(tree: TmGroup, place: int) -> None:
    words = ["deep", "see"]
    words[place:place] = ["--quiet", "--max-retries", "3", "--output=json"]
    options = seen(*words)["options"]
    assert (options["quiet"], options["max_retries"], options["output"]) == (True, 3, "json")


def test_the_innermost_of_the_same_global_option_counts(tree: TmGroup) -> None:
    given = ["--output", "yaml", "deep", "--output", "table", "see", "--output", "json"]
    assert seen(*given)["options"]["output"] == "json"


def test_an_option_that_is_not_given_inside_leaves_the_outer_one(tree: TmGroup) -> None:
    options = seen("--output", "json", "--debug", "--config", "a.toml", "deep", "see")["options"]
    assert (options["debug"], options["config"], options["timeout"]) == (True, "a.toml", None)


def test_a_commands_own_timeout_is_passed_to_it_and_counts_for_the_run(tree: TmGroup) -> None:
    said = seen("--timeout", "9", "deep", "see", "--timeout", "2.5", "--output", "json")
    assert (said["timeout"], said["options"]["timeout"]) == (2.5, 2.5)


def test_the_outer_timeout_counts_where_the_command_is_given_none(tree: TmGroup) -> None:
    said = seen("--timeout", "9", "deep", "see", "--output", "json")
    assert (said["timeout"], said["options"]["timeout"]) == (None, 9.0)


def test_an_argument_may_have_the_name_of_a_global_option(tree: TmGroup) -> None:
    said = seen("deep", "see", "word", "--query", "[query, options.query]", "--output", "json")
    assert said == ["word", "[query, options.query]"]


@for_each("value", ["0", "-1", "nan", "inf", "1e99", "soon"])
def test_a_timeout_that_cannot_be_waited_for_is_refused(tree: TmGroup, value: str) -> None:
    result = tm("deep", "see", f"--timeout={value}")
    assert result.status == 2
    assert f"'--timeout': '{value}'; it must be a number of seconds" in result.stderr


@for_each("value", ["-1", "1.5", "", "many", "٣", "99999999999"])
def test_a_number_of_retries_is_a_whole_number(tree: TmGroup, value: str) -> None:
    result = tm(f"--max-retries={value}", "deep", "see")
    assert result.status == 2
    assert "'--max-retries'" in result.stderr
    assert "must be a whole number from 0 to" in result.stderr


def test_help_lists_commands_in_their_sections_and_loads_none(tree: TmGroup) -> None:
    lines = tm("--help").stdout.splitlines()
    at = lines.index("First:")
    assert lines[at : at + 5] == [
        "First:",
        "  deep    Has commands.",
        "",
        "Second:",
        "  made    Is made.",
    ]
    assert tree.commands == {}


def test_the_root_lists_the_global_options_and_other_levels_point_there(tree: TmGroup) -> None:
    assert "  --ca-bundle PATH " in tm("-h").stdout
    for words in (["deep"], ["deep", "see"]):
        text = tm(*words, "-h").stdout
        assert "--ca-bundle" not in text
        assert "`tm --help` lists the global options" in text


def test_the_help_of_a_command_has_its_arguments_options_and_examples(tree: TmGroup) -> None:
    text = tm("deep", "see", "--help").stdout
    assert text.startswith("Usage: tm deep see [OPTIONS] [QUERY]\n\n  See something.\n")
    assert "Arguments:\n  [QUERY]  What to see.\n" in text
    assert "  --timeout SECONDS  HTTP timeout.\n" in text
    assert text.endswith(
        "Examples:\n  tm deep see\n  # with a file\n  tm deep see x --config 'a b'\n"
    )


def test_an_example_is_never_wrapped(tree: TmGroup) -> None:
    line = "tm " + "word " * 40 + "end"
    see.examples, before = line, see.examples
    try:
        assert line in tm("deep", "see", "-h").stdout.splitlines()[-1]
    finally:
        see.examples = before


def test_a_group_alone_shows_its_help_as_a_result(tree: TmGroup) -> None:
    result = tm("deep")
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: tm deep ")


def test_a_group_with_options_and_no_command_is_a_mistake(tree: TmGroup) -> None:
    result = tm("deep", "--quiet")
    assert result.status == 2
    assert result.stderr == ("Error: missing command\nHint: `tm deep --help` shows the options\n")


@pytest.mark.parametrize(
    ("words", "command_path", "hint"),
    [
        (["depe"], "tm", "did you mean `deep`?"),
        (["deep", "sea"], "tm deep", "did you mean `see`?"),
        (["zzzz"], "tm", "`tm --help` lists the commands"),
    ],
)
def test_a_mistyped_command_is_told_with_the_right_one(
    tree: TmGroup, words: list[str], command_path: str, hint: str
) -> None:
    result = tm(*words)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: unknown command `{words[-1]}` for `{command_path}`\nHint: {hint}\n"
    )


@for_each(
    ("words", "hint"),
    [
        (["deep", "see", "--timout", "3"], "did you mean --timeout?"),
        (["deep", "see", "--ouput"], "did you mean --output?"),
        (["--quite"], "did you mean --quiet?"),
        (["deep", "see", "--zzzz"], "`tm deep see --help` shows the options"),
        (["deep", "see", "-z"], "`tm deep see --help` shows the options"),
    ],
)
def test_a_mistyped_option_is_told_with_the_right_one(
    tree: TmGroup, words: list[str], hint: str
) -> None:
    result = tm(*words)
    option = next(word for word in words if word.startswith("-"))
    assert result.status == 2
    assert result.stderr == f"Error: unknown option {option}\nHint: {hint}\n"


def test_an_argument_too_many_is_a_mistake(tree: TmGroup) -> None:
    result = tm("deep", "see", "one", "two")
    assert result.status == 2
    assert result.stderr.startswith("Error: got unexpected extra argument (two)\n")


def test_a_command_can_be_made_by_a_function_of_its_name(tree: TmGroup) -> None:
    context = click.Context(tree)
    made = tree.get_command(context, "made")
    assert made is not None
    assert made.help == "Made for made."
    assert tree.get_command(context, "made") is made
    assert tree.get_command(context, "absent") is None


def test_a_command_of_a_loaded_group_is_listed_with_the_beginning_of_its_help() -> None:
    context = click.Context(deep)
    assert deep.listed(context) == [("Commands", "see", "See something.")]


def test_hidden_commands_are_not_listed() -> None:
    holder = TmGroup("holder")
    holder.add_command(click.Command("secret", hidden=True))
    holder.add_command(click.Command("open"))
    assert [name for _, name, _ in holder.listed(click.Context(holder))] == ["open"]


def test_shared_options_are_passed_under_their_names() -> None:
    @command("write")
    @yes_option
    @dry_run_option
    @all_option
    def write(yes: bool, dry_run: bool, all_pages: bool) -> tuple[bool, bool, bool]:
        return yes, dry_run, all_pages

    def run(*arguments: str) -> object:
        with write.make_context("write", list(arguments)) as context:
            return write.invoke(context)

    assert run() == (False, False, False)
    assert run("--yes", "--dry-run", "--all") == (True, True, True)


def test_a_command_without_a_run_around_it_makes_its_own() -> None:
    with pytest.raises(UsageFault) as caught, see.make_context("see", ["--query", "["]) as context:
        see.invoke(context)
    assert "--query" in caught.value.message
