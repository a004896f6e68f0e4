"""No value of a caller's leads to another path, another host, or another header."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face, Server, SyncFace
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, as_json

TOKEN = "cp-canary-0123456789"
BASE = "/base/v1/users/api-keys/"


def delete(face: Face, server: RawServer, key: Any) -> Any:
    client = face.client(control_plane_base_url=f"{server.url}/base", control_plane_token=TOKEN)
    return face.run(client.control_plane.users.api_keys.delete(api_key_id=key))


def nothing(turn: Turn) -> None:
    turn.answer_json({})


ENCODED = [
    "a/b",
    "../admin",
    "../../../etc",
    "..%2fadmin",
    "%2e%2e",
    "a?b=c",
    "a#b",
    "a b",
    "a;b",
    "a+b&c=d",
    "\\..\\x",
    "@evil.test",
    ":80",
    "http://evil.test/",
    "//evil.test/",
    "https:evil.test",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "\N{FULLWIDTH SOLIDUS}\N{FULLWIDTH FULL STOP}",
    "\N{GRINNING FACE}",
    "%",
    "*",
    "x" * 4000,
]


@for_each("value", ENCODED, ids=ascii)
def test_a_value_stays_in_its_place_of_the_path(face: Face, value: str) -> None:
    with RawServer(nothing) as server:
        delete(face, server, value)
        (turn,) = server.turns
        assert turn.path == BASE + quote(value, safe="")
        assert unquote(turn.path.removeprefix(BASE)) == value
        assert turn.headers["host"] == f"127.0.0.1:{server.port}"


REFUSED = [
    "",
    ".",
    "..",
    "a\r\nX-Evil: 1",
    "a\n",
    "a\0b",
    "a\tb",
    "\x7f",
    "\x85",
    "\u2028",
    "\ud800",
]


@for_each("value", [*REFUSED, None, b"x", ["x"], ...], ids=ascii)
def test_what_is_no_identifier_is_refused_before_it_is_sent(face: Face, value: Any) -> None:
    with RawServer(nothing) as server:
        with pytest.raises((ValueError, TypeError), match="api_key_id"):
            delete(face, server, value)
        assert server.connections == 0


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_stays_in_its_place_or_is_refused(value: str) -> None:
    face, server = SyncFace(own=True), Server(lambda _: as_json({}))
    client = face.client(
        server, control_plane_base_url="https://a.test/base", control_plane_token=TOKEN
    )
    try:
        client.control_plane.users.api_keys.delete(api_key_id=value)
    except ValueError:
        assert value in ("", ".", "..") or not value.isprintable()
        assert server.requests == []
        return
    finally:
        face.finish()
    raw = server.request.url.raw_path.decode("ascii")
    assert raw.startswith(BASE)
    rest = raw.removeprefix(BASE)
    assert not set(rest) & set("/?#")
    assert unquote(rest) == value
    assert server.request.url.host == "a.test"


HEADERS: list[tuple[str, Any]] = [
    ("X-A", "b\r\nX-Evil: 1"),
    ("X-A", "b\nX-Evil: 1"),
    ("X-A", "b\r"),
    ("X-A", "\0"),
    ("X-A", "\x7f"),
    ("X-A", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ("X-A", " b"),
    ("X-A", b"b"),
    ("X-A\r\nX-Evil", "1"),
    ("X-A:", "1"),
    ("X A", "1"),
    ("", "1"),
    ("\N{LATIN SMALL LETTER E WITH ACUTE}", "1"),
]


@for_each(("name", "value"), HEADERS, ids=ascii)
def test_a_header_cannot_bring_another_one(face: Face, name: str, value: Any) -> None:
    with RawServer(lambda turn: turn.answer_json(CHAT)) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        with pytest.raises((ValueError, TypeError), match="extra_headers"):
            face.run(create(**CHAT_CREATE.arguments, extra_headers={name: value}))
        assert server.connections == 0


@for_each("value", ["a&b=c", "a#b", "a b", "\r\nX-Evil: 1", "\0", "%00", "?", "http://x/"])
def test_a_query_stays_a_query(face: Face, value: str) -> None:
    with RawServer(lambda turn: turn.answer_json(MODELS)) as server:
        client = face.client(serverless_base_url=server.url)
        face.run(client.inference.serverless.models.list(extra_query={"q": value}))
        (turn,) = server.turns
        assert turn.path.startswith("/v1/models?q=")
        assert set(turn.headers) <= {
            "host",
            "accept",
            "accept-encoding",
            "authorization",
            "user-agent",
            "connection",
        }
        assert "&" not in turn.path


@pytest.mark.parametrize("way", ["own", "proxy", "http_client"])
def test_a_netrc_file_gives_no_credential(
    face: Face, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password canary\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with RawServer(lambda turn: turn.answer_json(MODELS)) as server:
        if way == "proxy":
            monkeypatch.setenv("HTTP_PROXY", server.url)
        more = {"http_client": face.http()} if way == "http_client" else {}
        client = face.bare_client(serverless_base_url=server.url, **more)
        face.run(client.inference.serverless.models.list())
        (turn,) = server.turns
        assert not {"authorization", "proxy-authorization"} & turn.headers.keys()


@pytest.mark.parametrize("surface", ["serverless", "on_demand", "control_plane"])
def test_each_host_gets_its_own_credential_and_no_other(face: Face, surface: str) -> None:
    with RawServer(lambda turn: turn.answer_json(MODELS)) as server:
        base_url: dict[str, Any] = {f"{surface}_base_url": server.url}
        client = face.client(
            inference_api_key="inference-0123456789",
            control_plane_token=TOKEN,
            **base_url,
        )
        if surface == "control_plane":
            face.run(client.control_plane.users.api_keys.delete(api_key_id="k"))
        else:
            face.run(getattr(client.inference, surface).models.list())
        (turn,) = server.turns
        expected = TOKEN if surface == "control_plane" else "inference-0123456789"
        assert turn.headers["authorization"] == f"Bearer {expected}"
        assert ("x-user-id" in turn.headers) == (surface == "on_demand")
        other = {TOKEN, "inference-0123456789"} - {expected}
        assert not any(secret in str(turn.headers) for secret in other)
