"""The command lines of the documents work as they are printed, one after the other."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.infer_runs import ROOT, SECONDS, TM, environment

from tensormesh_local import LocalHost

DOCUMENTS = ("README.md", "docs/cli.md")
FENCE = re.compile(r"^```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNTIL_STOPPED = "# until Ctrl-C"


def blocks(document: str) -> list[tuple[str, str]]:
    """The blocks of command lines: their kind, and what is in them."""
    return FENCE.findall((ROOT / document).read_text("utf-8"))


class Machine:
    """A new machine of a person who has `tm`, and hosts to ask.

    Args:
        folder: where its home is.
        host: what it asks, which the environment alone tells.
    """

    def __init__(self, folder: Path, host: LocalHost) -> None:
        binaries = folder / "bin"
        binaries.mkdir()
        script = binaries / "tm"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(TM)} "$@"\n')
        script.chmod(0o755)
        self._folder = folder
        self._env = environment(
            folder,
            HOME=str(folder),
            BROWSER="true",
            TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
            TENSORMESH_SERVERLESS_BASE_URL=host.serverless_base_url,
            TENSORMESH_ON_DEMAND_BASE_URL=host.on_demand_base_url,
        )
        del self._env["TM_CONFIG_HOME"]
        self._env["PATH"] = os.pathsep.join([str(binaries), self._env["PATH"]])

    def type(self, lines: str) -> str:
        """What command lines print; the last one may go on until it is stopped."""
        shell = subprocess.Popen(
            ["/bin/sh", "-c", lines],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        assert shell.stdout is not None
        first = ""
        if UNTIL_STOPPED in lines:
            first = shell.stdout.readline()
            assert first
            os.killpg(shell.pid, signal.SIGINT)
        printed, said = shell.communicate(timeout=SECONDS * 4)
        assert "Traceback" not in said
        assert shell.returncode in ((130, -signal.SIGINT) if first else (0,)), said
        return first + printed


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo", auto_approve=True) as host:
        yield host


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_command_lines_work_as_they_are_printed(
    document: str, host: LocalHost, tmp_path: Path
) -> None:
    machine = Machine(tmp_path, host)
    found = blocks(document)
    assert found
    for kind, text in found:
        if kind == "sh":
            machine.type(f"set -e\n{text}")
            continue
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, expected = step.partition("\n")
            printed = machine.type(line)
            assert printed == expected, f"{document}: {line}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_group_of_the_top_that_a_document_shows_exists(document: str) -> None:
    """Command lines in running text are no less true than those in blocks."""
    from tensormesh_cli._root import root

    text = FENCE.sub("", (ROOT / document).read_text("utf-8"))
    named = set(re.findall(r"`tm ([a-z-]+)", text)) - {"modles"}
    assert named
    assert named <= set(root.lazy)
