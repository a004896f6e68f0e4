"""Metering of answers that come from another server and are passed on unread."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import given
from hypothesis import strategies as st
from support.checked_client import event_data
from support.control_plane_host import Client, Host
from support.control_plane_inference import MODEL, RATES, ask, spend_by_model
from support.control_plane_ledger import nanos

from tensormesh_local import create_app
from tensormesh_local.engines.upstream import UpstreamEngine
from tensormesh_local.engines.upstream_usage import UsageReader, counts_of
from tensormesh_local.wire.tally import Counts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette


def _upstream(host: Host, content: bytes, media_type: str, status: int = 200) -> Starlette:
    """Return a host that forwards to a server which always answers with ``content``."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=chunks(), headers={"Content-Type": media_type})

    engine = UpstreamEngine("http://upstream", transport=httpx.MockTransport(respond))
    return create_app(engine, control_plane=host.control_plane)


USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 40},
}


class TestUpstream:
    def test_usage_comes_from_a_whole_answer(self, host: Host, admin: Client) -> None:
        content = json.dumps({"choices": [], "usage": USAGE}).encode()
        ask(host, "tm-local-key", _upstream(host, content, "application/json"), model="m")
        (model,) = spend_by_model(admin)
        assert (model["model"], model["promptTokens"], model["cachedTokens"]) == ("m", "100", "40")
        # A model without a price gets a usual one, so that its use shows.
        assert nanos(model["amount"]) == 60 * RATES["input"] + 7 * RATES["output"]

    def test_usage_comes_from_the_end_of_a_stream(self, host: Host, admin: Client) -> None:
        chunks = [{"choices": [{"delta": {"content": 'no "usage":{} here'}}]}] * 50
        events = [*chunks, {"choices": [], "usage": USAGE}]
        content = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events)
        app = _upstream(host, content + b"data: [DONE]\n\n", "text/event-stream")
        response = ask(host, "tm-local-key", app, stream=True)
        assert len(event_data(response.text)) == 51
        assert spend_by_model(admin)[0]["completionTokens"] == "7"

    def test_without_usage_the_request_still_counts(self, host: Host, admin: Client) -> None:
        app = _upstream(host, b"data: [DONE]\n\n", "text/event-stream")
        ask(host, "tm-local-key", app, stream=True)
        (model,) = spend_by_model(admin)
        assert (model["requests"], nanos(model["amount"])) == ("1", 0)

    def test_a_failure_is_logged_and_costs_nothing(self, host: Host, admin: Client) -> None:
        ask(host, "tm-local-key", _upstream(host, b"{}", "application/json", 503))
        assert admin.ok("list_billing_transactions")["transactions"] == []
        (line,) = admin.ok("query_logs", query={"modelId": MODEL})["entries"]
        assert (line["severity"], line["labels"]["status"]) == ("LOG_SEVERITY_ERROR", "503")


class TestUsageReader:
    @given(
        before=st.lists(st.text(), max_size=5),
        cuts=st.lists(st.integers(0, 5_000), max_size=20),
    )
    def test_cuts_do_not_matter(self, before: list[str], cuts: list[int]) -> None:
        events: list[Any] = [{"choices": [{"delta": {"content": text}}]} for text in before]
        events.append({"choices": [], "usage": USAGE})
        stream = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events)
        stream += b"data: [DONE]\n\n"
        reader = UsageReader()
        places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
        for start, end in pairwise(places):
            reader.feed(stream[start:end])
        assert reader.counts() == Counts(100, 40, 7)

    @given(st.binary())
    def test_anything_can_be_read(self, content: bytes) -> None:
        assert counts_of(content) == Counts()
        assert counts_of(content + b'"usage":' + content[:1])[0] >= 0

    def test_a_long_stream_is_not_kept(self) -> None:
        reader = UsageReader()
        for _ in range(10_000):
            reader.feed(b"x" * 100)
        reader.feed(b'{"usage": {"input_tokens": 5, "output_tokens": 6}}')
        assert reader.counts() == Counts(5, 0, 6)
        assert sum(map(len, reader._chunks)) < 20_000

    def test_the_last_usage_counts(self) -> None:
        content = b'{"usage":{"prompt_tokens":1}} {"usage":{"prompt_tokens":2}} {"usage":null}'
        assert counts_of(content) == Counts(2, 0, 0)

    def test_impossible_counts_do_not_reach_the_ledger(self) -> None:
        usage = {"prompt_tokens": 10, "completion_tokens": -3}
        for cached, counted in ((50, 10), (-1, 0)):
            details = {"prompt_tokens_details": {"cached_tokens": cached}}
            content = json.dumps({"usage": {**usage, **details}}).encode()
            assert counts_of(content) == Counts(10, counted, 0)
        assert counts_of(b'{"usage":{"prompt_tokens":-5}}') == Counts(0, 0, 0)
