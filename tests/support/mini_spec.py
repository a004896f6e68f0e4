"""A small host that shows every form the generator knows, and a project to generate it in."""

from __future__ import annotations

import copy
import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import yaml

import tensormesh_api
from tensormesh_codegen import pipeline
from tensormesh_codegen.loading import Document, parse_document
from tensormesh_codegen.model import Package
from tensormesh_codegen.rendering import Renderer

ROOT = Path(__file__).resolve().parents[2]

MINI = """\
openapi: 3.1.0
x-tm-package: mini
x-tm-host: mini
x-tm-post-timeout: 300
info:
  title: Mini API
  version: "1.0"
  description: A host of things.
servers:
  - url: https://{region}.mini.invalid/base
    x-tm-config: mini_base_url
    variables:
      region:
        default: eu
        enum: [eu, us]
security:
  - MiniKey: []
paths:
  /v1/things:
    get:
      operationId: list_things
      tags: [things]
      summary: List things
      description: Newest first.
      x-tm-resource: things
      x-tm-method: list
      x-tm-provenance: documented
      x-tm-pagination: {style: token, items: items}
      parameters:
        - name: label
          in: query
          description: Labels that a thing must have.
          schema: {type: array, items: {type: string}}
        - name: active
          in: query
          schema: {type: boolean}
        - name: pageSize
          in: query
          description: Things per page.
          schema: {type: integer, minimum: 1, maximum: 100, default: 20}
        - name: pageToken
          in: query
          description: The `nextPageToken` of the page before.
          schema: {type: string}
        - name: since
          in: query
          schema: {type: string, format: date-time}
        - $ref: "#/components/parameters/Shade"
        - name: X-Account
          in: header
          required: true
          x-tm-config: mini_account
          schema: {type: string}
      responses:
        "200":
          description: Things.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/ThingList"}
              examples:
                two: {value: {items: [{thingId: a, from: x}, {thingId: b, from: null}]}}
        default: {$ref: "#/components/responses/Error"}
    post:
      operationId: create_thing
      tags: [things]
      summary: Create a thing
      x-tm-resource: things
      x-tm-method: create
      x-tm-provenance: observed
      security: [{}, {MiniKey: []}]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/ThingRequest"}
      responses:
        "201":
          description: The thing.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Thing"}
        4XX: {$ref: "#/components/responses/Error"}
  /v1/things/{thingId}:
    get:
      operationId: get_thing
      tags: [things]
      summary: Read a thing
      x-tm-resource: things
      x-tm-method: get
      x-tm-provenance: documented
      parameters:
        - {$ref: "#/components/parameters/ThingId"}
      responses:
        "200":
          description: The thing.
          x-tm-empty: {thingId: none}
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Thing"}
        default: {$ref: "#/components/responses/Error"}
    delete:
      operationId: delete_thing
      tags: [things]
      summary: Remove a thing
      x-tm-resource: things
      x-tm-method: delete
      x-tm-provenance: documented
      parameters:
        - {$ref: "#/components/parameters/ThingId"}
      responses:
        "204":
          description: It is gone.
        default: {$ref: "#/components/responses/Error"}
  /v1/things/{thingId}:run:
    post:
      operationId: run_thing
      tags: [runs]
      summary: Run a thing
      x-tm-resource: things
      x-tm-method: run
      x-tm-stream: ThingEvent
      x-tm-provenance: inferred
      parameters:
        - {$ref: "#/components/parameters/ThingId"}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/RunRequest"}
      responses:
        "200":
          description: The result, or its events.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Run"}
            text/event-stream:
              schema: {$ref: "#/components/schemas/ThingEvent"}
        default: {$ref: "#/components/responses/Error"}
  /v1/billing/balance:
    get:
      operationId: get_balance
      tags: [billing]
      summary: Read the balance
      x-tm-resource: billing
      x-tm-method: get
      x-tm-provenance: documented
      responses:
        "200":
          description: The balance.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Balance"}
        default: {$ref: "#/components/responses/Error"}
  /v1/billing/transactions:
    get:
      operationId: list_transactions
      tags: [billing]
      summary: List transactions
      x-tm-resource: billing.transactions
      x-tm-method: list
      x-tm-cli: billing list
      x-tm-provenance: documented
      responses:
        "200":
          description: Transactions.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/TransactionList"}
        default: {$ref: "#/components/responses/Error"}
components:
  securitySchemes:
    MiniKey:
      type: http
      scheme: bearer
      x-tm-config: mini_api_key
  parameters:
    ThingId:
      name: thingId
      in: path
      required: true
      description: Id of a thing.
      schema: {type: string}
    Shade:
      name: shade
      in: query
      schema: {$ref: "#/components/schemas/Shade"}
  responses:
    Error:
      description: What went wrong.
      content:
        application/json:
          schema: {$ref: "#/components/schemas/ErrorBody"}
  schemas:
    Shade:
      type: string
      description: How dark a thing is.
      enum: [light, dark, "2-tone"]
    ThingId:
      type: string
      description: A name for a string.
    Thing:
      type: object
      description: A thing. Things hold things.
      required: [thingId, from]
      properties:
        thingId: {$ref: "#/components/schemas/ThingId"}
        from:
          type: [string, "null"]
          description: Where it is from.
        object: {type: string, const: thing}
        shade:
          anyOf: [{$ref: "#/components/schemas/Shade"}, {type: "null"}]
          description: How dark it is.
        size: {type: [number, "null"], minimum: 0, exclusiveMaximum: 9.5}
        count: {type: integer, x-tm-provenance: inferred}
        active: {type: boolean, default: true}
        createdAt: {type: string, format: date-time}
        seenAt:
          type: array
          items: {type: string, format: date-time}
        doneAt:
          type: object
          additionalProperties: {type: string, format: date-time}
        children:
          type: array
          items: {$ref: "#/components/schemas/Thing"}
        holes:
          type: array
          items:
            anyOf: [{$ref: "#/components/schemas/Thing"}, {type: "null"}]
        owner: {$ref: "#/components/schemas/Owner"}
        parts:
          type: object
          additionalProperties: {$ref: "#/components/schemas/Part"}
        part: {$ref: "#/components/schemas/Part"}
        labels:
          type: object
          additionalProperties: {type: string}
        notes:
          anyOf:
            - {type: string}
            - {type: array, items: {$ref: "#/components/schemas/Note"}}
            - {type: "null"}
        stop:
          anyOf:
            - {type: string}
            - {type: array, items: {type: string}}
        tokens:
          anyOf:
            - {type: array, items: {type: integer}}
            - {type: array, items: {type: array, items: {type: integer}}}
        when:
          anyOf:
            - {type: string, format: date-time}
            - {type: integer}
            - {type: "null"}
        grid:
          type: array
          items: {type: array, items: {$ref: "#/components/schemas/Note"}}
        ratio:
          type: array
          items: {type: [number, "null"]}
        extra: {}
    Owner:
      type: object
      description: Who has a thing.
      required: [name]
      properties:
        name: {type: string}
        best: {$ref: "#/components/schemas/Thing"}
    Note:
      type: object
      required: [text]
      properties:
        text: {type: string}
    Part:
      description: One part.
      oneOf:
        - {$ref: "#/components/schemas/Wheel"}
        - {$ref: "#/components/schemas/Box"}
      discriminator:
        propertyName: type
        mapping:
          wheel: "#/components/schemas/Wheel"
          box: "#/components/schemas/Box"
    Wheel:
      type: object
      required: [type]
      properties:
        type: {type: string, const: wheel}
        radius: {type: number}
    Box:
      type: object
      required: [type, parts]
      properties:
        type: {type: string, const: box}
        parts:
          type: array
          items: {$ref: "#/components/schemas/Part"}
    ThingRequest:
      type: object
      required: [name, from]
      properties:
        name: {type: string, minLength: 1, maxLength: 40}
        from: {type: [string, "null"]}
        class: {type: string}
        shade: {$ref: "#/components/schemas/Shade"}
        startAt: {type: string, format: date-time}
        times:
          type: array
          items: {type: string, format: date-time}
        owner: {$ref: "#/components/schemas/Owner"}
        notes:
          type: array
          items: {$ref: "#/components/schemas/Note"}
        parts:
          type: object
          additionalProperties: {$ref: "#/components/schemas/Part"}
        missing: {type: boolean}
        path_part: {type: string}
    RunRequest:
      type: object
      properties:
        stream: {type: boolean, default: false}
        input:
          anyOf:
            - {type: string}
            - {type: array, items: {$ref: "#/components/schemas/Note"}}
    Run:
      type: object
      required: [id]
      properties:
        id: {type: string}
    ThingEvent:
      oneOf:
        - {$ref: "#/components/schemas/RunStarted"}
        - {$ref: "#/components/schemas/RunDone"}
      discriminator:
        propertyName: type
        mapping:
          run.started: "#/components/schemas/RunStarted"
          run.done: "#/components/schemas/RunDone"
    RunStarted:
      type: object
      required: [type]
      properties:
        type: {type: string, const: run.started}
    RunDone:
      type: object
      required: [type, run]
      properties:
        type: {type: string, const: run.done}
        run: {$ref: "#/components/schemas/Run"}
    ThingList:
      type: object
      required: [items]
      properties:
        items:
          type: array
          items: {$ref: "#/components/schemas/Thing"}
        nextPageToken: {type: string}
    Balance:
      type: object
      properties:
        cents: {type: integer}
    Worth:
      type: object
      description: What something is worth.
      x-tm-money: true
      required: [currencyCode]
      properties:
        currencyCode: {type: string}
        units: {type: string, format: int64, default: "0"}
        nanos: {type: integer, default: 0}
    TransactionList:
      type: object
      properties:
        transactions:
          type: array
          items: {$ref: "#/components/schemas/Transaction"}
    Transaction:
      type: object
      required: [id, at]
      properties:
        id: {type: string}
        at: {type: [string, "null"], format: date-time}
        worth: {$ref: "#/components/schemas/Worth"}
    ErrorBody:
      type: object
      properties:
        message: {type: string}
"""


def data() -> Any:
    """The mini spec as data, to be changed at will."""
    return copy.deepcopy(_loaded())


@cache
def _loaded() -> Any:
    return parse_document(MINI, name="mini.yaml", label="specs/mini.yaml").data


def build_text(text: str) -> list[Package]:
    """Build packages from the text of one spec. Raises `SpecError` or `SpecErrors`."""
    return pipeline.build(
        {"mini.yaml": parse_document(text, name="mini.yaml", label="specs/mini.yaml")}
    )


def build_data(spec: Any) -> list[Package]:
    """The same from data. Raises `SpecError` or `SpecErrors`."""
    return build_text(dump(spec))


def build_unvalidated(spec: Any) -> list[Package]:
    """The same without a way through YAML, and without what other libraries find wrong."""
    document = Document(name="mini.yaml", label="specs/mini.yaml", data=spec)
    with patch.multiple(pipeline, validate=lambda _: [], parse_problems=lambda _: []):
        return pipeline.build({"mini.yaml": document})


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes out what stands in two places, in place of an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump(spec: Any) -> str:
    """YAML text of a spec."""
    text: str = yaml.dump(spec, Dumper=_Dumper, sort_keys=False, allow_unicode=False)
    return text


def render(packages: list[Package]) -> dict[str, str]:
    """What the templates give, unformatted."""
    return _renderer().render(packages)


@cache
def _renderer() -> Renderer:
    return Renderer(ROOT / "templates")


def project(folder: Path, **specs: str) -> Path:
    """A project as `codegen.py` knows it, with specs of these names and texts."""
    (folder / "specs").mkdir(parents=True)
    for name, text in specs.items():
        (folder / "specs" / f"{name}.yaml").write_bytes(text.encode())
    shutil.copytree(ROOT / "templates", folder / "templates")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@contextmanager
def importable(generated: Path) -> Iterator[ModuleType]:
    """`tensormesh_api.mini`, imported from where it was generated, beside the installed runtime."""
    folder = str(generated / "tensormesh_api")
    tensormesh_api.__path__.append(folder)
    try:
        yield importlib.import_module("tensormesh_api.mini")
    finally:
        tensormesh_api.__path__.remove(folder)
        for name in [name for name in sys.modules if f"{name}.".startswith("tensormesh_api.mini.")]:
            del sys.modules[name]
        importlib.invalidate_caches()


def part(package: ModuleType, name: str) -> Any:
    """A module of a generated package, which type checkers do not know."""
    return importlib.import_module(f"{package.__name__}.{name}")
