"""Every management command against the local host: each output mode, and what each one tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support.cases import for_each
from support.command_line import Result, tm
from support.infer_runs import environment, on_terminal, run

from tensormesh_api._command import Command, Option
from tensormesh_api.control_plane.commands import COMMANDS, load
from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

Words = tuple[str, ...]
MODES = ("text", "json", "yaml", "raw", "table")
# These are written by hand: they have tests of their own.
DERIVED = [words for words in COMMANDS if words[0] != "auth"]
READING = [words for words in DERIVED if not load(words).changes]
CHANGING = [words for words in DERIVED if load(words).changes]
CARD = "pm_card_amex"
# It stands still: then two answers to one question are the same.
NOW = datetime(2026, 5, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo", clock=ManualClock(NOW)) as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return {
        "TM_CONFIG_HOME": str(tmp_path),
        "TENSORMESH_CONTROL_PLANE_BASE_URL": host.control_plane_base_url,
        "TENSORMESH_CONTROL_PLANE_TOKEN": host.control_plane_token,
    }


@pytest.fixture(scope="module")
def client(host: LocalHost) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=host.control_plane_base_url,
        headers={"authorization": f"Bearer {host.control_plane_token}"},
    ) as client:
        yield client


@pytest.fixture(scope="module")
def known(client: httpx.Client, host: LocalHost) -> dict[str, Any]:
    """Values for options and arguments that must fit the state of the host."""

    def first(path: str, items: str, key: str, **fields: str) -> str:
        entries = client.get(path).raise_for_status().json()[items]
        fitting = [
            entry for entry in entries if all(entry.get(name) == fields[name] for name in fields)
        ]
        return str(fitting[0][key])

    return {
        "user-id": host.user_id,
        "operator-user-id": host.user_id,
        "other-user-id": first("/v1/admin/users", "users", "id", company="Heron Labs", apiKey=""),
        "user-email": "local@tensormesh.test",
        "model-id": first("/v1/models", "models", "modelId", status="MODEL_STATUS_RUNNING"),
        "deployment-id": first(
            "/v1/models", "models", "deploymentId", status="MODEL_STATUS_RUNNING"
        ),
        "api-key-id": first("/v1/users/api-keys", "apiKeys", "id"),
        "ticket-id": first("/v1/support/tickets", "tickets", "ticketId"),
        "product-id": first(
            "/v1/products", "products", "productId", type="PRODUCT_TYPE_RESERVED_GPU"
        ),
        "reserved-deployment-id": first(
            "/v1/reserved-deployments", "reservedDeployments", "reservedDeploymentId"
        ),
        "stripe-payment-method-id": CARD,
        "model": "openai/gpt-oss-20b",
        "start-time": "2026-05-20",
        "end-time": "2026-06-01",
        "step": "60s",
        "role": "USER_ROLE_ADMIN",
        "model-spec": "{}",
    }


def value(option: Option, known: dict[str, Any]) -> str:
    if option.name in known:
        return str(known[option.name])
    if option.choices:
        return option.choices[1]
    kinds = {"integer": "1", "money": "12.50", "time": "2027-05-01", "json": "{}"}
    return kinds.get(option.kind, "text")


def line(command: Command, known: dict[str, Any], *, every: bool) -> list[str]:
    """A command line: with all options, or with those that are needed."""
    words = list(command.words)
    for option in command.options:
        if option.positional:
            words.append(value(option, known))
        elif option.kind == "boolean":
            words += [f"--{option.name}"] if every else []
        elif (every and option.name != "page-token") or option.required:
            words += [f"--{option.name}", value(option, known)]
    if command.operation == "query_logs" and not every:
        words += ["--model-id", known["model-id"]]
    return words


def decoded(mode: str, result: Result) -> Any:
    return yaml.safe_load(result.stdout) if mode == "yaml" else json.loads(result.stdout)


@for_each("mode", MODES)
@for_each("words", READING)
def test_a_command_that_reads_works_in_every_mode(
    words: Words, mode: str, env: dict[str, str], known: dict[str, Any]
) -> None:
    command = load(words)
    result = tm(
        *line(command, known, every=False), "--output", mode, environ={**env, "COLUMNS": "100"}
    )
    assert result.status == 0, result.stderr
    assert "Error" not in result.stderr
    if mode in ("text", "table"):
        assert result.stdout or result.stderr
        assert "tm-local-key" not in result.stdout
        assert max(map(len, result.stdout.splitlines()), default=0) <= 100 or (
            # Values of an object, and lines of a log, are shown whole.
            mode == "text" and (not command.pages or words[0] == "logs")
        )
        return
    body = decoded(mode, result)
    assert isinstance(body, dict)
    if command.pages is not None:
        assert isinstance(body[command.pages.items], list)


@for_each("words", READING)
def test_every_option_of_a_command_that_reads_is_understood_by_the_host(
    words: Words, env: dict[str, str], known: dict[str, Any]
) -> None:
    result = tm(*line(load(words), known, every=True), "--output", "json", environ=env)
    assert result.status == 0, result.stderr


@for_each("mode", MODES)
@for_each("words", CHANGING)
def test_a_dry_run_of_a_change_shows_its_request_in_every_mode(
    words: Words, mode: str, env: dict[str, str], known: dict[str, Any]
) -> None:
    command = load(words)
    result = tm(*line(command, known, every=True), "--dry-run", "--output", mode, environ=env)
    assert result.status == 0, result.stderr
    assert "Nothing was sent." in result.stderr
    if mode in ("text", "table"):
        assert command.http_method in result.stdout
        return
    shown = decoded(mode, result)
    assert shown["method"] == command.http_method
    assert shown["url"].startswith(env["TENSORMESH_CONTROL_PLANE_BASE_URL"])
    assert (shown["body"] is not None) == bool(command.body)


@for_each("words", CHANGING)
def test_a_change_without_a_yes_is_refused_where_nobody_can_be_asked(
    words: Words, env: dict[str, str], known: dict[str, Any]
) -> None:
    result = tm(*line(load(words), known, every=True), "--output", "json", environ=env)
    assert (result.status, result.stdout) == (2, "")
    assert result.error["hint"] == "pass --yes"


# What takes away comes last.
ORDER = sorted(CHANGING, key=lambda words: words[-1] in ("delete", "detach", "cancel"))
# Where not every option that there is makes sense.
GIVEN = {
    ("models", "deploy"): "--model-name new --model-path openai/gpt-oss-20b --gpu-type h100"
    " --cloud-provider nebius --gpu-count 1",
    ("admin", "users", "change-role"): "--role user --user-id {other-user-id}",
}


def prepare(words: Words, client: httpx.Client, host: LocalHost) -> None:
    """Make what a command needs at the host."""
    if words[-1] in ("set-default", "detach"):
        path, body = "/v1/billing/stripe/customers/payment-methods", {"stripePaymentMethodId": CARD}
        client.post(path, json=body)
    if words == ("reserved-deployments", "create"):
        amount = {"currencyCode": "USD", "units": "99999", "nanos": 0}
        client.post(
            "/v1/admin/billing/balances:add", json={"targetUserId": host.user_id, "amount": amount}
        ).raise_for_status()


@pytest.mark.parametrize("words", ORDER, ids=" ".join)
def test_a_change_is_made_with_yes_and_its_answer_printed(
    words: Words,
    env: dict[str, str],
    known: dict[str, Any],
    client: httpx.Client,
    host: LocalHost,
) -> None:
    prepare(words, client, host)
    given = line(load(words), known, every=True)
    if words in GIVEN:
        given = [*words, *GIVEN[words].format_map(known).split()]
    result = tm(*given, "--yes", "--output", "json", environ=env)
    assert result.status == 0, result.stderr
    assert isinstance(result.json, dict)


def test_json_is_the_body_unchanged(env: dict[str, str], client: httpx.Client) -> None:
    body = client.get("/v1/billing/transactions?pageSize=3")
    arguments = ("billing", "transactions", "list", "--page-size", "3")
    assert tm(*arguments, "--output", "json", environ=env).json == body.json()
    assert tm(*arguments, "--output", "raw", environ=env).raw == body.content


def test_all_reads_every_page_into_one_answer(env: dict[str, str]) -> None:
    base = ("--output", "json", "billing", "transactions", "list")
    whole = tm(*base, environ=env).json["transactions"]
    paged = tm(*base, "--page-size", "3", "--all", environ=env).json
    assert paged["transactions"] == whole
    assert len(whole) > 3
    assert paged["nextPageToken"] == ""
    users = tm("--output", "json", "admin", "users", "list", "--size", "1", "--all", environ=env)
    assert len(users.json["users"]) == users.json["total"] > 1


def test_people_are_told_that_a_list_goes_on(env: dict[str, str]) -> None:
    tokens = tm("billing", "transactions", "list", "--page-size", "1", environ=env)
    assert "--page-token" in tokens.stderr
    numbers = tm("admin", "users", "list", "--size", "1", environ=env)
    assert "pass --page 2" in numbers.stderr
    assert tm("admin", "users", "list", "--quiet", "--size", "1", environ=env).stderr == ""


def test_an_empty_list_is_a_note_for_people_and_an_empty_list_for_programs(
    env: dict[str, str],
) -> None:
    empty = ("tickets", "list", "--status", "closed", "--page", "50")
    told = tm(*empty, environ=env)
    assert (told.status, told.stdout, told.stderr) == (0, "", "No tickets.\n")
    assert tm(*empty, "--output", "json", environ=env).json["tickets"] == []


def test_an_empty_answer_is_done(env: dict[str, str]) -> None:
    done = tm("users", "update", "--company", "Heron Labs", "--yes", environ=env)
    assert (done.status, done.stdout, done.stderr) == (0, "", "Done.\n")


def test_a_new_key_is_shown_once_with_a_note(env: dict[str, str]) -> None:
    made = tm("users", "api-keys", "create", "--name", "n", "--yes", environ=env)
    assert "secret:" in made.stdout
    assert made.stderr == "The secret is shown only once: save it now.\n"


def test_who_is_not_named_is_the_caller(env: dict[str, str], host: LocalHost) -> None:
    assert tm("users", "get", "--output", "json", environ=env).json["user"]["id"] == host.user_id


def test_query_selects_of_the_body(env: dict[str, str]) -> None:
    found = tm(
        *("billing", "pricing", "serverless", "list", "--output", "raw"),
        *("--query", "pricing[].model | [0]"),
        environ=env,
    )
    assert found.stdout == "MiniMaxAI/MiniMax-M2.5\n"


def test_a_value_that_the_host_refuses_is_one_line_with_its_reason(env: dict[str, str]) -> None:
    told = tm("tickets", "list", "--status", "opne", environ=env)
    assert told.status == 1
    warning, error = told.stderr.splitlines()
    assert "did you mean TICKET_STATUS_OPEN?" in warning
    assert error.startswith("Error: 400 ")


def test_a_token_that_is_refused_is_exit_status_four(env: dict[str, str]) -> None:
    told = tm("models", "list", environ={**env, "TENSORMESH_CONTROL_PLANE_TOKEN": "wrong-token"})
    assert told.status == 4
    assert "wrong-token" not in told.stderr


@pytest.mark.parametrize(("typed", "status"), [("y", 0), ("n", 1)])
def test_a_change_is_asked_for_on_a_terminal(
    typed: str, status: int, env: dict[str, str], known: dict[str, Any], tmp_path: Path
) -> None:
    child = on_terminal(
        *("tickets", "append-message", known["ticket-id"], "--message", "Hello"),
        env=environment(tmp_path, **env),
    )
    child.expect(r"Reply to a support ticket: tk_\w+\? \[y/N\]")
    child.sendline(typed)
    child.expect("ticketId" if status == 0 else "nothing was changed")
    child.wait()
    assert child.exitstatus == status


def test_a_secret_is_asked_for_without_showing_it(env: dict[str, str], tmp_path: Path) -> None:
    child = on_terminal(
        *("models", "deploy", "--hf-token", "-", "--dry-run"), env=environment(tmp_path, **env)
    )
    child.expect("hf token: ")
    child.sendline("hf_typed_secret")
    child.expect("Nothing was sent")
    assert "hf_typed_secret" not in (child.before or "")
    child.wait()
    assert child.exitstatus == 0


def test_a_reader_who_has_had_enough_is_no_error(env: dict[str, str], tmp_path: Path) -> None:
    import subprocess

    from support.infer_runs import TM

    with subprocess.Popen(
        [*TM, "activities", "list", "--all"],
        env=environment(tmp_path, **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_the_program_prints_what_the_run_inside_of_a_test_prints(
    env: dict[str, str], tmp_path: Path
) -> None:
    arguments = ("models", "list", "--output", "json")
    done = run(*arguments, env=environment(tmp_path, **env))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == tm(*arguments, environ=env).stdout
