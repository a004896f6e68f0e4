"""Every command of the tree, found by walking it: its help, its options, its examples."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from unittest import mock

import click
from support.cases import for_each
from support.command_line import tm

from tensormesh_cli._app import App
from tensormesh_cli._click import Argument, TmCommand, TmGroup
from tensormesh_cli._options import GLOBAL_OPTIONS, GlobalOption
from tensormesh_cli._root import root

Words = tuple[str, ...]

# A command may have these for itself.
REDEFINED = {"--timeout", "--max-retries"}
SHELL_ENDS = {"|", "<", ">", ">>", "&&", ";", "||", ")"}


def walk(command: click.Command, words: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    yield words, command
    if isinstance(command, TmGroup):
        context = click.Context(command)
        for name in command.list_commands(context):
            try:
                found = command.get_command(context, name)
            except ImportError as error:
                BROKEN.append(f"{name_of((*words, name))}: {error}")
                continue
            assert found is not None, (*words, name)
            yield from walk(found, (*words, name))


def name_of(words: Words) -> str:
    return " ".join(("tm", *words))


BROKEN: list[str] = []
TREE = dict(walk(root))
LEAVES = [words for words, command in TREE.items() if not isinstance(command, TmGroup)]
GROUPS = [words for words, command in TREE.items() if isinstance(command, TmGroup)]


def examples() -> Iterator[tuple[str, list[str]]]:
    """Each example, and what follows `tm` in it."""
    for command in TREE.values():
        if not isinstance(command, (TmCommand, TmGroup)):
            continue
        for line in command.examples.replace("\\\n", " ").splitlines():
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            lexer = shlex.shlex(line.replace("$(", " ( "), posix=True, punctuation_chars="|<>&;()")
            lexer.whitespace_split = True
            words = list(lexer)
            if "tm" not in words:
                # It stands inside of quotes.
                words = shlex.split(line.partition("$(")[2].partition(")")[0])
            given = words[words.index("tm") + 1 :]
            ends = [at for at, word in enumerate(given) if word in SHELL_ENDS]
            yield line, given[: min(ends, default=len(given))]


def test_every_command_that_is_listed_can_be_loaded() -> None:
    assert BROKEN == []


@for_each("words", TREE, ids=name_of)
@for_each("option", ["-h", "--help"])
def test_help_works_at_every_level(words: Words, option: str) -> None:
    result = tm(*words, option)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Usage: {name_of(words)} ")
    assert max(map(len, result.stdout.splitlines())) <= 100 or "Examples:" in result.stdout


@for_each("words", TREE, ids=name_of)
def test_every_command_is_one_of_ours_and_says_what_it_does(words: Words) -> None:
    command = TREE[words]
    assert isinstance(command, (TmCommand, TmGroup))
    assert command.help
    first = command.help.strip().splitlines()[0]
    assert first[0].isupper()
    assert "  " not in first


@for_each("words", TREE, ids=name_of)
def test_every_option_and_argument_says_what_it_is(words: Words) -> None:
    silent = [
        param.name
        for param in TREE[words].params
        if isinstance(param, (click.Option, Argument)) and not param.help
    ]
    assert silent == []
    assert all(
        isinstance(param, Argument)
        for param in TREE[words].params
        if param.param_type_name == "argument"
    )


@for_each("words", TREE, ids=name_of)
def test_no_two_options_have_the_same_name(words: Words) -> None:
    command = TREE[words]
    params = command.get_params(click.Context(command, help_option_names=["-h", "--help"]))
    names = Counter(name for param in params for name in (*param.opts, *param.secondary_opts))
    assert [name for name, count in names.items() if count > 1] == []
    variables = Counter(param.name for param in params)
    assert [name for name, count in variables.items() if count > 1] == []


@for_each("words", TREE, ids=name_of)
def test_no_command_takes_a_global_option_for_something_else(words: Words) -> None:
    taken = {name for option in GLOBAL_OPTIONS for name in option.opts} - REDEFINED
    own = {
        name
        for param in TREE[words].params
        if not isinstance(param, GlobalOption)
        for name in (*param.opts, *param.secondary_opts)
    }
    assert own & taken == set()


@for_each("words", GROUPS, ids=name_of)
def test_a_list_of_commands_says_of_each_what_it_does(words: Words) -> None:
    group = TREE[words]
    assert isinstance(group, TmGroup)
    for _, name, text in group.listed(click.Context(group)):
        assert text[:1].isupper(), name
        assert text.endswith("."), name
        assert not text.endswith("..."), f"the first sentence of {name} is too long for a list"


@for_each("words", GROUPS, ids=name_of)
def test_completion_offers_every_command_of_a_group(words: Words) -> None:
    group = TREE[words]
    assert isinstance(group, TmGroup)
    line = [*("tm", *words), ""]
    environ = {
        "_TM_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    offered = [entry.partition(",")[2] for entry in tm(environ=environ).stdout.splitlines()]
    assert offered == [name for _, name, _ in group.listed(click.Context(group))]


@for_each("words", TREE, ids=name_of)
def test_a_mistyped_option_is_one_line_and_a_hint_at_every_level(words: Words) -> None:
    result = tm(*words, "--no-such-option-at-all")
    assert (result.status, result.stdout) == (2, "")
    first, second = result.stderr.splitlines()
    assert first == "Error: unknown option --no-such-option-at-all"
    assert second.startswith("Hint: ")


@for_each("words", GROUPS, ids=name_of)
def test_a_mistyped_command_is_one_line_and_a_hint_at_every_level(words: Words) -> None:
    result = tm("--output", "json", *words, "no-such-command")
    assert (result.status, result.stdout) == (2, "")
    assert result.error["message"] == f"unknown command `no-such-command` for `{name_of(words)}`"


@for_each("words", LEAVES, ids=name_of)
def test_every_command_takes_the_global_options_before_and_after(words: Words) -> None:
    seen: list[App] = []

    def keep(_command: click.Command, context: click.Context) -> None:
        seen.append(context.ensure_object(App))

    given = ["--output", "json", "--max-retries", "2", "--quiet"]
    with (
        mock.patch.object(TmCommand, "invoke", keep),
        mock.patch("click.Parameter.handle_parse_result", not_required),
    ):
        assert tm(*given, *words).status == 0
        assert tm(*words, *given).status == 0
    assert [run.given for run in seen] == [seen[0].given] * 2
    assert seen[0].options.output == "json"


handle = click.Parameter.handle_parse_result


def not_required(
    param: click.Parameter, ctx: click.Context, opts: dict[str, object], args: list[str]
) -> object:
    """Parse as if nothing were required."""
    with mock.patch.object(param, "required", False):
        return handle(param, ctx, opts, args)


@for_each("given", [given for _, given in examples()], ids=[line for line, _ in examples()])
def test_every_example_is_a_command_line_that_is_understood(given: list[str]) -> None:
    with mock.patch.object(TmCommand, "invoke", return_value=None):
        result = tm(*given)
    assert (result.status, result.stderr) == (0, "")


@for_each("words", LEAVES, ids=name_of)
def test_a_command_has_examples_and_they_are_of_that_command(words: Words) -> None:
    command = TREE[words]
    assert isinstance(command, TmCommand)
    lines = [line for line in command.examples.splitlines() if "tm" in line.split()]
    assert lines or name_of(words) in command.examples
    for line in lines:
        at = [word for word in line.split() if not word.startswith("-")]
        assert all(word in at for word in words), line
