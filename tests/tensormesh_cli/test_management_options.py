"""Options of derived commands: what is typed, and what the API is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from support.cases import for_each
from support.command_line import tm
from support.handler_links import HandlerLink

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived import values
from tensormesh_cli.output import Result

LOGGED_IN = {
    "TENSORMESH_CONTROL_PLANE_TOKEN": "token-of-a-test",
    "TENSORMESH_CONTROL_PLANE_BASE_URL": "http://control.example",
}
STATUSES = ("TICKET_STATUS_UNSPECIFIED", "TICKET_STATUS_OPEN", "TICKET_STATUS_RESOLVED")


def asked(*arguments: str, stdin: str = "", environ: dict[str, str] | None = None) -> Any:
    """The request that a command would send."""
    shown = tm(*arguments, "--dry-run", "--output", "json", stdin=stdin, environ=environ)
    assert shown.status == 0, shown.stderr
    return shown.json


def refused(*arguments: str, stdin: str = "") -> str:
    """What a user is told of a mistake; on one line, with exit status 2."""
    result = tm(*arguments, stdin=stdin, environ=LOGGED_IN)
    assert (result.status, result.stdout) == (2, "")
    return result.stderr


@for_each(
    ("text", "expected"),
    [
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T12:30:00Z", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
        ("2026-05-01T12:30:00+02:00", datetime(2026, 5, 1, 10, 30, tzinfo=UTC)),
        ("2026-05-01 12:30", datetime(2026, 5, 1, 12, 30, tzinfo=UTC)),
        ("1 May 2026", datetime(2026, 5, 1, tzinfo=UTC)),
        ("May 1, 2026 3pm", datetime(2026, 5, 1, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_utc_where_it_names_no_zone(text: str, expected: datetime) -> None:
    assert values.read_time(text, "--start-time") == expected


@for_each("text", ["", "5", "12:00", "tomorrow", "01/02/2026", "2026", "May 2026"])
def test_a_time_that_could_mean_several_is_refused_and_the_option_named(text: str) -> None:
    with pytest.raises(UsageFault, match="--start-time"):
        values.read_time(text, "--start-time")


def test_a_time_at_the_edge_of_the_calendar_is_refused() -> None:
    with pytest.raises(UsageFault, match="out of range"):
        values.read_time("0001-01-01T00:00:00+10:00", "--start-time")


@pytest.mark.parametrize("given", ["TICKET_STATUS_OPEN", "ticket_status_open", "open", "Open"])
def test_the_end_of_a_member_is_enough_to_name_it(given: str) -> None:
    assert values.full_choice(given, STATUSES) == "TICKET_STATUS_OPEN"


def test_an_end_that_fits_two_members_names_none() -> None:
    members = ("BILLING_PERIOD_DAILY", "USAGE_DAILY")
    assert values.full_choice("daily", members) == "daily"


def test_a_member_that_is_not_known_yet_is_sent_with_a_warning() -> None:
    result = tm(
        *("tickets", "create", "--subject", "x", "--type", "TICKET_TYPE_NEW"),
        *("--dry-run", "--output", "json"),
        environ={},
    )
    assert result.json["body"]["type"] == "TICKET_TYPE_NEW"
    assert "unknown --type TICKET_TYPE_NEW, sent unchanged" in result.stderr


@pytest.mark.parametrize("given", ["TICKET_STATUS_OPNE", "opne", "resolve"])
def test_a_near_miss_of_a_member_suggests_it(given: str) -> None:
    warning = values.unknown_choice("--status", given, STATUSES)
    assert warning is not None
    assert "did you mean TICKET_STATUS_" in warning


def test_a_known_member_is_no_reason_to_warn() -> None:
    assert values.unknown_choice("--status", "TICKET_STATUS_OPEN", STATUSES) is None


def test_enum_members_complete_in_any_case() -> None:
    line = ["tm", "tickets", "list", "--status", "ticket_status_o"]
    environ = {
        "_TM_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    assert tm(environ=environ).stdout == "plain,TICKET_STATUS_OPEN\n"


def test_amounts_are_exact_and_in_dollars_by_default() -> None:
    add = ("admin", "billing", "balances", "add", "--user-id", "u", "--amount", "0.1")
    assert asked(*add)["body"]["amount"] == {
        "currencyCode": "USD",
        "units": "0",
        "nanos": 100000000,
    }
    euros = asked(*add, "--currency", "EUR")["body"]["amount"]
    assert euros["currencyCode"] == "EUR"


@for_each("amount", ["1,5", "x", "nan", "0.0000000001", "1e30"])
def test_an_amount_that_is_none_is_refused_and_the_option_named(amount: str) -> None:
    said = refused("admin", "billing", "balances", "add", "--amount", amount, "--yes")
    assert said.startswith(f"Error: --amount '{amount}' ")


def test_flags_are_sent_on_off_or_not_at_all() -> None:
    price = ("admin", "pricing", "gpu", "upsert", "--gpu-type", "h100")
    assert "isActive" not in asked(*price)["body"]["pricing"]
    assert asked(*price, "--active")["body"]["pricing"]["isActive"] is True
    assert asked(*price, "--inactive")["body"]["pricing"]["isActive"] is False
    deploy = ("models", "deploy", "--no-kv-cache-enabled")
    assert asked(*deploy)["body"] == {"kvCacheEnabled": False}


def test_a_repeated_option_is_sent_as_a_list() -> None:
    body = asked("users", "api-keys", "create", "--scope", "a", "--scope", "b")["body"]
    assert body == {"scopes": ["a", "b"]}


def test_an_option_inside_of_an_object_is_sent_there() -> None:
    body = asked("tickets", "append-message", "tk_1", "--message", "Hello")["body"]
    assert body == {"message": {"content": "Hello"}}


def test_json_options_take_json_and_files(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text('{"a": [1]}')
    for given in ('{"a": [1]}', f"@{path}"):
        body = asked("models", "deploy", "--model-spec", given)["body"]
        assert body == {"modelSpec": {"a": [1]}}


@pytest.mark.parametrize("given", ["{", "NaN", "@/no/such/file", ""])
def test_a_json_option_that_cannot_be_read_is_named(given: str) -> None:
    said = refused("models", "deploy", "--yes", "--model-spec", given)
    assert said.startswith(("Error: --model-spec", "Error: cannot read --model-spec"))


def test_a_body_can_be_given_whole_and_options_win_over_it(tmp_path: Path) -> None:
    body = {"modelName": "a", "infra": {"cloudProvider": "X", "new": 1}, "later": True}
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    more = ("--model-name", "b", "--cloud-provider", "CLOUD_PROVIDER_NEBIUS")
    expected = {
        "modelName": "b",
        "infra": {"cloudProvider": "CLOUD_PROVIDER_NEBIUS", "new": 1},
        "later": True,
    }
    deploy = ("models", "deploy", *more)
    assert asked(*deploy, "--json", json.dumps(body))["body"] == expected
    assert asked(*deploy, "--json", f"@{path}")["body"] == expected
    assert asked(*deploy, "--file", str(path))["body"] == expected
    assert asked(*deploy, "--file", "-", stdin=json.dumps(body))["body"] == expected


def test_a_null_of_a_body_is_sent_as_null() -> None:
    assert asked("models", "deploy", "--json", '{"apiKey":null}')["body"] == {"apiKey": None}


def test_a_body_is_read_from_a_pipe_where_nothing_else_is_given() -> None:
    assert asked("models", "deploy", stdin='{"modelName":"m"}')["body"] == {"modelName": "m"}


def test_the_lines_of_a_loop_are_not_taken_for_a_body() -> None:
    lines = "tk_1\ntk_2\n"
    assert asked("tickets", "append-message", "tk_1", "--message", "x", stdin=lines)["body"] == {
        "message": {"content": "x"}
    }
    assert asked("users", "accept-tos", stdin=lines)["body"] in (None, {})
    assert asked("reserved-deployments", "cancel", "rd_1", stdin=lines)["body"] in (None, {})


@pytest.mark.parametrize("body", ["[]", "{", "3"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    assert "--json" in refused("models", "deploy", "--yes", "--json", body)


def test_a_body_twice_is_refused() -> None:
    said = refused("models", "deploy", "--yes", "--json", "{}", "--file", "x")
    assert "--json and --file" in said


def test_what_is_needed_may_come_from_the_body_else_the_option_is_named() -> None:
    assert asked("tickets", "create", "--json", '{"subject":"x"}')["body"] == {"subject": "x"}
    assert refused("tickets", "create", "--yes").startswith("Error: --subject is required\n")
    assert refused("models", "get").startswith("Error: missing argument 'MODEL_ID'\n")


def test_an_id_that_would_lead_elsewhere_is_refused_and_the_argument_named() -> None:
    assert refused("models", "get", "..").startswith("Error: MODEL_ID must be")


SECRET = "hf_secret_of_a_test"


def test_a_secret_need_not_stand_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    def described(_app: Any, _command: Any, keywords: dict[str, Any]) -> Result:
        sent.append(keywords)
        return Result({})

    monkeypatch.setattr("tensormesh_cli.commands.derived.dry_run.described_call", described)
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    assert tm("models", "deploy", "--dry-run", "--hf-token", f"@{path}").status == 0
    piped = tm("models", "deploy", "--dry-run", "--hf-token", "-", stdin=f"{SECRET}\n")
    assert piped.status == 0
    assert sent == [{"hf_token": SECRET}] * 2


@pytest.mark.parametrize("given", ["-", "@/no/such/file"])
def test_a_secret_that_is_not_there_is_a_mistake_of_the_option(given: str) -> None:
    said = refused("models", "deploy", "--yes", "--hf-token", given)
    assert f"--hf-token {given}" in said.splitlines()[0]


@for_each("mode", ["text", "json", "yaml", "raw", "table"])
def test_a_dry_run_shows_no_secret_in_any_mode(mode: str) -> None:
    result = tm(
        *("models", "deploy", "--dry-run", "--output", mode, "--hf-token", SECRET),
        *("--json", json.dumps({"apiKey": "other-secret", "modelName": "seen"})),
        environ=LOGGED_IN,
    )
    assert result.status == 0
    for secret in (SECRET, "other-secret", LOGGED_IN["TENSORMESH_CONTROL_PLANE_TOKEN"]):
        assert secret not in result.stdout + result.stderr
    assert "seen" in result.stdout


def test_a_dry_run_needs_no_login_and_says_where_it_would_go() -> None:
    shown = asked(
        "models",
        "delete",
        "m-1",
        environ={"TENSORMESH_CONTROL_PLANE_BASE_URL": "http://control.example"},
    )
    assert (shown["method"], shown["url"]) == ("DELETE", "http://control.example/v1/models/m-1")
    assert shown["headers"]["authorization"] == "Bearer ***"
    assert shown["body"] is None


def test_a_dry_run_does_not_ask_who_the_caller_is() -> None:
    result = tm("users", "update", "--first-name", "A", "--dry-run", environ=LOGGED_IN)
    assert result.status == 2
    assert "USER_ID is required" in result.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([], ["/auth/profile", "/v1/users/me"]),
        (["u-1"], ["/v1/users/u-1"]),
        (["--user-email", "ada@heron.test"], ["/v1/users/by-email/ada%40heron.test"]),
        (
            ["u-1", "--user-email", "ada@heron.test"],
            ["/v1/users/u-1?userEmail=ada%40heron.test"],
        ),
    ],
    ids=["nobody", "an id", "an address", "both"],
)
def test_the_caller_is_meant_only_where_nobody_else_is(
    typed: list[str], expected: list[str]
) -> None:
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"user": {"id": "me"}})

    with mock.patch("tensormesh._http.links.new_link", return_value=HandlerLink(answer)):
        result = tm("users", "get", *typed, environ=LOGGED_IN)
    assert result.status == 0, result.stderr
    assert paths == expected


def test_the_help_says_when_the_caller_is_not_meant() -> None:
    assert "unless --user-email is given" in " ".join(tm("users", "get", "--help").stdout.split())


def test_without_a_login_a_command_says_how_to_log_in(tmp_path: Path) -> None:
    result = tm("models", "list", environ={"TM_CONFIG_HOME": str(tmp_path)})
    assert result.status == 4
    assert "tm auth login" in result.stderr
