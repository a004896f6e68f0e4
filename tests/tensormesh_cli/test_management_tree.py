"""The tree of management commands: one for each operation, made when it is used."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import click
import pytest
from support.cases import for_each
from support.command_line import tm
from support.project_files import ROOT

from tensormesh_api._command import Command, Option
from tensormesh_api.control_plane import commands
from tensormesh_cli._root import root
from tensormesh_cli.commands import management
from tensormesh_cli.commands.derived import command as derived

Words = tuple[str, ...]


def find(words: Words) -> click.Command | None:
    found: click.Command | None = root
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    return found


@for_each("words", commands.COMMANDS, ids=" ".join)
def test_every_operation_has_its_command(words: Words) -> None:
    assert find(words) is not None


@for_each("words", [words for words in commands.COMMANDS if words[0] != "auth"], ids=" ".join)
def test_every_option_of_an_operation_is_one_of_its_command(words: Words) -> None:
    about, found = commands.load(words), find(words)
    assert found is not None
    names = {name for param in found.params for name in (*param.opts, *param.secondary_opts)}
    for option in about.options:
        if not option.positional:
            assert f"--{option.name}" in names
    assert ({"--yes", "--dry-run"} <= names) == about.changes
    assert ({"--json", "--file"} <= names) == bool(about.body)
    assert ("--all" in names) == (about.pages is not None or words == ("products", "list"))
    assert "--timeout" in names


@for_each("words", [words for words in commands.COMMANDS if words[0] != "auth"], ids=" ".join)
def test_help_leaves_provenance_to_the_specs(words: Words) -> None:
    text = tm(*words, "--help").stdout.lower()
    assert not {"inferred", "observed"} & set(re.findall(r"\w+", text))


SDK_NAME = re.compile("`[a-z]+_[a-z_]+`")


@for_each("words", [words for words in commands.COMMANDS if words[0] != "auth"], ids=" ".join)
def test_help_speaks_of_options_and_never_of_names_of_the_sdk(words: Words) -> None:
    text = " ".join(tm(*words, "--help").stdout.split())
    names = {name.strip("`") for name in SDK_NAME.findall(text)}
    assert names & SNAKE_FIELDS == set()


SNAKE_FIELDS = {
    option.target[0]
    for words in commands.COMMANDS
    for option in commands.load(words).options
    if "_" in option.target[0]
} | {"next_page_token"}


def test_help_leaves_names_of_values_as_they_are() -> None:
    assert "`request_count`" in tm("metrics", "query", "--help").stdout


NEW = Command(
    words=("gadgets", "spare-parts", "order"),
    operation="order_spare_part",
    resource=("models",),
    method="get",
    http_method="GET",
    path="/v1/models/{modelId}",
    summary="Order a spare part.",
    doc="",
    changes=False,
    options=(Option("model-id", "string", ("model_id",), "Id.", positional=True, required=True),),
    body={},
    pages=None,
)


def test_a_new_operation_has_its_command_without_a_line_of_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(commands.COMMANDS, NEW.words, ("order_spare_part", NEW.summary))
    monkeypatch.setattr(derived, "load", lambda _words: NEW)
    assert management.root_names()["gadgets"] == "Order a spare part."
    group = management.get("gadgets")
    assert isinstance(group, click.Group)
    context = click.Context(group)
    inner = group.get_command(context, "spare-parts")
    assert isinstance(inner, click.Group)
    found = inner.get_command(context, "order")
    assert found is not None
    assert found.help == "Order a spare part."


def test_a_name_without_commands_is_no_group() -> None:
    with pytest.raises(KeyError):
        management.get("no-such-group")


LOADED = """
import sys
from tensormesh_cli.main import main
main({arguments!r})
print(*sorted(n for n in sys.modules if n.startswith({prefix!r})), sep="\\n", file=sys.stderr)
"""
PREFIX = "tensormesh_api.control_plane.commands."


def loaded(*arguments: str) -> list[str]:
    """The modules of commands that a run loads."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments=list(arguments), prefix=PREFIX)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "overlay"), str(ROOT / "generated")]),
        },
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=True,
    )
    return [name.removeprefix(PREFIX) for name in done.stderr.split()]


def test_help_of_a_group_loads_no_command_and_a_run_loads_one() -> None:
    assert loaded("billing", "--help") == []
    assert loaded("models", "deploy", "--help") == ["deploy_model"]
