"""Settings: where each comes from, and what is refused before any request."""

from __future__ import annotations

import copy
import math
import pickle
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._errors import ConfigurationError
from tensormesh._settings import Settings, resolve_settings
from tensormesh.settings import SETTINGS
from tensormesh_api.control_plane.hosts import CONTROL_PLANE
from tensormesh_api.inference.hosts import ON_DEMAND, SERVERLESS

USER = "01234567-89ab-cdef-0123-456789abcdef"
# setting: (given as an argument, given in the environment, what each becomes)
EXAMPLES: dict[str, tuple[Any, str, Any, Any]] = {
    "control_plane_token": ("tok-a", "tok-b", "tok-a", "tok-b"),
    "control_plane_base_url": ("https://a/", "https://b//", "https://a", "https://b"),
    "inference_api_key": ("key-a", "key-b", "key-a", "key-b"),
    "serverless_base_url": ("https://a/v1", "http://b:80/p/v1/", "https://a", "http://b:80/p"),
    "on_demand_base_url": ("https://a/v1", "http://b:80/p/v1/", "https://a", "http://b:80/p"),
    "on_demand_user_id": (USER, USER.upper(), USER, USER.upper()),
    "timeout_seconds": (5, "2.5", 5.0, 2.5),
    "max_retries": (3, "4", 3, 4),
    "ca_bundle": (Path("/a/ca.pem"), "/b/ca.pem", "/a/ca.pem", "/b/ca.pem"),
}

VARIABLES = {name: each.variable for name, each in SETTINGS.items() if each.variable}


def resolve(environ: dict[str, str] | None = None, **arguments: Any) -> Settings:
    return resolve_settings(arguments, environ or {})


def refusal(environ: Any = None, **arguments: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        resolve(environ, **arguments)
    return caught.value


class TestSources:
    def test_defaults(self) -> None:
        settings = resolve()
        assert {name: getattr(settings, name) for name in VARIABLES} == {
            "control_plane_token": None,
            "control_plane_base_url": "https://api.tensormesh.ai",
            "inference_api_key": None,
            "serverless_base_url": "https://serverless.tensormesh.ai",
            "on_demand_base_url": None,
            "on_demand_user_id": None,
            "timeout_seconds": None,
            "max_retries": 0,
            "ca_bundle": None,
        }

    def test_the_variables_are_named_after_the_arguments(self) -> None:
        assert {name: f"TENSORMESH_{name.upper()}" for name in EXAMPLES} == VARIABLES

    @for_each("name", EXAMPLES)
    def test_argument_then_variable_then_default(self, name: str) -> None:
        argument, text, from_argument, from_variable = EXAMPLES[name]
        environ = {VARIABLES[name]: text}
        default = getattr(resolve(), name)
        assert getattr(resolve(environ, **{name: argument}), name) == from_argument
        assert getattr(resolve(environ), name) == from_variable
        assert getattr(resolve(environ, **{name: None}), name) == from_variable
        assert getattr(resolve({VARIABLES[name]: ""}), name) == default

    @for_each("name", EXAMPLES)
    def test_a_bad_variable_does_no_harm_when_the_argument_is_given(self, name: str) -> None:
        resolve({VARIABLES[name]: "\n"}, **{name: EXAMPLES[name][0]})

    def test_the_environment_of_the_process_is_the_usual_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TENSORMESH_MAX_RETRIES", "7")
        assert resolve_settings({}).max_retries == 7


class TestRefusals:
    @for_each("name", EXAMPLES)
    def test_names_the_argument_and_the_variable(self, name: str) -> None:
        for error in (refusal(**{name: b"\n"}), refusal({VARIABLES[name]: "\0"})):
            assert (error.argument, error.variable) == (name, VARIABLES[name])
            assert name in str(error)
            assert VARIABLES[name] in str(error)

    @for_each("name", EXAMPLES)
    def test_an_empty_argument_is_no_way_to_say_default(self, name: str) -> None:
        refusal(**{name: ""})

    @for_each("name", ["inference_api_key", "control_plane_token"])
    @for_each(
        "bad",
        ["\n", "\r\nX-Evil: 1", "\0", "\x7f", "\t", "\u00e9", "\u2013", "\ud800", "\x85"],
    )
    def test_credentials_that_no_header_may_hold(self, name: str, bad: str) -> None:
        key = f"canary{bad}canary"
        for error in (refusal(**{name: key}), refusal({VARIABLES[name]: key})):
            assert "canary" not in str(error) + repr(error) + repr(vars(error))
            assert error.__cause__ is None

    @pytest.mark.parametrize("key", [" canary", "canary ", "canary\n", "\u00a0canary"])
    def test_credentials_with_white_space_around_are_not_mended(self, key: str) -> None:
        error = refusal(inference_api_key=key)
        assert "whitespace" in str(error)
        assert "canary" not in str(error)

    def test_credentials_with_the_word_bearer(self) -> None:
        for key in ("bearer canary", "Bearer canary"):
            assert "the word Bearer" in str(refusal(inference_api_key=key))
        assert resolve(inference_api_key="bearer-canary").inference_api_key == "bearer-canary"

    @given(st.text(), st.text())
    def test_an_accepted_credential_fits_in_a_header_as_it_is(self, head: str, tail: str) -> None:
        key = f"{head}canary{tail}"
        try:
            accepted = resolve(inference_api_key=key).inference_api_key
        except ConfigurationError as error:
            assert "canary" not in str(error)  # noqa: PT017
        else:
            assert accepted == key
            assert all(0x20 <= byte <= 0x7E for byte in key.encode("latin-1"))

    @for_each(
        ("url", "problem"),
        [
            ("host.example", "must start with https://"),
            ("host.example:8080", "must start with https://"),
            ("ftp://host", "must start with https://"),
            ("//host", "must start with https://"),
            ("https://", "no host"),
            ("https:///path", "no host"),
            ("https://:8080", "no host"),
            ("https://host:port", "malformed"),
            ("https://host:99999", "malformed"),
            ("https://[::1", "malformed"),
            ("https://host/?a=b", "query"),
            ("https://host/?", "query"),
            ("https://host/#x", "fragment"),
            ("https://user@host", "user name"),
            ("https://user:canary@host", "user name"),
            ("https://user:canary@host:port", "malformed"),
            ("https://host /a", "whitespace"),
            (" https://host", "whitespace"),
            ("https://host\n", "whitespace"),
            ("https://host\\a", "backslash"),
            ("https://${HOST}", "characters"),
            ("https://<your-host>/v1", "characters"),
            (5, "must be a string, not int"),
        ],
    )
    @for_each("name", ["control_plane_base_url", "on_demand_base_url"])
    def test_base_urls(self, name: str, url: Any, problem: str) -> None:
        error = refusal(**{name: url})
        assert problem in str(error)
        assert "canary" not in str(error)
        assert error.__cause__ is None

    @for_each(
        "value",
        [
            "canary",
            USER[:-1],
            USER + "0",
            USER.replace("-", ""),
            USER.replace("a", "g"),
            "{" + USER + "}",
            f" {USER}",
            USER.replace("0", "\u0660"),
            "user@example.com",
            5,
        ],
    )
    def test_user_ids_that_are_no_uuid(self, value: Any) -> None:
        error = refusal(on_demand_user_id=value)
        assert "must be a UUID" in str(error)
        assert "canary" not in str(error)

    @for_each(
        "value", [0, -1, -0.5, float("nan"), float("inf"), 1e300, 10**400, True, "5", b"5", []]
    )
    def test_timeouts(self, value: Any) -> None:
        refusal(timeout_seconds=value)
        with pytest.raises(ConfigurationError):
            resolve().timeout_for("GET", timeout_seconds=value)

    @for_each("text", ["0", "-1", "nan", "inf", "1e300", "five", "5s", "1,5", " "])
    def test_timeouts_in_the_environment(self, text: str) -> None:
        refusal({"TENSORMESH_TIMEOUT_SECONDS": text})

    @for_each("value", [-1, 1.0, 2.5, True, False, "3", float("nan"), []])
    def test_retries(self, value: Any) -> None:
        refusal(max_retries=value)

    @for_each("text", ["-1", "+1", "1.0", "two", "true", "1_0", "٣", " ", "9" * 5000])
    def test_retries_in_the_environment(self, text: str) -> None:
        refusal({"TENSORMESH_MAX_RETRIES": text})

    @pytest.mark.parametrize("value", [b"/ca.pem", 5, True, "a\0b"])
    def test_ca_bundles(self, value: Any) -> None:
        refusal(ca_bundle=value)


class TestNumbers:
    @pytest.mark.parametrize(("text", "seconds"), [("1e2", 100.0), (" 5 ", 5.0), (".5", 0.5)])
    def test_timeouts_in_the_environment(self, text: str, seconds: float) -> None:
        assert resolve({"TENSORMESH_TIMEOUT_SECONDS": text}).timeout_seconds == seconds

    def test_a_timeout_may_be_a_year_and_no_more(self) -> None:
        year = 365 * 24 * 3600
        assert resolve(timeout_seconds=year).timeout_seconds == year
        refusal(timeout_seconds=year + 1)

    def test_no_retries_can_be_asked_for(self) -> None:
        assert resolve({"TENSORMESH_MAX_RETRIES": "3"}, max_retries=0).max_retries == 0
        assert resolve({"TENSORMESH_MAX_RETRIES": " 0 "}).max_retries == 0


class TestBaseUrls:
    @for_each(
        ("given_url", "kept", "for_inference"),
        [
            ("https://host", "https://host", "https://host"),
            ("https://host/", "https://host", "https://host"),
            ("https://host///", "https://host", "https://host"),
            ("https://host/v1", "https://host/v1", "https://host"),
            ("https://host/v1/", "https://host/v1", "https://host"),
            ("https://host/v1/v1", "https://host/v1/v1", "https://host/v1"),
            ("https://host/a//v1/", "https://host/a//v1", "https://host/a"),
            ("https://host/gateway/eu", "https://host/gateway/eu", "https://host/gateway/eu"),
            ("https://host/gateway/v1", "https://host/gateway/v1", "https://host/gateway"),
            ("https://host/xv1", "https://host/xv1", "https://host/xv1"),
            ("https://host/v1/x", "https://host/v1/x", "https://host/v1/x"),
            ("https://v1", "https://v1", "https://v1"),
            ("HTTP://Host:8080/P", "http://Host:8080/P", "http://Host:8080/P"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1", "http://[::1]:8080"),
            ("https://a_b-c.d", "https://a_b-c.d", "https://a_b-c.d"),
            ("https://bücher.example", "https://bücher.example", "https://bücher.example"),
            ("https://host/@me", "https://host/@me", "https://host/@me"),
        ],
    )
    def test_slashes_and_versions(self, given_url: str, kept: str, for_inference: str) -> None:
        settings = resolve(
            control_plane_base_url=given_url,
            serverless_base_url=given_url,
            on_demand_base_url=given_url,
        )
        assert settings.control_plane_base_url == kept
        assert settings.serverless_base_url == for_inference
        assert settings.on_demand_base_url == for_inference

    @given(st.text(max_size=30).map(lambda text: f"https://{text}") | st.text(max_size=30))
    def test_any_text_is_an_http_url_or_refused(self, url: str) -> None:
        try:
            kept = resolve(serverless_base_url=url).serverless_base_url
        except ConfigurationError:
            return
        assert kept.startswith(("https://", "http://"))
        assert not kept.endswith("/")
        assert not set(kept) & set("?# \n\\")


def test_a_uuid_object_will_do() -> None:
    assert resolve(on_demand_user_id=uuid.UUID(USER)).on_demand_user_id == USER


class TestTimeouts:
    @for_each(
        ("method", "post", "expected"),
        [
            ("GET", None, (60.0, 10.0, None)),
            ("POST", None, (60.0, 10.0, None)),
            ("DELETE", None, (60.0, 10.0, None)),
            ("GET", 600.0, (60.0, 10.0, None)),
            ("POST", 600.0, (600.0, 10.0, None)),
        ],
    )
    def test_defaults(self, method: str, post: float | None, expected: tuple[Any, ...]) -> None:
        assert resolve().timeout_for(method, post_timeout_seconds=post) == expected

    def test_only_the_inference_hosts_have_a_default_for_posts(self) -> None:
        assert {SERVERLESS.post_timeout_seconds, ON_DEMAND.post_timeout_seconds} == {600.0}
        assert CONTROL_PLANE.post_timeout_seconds is None

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("post", [600.0, None])
    def test_one_value_overrides_all_but_the_bound_on_connecting(
        self, method: str, post: float | None
    ) -> None:
        settings = resolve(timeout_seconds=30)
        assert settings.timeout_for(method, post_timeout_seconds=post) == (30.0, 10.0, None)
        settings = resolve(timeout_seconds=0.5)
        assert settings.timeout_for(method, post_timeout_seconds=post) == (0.5, 0.5, None)

    def test_a_call_s_own_value_overrides_the_client_s(self) -> None:
        settings = resolve(timeout_seconds=30)
        assert settings.timeout_for("POST", post_timeout_seconds=9, timeout_seconds=2) == (
            2.0,
            2.0,
            None,
        )

    def test_connecting_may_have_a_timeout_of_its_own(self) -> None:
        settings = resolve(timeout_seconds=30, connect_timeout_seconds=45)
        assert settings.timeout_for("GET") == (30.0, 45.0, None)
        assert settings.timeout_for("GET", timeout_seconds=2) == (2.0, 45.0, None)

    def test_a_call_s_own_total_overrides_the_client_s(self) -> None:
        settings = resolve(total_timeout_seconds=30)
        assert settings.timeout_for("GET") == (60.0, 10.0, 30.0)
        found = settings.timeout_for("GET", total_timeout_seconds=5)
        assert found == (60.0, 10.0, 5.0)

    @for_each("name", ["connect_timeout_seconds", "total_timeout_seconds"])
    @for_each("value", [0, -1, math.nan, math.inf, 1e12, True, "5"])
    def test_what_no_variable_gives_is_checked_by_its_name(self, name: str, value: Any) -> None:
        error = refusal({f"TENSORMESH_{name.upper()}": "0"}, **{name: value})
        assert (error.argument, error.variable) == (name, None)
        assert str(error).startswith(f"`{name}` must be ")
        assert getattr(resolve({f"TENSORMESH_{name.upper()}": "0"}), name) is None


class TestRequire:
    @pytest.mark.parametrize(
        ("name", "way"),
        [
            ("inference_api_key", "tm users api-keys create"),
            ("control_plane_token", "tm auth print-token"),
            ("on_demand_base_url", "operator"),
            ("on_demand_user_id", "auth whoami"),
        ],
    )
    def test_what_is_missing_is_named_with_the_way_to_get_it(self, name: str, way: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            resolve().require(name)
        error = caught.value
        assert (error.argument, error.variable) == (name, VARIABLES[name])
        assert error.is_missing
        for part in (f"`{name}=...`", VARIABLES[name], way):
            assert part in str(error)

    @pytest.mark.parametrize(
        "name",
        ["inference_api_key", "control_plane_token", "on_demand_base_url", "on_demand_user_id"],
    )
    def test_what_is_there_is_returned(self, name: str) -> None:
        assert resolve(**{name: EXAMPLES[name][0]}).require(name) == EXAMPLES[name][2]


class TestReplace:
    def test_changes_are_checked_and_the_rest_is_kept(self) -> None:
        before = resolve(inference_api_key="key", serverless_base_url="https://a/v1/v1")
        after = before.replace({"max_retries": 2, "on_demand_base_url": "https://b/v1"})
        assert (after.max_retries, after.on_demand_base_url) == (2, "https://b")
        assert (after.inference_api_key, after.serverless_base_url) == ("key", "https://a/v1")
        assert (before.max_retries, before.on_demand_base_url) == (0, None)
        with pytest.raises(ConfigurationError, match="max_retries"):
            before.replace({"max_retries": -1})

    def test_none_gives_the_default_and_not_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TENSORMESH_TIMEOUT_SECONDS", "7")
        settings = resolve(timeout_seconds=5, serverless_base_url="https://a")
        settings = settings.replace({"timeout_seconds": None, "serverless_base_url": None})
        assert settings.timeout_seconds is None
        assert settings.serverless_base_url == "https://serverless.tensormesh.ai"


def test_repr_shows_no_secret() -> None:
    settings = resolve(
        inference_api_key="canary-1", control_plane_token="canary-2", on_demand_user_id=USER
    )
    assert "canary" not in repr(settings)
    assert "inference_api_key=***" in repr(settings)
    assert f"on_demand_user_id='{USER}'" in repr(settings)
    assert "control_plane_token=None" in repr(resolve())


@pytest.mark.parametrize("again", [copy.copy, lambda s: pickle.loads(pickle.dumps(s))])
def test_settings_can_be_copied(again: Any) -> None:
    settings = resolve(inference_api_key="key", max_retries=2, total_timeout_seconds=3)
    twin = again(settings)
    assert all(getattr(twin, name) == getattr(settings, name) for name in Settings.__slots__)
