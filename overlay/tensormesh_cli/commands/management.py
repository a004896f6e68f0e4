"""Management commands: one for each operation of the Control Plane, made when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from tensormesh_api.control_plane.commands import COMMANDS, GROUPS
from tensormesh_cli._click import Lazy, TmGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

Words = tuple[str, ...]

# Commands with code of their own, by their words: module and attribute.
_OWN: dict[Words, tuple[str, str]] = {
    ("logs", "query"): ("tensormesh_cli.commands.logs", "query"),
    ("metrics", "query"): ("tensormesh_cli.commands.metrics", "query"),
}
# Words that are abbreviations.
_SPELLING = {"api": "API", "gpu": "GPU"}


class DerivedGroup(TmGroup):
    """A group of derived commands, given the words that are typed to reach it."""

    def __init__(self, words: Words) -> None:
        super().__init__(words[-1], help=_text(words), no_args_is_help=True)
        merge(self, words)


def merge(group: TmGroup, words: Words) -> None:
    """Add the derived commands below some words to a group. Its own commands stay."""
    for name in _names_below(words):
        if name not in group.commands and name not in group.lazy:
            below = (*words, name)
            group.lazy[name] = Lazy(__name__, "get", _text(below), words=below)


def root_names() -> dict[str, str]:
    """Return the top-level groups of derived commands, each with one line of help."""
    return {name: _text((name,)) for name in _names_below(())}


def get(*words: str) -> click.Command:
    """Return the group or command with these words. Raise `KeyError` if there is none."""
    if words in _OWN:
        module, attribute = _OWN[words]
        own: click.Command = getattr(import_module(module), attribute)
        return own
    if words in COMMANDS:
        from tensormesh_cli.commands.derived.command import derive

        return derive(words)
    if not any(_below(words)):
        raise KeyError(words)
    return DerivedGroup(words)


def _below(words: Words) -> Iterator[Words]:
    return (known for known in COMMANDS if known[: len(words)] == words and known != words)


def _names_below(words: Words) -> list[str]:
    return list(dict.fromkeys(known[len(words)] for known in _below(words)))


def _text(words: Words) -> str:
    """Return one line of help for the list of commands."""
    if words in COMMANDS:
        return COMMANDS[words][1]
    if len(words) == 1 and GROUPS.get(words[0]):
        return GROUPS[words[0]]
    below = list(_below(words))
    if len(below) == 1:
        return COMMANDS[below[0]][1]
    title = " ".join(_SPELLING.get(word, word) for word in words[-1].split("-"))
    return f"{title[:1].upper()}{title[1:]}: {', '.join(_names_below(words))}."
