"""Every command of `tm`, and arguments with which it runs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from tensormesh_api._command import Option
from tensormesh_cli._click import TmGroup
from tensormesh_cli._root import root

Words = tuple[str, ...]
SAMPLES = {
    "string": "sample",
    "integer": "1",
    "number": "1",
    "time": "2026-05-01T00:00:00Z",
    "money": "1.50",
    "json": "{}",
    "object": "{}",
    "boolean": "true",
}
# Of commands that no operation makes. `{folder}` is one that the test may write to.
BY_HAND: dict[Words, tuple[str, ...]] = {
    ("config", "set"): ("timeout_seconds", "20"),
    ("config", "unset"): ("timeout_seconds",),
    ("config", "init"): ("--path", "{folder}/new.toml", "--force"),
    ("completion",): ("bash",),
    ("api",): ("GET", "/v1/models"),
    ("auth", "print-token"): ("--yes-i-know",),
    ("infer", "chat"): ("Say hello.",),
    ("infer", "completions"): ("Once",),
    ("infer", "responses"): ("--model", "tm-local-chat", "Hi"),
    ("infer", "tokenize"): ("--prompt", "Hi"),
    ("infer", "detokenize"): ("--tokens", "1,2"),
}
# Logs are asked of a model or of a deployment: neither is required by itself.
_LOGS = (("logs", "query"), "model-id")


def leaves(command: click.Command = root, words: Words = ()) -> Iterator[Words]:
    """The words of every command that is no group."""
    if not isinstance(command, TmGroup):
        yield words
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*words, name))


def find(words: Words) -> click.Command:
    """The command of these words."""
    found: click.Command | None = root
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None
    return found


def is_needed(words: Words, option: Option) -> bool:
    """Whether a command does not run without an option."""
    return option.required or option.positional or (words, option.name) == _LOGS
