"""The Control Plane's spec keeps the rules that the generator, the host and the reader rely on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from jsonschema import Draft202012Validator
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_spec_validator import OpenAPIV31SpecValidator
from support.cases import for_each
from support.control_plane_spec import (
    COMPONENTS,
    OPERATIONS,
    SCHEMAS,
    SPEC,
    Json,
    examples,
    media,
    parameters,
    problems,
    request_schema,
    resolve,
    validator,
    walk,
)

VENDOR_KEYS = {
    "x-tm-package",
    "x-tm-host",
    "x-tm-config",
    "x-tm-resource",
    "x-tm-method",
    "x-tm-pagination",
    "x-tm-unwrap",
    "x-tm-cli",
    "x-tm-option",
    "x-tm-caller",
    "x-tm-instead",
    "x-tm-safe",
    "x-tm-money",
    "x-tm-once",
    "x-tm-provenance",
    "x-tm-provenance-note",
}

WHOLLY_DOCUMENTED_ENUMS = {"UserRole", "CloudProvider", "GpuType"}

every_operation = for_each("operation_id", list(OPERATIONS))
every_schema = for_each("name", list(SCHEMAS))


# ---- The document as a whole


def test_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(SPEC).validate()


def test_generator_reads_the_document_without_a_warning() -> None:
    config = Config.from_sources(
        ConfigFile(), MetaType.NONE, Path("specs"), "utf-8", overwrite=True, output_path=None
    )
    data = GeneratorData.from_dict(SPEC, config=config)
    assert isinstance(data, GeneratorData)
    assert data.errors == []
    collections = data.endpoint_collections_by_tag.values()
    assert [error for collection in collections for error in collection.parse_errors] == []
    assert sum(len(collection.endpoints) for collection in collections) == len(OPERATIONS)


def test_root_says_which_host_of_which_package_it_is_and_names_its_settings() -> None:
    assert SPEC["x-tm-package"] == SPEC["x-tm-host"] == "control_plane"
    (server,) = SPEC["servers"]
    assert server["url"] == "https://api.tensormesh.ai"
    assert server["x-tm-config"] == "control_plane_base_url"
    (scheme,) = COMPONENTS["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert scheme["x-tm-config"] == "control_plane_token"


def test_only_known_vendor_keys_appear() -> None:
    assert {key for _, node in walk(SPEC) for key in node if key.startswith("x-")} == VENDOR_KEYS


def test_every_component_and_every_tag_is_used() -> None:
    text = json.dumps(SPEC)
    unused = [
        f"{section}/{name}"
        for section, entries in COMPONENTS.items()
        for name in entries
        if section != "securitySchemes" and f'"#/components/{section}/{name}"' not in text
    ]
    assert unused == []
    used = {tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]}
    assert [tag["name"] for tag in SPEC["tags"] if tag["name"] not in used] == []


# ---- Schemas


@every_schema
def test_schema_keeps_to_the_forms_the_generator_takes(name: str) -> None:
    for trail, node in walk(SCHEMAS[name], name):
        if trail[-1] == "properties":
            continue
        inline = len(trail) > 1
        assert not {"allOf", "oneOf", "not", "if"} & node.keys(), trail
        assert not (inline and {"properties", "enum"} & node.keys()), trail
        assert node.get("additionalProperties") is not False, trail
        if "$ref" in node:
            assert set(node) <= {"$ref", "description", "x-tm-option"}, trail
        if "anyOf" in node:
            reference, null = node["anyOf"]
            assert set(reference) == {"$ref"}, trail
            assert null == {"type": "null"}, trail


@every_schema
def test_schema_says_how_we_know(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    known_by = schema.get("x-tm-provenance")
    assert known_by in (None, "inferred")
    for key, value in schema.get("properties", {}).items():
        if "$ref" in value:
            continue
        # In an inferred schema, a field is documented only if it says so.
        assert value.get("x-tm-provenance") in (known_by, "inferred", "documented"), key


@every_schema
def test_values_have_the_forms_of_the_wire(name: str) -> None:
    for key, value in SCHEMAS[name].get("properties", {}).items():
        kind = value.get("type")
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*|@type", key)
        is_time = re.search(r"(At|Time|Start|End)$|^timestamp$", key)
        assert (value.get("format") == "date-time") == bool(is_time), key
        if kind == "integer":
            assert value["format"] == "int32", key
        if key in ("units", "requests") or key.endswith("Tokens"):
            assert value["format"] == "int64", key
            assert re.fullmatch(value["pattern"], "9223372036854775807"), key
            assert not re.fullmatch(value["pattern"], "1.5"), key


def test_money_is_read_where_zeros_are_left_out_and_bounds_its_nanos() -> None:
    money = validator(SCHEMAS["Money"])
    good: list[Json] = [{}, {"units": "-3"}, {"nanos": 999_999_999}, {"units": "0", "nanos": -1}]
    bad: list[Json] = [{"units": 3}, {"units": "3.5"}, {"nanos": 1_000_000_000}, {"nanos": 0.5}]
    assert [each for each in good if problems(money, {"currencyCode": "USD", **each})] == []
    assert [each for each in bad if not problems(money, {"currencyCode": "USD", **each})] == []


@for_each("name", [name for name in SCHEMAS if "enum" in SCHEMAS[name]])
def test_enum_begins_with_its_zero_member_and_says_which_members_are_a_guess(name: str) -> None:
    schema = SCHEMAS[name]
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
    assert schema["type"] == "string"
    assert schema["enum"][0] == f"{prefix}_UNSPECIFIED"
    assert all(member.startswith(f"{prefix}_") for member in schema["enum"])
    note = schema.get("x-tm-provenance-note", "")
    told = "the other members are inferred" in note
    inferred = schema.get("x-tm-provenance") == "inferred"
    assert [told, inferred, name in WHOLLY_DOCUMENTED_ENUMS].count(True) == 1
    if told:
        documented = set(re.findall(r"`(\w+)`", note))
        zero_and_open = {f"{prefix}_UNSPECIFIED", "TICKET_STATUS_OPEN"} & set(schema["enum"])
        assert documented == zero_and_open


# ---- Examples and links


def unknown_keys(schema: Json, value: Json, at: str) -> Iterator[str]:
    """Keys of an example that its schema does not name; such a key would be valid all the same."""
    schema = resolve(schema)
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            schema = resolve(option)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_keys(schema["items"], item, f"{at}[{index}]")
    elif isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            if key not in schema["properties"]:
                yield f"{at}.{key}"
            else:
                yield from unknown_keys(schema["properties"][key], item, f"{at}.{key}")


@every_operation
def test_every_body_has_examples_that_fit_its_schema(operation_id: str) -> None:
    _, _, operation = OPERATIONS[operation_id]
    for place, body in media(operation):
        assert body["examples"], place
        for name, value in examples(body).items():
            assert problems(validator(body["schema"]), value) == [], (place, name)
            assert list(unknown_keys(body["schema"], value, name)) == [], place


@every_operation
def test_every_field_of_a_body_is_in_an_example(operation_id: str) -> None:
    _, _, operation = OPERATIONS[operation_id]
    bodies = dict(media(operation))
    for place in bodies.keys() & {"request", "200"}:
        seen = {key for value in examples(bodies[place]).values() for key in value}
        assert seen == resolve(bodies[place]["schema"])["properties"].keys(), place


def every_value() -> Iterator[Json]:
    pending = [
        value
        for _, _, operation in OPERATIONS.values()
        for _, body in media(operation)
        for value in examples(body).values()
    ]
    while pending:
        value = pending.pop()
        yield value
        pending += value.values() if isinstance(value, dict) else []
        pending += value if isinstance(value, list) else []


def amount(money: Json) -> Decimal:
    return int(money["units"]) + Decimal(money["nanos"]) / 10**9


def test_amounts_in_examples_have_one_sign() -> None:
    found = [value for value in every_value() if isinstance(value, dict) and "nanos" in value]
    assert found
    assert all(int(each["units"]) * each["nanos"] >= 0 for each in found)


def test_examples_tell_one_story_whose_sums_are_right() -> None:
    def example(operation_id: str, name: str) -> Json:
        body = dict(media(OPERATIONS[operation_id][2]))["200"]
        return examples(body)[name]

    pricing = example("list_serverless_pricing", "serverless_pricing")["pricing"]
    prices = {each["model"]: each for each in pricing}
    usage = example("get_serverless_usage_history", "serverless_usage")["buckets"]
    first = example("list_billing_transactions", "first_page")["transactions"]
    last = example("list_billing_transactions", "last_page")["transactions"]
    counts = ("model", "promptTokens", "cachedTokens", "completionTokens", "requests")
    spend = first[0]["details"]["serverless"]["models"]
    assert [[each[key] for key in counts] for each in spend] == [
        [each[key] for key in counts] for each in usage
    ]
    for each in spend:
        price = prices[each["model"]]
        prompt, cached, written = (int(each[key]) for key in counts[1:4])
        parts = [
            (prompt - cached) * amount(price["inputRate"]) / 10**6,
            cached * amount(price["cachedInputRate"]) / 10**6,
            written * amount(price["outputRate"]) / 10**6,
        ]
        keys = ("inputAmount", "cachedInputAmount", "outputAmount")
        assert [amount(each[key]) for key in keys] == parts
        assert amount(each["amount"]) == sum(parts)
    assert amount(first[0]["amount"]) == sum(amount(each["amount"]) for each in spend)
    paid = sum(amount(each["amount"]) for each in last)
    used = sum(amount(each["amount"]) for each in first)
    assert paid - used == amount(example("get_user_balance", "balance")["balance"])


def pointed_at(expression: str, sent: Json, answered: Json) -> Json:
    found = re.fullmatch(r"\$(request|response)\.body#((?:/\w+)+)", expression)
    assert found, expression
    value = sent if found[1] == "request" else answered
    for key in found[2].removeprefix("/").split("/"):
        value = value[key]
    return value


@every_operation
def test_links_lead_from_examples_to_operations_that_take_what_they_carry(
    operation_id: str,
) -> None:
    _, _, operation = OPERATIONS[operation_id]
    bodies = dict(media(operation))
    sent = next(iter(examples(bodies["request"]).values())) if "request" in bodies else None
    answered = next(iter(examples(bodies["200"]).values()))
    for name, link in operation["responses"]["200"].get("links", {}).items():
        _, _, target = OPERATIONS[link["operationId"]]
        assert name == link["operationId"]
        carried = link.get("parameters", {}) or link["requestBody"]
        taken = {each["name"] for each in parameters(target)}
        if "requestBody" in link:
            taken = set(request_schema(target)["properties"])
        assert carried.keys() <= taken, name
        for expression in carried.values():
            assert isinstance(pointed_at(expression, sent, answered), str), expression


@for_each(
    ("maker", "followers"),
    [
        ("create_user_api_key", {"delete_user_api_key"}),
        ("deploy_model", {"get_model", "delete_model", "query_logs", "query_metrics"}),
        ("create_ticket", {"get_ticket", "append_ticket_message", "update_ticket_status"}),
        ("create_reserved_deployment", {"cancel_reserved_deployment"}),
        (
            "admin_create_product",
            {"admin_update_product", "admin_delete_product", "create_reserved_deployment"},
        ),
    ],
)
def test_what_is_made_can_be_followed_to_its_end(maker: str, followers: set[str]) -> None:
    assert set(OPERATIONS[maker][2]["responses"]["200"]["links"]) == followers
