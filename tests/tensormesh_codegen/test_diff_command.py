"""The command: where versions are read from, what is printed, and the exit status."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from tensormesh_codegen.cli import main

ROOT_SPEC = """\
openapi: 3.1.0
paths:
  /a:
    get:
      responses:
        200:
          content:
            application/json:
              schema:
                $ref: "shared.yaml#/components/schemas/A"
"""
SHARED = """\
components:
  schemas:
    A:
      type: object
      description: {words}
      properties:
        {name}: {{type: string}}
"""


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


def diff(
    root: Path, old: str, new: str, *, as_json: bool = False, fail_on: str | None = None
) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    options = [*(["--json"] if as_json else []), *(["--fail-on", fail_on] if fail_on else [])]
    with redirect_stdout(out), redirect_stderr(err):
        status = main(root, ["diff", *options, "--", old, new])
    return Outcome(status, out.getvalue(), err.getvalue())


def write(folder: Path, name: str = "x", words: str = "one") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.yaml").write_text(ROOT_SPEC)
    (folder / "shared.yaml").write_text(SHARED.format(name=name, words=words))
    return folder


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *identity, *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three commits: v1, v2 (breaks), v3 (words), and an edited work tree."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.chdir(root)
    git(root, "init", "-q", "-b", "main")
    for tag, name, words in (("v1", "x", "one"), ("v2", "y", "one"), ("v3", "y", "two")):
        write(root / "specs", name, words)
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", tag)
        git(root, "tag", tag)
    write(root / "specs", "z", "two")
    return root


def rules(outcome: Outcome) -> list[str]:
    assert outcome.err == ""
    return [change["rule"] for change in json.loads(outcome.out)["changes"]]


def test_two_revisions_are_read_without_a_checkout(project: Path) -> None:
    assert rules(diff(project, "v1", "v2", as_json=True)) == ["property-removed", "property-added"]
    assert rules(diff(project, "v2", "HEAD", as_json=True)) == ["description-changed"]
    assert "z:" in (project / "specs" / "shared.yaml").read_text()


def test_a_revision_is_compared_with_the_work_tree(project: Path) -> None:
    assert rules(diff(project, "v3", "specs", as_json=True)) == [
        "property-removed",
        "property-added",
    ]


@pytest.mark.parametrize("path", ["specs", "specs/", "./specs", "specs/api.yaml"])
def test_a_revision_may_name_its_path(project: Path, path: str) -> None:
    assert rules(diff(project, f"v2:{path}", "v3", as_json=True)) == ["description-changed"]


def test_a_project_below_the_top_of_its_repository_reads_its_own_specs(project: Path) -> None:
    below = project / "sdk"
    write(below / "specs", "deep")
    git(project, "add", "sdk")
    git(project, "commit", "-q", "-m", "below")

    assert rules(diff(below, "HEAD", "sdk/specs", as_json=True)) == []
    assert rules(diff(below, "HEAD:specs/api.yaml", "sdk/specs/api.yaml", as_json=True)) == []


@pytest.mark.parametrize(
    ("ref", "problem"),
    [
        ("gone", "neither a path nor a git revision"),
        ("", "neither a path nor a git revision"),
        ("--output=x", "neither a path nor a git revision"),
        (":specs", "neither a path nor a git revision"),
        ("v1:gone", "'gone' does not exist in revision 'v1'"),
        ("v1:../specs", "within the project"),
        ("v1:/etc", "within the project"),
        ("empty", "no *.yaml file"),
    ],
)
def test_a_bad_reference_is_one_line_and_status_2(project: Path, ref: str, problem: str) -> None:
    (project / "empty").mkdir()

    outcome = diff(project, ref, "specs")

    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert problem in outcome.err


def test_a_reference_outside_a_repository_is_one_line_and_status_2(tmp_path: Path) -> None:
    outcome = diff(tmp_path, "HEAD", str(write(tmp_path / "specs")))

    assert (outcome.status, outcome.err.count("\n")) == (2, 1)


def test_revisions_need_git_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = diff(tmp_path, "HEAD", "HEAD")

    assert (outcome.status, "git is not installed" in outcome.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("paths:\n  a: b: c\n", "api.yaml:2: not valid YAML"),
        ("- a", "is not a mapping"),
        ("paths: {/a: {$ref: 'gone.yaml#/x'}}", "gone.yaml"),
    ],
)
def test_a_spec_that_cannot_be_read_is_one_line_and_status_2(
    tmp_path: Path, text: str, problem: str
) -> None:
    good = write(tmp_path / "good")
    (tmp_path / "api.yaml").write_text(text)

    for ref in (tmp_path / "api.yaml", tmp_path):
        outcome = diff(tmp_path, str(good / "api.yaml"), str(ref))

        assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
        assert problem in outcome.err


BOMB = "\n".join(["a0: &a0 [1]", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]" for n in range(1, 9))])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOMB, "api.yaml:2: YAML aliases are not supported"),
        ("a: &a [*a]", "api.yaml:1: YAML aliases are not supported"),
        ("openapi: 3.0.3\npaths: {}", "api.yaml:1: OpenAPI 3.0.3 is not supported"),
        ("swagger: '2.0'\npaths: {}", "api.yaml:1: OpenAPI 2.0 is not supported"),
        ("a: " + "[" * 200 + "]" * 200, "nested more than 100 levels deep"),
    ],
    ids=["alias bomb", "alias to itself", "OpenAPI 3.0", "Swagger", "deep nesting"],
)
def test_a_hostile_document_is_one_line_and_status_2(
    tmp_path: Path, text: str, problem: str
) -> None:
    good = write(tmp_path / "good")
    (tmp_path / "api.yaml").write_text(text)

    outcome = diff(tmp_path, str(good), str(tmp_path / "api.yaml"))

    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert problem in outcome.err


def test_a_device_is_not_read(tmp_path: Path) -> None:
    outcome = diff(tmp_path, str(write(tmp_path / "good")), "/dev/zero")

    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "is not a regular file" in outcome.err


def test_a_single_file_brings_those_that_it_refers_to(tmp_path: Path) -> None:
    write(tmp_path / "old")
    write(tmp_path / "new", "y")
    (tmp_path / "old" / "api.yaml").rename(tmp_path / "old" / "other.yaml")

    outcome = diff(tmp_path, "old/other.yaml", "new/api.yaml", as_json=True)

    assert rules(outcome) == ["property-removed", "property-added"]


def test_relative_paths_are_those_of_the_working_directory_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, root = tmp_path / "here", tmp_path / "root"
    write(here / "specs", "y")
    write(root / "specs", "x")
    monkeypatch.chdir(here)

    outcome = diff(root, "specs", str(here / "specs"), as_json=True)

    assert rules(outcome) == []


def test_the_status_is_1_only_for_a_breaking_change_and_only_when_asked(tmp_path: Path) -> None:
    write(tmp_path / "a", "x", "one")
    write(tmp_path / "b", "y", "one")
    write(tmp_path / "c", "x", "two")

    assert diff(tmp_path, "a", "b").status == 0
    assert diff(tmp_path, "a", "b", fail_on="breaking").status == 1
    assert diff(tmp_path, "a", "c", fail_on="breaking").status == 0
    assert diff(tmp_path, "a", "a", fail_on="breaking").status == 0


def test_an_unknown_fail_on_is_a_usage_problem(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        diff(tmp_path, "a", "b", fail_on="everything")


def test_text_is_the_default_and_json_is_one_document(tmp_path: Path) -> None:
    write(tmp_path / "a", "x")
    write(tmp_path / "b", "y")

    assert diff(tmp_path, "a", "b").out.startswith("Breaking (1)\n  property-removed  schema A.x\n")
    assert json.loads(diff(tmp_path, "a", "b", as_json=True).out)["bump"] == "major"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_asks_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    write(tmp_path / "a", "x")
    write(tmp_path / "b", "y")
    monkeypatch.setenv("NO_COLOR", no_color)
    out = Terminal()

    with redirect_stdout(out):
        main(tmp_path, ["diff", "a", "b"])

    assert ("\033[" in out.getvalue()) is coloured
