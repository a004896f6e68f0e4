"""The documentation is true: code runs, links resolve, tables are complete."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.project_files import ROOT

import tensormesh
from tensormesh._settings import LOG_VARIABLE
from tensormesh.settings import SETTINGS
from tensormesh_cli.config.keys import KEYS
from tensormesh_codegen.vendor import VENDOR_KEYS
from tensormesh_local import LocalHost

DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]

# Checked by hand, as the record says.
TESTED_MANUALLY = {"The oldest supported versions of dependencies"}


def python_blocks(document: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_of_the_readme_prints_text_as_it_arrives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = python_blocks(ROOT / "README.md")[0]
    keys, models = ["YOUR_INFERENCE_API_KEY"], ["YOUR_MODEL"]
    printed: list[tuple[str, float]] = []

    def record(text: str, *, end: str, flush: bool) -> None:
        assert (end, flush) == ("", True)
        printed.append((text, time.monotonic()))

    def run() -> float:
        """Return the time between the first piece of text and the last."""
        printed.clear()
        exec(compile(block, "README.md", "exec"), {"print": record})
        assert "".join(text for text, _ in printed) == "Hello! How can I help you today?"
        return printed[-1][1] - printed[0][1]

    with LocalHost(api_keys=keys, extra_models=models, latency_ms=10) as host:
        monkeypatch.setenv("TENSORMESH_SERVERLESS_BASE_URL", host.serverless_base_url)
        # On a busy machine, the whole stream may have arrived before the program reads any of it.
        assert any(run() > 0.02 for _ in range(10))


def test_the_readme_shows_make_demo_and_make_test_before_any_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 0 < text.index("make demo") < text.index("make test") < text.index("```python")


@pytest.mark.parametrize("name", ["structured-output", "tools"])
def test_the_first_example_of_a_page_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    block = python_blocks(ROOT / "docs" / f"{name}.md")[0]
    with LocalHost(api_keys=["..."]) as host:
        monkeypatch.setenv("TENSORMESH_SERVERLESS_BASE_URL", host.serverless_base_url)
        run_block(block, monkeypatch)


def test_the_quoted_prompt_and_error_of_structured_output_are_real(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (ROOT / "docs" / "structured-output.md").read_text("utf-8")
    (prompt,) = re.findall(r"(?:^> .*\n)+", text, re.MULTILINE)
    (message,) = re.findall(r"(?:^    the .*\n(?:    .*\n)*)", text, re.MULTILINE)
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        invoice = {
            "number": "1",
            "lines": [
                {"item": "a", "quantity": 1, "price": 1},
                {"item": "b", "quantity": 1, "price": "2 EUR"},
            ],
        }
        message = {"role": "assistant", "content": json.dumps(invoice)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        head = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        return httpx.Response(200, json={**head, "choices": [choice]})

    types = python_blocks(ROOT / "docs" / "structured-output.md")[0].partition("with ")[0]
    names = run_block(types, monkeypatch)
    http = httpx.Client(transport=httpx.MockTransport(answer))
    client = tensormesh.Tensormesh(inference_api_key="key", http_client=http)
    with pytest.raises(tensormesh.StructuredOutputError) as caught:
        client.inference.serverless.chat.completions.parse(
            model="m",
            messages=[{"role": "user", "content": "Extract."}],
            response_model=names["Invoice"],
        )
    assert words(message) == words(str(caught.value))
    start, _, _ = words(prompt.replace("> ", "")).partition(" {schema}")
    assert words(sent[0]["messages"][0]["content"]).startswith(start)


def run_block(block: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run a block as a module that its classes can be found in."""
    module = ModuleType("block")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(block, "block", "exec"), vars(module))
    return vars(module)


def words(text: str) -> str:
    return " ".join(text.split())


@for_each("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_headings_resolve(document: Path) -> None:
    for path, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text("utf-8")):
        target = document.parent / path if path else document
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
        slugs = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
        assert anchor in slugs, f"{path}#{anchor}"


@for_each("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_python_block_compiles(document: Path) -> None:
    for block in python_blocks(document):
        ast.parse(block)


@for_each("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_resolve(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if not target.startswith("http") and not (document.parent / target).exists()
    ]
    assert missing == []


@for_each("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_mentioned_in_the_text_exist(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    paths = re.findall(
        r"`((?:docs|examples|generated|overlay|specs|templates|tests)/[^`*]*)`", text
    )
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_layout_in_contributing_lists_every_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    packages = {f"overlay/{path.parent.name}/" for path in ROOT.glob("overlay/*/__init__.py")}
    assert packages == set(re.findall(r"^\| `(overlay/\w+/)`", text, re.MULTILINE))


@for_each("name", ["README.md", "SECURITY.md"])
def test_runtime_dependencies_are_listed(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[^\w-]", each)[0] for each in project["dependencies"]]
    *first, last = [f"`{each}`" for each in sorted(names)]
    sentence = f"The runtime dependencies are {', '.join(first)} and {last}."
    assert sentence in words((ROOT / name).read_text("utf-8"))


def test_the_readme_lists_every_setting_with_its_variable() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for setting in SETTINGS.values():
        default = setting.default_text or ""
        cells = [
            f"`{setting.name}`",
            f"`{setting.variable}`" if setting.variable else "",
            setting.host or "all",
            f"`{default}`" if default.startswith("http") else default,
        ]
        assert "| " + " | ".join(cells).replace("|  |", "| |").rstrip() + " |\n" in text
    assert f"| | `{LOG_VARIABLE}` |" in text


@pytest.mark.parametrize("client", [tensormesh.Tensormesh, tensormesh.AsyncTensormesh])
def test_the_clients_describe_every_setting_as_the_table_does(client: type) -> None:
    text = " ".join((inspect.getdoc(client) or "").split())
    arguments = set(inspect.signature(client).parameters) - {"http_client"}
    copied = set(inspect.signature(tensormesh.Tensormesh.with_options).parameters) - {"self"}
    assert arguments == copied == set(SETTINGS)
    for setting in SETTINGS.values():
        described = f"{setting.name}: {setting.description}"
        if setting.variable:
            described += f" Environment variable: `{setting.variable}`."
        if setting.default_text:
            described += f" Default: {setting.default_text}."
        assert described in text


def test_the_guide_to_tm_lists_every_setting_with_variable_and_default() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for key in KEYS.values():
        if key.writable:
            variable = f" `{key.variable}`" if key.variable else ""
            assert f"| `{key.name}` |{variable} |" in text
        elif key.variable:
            assert f"| | `{key.variable}` |" in text
        default = f"{key.default}"
        assert key.default is None or f"| {default} |" in text or f"| `{default}` |" in text


def test_the_guide_lists_every_error_class() -> None:
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    errors = [name for name in tensormesh.__all__ if name.endswith("Error")]
    assert [name for name in errors if f"`{name}`" not in text] == []


def test_the_page_on_specs_explains_every_vendor_key() -> None:
    text = (ROOT / "docs" / "specs.md").read_text(encoding="utf-8")
    assert [key for key in VENDOR_KEYS if f"`{key}`" not in text] == []


def test_modules_mentioned_in_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([a-z_0-9/]+\.py)`", text))
    files = [path.as_posix() for path in ROOT.rglob("*.py") if ".venv" not in path.parts]
    assert names
    assert [name for name in names if not any(file.endswith(f"/{name}") for file in files)] == []


def test_every_row_of_the_record_names_existing_tests_or_a_reason() -> None:
    text = (ROOT / "docs" / "reliability-record.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.split("\n") if line.startswith("| ")]
    lines = [row for row in rows if row[1] != "here" and "---" not in row[0]]
    assert len(lines) > 60
    for line, here in lines:
        names = re.findall(r"`((?:[a-z_]+/)+test_[a-z0-9_]+\.py)`", here)
        assert [name for name in names if not (ROOT / "tests" / name).exists()] == []
        assert names or here.startswith("Out of scope") or line in TESTED_MANUALLY, line


def test_every_reliability_promise_names_existing_tests() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    text = text.partition("## Figures")[0]
    tables = re.findall(r"^\| promise .*\n\|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    promises = [row for table in tables for row in table.splitlines()]
    assert len(promises) > 30
    for promise in promises:
        names = re.findall(r"`((?:[a-z_]+/)+test_[a-z0-9_]+\.py)`", promise)
        assert names, promise
        assert [name for name in names if not (ROOT / "tests" / name).exists()] == []
