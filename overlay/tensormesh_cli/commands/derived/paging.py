"""Walks through all pages of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import CliError
from tensormesh_cli.commands.derived.call import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import tensormesh
    from tensormesh_api._command import Command, Contract, Pages
    from tensormesh_cli._app import App

    Ask = Callable[[dict[str, Any]], dict[str, Any]]

# A list may have empty pages in the middle, as filters make them; it does not go on so for ever.
_MOST_EMPTY = 100


def all_pages(
    app: App, client: tensormesh.Tensormesh, command: Command, keywords: Mapping[str, Any]
) -> dict[str, Any]:
    """One answer that has the entries of all pages.

    Args:
        app: the run.
        client: whom to ask with.
        command: the operation.
        keywords: its arguments; the walk begins at the page that they name.

    Returns:
        The answer of the first page, with all entries, and without a token for more.
    """
    assert command.pages is not None

    def ask(changes: dict[str, Any]) -> dict[str, Any]:
        return answer_of(call(client, command, {**keywords, **changes}).json())

    with app.terminal.progress("Reading pages") as progress:

        def tell(entries: int) -> None:
            progress.label = f"Reading pages: {entries} entries"

        return merged(command.pages, ask, keywords, tell)


def answer_of(data: Any) -> dict[str, Any]:
    """The answer of a host to a question for a page. Raises `CliError` if it is none."""
    if not isinstance(data, dict):
        raise CliError("the answer is no page of a list", kind="api")
    return data


def pages_of(answer: Mapping[str, Any]) -> Pages | None:
    """How an answer goes on, by what is in it; None if it is no page of a list."""
    from tensormesh_api._command import CONTRACTS, Pages

    lists = [name for name, value in answer.items() if isinstance(value, list)]
    for style, contract in CONTRACTS.items():
        tells = {contract.next} if contract.next else {contract.page, contract.total}
        if len(lists) == 1 and tells <= answer.keys():
            return Pages(style, lists[0])
    return None


def entries_of(page: Mapping[str, Any], items: str) -> list[Any]:
    """The entries of a page; none if there is no list where they should be."""
    entries = page.get(items)
    return entries if isinstance(entries, list) else []


def merged(
    pages: Pages, ask: Ask, keywords: Mapping[str, Any], tell: Callable[[int], None]
) -> dict[str, Any]:
    """The first answer, with the entries of all that follow.

    Args:
        pages: how the list goes on.
        ask: gives the answer for changed arguments.
        keywords: arguments of the first page.
        tell: is told the number of entries after each page.
    """
    items, token = pages.items, pages.contract.next
    follow = by_token if token else by_number
    whole: dict[str, Any] = {}
    entries: list[Any] = []
    for page in follow(ask, pages, keywords):
        whole = whole or dict(page)
        entries += entries_of(page, items)
        tell(len(entries))
    whole[items] = entries
    if token in whole:
        whole[token] = ""
    return whole


def next_token(page: Mapping[str, Any], contract: Contract) -> str | None:
    """The token of the page after this one; None if there is none."""
    token = page.get(contract.next)
    return token if isinstance(token, str) and token else None


def by_token(ask: Ask, pages: Pages, keywords: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a list whose answers hold the token of the next."""
    contract = pages.contract
    seen = {keywords.get(contract.argument)}
    page = ask({})
    empty = 0
    while True:
        yield page
        token = next_token(page, contract)
        empty = 0 if entries_of(page, pages.items) else empty + 1
        # A server that repeats itself shall not hold us for ever.
        if not token or token in seen or empty == _MOST_EMPTY:
            return
        seen.add(token)
        page = ask({contract.argument: token})


def by_number(ask: Ask, pages: Pages, keywords: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a list whose answers are counted from 1."""
    contract = pages.contract
    number = _count(keywords.get(contract.argument)) or 1
    page = ask({})
    while True:
        yield page
        entries = entries_of(page, pages.items)
        if not entries or not has_more(page, entries, number, keywords, contract):
            return
        number += 1
        following = ask({contract.argument: number})
        if entries_of(following, pages.items) == entries:
            # The server does not know of pages, and gave the same again.
            return
        page = following


def has_more(
    page: Mapping[str, Any],
    entries: list[Any],
    number: int,
    keywords: Mapping[str, Any],
    contract: Contract,
) -> bool:
    """Whether entries follow a numbered page."""
    total = _count(page.get(contract.total))
    size = _count(page.get(contract.size)) or _count(keywords.get(contract.size)) or 0
    return total is None or number * max(size, len(entries)) < total


def _count(value: object) -> int | None:
    # 64 bits come as text.
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
