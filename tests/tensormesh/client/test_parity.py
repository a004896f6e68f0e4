"""The two clients offer the same tree: names, signatures, documentation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from support.cases import for_each

from tensormesh import AsyncTensormesh, Tensormesh

# What has another name in the other colour.
ONLY_ASYNC = {"aclose"}
SETTINGS: dict[str, Any] = {"on_demand_base_url": "https://h.test"}


def members(value: object) -> set[str]:
    return {name for name in dir(type(value)) if not name.startswith("_")} - ONLY_ASYNC


def walk(sync: Any, asynchronous: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """All pairs of methods below two namespaces."""
    assert members(sync) == members(asynchronous), path
    for name in sorted(members(sync)):
        here, there = getattr(sync, name), getattr(asynchronous, name)
        where = f"{path}.{name}"
        if callable(here):
            yield where, here, there
        elif "tensormesh" in type(here).__module__:
            yield from walk(here, there, where)


PAIRS = list(walk(Tensormesh(**SETTINGS), AsyncTensormesh(**SETTINGS), "client"))
NAMESPACES = [
    "chat.completions",
    "completions",
    "detokenize",
    "health",
    "models",
    "responses",
    "tokenize",
    "version",
]
BUILT_ON_CREATE = ["chat.completions.parse", "chat.completions.run"]
RAW = ["request", "with_raw_response.request", "with_streaming_response.request"]


def test_both_hosts_have_the_eight_namespaces_in_every_variant() -> None:
    calls = {path for path, _, _ in PAIRS if ".inference." in path}
    names = {"health": "get", "version": "get", "models": "list"}
    assert calls == {
        ".".join(filter(None, ("client.inference", host, name, variant, names.get(name, "create"))))
        for host in ("serverless", "on_demand")
        for name in NAMESPACES
        for variant in ("", "with_raw_response", "with_streaming_response")
    } | {
        f"client.inference.{host}.{method}"
        for host in ("serverless", "on_demand")
        for method in BUILT_ON_CREATE + RAW
    }


def without_colour(text: object) -> str:
    """Names of one colour in those of the other."""
    plain = str(text).replace("Async", "").replace("httpx.AsyncClient", "httpx.Client")
    return plain.replace("Awaitable", "")


@for_each(("path", "here", "there"), PAIRS, ids=[path for path, _, _ in PAIRS])
def test_signatures_are_the_same(path: str, here: Any, there: Any) -> None:
    one, other = inspect.signature(here), inspect.signature(there)
    assert list(one.parameters) == list(other.parameters)
    for name, parameter in one.parameters.items():
        twin = other.parameters[name]
        assert parameter.kind == twin.kind
        assert parameter.default == twin.default
        assert without_colour(parameter.annotation) == without_colour(twin.annotation)
    assert without_colour(one.return_annotation) == without_colour(other.return_annotation)
    plain = path == "client.with_options" or path.endswith(".auto_paging_iter")
    assert inspect.iscoroutinefunction(there) != plain
    assert not inspect.iscoroutinefunction(here)


@for_each(("path", "here", "there"), PAIRS, ids=[path for path, _, _ in PAIRS])
def test_documentation_is_the_same(path: str, here: Any, there: Any) -> None:
    assert here.__doc__
    # Lines break elsewhere where a name is longer.
    assert without_colour(here.__doc__).split() == without_colour(there.__doc__).split()


def test_constructors_take_the_same() -> None:
    one = inspect.signature(Tensormesh.__init__).parameters
    other = inspect.signature(AsyncTensormesh.__init__).parameters
    assert list(one) == list(other)
    for name in one:
        assert one[name].kind == other[name].kind
        assert one[name].default == other[name].default
        assert without_colour(one[name].annotation) == without_colour(other[name].annotation)


def documented_arguments(cls: type) -> list[str]:
    lines = (inspect.getdoc(cls) or "").split("Args:")[1].split("Raises:")[0].splitlines()
    return [line.strip().partition(":")[0] for line in lines if line[4:5].isalpha()]


@pytest.mark.parametrize("cls", [Tensormesh, AsyncTensormesh])
def test_every_setting_is_documented(cls: type) -> None:
    parameters = list(inspect.signature(cls).parameters)
    assert documented_arguments(cls) == parameters


def test_a_copy_takes_every_setting_but_the_http_client() -> None:
    settings = list(inspect.signature(Tensormesh).parameters)
    assert [*inspect.signature(Tensormesh.with_options).parameters][1:] == settings[:-1]


def streams() -> list[tuple[type, type]]:
    from tensormesh import AsyncStream, AsyncStreamedResponse, Stream, StreamedResponse
    from tensormesh.tools import AsyncRunStream, RunStream

    return [
        (Stream, AsyncStream),
        (StreamedResponse, AsyncStreamedResponse),
        (RunStream, AsyncRunStream),
    ]


@pytest.mark.parametrize(("here", "there"), streams())
def test_streams_offer_the_same(here: type, there: type) -> None:
    def public(cls: type) -> set[str]:
        return {name for name in dir(cls) if not name.startswith("_")}

    assert public(here) == public(there)
    for name in public(here):
        one, other = getattr(here, name), getattr(there, name)
        assert without_colour(one.__doc__) == without_colour(other.__doc__) or name == "iter_lines"
