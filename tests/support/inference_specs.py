"""Reads the inference specs, and validates bodies by the schemas in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = Any

SPECS_DIR = Path(__file__).resolve().parents[2] / "specs"
BASE = "https://specs.invalid/"
HOSTS = ("serverless", "on_demand")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@cache
def spec(name: str) -> Json:
    text = (SPECS_DIR / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def registry() -> Registry[Json]:
    documents = [(f"{name}.yaml", spec(name)) for name in (*HOSTS, "inference")]
    return Registry().with_resources(
        (BASE + name, DRAFT202012.create_resource(document)) for name, document in documents
    )


def validator(document: str, *pointer: str) -> Draft202012Validator:
    """A validator for the schema at a place of a spec, references into other files included."""
    path = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
    return Draft202012Validator({"$ref": f"{BASE}{document}.yaml#/{path}"}, registry=registry())


def component(name: str) -> Draft202012Validator:
    return validator("inference", "components", "schemas", name)


def problems(of: Draft202012Validator, instance: Json) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in of.iter_errors(instance)]


def resolve(document: str, node: Json) -> Json:
    """The node itself, or what its ``$ref`` points at."""
    if not (isinstance(node, dict) and "$ref" in node):
        return node
    return registry().resolver(BASE + document + ".yaml").lookup(node["$ref"]).contents


def operations(host: str) -> Iterator[tuple[str, str, Json]]:
    for path, item in spec(host)["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def bundle(host: str) -> Json:
    """The host's document with the shared components in it."""
    document = json.loads(json.dumps(spec(host)).replace('"inference.yaml#/', '"#/'))
    for section, entries in spec("inference")["components"].items():
        document["components"].setdefault(section, {}).update(entries)
    return document
