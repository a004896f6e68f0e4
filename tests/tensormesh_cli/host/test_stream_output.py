"""Streams as they reach a reader: at once, cut short, silent, interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
from support.infer_runs import END, SECONDS, TM, environment, event, on_terminal, run, streaming
from support.raw_server import RawServer, Turn

CHAT = ("infer", "chat", "--surface", "serverless", "--model", "m", "Hi", "--stream")


def env_of(server: RawServer, home: Path) -> dict[str, str]:
    return environment(
        home, TENSORMESH_SERVERLESS_BASE_URL=server.url, TENSORMESH_INFERENCE_API_KEY="ak-key"
    )


@contextmanager
def started(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*TM, *CHAT], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_each_piece_is_readable_before_the_next_is_sent(tmp_path: Path) -> None:
    is_seen = threading.Event()

    def tell(turn: Turn) -> None:
        turn.chunk(event("first"))
        assert is_seen.wait(SECONDS)
        turn.chunk(event(" second") + END)
        turn.end()

    with RawServer(streaming(tell)) as server, started(env_of(server, tmp_path)) as process:
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 100) == b"first"
        is_seen.set()
        rest, errors = process.communicate(timeout=SECONDS)
        assert (rest, errors, process.returncode) == (b" second\n", b"", 0)


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    is_gone = threading.Event()

    def tell(turn: Turn) -> None:
        turn.chunk(event("first"))
        assert is_gone.wait(SECONDS)
        turn.chunk(event(" second"))
        turn.wait_for_close(SECONDS)

    with RawServer(streaming(tell)) as server, started(env_of(server, tmp_path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert os.read(process.stdout.fileno(), 100) == b"first"
        process.stdout.close()
        is_gone.set()
        assert process.wait(SECONDS) == 0
        assert process.stderr.read() == b""


def test_a_silent_stream_ends_with_the_name_of_the_option(tmp_path: Path) -> None:
    def tell(turn: Turn) -> None:
        turn.chunk(event("begun"))
        turn.wait_for_close(SECONDS)

    with RawServer(streaming(tell)) as server:
        done = run(*CHAT, "--stream-idle-timeout", "0.2", env=env_of(server, tmp_path))
    assert done.returncode == 1
    assert done.stdout == "begun\n"
    assert "--stream-idle-timeout 0.2" in done.stderr
    assert done.stderr.count("\n") == 2


def test_the_connect_timeout_does_not_cut_a_slow_answer(tmp_path: Path) -> None:
    def tell(turn: Turn) -> None:
        # Longer than the connect timeout.
        threading.Event().wait(0.6)
        turn.chunk(event("late") + END)
        turn.end()

    with RawServer(streaming(tell)) as server:
        done = run(*CHAT, "--timeout", "0.5", env=env_of(server, tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "late\n", "")


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (b'data: {"error":{"message":"engine died"}}\n\n', "engine died"),
        (b"", "without its end"),
    ],
    ids=["told", "cut off"],
)
def test_a_broken_stream_keeps_what_came_and_fails(tmp_path: Path, last: bytes, said: str) -> None:
    def tell(turn: Turn) -> None:
        turn.chunk(event("begun") + last)
        turn.end()

    with RawServer(streaming(tell)) as server:
        done = run(*CHAT, env=env_of(server, tmp_path))
    assert done.returncode == 1
    assert done.stdout == "begun\n"
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_stops_with_a_line_end_and_130(tmp_path: Path) -> None:
    def tell(turn: Turn) -> None:
        turn.chunk(event("begun"))
        turn.wait_for_close(SECONDS)

    with RawServer(streaming(tell)) as server, started(env_of(server, tmp_path)) as process:
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 100) == b"begun"
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=SECONDS)
        assert (rest, errors, process.returncode) == (b"\n", b"", 130)


def test_ctrl_c_on_a_terminal_leaves_the_prompt_on_a_line_of_its_own(tmp_path: Path) -> None:
    def tell(turn: Turn) -> None:
        turn.chunk(event("begun"))
        turn.wait_for_close(SECONDS)

    with RawServer(streaming(tell)) as server:
        child = on_terminal(*CHAT, env=env_of(server, tmp_path))
        child.expect_exact("begun")
        child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
    assert child.exitstatus == 130
    assert child.before is not None
    assert child.before.endswith("\r\n")
    assert "Traceback" not in child.before


def test_escapes_of_a_model_do_not_reach_the_terminal(tmp_path: Path) -> None:
    def tell(turn: Turn) -> None:
        turn.chunk(event("a\x1b[31mb") + END)
        turn.end()

    with RawServer(streaming(tell)) as server:
        child = on_terminal(*CHAT, env=env_of(server, tmp_path))
        child.expect(pexpect.EOF)
        child.close()
    assert child.exitstatus == 0
    assert child.before is not None
    assert "ab" in child.before


def test_a_terminal_shows_that_the_answer_is_waited_for(tmp_path: Path) -> None:
    is_seen = threading.Event()

    def tell(turn: Turn) -> None:
        assert is_seen.wait(SECONDS)
        turn.chunk(event("answer") + END)
        turn.end()

    with RawServer(streaming(tell)) as server:
        child = on_terminal(*CHAT, env=env_of(server, tmp_path), term="xterm")
        child.expect_exact("Waiting for the response")
        is_seen.set()
        # The line is erased before the answer takes its place.
        child.expect(r"\r\x1b\[Kanswer\r\n")
        child.expect(pexpect.EOF)
        child.close()
    assert child.exitstatus == 0
