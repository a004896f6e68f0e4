"""Walks through all pages of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import CliError
from tensormesh_cli.commands.derived.call import call
from tensormesh_cli.commands.derived.values import NEXT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import tensormesh
    from tensormesh_api._command import Command
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

        return merged(command.pages.style, command.pages.items, ask, keywords, tell)


def answer_of(data: Any) -> dict[str, Any]:
    """The answer of a host to a question for a page. Raises `CliError` if it is none."""
    if not isinstance(data, dict):
        raise CliError("the answer is no page of a list", kind="api")
    return data


def entries_of(page: Mapping[str, Any], items: str) -> list[Any]:
    """The entries of a page; none if there is no list where they should be."""
    entries = page.get(items)
    return entries if isinstance(entries, list) else []


def merged(
    style: str, items: str, ask: Ask, keywords: Mapping[str, Any], tell: Callable[[int], None]
) -> dict[str, Any]:
    """The first answer, with the entries of all that follow.

    Args:
        style: `token` or `page`.
        items: the field with the entries.
        ask: gives the answer for changed arguments.
        keywords: arguments of the first page.
        tell: is told the number of entries after each page.
    """
    follow = by_token if style == "token" else by_number
    whole: dict[str, Any] = {}
    entries: list[Any] = []
    for page in follow(ask, items, keywords):
        whole = whole or dict(page)
        entries += entries_of(page, items)
        tell(len(entries))
    whole[items] = entries
    if NEXT_TOKEN in whole:
        whole[NEXT_TOKEN] = ""
    return whole


def next_token(page: Mapping[str, Any]) -> str | None:
    """The token of the page after this one; None if there is none."""
    token = page.get(NEXT_TOKEN)
    return token if isinstance(token, str) and token else None


def by_token(ask: Ask, items: str, keywords: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a list whose answers hold the token of the next."""
    seen = {keywords.get("page_token")}
    page = ask({})
    empty = 0
    while True:
        yield page
        token = next_token(page)
        empty = 0 if entries_of(page, items) else empty + 1
        # A server that repeats itself shall not hold us for ever.
        if not token or token in seen or empty == _MOST_EMPTY:
            return
        seen.add(token)
        page = ask({"page_token": token})


def by_number(ask: Ask, items: str, keywords: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pages of a list whose answers are counted from 1."""
    number = _count(keywords.get("page")) or 1
    page = ask({})
    while True:
        yield page
        entries = entries_of(page, items)
        if not entries or not has_more(page, entries, number, keywords):
            return
        number += 1
        following = ask({"page": number})
        if entries_of(following, items) == entries:
            # The server does not know of pages, and gave the same again.
            return
        page = following


def has_more(
    page: Mapping[str, Any], entries: list[Any], number: int, keywords: Mapping[str, Any]
) -> bool:
    """Whether entries follow a numbered page."""
    total = _count(page.get("total"))
    size = _count(page.get("size")) or _count(keywords.get("size")) or 0
    return total is None or number * max(size, len(entries)) < total


def _count(value: object) -> int | None:
    # 64 bits come as text.
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
