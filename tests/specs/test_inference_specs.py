"""The inference specs keep the rules that the generator and the reader rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_spec_validator import OpenAPIV31SpecValidator
from support.cases import for_each
from support.inference_specs import (
    HOSTS,
    Json,
    bundle,
    component,
    operations,
    problems,
    resolve,
    spec,
    validator,
)

PROVENANCE = {"documented", "observed", "inferred"}
VENDOR_KEYS = {
    "x-tm-package",
    "x-tm-host",
    "x-tm-post-timeout",
    "x-tm-config",
    "x-tm-resource",
    "x-tm-method",
    "x-tm-stream",
    "x-tm-pagination",
    "x-tm-cli",
    "x-tm-empty",
    "x-tm-json-text",
    "x-tm-provenance",
    "x-tm-provenance-note",
}
KEY: dict[str, list[str]] = {"InferenceApiKey": []}


def every_operation() -> list[Any]:
    return [
        pytest.param(host, path, method, operation, id=f"{host}-{method}-{path}")
        for host in HOSTS
        for path, method, operation in operations(host)
    ]


def walk(node: Json, *trail: str) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Every mapping of a document with the keys that lead to it, examples left out."""
    if isinstance(node, dict):
        yield trail, node
        for key, value in node.items():
            if key not in ("examples", "example"):
                yield from walk(value, *trail, str(key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, *trail, str(index))


SCHEMAS: dict[str, Json] = spec("inference")["components"]["schemas"]
COMPONENT_NAMES = list(SCHEMAS)


# ---- The documents as a whole


@pytest.mark.parametrize("host", HOSTS)
def test_bundled_document_is_valid_openapi(host: str) -> None:
    OpenAPIV31SpecValidator(bundle(host)).validate()


@pytest.mark.parametrize("host", HOSTS)
def test_generator_reads_the_bundled_document_without_a_warning(host: str) -> None:
    config = Config.from_sources(
        ConfigFile(), MetaType.NONE, Path("specs"), "utf-8", overwrite=True, output_path=None
    )
    data = GeneratorData.from_dict(bundle(host), config=config)
    assert isinstance(data, GeneratorData)
    assert data.errors == []
    (collection,) = data.endpoint_collections_by_tag.values()
    assert collection.parse_errors == []
    assert len(collection.endpoints) == len(list(operations(host)))


@pytest.mark.parametrize("host", HOSTS)
def test_every_shared_component_is_used_by_both_hosts(host: str) -> None:
    text = json.dumps(bundle(host))
    unused = [
        f"{section}/{name}"
        for section, entries in spec("inference")["components"].items()
        for name in entries
        if f'"#/components/{section}/{name}"' not in text
    ]
    assert unused == []


@pytest.mark.parametrize("name", [*HOSTS, "inference"])
def test_only_known_vendor_keys_appear(name: str) -> None:
    used = {key for _, node in walk(spec(name)) for key in node if key.startswith("x-")}
    assert used <= VENDOR_KEYS


@pytest.mark.parametrize("host", HOSTS)
def test_root_says_which_host_of_which_package_it_is(host: str) -> None:
    assert spec(host)["x-tm-package"] == "inference"
    assert spec(host)["x-tm-host"] == host
    assert [tag["name"] for tag in spec(host)["tags"]] == [host]


@pytest.mark.parametrize("host", HOSTS)
def test_configurable_values_name_their_setting(host: str) -> None:
    (server,) = spec(host)["servers"]
    assert server["x-tm-config"] == f"{host}_base_url"
    scheme = spec(host)["components"]["securitySchemes"]["InferenceApiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert scheme["x-tm-config"] == "inference_api_key"


# ---- Operations


def test_both_hosts_have_the_same_operations() -> None:
    def face(host: str) -> dict[tuple[str, str], Json]:
        keys = ("operationId", "summary", "x-tm-resource", "x-tm-method", "x-tm-stream")
        return {
            (path, method): [
                [operation.get(key) for key in keys],
                [media["schema"] for _, media in request_media(operation)],
                [(*place, media["schema"]) for place, media in response_media(host, operation)],
                list(operation["responses"]),
            ]
            for path, method, each in operations(host)
            for operation in [each if method == "post" else without_bad_request(each)]
        }

    def without_bad_request(operation: Json) -> Json:
        # A GET has nothing that could be invalid but On-Demand's X-User-Id.
        answers = {code: each for code, each in operation["responses"].items() if code != "400"}
        return {**operation, "responses": answers}

    assert face("serverless") == face("on_demand")
    assert len(face("serverless")) == 8


@for_each(("host", "path", "method", "operation"), every_operation())
def test_operation_is_complete(host: str, path: str, method: str, operation: Json) -> None:
    assert operation["operationId"].isidentifier()
    assert operation["tags"] == [host]
    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert operation["x-tm-resource"]
    assert operation["x-tm-method"] in {"create", "list", "get"}
    assert operation["x-tm-provenance"] in PROVENANCE
    expected = {"200", "401", "403", "404", "429", "500", "503", "default"}
    if method == "post":
        expected |= {"422"}
    if method == "post" or host == "on_demand":
        expected |= {"400"}
    if path == "/tokenize":
        expected |= {"501"}
    assert set(operation["responses"]) == expected


@for_each(("host", "path", "method", "operation"), every_operation())
def test_operation_asks_for_the_credentials_its_host_needs(
    host: str, path: str, method: str, operation: Json
) -> None:
    public = host == "serverless" and method == "get"
    assert operation["security"] == ([{}, KEY] if public else [KEY])


@for_each(("host", "path", "method", "operation"), every_operation())
def test_user_id_is_sent_to_on_demand_and_nowhere_else(
    host: str, path: str, method: str, operation: Json
) -> None:
    shared = spec(host)["paths"][path].get("parameters", [])
    parameters = [resolve(host, each) for each in [*operation.get("parameters", []), *shared]]
    if host == "serverless":
        assert parameters == []
        return
    (user_id,) = parameters
    assert (user_id["name"], user_id["in"], user_id["required"]) == ("X-User-Id", "header", True)
    assert user_id["schema"] == {"type": "string", "format": "uuid"}
    assert user_id["x-tm-config"] == "on_demand_user_id"


@for_each(("host", "path", "method", "operation"), every_operation())
def test_operation_that_streams_names_the_schema_of_its_events(
    host: str, path: str, method: str, operation: Json
) -> None:
    content = operation["responses"]["200"]["content"]
    assert next(iter(content)) == "application/json"
    stream = content.get("text/event-stream", {}).get("schema", {}).get("$ref", "")
    assert operation.get("x-tm-stream", "") == stream.rpartition("/")[2]


def test_retry_after_is_declared_where_requests_are_too_many() -> None:
    answer = spec("inference")["components"]["responses"]["TooManyRequests"]
    assert answer["headers"]["Retry-After"]["schema"] == {"type": "string"}


# ---- Components


@for_each("name", COMPONENT_NAMES)
def test_component_keeps_to_the_forms_the_generator_takes(name: str) -> None:
    for trail, node in walk(SCHEMAS[name], name):
        if trail[-1] == "properties":
            continue
        inline = len(trail) > 1
        assert not {"allOf", "not", "if"} & node.keys(), trail
        assert not (inline and {"properties", "enum", "oneOf"} & node.keys()), trail
        assert node.get("additionalProperties") is not False, trail
        if "$ref" in node:
            assert set(node) <= {"$ref", "description"}, trail
        refs = [branch["$ref"] for branch in node.get("anyOf", []) if "$ref" in branch]
        models = [ref for ref in refs if "enum" not in SCHEMAS[ref.rpartition("/")[2]]]
        assert len(models) < 2, trail


@for_each("name", COMPONENT_NAMES)
def test_component_says_how_we_know(name: str) -> None:
    schema = SCHEMAS[name]
    known_by = schema.get("x-tm-provenance", "documented")
    assert known_by in PROVENANCE
    for key, value in schema.get("properties", {}).items():
        if "$ref" in value:
            continue
        own = value.get("x-tm-provenance", "documented")
        assert own in PROVENANCE, key
        assert known_by == "documented" or own != "documented", key


@for_each("name", COMPONENT_NAMES)
def test_component_is_a_sound_schema(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    properties = schema.get("properties", {})
    assert set(schema.get("required", [])) <= properties.keys()
    for key, value in properties.items():
        if "default" in value:
            of = validator("inference", "components", "schemas", name, "properties", key)
            assert problems(of, value["default"]) == []


@for_each("name", [name for name in COMPONENT_NAMES if "oneOf" in SCHEMAS[name]])
def test_discriminator_tells_all_members_of_a_union_apart(name: str) -> None:
    union = SCHEMAS[name]
    key = union["discriminator"]["propertyName"]
    mapping = union["discriminator"]["mapping"]
    assert [branch["$ref"] for branch in union["oneOf"]] == list(mapping.values())
    for value, ref in mapping.items():
        member = SCHEMAS[ref.removeprefix("#/components/schemas/")]
        assert member["properties"][key]["const"] == value
        assert key in member["required"]


# ---- Examples


def request_media(operation: Json) -> list[tuple[tuple[str, ...], Json]]:
    content = operation.get("requestBody", {}).get("content", {})
    return [(("requestBody", "content", kind), media) for kind, media in content.items()]


def response_media(host: str, operation: Json) -> list[tuple[tuple[str, ...], Json]]:
    return [
        (("responses", status, "content", kind), media)
        for status, answer in operation["responses"].items()
        for kind, media in resolve(host, answer)["content"].items()
    ]


@for_each(("host", "path", "method", "operation"), every_operation())
def test_every_body_has_examples_that_fit_its_schema(
    host: str, path: str, method: str, operation: Json
) -> None:
    for place, media in [*request_media(operation), *response_media(host, operation)]:
        document = host if media["schema"]["$ref"].startswith("inference") else "inference"
        of = component(media["schema"]["$ref"].rpartition("/")[2])
        assert media["examples"], place
        for name, example in media["examples"].items():
            assert problems(of, resolve(document, example)["value"]) == [], (*place, name)
