"""Prints what the Control Plane answered: for programs unchanged, for people what matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api._command import CONTRACTS
from tensormesh_api.control_plane.commands import SECRETS, SECRETS_SHOWN_ONCE
from tensormesh_cli.commands.derived.once import print_once, secrets_shown_once
from tensormesh_cli.commands.derived.paging import entries_of, next_arguments
from tensormesh_cli.commands.derived.params import label
from tensormesh_cli.commands.derived.values import without_secrets
from tensormesh_cli.output.values import clean, unwrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

_AROUND_A_LIST = {
    name
    for contract in CONTRACTS.values()
    for name in (contract.next, contract.page, contract.size, contract.total)
}
_HIDDEN = SECRETS - SECRETS_SHOWN_ONCE


def print_answer(app: App, command: Command, data: Any, raw: bytes | None) -> None:
    """Print what an operation answered.

    Args:
        app: the run.
        command: the operation.
        data: its body, decoded.
        raw: its body; None if `data` was put together.
    """
    items = command.pages.items if command.pages is not None else None
    print_data(app, data, raw, items=items, changes=command.changes)


def print_data(
    app: App, data: Any, raw: bytes | None, *, items: str | None = None, changes: bool = False
) -> None:
    """Print an answer.

    Args:
        app: the run.
        data: the body, decoded.
        raw: the body; None if `data` was put together.
        items: the field that holds the list, if that is known.
        changes: whether it is the answer to a change.
    """
    printer = app.printer
    if changes and (secrets := secrets_shown_once(data)):
        print_once(app, data, raw, secrets)
        return
    if printer.structured or printer.query is not None:
        printer.emit(data, raw=raw)
        return
    if _says_nothing(data):
        app.terminal.note("Done." if changes else "Nothing to show.")
        return
    items = list_of(data, items)
    if items is not None and not data[items]:
        from tensormesh_cli.output.columns import heading

        app.terminal.note(f"No {heading(items)}.")
        return
    if items is not None and all(isinstance(row, dict) for row in data[items]):
        from tensormesh_cli.commands.derived.table import table_of

        # Boxes need more room than gaps.
        gap = 3 if printer.mode == "table" else 2
        printer.emit(
            data, table=table_of(without_secrets(data[items], _HIDDEN), printer.width, gap=gap)
        )
        return
    _print_object(app, data)


def _print_object(app: App, data: Any) -> None:
    from tensormesh_cli.output.values import is_plain, shown

    inner = unwrapped(data)
    if is_plain(inner):
        app.printer.emit(data, text=shown(inner))
    else:
        app.printer.emit(without_secrets(inner, _HIDDEN))


def print_more(app: App, command: Command, data: Any, keywords: Mapping[str, Any]) -> None:
    """Tell people that a list goes on."""
    printer = app.printer
    if command.pages is None or printer.structured or not isinstance(data, dict):
        return
    following = next_arguments(command.pages, data, keywords)
    if following is None:
        return
    contract = command.pages.contract
    asking = next(label(each) for each in command.options if each.target == (contract.argument,))
    argument = clean(str(following[contract.argument]))
    if contract.next:
        app.terminal.note(f"More follow: pass {asking} {argument}, or --all.")
    elif data.get(contract.total) is not None:
        count = len(entries_of(data, command.pages.items))
        app.terminal.note(
            f"{count} of {clean(str(data[contract.total]))}:"
            f" pass {asking} {argument} for more, or --all."
        )


def list_of(data: Any, items: str | None = None) -> str | None:
    """The field of an answer that holds its list; None if it is not all about one.

    Args:
        data: the answer.
        items: the field, if that is known.
    """
    if not isinstance(data, dict):
        return None
    if items is not None and isinstance(data.get(items), list):
        return items
    lists = [name for name, value in data.items() if isinstance(value, list)]
    rest = data.keys() - set(lists)
    return lists[0] if len(lists) == 1 and rest <= _AROUND_A_LIST else None


def _says_nothing(data: Any) -> bool:
    return data is None or (isinstance(data, dict) and unwrapped(data) == {})
