"""Completion: the scripts, and what the shells are answered."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support.command_line import Result, tm

SHELLS = ["bash", "zsh", "fish"]


def completed(line: str, shell: str = "bash") -> Result:
    """What a shell is answered for the last word of a line."""
    words = line.split(" ")
    environ = {
        "_TM_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line if shell != "fish" else " ".join(words),
        "COMP_CWORD": str(len(words) - 1) if shell != "fish" else words[-1],
    }
    return tm(environ=environ)


def names(line: str) -> list[str]:
    result = completed(line)
    assert (result.status, result.stderr) == (0, "")
    return [entry.partition(",")[2] for entry in result.stdout.splitlines()]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(shell: str) -> None:
    result = tm("completion", shell)
    assert (result.status, result.stderr) == (0, "")
    assert f"_TM_COMPLETE={shell}_complete" in result.stdout


def test_asking_for_a_script_in_the_way_of_click_starts_no_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    for shell in SHELLS:
        asked = tm(environ={"_TM_COMPLETE": f"{shell}_source"})
        assert (asked.status, asked.stdout) == (0, tm("completion", shell).stdout)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_also_there_for_programs(shell: str) -> None:
    said = tm("--output", "json", "completion", shell).json
    assert said["shell"] == shell
    assert tm("--output", "raw", "completion", shell).stdout == said["script"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_is_installed_takes_its_script(shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    script = tm("completion", shell).stdout
    checked = subprocess.run([found, "-n"], input=script, text=True, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_an_unknown_shell_is_told_with_the_known_ones() -> None:
    result = tm("completion", "csh")
    assert result.status == 2
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in result.stderr


def test_commands_complete_at_the_top() -> None:
    found = names("tm ")
    assert {"auth", "infer", "version", "completion"} <= set(found)
    assert names("tm vers") == ["version"]


def test_commands_complete_inside_of_a_group() -> None:
    assert set(names("tm auth log")) == {"login", "logout"}


def test_values_of_options_complete() -> None:
    assert names("tm --output j") == ["json"]
    assert names("tm infer chat --surface ") == ["on-demand", "serverless"]
    assert names("tm --gateway-provider ") == ["nebius", "lambda", "yotta"]


def test_values_of_arguments_complete() -> None:
    assert names("tm completion ") == SHELLS


def test_options_complete_and_so_do_the_global_ones_at_every_level() -> None:
    assert names("tm infer chat --stream-") == ["--stream-idle-timeout"]
    assert names("tm infer chat --out") == ["--output"]
    assert names("tm --ca") == ["--ca-bundle"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_help_comes_with_commands_where_the_shell_shows_it(shell: str) -> None:
    assert "Show the version" in completed("tm vers", shell).stdout


def test_nothing_is_said_where_nothing_can_be_completed() -> None:
    for line in ("tm zz", "tm version ", "tm --output zz"):
        result = completed(line)
        assert (result.status, result.stdout.strip(), result.stderr) == (0, "", "")


def test_a_mistake_while_completing_does_not_spoil_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr("click.shell_completion.shell_complete", fail)
    result = completed("tm ")
    assert (result.status, result.stdout, result.stderr) == (1, "", "")


def test_an_unknown_shell_that_asks_is_refused_quietly() -> None:
    result = completed("tm ", "csh")
    assert (result.status, result.stdout, result.stderr) == (1, "", "")
