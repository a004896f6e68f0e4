"""One edit of a spec gives the public method, its documentation, its types and its command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.mini_spec import ROOT, project

from tensormesh_codegen.cli import main

OPERATION = """\
  /v1/notices/{noticeId}:acknowledge:
    post:
      operationId: acknowledge_notice
      tags:
        - notices
      summary: Acknowledge a notice
      description: Says that the caller has read it.
      x-tm-resource: support.notices
      x-tm-method: acknowledge
      x-tm-provenance: inferred
      security:
        - ControlPlaneToken: []
      parameters:
        - name: noticeId
          in: path
          required: true
          description: Id of the notice.
          schema:
            type: string
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/AcknowledgeNoticeRequest"
      responses:
        "200":
          x-tm-unwrap: notice
          description: The notice.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/AcknowledgeNoticeResponse"
        default:
          $ref: "#/components/responses/UnexpectedError"

"""
SCHEMAS = """\
    AcknowledgeNoticeRequest:
      type: object
      properties:
        readAt:
          type: string
          format: date-time
          description: When it was read.
        labels:
          type: array
          items:
            type: string
          description: Words to file it under.
    AcknowledgeNoticeResponse:
      type: object
      required: [notice]
      properties:
        notice:
          $ref: "#/components/schemas/Notice"
    Notice:
      type: object
      description: Something that users should know.
      required: [noticeId]
      properties:
        noticeId:
          type: string
          description: Id of the notice.
        fee:
          $ref: "#/components/schemas/Money"
"""
SESSIONS = """\
  /auth/sessions:
    get:
      operationId: list_sessions
      tags:
        - auth
      summary: List your sessions
      x-tm-resource: auth.sessions
      x-tm-method: list
      x-tm-provenance: inferred
      security:
        - ControlPlaneToken: []
      responses:
        "200":
          description: They are no more.
        default:
          $ref: "#/components/responses/UnexpectedError"

  /auth/status:
    get:
      operationId: get_login_status
      tags:
        - auth
      summary: Get the status of the host's logins
      x-tm-resource: auth
      x-tm-method: status
      x-tm-provenance: inferred
      security:
        - ControlPlaneToken: []
      responses:
        "200":
          description: They are well.
        default:
          $ref: "#/components/responses/UnexpectedError"

"""
FIELD = """\
        shoeSize:
          type: number
          minimum: 1
          description: Size of the user's shoes.
          x-tm-provenance: observed
"""
# A program that knows nothing but the public SDK.
PROGRAM = """\
import asyncio, inspect, json, typing
from datetime import UTC, datetime
import httpx
import tensormesh, tensormesh.types
from tensormesh import AsyncTensormesh, Tensormesh
from tensormesh_api.control_plane.commands import COMMANDS, load

sent = []

def answer(request):
    sent.append([request.method, str(request.url), json.loads(request.content or b"null")])
    if request.url.path == "/auth/profile":
        return httpx.Response(200, json={"user": {"id": "u", "shoeSize": 41.5}})
    fee = {"currencyCode": "USD", "units": "1", "nanos": 500000000}
    return httpx.Response(200, json={"notice": {"noticeId": "n 1", "fee": fee}})

http = httpx.Client(transport=httpx.MockTransport(answer))
client = Tensormesh(control_plane_token="t", http_client=http)
method = client.control_plane.support.notices.acknowledge
read_at = datetime(2026, 5, 1, tzinfo=UTC)
notice = method(notice_id="n 1", read_at=read_at, labels=["a"])

async def later():
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    async with AsyncTensormesh(control_plane_token="t", http_client=http) as client:
        return await client.control_plane.support.notices.acknowledge(notice_id="n 1")

command = load(("support", "notices", "acknowledge"))
print(json.dumps({
    "file": inspect.getfile(type(notice)),
    "kind": type(notice).__name__,
    "public": tensormesh.types.Notice is type(notice),
    "fee": str(notice.fee),
    "again": asyncio.run(later()) == notice,
    "doc": inspect.getdoc(method),
    "returns": inspect.signature(method).return_annotation,
    "hints": sorted(tensormesh.types.AcknowledgeNoticeParams.__annotations__),
    "shoes": client.control_plane.users.get_auth_profile().shoe_size,
    "shoes_doc": inspect.getdoc(tensormesh.types.User),
    "sent": sent,
    "command": [" ".join(command.words), command.changes, command.summary],
    "options": [[o.name, o.kind, o.positional, o.required, o.repeated] for o in command.options],
    "index": COMMANDS[command.words],
}))
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is generated from the specs with one more operation and one more field."""
    specs = {path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("specs/*.yaml")}
    text = specs["control_plane"]
    for before, new in [
        ("  /v1/support/tickets:\n", OPERATION),
        ("  /v1/support/tickets:\n", SESSIONS),
        ("    Ticket:\n", SCHEMAS),
        ("        userRole:\n          $ref", FIELD),
        ("  - name: support\n", "  - name: notices\n    description: Notices.\n"),
    ]:
        assert before in text
        text = text.replace(before, new + before, 1)
    root = project(
        tmp_path_factory.mktemp("extended") / "project", **specs | {"control_plane": text}
    )
    assert main(root, ["generate"]) == 0
    return root / "generated"


def run(extended: Path, *arguments: str) -> str:
    """What a program prints that finds the extended client, and the hand-written code as it is."""
    folders = os.pathsep.join([str(extended), str(ROOT / "overlay")])
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def seen(extended: Path) -> dict[str, Any]:
    """What a user of the SDK sees of the new operation."""
    found: dict[str, Any] = json.loads(run(extended, "-c", PROGRAM))
    assert found["file"].startswith(str(extended))
    return found


@pytest.mark.slow
def test_the_new_method_works_on_both_clients(seen: dict[str, Any]) -> None:
    url = "https://api.tensormesh.ai/v1/notices/n%201:acknowledge"
    body = {"readAt": "2026-05-01T00:00:00Z", "labels": ["a"]}
    assert seen["sent"] == [
        ["POST", url, body],
        ["POST", url, {}],
        ["GET", "https://api.tensormesh.ai/auth/profile", None],
    ]
    assert seen["kind"] == "Notice"
    assert seen["again"]
    assert seen["fee"] == "1.50 USD"


def test_the_new_method_and_the_new_type_are_typed_and_documented(seen: dict[str, Any]) -> None:
    assert seen["public"]
    assert seen["returns"] == "Notice"
    assert seen["hints"] == ["labels", "notice_id", "read_at"]
    for line in (
        "Acknowledge a notice.",
        "Says that the caller has read it.",
        "    notice_id (str): Id of the notice.",
        "    read_at (datetime | None): When it was read.",
        "    Notice: The notice.",
        "Operation: POST /v1/notices/{noticeId}:acknowledge (inferred).",
    ):
        assert line in seen["doc"]
    assert seen["doc"].count("inferred") == 1


def test_the_new_field_is_read_and_documented(seen: dict[str, Any]) -> None:
    assert seen["shoes"] == 41.5
    words = " ".join(seen["shoes_doc"].split())
    assert "shoe_size: Size of the user's shoes. At least 1." in words
    assert "bserved" not in words


def test_the_new_command_is_there(seen: dict[str, Any]) -> None:
    assert seen["command"] == ["support notices acknowledge", True, "Acknowledge a notice."]
    assert seen["options"] == [
        ["notice-id", "string", True, True, False],
        ["read-at", "time", False, False, False],
        ["label", "string", False, False, True],
    ]
    assert seen["index"] == ["acknowledge_notice", "Acknowledge a notice."]


def test_the_new_method_is_on_the_reference_page(extended: Path) -> None:
    page = (extended / "reference.md").read_text(encoding="utf-8")
    link = "[`support.notices.acknowledge`](#control_plane-supportnoticesacknowledge)"
    assert f"| {link} | `POST /v1/notices/{{noticeId}}:acknowledge` | inferred |" in page
    assert "### control_plane: support.notices.acknowledge\n" in page
    assert "acknowledge(*, notice_id, read_at=None, labels=None) -> Notice\n" in page
    assert "- Command: `tm support notices acknowledge`\n" in page


def test_the_new_command_runs_in_tm(extended: Path) -> None:
    command = ["-m", "tensormesh_cli", "support", "notices", "acknowledge"]
    shown = " ".join(run(extended, *command, "--help").split())
    for text in (
        "Acknowledge a notice.",
        "Says that the caller has read it.",
        "--read-at",
        "Words to file it under.",
        "--label",
    ):
        assert text in shown
    options = ["n 1", "--read-at", "2026-05-01", "--label", "a", "--dry-run", "--output", "json"]
    request = json.loads(run(extended, *command, *options))
    assert request["method"] == "POST"
    assert request["url"].endswith("/v1/notices/n%201:acknowledge")
    assert request["body"] == {"readAt": "2026-05-01T00:00:00Z", "labels": ["a"]}


def test_an_operation_joins_the_group_that_is_written_by_hand(extended: Path) -> None:
    shown = run(extended, "-m", "tensormesh_cli", "auth", "--help")
    assert "  login " in shown
    assert "  sessions " in shown
    assert "List your sessions." in run(
        extended, "-m", "tensormesh_cli", "auth", "sessions", "list", "--help"
    )


def test_a_command_that_is_written_by_hand_counts_before_an_operation(extended: Path) -> None:
    shown = run(extended, "-m", "tensormesh_cli", "auth", "status", "--help")
    assert "Show which credentials are set" in shown
    assert "Log in to the Control Plane." in run(extended, "-m", "tensormesh_cli", "--help")
