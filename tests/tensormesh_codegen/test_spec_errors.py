"""What is wrong in a spec is told in one line that names the file, the line and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import mistakes_in_documents, mistakes_in_operations, mistakes_in_schemas
from support.cases import for_each
from support.mini_spec import MINI, project
from support.mistakes import Case, used

from tensormesh_codegen.cli import main

CASES = [
    *mistakes_in_documents.CASES,
    *mistakes_in_operations.CASES,
    *mistakes_in_schemas.CASES,
]


def errors_of(
    folder: Path, capsys: pytest.CaptureFixture[str], **specs: str
) -> list[tuple[str, int, str]]:
    """Generate, expect that to fail, and give the file, line and text of each problem."""
    root = project(folder / "project", **specs)
    status = main(root, ["generate"])
    out, err = capsys.readouterr()
    *lines, last = err.splitlines()
    assert status == 2
    assert out == ""
    assert re.fullmatch(rf"codegen.py generate: {len(lines)} problems?: nothing was written", last)
    assert not (root / "generated").exists()
    found = [re.fullmatch(r"(specs/\w+\.yaml|specs):(\d+): (.+: .+)", line) for line in lines]
    assert all(found), lines
    return [(match[1], int(match[2]), match[3]) for match in found if match]


@pytest.mark.slow
@for_each("case", CASES, ids=[case.name for case in CASES])
def test_mistake_is_told_in_one_line_with_its_place_and_what_to_do(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((file, line, problem),) = errors_of(tmp_path, capsys, mini=case.text())
    assert file == "specs/mini.yaml"
    assert case.problem in problem
    assert case.names(line)


def test_names_of_mistakes_are_their_own() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_every_mistake_of_a_run_is_told_in_order_of_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MINI.replace("operationId: get_balance", "operationId: getBalance")
    text = text.replace("summary: Run a thing", 'summary: ""')
    found = errors_of(tmp_path, capsys, mini=text)
    lines = [line for _, line, _ in found]
    assert len(found) == 2
    assert lines == sorted(lines)


# ---- Files


def test_missing_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path, ["generate"]) == 2
    assert main(tmp_path, ["check"]) == 2
    line = "specs:1: no *.yaml file found: add the specs"
    assert capsys.readouterr().err.splitlines().count(line) == 2


def test_empty_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = errors_of(tmp_path, capsys)
    assert found == [("specs", 1, "no *.yaml file found: add the specs")]


@for_each(
    ("text", "problem"),
    [
        ("", "the document is empty: write an OpenAPI 3.1 document"),
        (
            "# nothing yet\n",
            "the document is empty: write an OpenAPI 3.1 document",
        ),
        ("- openapi\n", "the document is not a mapping: write an OpenAPI 3.1 document"),
        ("openapi: 3.1.0\n", "info is missing: add it to this document"),
        ("title: Mini\n", "openapi is None: write `openapi: 3.1.0`"),
    ],
)
def test_file_without_a_document_is_told(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert errors_of(tmp_path, capsys, mini=text) == [("specs/mini.yaml", 1, problem)]


def test_file_that_cannot_be_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path / "project", mini=MINI)
    (root / "specs" / "latin.yaml").write_bytes("title: Gr\xf6\xdfe".encode("latin-1"))
    (root / "specs" / "folder.yaml").mkdir()
    (root / "specs" / "old.yml").write_text(MINI, encoding="utf-8")
    assert main(root, ["generate"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "specs/folder.yaml:1: is not a regular file: expected a YAML file",
        "specs/latin.yaml:1: not valid UTF-8 (byte 9): save the file as UTF-8",
        "specs/old.yml:1: unsupported file name: rename it to *.yaml",
        "codegen.py generate: 3 problems: nothing was written",
    ]


def test_broken_spec_leaves_what_was_generated_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path / "project", mini=MINI.replace("    get:", "    fetch:"))
    kept = root / "generated" / "kept.py"
    kept.parent.mkdir()
    kept.write_text("KEPT = True\n", encoding="utf-8")
    assert main(root, ["generate"]) == 2
    assert [path.name for path in root.joinpath("generated").iterdir()] == ["kept.py"]


def test_spec_that_refers_to_files_and_urls_opens_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("opened a URL")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    secret = tmp_path / "secret.yaml"
    secret.write_text("type: integer\n", encoding="utf-8")
    for ref in (secret.as_uri(), "http://127.0.0.1:9/spec.yaml"):
        text = MINI.replace("extra: {}", f"extra: {{default: {{$ref: '{ref}'}}}}")
        root = project(tmp_path / ref.partition(":")[0], mini=text)
        assert main(root, ["generate"]) == 0
        model = root / "generated" / "tensormesh_api" / "mini" / "models" / "thing.py"
        assert "$ref" in model.read_text(encoding="utf-8")


# ---- Two hosts of one package

COMPONENTS = MINI.index("components:\n")
SHARED_COMPONENTS = MINI.index("  parameters:\n", COMPONENTS)
SHARED = f"""\
openapi: 3.1.0
info: {{title: Shared, version: "1"}}
components:
{MINI[SHARED_COMPONENTS:]}"""


def host(name: str) -> str:
    """The mini spec as one of two hosts, with its shared components in another file."""
    text = MINI[:COMPONENTS].replace('"#/components', '"shared.yaml#/components')
    for tag in ("things", "runs", "billing"):
        text = text.replace(f"tags: [{tag}]", f"tags: [{name}_{tag}]")
    return (
        text.replace("x-tm-host: mini", f"x-tm-host: {name}") + MINI[COMPONENTS:SHARED_COMPONENTS]
    )


def test_two_hosts_share_one_package(tmp_path: Path) -> None:
    root = project(tmp_path / "project", shared=SHARED, one=host("one"), two=host("two"))
    assert main(root, ["generate"]) == 0
    api = root / "generated" / "tensormesh_api" / "mini" / "api"
    folders = sorted(path.name for path in api.iterdir() if path.is_dir())
    assert folders == sorted(
        f"{n}_{t}" for n in ("one", "two") for t in ("billing", "runs", "things")
    )


def two_hosts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], two: str, shared: str = SHARED
) -> list[tuple[str, int, str]]:
    return errors_of(tmp_path, capsys, shared=shared, one=host("one"), two=two)


def test_hosts_that_disagree_on_a_schema_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = host("two").replace(
        "shared.yaml#/components/schemas/Balance", "#/components/schemas/Balance"
    )
    two += "  schemas:\n    Balance: {type: object, properties: {dollars: {type: integer}}}\n"
    ((file, line, problem),) = two_hosts(tmp_path, capsys, two)
    assert (file, line) == ("specs/two.yaml", len(two.splitlines()))
    assert problem == "schema Balance differs from specs/one.yaml: share one definition"


def test_hosts_that_disagree_on_an_operation_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = host("two").replace("description: Newest first.", "description: Oldest first.")
    ((file, line, problem),) = two_hosts(tmp_path, capsys, two)
    assert (file, two.splitlines()[line - 1]) == ("specs/two.yaml", "    get:")
    assert problem == "list_things differs from specs/one.yaml in doc: make them agree"


@pytest.mark.parametrize("lacking", ["one", "two"])
def test_host_that_lacks_an_operation_is_told(
    lacking: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = {name: host(name) for name in ("one", "two")}
    text = specs[lacking]
    start, end = text.index("  /v1/billing/balance:"), text.index("  /v1/billing/transactions:")
    specs[lacking] = text[:start] + text[end:]
    shared = SHARED.replace(*used("Balance"))
    ((file, line, problem),) = errors_of(tmp_path, capsys, shared=shared, **specs)
    assert (file, specs[lacking].splitlines()[line - 1]) == (f"specs/{lacking}.yaml", "paths:")
    assert problem == "get_balance is missing, but another host of the package has it: add it"


def test_hosts_with_one_name_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = host("two").replace("x-tm-host: two", "x-tm-host: one")
    ((file, line, problem),) = two_hosts(tmp_path, capsys, two)
    assert (file, line) == ("specs/two.yaml", 3)
    assert problem == "host 'one' is already in use: rename this one"


def test_hosts_that_share_a_tag_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = host("two").replace("tags: [two_runs]", "tags: [one_runs]")
    ((file, line, problem),) = two_hosts(tmp_path, capsys, two)
    assert (file, two.splitlines()[line - 1]) == ("specs/two.yaml", "      tags: [one_runs]")
    assert problem == "tag 'one_runs' is also used by specs/one.yaml: use another tag"


def test_component_of_two_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = "  schemas:\n    Balance: {$ref: 'shared.yaml#/components/schemas/Balance'}\n"
    ((file, _, problem),) = two_hosts(tmp_path, capsys, host("two") + own)
    assert file == "specs/shared.yaml"
    assert problem == "schemas 'Balance' also exists in specs/two.yaml: rename one"
