"""Read all pages of a list as JSON, by the rules of the SDK."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tensormesh_api._paging import first_position, is_repeated, next_position
from tensormesh_cli._errors import CliError
from tensormesh_cli.output.values import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tensormesh_api._command import Pages
    from tensormesh_api._paging import Position
    from tensormesh_cli._terminal import Terminal

    Ask = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Listing:
    """How to read the rest of a list, of which a response is the first page.

    Attributes:
        pages: How the list continues.
        ask: Called with the arguments of a page, returns its decoded body.
        keywords: The arguments of the first page.
        read_all: Whether to read all pages.
        option: The option that asks for a page, or None if there is none.
    """

    pages: Pages
    ask: Ask
    keywords: Mapping[str, Any]
    read_all: bool = False
    option: str | None = None

    def merged(self, first: Any, terminal: Terminal) -> dict[str, Any]:
        """Return the first page with the entries of all that follow, and without a token."""
        items, token = self.pages.items, self.pages.contract.next
        entries: list[Any] = []
        with terminal.progress("Reading pages") as show:
            for page in self.follow(first):
                entries += entries_of(page, items)
                show(f"Reading pages: {len(entries)} entries")
        whole = {**first, items: entries}
        if token in whole:
            whole[token] = ""
        return whole

    def follow(self, first: Any) -> Iterator[dict[str, Any]]:
        """Yield the first page and all that follow, each requested when it is needed.

        Raises:
            CliError: The body of a page is not a JSON object.
        """
        position, page = first_position(self.ask, dict(self.keywords)), first
        while True:
            if not isinstance(page, dict):
                raise CliError("the response is not a page of a list", kind="api")
            if is_repeated(entries_of(page, self.pages.items), position):
                return
            yield page
            following = self._after(page, position)
            if following is None:
                return
            position = following
            page = self.ask(position.arguments)

    def more(self, page: Any) -> str | None:
        """Return a note that the list continues after a page, or None."""
        if self.option is None or not isinstance(page, dict):
            return None
        position = self._after(page, first_position(self.ask, dict(self.keywords)))
        if position is None:
            return None
        contract = self.pages.contract
        argument = clean(str(position.arguments[contract.argument]))
        if contract.next:
            return f"There are more: pass {self.option} {argument}, or --all."
        if page.get(contract.total) is None:
            return None
        shown = f"{len(entries_of(page, self.pages.items))} of {clean(str(page[contract.total]))}"
        return f"{shown}: pass {self.option} {argument} for more, or --all."

    def _after(self, page: Mapping[str, Any], position: Position) -> Position | None:
        contract = self.pages.contract
        reported = SimpleNamespace(
            next_page_token=page.get(contract.next),
            page=page.get(contract.page),
            size=page.get(contract.size),
            total=page.get(contract.total),
        )
        items = entries_of(page, self.pages.items)
        return next_position(self.pages.style, reported, items, position)


def entries_of(page: Mapping[str, Any], items: str) -> list[Any]:
    """Return the entries of a page, or an empty list if it has none."""
    entries = page.get(items)
    return entries if isinstance(entries, list) else []


def pages_of(answer: Mapping[str, Any], path: str) -> Pages | None:
    """Return how the list at a path continues, or None if the response is not a page."""
    from tensormesh_api._command import CONTRACTS, Pages
    from tensormesh_api.control_plane.commands import COMMANDS, load

    for command in map(load, COMMANDS):
        found = command.pages if (command.http_method, command.path) == ("GET", path) else None
        # The inference hosts have a different list at the path of the models.
        if found is not None and found.items in answer:
            return found
    lists = [name for name, value in answer.items() if isinstance(value, list)]
    for style, contract in CONTRACTS.items():
        tells = {contract.next} if contract.next else {contract.page, contract.total}
        if len(lists) == 1 and tells <= answer.keys():
            return Pages(style, lists[0])
    return None
