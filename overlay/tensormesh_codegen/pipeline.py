"""The whole way: specs and templates in, files out, nothing written yet."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from . import operations
from .building import Schemas, build_enums, build_models, build_unions
from .bundling import Bundle, bundle, unused_components
from .commands import command_problems
from .docs import speak_python
from .errors import SpecError, SpecErrors
from .forms import check_forms
from .loading import Document, load_document
from .model import Package
from .names import clashes
from .parsing import parse_problems, validate
from .rules import check


def load_specs(folder: Path, label: str = "specs") -> dict[str, Document]:
    """Every spec of a folder, by file name.

    Raises:
        SpecErrors: One or more cannot be read.
    """
    documents: dict[str, Document] = {}
    errors: list[SpecError] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents[path.name] = load_document(path, f"{label}/{path.name}")
        except SpecError as error:
            errors.append(error)
    for path in sorted(folder.glob("*.yml")):
        errors.append(SpecError(f"{label}/{path.name}", 1, "is not read: name it *.yaml"))
    if not documents and not errors:
        errors.append(SpecError(label, 1, "is no folder with *.yaml files: put the specs there"))
    if errors:
        raise SpecErrors(errors)
    return documents


def build(documents: Mapping[str, Document]) -> list[Package]:
    """Read specs into packages, one for each `x-tm-package`.

    Raises:
        SpecErrors: Everything that is wrong with the specs.
    """
    bundles = _bundles(documents)
    groups: dict[str, list[Bundle]] = {}
    for item in bundles:
        groups.setdefault(item.data["x-tm-package"], []).append(item)
    packages, errors = [], []
    for name, members in sorted(groups.items()):
        package, found = _package(name, members)
        errors.extend(found)
        if package:
            packages.append(package)
    if errors:
        raise SpecErrors(_unique(errors))
    return packages


def _bundles(documents: Mapping[str, Document]) -> list[Bundle]:
    bundles: list[Bundle] = []
    # What follows reads the specs without asking at every step whether they have the right form.
    errors = [error for document in documents.values() for error in check_forms(document)]
    if errors:
        raise SpecErrors(_unique(errors))
    for document in documents.values():
        if "paths" in document.data:
            try:
                bundles.append(bundle(document, documents))
            except SpecErrors as error:
                errors.extend(error.errors)
    if errors:
        raise SpecErrors(_unique(errors))
    if not bundles:
        document = next(iter(documents.values()))
        raise SpecErrors([document.error((), "no spec has paths: write the operations of a host")])
    for item in bundles:
        # Our rules speak first: they know better what to do than the schema of OpenAPI does.
        errors.extend(check(item) or validate(item))
    # A component that nothing uses may be no more than what another mistake led to.
    errors = errors or unused_components(documents, bundles)
    if errors:
        raise SpecErrors(_unique(errors))
    return bundles


def _package(name: str, bundles: list[Bundle]) -> tuple[Package | None, list[SpecError]]:
    for item in bundles:
        speak_python(item.data)
    all_schemas = [Schemas(item) for item in bundles]
    errors = [error for one, other in pairwise(all_schemas) for error in _disagreements(one, other)]
    shared = all_schemas[0]
    models, enums, unions = build_models(shared), build_enums(shared), build_unions(shared)
    surfaces = [operations.build_surface(schemas) for schemas in all_schemas]
    errors.extend(error for schemas in all_schemas for error in schemas.errors)
    if errors:
        return None, errors
    merged, errors = operations.merge(bundles, surfaces)
    package = Package(
        name=name,
        surfaces=tuple(surfaces),
        models=tuple(models),
        enums=tuple(enums),
        unions=tuple(unions),
        operations=tuple(merged),
        resources=tuple(operations.build_resources(merged)),
    )
    errors = errors or clashes(package, bundles) or command_problems(package, bundles)
    # Last, because one thing that it drops takes along whatever refers to it.
    return package, errors or [error for item in bundles for error in parse_problems(item)]


def _disagreements(one: Schemas, other: Schemas) -> list[SpecError]:
    """Hosts of one package share one models package, so they must mean the same by a name."""
    return [
        other.bundle.error(
            ("components", "schemas", name),
            f"schema {name} is not the same in {one.bundle.root.label}: let both refer to one",
        )
        for name in sorted(one.raw.keys() | other.raw.keys())
        if one.raw.get(name) != other.raw.get(name)
    ]


def _unique(errors: list[SpecError]) -> list[SpecError]:
    by_text = {str(error): error for error in errors}
    return sorted(by_text.values(), key=lambda error: (error.file, error.line, error.problem))
