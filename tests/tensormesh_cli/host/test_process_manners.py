"""`tm` as a process among others: its streams, its locale, its surroundings."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.infer_runs import SECONDS, TM, host_environment

from tensormesh_local import LocalHost

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these are the manners of a POSIX shell")
LISTS = (
    ("models", "list"),
    ("billing", "transactions", "list", "--all"),
    ("config", "show"),
    ("--help",),
    ("--version",),
)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return host_environment(tmp_path, host)


def shell(line: str, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a line in which `tm` stands for the program."""
    return subprocess.run(
        ["/bin/sh", "-c", f'tm() {{ {shlex.join(TM)} "$@"; }}\n{line}'],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_reader_that_leaves_at_once_is_no_failure(
    words: tuple[str, ...], env: dict[str, str]
) -> None:
    line = f'{{ tm {shlex.join(words)}; echo "status $?" >&2; }} | true'
    assert shell(line, env).stderr == b"status 0\n"


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_closed_output_is_a_failure(words: tuple[str, ...], env: dict[str, str]) -> None:
    done = shell(f"tm {shlex.join(words)} >&-", env)
    assert done.returncode == 1
    assert b"cannot write the output" in done.stderr
    done = shell(f"tm {shlex.join(words)} >&- 2>&- <&-", env)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_full_disk_is_told_and_a_failure(words: tuple[str, ...], env: dict[str, str]) -> None:
    done = shell(f"tm {shlex.join(words)} > /dev/full", env)
    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: cannot write the output: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["text", "json", "yaml", "raw", "table"])
def test_a_locale_without_unicode_shows_everything(mode: str, env: dict[str, str]) -> None:
    env = {**env, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for line in ("cost", "models list", "tickets list", "doctor", "config show"):
        done = shell(f"tm --output {mode} {line}", env)
        assert (done.returncode, done.stderr.count(b"Error")) == (0, 0)
        # Bytes of a body are the body's, in whatever encoding.
        assert mode == "raw" or done.stdout.isascii()


@pytest.mark.slow
def test_everything_but_what_is_saved_works_without_a_home(env: dict[str, str]) -> None:
    env = {name: value for name, value in env.items() if name not in ("HOME", "TM_CONFIG_HOME")}
    for line in ("models list", "cost", "infer models", "config show", "doctor", "init"):
        done = shell(f"tm {line}", env)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    done = shell("tm config set max_retries 1", env)
    assert done.returncode == 2
    assert b"TM_CONFIG_HOME" in done.stderr


@pytest.mark.parametrize("line", ["models list", "config set max_retries 1", "init --sync"])
def test_a_home_that_cannot_be_used_is_told(line: str, env: dict[str, str], tmp_path: Path) -> None:
    # A file in the place of the folder: root may write into any folder.
    (tmp_path / "home").write_text("")
    done = shell(f"tm {line}", {**env, "TM_CONFIG_HOME": str(tmp_path / "home")})
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: ")
    assert str(tmp_path / "home").encode() in done.stderr
    assert done.stderr.count(b"\n") <= 2


def test_a_broken_config_file_is_told_by_every_command_that_needs_it(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("max_retries = = 1\n")
    for line in ("models list", "cost", "infer models", "config show", "api GET /v1/models"):
        done = shell(f"tm {line}", env)
        assert (done.returncode, done.stdout) == (2, b""), line
        assert b"config.toml" in done.stderr
        assert done.stderr.count(b"\n") <= 2
    assert shell("tm --version && tm --help && tm config path && tm version", env).returncode == 0
