"""`make audit` reports its findings and fails if it could not look up a package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import audit
from support.cases import for_each
from support.project_files import ROOT

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {
    "name": "bad",
    "version": "2",
    "vulns": [
        {"id": "ADV-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": "x"},
        {"id": "ADV-2", "fix_versions": [], "aliases": [], "description": "y"},
    ],
}
OURS = {"name": "ours", "skip_reason": "distribution marked as editable"}
STRANGE = {"name": "strange", "skip_reason": "Dependency not found and could not be audited"}


def verdict(*packages: Any) -> tuple[int, str]:
    return audit.verdict(json.dumps({"dependencies": packages, "fixes": []}), "No known ...")


def test_success_requires_a_result_for_every_package() -> None:
    assert verdict(GOOD, OURS) == (0, "1 packages, no known vulnerabilities")
    status, told = verdict(GOOD, STRANGE, OURS)
    assert status == 2
    assert told.startswith("1 of 2 packages could not be looked up")
    assert "strange" in told
    assert verdict(OURS)[0] == verdict()[0] == 2


def test_every_vulnerability_is_reported_with_its_fix() -> None:
    status, told = verdict(GOOD, BAD, STRANGE)
    assert status == 1
    assert told.splitlines()[:2] == [
        "bad 2: ADV-1, fixed in 2.1, 3.0",
        "bad 2: ADV-2, fixed in no version yet",
    ]
    assert "strange" in told


@for_each("output", ["", "[]", "{}", "null", "Found 1 known vulnerability", '{"d'])
def test_output_that_is_not_a_report_is_a_failure(output: str) -> None:
    status, told = audit.verdict(
        output, "Traceback ...\nConnectionError: no route to the service\n"
    )
    assert status == 2
    assert told.endswith("nothing is known: ConnectionError: no route to the service")
    assert audit.verdict(output, "")[0] == 2


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [
        (f"print({json.dumps(json.dumps({'dependencies': [GOOD]}))})", 0, "no known"),
        (f"print({json.dumps(json.dumps({'dependencies': [BAD]}))}); sys.exit(1)", 1, "ADV-1"),
        ("raise ConnectionError('unreachable')", 2, "ConnectionError: unreachable"),
        ("sys.exit('no such option')", 2, "no such option"),
    ],
)
def test_the_exit_status_follows_the_verdict(
    program: str, status: int, told: str, tmp_path: Path
) -> None:
    (tmp_path / "pip_audit.py").write_text(f"import sys\n{program}\n")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "audit.py"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert told in (done.stderr if status else done.stdout)
    assert "Traceback" not in done.stderr
