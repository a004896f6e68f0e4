"""The whole way: specs and templates in, files out, nothing written yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import operations
from .building import Schemas, build_enums, build_models, build_unions
from .bundling import Bundle, bundle, unused_components
from .errors import SpecError, SpecErrors
from .loading import Document, load_document
from .model import Package
from .parsing import parse, validate
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
    if not documents and not errors:
        errors.append(SpecError(label, 1, "holds no *.yaml file: put the specs there"))
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
    errors: list[SpecError] = []
    for document in documents.values():
        if "paths" in document.data:
            try:
                bundles.append(bundle(document, documents))
            except SpecErrors as error:
                errors.extend(error.errors)
    if errors:
        raise SpecErrors(_unique(errors))
    for item in bundles:
        # Our rules speak first: they know better what to do than the schema of OpenAPI does.
        errors.extend(check(item) or validate(item))
    errors.extend(unused_components(documents, bundles))
    if errors:
        raise SpecErrors(_unique(errors))
    return bundles


def _package(name: str, bundles: list[Bundle]) -> tuple[Package | None, list[SpecError]]:
    errors: list[SpecError] = []
    all_schemas = [Schemas(item) for item in bundles]
    for item, other in zip(all_schemas, all_schemas[1:], strict=False):
        errors.extend(_disagreements(item, other))
    surfaces, models = [], []
    for schemas in all_schemas:
        parsed, found = parse(schemas.bundle)
        errors.extend(found)
        if parsed:
            models = build_models(schemas, parsed)
            surfaces.append(operations.build_surface(schemas))
    enums, unions = build_enums(all_schemas[0]), build_unions(all_schemas[0])
    errors.extend(error for schemas in all_schemas for error in schemas.errors)
    if errors:
        return None, errors
    merged, errors = operations.merge(bundles, surfaces)
    return (
        Package(
            name=name,
            surfaces=tuple(surfaces),
            models=tuple(models),
            enums=tuple(enums),
            unions=tuple(unions),
            operations=tuple(merged),
            resources=tuple(operations.build_resources(merged)),
        ),
        errors,
    )


def _disagreements(one: Schemas, other: Schemas) -> list[SpecError]:
    """Hosts of one package share one models package, so they must mean the same by a name."""
    names = [name for name in one.raw.keys() | other.raw.keys()]
    return [
        other.bundle.error(
            ("components", "schemas", name),
            f"schema {name!r} is not the same in {one.bundle.root.label}: let both refer to one",
        )
        for name in sorted(names)
        if one.raw.get(name) != other.raw.get(name)
    ]


def _unique(errors: list[SpecError]) -> list[SpecError]:
    by_text = {str(error): error for error in errors}
    return sorted(by_text.values(), key=lambda error: (error.file, error.line, error.problem))
