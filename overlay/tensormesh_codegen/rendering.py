"""Rendering of templates. Text from specs never becomes code: it is quoted or a checked name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import docstrings, reference
from .commands import build_commands, groups, names
from .model import Host, Operation, Package
from .paging import CONTRACTS
from .types import Type

ROOT_PACKAGE = "tensormesh_api"


class Renderer:
    """Renders packages with the templates in a folder."""

    def __init__(self, templates: Path) -> None:
        self.templates = templates
        self.environment = Environment(  # noqa: S701  # renders Python; `py` and `docstring` quote
            loader=FileSystemLoader(templates),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        filters = {"py": literal, "text": long_literal, "tuple": tuple}
        filters |= {"markdown": reference.markdown, "cell": reference.cell}
        self.environment.filters.update(filters)
        doc = (docstrings.docstring, docstrings.module_doc, docstrings.method_doc)
        page = (reference.roots, reference.methods, reference.anchor, reference.signature)
        functions = (*doc, docstrings.result_class, *page, reference.commands)
        self.environment.globals.update({each.__name__: each for each in functions})
        self.environment.globals["contracts"] = CONTRACTS

    def render(self, packages: Iterable[Package]) -> dict[str, str]:
        """Return the text of every file of the raw client, by its path."""
        packages = list(packages)
        files = {"reference.md": self._render("reference.md", packages=packages)}
        files[f"{ROOT_PACKAGE}/py.typed"] = ""
        for path in sorted((self.templates / "runtime").glob("*.jinja")):
            files[f"{ROOT_PACKAGE}/{path.stem}"] = self._render(f"runtime/{path.stem}")
        for package in packages:
            for name, text in self._package(package):
                files[f"{ROOT_PACKAGE}/{package.name}/{name}"] = text
        return files

    def _render(self, template: str, **values: Any) -> str:
        return self.environment.get_template(f"{template}.jinja").render(**values)

    def _package(self, package: Package) -> Iterator[tuple[str, str]]:
        for name in ("package_init", "hosts"):
            path = "__init__.py" if name == "package_init" else f"{name}.py"
            yield path, self._render(f"package/{name}.py", package=package)
        yield from self._models(package)
        yield from self._operations(package)
        yield from self._commands(package)
        for host in package.hosts:
            yield from self._endpoints(host)
        yield from self._resources(package)

    def _models(self, package: Package) -> Iterator[tuple[str, str]]:
        kinds = {"model": package.models, "enum": package.enums, "union": package.unions}
        for kind, items in kinds.items():
            for item in items:
                text = self._render(f"package/{kind}.py", **{kind: item})
                yield f"models/{item.module}.py", text
        members = [(item.name, item.module) for item in package.schemas]
        doc = f"Models of `{package.name}`, loaded on first use."
        yield "models/__init__.py", self._lazy_init(doc, members)

    def _operations(self, package: Package) -> Iterator[tuple[str, str]]:
        params, pages = [], []
        for operation in package.operations:
            kinds = {"request": "requests"}
            if operation.arguments:
                kinds["params"] = "params"
                params.append((operation.params_class, operation.id))
            if operation.pagination:
                kinds["page"] = "pages"
                name = operation.pagination.class_name
                pages += [(name, operation.id), (f"Async{name}", operation.id)]
            for kind, folder in kinds.items():
                text = self._render(f"package/{kind}.py", operation=operation)
                yield f"{folder}/{operation.id}.py", text
        doc = docstrings.module_doc("Request builders, sans-I/O and shared by all hosts.")
        yield "requests/__init__.py", doc
        doc = "Keyword arguments of the public methods, as `TypedDict`s."
        yield "params/__init__.py", self._lazy_init(doc, params)
        if pages:
            doc = "Pages of paginated lists, loaded on first use."
            yield "pages/__init__.py", self._lazy_init(doc, pages)
        types = _result_types(package.operations)
        yield "api/__init__.py", self._render("package/api_init.py", package=package, types=types)

    def _commands(self, package: Package) -> Iterator[tuple[str, str]]:
        commands = build_commands(package)
        for command in commands:
            text = self._render("package/command.py", command=command)
            yield f"commands/{command.operation.id}.py", text
        if commands:
            values = {"groups": groups(package, commands), "names": names(package)}
            values |= {"package": package, "commands": commands}
            yield "commands/__init__.py", self._render("package/commands_init.py", **values)

    def _lazy_init(self, doc: str, members: list[tuple[str, str]]) -> str:
        return self._render("package/lazy_init.py", doc=doc, members=members)

    def _endpoints(self, host: Host) -> Iterator[tuple[str, str]]:
        for endpoint in host.endpoints:
            doc = docstrings.module_doc(f"Operations tagged `{endpoint.tag}`.")
            yield f"api/{endpoint.tag}/__init__.py", doc
            text = self._render("package/endpoint_module.py", endpoint=endpoint, host=host)
            yield f"api/{endpoint.tag}/{endpoint.operation.id}.py", text

    def _resources(self, package: Package) -> Iterator[tuple[str, str]]:
        yield "resources/_base.py", self._render("package/resources_base.py", package=package)
        yield "resources/__init__.py", self._render("package/resources_init.py", package=package)
        for resource in package.resources:
            operations = [each for node in resource.walk() for each in node.methods]
            entries = [each.pagination.item for each in operations if each.pagination]
            values = {"resource": resource, "operations": operations}
            values["types"] = _by_name([*_result_types(operations), *entries])
            yield f"resources/{resource.name}.py", self._render("package/resource.py", **values)


def _result_types(operations: Iterable[Operation]) -> list[Type]:
    return _by_name(part for each in operations for part in (each.result, each.event) if part)


def _by_name(types: Iterable[Type]) -> list[Type]:
    found = {each.name: each for each in types}
    return [found[name] for name in sorted(found)]


def literal(value: Any) -> str:
    """Return JSON data and tuples as a Python literal."""
    if isinstance(value, str):
        return ascii(value)
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        items = ", ".join(map(literal, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    raise TypeError(f"no literal for {type(value).__name__}")


def long_literal(text: str) -> str:
    """Return text as a Python literal, on several lines if it is long."""
    pieces = textwrap.wrap(
        text, width=64, drop_whitespace=False, break_long_words=False, break_on_hyphens=False
    )
    if len(pieces) < 2:
        return literal(text)
    return "(" + "\n".join(map(literal, pieces)) + ")"
