"""Read all pages of a list as JSON, by the rules of the SDK."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tensormesh_api._paging import first_position, is_repeated, next_position
from tensormesh_cli._errors import CliError
from tensormesh_cli.commands.derived.call import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import tensormesh
    from tensormesh_api._command import Command, Pages
    from tensormesh_api._paging import Position
    from tensormesh_cli._app import App

    Ask = Callable[[dict[str, Any]], Any]


def all_pages(
    app: App, client: tensormesh.Tensormesh, command: Command, keywords: Mapping[str, Any]
) -> dict[str, Any]:
    """Return one response with the entries of all pages.

    Args:
        app: The run.
        client: The client to call the operation with.
        command: The operation.
        keywords: Its arguments, with the first page to read.

    Returns:
        The first page, with all entries, and without a token for more.
    """
    assert command.pages is not None

    def ask(arguments: dict[str, Any]) -> Any:
        return call(client, command, arguments).json()

    with app.terminal.progress("Reading pages") as progress:

        def tell(entries: int) -> None:
            progress.label = f"Reading pages: {entries} entries"

        return merged(command.pages, ask, keywords, tell)


def pages_of(answer: Mapping[str, Any], path: str) -> Pages | None:
    """Return how the list at a path continues, or None if the response is not a page.

    Args:
        answer: A response, for lists that the specification does not know.
        path: Its path.
    """
    from tensormesh_api._command import CONTRACTS, Pages
    from tensormesh_api.control_plane.commands import COMMANDS, load

    for command in map(load, COMMANDS):
        found = command.pages if (command.http_method, command.path) == ("GET", path) else None
        # The inference hosts have another list at the path of the models.
        if found is not None and found.items in answer:
            return found
    lists = [name for name, value in answer.items() if isinstance(value, list)]
    for style, contract in CONTRACTS.items():
        tells = {contract.next} if contract.next else {contract.page, contract.total}
        if len(lists) == 1 and tells <= answer.keys():
            return Pages(style, lists[0])
    return None


def entries_of(page: Mapping[str, Any], items: str) -> list[Any]:
    """Return the entries of a page, or an empty list if it has none."""
    entries = page.get(items)
    return entries if isinstance(entries, list) else []


def merged(
    pages: Pages, ask: Ask, keywords: Mapping[str, Any], tell: Callable[[int], None]
) -> dict[str, Any]:
    """Return the first page with the entries of all that follow.

    Args:
        pages: How the list continues.
        ask: Called with the arguments of a page, returns its decoded body.
        keywords: The arguments of the first page.
        tell: Called with the number of entries after each page.
    """
    items, token = pages.items, pages.contract.next
    whole: dict[str, Any] = {}
    entries: list[Any] = []
    for page in follow(pages, ask, keywords):
        whole = whole or dict(page)
        entries += entries_of(page, items)
        tell(len(entries))
    whole[items] = entries
    if token in whole:
        whole[token] = ""
    return whole


def follow(pages: Pages, ask: Ask, keywords: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a page and all that follow, each requested when it is needed.

    Raises:
        CliError: A response is not a JSON object.
    """
    position: Position | None = first_position(ask, dict(keywords))
    while position is not None:
        page = ask(position.arguments)
        if not isinstance(page, dict):
            raise CliError("the answer is no page of a list", kind="api")
        if is_repeated(entries_of(page, pages.items), position):
            return
        yield page
        position = _after(pages, page, position)


def next_arguments(
    pages: Pages, page: Mapping[str, Any], keywords: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the arguments of the page after one, or None if it is the last.

    Args:
        pages: How the list continues.
        page: The page.
        keywords: Its arguments.
    """
    position = _after(pages, page, first_position(dict, dict(keywords)))
    return position.arguments if position is not None else None


def _after(pages: Pages, page: Mapping[str, Any], position: Position) -> Position | None:
    contract = pages.contract
    reported = SimpleNamespace(
        next_page_token=page.get(contract.next),
        page=page.get(contract.page),
        size=page.get(contract.size),
        total=page.get(contract.total),
    )
    return next_position(pages.style, reported, entries_of(page, pages.items), position)
