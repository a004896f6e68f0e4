"""No text tells users to install this distribution by name from a package registry."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from support.project_files import ROOT, project_files, text_of

from tensormesh_extras import install_hint

# In two pieces, so that this file does not contain what it forbids.
NAME = "tensor" + "mesh"
BY_NAME = re.compile(
    rf"(?<![\w./-]){NAME}\["
    rf"|\b(?:pip3?|pipx|uv|poetry|pdm|conda)\b[^\n`]*\b(?:install|add|download)\b"
    rf"[^\n`]*(?<![\w./-]){NAME}(?![\w./-])"
)
BLOCKED = """
import runpy, sys
sys.path[:0] = ["overlay", "generated"]
sys.modules[{library!r}] = None
sys.argv = {arguments!r}
{run}
"""


def test_no_file_says_to_install_the_distribution_by_name() -> None:
    found = [
        f"{path}: {match.group()}"
        for path in project_files()
        for match in BY_NAME.finditer(text_of(path) or "")
    ]
    assert found == []


def test_every_way_to_install_by_name_is_noticed() -> None:
    for bad in (
        f"pip install {NAME}",
        f"pip install --upgrade '{NAME}'",
        f"python -m pip install '{NAME}[cli]'",
        f"uv add {NAME}",
        f"pipx install {NAME}",
        f'llama = ["{NAME}[local]"]',
        f"needs {NAME}[tools]",
    ):
        assert BY_NAME.search(bad), bad
    for good in ("pip install '.[cli]'", f"pip install dist/{NAME}-0.1-py3-none-any.whl"):
        assert not BY_NAME.search(good), good


def test_no_requirement_names_the_project_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    listed = [*project["dependencies"], *(each for extra in extras.values() for each in extra)]
    assert [each for each in listed if each.replace("_", "-").lower().startswith(NAME)] == []


def test_extras_that_include_others_repeat_them_exactly() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    assert set(extras["local"]) < set(extras["llama"])
    for name in ("cli", "codegen", "llama", "local", "schema", "tools"):
        assert set(extras[name]) < set(extras["dev"]), name


def test_programs_without_their_libraries_name_the_extra(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF" + bytes(64))
    codegen = "runpy.run_path('codegen.py', run_name='__main__')"
    local = "runpy.run_module('tensormesh_local', run_name='__main__', alter_sys=True)"
    llama = ["tensormesh_local", "--engine", "llama", "--model", str(model), "--port", "0"]
    for extra, library, arguments, run in (
        ("codegen", "jinja2", ["codegen.py", "check"], codegen),
        ("codegen", "yaml", ["codegen.py", "diff", "specs", "specs"], codegen),
        ("local", "starlette", ["tensormesh_local"], local),
        ("llama", "xllamacpp", llama, local),
    ):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                BLOCKED.format(library=library, arguments=arguments, run=run),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, ""), library
        assert done.stderr.count("\n") == 1, done.stderr
        assert library in done.stderr
        assert install_hint(extra) in done.stderr


def test_a_hint_names_a_checkout_and_a_wheel() -> None:
    assert install_hint("cli") == (
        "install the extra 'cli': `pip install '.[cli]'` in a checkout, "
        "or `pip install 'PATH/TO/WHEEL[cli]'`"
    )
