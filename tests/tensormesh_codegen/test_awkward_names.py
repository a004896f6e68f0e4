"""Names that mean something in Python, or to generated code, can all be used on the wire."""

from __future__ import annotations

import ast
import builtins
import keyword
import subprocess
import sys
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from support.mini_spec import ROOT, build_data, data, dump, importable, part, project

from tensormesh_codegen.cli import main
from tensormesh_codegen.names import RESERVED_CLASSES

FIELDS = sorted(
    {
        *keyword.kwlist,
        *keyword.softkwlist,
        *(name for name in dir(builtins) if name.islower() and not name.startswith("_")),
        *("self", "cls", "data", "get", "value", "shape", "key", "item", "datetime", "attrs"),
        *("additional_properties", "from_dict", "to_dict", "define", "classmethod", "model"),
        *("extra", "check_string", "read_time", "write_time", "mapping"),
        *("keys", "values", "items", "update", "pop", "copy", "clear", "mro", "stream"),
        *(
            "missing",
            "path_part",
            "wire",
            "wire_object",
            "operation",
            "request",
            "options",
            "params",
        ),
        *("body", "query", "path", "result", "client", "api", "annotations", "type_checking"),
    }
    - {"None", "True", "False", "_"}
)
METHODS = ["list", "get", "type", "id", "print", "missing", "quote", "wire_object", "send", "any"]
NAMESPACES = [
    "list",
    "type",
    "print",
    "models",
    "resources",
    "requests",
    "all.any.each",
    "all.any.type",
]


def awkward() -> Any:
    """The mini spec with these names for fields, arguments, methods and namespaces."""
    spec = data()
    schemas = spec["components"]["schemas"]
    kinds: list[dict[str, Any]] = [
        {"type": "string"},
        {"type": ["string", "null"], "format": "date-time"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Run"}},
        {"type": "object", "additionalProperties": {"type": "boolean"}},
    ]
    fields = {name: kinds[index % len(kinds)] for index, name in enumerate(FIELDS)}
    schemas["Note"] = {"type": "object", "required": FIELDS[:40], "properties": fields}
    arguments = {name: kind for name, kind in fields.items() if name != "stream"}
    schemas["ThingRequest"]["properties"] |= arguments
    texts = {name: {"type": "string"} for name in arguments}
    schemas["RunRequest"]["properties"] |= texts
    queries = [
        {"name": name, "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
        for name in FIELDS
    ]
    good = spec["paths"]["/v1/billing/balance"]["get"]["responses"]
    for namespace in NAMESPACES:
        for method in METHODS:
            name = f"{namespace.replace('.', '_')}_{method}"
            spec["paths"][f"/v1/{name}"] = {
                "get": {
                    "operationId": name,
                    "tags": ["models"],
                    "summary": "Try a name",
                    "x-tm-resource": namespace,
                    "x-tm-method": method,
                    "x-tm-provenance": "inferred",
                    "parameters": queries if name == "list_list" else [],
                    "responses": good,
                }
            }
    return spec


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("awkward") / "project", mini=dump(awkward()))
    assert main(root, ["generate"]) == 0
    return root / "generated"


@pytest.mark.slow
def test_awkward_names_pass_the_strict_type_checker_and_the_linter(generated: Path) -> None:
    cache = ROOT / ".mypy_cache" / "generated"
    for command in (
        ["mypy", "--config-file", "pyproject.toml", "--cache-dir", str(cache), "generated"],
        ["ruff", "check", "--no-cache", "generated"],
    ):
        run = [sys.executable, "-m", *command]
        done = subprocess.run(
            run, cwd=generated.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_awkward_fields_are_read_and_given_back(generated: Path) -> None:
    samples = ["a", "2026-01-02T03:04:05Z", [{"id": "r"}], {"a": True}]
    body = {name: samples[index % len(samples)] for index, name in enumerate(FIELDS)}
    with importable(generated) as package:
        model = part(package, "models").Note
        note = model.from_dict(body)
        assert note.to_dict() == body
        assert note.additional_properties == {}
        assert model.from_dict(note.to_dict()) == note
        assert note.class_ is not None


def test_awkward_arguments_reach_the_wire_under_their_own_names(generated: Path) -> None:
    reserved = {"additional_properties", "from_dict", "to_dict", "cls", "self", *keyword.kwlist}
    reserved |= {"bool", "classmethod", "datetime", "dict", "float", "int", "list", "property"}
    reserved |= {"str"}
    names = {name: f"{name}_" if name in reserved else name for name in FIELDS}
    with importable(generated) as package:
        list_list = part(package, "api.models.list_list")
        request = list_list.build_request(**{name: ["a"] for name in names.values()})
        assert request.query == {name: ["a"] for name in FIELDS}
        run_thing = part(package, "api.runs.run_thing")
        texts = {name: "a" for wire, name in names.items() if wire != "stream"}
        request = run_thing.build_request(stream=True, thing_id="t", **texts)
        assert request.body.keys() == set(FIELDS)


def test_awkward_methods_and_namespaces_call_their_own_operations(generated: Path) -> None:
    class Client:
        def send(self, request: Any, options: Any) -> Any:
            return request.operation.id

    with importable(generated) as package:
        root = part(package, "resources").MiniResources(Client(), part(package, "api").MINI)
        for namespace in NAMESPACES:
            node = reduce(getattr, namespace.split("."), root)
            for method in METHODS:
                name = f"{namespace.replace('.', '_')}_{method}"
                assert getattr(node, method)() == name


KEYWORDS = [
    *("$ref", "type", "properties", "items", "enum", "const", "default", "example", "examples"),
    *("mapping", "discriminator", "schema", "schemas", "content", "parameters", "paths", "value"),
    *("components", "responses", "required", "x-tm-method", "additionalProperties"),
]


def test_keywords_of_openapi_mean_nothing_as_names_of_fields() -> None:
    spec = data()
    schemas = spec["components"]["schemas"]
    text = {"type": "string", "description": "Whole # text."}
    inner = {key: {"$ref": "#/components/schemas/Run"} for key in KEYWORDS}
    schemas["Note"] = {"type": "object", "required": KEYWORDS, "properties": inner}
    schemas["Run"] = {"type": "object", "properties": dict.fromkeys(KEYWORDS, text)}
    (package,) = build_data(spec)
    models = {model.name: {each.wire: each for each in model.fields} for model in package.models}
    assert [models["Note"][key].type.name for key in KEYWORDS] == ["Run"] * len(KEYWORDS)
    assert [models["Run"][key].doc for key in KEYWORDS] == ["Whole # text."] * len(KEYWORDS)


def test_every_name_that_generated_code_needs_for_itself_is_reserved(mini_project: Path) -> None:
    generated = mini_project / "generated" / "tensormesh_api"
    own: set[str] = {*data()["components"]["schemas"], *dir(builtins)}
    used = set()
    for path in generated.rglob("*.py"):
        # Neither the runtime nor a command ever sees a schema's name.
        if path.parent == generated or path.parent.name == "commands":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                used.update(alias.asname or alias.name for alias in node.names)
            elif isinstance(node, ast.ClassDef) and path.stem in ("_base", "__init__"):
                used.add(node.name)
            elif isinstance(node, ast.ClassDef):
                own.add(node.name)
    needed = {name for name in used - own if name[0].isupper() and not name.isupper()}
    variants = ("Resources", "WithRawResponse", "WithStreamingResponse")
    roots = {f"{prefix}Mini{variant}" for prefix in ("", "Async") for variant in variants}
    assert needed - roots == RESERVED_CLASSES
