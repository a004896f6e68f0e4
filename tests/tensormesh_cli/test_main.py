"""The way from arguments to an exit status, and what is loaded on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from support.command_line import tm
from support.project_files import ROOT

from tensormesh import __version__
from tensormesh_cli.main import main
from tensormesh_extras import install_hint

PATHS = os.pathsep.join(str(ROOT / name) for name in ("overlay", "generated"))
HEAVY = {
    *("httpx", "rich", "yaml", "tomlkit", "jmespath", "filelock", "prompt_toolkit"),
    *("attr", "msgspec", "asyncio", "email", "ssl", "logging", "http", "dateutil"),
    *("tensormesh._client", "tensormesh._settings", "tensormesh._errors"),
}


def process(*arguments: str | bytes, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "tensormesh_cli", *arguments],
        **{
            "capture_output": True,
            "timeout": 60,
            "env": {"PYTHONPATH": PATHS, "PATH": os.environ["PATH"]},
            **options,
        },
    )


def loaded_by(*arguments: str) -> set[str]:
    program = (
        "import sys\n"
        "from tensormesh_cli.main import main\n"
        f"main({list(arguments)!r})\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": PATHS},
    )
    return set(result.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_loads_click_and_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)
    assert "click" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told_without_even_click(option: str) -> None:
    loaded = loaded_by(option)
    assert not loaded & (HEAVY | {"click"})


def test_printing_json_loads_neither_rich_nor_yaml() -> None:
    loaded = loaded_by("version", "--output", "json")
    assert not loaded & {"rich", "yaml", "jmespath", "httpx"}


@pytest.mark.parametrize(
    "arguments", [["--version"], ["-V"], ["--quiet", "--version"], ["version", "-V"]]
)
def test_the_version_can_be_asked_for_anywhere(arguments: list[str]) -> None:
    result = tm(*arguments)
    assert (result.status, result.stdout, result.stderr) == (0, f"tm {__version__}\n", "")


def test_no_arguments_show_the_help_as_a_result() -> None:
    bare, asked = tm(), tm("--help")
    assert bare.status == asked.status == 0
    assert bare.stdout == asked.stdout
    assert bare.stdout.startswith("Usage: tm ")
    assert bare.stderr == ""


def test_the_arguments_of_the_process_are_the_default() -> None:
    with mock.patch.object(sys, "argv", ["tm", "version"]):
        result = tm(run=lambda _: main())
    assert result.stdout == f"tm {__version__}\n"


def test_ctrl_c_is_quiet_and_has_its_own_status() -> None:
    with mock.patch("tensormesh_cli._invoke._run", side_effect=KeyboardInterrupt):
        result = tm("version")
    assert (result.status, result.stdout, result.stderr) == (130, "", "")


def test_ctrl_c_leaves_the_prompt_of_the_shell_on_a_line_of_its_own() -> None:
    with mock.patch("tensormesh_cli._invoke._run", side_effect=KeyboardInterrupt):
        result = tm("version", terminal=True)
    assert (result.status, result.stderr) == (130, "\n")


def test_the_clients_of_a_run_are_closed_whatever_happens() -> None:
    with (
        mock.patch("tensormesh_cli._app.App.close") as close,
        mock.patch("tensormesh_cli._invoke._run", side_effect=OSError(5, "it broke")),
    ):
        assert tm("version").status == 1
    close.assert_called_once_with()


def test_a_reader_that_has_had_enough_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = process("--help", stdout=writer, capture_output=False, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["version"], ["--help"]])
def test_results_that_cannot_be_written_are_a_failure(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        result = process(*arguments, stdout=full, capture_output=False, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert result.stderr == b"Error: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("arguments", ["--version", "version", "--help"])
def test_a_result_for_a_closed_stdout_is_a_failure(arguments: str) -> None:
    command = f"{sys.executable} -m tensormesh_cli {arguments}"
    for streams, said in (
        (">&-", b"Error: cannot write the output: Bad file descriptor\n"),
        ("<&- >&- 2>&-", b""),
    ):
        result = subprocess.run(
            ["sh", "-c", f"{command} {streams}"],
            env={"PYTHONPATH": PATHS},
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        assert (result.returncode, result.stderr) == (1, said)


def test_other_closed_standard_streams_do_no_harm() -> None:
    command = f"{sys.executable} -m tensormesh_cli version <&- 2>&-"
    result = subprocess.run(
        ["sh", "-c", command],
        env={"PYTHONPATH": PATHS},
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, f"tm {__version__}\n".encode())


def test_a_library_that_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    with mock.patch.dict(sys.modules, {"jmespath": None}):
        sys.modules.pop("tensormesh_cli.output.query", None)
        result = tm("version", "--query", "name")
    assert result.status == 2
    assert result.stderr == (
        "Error: tm needs the library jmespath, which is not installed\n"
        f"Hint: {install_hint('cli')}\n"
    )


def test_without_click_the_way_to_get_it_is_still_told() -> None:
    program = (
        "import sys; sys.modules['click'] = None\n"
        "from tensormesh_cli.main import main\n"
        "raise SystemExit(main(['models', 'list']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": PATHS},
    )
    assert result.returncode == 2
    assert result.stderr == (
        f"Error: tm needs the library click, which is not installed\nHint: {install_hint('cli')}\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="arguments are bytes elsewhere only")
@pytest.mark.parametrize("output", ["text", "json"])
def test_an_argument_that_is_no_text_is_told_all_the_same(output: str) -> None:
    result = process("--output", output, b"\xff\xfe")
    assert result.returncode == 2
    assert b"unknown command `" in result.stderr
    assert b"udcff" in result.stderr


def test_a_locale_without_unicode_gets_escapes_and_no_error() -> None:
    env = {"PYTHONPATH": PATHS, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = process("v\N{LATIN SMALL LETTER E WITH ACUTE}rsion", env=env)
    assert result.returncode == 2
    assert b"unknown command" in result.stderr
    assert result.stderr.isascii()
    assert b"Traceback" not in result.stderr
