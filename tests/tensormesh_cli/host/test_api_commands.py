"""`tm api` as a program against the local host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.infer_runs import SERVED, answer_of, host_environment, run

from tensormesh_local import LocalHost

CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return host_environment(tmp_path, host)


def test_each_host_is_asked_with_its_credentials(env: dict[str, str]) -> None:
    profile = json.loads(answer_of(run("api", "GET", "/auth/profile", "--output", "json", env=env)))
    assert profile["user"]["userEmail"]
    for surface, model in (("serverless", "tm-local-chat"), ("on-demand", SERVED)):
        body = json.dumps({**CHAT, "model": model})
        done = run(
            *("api", "POST", "/v1/chat/completions", "--surface", surface),
            *("--file", "-", "--output", "json"),
            env=env,
            input=body,
        )
        assert json.loads(answer_of(done))["choices"][0]["message"]["content"]


def test_a_stream_is_printed_as_it_is(env: dict[str, str]) -> None:
    body = json.dumps({**CHAT, "model": "tm-local-chat", "stream": True})
    done = run(
        *("api", "POST", "/v1/chat/completions", "--surface", "serverless", "--json", body),
        env=env,
    )
    assert answer_of(done).endswith("data: [DONE]\n\n")


def test_all_pages_are_one_answer(env: dict[str, str]) -> None:
    query = "/v1/billing/transactions?pageSize=3"
    arguments = ("--output", "json", "--query", "length(transactions)")
    assert answer_of(run("api", "GET", query, *arguments, env=env)) == "3\n"
    assert int(answer_of(run("api", "GET", query, "--all", *arguments, env=env))) > 3


def test_lists_are_shown_to_people_as_those_of_other_commands(env: dict[str, str]) -> None:
    raw = run("api", "GET", "/v1/users/api-keys", env=env)
    derived = run("users", "api-keys", "list", env=env)
    assert answer_of(raw) == answer_of(derived)


def test_a_refusal_is_one_line(env: dict[str, str]) -> None:
    done = run("api", "GET", "/v1/no/such/thing", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: 404 ")


def test_debug_shows_the_request_and_no_secret(env: dict[str, str], host: LocalHost) -> None:
    done = run("--debug", "api", "GET", "/auth/profile", "--query", "user.id", env=env)
    assert "GET" in done.stderr
    assert "200" in done.stderr
    assert host.control_plane_token not in done.stderr
