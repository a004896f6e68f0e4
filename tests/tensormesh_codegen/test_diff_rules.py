"""Every rule of the comparison: one small edit, one change, with its severity and location."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import pytest
from support.cases import for_each
from support.spec_diff import compare

from tensormesh_codegen.diff.report import Change
from tensormesh_codegen.diff.rules import RULES
from tensormesh_codegen.loading import parse_document

B, C, D = "breaking", "compatible", "documentation"
OP = "POST /things"
STRING = {"type": "string"}
INTEGER = {"type": "integer"}
CLASS = {"type": "object", "properties": {"a": STRING}}


def ref(name: str, section: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}


def json_body(schema: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"description": "d", "content": {"application/json": {"schema": schema}}, **rest}


def document(operation: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    base = {"operationId": "make_thing", "tags": ["things"], "responses": {}}
    paths = {"/things": {"post": {**base, **(operation or {})}}}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **top}


def diff(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    before = copy.deepcopy(old)
    changes = compare({"api.yaml": old}, {"api.yaml": new}).changes
    assert old == before, "the input was changed"
    return changes


def parameter(**fields: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "q", "in": "query", "schema": STRING, **fields}]}


def header(**fields: Any) -> dict[str, Any]:
    return {"responses": {"200": {"headers": {"X-Id": {"schema": STRING, **fields}}}}}


def security(*alternatives: dict[str, list[str]], **scheme: Any) -> dict[str, Any]:
    schemes = {"key": {"type": "http", "scheme": "bearer", **scheme}, "other": {"type": "apiKey"}}
    return {"security": list(alternatives), "components": {"securitySchemes": schemes}}


class Case(NamedTuple):
    rule: str
    severity: str
    location: str
    old: dict[str, Any]
    new: dict[str, Any]


def operation(rule: str, severity: str, at: str, old: Any, new: Any) -> Case:
    """An edit of the one operation."""
    return Case(rule, severity, f"{OP} {at}".rstrip(), document(old), document(new))


def host(rule: str, severity: str, at: str, old: Any, new: Any) -> Case:
    """An edit of the document."""
    return Case(rule, severity, at, document(**old), document(**new))


def keyword(rule: str, severity: str, key: str, old: Any, new: Any) -> Case:
    """A keyword of the operation; None for its absence."""
    fields = [{} if value is None else {key: value} for value in (old, new)]
    return operation(rule, severity, "", *fields)


def resource(name: str, **fields: str) -> dict[str, str]:
    return {"x-tm-resource": name, "x-tm-method": "list", **fields}


SERVER_A, SERVER_B = {"url": "https://a.example"}, {"url": "https://b.example"}


def variable(**fields: Any) -> dict[str, Any]:
    server = {"url": "https://{v}.example", "variables": {"v": {"default": "a", **fields}}}
    return {"servers": [server]}


CASES = [
    Case("operation-added", C, "GET /things", document(), {
        **document(),
        "paths": {"/things": {**document()["paths"]["/things"], "get": {"responses": {}}}},
    }),
    Case("operation-removed", B, OP, document(), {**document(), "paths": {}}),
    Case("operation-moved", B, "PUT /stuff", document(), {
        **document(), "paths": {"/stuff": {"put": document()["paths"]["/things"]["post"]}},
    }),
    keyword("operation-keyword-changed", B, "callbacks", None, {"done": {}}),
    keyword("operation-id-changed", B, "operationId", "make_thing", "create_thing"),
    keyword("tag-changed", B, "tags", ["things"], ["stuff"]),
    keyword("tag-description-changed", D, "tags", ["things"], ["things", "more"]),
    keyword("x-tm-resource-added", C, "x-tm-resource", None, "things"),
    keyword("x-tm-resource-removed", B, "x-tm-resource", "things", None),
    keyword("x-tm-resource-changed", B, "x-tm-resource", "things", "stuff"),
    keyword("x-tm-method-added", C, "x-tm-method", None, "list"),
    keyword("x-tm-method-removed", B, "x-tm-method", "list", None),
    keyword("x-tm-method-changed", B, "x-tm-method", "list", "all"),
    keyword("x-tm-pagination-changed", B, "x-tm-pagination", {"style": "page"}, {"style": "token"}),
    keyword("x-tm-stream-added", C, "x-tm-stream", None, "Chunk"),
    keyword("x-tm-stream-removed", B, "x-tm-stream", "Chunk", None),
    keyword("x-tm-stream-changed", B, "x-tm-stream", "Chunk", "Event"),
    operation("x-tm-cli-changed", B, "", resource("a.b"), resource("a.b", **{"x-tm-cli": "b ls"})),
    keyword("x-tm-provenance-changed", D, "x-tm-provenance", "inferred", "documented"),
    keyword("x-tm-key-changed", B, "x-tm-novel", 1, 2),
    keyword("extension-changed", D, "x-internal", None, True),
    keyword("deprecation-added", C, "deprecated", None, True),
    keyword("deprecation-removed", D, "deprecated", True, None),
    keyword("description-changed", D, "description", "one", "two"),
    keyword("summary-changed", D, "summary", "one", "two"),
    keyword("external-docs-changed", D, "externalDocs", None, {"url": "https://a.example"}),
    host("document-keyword-changed", B, "api", {}, {"webhooks": {"done": {}}}),
    host("info-changed", D, "api", {}, {"info": {"title": "t", "version": "2"}}),
    host("x-tm-package-changed", B, "api", {"x-tm-package": "a"}, {"x-tm-package": "b"}),
    host("x-tm-host-changed", B, "api", {"x-tm-host": "a"}, {"x-tm-host": "b"}),
    host("server-added", C, "api server", {"servers": [SERVER_A]},
         {"servers": [SERVER_A, SERVER_B]}),
    host("server-removed", B, "api server", {"servers": [SERVER_A, SERVER_B]},
         {"servers": [SERVER_A]}),
    host("default-server-changed", B, "api server", {"servers": [SERVER_A, SERVER_B]},
         {"servers": [SERVER_B, SERVER_A]}),
    host("server-variable-changed", B, "api server variable v", variable(), variable(default="b")),
    host("x-tm-config-changed", B, "api server", {"servers": [{**SERVER_A, "x-tm-config": "a"}]},
         {"servers": [{**SERVER_A, "x-tm-config": "b"}]}),
    host("security-tightened", B, "api security", security(), security({"key": []})),
    host("security-tightened", B, "api security", security({"key": []}, {"other": []}),
         security({"key": []})),
    host("security-tightened", B, "api security", security({"key": []}),
         security({"key": ["admin"]})),
    host("security-loosened", C, "api security", security({"key": [], "other": []}),
         security({"key": []})),
    host("security-loosened", C, "api security", security({"key": []}), security({"key": []}, {})),
    host("security-scheme-changed", B, "security scheme key", security({"key": []}),
         security({"key": []}, scheme="basic")),
    host("comment-changed", D, "security scheme key", security({"key": []}),
         security({"key": []}, bearerFormat="JWT")),
    Case("path-parameter-renamed", B, "POST /things/{thing} path thing",
         {"paths": {"/things/{id}": {"post": {"parameters": [{"in": "path", "name": "id"}]}}}},
         {"paths": {"/things/{thing}": {
             "post": {"parameters": [{"in": "path", "name": "thing"}]}}}}),
    operation("parameter-added", C, "query q", {}, parameter()),
    operation("required-parameter-added", B, "query q", {}, parameter(required=True)),
    operation("parameter-removed", B, "query q", parameter(), {}),
    operation("parameter-became-required", B, "query q", parameter(), parameter(required=True)),
    operation("parameter-became-optional", C, "query q", parameter(required=True), parameter()),
    operation("parameter-keyword-changed", B, "query q", parameter(), parameter(explode=True)),
    operation("type-changed", B, "query q", parameter(), parameter(schema=INTEGER)),
    operation("request-body-added", C, "request body", {}, {"requestBody": json_body({})}),
    operation("required-request-body-added", B, "request body", {},
              {"requestBody": json_body({}, required=True)}),
    operation("request-body-removed", B, "request body", {"requestBody": json_body({})}, {}),
    operation("request-body-became-required", B, "request body", {"requestBody": json_body({})},
              {"requestBody": json_body({}, required=True)}),
    operation("request-body-became-optional", C, "request body",
              {"requestBody": json_body({}, required=True)}, {"requestBody": json_body({})}),
    operation("request-body-keyword-changed", B, "request body", {"requestBody": json_body({})},
              {"requestBody": json_body({}, novel=1)}),
    operation("media-type-added", C, "response 200 (text/event-stream)",
              {"responses": {"200": {"content": {}}}},
              {"responses": {"200": {"content": {"text/event-stream": {}}}}}),
    operation("media-type-removed", B, "response 200", {"responses": {"200": json_body({})}},
              {"responses": {"200": {"description": "d"}}}),
    operation("media-type-keyword-changed", B, "request body (multipart/form-data)",
              {"requestBody": {"content": {"multipart/form-data": {}}}},
              {"requestBody": {"content": {"multipart/form-data": {"encoding": {"a": {}}}}}}),
    operation("error-response-added", C, "response 404", {}, {"responses": {"404": {}}}),
    operation("success-response-added", B, "response 202", {}, {"responses": {"202": {}}}),
    operation("response-removed", B, "response 404", {"responses": {"404": {}}}, {}),
    operation("response-keyword-changed", B, "response 404", {"responses": {"404": {}}},
              {"responses": {"404": {"novel": 1}}}),
    operation("links-changed", D, "response 200", {"responses": {"200": {}}},
              {"responses": {"200": {"links": {"next": {}}}}}),
    operation("x-tm-empty-added", C, "response 200", {"responses": {"200": {}}},
              {"responses": {"200": {"x-tm-empty": {}}}}),
    operation("x-tm-empty-removed", B, "response 200", {"responses": {"200": {"x-tm-empty": {}}}},
              {"responses": {"200": {}}}),
    operation("x-tm-empty-changed", B, "response 200", {"responses": {"200": {"x-tm-empty": {}}}},
              {"responses": {"200": {"x-tm-empty": {"a": 1}}}}),
    operation("header-added", C, "response 200 header x-id", {"responses": {"200": {}}}, header()),
    operation("header-removed", B, "response 200 header x-id", header(),
              {"responses": {"200": {}}}),
    operation("header-became-required", C, "response 200 header x-id", header(),
              header(required=True)),
    operation("header-became-optional", B, "response 200 header x-id", header(required=True),
              header()),
    operation("header-keyword-changed", B, "response 200 header x-id", header(),
              header(style="simple")),
    Case("schema-added", C, "schema B", {"components": {"schemas": {"A": CLASS}}},
         {"components": {"schemas": {"A": CLASS, "B": CLASS}}}),
    Case("schema-removed", B, "schema B", {"components": {"schemas": {"A": CLASS, "B": CLASS}}},
         {"components": {"schemas": {"A": CLASS}}}),
]  # fmt: skip


@for_each("case", CASES, ids=lambda case: f"{case.rule}-{case.location}")
def test_one_edit_around_the_schemas_gives_one_change(case: Case) -> None:
    (change,) = diff(case.old, case.new)

    assert (change.rule, change.severity, change.location) == (
        case.rule,
        case.severity,
        case.location,
    )
    assert change.message
    assert change.reason


def test_a_host_that_comes_or_goes_is_one_change() -> None:
    one = {"a.yaml": document()}
    two = {**one, "b.yaml": document()}

    (added,) = compare(one, two).changes
    (removed,) = compare(two, one).changes

    assert (added.rule, added.severity, added.location) == ("document-added", C, "b")
    assert (removed.rule, removed.severity, removed.location) == ("document-removed", B, "b")


class SchemaCase(NamedTuple):
    rule: str
    request: str
    response: str
    old: Any
    new: Any
    at: str = ""


def field(schema: Any, *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}, "required": list(required)}


def number(**bounds: Any) -> dict[str, Any]:
    return {"type": "number", **bounds}


def text(**bounds: Any) -> dict[str, Any]:
    return {"type": "string", **bounds}


def one_of(*members: Any, **rest: Any) -> dict[str, Any]:
    return {"oneOf": list(members), **rest}


def tagged(*tags: str, prop: str = "type") -> dict[str, Any]:
    """A union told apart by a discriminator."""
    variants = [
        {"type": "object", "properties": {"type": {"const": tag}, "kind": STRING}} for tag in "abc"
    ]
    mapping = {tag: f"#/components/schemas/{tag.upper()}" for tag in tags}
    return one_of(*variants, discriminator={"propertyName": prop, "mapping": mapping})


def variants(*tags: str, discriminator: bool = True) -> dict[str, Any]:
    members = [{"type": "object", "properties": {"type": {"const": tag}}} for tag in tags]
    rest = {"discriminator": {"propertyName": "type"}} if discriminator else {}
    return one_of(*members, **rest)


SCHEMA_CASES = [
    SchemaCase("type-changed", B, B, STRING, INTEGER),
    SchemaCase("type-widened", C, B, INTEGER, {"type": "number"}),
    SchemaCase("type-widened", C, B, STRING, {"type": ["string", "integer"]}),
    SchemaCase("type-narrowed", B, C, {"type": "number"}, INTEGER),
    SchemaCase("type-added", B, B, {}, STRING),
    SchemaCase("type-removed", C, B, STRING, {}),
    SchemaCase("type-changed", B, B, {"type": "array", "prefixItems": [STRING]},
               {"type": "array", "prefixItems": [STRING, STRING]}),
    SchemaCase("nullable-added", C, B, STRING, {"type": ["string", "null"]}),
    SchemaCase("nullable-added", C, B, field(STRING, "a"), field(one_of(STRING, {"type": "null"}),
                                                               "a"), ".a"),
    SchemaCase("nullable-added-to-optional", C, C, field(STRING),
               field({"type": ["string", "null"]}), ".a"),
    SchemaCase("nullable-removed", B, C, {"type": ["string", "null"]}, STRING),
    SchemaCase("property-added", C, C, {"type": "object"}, field(STRING), ".a"),
    SchemaCase("required-property-added", B, C, {"type": "object"}, field(STRING, "a"), ".a"),
    SchemaCase("property-removed", B, B, field(STRING), {"type": "object"}, ".a"),
    SchemaCase("property-became-required", B, C, field(STRING), field(STRING, "a"), ".a"),
    SchemaCase("property-became-optional", C, B, field(STRING, "a"), field(STRING), ".a"),
    SchemaCase("nullable-property-became-optional", C, C,
               field({"type": ["string", "null"]}, "a"), field({"type": ["string", "null"]}), ".a"),
    SchemaCase("additional-properties-closed", B, C, {"type": "object"},
               {"type": "object", "additionalProperties": False}),
    SchemaCase("additional-properties-opened", C, C,
               {"type": "object", "additionalProperties": False}, {"type": "object"}),
    SchemaCase("additional-properties-typed", B, B, {"type": "object"},
               {"type": "object", "additionalProperties": STRING}),
    SchemaCase("additional-properties-untyped", C, B,
               {"type": "object", "additionalProperties": STRING}, {"type": "object"}),
    SchemaCase("type-changed", B, B, {"type": "object", "additionalProperties": STRING},
               {"type": "object", "additionalProperties": INTEGER}, ".*"),
    SchemaCase("type-changed", B, B, {"type": "array", "items": STRING},
               {"type": "array", "items": INTEGER}, "[]"),
    SchemaCase("enum-value-added", C, C, text(enum=["a"]), text(enum=["b", "a"])),
    SchemaCase("enum-value-removed", B, B, text(enum=["a", "b"]), text(enum=["b"])),
    SchemaCase("enum-value-added", C, C, text(const="a"), text(enum=["a", "b"])),
    SchemaCase("enum-added", B, C, STRING, text(enum=["a"])),
    SchemaCase("enum-removed", C, B, text(enum=["a"]), STRING),
    SchemaCase("const-added", B, C, STRING, text(const="a")),
    SchemaCase("const-removed", C, B, text(const="a"), STRING),
    SchemaCase("const-changed", B, B, text(const="a"), text(const="b")),
    SchemaCase("format-changed", B, B, STRING, text(format="date-time")),
    SchemaCase("format-narrowed", B, C, STRING, text(format="uuid")),
    SchemaCase("format-widened", C, C, text(format="uuid"), STRING),
    SchemaCase("format-widened", C, C, {"type": "integer", "format": "int32"},
               {"type": "integer", "format": "int64"}),
    SchemaCase("format-narrowed", B, C, INTEGER, {"type": "integer", "format": "int32"}),
    SchemaCase("pattern-added", B, C, STRING, text(pattern="a")),
    SchemaCase("pattern-removed", C, C, text(pattern="a"), STRING),
    SchemaCase("pattern-changed", B, C, text(pattern="a"), text(pattern="b")),
    SchemaCase("bound-tightened", B, C, number(maximum=2), number(maximum=1)),
    SchemaCase("bound-tightened", B, C, number(), number(maximum=1)),
    SchemaCase("bound-tightened", B, C, number(minimum=0), number(minimum=1)),
    SchemaCase("bound-tightened", B, C, number(minimum=0), number(exclusiveMinimum=0)),
    SchemaCase("bound-tightened", B, C, number(maximum=1), number(exclusiveMaximum=1)),
    SchemaCase("bound-tightened", B, C, text(minLength=1), text(minLength=2)),
    SchemaCase("bound-tightened", B, C, text(maxLength=2), text(maxLength=1)),
    SchemaCase("bound-tightened", B, C, number(multipleOf=1), number(multipleOf=2)),
    SchemaCase("bound-tightened", B, C, {"type": "array"}, {"type": "array", "minItems": 1}),
    SchemaCase("bound-tightened", B, C, {"type": "array"}, {"type": "array", "uniqueItems": True}),
    SchemaCase("bound-loosened", C, C, number(maximum=1), number(maximum=2)),
    SchemaCase("bound-loosened", C, C, number(minimum=1), number()),
    SchemaCase("bound-loosened", C, C, number(exclusiveMinimum=0), number(minimum=0)),
    SchemaCase("bound-loosened", C, C, text(maxLength=1), STRING),
    SchemaCase("bound-loosened", C, C, number(multipleOf=2), number(multipleOf=1)),
    SchemaCase("default-added", C, C, STRING, text(default="a")),
    SchemaCase("default-removed", B, C, text(default="a"), STRING),
    SchemaCase("default-changed", B, C, text(default="a"), text(default="b")),
    SchemaCase("default-changed", B, C, {"type": "boolean", "default": True},
               {"type": "boolean", "default": 1}),
    SchemaCase("variant-added", C, B, one_of(STRING, INTEGER),
               one_of(INTEGER, STRING, {"type": "boolean"})),
    SchemaCase("variant-added", C, B, STRING,
               {"anyOf": [{"type": "array", "items": STRING}, STRING]}),
    SchemaCase("variant-removed", B, B, one_of(STRING, INTEGER), one_of(INTEGER)),
    SchemaCase("variant-added", C, B, variants("a", "b", discriminator=False),
               variants("c", "b", "a", discriminator=False)),
    SchemaCase("tagged-variant-added", C, C, variants("a", "b"), variants("c", "b", "a")),
    SchemaCase("union-keyword-changed", C, C, one_of(STRING, INTEGER),
               {"anyOf": [STRING, INTEGER]}),
    SchemaCase("discriminator-added", C, C, variants("a", "b", discriminator=False),
               variants("a", "b")),
    SchemaCase("discriminator-removed", B, B, variants("a", "b"),
               variants("a", "b", discriminator=False)),
    SchemaCase("discriminator-changed", B, B, tagged(), tagged(prop="kind"), " discriminator"),
    SchemaCase("discriminator-mapping-added", C, C, tagged("a"), tagged("a", "b"),
               " discriminator"),
    SchemaCase("discriminator-mapping-removed", B, B, tagged("a", "b"), tagged("a"),
               " discriminator"),
    SchemaCase("discriminator-mapping-changed", B, B,
               one_of(STRING, INTEGER, discriminator={"propertyName": "t", "mapping": {"a": "X"}}),
               one_of(STRING, INTEGER, discriminator={"propertyName": "t", "mapping": {"a": "Y"}}),
               " discriminator"),
    SchemaCase("read-only-added", B, C, field(STRING), field(text(readOnly=True)), ".a"),
    SchemaCase("read-only-removed", C, C, field(text(readOnly=True)), field(STRING), ".a"),
    SchemaCase("write-only-added", C, B, field(STRING), field(text(writeOnly=True)), ".a"),
    SchemaCase("write-only-removed", C, C, field(text(writeOnly=True)), field(STRING), ".a"),
    SchemaCase("schema-keyword-changed", B, B, STRING, text(contentEncoding="base64")),
    SchemaCase("schema-keyword-changed", B, B, STRING, text(**{"not": {"const": "a"}})),
    SchemaCase("deprecation-added", C, C, STRING, text(deprecated=True)),
    SchemaCase("description-changed", D, D, STRING, text(description="d")),
    SchemaCase("title-changed", D, D, STRING, text(title="d")),
    SchemaCase("example-changed", D, D, STRING, text(examples=["d"])),
    SchemaCase("comment-changed", D, D, STRING, text(**{"$comment": "d"})),
    SchemaCase("x-tm-provenance-changed", D, D, STRING, text(**{"x-tm-provenance": "inferred"})),
    SchemaCase("type-changed", B, B, field({"type": "object", "properties": {"b.c": STRING}}),
               field({"type": "object", "properties": {"b.c": INTEGER}}), ".a['b.c']"),
]  # fmt: skip


@for_each("case", SCHEMA_CASES, ids=lambda case: f"{case.rule}-{case.new}")
@for_each("direction", ["request", "response"])
def test_one_edit_of_a_schema_is_classed_by_direction(case: SchemaCase, direction: str) -> None:
    def spec(schema: Any) -> dict[str, Any]:
        if direction == "request":
            return document({"requestBody": json_body(schema)})
        return document({"responses": {"200": json_body(schema)}})

    (change,) = diff(spec(case.old), spec(case.new))

    place = "request body" if direction == "request" else "response 200"
    severity = case.request if direction == "request" else case.response
    assert (change.rule, change.severity, change.location) == (
        case.rule,
        severity,
        f"{OP} {place}{case.at}",
    )
    assert change.operations == (OP,)


def response_with(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return document({"responses": {"200": json_body(schema)}}, components={"schemas": schemas})


NAME_CASES = [
    Case("schema-renamed", B, "schema A -> B", response_with({"A": CLASS}, ref("A")),
         response_with({"B": CLASS}, ref("B"))),
    Case("schema-renamed", B, "schema A -> B", response_with({"A": text(enum=["a"])}, ref("A")),
         response_with({"B": text(enum=["a"])}, ref("B"))),
    Case("reference-changed", B, "POST /things response 200",
         response_with({"A": CLASS, "B": CLASS}, ref("A")),
         response_with({"A": CLASS, "B": CLASS}, ref("B"))),
    Case("reference-changed", B, "POST /things response 200", response_with({}, CLASS),
         response_with({"A": CLASS}, ref("A"))),
]  # fmt: skip


@pytest.mark.parametrize("case", NAME_CASES, ids=lambda case: f"{case.rule}-{case.location}")
def test_another_class_name_breaks_though_the_wire_is_the_same(case: Case) -> None:
    (change,) = diff(case.old, case.new)

    assert (change.rule, change.severity, change.location) == case[:3]


def test_every_rule_has_a_case() -> None:
    tested = {case.rule for case in (*CASES, *NAME_CASES)} | {case.rule for case in SCHEMA_CASES}

    assert set(RULES) - tested == {"document-added", "document-removed"}


NO_CHANGE = [
    ({"type": "string"}, {"type": ["string"]}),
    ({"type": ["string", "null"]}, one_of(STRING, {"type": "null"})),
    ({"type": ["string", "null"], "enum": ["a", None]}, {"enum": ["a", None]}),
    (one_of(STRING, INTEGER), one_of(INTEGER, STRING)),
    ({"allOf": [CLASS]}, CLASS),
    ({"allOf": [CLASS, field(STRING)]}, CLASS),
    ({"type": "object", "additionalProperties": True}, {"type": "object"}),
    ({"type": "object", "additionalProperties": {}}, {"type": "object"}),
    (field(STRING), {"properties": {"a": STRING}}),
    (number(maximum=1), number(maximum=1.0)),
    (text(const="a"), text(enum=["a"])),
    (True, {}),
    (text(minLength=0), STRING),
]


@for_each(("one", "other"), NO_CHANGE)
def test_two_spellings_of_one_schema_are_no_change(one: Any, other: Any) -> None:
    specs = [document({"requestBody": json_body(schema)}) for schema in (one, other)]

    assert diff(specs[0], specs[1]) == ()
    assert diff(specs[1], specs[0]) == ()


def test_response_codes_may_be_yaml_integers() -> None:
    text = "paths: {/a: {get: {responses: {%s: {}}}}}"
    old, new = (
        parse_document(text % code, name="a.yaml", label="a.yaml").data for code in ("200", "'200'")
    )

    assert diff(old, new) == ()


def test_a_command_that_is_spelled_out_as_its_resource_path_is_no_change() -> None:
    spelled = resource("a.some_things", **{"x-tm-cli": "a some-things list"})

    assert diff(document(resource("a.some_things")), document(spelled)) == ()


def test_a_security_scheme_may_change_its_name() -> None:
    old, new = (
        document(
            security=[{name: []}],
            components={"securitySchemes": {name: {"type": "http", "scheme": "bearer"}}},
        )
        for name in ("a", "b")
    )

    assert diff(old, new) == ()


def test_a_field_that_the_server_alone_writes_does_not_burden_requests() -> None:
    old, new = (
        document({"requestBody": json_body(schema)})
        for schema in ({"type": "object"}, field(text(readOnly=True), "a"))
    )

    assert diff(old, new) == ()
