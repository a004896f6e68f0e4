"""TLS: which certificates are trusted, and what it costs."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import APIConnectionError, APITimeoutError, ConfigurationError, Tensormesh
from tensormesh._http import tls


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Signs certificates that no system trusts."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The authority's certificate as a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def context_for(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def answers(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
    elif turn.json().get("stream"):
        turn.stream(sse(chunk("a")))
    else:
        turn.answer_json(CHAT)


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[RawServer]:
    with RawServer(answers, context_for(authority.issue_cert("127.0.0.1"))) as made:
        yield made


def list_models(face: Face, server: RawServer, **settings: Any) -> Any:
    client = face.client(serverless_base_url=server.url, **settings)
    return face.run(client.inference.serverless.models.list())


def test_a_bundle_makes_its_authority_trusted(
    face: Face, server: RawServer, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_models(face, server, ca_bundle=bundle).data[0].id == "m"
    assert list_models(face, server, ca_bundle=Path(bundle)).data[0].id == "m"
    monkeypatch.setenv("TENSORMESH_CA_BUNDLE", bundle)
    assert list_models(face, server).data[0].id == "m"


def test_what_the_system_trusts_may_be_named_the_usual_way(
    face: Face, server: RawServer, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_contexts", {})
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    assert list_models(face, server).data[0].id == "m"


def test_an_authority_that_is_not_trusted_is_a_connection_error(
    face: Face, server: RawServer
) -> None:
    with pytest.raises(APIConnectionError, match=r"CERTIFICATE_VERIFY_FAILED.*`ca_bundle`"):
        list_models(face, server)
    assert server.turns == []


def test_a_copy_may_trust_others(face: Face, server: RawServer, bundle: str) -> None:
    client = face.client(serverless_base_url=server.url)
    with pytest.raises(APIConnectionError):
        face.run(client.inference.serverless.models.list())
    copy = client.with_options(ca_bundle=bundle)
    assert face.run(copy.inference.serverless.models.list()).data[0].id == "m"
    with pytest.raises(APIConnectionError):
        face.run(client.inference.serverless.models.list())


def test_a_certificate_of_another_host_is_a_connection_error(
    face: Face, authority: trustme.CA, bundle: str
) -> None:
    with RawServer(answers, context_for(authority.issue_cert("other.test"))) as server:
        with pytest.raises(APIConnectionError, match="not valid for"):
            list_models(face, server, ca_bundle=bundle)
        assert server.turns == []


def test_a_server_that_speaks_no_tls_is_a_connection_error(face: Face, bundle: str) -> None:
    with RawServer(answers) as server:
        url = server.url.replace("http:", "https:")
        client = face.client(serverless_base_url=url, ca_bundle=bundle, timeout_seconds=0.3)
        with pytest.raises(APIConnectionError):
            face.run(client.inference.serverless.models.list())
        assert server.turns == []


def test_streams_over_tls_use_one_connection(face: Face, server: RawServer, bundle: str) -> None:
    client = face.client(serverless_base_url=server.url, ca_bundle=bundle)
    create = CHAT_CREATE.of(client.inference.serverless)
    for _ in range(10):
        stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
        assert face.list(stream.text_deltas()) == ["a"]
    assert server.connections == 1


def test_a_server_that_never_ends_its_body_does_not_hold_the_client_over_tls(
    face: Face, authority: trustme.CA, bundle: str
) -> None:
    def lingers(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(sse(chunk("a")))
        turn.wait_for_close()

    with RawServer(lingers, context_for(authority.issue_cert("127.0.0.1"))) as server:
        client = face.client(serverless_base_url=server.url, ca_bundle=bundle, timeout_seconds=4)
        create = CHAT_CREATE.of(client.inference.serverless)
        for _ in range(2):
            stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
            assert face.list(stream.text_deltas()) == ["a"]
        assert server.wait_until(lambda: server.open == 0, 1.0)


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\0"])
def test_a_bundle_that_cannot_be_used_is_a_configuration_error(
    face: Face, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    client = face.client(ca_bundle=path)
    with pytest.raises(ConfigurationError, match=r"`ca_bundle`.*TENSORMESH_CA_BUNDLE") as caught:
        face.run(client.inference.serverless.models.list())
    assert (caught.value.argument, caught.value.variable) == ("ca_bundle", "TENSORMESH_CA_BUNDLE")


def test_a_folder_is_no_bundle(face: Face, tmp_path: Path) -> None:
    client = face.client(ca_bundle=tmp_path)
    with pytest.raises(ConfigurationError, match="`ca_bundle`"):
        face.run(client.inference.serverless.models.list())


def test_certificates_are_loaded_once_for_all_clients(
    monkeypatch: pytest.MonkeyPatch, bundle: str
) -> None:
    made: list[Any] = []
    load = tls._new_context

    def count(ca_bundle: str | None) -> ssl.SSLContext:
        made.append(ca_bundle)
        return load(ca_bundle)

    monkeypatch.setattr(tls, "_contexts", {})
    monkeypatch.setattr(tls, "_new_context", count)
    for ca_bundle in (None, None, bundle, bundle):
        # Port 9 of the loopback: nobody there.
        with Tensormesh(serverless_base_url="https://127.0.0.1:9", ca_bundle=ca_bundle) as client:
            with pytest.raises(APIConnectionError):
                client.inference.serverless.models.list()
            with pytest.raises(APIConnectionError):
                client.with_options(max_retries=0).inference.serverless.models.list()
    assert made == [None, bundle]


def test_plain_http_loads_no_certificates(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_new_context", lambda _: pytest.fail("loaded certificates"))
    with RawServer(answers) as server:
        assert list_models(face, server).data[0].id == "m"


def test_a_users_http_client_may_show_a_certificate_of_its_own(
    face: Face, authority: trustme.CA, bundle: str
) -> None:
    context = context_for(authority.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with RawServer(answers, context) as server:
        with pytest.raises(APIConnectionError):
            list_models(face, server, ca_bundle=bundle)
        own = ssl.create_default_context(cafile=bundle)
        authority.issue_cert("caller@client.test").configure_cert(own)
        models = list_models(face, server, http_client=face.http(verify=own))
        assert models.data[0].id == "m"
        assert len(server.turns) == 1


def test_a_certificate_that_has_expired_is_a_connection_error(
    face: Face, authority: trustme.CA, bundle: str
) -> None:
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    expired = authority.issue_cert("127.0.0.1", not_after=long_ago)
    with RawServer(answers, context_for(expired)) as server:
        with pytest.raises(APIConnectionError, match="certificate has expired"):
            list_models(face, server, ca_bundle=bundle, max_retries=0)
        assert server.turns == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_drip_over_tls_cannot_hold_a_call_for_ever(
    face: Face, authority: trustme.CA, bundle: str, stream: bool
) -> None:
    def drips(turn: Turn) -> None:
        turn.send(b"HTTP/1.1 200 OK\r\nx: ")
        for _ in range(500):
            turn.send(b"x")
            time.sleep(0.005)

    with RawServer(drips, context_for(authority.issue_cert("127.0.0.1"))) as server:
        client = face.client(serverless_base_url=server.url, ca_bundle=bundle)
        create = CHAT_CREATE.of(client.inference.serverless)
        begun = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            face.run(create(**CHAT_CREATE.arguments, stream=stream, total_timeout_seconds=0.2))
        assert caught.value.phase == "total"
        assert time.monotonic() - begun < 2.5
