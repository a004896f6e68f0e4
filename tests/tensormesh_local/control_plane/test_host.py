"""The Control Plane of a whole host: as a process, killed and started again, and in a program."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from support.checked_client import chat_body
from support.control_plane_host import START, Host
from support.control_plane_inference import RATES
from support.control_plane_ledger import check_ledger, nanos
from support.project_files import ROOT

from tensormesh_local import LocalHost, cli
from tensormesh_local.clock import ManualClock, SystemClock
from tensormesh_local.control_plane.state import StateError

OVERLAY = ROOT / "overlay"


class Process:
    """A host in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tensormesh_local", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(OVERLAY)},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.ready = dict(field.split("=", 1) for field in line.split()[2:])

    def client(self) -> httpx.Client:
        """Return a client of its Control Plane, as the default user."""
        headers = {"Authorization": f"Bearer {self.ready['control_plane_token']}"}
        return httpx.Client(base_url=self.ready["control_plane"], headers=headers)

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; return the exit status and what was printed since."""
        self._process.send_signal(number)
        out, err = self._process.communicate(timeout=10)
        return self._process.returncode, out, err


def _subjects(client: httpx.Client) -> list[str]:
    subjects: list[str] = []
    page = 1
    while True:
        answer = client.get("/v1/support/tickets", params={"page": page, "size": 100}).json()
        if not answer["tickets"]:
            return subjects
        subjects += [ticket["subject"] for ticket in answer["tickets"]]
        page += 1


@pytest.mark.slow
def test_a_kill_in_the_middle_of_writes_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    first = Process("--state", state)
    answered: list[str] = []

    def open_tickets(name: str) -> None:
        with first.client() as client:
            for number in range(100_000):
                subject = f"{name}{number}"
                body = {"subject": subject, "message": {"content": subject}}
                try:
                    client.post("/v1/support/tickets", json=body).raise_for_status()
                except httpx.HTTPError:
                    return
                answered.append(subject)
                if len(answered) == 40:
                    enough.set()

    enough = threading.Event()
    writers = [threading.Thread(target=open_tickets, args=(name,)) for name in "abc"]
    for writer in writers:
        writer.start()
    assert enough.wait(30)
    first.stop(signal.SIGKILL)
    for writer in writers:
        writer.join()

    second = Process("--state", state)
    with second.client() as client:
        kept = _subjects(client)
        assert set(answered) <= set(kept)
        assert len(kept) <= len(answered) + len(writers)
        found = client.get("/v1/activities", params={"pageSize": 1000}).json()["activities"]
    assert len(found) == len(kept)
    assert second.stop(signal.SIGTERM) == (0, "", "")


@pytest.mark.slow
def test_a_kill_right_after_an_answer_loses_no_usage(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    hosts = [Process("--state", str(state)) for _ in "ab"]
    counted: list[tuple[int, int]] = []

    def ask(number: int, *, stream: bool) -> None:
        body = chat_body("Reply with ok.", stream=stream, seed=number)
        if stream:
            body["stream_options"] = {"include_usage": True}
        host = hosts[number % 2]
        url = f"{host.ready['serverless']}/v1/chat/completions"
        headers = {"Authorization": f"Bearer {host.ready['api_key']}"}
        lines = []
        with httpx.stream("POST", url, json=body, headers=headers) as response:
            # The end of the answer is all that is waited for, not that of the connection.
            for line in response.iter_lines():
                lines.append(line)
                if line == "data: [DONE]":
                    break
        (usage,) = re.findall(
            r'"usage":\{"prompt_tokens":(\d+),.*?"completion_tokens":(\d+)', lines[-3 * stream]
        )
        counted.append((int(usage[0]), int(usage[1])))

    def ask_often(name: int) -> None:
        for number in range(8):
            ask(10 * name + number, stream=number % 4 > 1)

    askers = [threading.Thread(target=ask_often, args=(name,)) for name in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    ask(99, stream=True)
    for host in reversed(hosts):
        host.stop(signal.SIGKILL)

    reopened = Host(state, clock=SystemClock())
    buckets = reopened.admin.ok("get_serverless_usage_history")["buckets"]
    assert sum(int(each["requests"]) for each in buckets) == len(counted) == 33
    prompt, completion = (sum(column) for column in zip(*counted, strict=True))
    assert sum(int(each["promptTokens"]) for each in buckets) == prompt
    assert sum(int(each["completionTokens"]) for each in buckets) == completion
    cached = sum(int(each["cachedTokens"]) for each in buckets)
    cost = (prompt - cached) * RATES["input"] + completion * RATES["output"]
    assert nanos(reopened.admin.ok("get_user_balance")["balance"]) == -cost
    with reopened.control_plane.state.read() as db:
        check_ledger(db)


@pytest.mark.slow
def test_two_processes_share_a_state(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.db"), "--control-plane-token", "mine")
    processes = [Process(*arguments) for _ in "ab"]
    try:
        clients = [process.client() for process in processes]
        for number in range(10):
            answer = clients[number % 2].post("/v1/users/api-keys", json={"name": f"k{number}"})
            secret = answer.json()["apiKey"]["secret"]
            # A key that one process made opens the other at once.
            opened = httpx.post(
                f"{processes[1 - number % 2].ready['serverless']}/tokenize",
                json={"model": "tm-local-chat", "prompt": "x"},
                headers={"Authorization": f"Bearer {secret}"},
            )
            assert opened.status_code == 200
        lists = [client.get("/v1/users/api-keys").json() for client in clients]
        for client in clients:
            client.close()
    finally:
        left = [process.stop(signal.SIGTERM) for process in processes]
    assert lists[0] == lists[1]
    assert len(lists[0]["apiKeys"]) == 10
    assert left == [(0, "", "")] * 2


def test_a_state_that_cannot_be_used_is_one_line_and_status_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--port", "0", "--state", str(tmp_path / "nowhere" / "state.db")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tensormesh_local: error: ")
    assert "nowhere" in err
    assert err.count("\n") == 1


class TestLocalHost:
    def test_a_program_logs_in_and_sees_its_own_clock(self) -> None:
        clock = ManualClock(START)
        with LocalHost(auto_approve=True, clock=clock) as host:
            url = host.control_plane_base_url
            login = httpx.post(f"{url}/auth/cli/start", json={}).json()
            assert login["verificationUrl"].startswith(f"{url}/cli?login=")
            assert login["expiresAt"] == "2026-05-20T08:05:00Z"
            exchange = {"loginId": login["loginId"]}
            tokens = httpx.post(f"{url}/auth/cli/exchange", json=exchange).json()
            for token in (tokens["accessToken"], host.control_plane_token):
                headers = {"Authorization": f"Bearer {token}"}
                user = httpx.get(f"{url}/auth/profile", headers=headers).json()["user"]
                assert user["id"] == host.user_id
                assert user["apiKey"] == host.api_key

    def test_it_keeps_its_state_in_a_file(self, tmp_path: Path) -> None:
        for total in (0, 1):
            with LocalHost(state=tmp_path / "state.db", control_plane_token="t") as host:
                headers = {"Authorization": "Bearer t"}
                url = f"{host.control_plane_base_url}/v1/support/tickets"
                assert httpx.get(url, headers=headers).json()["total"] == total
                httpx.post(url, headers=headers, json={"subject": "x"})

    def test_a_state_that_cannot_be_used_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "state.db").write_text("something else" * 100)
        with pytest.raises(StateError, match=r"state\.db"):
            LocalHost(state=tmp_path / "state.db")
