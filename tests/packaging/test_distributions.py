"""Contents and metadata of the wheel and the source archive."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest
from support.cases import for_each
from support.distributions import Distributions
from support.project_files import ROOT, project_files

from tensormesh import __version__
from tensormesh_cli._errors import LIBRARIES

IMPORT_PACKAGES = {
    *("tensormesh", "tensormesh_api", "tensormesh_cli", "tensormesh_extras", "tensormesh_local"),
}
RUNTIME = {"anyio", "attrs", "certifi", "httptools", "httpx", "idna", "msgspec", "python-dateutil"}
EXTRAS = {"audit", "cli", "codegen", "dev", "llama", "local", "schema", "tools"}


@pytest.fixture(scope="module")
def wheel(distributions: Distributions) -> dict[str, bytes]:
    """Return the files of the wheel by name."""
    with zipfile.ZipFile(distributions.wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def archive(distributions: Distributions) -> set[str]:
    """Return the names of the files in the source archive, without its top folder."""
    with tarfile.open(distributions.archive) as opened:
        files = [member.name for member in opened.getmembers() if member.isfile()]
    return {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in files}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, bytes]) -> Message:
    (name,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel[name].decode())


def test_the_wheel_is_pure_python(distributions: Distributions) -> None:
    assert distributions.wheel.name == f"tensormesh-{__version__}-py3-none-any.whl"


def test_the_wheel_contains_the_import_packages_only(wheel: dict[str, bytes]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in wheel}
    assert tops == {*IMPORT_PACKAGES, f"tensormesh-{__version__}.dist-info"}


@for_each("package", sorted(IMPORT_PACKAGES))
def test_the_wheel_contains_every_module(package: str, wheel: dict[str, bytes]) -> None:
    source = "generated" if package == "tensormesh_api" else "overlay"
    folder = ROOT / source / package
    expected = {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    assert f"{package}/py.typed" in expected
    shipped = {name: text for name, text in wheel.items() if name.split("/")[0] == package}
    assert {name: text for name, text in shipped.items() if "/specs/" not in name} == expected


def test_the_local_host_ships_the_specs(wheel: dict[str, bytes]) -> None:
    prefix = "tensormesh_local/specs/"
    shipped = {
        name.removeprefix(prefix): text for name, text in wheel.items() if name.startswith(prefix)
    }
    assert shipped == {path.name: path.read_bytes() for path in (ROOT / "specs").glob("*.yaml")}


def test_the_wheel_contains_no_local_paths(wheel: dict[str, bytes]) -> None:
    folders = [str(path).encode() for path in (ROOT, Path.home(), Path(sys.prefix))]
    found = [name for name, text in wheel.items() for folder in folders if folder in text]
    assert found == []


def test_metadata_has_what_users_and_installers_need(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("tensormesh", __version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert "https://tensormesh.ai" in metadata.get_all("Project-URL", [])[0]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert str(metadata.get_payload()).strip() == readme.strip()


def test_the_license_is_in_the_metadata_and_in_both_distributions(
    wheel: dict[str, bytes], metadata: Message, archive: set[str]
) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    text = (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in text
    assert wheel[f"tensormesh-{__version__}.dist-info/licenses/LICENSE"] == text
    assert "LICENSE" in archive


def test_registries_reject_an_accidental_upload(metadata: Message) -> None:
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])


def test_twine_accepts_the_metadata(distributions: Distributions) -> None:
    files = [str(distributions.wheel), str(distributions.archive)]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_runtime_dependencies_and_extras_are_the_expected_ones(metadata: Message) -> None:
    requirements = metadata.get_all("Requires-Dist", [])
    runtime = {name_of(each) for each in requirements if "extra ==" not in each}
    assert runtime == RUNTIME
    assert set(metadata.get_all("Provides-Extra", [])) == EXTRAS
    local = {name_of(each) for each in requirements if re.search(r"extra == ['\"]local['\"]", each)}
    assert local == {"jsonschema", "pyyaml", "referencing", "starlette", "uvicorn"}


def test_the_entry_point_and_the_cli_extra_match(
    wheel: dict[str, bytes], metadata: Message
) -> None:
    (name,) = (name for name in wheel if name.endswith(".dist-info/entry_points.txt"))
    assert "tm = tensormesh_cli.main:run" in wheel[name].decode()
    requirements = metadata.get_all("Requires-Dist", [])
    extra = {name_of(each) for each in requirements if re.search(r"extra == ['\"]cli['\"]", each)}
    libraries = {"yaml": "pyyaml", "prompt_toolkit": "prompt-toolkit"}
    assert extra == {libraries.get(name, name) for name in LIBRARIES}


def test_the_archive_contains_the_whole_project(archive: set[str]) -> None:
    ours = {path.as_posix() for path in project_files()}
    assert {name for name in ours if not name.startswith(".")} <= archive


def test_the_archive_contains_no_build_output_or_caches(archive: set[str]) -> None:
    hidden = {name for name in archive if name.startswith(".") and not name.startswith(".git")}
    assert hidden <= {".ci/run", ".editorconfig", ".pre-commit-config.yaml"}
    assert {name for name in archive if "__pycache__" in name or name.endswith(".pyc")} == set()


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match
    return match.group().lower()
