"""`tm api`: what a request is made of, and that credentials stay with their host."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from support.cases import for_each
from support.command_line import Result, tm
from support.handler_links import HandlerLink

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.api.request import fields_of, headers_of

BASE = "http://control.example/base"
TOKEN = "token-of-a-test"
ENVIRON = {
    "TENSORMESH_CONTROL_PLANE_TOKEN": TOKEN,
    "TENSORMESH_CONTROL_PLANE_BASE_URL": BASE,
    "TENSORMESH_INFERENCE_API_KEY": "key-of-a-test",
    "TENSORMESH_SERVERLESS_BASE_URL": "http://serverless.example",
    "TENSORMESH_ON_DEMAND_BASE_URL": "http://gateway.example",
    "TENSORMESH_ON_DEMAND_USER_ID": "00000000-0000-4000-8000-000000000001",
}
Handler = Callable[[httpx.Request], httpx.Response]


def api(*arguments: str, handler: Handler, environ: dict[str, str] | None = None) -> Result:
    """Run `tm api` against a handler."""
    sender = HandlerLink(handler)
    with (
        mock.patch("tensormesh._http.links.new_link", return_value=sender),
        mock.patch("time.sleep"),
    ):
        return tm("api", *arguments, environ={**ENVIRON, **(environ or {})})


@for_each(
    ("path", "expected"),
    [
        ("/v1/models", f"{BASE}/v1/models"),
        ("v1/models?size=1", f"{BASE}/v1/models?size=1"),
        (f"{BASE}/v1/models", f"{BASE}/v1/models"),
        ("/v1/models/a:cancel", f"{BASE}/v1/models/a:cancel"),
        ("/v1/users?next=http://x", f"{BASE}/v1/users?next=http%3A%2F%2Fx"),
    ],
)
def test_a_path_is_one_of_the_host(path: str, expected: str) -> None:
    assert sent("GET", path)["url"] == expected


@for_each("mode", [(), ("--dry-run",)], ids=["sent", "shown"])
@for_each(
    "path",
    [
        "https://evil.example/v1",
        "https://user:canary@evil.example/v1",
        "http://control.example.evil/base/v1",
        "http://control.example/basement",
        "//evil.example/v1",
        f"{BASE}//evil.example/v1",
        "/v1/../admin",
        "/v1\r\nHost: evil",
        "/v1#x",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str, mode: tuple[str, ...]) -> None:
    result = api("GET", path, *mode, handler=never)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: PATH ")
    assert "--controlplane-base" in result.stderr
    assert "canary" not in result.stderr


def never(_request: httpx.Request) -> httpx.Response:
    raise AssertionError


def test_typed_fields_are_numbers_and_words_of_json_and_the_others_are_texts(
    tmp_path: Path,
) -> None:
    path = tmp_path / "text"
    path.write_text("of a file")
    typed = ["a=1", "b=true", "c=null", "d=1.5", "e=text", "f=[1]", "g=", f"h=@{path}", "i=NaN"]
    assert fields_of(typed, ["j=1", "k=@x", "l=a=b"]) == {
        "a": 1,
        "b": True,
        "c": None,
        "d": 1.5,
        "e": "text",
        "f": "[1]",
        "g": "",
        "h": "of a file",
        "i": "NaN",
        "j": "1",
        "k": "@x",
        "l": "a=b",
    }


def test_brackets_put_fields_into_others() -> None:
    given_fields = ["a[b][c]=1", "a[b][d]=2", "l[]=1", "l[]=2", "o[][x]=1"]
    assert fields_of(given_fields, []) == {
        "a": {"b": {"c": 1, "d": 2}},
        "l": [1, 2],
        "o": [{"x": 1}],
    }


@for_each("text", ["a", "=1", "[a]=1", "a[b=1", "a]b=1"])
def test_a_field_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageFault, match="--field"):
        fields_of([text], [])


def test_a_field_that_is_a_value_and_holds_others_is_refused() -> None:
    with pytest.raises(UsageFault, match=r"--field a\[b\]"):
        fields_of(["a=1", "a[b]=2"], [])


@for_each(
    "text",
    ["X-A", ": x", "X A: b", "X-A: b\r\nX-B: c", "X-A: é", "Host: evil", "Content-Length: 1"],
)
def test_a_header_that_is_none_or_not_for_users_is_refused(text: str) -> None:
    with pytest.raises(UsageFault, match="--header"):
        headers_of([text])


def echo(request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content) if request.content else None
    data = {
        "method": request.method,
        "url": str(request.url),
        "headers": dict(request.headers),
        "body": body,
    }
    return httpx.Response(200, json=data)


def sent(*arguments: str) -> Any:
    result = api(*arguments, "--output", "json", handler=echo)
    assert result.status == 0, result.stderr
    return result.json


def test_fields_are_the_query_where_nothing_has_a_body_and_the_body_elsewhere() -> None:
    assert sent("get", "/x?a=1", "-F", "b=2", "-F", "c[]=3", "-F", "c[]=true")["url"] == (
        f"{BASE}/x?a=1&b=2&c=3&c=true"
    )
    assert sent("DELETE", "/x", "-f", "userId=u")["url"] == f"{BASE}/x?userId=u"
    post = sent("POST", "/x", "--json", '{"a":1,"b":2}', "-F", "b=3")
    assert post["body"] == {"a": 1, "b": 3}
    assert sent("PUT", "/x")["body"] is None


@for_each(
    "arguments",
    [
        ("GET", "/x", "--json", "{}"),
        ("GET", "/x", "-F", "a[b]=1"),
        ("POST", "/x", "--json", "[]", "-F", "a=1"),
        ("POST", "/x", "--json", "{}", "--file", "x"),
        ("POST", "/x", "--all"),
        ("BREW", "/x"),
        ("POST", "/x", "--json", '{"stream":true}', "--output", "json"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_sent(
    arguments: tuple[str, ...],
) -> None:
    assert api(*arguments, handler=never).status == 2


def test_each_surface_gets_its_own_credentials_and_no_other() -> None:
    control = sent("GET", "/x")
    assert control["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert "x-user-id" not in control["headers"]
    serverless = sent("GET", "/x", "--surface", "serverless")
    assert serverless["url"] == "http://serverless.example/x"
    assert serverless["headers"]["authorization"] == "Bearer key-of-a-test"
    assert "x-user-id" not in serverless["headers"]
    gateway = sent("GET", "/x", "--surface", "on-demand")
    assert gateway["url"] == "http://gateway.example/x"
    assert gateway["headers"]["x-user-id"] == ENVIRON["TENSORMESH_ON_DEMAND_USER_ID"]


def test_headers_are_added() -> None:
    assert sent("GET", "/x", "-H", "X-Request-Id: mine")["headers"]["x-request-id"] == "mine"


def test_raw_output_is_what_came() -> None:
    content = b'{"a" :  1}'
    headers = {"content-type": "application/json"}
    result = api(
        *("GET", "/x", "--output", "raw"),
        handler=lambda _: httpx.Response(200, content=content, headers=headers),
    )
    assert result.raw == content


def test_the_answer_to_head_is_its_headers() -> None:
    result = api(
        *("HEAD", "/x", "--output", "json"),
        handler=lambda _: httpx.Response(204, headers={"x-some": "thing"}),
    )
    assert result.json["status"] == 204
    assert result.json["headers"]["x-some"] == "thing"


def test_text_that_is_no_json_is_printed_as_it_is() -> None:
    result = api("GET", "/x", handler=lambda _: httpx.Response(200, text="plain\n"))
    assert result.stdout == "plain\n"


def test_events_are_passed_on_as_they_come() -> None:
    events = "data: 1\n\ndata: [DONE]\n\n"
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    result = api(
        *("POST", "/x", "--json", '{"stream":true}'),
        handler=lambda _: httpx.Response(200, text=events, headers=headers),
    )
    assert result.stdout == events


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, 4, "credentials"), (403, 1, "forbidden"), (404, 1, "api"), (500, 1, "api")],
)
def test_a_refusal_has_the_exit_status_and_the_words_of_the_host(
    status: int, code: int, kind: str
) -> None:
    result = api(
        *("GET", "/x", "--output", "json"),
        handler=lambda _: httpx.Response(status, json={"message": f"no\n{TOKEN}"}),
    )
    assert (result.status, result.stdout) == (code, "")
    assert (result.error["kind"], result.error["status"]) == (kind, status)
    assert result.error["message"].endswith(": no ***")


def test_a_redirect_to_another_host_is_not_followed() -> None:
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": "http://evil.example/"})

    result = api("GET", "/x", handler=redirect)
    assert (result.status, asked) == (1, [f"{BASE}/x"])
    assert result.stderr.startswith("Error: 302 ")
    assert "only within the same host" in result.stderr


def test_what_only_reads_is_tried_again_and_a_post_is_not() -> None:
    tries: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        tries.append(request.method)
        if len(tries) == 1:
            raise httpx.ConnectError("refused", request=request)
        if len(tries) == 2:
            return httpx.Response(503, headers={"retry-after": "1"})
        return httpx.Response(200, json={})

    assert api("GET", "/x", "--max-retries", "2", handler=busy).status == 0
    assert tries == ["GET"] * 3
    tries.clear()
    assert api("POST", "/x", "--max-retries", "2", handler=busy).status == 1
    assert tries == ["POST"]


def test_a_host_that_is_not_reached_is_told_without_the_query() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    result = api("GET", "/x?token=abc", handler=fail)
    assert result.stderr.startswith("Error: ")
    assert f"GET {BASE}/x" in result.stderr
    assert "abc" not in result.stderr


def pages(request: httpx.Request) -> httpx.Response:
    at = int(request.url.params.get("pageToken", "0"))
    assert request.url.params["pageSize"] == "1"
    return httpx.Response(
        200, json={"things": [at], "nextPageToken": str(at + 1) if at < 2 else ""}
    )


def test_all_pages_are_one_answer() -> None:
    result = api("GET", "/x?pageSize=1", "--all", "--output", "json", handler=pages)
    assert result.json == {"things": [0, 1, 2], "nextPageToken": ""}


def numbered(request: httpx.Request) -> httpx.Response:
    at = int(request.url.params.get("page", "1"))
    return httpx.Response(200, json={"things": [at], "page": at, "size": 1, "total": 3})


def test_numbered_pages_are_one_answer_too() -> None:
    result = api("GET", "/x", "-F", "page=1", "--all", "--output", "json", handler=numbered)
    assert result.json["things"] == [1, 2, 3]


def test_a_dry_run_shows_the_request_and_sends_nothing() -> None:
    result = api(
        *("DELETE", "/x", "--dry-run", "--output", "json", "-H", "Authorization: Bearer mine"),
        handler=never,
    )
    assert result.json["method"] == "DELETE"
    body = '{"infra":[{"hfToken":"hf_of_a_test"}]}'
    post = api("POST", "/x", "--dry-run", "--output", "json", "--json", body, handler=never)
    assert post.json["body"] == {"infra": [{"hfToken": "***"}]}
    assert result.json["headers"]["authorization"] == "Bearer ***"
    assert "mine" not in result.stdout
