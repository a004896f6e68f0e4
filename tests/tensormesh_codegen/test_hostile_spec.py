"""Whatever text a spec holds, it stays text: it becomes neither code nor a path."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import cycle, repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.mini_spec import (
    build_data,
    build_text,
    build_unvalidated,
    data,
    dump,
    project,
    render,
)

from tensormesh_codegen.cli import main
from tensormesh_codegen.errors import SpecError, SpecErrors

CALL = "__import__('os').system('touch pwned')"
HOSTILE = [
    CALL,
    f'"""\n{CALL}\n"""',
    f"'''\n{CALL}\n'''",
    f'"""{CALL}',
    f'x"""\n{CALL}\n#',
    f'\\"""\n{CALL}\n#',
    f'\\\\"""\n{CALL}\n#',
    f'")\n{CALL}\n#',
    f"')\n{CALL}\n#",
    f"\\\n{CALL}",
    'ends with a quote"',
    'ends with quotes"""',
    'ends with many quotes""""',
    'quotes, then what cannot be seen"\u200b',
    '""\u200b"',
    "ends with a backslash\\",
    "ends with backslashes\\\\\\",
    '\\"',
    "\\N{BULLET} \\x41 \\u0041 \\777",
    f"{{{{ {CALL} }}}}",
    "{{ cycler.__init__.__globals__.os.system('touch pwned') }}",
    f"{{% for x in (1,) %}}{CALL}{{% endfor %}}",
    "{# comment #} #} %} }}",
    f"{{{CALL}}}",
    "../../../../tmp/pwned",
    "..\\..\\pwned",
    "/etc/passwd",
    "C:\\pwned",
    "nul\x00byte",
    f"line\u2028{CALL}",
    f"paragraph\u2029{CALL}",
    f"next line\x85{CALL}",
    f"carriage\r{CALL}",
    f"form feed\x0c{CALL}",
    "bidi \u202e \u2066 override",
    "\uff46\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48 \uff49\uff4d\uff50\uff4f\uff52\uff54",
    "ideographic\u3000space",
    "homoglyph \u0441\u0430ll",
    "combining e\u0301\u0301",
    "\ufeffbyte order mark",
    "\U0001f4a5 \U000e0041 tag",
    "# noqa",
    "# type: ignore",
    "%s {} {0} $x",
    "None",
    "True",
    "class",
    "",
    " ",
    "\n",
]


def plant(texts: Iterator[str]) -> Any:
    """The mini spec with a text wherever a spec can hold any text, other than in names."""
    spec = data()
    spec["info"] = {key: next(texts) for key in ("title", "version", "description", "summary")}
    (server,) = spec["servers"]
    server |= {"url": next(texts), "description": next(texts)}
    variable = {"default": next(texts), "enum": [next(texts)], "description": next(texts)}
    server["variables"] = {next(texts): variable}
    spec["tags"] = [{"name": "things", "description": next(texts)}]
    for item in spec["paths"].values():
        for operation in item.values():
            operation["summary"] = f"Do {next(texts)}"
            operation["description"] = next(texts)
            for answer in operation["responses"].values():
                if "$ref" not in answer:
                    answer["description"] = next(texts)
    parameters = spec["paths"]["/v1/things"]["get"]["parameters"]
    parameters[0] |= {"description": next(texts), "example": next(texts)}
    good = spec["paths"]["/v1/things/{thingId}"]["get"]["responses"]["200"]
    nested = [next(texts), {"a": next(texts), next(texts): {}}, None, 1.5, True]
    good["x-tm-empty"] = {"thingId": next(texts), next(texts): nested}
    for schema in spec["components"]["schemas"].values():
        schema["description"] = next(texts)
        for item in (schema.get("properties") or {}).values():
            item["description"] = next(texts)
    properties = spec["components"]["schemas"]["Thing"]["properties"]
    properties["object"]["const"] = next(texts)
    properties["extra"] = {"default": {next(texts): [next(texts)]}, "examples": [next(texts)]}
    properties["stop"]["default"] = next(texts)
    spec["components"]["responses"]["Error"]["description"] = next(texts)
    return spec


@cache
def skeleton(text: str) -> str:
    """The structure of a module, its string constants left aside; of a page, all but its text."""
    if text.startswith("# SDK reference"):
        lines = text.split("\n")
        # The last cell of a row is text of the spec.
        cells = [re.split(r"(?<!\\)\|", line) for line in lines if line.startswith("|")]
        rows = [f"{'|'.join(row[:-2])} {len(row)}" for row in cells]
        return "\n".join([*rows, *(line for line in lines if line.startswith(("#", "```")))])
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def check_files(files: dict[str, str]) -> None:
    """Every file has a harmless name, and shows all that it says."""
    for name, text in files.items():
        module = r"tensormesh_api/([a-z0-9_]+/)*[a-z0-9_]+(\.py|\.typed)"
        assert name == "reference.md" or re.fullmatch(module, name)
        assert all(char.isprintable() or char == "\n" for char in text)


@cache
def clean() -> dict[str, str]:
    return render(build_data(plant(repeat("Some text."))))


def check_skeletons(files: dict[str, str]) -> None:
    check_files(files)
    assert files.keys() == clean().keys()
    for name, source in files.items():
        if source != clean()[name]:
            assert skeleton(source) == skeleton(clean()[name]), name


@pytest.mark.slow
@for_each("turn", range(8))
def test_hostile_text_changes_nothing_but_strings(turn: int) -> None:
    # Each turn puts other texts into each place.
    texts = HOSTILE[turn * 7 :] + HOSTILE[: turn * 7]
    check_skeletons(render(build_data(plant(cycle(texts)))))


# Pieces that end or escape something, so that arbitrary text is likely to be a bad one.
PIECES = st.sampled_from(['"', "'", "\\", "\n", " ", "#", "{{", "}}", "{%", "\u200b", "\x00", "."])
TEXTS = st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)).map(
    "".join
)


@pytest.mark.slow
@given(st.lists(TEXTS, min_size=1, max_size=20))
@example(["`", "|"])
@example(["```x```"])
@settings(max_examples=20, deadline=None)
def test_any_text_changes_nothing_but_strings(texts: list[str]) -> None:
    check_skeletons(render(build_unvalidated(plant(cycle(texts)))))


# ---- Names on the wire


def plant_names(text: str) -> Any:
    """The mini spec with a text as every name that only the wire knows."""
    spec = data()
    schemas = spec["components"]["schemas"]
    schemas["Shade"]["enum"] = [text]
    schemas["Note"] = {
        "type": "object",
        "required": [text],
        "properties": {text: {"type": "string"}},
    }
    schemas["RunRequest"]["properties"][text] = {"type": "string"}
    spec["paths"]["/v1/things"]["get"]["parameters"][0]["name"] = text
    kind = f"{text}~"
    for name in ("Wheel", "Box"):
        schemas[name]["properties"][kind] = {"type": "string"}
    schemas["Part"]["discriminator"]["propertyName"] = kind
    mapping = schemas["Part"]["discriminator"]["mapping"]
    mapping[text] = mapping.pop("wheel")
    return spec


@cache
def plain_names() -> dict[str, str]:
    return render(build_data(plant_names("plain")))


def check_names(text: str) -> bool:
    """A spec with this text as names is refused in so many words, or the text stays a string."""
    try:
        files = render(build_unvalidated(plant_names(text)))
    except SpecErrors:
        return False
    check_files(files)
    for name, source in files.items():
        if source != plain_names()[name] and name.endswith(".py"):
            check_identifiers(ast.parse(source))
    models = {name: files[f"tensormesh_api/mini/models/{name}.py"] for name in ("note", "part")}
    assert arguments(models["note"], "Shapes") == [text]
    assert arguments(models["part"], "Variants") == ["Part", f"{text}~"]
    return True


def check_identifiers(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            assert not isinstance(value, str) or re.fullmatch(r"\w+", value, re.ASCII)
        if isinstance(node, ast.Call):
            function = ast.unparse(node.func).rpartition(".")[2]
            assert function not in ("system", "__import__", "eval", "exec", "open", "compile")


def arguments(text: str, function: str) -> list[object]:
    """The texts that a module gives to a function."""
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    (call,) = [node for node in found if ast.unparse(node.func) == function]
    return [each.value for each in call.args if isinstance(each, ast.Constant)]


@pytest.mark.slow
@for_each("text", HOSTILE)
def test_hostile_names_of_the_wire_stay_strings(text: str) -> None:
    assert check_names(text)


@pytest.mark.slow
@given(TEXTS)
@settings(max_examples=20, deadline=None)
def test_any_names_of_the_wire_stay_strings(text: str) -> None:
    check_names(text)


# ---- Names in Python


BAD_NAMES = [
    "",
    "../x",
    "a/b",
    "a.b",
    "a b",
    "A",
    "class",
    "\uff41",
    "\u0430",
    "a\n",
    "a\x00",
    '"',
    "{{a}}",
    "_a",
]


@for_each("bad", BAD_NAMES)
@for_each("key", ["x-tm-package", "x-tm-host", "x-tm-config", "x-tm-method", "operationId", "tags"])
def test_name_that_would_reach_code_or_a_path_must_be_an_identifier(key: str, bad: str) -> None:
    spec = data()
    place = spec if key in ("x-tm-package", "x-tm-host") else spec["servers"][0]
    if key in ("x-tm-method", "operationId", "tags"):
        place = spec["paths"]["/v1/billing/balance"]["get"]
    place[key] = [bad] if key == "tags" else bad
    check_refused(spec)


@for_each("bad", [*(name for name in BAD_NAMES if name != "A"), "a_b", "\uff21", "A-B", "1A"])
def test_schema_name_must_be_a_class_name(bad: str) -> None:
    spec = data()
    schemas = spec["components"]["schemas"]
    schemas[bad] = schemas.pop("Balance")
    text = dump(spec).replace("#/components/schemas/Balance", f"#/components/schemas/{bad}")
    with pytest.raises((SpecError, SpecErrors), match=r"^specs/mini\.yaml:\d+: "):
        build_text(text)


BAD_PATHS = [
    *("v1", "/v1/{a b}", '/v1/"', "/v1/{a}{", "/v1/../x", "/v1/./x", "/v1\n", "/v1/\\", "/v1/{}"),
    *("/\u00e9", "/{{a}}", "/{%a%}", "/v1?x=1", "/v1#x", "https://evil.invalid/v1"),
    # For a pattern that tries every way to divide the path, this takes forever.
    "/" + "{a}" * 200 + "!",
]


@for_each("bad", BAD_PATHS)
def test_path_with_other_characters_is_refused(bad: str) -> None:
    spec = data()
    spec["paths"][bad] = spec["paths"].pop("/v1/billing/balance")
    check_refused(spec)


def check_refused(spec: Any) -> None:
    with pytest.raises(SpecErrors, match=r"^specs/mini\.yaml:1: "):
        build_unvalidated(spec)


# ---- The whole way, once


@pytest.mark.slow
def test_hostile_spec_runs_nothing_when_generated_imported_and_checked(tmp_path: Path) -> None:
    (text,) = [each for each in HOSTILE if each.startswith(f'\\"""\n{CALL}')]
    spec = plant(cycle([CALL, *HOSTILE]))
    spec["components"]["schemas"] |= plant_names(text)["components"]["schemas"]
    root = project(tmp_path / "project", mini=dump(spec))
    assert main(root, ["generate"]) == 0
    assert main(root, ["check"]) == 0
    made = set(tmp_path.rglob("*"))
    code = (
        "import importlib, pathlib, sys\n"
        "for path in sorted(pathlib.Path('tensormesh_api').rglob('*.py')):\n"
        "    importlib.import_module('.'.join(path.with_suffix('').parts))\n"
        "from tensormesh_api.mini.models import Note\n"
        "print(Note.from_dict({sys.argv[1]: 'kept'}).to_dict() == {sys.argv[1]: 'kept'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, text],
        cwd=root / "generated",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)
    assert set(tmp_path.rglob("*")) == made
    assert not Path("pwned").exists()
