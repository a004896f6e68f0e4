"""A client generated from one spec of one host builds requests and reads answers."""

from __future__ import annotations

import asyncio
import string
from datetime import datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType, ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each
from support.mini_spec import part

from tensormesh_api._model import UnknownVariant
from tensormesh_api._operation import Request
from tensormesh_api._wire import path_part


class Recorder:
    """A client that sends nothing: it keeps the request, and reads a given answer."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.calls: list[tuple[str, Request[Any, Any], Any]] = []

    def call(self, way: str, request: Request[Any, Any], options: Any) -> Any:
        self.calls.append((way, request, options))
        return request.operation.parse_response(self.answer)

    def send(self, request: Request[Any, Any], options: Any) -> Any:
        return self.call("send", request, options)

    def stream(self, request: Request[Any, Any], options: Any) -> Any:
        self.calls.append(("stream", request, options))
        assert request.operation.event_parser
        return [request.operation.event_parser()(event) for event in self.answer]

    def send_raw(self, request: Request[Any, Any], options: Any) -> Any:
        return self.call("send_raw", request, options)

    def stream_raw(self, request: Request[Any, Any], options: Any) -> Any:
        self.calls.append(("stream_raw", request, options))

    @property
    def request(self) -> Request[Any, Any]:
        ((_, request, _),) = self.calls
        return request


class AsyncRecorder(Recorder):
    async def send(self, request: Request[Any, Any], options: Any) -> Any:
        return super().send(request, options)


def namespaces(mini: ModuleType, client: Recorder) -> Any:
    return part(mini, "resources").MiniResources(client, part(mini, "api").MINI)


THING = {"thingId": "t", "from": None}


# ---- Requests


def test_query_repeats_lists_and_writes_booleans_and_times(mini: ModuleType) -> None:
    client = Recorder({"items": []})
    noon = datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    namespaces(mini, client).things.list(
        label=["a", "b&c"], active=False, page_size=5, since=noon, shade="dark"
    )
    assert client.request.path == "/v1/things"
    assert client.request.body is None
    assert client.request.query == {
        "label": ["a", "b&c"],
        "active": "false",
        "pageSize": "5",
        "since": "2026-01-02T12:00:00+02:00",
        "shade": "dark",
    }


def test_query_leaves_out_what_is_none(mini: ModuleType) -> None:
    client = Recorder({"items": []})
    namespaces(mini, client).things.list(label=None, active=None)
    assert client.request.query == {}


class Label(str, Enum):  # noqa: UP042  # the older way to write it, which people still use
    HEAVY = "heavy"


@pytest.mark.parametrize("labels", [("heavy",), {"heavy"}, iter(["heavy"]), [Label.HEAVY]])
def test_query_takes_any_iterable_as_a_list(labels: Any, mini: ModuleType) -> None:
    client = Recorder({"items": []})
    namespaces(mini, client).things.list(label=labels)
    assert client.request.query == {"label": ["heavy"]}


@for_each("bad", [{"a": 1}, b"a", object(), [None], [{"a": 1}]])
def test_query_refuses_what_no_url_can_hold(bad: Any, mini: ModuleType) -> None:
    with pytest.raises(
        TypeError, match=r"^label(\[0\])? must be a str, a number, a bool or a datetime, got "
    ):
        namespaces(mini, Recorder()).things.list(label=bad)


@for_each(
    ("value", "path"),
    [
        ("a", "/v1/things/a:run"),
        ("a/../b", "/v1/things/a%2F..%2Fb:run"),
        ("a:run", "/v1/things/a%3Arun:run"),
        ("{thingId}", "/v1/things/%7BthingId%7D:run"),
        ("a?b#c%2F", "/v1/things/a%3Fb%23c%252F:run"),
        (True, "/v1/things/true:run"),
        (7, "/v1/things/7:run"),
    ],
)
def test_path_value_stays_in_its_segment(value: Any, path: str, mini: ModuleType) -> None:
    client = Recorder({"id": "r"})
    namespaces(mini, client).things.run(thing_id=value)
    assert client.request.path == path


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_quoted_path_part_has_no_character_that_ends_it(text: str) -> None:
    if text in (".", "..") or not text.isprintable():
        with pytest.raises(ValueError, match=r"^thing_id must (be a non-empty|not contain)"):
            path_part(text, "thing_id")
        return
    quoted = path_part(text, "thing_id")
    assert set(quoted) <= set(string.ascii_letters + string.digits + "-._~%")
    assert unquote(quoted) == text


@pytest.mark.parametrize("bad", ["", ".", ".."])
def test_path_value_that_names_another_path_is_refused(bad: str, mini: ModuleType) -> None:
    client = Recorder()
    with pytest.raises(ValueError, match=r"^thing_id must be a non-empty identifier, got "):
        namespaces(mini, client).things.get(thing_id=bad)
    assert client.calls == []


@pytest.mark.parametrize("bad", [["a"], {"a": 1}, b"a", object()])
def test_path_value_of_a_wrong_type_is_refused(bad: Any, mini: ModuleType) -> None:
    with pytest.raises(
        TypeError, match=r"^thing_id must be a str, a number, a bool or a datetime, got "
    ):
        namespaces(mini, Recorder()).things.get(thing_id=bad)


def test_required_argument_that_is_none_is_refused_by_name(mini: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"^thing_id is required and must not be None$"):
        namespaces(mini, Recorder()).things.get(thing_id=None)
    with pytest.raises(TypeError, match="thing_id"):
        namespaces(mini, Recorder()).things.get()


def test_required_argument_that_can_be_null_is_sent_as_null(mini: ModuleType) -> None:
    client = Recorder(THING)
    namespaces(mini, client).things.create(name="n", from_=None)
    assert client.request.body == {"name": "n", "from": None}


def test_body_takes_models_and_mappings_and_times_at_any_depth(mini: ModuleType) -> None:
    models = part(mini, "models")
    client = Recorder(THING)
    noon = datetime(2026, 1, 2, 12)
    namespaces(mini, client).things.create(
        name="n",
        from_="here",
        class_="c",
        shade="dark",
        start_at=noon,
        times=[noon, "2026-01-03T00:00:00Z"],
        owner=models.Owner(name="o"),
        notes=(models.Note(text="a"), {"text": "b"}, MappingProxyType({"text": "c"})),
        parts={"left": models.Wheel(radius=1.5), "right": {"type": "box", "parts": []}},
        missing=True,
        path_part="not the function",
    )
    assert client.request.body == {
        "name": "n",
        "from": "here",
        "class": "c",
        "shade": "dark",
        "startAt": "2026-01-02T12:00:00Z",
        "times": ["2026-01-02T12:00:00Z", "2026-01-03T00:00:00Z"],
        "owner": {"name": "o"},
        "notes": [{"text": "a"}, {"text": "b"}, {"text": "c"}],
        "parts": {"left": {"type": "wheel", "radius": 1.5}, "right": {"type": "box", "parts": []}},
        "missing": True,
        "path_part": "not the function",
    }


@for_each(
    ("arguments", "message"),
    [
        ({"owner": "me"}, "owner must be a model or a mapping, got str"),
        ({"notes": "text"}, "notes must be a list of objects, got str"),
        ({"notes": [{}, 5]}, r"notes\[1\] must be a model or a mapping, got int"),
        ({"parts": [1]}, "parts must be a mapping, got list"),
        ({"parts": {"a": b""}}, r"parts\['a'\] must be JSON data or a model, got bytes"),
        ({"start_at": 5}, "start_at must be a datetime, got int"),
        ({"times": [object()]}, r"times\[0\] must be JSON data or a model, got object"),
    ],
)
def test_body_refuses_a_wrong_type_by_the_name_of_the_argument(
    arguments: dict[str, Any], message: str, mini: ModuleType
) -> None:
    with pytest.raises(TypeError, match=f"^{message}$"):
        namespaces(mini, Recorder()).things.create(name="n", from_=None, **arguments)


def test_unknown_argument_is_refused(mini: ModuleType) -> None:
    with pytest.raises(TypeError, match="sise"):
        namespaces(mini, Recorder()).things.create(name="n", from_=None, sise=1)


# ---- Operations and namespaces


def test_operations_know_their_host_credentials_and_headers(mini: ModuleType) -> None:
    api = part(mini, "api")
    found = {
        operation.id: (operation.method, operation.path, operation.auth, operation.headers)
        for operation in api.MINI
    }
    assert found == {
        "list_things": ("GET", "/v1/things", "required", (("X-Account", "mini_account"),)),
        "create_thing": ("POST", "/v1/things", "optional", ()),
        "get_thing": ("GET", "/v1/things/{thingId}", "required", ()),
        "delete_thing": ("DELETE", "/v1/things/{thingId}", "required", ()),
        "run_thing": ("POST", "/v1/things/{thingId}:run", "required", ()),
        "get_balance": ("GET", "/v1/billing/balance", "required", ()),
        "list_transactions": ("GET", "/v1/billing/transactions", "required", ()),
    }
    host = api.MINI.get_thing.host
    assert host.base_url == "https://{region}.mini.invalid/base"
    assert host.variables == {"region": ("eu", ("eu", "us"))}
    assert (host.name, host.auth_scheme, host.auth_setting) == (
        "mini",
        "Bearer",
        "mini_api_key",
    )


def test_endpoint_module_builds_and_reads_alone(mini: ModuleType) -> None:
    get_thing = part(mini, "api.things.get_thing")
    request = get_thing.build_request(thing_id="a b")
    assert (request.operation, request.path) == (get_thing.OPERATION, "/v1/things/a%20b")
    assert get_thing.parse_response(THING).thing_id == "t"
    assert get_thing.OPERATION.empty == {"thingId": "none"}
    assert get_thing.OPERATION.event_parser is None


def test_nested_namespaces_and_their_variants_reach_their_operations(mini: ModuleType) -> None:
    client = Recorder({"transactions": [{"id": "1", "at": None}]})
    root = namespaces(mini, client)
    answer = root.billing.transactions.list(extra_query={"a": 1}, timeout_seconds=3)
    assert answer.transactions[0].id == "1"
    root.billing.get()
    root.billing.with_raw_response.get(extra_headers={"A": "b"})
    root.billing.transactions.with_streaming_response.list()
    assert [(way, request.operation.id) for way, request, _ in client.calls] == [
        ("send", "list_transactions"),
        ("send", "get_balance"),
        ("send_raw", "get_balance"),
        ("stream_raw", "list_transactions"),
    ]
    options = [options for _, _, options in client.calls]
    assert (options[0].extra_query, options[0].timeout_seconds) == ({"a": 1}, 3)
    assert options[2].extra_headers == {"A": "b"}
    assert repr(root.billing.transactions) == "<BillingTransactionsResource>"


def test_operation_without_an_answer_gives_none(mini: ModuleType) -> None:
    client = Recorder()
    assert namespaces(mini, client).things.delete(thing_id="t") is None
    assert client.request.operation.method == "DELETE"


def test_asynchronous_namespaces_await_the_client(mini: ModuleType) -> None:
    client = AsyncRecorder(THING)
    root = part(mini, "resources").AsyncMiniResources(client, part(mini, "api").MINI)
    thing = asyncio.run(root.things.get(thing_id="t"))
    assert thing.thing_id == "t"


def test_stream_gives_typed_events_and_is_asked_for_in_the_body(mini: ModuleType) -> None:
    events = [{"type": "run.started"}, {"type": "run.done", "run": {"id": "r"}}, {"type": "new"}]
    client = Recorder(events)
    started, done, unknown = namespaces(mini, client).things.run(thing_id="t", stream=True)
    assert client.request.body == {"stream": True}
    assert type(started).__name__ == "RunStarted"
    assert done.run.id == "r"
    assert isinstance(unknown, UnknownVariant)


def test_without_stream_the_whole_answer_is_read(mini: ModuleType) -> None:
    client = Recorder({"id": "r"})
    assert namespaces(mini, client).things.run(thing_id="t", input=[{"text": "a"}]).id == "r"
    assert client.request.body == {"input": [{"text": "a"}]}
