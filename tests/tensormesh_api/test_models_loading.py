"""A model is loaded when it is first used, with no more than it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from support.cases import for_each
from support.model_strategies import ENUMS, MODELS, MODULES, SCHEMAS, UNIONS, resolved
from support.project_files import ROOT

from tensormesh_api.control_plane import models as management_models
from tensormesh_api.control_plane import pages as management_pages
from tensormesh_api.control_plane import params as management_params
from tensormesh_api.inference import models, params

PACKAGE = models.__name__
CHUNKS = ["ChatCompletionChunk", "TextCompletionChunk", "ResponseStreamEvent"]


def fresh(program: str) -> Any:
    """What a program leaves in `result`, run in a process of its own."""
    whole = (
        f"import sys; sys.path[:0] = {[str(ROOT / 'overlay'), str(ROOT / 'generated')]!r}\n"
        f"{program}\n"
        "import json; print(json.dumps(result))"
    )
    # -I: the environment must not load something first.
    done = subprocess.run(
        [sys.executable, "-I", "-c", whole], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


PUBLIC_TYPES = {
    *(name for package in (models, params) for name in package.__all__),
    *(name for package in (management_models, management_params) for name in package.__all__),
    *management_pages.__all__,
    *("AsyncPage", "BaseModel", "SyncPage", "UnknownVariant"),
}
LOADED = f"sorted(name for name in sys.modules if name.startswith('{PACKAGE}.'))"


@cache
def loaded_by_each() -> dict[str, list[str]]:
    """For each public name of the models the modules that its first use loads."""
    loaded: dict[str, list[str]] = fresh(
        "from importlib import import_module\n"
        "result = {}\n"
        f"for name in {models.__all__!r}:\n"
        f"    for module in {LOADED}:\n"
        "        del sys.modules[module]\n"
        f"    sys.modules.pop('{PACKAGE}', None)\n"
        f"    getattr(import_module('{PACKAGE}'), name)\n"
        f"    result[name] = {LOADED}\n"
    )
    return loaded


def references(name: str) -> set[str]:
    """The models and unions that a model's fields hold, and theirs; those of unions left out."""
    found: set[str] = set()
    waiting = [] if "oneOf" in SCHEMAS[name] else [SCHEMAS[name]]
    while waiting:
        node = waiting.pop()
        if "$ref" in node and "enum" not in resolved(node):
            target = node["$ref"].rpartition("/")[2]
            if target not in found:
                found.add(target)
                waiting += [] if "oneOf" in SCHEMAS[target] else [SCHEMAS[target]]
        inner = [*node.get("properties", {}).values(), *node.get("anyOf", [])]
        inner += [node.get("items"), node.get("additionalProperties")]
        waiting += [each for each in inner if isinstance(each, dict)]
    return found


def test_importing_the_package_loads_no_model() -> None:
    assert fresh(f"import {PACKAGE}\nresult = {LOADED}") == []


def test_a_message_loads_nothing_but_its_own_parts() -> None:
    loaded = [name.rpartition(".")[2] for name in loaded_by_each()["ChatMessage"]]
    assert loaded == [
        "chat_completion_function_call",
        "chat_completion_tool_call",
        "chat_content_part",
        "chat_message",
    ]


@for_each("name", [*MODELS, *ENUMS, *UNIONS])
def test_name_loads_nothing_but_what_its_fields_refer_to(name: str) -> None:
    expected = {MODULES[each] for each in {name, *references(name)}}
    assert set(loaded_by_each()[name]) == expected


@pytest.mark.parametrize("name", CHUNKS)
def test_reading_a_stream_loads_few_modules(name: str) -> None:
    assert len(loaded_by_each()[name]) < 15


def test_a_variant_of_a_union_is_loaded_when_it_first_comes() -> None:
    before, after = fresh(
        f"from {PACKAGE}.chat_content_part import chat_content_part_from_dict as read\n"
        f"before = {LOADED}\n"
        "read({'type': 'text', 'text': 'hi'}), read({'type': 'no-such-kind'})\n"
        f"result = [before, {LOADED}]"
    )
    assert before == [f"{PACKAGE}.chat_content_part"]
    assert after == [f"{PACKAGE}.chat_content_part", f"{PACKAGE}.text_content_part"]


def test_packages_list_what_they_hold() -> None:
    assert set(models.__all__) <= set(dir(models))
    assert set(params.__all__) <= set(dir(params))
    with pytest.raises(AttributeError, match=f"module '{PACKAGE}' has no attribute 'NoSuchModel'"):
        _ = models.NoSuchModel


def test_public_types_list_every_model_and_every_params_class() -> None:
    names, listed, loaded = fresh(
        f"import tensormesh.types as types\nresult = [types.__all__, dir(types), {LOADED}]"
    )
    assert set(names) == PUBLIC_TYPES
    assert set(names) <= set(listed)
    assert loaded == []


def test_everything_can_be_imported_from_the_public_types_at_once() -> None:
    names, kinds = fresh(
        "names = {}\n"
        "exec('from tensormesh.types import *', names)\n"
        "del names['__builtins__']\n"
        "import tensormesh.types\n"
        "kinds = {type(getattr(tensormesh.types, name)) is type(names[name]) for name in names}\n"
        "result = [sorted(names), sorted(kinds)]"
    )
    assert set(names) == PUBLIC_TYPES
    assert kinds == [True]


def test_public_types_are_the_generated_ones() -> None:
    from tensormesh import types

    for package in (models, params):
        for name in package.__all__:
            assert getattr(types, name) is getattr(package, name)
    with pytest.raises(AttributeError, match="NoSuchModel"):
        _ = types.NoSuchModel
