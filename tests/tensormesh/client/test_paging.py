"""Lists come page by page, whole and once, however a server ends them."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensormesh import AsyncTensormesh, NotFoundError, Tensormesh
from tensormesh.types import AsyncPage, ListBillingTransactionsPage, ListModelsPage, SyncPage

Json = dict[str, Any]
Answer = Callable[[Json], Json]


class Server:
    """Answers every request by a function of its query, and keeps what was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Json] = []
        self.headers: list[httpx.Headers] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = {key: value[0] for key, value in parse_qs(request.url.query.decode()).items()}
        self.asked.append(query)
        self.headers.append(request.headers)
        assert len(self.asked) < 500, "asks for ever"
        return httpx.Response(200, content=json.dumps(self.answer(query)))

    def sync(self) -> Tensormesh:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return Tensormesh(control_plane_token="t", http_client=http)

    def asynchronous(self) -> AsyncTensormesh:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return AsyncTensormesh(control_plane_token="t", http_client=http)


def transactions(*ids: str, token: str | None = None) -> Json:
    amount = {"currencyCode": "USD", "units": "1"}
    page: Json = {"transactions": [{"transactionId": name, "amount": amount} for name in ids]}
    return page if token is None else {**page, "nextPageToken": token}


def by_token(pages: dict[str, Json]) -> Answer:
    return lambda query: pages[query.get("pageToken", "")]


def by_number(total: int, told: Json | None = None) -> Answer:
    """A list of numbered models; `told` replaces what it says about itself."""

    def answer(query: Json) -> Json:
        page, wanted = int(query.get("page", 1)), int(query.get("size", 20))
        shown = range((page - 1) * wanted, min(page * wanted, total))
        said = {"page": page, "size": wanted, "total": total, **(told or {})}
        models = [{"modelId": f"m{number}"} for number in shown]
        return {"models": models, **{key: item for key, item in said.items() if item is not None}}

    return answer


def ids_of(server: Server, **params: Any) -> list[str | None]:
    with server.sync() as client:
        pages = client.control_plane.billing.transactions.auto_paging_iter(**params)
        return [item.transaction_id for item in pages]


def models_of(server: Server, **params: Any) -> list[str | None]:
    with server.sync() as client:
        return [item.model_id for item in client.control_plane.models.auto_paging_iter(**params)]


THREE = {
    "": transactions("a", "b", token="x"),
    "x": transactions(token="y"),
    "y": transactions("c", token=""),
}


def test_all_pages_are_walked_with_the_arguments_of_the_first() -> None:
    server = Server(by_token(THREE))
    extra = {"extra_headers": {"x-trace": "7"}, "timeout_seconds": 5.0}
    assert ids_of(server, user_id="u", page_size=2, **extra) == ["a", "b", "c"]
    same = {"userId": "u", "pageSize": "2"}
    assert server.asked == [same, {**same, "pageToken": "x"}, {**same, "pageToken": "y"}]
    assert [headers["x-trace"] for headers in server.headers] == ["7", "7", "7"]


def test_nothing_is_asked_before_an_entry_is_needed_and_no_more_than_needed() -> None:
    server = Server(by_token(THREE))
    with server.sync() as client:
        walk = client.control_plane.billing.transactions.auto_paging_iter()
        assert server.asked == []
        assert [next(walk).transaction_id, next(walk).transaction_id] == ["a", "b"]
        assert len(server.asked) == 1


def test_a_page_is_iterated_and_knows_the_next() -> None:
    server = Server(by_token(THREE))
    with server.sync() as client:
        page = client.control_plane.billing.transactions.list(page_size=2)
        assert isinstance(page, ListBillingTransactionsPage)
        assert isinstance(page, SyncPage)
        assert [item.transaction_id for item in page] == ["a", "b"]
        assert (page.next_page_token, page.has_next_page()) == ("x", True)
        last = page.get_next_page().get_next_page()
        assert [item.transaction_id for item in last] == ["c"]
        assert not last.has_next_page()
        with pytest.raises(RuntimeError, match="there is no next page: check has_next_page"):
            last.get_next_page()
        # Each can be asked again.
        assert page.get_next_page().next_page_token == "y"
        assert [item.transaction_id for item in page.auto_paging_iter()] == ["a", "b", "c"]


def test_both_contracts_work_asynchronously() -> None:
    async def walk() -> tuple[list[str], list[str | None], int]:
        async with Server(by_token(THREE)).asynchronous() as client:
            pages = client.control_plane.billing.transactions
            found = [item.transaction_id async for item in pages.auto_paging_iter(page_size=2)]
            page = await pages.list()
            assert isinstance(page, AsyncPage)
            assert [item.transaction_id for item in page] == ["a", "b"]
            again = await page.get_next_page()
            assert [item.transaction_id async for item in again.auto_paging_iter()] == ["c"]
        async with Server(by_number(45)).asynchronous() as client:
            models = client.control_plane.models.auto_paging_iter()
            ids = [item.model_id async for item in models]
        return found, [ids[0], ids[-1]], len(ids)

    assert asyncio.run(walk()) == (["a", "b", "c"], ["m0", "m44"], 45)


@settings(max_examples=50, deadline=None)
@given(total=st.integers(0, 130), size=st.integers(1, 50), start=st.integers(1, 4))
def test_numbered_pages_give_each_entry_once_and_ask_no_page_too_many(
    total: int, size: int, start: int
) -> None:
    server = Server(by_number(total))
    found = models_of(server, size=size, page=start)
    assert found == [f"m{number}" for number in range((start - 1) * size, total)]
    assert len(server.asked) == max(1, -(-total // size) - start + 1)


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(0, 3), max_size=20))
def test_pages_by_token_give_each_entry_once(sizes: list[int]) -> None:
    pages, number = {"": transactions()}, 0
    for index, size in enumerate(sizes):
        names = [f"t{number + step}" for step in range(size)]
        number += size
        last = index == len(sizes) - 1
        pages["" if index == 0 else f"p{index}"] = transactions(
            *names, token=None if last else f"p{index + 1}"
        )
    assert ids_of(Server(by_token(pages))) == [f"t{index}" for index in range(number)]


@pytest.mark.parametrize("token", ["", None])
def test_missing_and_empty_tokens_end_the_list(token: str | None) -> None:
    server = Server(by_token({"": {"transactions": [], "nextPageToken": token}}))
    assert ids_of(server) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("back", ["", "x", "y"], ids=["itself", "the page before", "the first"])
def test_a_token_that_was_asked_for_before_ends_the_list(back: str) -> None:
    pages = {
        "x": transactions("a", token="y"),
        "y": transactions("b", token="z"),
        "z": transactions("c", token=back or "z"),
    }
    server = Server(by_token(pages))
    assert ids_of(server, page_token="x") == ["a", "b", "c"]
    assert len(server.asked) == 3


def test_empty_pages_with_ever_new_tokens_end_some_time() -> None:
    server = Server(lambda _query: transactions(token=f"t{len(server.asked)}"))
    assert ids_of(server) == []
    assert len(server.asked) == 100


def test_an_empty_page_ends_numbered_pages_whatever_the_total() -> None:
    server = Server(by_number(0, {"total": 1_000_000}))
    assert models_of(server) == []
    assert len(server.asked) == 1


def test_numbered_pages_without_a_total_end_at_an_empty_page() -> None:
    server = Server(by_number(45, {"page": None, "size": None, "total": None}))
    assert len(models_of(server, size=20)) == 45
    assert len(server.asked) == 4


@pytest.mark.parametrize("total", [None, 1_000_000])
def test_a_server_that_ignores_the_page_does_not_hold_the_caller_for_ever(
    total: int | None,
) -> None:
    same: Json = {"models": [{"modelId": "a"}], **({} if total is None else {"total": total})}
    server = Server(lambda _query: same)
    assert models_of(server) == ["a"]
    assert len(server.asked) == 2


def test_a_smaller_page_than_asked_for_is_what_counts() -> None:
    server = Server(lambda query: by_number(250)({**query, "size": 100}))
    assert len(models_of(server, size=1000)) == 250


def test_a_server_that_caps_the_page_size_is_read_to_the_end_whatever_it_reports() -> None:
    for size in (None, 20, 100):
        for total in (None, 45):
            told = {"size": size, "total": total, "page": None}

            def answer(query: Json, told: Json = told) -> Json:
                return {**by_number(45)({**query, "size": 20}), **told}

            server = Server(answer)
            assert models_of(server, size=100) == [f"m{number}" for number in range(45)], told
            assert len(server.asked) == (4 if total is None else 3), told


def test_a_total_that_is_smaller_than_what_came_does_not_end_the_list() -> None:
    for total in (0, 30):
        server = Server(by_number(45, {"total": total}))
        assert models_of(server, size=20) == [f"m{number}" for number in range(45)]
        assert len(server.asked) == 4

    # The size reported makes it look as if more had come before the first page.
    server = Server(lambda query: {**by_number(45)({**query, "size": 10}), "size": 100})
    assert models_of(server, page=2, size=100) == [f"m{number}" for number in range(10, 45)]


def test_an_error_in_the_middle_reaches_the_caller_and_the_page_can_be_asked_again() -> None:
    broken = True

    def answer(request: httpx.Request) -> httpx.Response:
        if b"pageToken" in request.url.query and broken:
            return httpx.Response(404, json={"code": 5, "message": "gone", "details": []})
        return httpx.Response(200, json=transactions("a", token="x" if broken else ""))

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with Tensormesh(control_plane_token="t", http_client=http) as client:
        walk = client.control_plane.billing.transactions.auto_paging_iter()
        assert next(walk).transaction_id == "a"
        with pytest.raises(NotFoundError, match="gone"):
            next(walk)
        page = client.control_plane.billing.transactions.list()
        broken = False
        assert [item.transaction_id for item in page.get_next_page()] == ["a"]


def test_a_page_is_the_answer_with_all_its_fields() -> None:
    body = {**by_number(3)({}), "news": [1]}
    with Server(lambda _query: body).sync() as client:
        page = client.control_plane.models.list()
        assert (page.page, page.size, page.total) == (1, 20, 3)
        assert page.to_dict() == body
        assert page.additional_properties == {"news": [1]}
        assert repr(page).startswith("ListModelsPage(models=[")
        raw = client.control_plane.models.with_raw_response.list()
        assert raw.json() == body
        assert raw.parse().models == page.models


def test_a_copy_of_a_page_goes_on_and_a_stored_one_says_that_it_cannot() -> None:
    with Server(by_number(45)).sync() as client:
        page = client.control_plane.models.list()
        assert next(item.model_id for item in copy.copy(page).get_next_page()) == "m20"
        stored: ListModelsPage = pickle.loads(pickle.dumps(page))
        assert stored.models == page.models
        for ask in (stored.has_next_page, stored.get_next_page):
            with pytest.raises(RuntimeError, match="a copy without a client: call the list method"):
                ask()
