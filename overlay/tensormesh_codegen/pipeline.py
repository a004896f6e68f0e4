"""From specs to packages: load, bundle, check, build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from . import operations
from .building import Schemas, build_enums, build_models, build_unions
from .bundling import Bundle, bundle, unused_components
from .commands import command_problems
from .docs import speak_python
from .errors import SpecError, SpecErrors, raise_all
from .forms import check_forms
from .loading import Document, load_document
from .model import Package
from .names import clashes
from .parsing import parse_problems, validate
from .rules import check


def load_specs(folder: Path, label: str = "specs") -> dict[str, Document]:
    """Return every spec of a folder, by file name.

    Raises:
        SpecErrors: A spec cannot be read.
    """
    documents: dict[str, Document] = {}
    errors: list[SpecError] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents[path.name] = load_document(path, path.name, f"{label}/{path.name}")
        except SpecError as error:
            errors.append(error)
    problem = "unsupported file name: rename it to *.yaml"
    errors += [SpecError(f"{label}/{path.name}", 1, problem) for path in folder.glob("*.yml")]
    if not documents and not errors:
        errors.append(SpecError(label, 1, "no *.yaml file found: add the specs"))
    raise_all(errors)
    return documents


def build(documents: Mapping[str, Document]) -> list[Package]:
    """Build packages from specs, one for each `x-tm-package`.

    Raises:
        SpecErrors: The specs are invalid.
    """
    groups: dict[str, list[Bundle]] = {}
    for item in _bundles(documents):
        groups.setdefault(item.data["x-tm-package"], []).append(item)
    packages, errors = [], []
    for name, members in sorted(groups.items()):
        try:
            packages.append(_package(name, members))
        except SpecErrors as error:
            errors += error.errors
    raise_all(errors)
    return packages


def _bundles(documents: Mapping[str, Document]) -> list[Bundle]:
    # All later steps rely on the form of the specs.
    errors = [error for document in documents.values() for error in check_forms(document)]
    raise_all(errors)
    bundles: list[Bundle] = []
    for document in documents.values():
        if "paths" in document.data:
            try:
                bundles.append(bundle(document, documents))
            except SpecErrors as error:
                errors += error.errors
    if not bundles and not errors:
        document = next(iter(documents.values()))
        errors = [document.error((), "no spec has paths: add the operations of a host")]
    raise_all(errors)
    # Our rules come first: their messages are more helpful than those of the validator.
    raise_all([error for item in bundles for error in check(item) or validate(item)])
    raise_all(unused_components(documents, bundles))
    return bundles


def _package(name: str, bundles: list[Bundle]) -> Package:
    for item in bundles:
        speak_python(item.data)
    all_schemas = [Schemas(item) for item in bundles]
    errors = [error for one, other in pairwise(all_schemas) for error in _disagreements(one, other)]
    shared = all_schemas[0]
    models, enums, unions = build_models(shared), build_enums(shared), build_unions(shared)
    hosts = [operations.build_host(schemas) for schemas in all_schemas]
    raise_all([*errors, *(error for schemas in all_schemas for error in schemas.errors)])
    merged, errors = operations.merge(bundles, hosts)
    package = Package(
        name=name,
        hosts=tuple(hosts),
        models=tuple(models),
        enums=tuple(enums),
        unions=tuple(unions),
        operations=tuple(merged),
        resources=tuple(operations.build_resources(merged)),
    )
    raise_all(errors or clashes(package, bundles) or command_problems(package, bundles))
    # Last, because dropping one thing drops everything that refers to it.
    raise_all([error for item in bundles for error in parse_problems(item)])
    return package


def _disagreements(one: Schemas, other: Schemas) -> Iterator[SpecError]:
    """Yield an error for each schema that two hosts of a package define differently."""
    for name in sorted(one.raw.keys() | other.raw.keys()):
        if one.raw.get(name) != other.raw.get(name):
            problem = f"schema {name} differs from {one.bundle.root.label}: share one definition"
            yield other.bundle.error(("components", "schemas", name), problem)
