"""The table of checks: what each finds, what it needs, and which commands show it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import tensormesh
from tensormesh_cli._app import App
from tensormesh_cli.checks.base import Finding
from tensormesh_cli.checks.report import TABLE, Entry, Report, examine
from tensormesh_cli.config.file import TEMPLATE
from tensormesh_cli.config.keys import find_ignored
from tensormesh_cli.credentials.store import Tokens, TokenStore, write_time
from tensormesh_cli.output import Screen

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
USER = "00000000-0000-4000-8000-000000000001"
CONTROL_PLANE = "https://api.tensormesh.ai"
GATEWAY = "https://external.nebius.tensormesh.ai"
MODEL = {
    "modelId": "00000000-0000-4000-8000-00000000000a",
    "deploymentId": "served-name",
    "modelName": "nick",
    "status": "MODEL_STATUS_RUNNING",
    "endpoint": GATEWAY,
    "createdAt": "2026-05-01T00:00:00Z",
}
CONFIG = f"""
[managed]
gateway_api_key = "ak-canary-0000-1234"
gateway_user_id = "{USER}"
gateway_provider = "nebius"
gateway_model_id = "served-name"
"""

# What the documents say of each command.
STATUS = ["auth.token", "auth.expiry", "gateway.api_key", "gateway.user_id"]
INFER = [
    *("config.file", "gateway.api_key", "gateway.user_id", "gateway.base_url", "gateway.model"),
    *("latest.auth", "latest.inventory"),
]


@dataclass
class World:
    """A machine and the hosts that it reaches.

    Attributes:
        home: The folder of the files of `tm`.
        environ: The environment.
        answers: What is answered, by host and path; an exception is raised.
        asked: What was asked for.
    """

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def config(self, text: str) -> None:
        (self.home / "config.toml").write_text(text)

    def log_in(self, *, left: float = 3600, base: str = CONTROL_PLANE) -> None:
        end = write_time(NOW + timedelta(seconds=left))
        tokens = Tokens(base, "canary-access", "canary-refresh", end, end, USER, "ada@heron.test")
        TokenStore(self.home / "auth.json").save(tokens)

    def respond(self, request: httpx.Request) -> httpx.Response:
        place = f"{request.url.scheme}://{request.url.host}{request.url.path}"
        self.asked.append(place)
        answer = self.answers[place]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return httpx.Response(status, json=body)

    def examine(self, command: Any) -> dict[str, Finding]:
        app = App(environ={"TM_CONFIG_HOME": str(self.home), **self.environ})
        try:
            self.report = examine(app, command, now=NOW)
        finally:
            app.close()
        return dict(self.report.entries)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """All is well."""
    world = World(tmp_path)
    world.config(CONFIG)
    world.log_in()
    world.answers = {
        f"{CONTROL_PLANE}/auth/profile": (200, {"user": {"id": USER}}),
        f"{CONTROL_PLANE}/v1/models": (200, {"models": [MODEL], "total": 1}),
        f"{GATEWAY}/health": (200, {}),
        f"{GATEWAY}/v1/models": (200, {"object": "list", "data": [served("served-name")]}),
        "https://serverless.tensormesh.ai/health": (200, {}),
    }
    http_client = httpx.Client(transport=httpx.MockTransport(world.respond))
    make = tensormesh.Tensormesh

    def connect(**arguments: Any) -> tensormesh.Tensormesh:
        return make(**{**arguments, "http_client": http_client})

    monkeypatch.setattr(tensormesh, "Tensormesh", connect)
    # The clock of this machine would find the login of these tests ended long ago.
    monkeypatch.setattr(App, "access_token", lambda app: "canary-access")
    yield world
    http_client.close()


def served(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1, "owned_by": "x"}


def failures(found: dict[str, Finding]) -> list[str]:
    return [check_id for check_id, finding in found.items() if finding.status == "fail"]


def test_each_command_shows_its_checks_in_the_order_of_the_table(world: World) -> None:
    assert list(world.examine("status")) == STATUS
    assert list(world.examine("infer")) == INFER
    assert list(world.examine("doctor")) == list(TABLE)


@pytest.mark.parametrize("command", ["status", "infer", "doctor"])
def test_where_all_is_well_every_check_says_so(world: World, command: str) -> None:
    found = world.examine(command)

    assert {finding.status for finding in found.values()} == {"ok"}
    assert world.report.ready


def test_status_asks_no_host(world: World) -> None:
    world.examine("status")

    assert world.asked == []


@pytest.mark.parametrize("command", ["status", "infer", "doctor"])
def test_no_secret_is_in_a_report(world: World, command: str) -> None:
    world.examine(command)

    assert "canary" not in json.dumps(world.report.data())
    assert "canary" not in world.report.text(Screen())


def no_config(world: World) -> None:
    (world.home / "config.toml").unlink()


def broken_config(world: World) -> None:
    world.config("x =")


def no_login(world: World) -> None:
    (world.home / "auth.json").unlink()


def broken_login(world: World) -> None:
    (world.home / "auth.json").write_text("{")


def other_login(world: World) -> None:
    world.log_in(base="https://other.test")


def ended_login(world: World) -> None:
    world.log_in(left=0)


def ending_login(world: World) -> None:
    world.log_in(left=299)


def refused_token(world: World) -> None:
    world.answers[f"{CONTROL_PLANE}/auth/profile"] = 401, {"message": "no"}


def bad_bundle(world: World) -> None:
    world.environ["TENSORMESH_CA_BUNDLE"] = str(world.home / "none.pem")


def empty_config(world: World) -> None:
    world.config("")


def bad_user_id(world: World) -> None:
    world.config(CONFIG.replace(USER, "me"))


def bad_provider(world: World) -> None:
    world.config(CONFIG.replace("nebius", "mars"))


def no_model(world: World) -> None:
    world.config(CONFIG.replace("gateway_model_id", "other"))


def no_model_at_all(world: World) -> None:
    no_model(world)
    world.answers[f"{CONTROL_PLANE}/v1/models"] = 200, {"models": [], "total": 0}


def sick_gateway(world: World) -> None:
    world.answers[f"{GATEWAY}/health"] = 503, {}


def other_model(world: World) -> None:
    models = {"object": "list", "data": [served("another")]}
    world.answers[f"{GATEWAY}/v1/models"] = 200, models


def sick_serverless(world: World) -> None:
    world.answers["https://serverless.tensormesh.ai/health"] = httpx.ConnectError("away")


def sick_inventory(world: World) -> None:
    world.answers[f"{CONTROL_PLANE}/v1/models"] = 500, {"message": "broken"}


@pytest.mark.parametrize(
    ("change", "check_id", "status", "fix"),
    [
        (no_config, "config.file", "warn", "tm config init"),
        (broken_config, "config.file", "fail", "tm config init --force"),
        (broken_config, "gateway.api_key", "skip", None),
        (bad_bundle, "config.ca_bundle", "fail", "TENSORMESH_CA_BUNDLE"),
        (no_login, "auth.token", "fail", "tm auth login"),
        (broken_login, "auth.token", "fail", "tm auth login"),
        (other_login, "auth.token", "fail", "tm auth login"),
        (no_login, "auth.expiry", "skip", None),
        (ended_login, "auth.expiry", "fail", "tm auth refresh"),
        (ending_login, "auth.expiry", "warn", "tm auth refresh"),
        (ended_login, "auth.live", "skip", None),
        (refused_token, "auth.live", "fail", "tm auth"),
        (empty_config, "gateway.api_key", "fail", "tm init --sync"),
        (empty_config, "gateway.user_id", "fail", "tm init --sync"),
        (bad_user_id, "gateway.user_id", "fail", "tm config set gateway_user_id"),
        (empty_config, "gateway.base_url", "fail", "TENSORMESH_ON_DEMAND_BASE_URL"),
        (bad_provider, "gateway.base_url", "fail", "tm config set gateway_provider"),
        (no_model, "gateway.model", "warn", "tm init --sync"),
        (no_model_at_all, "gateway.model", "fail", "--model"),
        (sick_gateway, "gateway.health", "fail", None),
        (empty_config, "gateway.health", "skip", None),
        (sick_gateway, "gateway.models", "skip", None),
        (other_model, "gateway.models", "fail", "tm init --sync"),
        (sick_serverless, "serverless.health", "warn", None),
        (no_login, "latest.auth", "fail", "tm auth login"),
        (ended_login, "latest.auth", "fail", "tm auth refresh"),
        (no_login, "latest.inventory", "skip", None),
        (no_model_at_all, "latest.inventory", "fail", "tm models deploy"),
        (sick_inventory, "latest.inventory", "fail", None),
    ],
)
def test_the_doctor_tells_what_is_wrong_and_how_to_put_it_right(
    world: World,
    change: Callable[[World], None],
    check_id: str,
    status: str,
    fix: str | None,
) -> None:
    change(world)

    finding = world.examine("doctor")[check_id]

    assert finding.status == status, finding
    assert finding.message
    if fix:
        assert fix in f"{finding.hint}"


def test_what_only_latest_needs_is_a_warning_in_the_doctor_of_inference(world: World) -> None:
    no_login(world)
    found = world.examine("infer")

    assert found["latest.auth"].status == "warn"
    assert found["latest.inventory"].status == "skip"
    assert world.report.ready


def test_a_token_of_the_environment_is_as_good_as_a_login(world: World) -> None:
    no_login(world)
    world.environ["TENSORMESH_CONTROL_PLANE_TOKEN"] = "canary-token"

    found = world.examine("doctor")

    assert found["auth.token"].status == found["auth.live"].status == "ok"
    assert found["auth.expiry"].status == "skip"
    assert world.report.ready


def test_a_check_that_cannot_be_made_asks_nobody(world: World) -> None:
    empty_config(world)
    no_login(world)

    world.examine("doctor")

    assert world.asked == ["https://serverless.tensormesh.ai/health"]


def test_the_doctor_names_settings_of_the_config_file_that_are_ignored(world: World) -> None:
    for text, name, hint in (
        ('gateway_modl_id = "x"', "gateway_modl_id", "did you mean `gateway_model_id`?"),
        ("[overrides]\nmax_retrys = 1", "max_retrys", "did you mean `max_retries`?"),
        ('gateway_model_id = "x"', "gateway_model_id", "move it to [overrides]"),
        ("[managed]\nmax_retries = 1", "max_retries", "move it to the top of the file"),
        ('serverless_base_url = "x"', "serverless_base_url", "TENSORMESH_SERVERLESS_BASE_URL"),
        ("[manged]", "manged", "the settings are "),
        ('"a\\nb" = 1', r"a\nb", "the settings are "),
    ):
        world.config(text)
        found = world.examine("doctor")["config.file"]
        assert found.status == "warn"
        assert f"config.toml: '{name}' is ignored" in found.message
        assert hint in f"{found.hint}"


def test_no_setting_of_the_config_template_is_ignored() -> None:
    settings = [
        line.removeprefix("# ") for line in TEMPLATE.splitlines() if " = " in line or "[" in line
    ]
    assert "max_retries = 0" in settings
    assert find_ignored(tomllib.loads("\n".join(settings))) is None


def test_without_any_home_the_doctor_still_speaks(world: World) -> None:
    app = App(environ={})
    report = examine(app, "infer", now=NOW)
    app.close()

    found = dict(report.entries)
    assert found["config.file"].status == "warn"
    assert "TM_CONFIG_HOME" in f"{found['config.file'].hint}"


REPORT = Report(
    (
        Entry("a", Finding("ok", "fine")),
        Entry("long.id", Finding("fail", "bad", "run `tm auth login`")),
    )
)


def test_a_report_is_data_for_programs() -> None:
    assert REPORT.data() == {
        "ready": False,
        "checks": [
            {"id": "a", "status": "ok", "message": "fine", "hint": None},
            {"id": "long.id", "status": "fail", "message": "bad", "hint": "run `tm auth login`"},
        ],
    }


def test_a_report_for_people_has_marks_and_hints_below() -> None:
    assert REPORT.text(Screen()).splitlines() == [
        "✓ a        fine",
        "✗ long.id  bad",
        "           run `tm auth login`",
        "Not ready: 1 check failed.",
    ]


def test_marks_are_words_where_there_are_no_signs() -> None:
    assert REPORT.text(Screen(encoding="ascii")).splitlines()[1] == "FAIL long.id  bad"


def test_marks_have_colours_where_they_may() -> None:
    assert "\x1b[31m✗\x1b[0m" in REPORT.text(Screen(color=True))
    assert "\x1b" not in REPORT.text(Screen())
