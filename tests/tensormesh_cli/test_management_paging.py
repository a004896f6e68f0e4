"""`--all`: every page once, and an end in any case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import Stream

from tensormesh_api._command import Pages
from tensormesh_cli._terminal import Terminal
from tensormesh_cli.output.paging import Listing


class Host:
    """A host with a list in pages."""

    def __init__(self, pages: list[list[int]], style: str) -> None:
        self.pages = pages
        self.style = style
        self.asked: list[dict[str, Any]] = []

    def ask(self, changes: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(changes)
        if self.style == "token":
            at = int(changes.get("page_token", "0"))
            more = str(at + 1) if at + 1 < len(self.pages) else ""
            return {"items": self.pages[at], "nextPageToken": more}
        at = changes.get("page", 1)
        entries = self.pages[at - 1] if at <= len(self.pages) else []
        return {"items": entries, "page": at, "size": 3, "total": sum(map(len, self.pages))}

    def all(self, **keywords: Any) -> dict[str, Any]:
        return merged(self.style, self.ask, keywords)


def merged(style: str, ask: Callable[[dict[str, Any]], Any], keywords: Any) -> dict[str, Any]:
    terminal = Terminal(Stream(), Stream(), Stream(), {})
    return Listing(Pages(style, "items"), ask, keywords).merged(ask(keywords), terminal)


@given(st.lists(st.lists(st.integers(), max_size=3), min_size=1, max_size=8))
def test_pages_with_tokens_give_every_entry_once(pages: list[list[int]]) -> None:
    host = Host(pages, "token")
    whole = host.all()
    assert whole["items"] == [entry for page in pages for entry in page]
    assert whole["nextPageToken"] == ""
    assert len(host.asked) == len(pages)


@given(st.integers(0, 20))
def test_numbered_pages_give_every_entry_once(total: int) -> None:
    entries = list(range(total))
    pages = [entries[at : at + 3] for at in range(0, total, 3)] or [[]]
    host = Host(pages, "page")
    whole = host.all()
    assert whole == {"items": entries, "page": 1, "size": 3, "total": total}
    assert len(host.asked) == len(pages)


def test_the_walk_begins_at_the_page_that_was_asked_for() -> None:
    assert Host([[1, 2, 3], [4, 5, 6], [7]], "page").all(page=1)["items"] == [*range(1, 8)]


@pytest.mark.parametrize("style", ["token", "page"])
def test_a_host_that_repeats_itself_is_left(style: str) -> None:
    asked: list[dict[str, Any]] = []

    def ask(changes: dict[str, Any]) -> dict[str, Any]:
        asked.append(changes)
        return {"items": [1], "nextPageToken": "same", "total": 1000, "size": 1}

    whole = merged(style, ask, {})
    assert len(asked) == 2
    # A page that is the page before once more is not counted twice.
    assert whole["items"] == ([1] if style == "page" else [1, 1])


def test_a_host_with_empty_pages_for_ever_is_left() -> None:
    asked: list[dict[str, Any]] = []

    def ask(changes: dict[str, Any]) -> dict[str, Any]:
        asked.append(changes)
        return {"items": [], "nextPageToken": str(len(asked))}

    assert merged("token", ask, {})["items"] == []
    assert len(asked) == 100


def test_counts_and_tokens_of_the_wrong_type_are_ignored() -> None:
    pages = [[1, 2], [3], []]
    wrong: tuple[Any, ...] = ("many", [], {}, None, True, 1.5, float("inf"))
    for told in wrong:

        def ask(changes: dict[str, Any], told: Any = told) -> dict[str, Any]:
            entries = pages[changes.get("page", 1) - 1]
            return {"items": entries, "size": told, "nextPageToken": told}

        whole = merged("page", ask, {})
        assert whole["items"] == [1, 2, 3], told
        if not isinstance(told, str):
            whole = merged("token", ask, {})
            assert whole["items"] == [1, 2], told
