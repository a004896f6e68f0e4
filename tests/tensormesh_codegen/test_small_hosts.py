"""A host needs neither arguments nor models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.mini_spec import ROOT, importable, part, project

from tensormesh_codegen.cli import main

PING = """\
openapi: 3.1.0
x-tm-package: mini
x-tm-host: mini
info: {title: Mini, version: "1", description: One operation.}
servers: [{url: https://mini.invalid, x-tm-config: mini_base_url}]
tags: [{name: ping, description: Ping.}]
paths:
  /ping:
    get:
      operationId: ping
      tags: [ping]
      summary: Ping the host
      x-tm-resource: ping
      x-tm-method: get
      x-tm-provenance: documented
      security: []
      responses:
        "204": {description: Nothing to say.}
        default: {description: An error.}
"""


def test_a_host_with_one_bare_operation_is_generated(tmp_path: Path) -> None:
    root = project(tmp_path / "project", mini=PING)
    assert main(root, ["generate"]) == 0
    with importable(root / "generated") as package:
        assert part(package, "params").__all__ == part(package, "models").__all__ == []
        assert part(package, "resources").MiniResources
    cache = ROOT / ".mypy_cache" / "generated"
    for command in (
        ["mypy", "--config-file", "pyproject.toml", "--cache-dir", str(cache), "generated"],
        ["ruff", "check", "--no-cache", "generated"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
