"""Generating is repeatable, touches only what changed, and `check` tells what is not right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.mini_spec import MINI, ROOT, project

from tensormesh_codegen.cli import main
from tensormesh_extras import install_hint

SPEC = MINI.replace("Newest first.", "Newest first, «Größe» ≤ 3, 東京 🗼.")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("made") / "project", mini=SPEC)
    assert main(root, ["generate"]) == 0
    return root


@pytest.fixture(scope="module")
def expected(made: Path) -> dict[str, bytes]:
    return tree(made / "generated")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A project in which the mini spec was generated, to be changed at will."""
    return Path(shutil.copytree(made, tmp_path / "project"))


# ---- Repeatable


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {
            "PYTHONHASHSEED": "2",
            "LC_ALL": "C.UTF-8",
            "PYTHONIOENCODING": "ascii",
            "TZ": "Asia/Tokyo",
        },
    ],
)
def test_bytes_do_not_depend_on_hash_seed_locale_folder_or_zone(
    environment: dict[str, str], tmp_path: Path, expected: dict[str, bytes]
) -> None:
    root = project(tmp_path / "a b" / "project", mini=SPEC)
    code = "import sys, pathlib; from tensormesh_codegen.cli import main; "
    code += "sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))"
    here = tmp_path / "elsewhere"
    here.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, "../a b/project", "generate"],
        cwd=here,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "overlay")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert tree(root / "generated") == expected


def test_bytes_do_not_depend_on_where_temporary_files_are(
    tmp_path: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A formatter that passes over such folders would leave the files as they were rendered.
    temporary = tmp_path / "dist" / ".venv"
    temporary.mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("*\n", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    root = project(tmp_path / "project", mini=SPEC)
    assert main(root, ["generate"]) == 0
    assert tree(root / "generated") == expected


def test_bytes_do_not_depend_on_the_names_of_folders(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    root = project(tmp_path / "project", mini=SPEC.replace("tags: [runs]", "tags: [dist]"))
    assert main(root, ["generate"]) == 0
    api = "tensormesh_api/mini/api"
    found = tree(root / "generated")[f"{api}/dist/run_thing.py"]
    assert found == expected[f"{api}/runs/run_thing.py"]


def test_bytes_do_not_depend_on_the_order_of_files(
    tmp_path: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    glob = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda path, text, **rules: reversed(list(glob(path, text, **rules)))
    )
    root = project(tmp_path / "project", mini=SPEC)
    assert main(root, ["generate"]) == 0
    assert tree(root / "generated") == expected


# ---- Only what changed


def test_second_run_touches_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [path for path in (root / "generated").rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, ns=(1, 1))
    assert main(root, ["generate"]) == 0
    assert {path.stat().st_mtime_ns for path in files} == {1}
    assert ": 0 written, 0 stale removed" in capsys.readouterr().out


def test_change_of_one_schema_writes_its_files_alone(root: Path) -> None:
    before = tree(root / "generated")
    spec = root / "specs" / "mini.yaml"
    spec.write_text(SPEC.replace("Where it is from.", "Its origin."), encoding="utf-8")
    assert main(root, ["generate"]) == 0
    after = tree(root / "generated")
    assert [name for name in after if after[name] != before.get(name)] == [
        "tensormesh_api/mini/models/thing.py"
    ]


def test_files_that_no_longer_come_from_the_spec_disappear(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = root / "generated" / "tensormesh_api" / "mini"
    bytecode = package / "api" / "runs" / "__pycache__" / "run_thing.cpython-311.pyc"
    bytecode.parent.mkdir()
    bytecode.write_bytes(b"old")
    (package / "stray.txt").write_text("stray", encoding="utf-8")
    start, end = SPEC.index("  /v1/things/{thingId}:run:"), SPEC.index("  /v1/billing/balance:")
    text = SPEC[:start] + SPEC[end:]
    start, end = text.index("    RunRequest:"), text.index("    ThingList:")
    (root / "specs" / "mini.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    assert main(root, ["generate"]) == 0
    assert not (package / "api" / "runs").exists()
    assert not (package / "models" / "run_request.py").exists()
    assert not (package / "stray.txt").exists()
    assert main(root, ["check"]) == 0
    out = capsys.readouterr().out
    assert " 11 stale removed" in out
    assert "generated/ is up to date: " in out


def test_bytecode_of_living_modules_is_left_alone(root: Path) -> None:
    folder = root / "generated" / "tensormesh_api" / "mini" / "__pycache__"
    folder.mkdir()
    (folder / "hosts.cpython-311.pyc").write_bytes(b"code")
    assert main(root, ["check"]) == 0
    assert main(root, ["generate"]) == 0
    assert (folder / "hosts.cpython-311.pyc").read_bytes() == b"code"


# ---- Check


def test_check_passes_after_generate_and_changes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(root)
    capsys.readouterr()
    assert main(root, ["check"]) == 0
    assert tree(root) == before
    assert (
        capsys.readouterr().out
        == f"generated/ is up to date: {len(tree(root / 'generated'))} files\n"
    )


def test_check_tells_what_is_edited_missing_and_stale(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = root / "generated" / "tensormesh_api" / "mini"
    edited = package / "models" / "note.py"
    edited.write_text(
        edited.read_text(encoding="utf-8").replace("text: str", "text: bytes"), encoding="utf-8"
    )
    (package / "hosts.py").unlink()
    (package / "models" / "extra.py").write_text("", encoding="utf-8")
    before = tree(root)
    capsys.readouterr()
    assert main(root, ["check"]) == 1
    assert tree(root) == before
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "stale: tensormesh_api/mini/models/extra.py",
        "missing: tensormesh_api/mini/hosts.py",
        "differs: tensormesh_api/mini/models/note.py",
        *[line for line in out.splitlines() if line.startswith("    ")],
        "generated/ is out of date: run `make generate`",
    ]
    assert "    -    text: bytes" in out
    assert "    +    text: str" in out


def test_check_sees_other_line_ends(root: Path) -> None:
    path = root / "generated" / "tensormesh_api" / "mini" / "hosts.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert main(root, ["check"]) == 1


@pytest.mark.slow
def test_check_shows_what_the_terminal_cannot(root: Path) -> None:
    path = root / "generated" / "tensormesh_api" / "mini" / "hosts.py"
    path.write_text("# «ß»\n", encoding="utf-8")
    code = "import sys, pathlib; from tensormesh_codegen.cli import main; "
    code += "sys.exit(main(pathlib.Path(sys.argv[1]), ['check']))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT / "overlay")},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert rb"    -# \xab\xdf\xbb" in done.stdout


def test_check_before_the_first_generate_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path / "project", mini=SPEC)
    assert main(root, ["check"]) == 1
    assert "missing: tensormesh_api/__init__.py" in capsys.readouterr().out
    assert not (root / "generated").exists()


def test_missing_formatter_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    root = project(tmp_path / "project", mini=SPEC)
    assert main(root, ["generate"]) == 2
    assert (
        capsys.readouterr().err
        == f"codegen.py generate: ruff is not installed: {install_hint('codegen')}\n"
    )
    assert not (root / "generated").exists()


# ---- This project


@pytest.mark.slow
def test_generated_client_is_what_the_specs_and_templates_give(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After an edit of `specs/` or `templates/`, run `make generate` and commit the result."""
    assert main(ROOT, ["check"]) == 0, capsys.readouterr().out
