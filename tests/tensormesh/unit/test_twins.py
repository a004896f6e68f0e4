"""What exists twice, sync and async, is the same but for how it waits.

Renamed, twins must be equal. Where they cannot be, the lines that differ are counted below, so that
no difference is added unseen: a change that makes them more alike lowers a number, and one that has
to make them differ raises it here, with a reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project_files import ROOT
from support.twins import MODULES, alone_in, twins_in

SDK = ROOT / "overlay" / "tensormesh"
API = ROOT / "generated" / "tensormesh_api"
LINK = "tensormesh._http.link.Link"
RUN = "tensormesh._tools.run.RunStream"

# Threads share connections under a lock and block on sockets; tasks wait for events and may be
# cancelled wherever they wait.
WAITING = {
    "tensormesh._calls.dispatcher.Dispatcher._open": 7,
    "tensormesh._http.httpx_link.HttpxLink.send": 3,
    "tensormesh._http.httpx_link._Body.__next__": 6,
    "tensormesh._http.httpx_link._Body._socket": 4,
    "tensormesh._http.httpx_link._Body.close": 10,
    "tensormesh._http.httpx_link._Body.drain": 8,
    "tensormesh._http.link.Body.__init__": 4,
    "tensormesh._http.link.Body.__next__": 12,
    "tensormesh._http.link.Body._read": 6,
    "tensormesh._http.link.Body.attributes": 2,
    "tensormesh._http.link.Body.close": 10,
    f"{LINK}.__init__": 8,
    f"{LINK}._close_surplus": 3,
    f"{LINK}._connection": 10,
    f"{LINK}._take": 11,
    f"{LINK}.close": 8,
    f"{LINK}.release": 6,
    f"{LINK}.send": 4,
}
# Tools run on threads, or in tasks.
TOOLS = {
    f"{RUN}._ask": 1,
    f"{RUN}._begin_calls": 8,
    f"{RUN}._collect": 24,
    f"{RUN}._job": 3,
    f"{RUN}._make": 13,
    f"{RUN}._step": 6,
    f"{RUN}.attributes": 3,
    f"{RUN}.close": 14,
}
# An async generator that is dropped is closed by the event loop, later: classes iterate instead.
ITERATION = {
    "tensormesh._streams.stream.Stream.text_deltas": 10,
    "tensormesh_api._paging._walk.()": 3,
    "tensormesh_api._paging.walk.()": 3,
}
# A client belongs to one event loop. `iter_lines` of the sync response replaces that of requests.
# A KeyboardInterrupt may come between any two lines of sync code.
PUBLIC = {
    "tensormesh._calls.dispatcher.Dispatcher.__init__": 2,
    "tensormesh._calls.dispatcher.Dispatcher.stream": 12,
    "tensormesh._calls.dispatcher.Dispatcher.stream_raw": 8,
    "tensormesh._calls.responses.StreamedResponse.iter_lines": 13,
    "tensormesh._client.Tensormesh.__init__": 2,
    "tensormesh._client.Tensormesh.attributes": 2,
    "tensormesh._errors.tracebacks.clears_frames.()": 2,
    "tensormesh_api._protocols.StreamedResponse.iter_lines": 8,
}
INTENDED = {**WAITING, **TOOLS, **ITERATION, **PUBLIC}
# What only async code has: its sockets, and what asyncio and trio need.
ALONE = {
    "tensormesh._http.any_sockets.connect",
    "tensormesh._http.any_sockets.wait_for_grant",
    "tensormesh._http.link._close_at_end_of_loop",
    "tensormesh._http.link._exchange",
    "tensormesh._http.loop_sockets._addresses",
    "tensormesh._http.loop_sockets._connect_to",
    "tensormesh._http.loop_sockets._connected",
    "tensormesh._http.loop_sockets.connect",
    "tensormesh._http.loop_sockets.wait_for_grant",
    "tensormesh._http.loops.sleep",
    "tensormesh._streams.stream._AsyncTexts",
    "tensormesh._tools.run.on_thread",
    "tensormesh._tools.tool.is_async",
}


def test_twins_differ_only_where_they_must() -> None:
    found = {
        name: lines
        for package in (SDK, API)
        for twins in twins_in(package)
        for name, lines in twins.differences()
    }
    more = [
        f"{name}: {len(lines)} lines, not {INTENDED.get(name, 0)}\n    " + "\n    ".join(lines)
        for name, lines in found.items()
        if len(lines) > INTENDED.get(name, 0)
    ]
    assert not more, "\n".join(more)
    assert INTENDED.keys() - found.keys() == set(), "they are equal now"


def test_nothing_async_is_without_a_twin_unseen() -> None:
    assert {*alone_in(SDK), *alone_in(API)} == ALONE


@pytest.mark.parametrize("package", [SDK, API])
def test_twins_are_found(package: Path) -> None:
    names = {twins.name for twins in twins_in(package)}
    assert len(names) > 20
    if package == SDK:
        assert {f"tensormesh.{sync}" for sync in MODULES.values()} <= {
            name.rpartition(".")[0] for name in names
        }


@pytest.mark.parametrize(
    ("one", "other", "lines"),
    [
        ("def f(): g()", "async def f_async(): await g()", 0),
        ("def f(): g()", "async def f_async(): await h()", 2),
        ("class C:\n def close(self): pass", "class AsyncC:\n async def aclose(self): pass", 0),
        ("class C: pass", "class AsyncC:\n async def more(self): pass", 3),
    ],
)
def test_a_difference_is_found(tmp_path: Path, one: str, other: str, lines: int) -> None:
    (tmp_path / "m.py").write_text(f"{one}\n\n{other}\n")
    (twins,) = twins_in(tmp_path)
    assert sum(len(each) for _, each in twins.differences()) == lines
