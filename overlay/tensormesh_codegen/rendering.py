"""Templates to text. What a spec says never becomes code: it is quoted, or it is a checked name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import docstrings, reference
from .commands import build_commands, groups, names
from .model import Operation, Package, Resource, Surface
from .paging import CONTRACTS
from .types import Type

ROOT_PACKAGE = "tensormesh_api"


class Renderer:
    """Renders packages by the templates of one folder."""

    def __init__(self, templates: Path) -> None:
        self.templates = templates
        self.environment = Environment(  # noqa: S701  # it writes Python; `py` and `docstring` quote
            loader=FileSystemLoader(templates),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.environment.filters.update(
            py=literal,
            text=long_literal,
            tuple=tuple,
            markdown=reference.markdown,
            cell=reference.cell,
        )
        self.environment.globals.update(
            docstring=docstrings.docstring,
            module_doc=docstrings.module_doc,
            method_doc=docstrings.method_doc,
            result_class=docstrings.result_class,
            roots=reference.roots,
            methods=reference.methods,
            anchor=reference.anchor,
            signature=reference.signature,
            commands=reference.commands,
            contracts=CONTRACTS,
        )

    def render(self, packages: Iterable[Package]) -> dict[str, str]:
        """Every file of the raw client, by its path below the output folder."""
        files = {
            f"{ROOT_PACKAGE}/{path.name.removesuffix('.jinja')}": self._render(
                f"runtime/{path.name}"
            )
            for path in sorted((self.templates / "runtime").glob("*.jinja"))
        }
        files[f"{ROOT_PACKAGE}/py.typed"] = ""
        packages = list(packages)
        files["reference.md"] = self._render("reference.md.jinja", packages=packages)
        for package in packages:
            for name, text in self._package(package):
                files[f"{ROOT_PACKAGE}/{package.name}/{name}"] = text
        return files

    def _render(self, template: str, **values: Any) -> str:
        return self.environment.get_template(template).render(**values)

    def _package(self, package: Package) -> Iterator[tuple[str, str]]:
        yield "__init__.py", self._render("package/package_init.py.jinja", package=package)
        yield "surfaces.py", self._render("package/surfaces.py.jinja", package=package)
        yield from self._models(package)
        yield from self._operations(package)
        yield from self._pages(package)
        yield from self._commands(package)
        for surface in package.surfaces:
            yield from self._endpoints(surface)
        yield from self._resources(package)

    def _models(self, package: Package) -> Iterator[tuple[str, str]]:
        members = []
        for model in package.models:
            members.append((model.name, model.module))
            yield f"models/{model.module}.py", self._render("package/model.py.jinja", model=model)
        for enum in package.enums:
            members.append((enum.name, enum.module))
            yield f"models/{enum.module}.py", self._render("package/str_enum.py.jinja", enum=enum)
        for union in package.unions:
            members.append((union.name, union.module))
            yield f"models/{union.module}.py", self._render("package/union.py.jinja", union=union)
        doc = f"Models of `{package.name}`, loaded on first use."
        yield "models/__init__.py", self._lazy_init(doc, members)

    def _operations(self, package: Package) -> Iterator[tuple[str, str]]:
        members = []
        for operation in package.operations:
            if operation.arguments:
                members.append((operation.params_class, operation.id))
                text = self._render("package/params.py.jinja", operation=operation)
                yield f"params/{operation.id}.py", text
            text = self._render("package/request.py.jinja", operation=operation)
            yield f"requests/{operation.id}.py", text
        doc = "Keyword arguments of the public methods, as `TypedDict`s."
        yield "params/__init__.py", self._lazy_init(doc, members)
        yield (
            "requests/__init__.py",
            docstrings.module_doc("Request builders, sans-I/O and shared by all hosts."),
        )
        types = _result_types(package.operations)
        text = self._render("package/api_init.py.jinja", package=package, types=types)
        yield "api/__init__.py", text

    def _pages(self, package: Package) -> Iterator[tuple[str, str]]:
        members = []
        for operation in package.operations:
            if operation.pagination:
                name = operation.pagination.class_name
                members += [(name, operation.id), (f"Async{name}", operation.id)]
                text = self._render("package/page.py.jinja", operation=operation)
                yield f"pages/{operation.id}.py", text
        if members:
            yield (
                "pages/__init__.py",
                self._lazy_init("Pages of paginated lists, loaded on first use.", members),
            )

    def _commands(self, package: Package) -> Iterator[tuple[str, str]]:
        commands = build_commands(package)
        for command in commands:
            text = self._render("package/command.py.jinja", command=command)
            yield f"commands/{command.operation.id}.py", text
        values: dict[str, Any] = {"package": package, "commands": commands}
        if commands:
            values |= {"groups": groups(package, commands), "names": names(package)}
            yield "commands/__init__.py", self._render("package/commands_init.py.jinja", **values)

    def _lazy_init(self, doc: str, members: list[tuple[str, str]]) -> str:
        return self._render("package/lazy_init.py.jinja", doc=doc, members=members, dots="...")

    def _endpoints(self, surface: Surface) -> Iterator[tuple[str, str]]:
        for endpoint in surface.endpoints:
            doc = docstrings.module_doc(f"Endpoints tagged `{endpoint.tag}`.")
            yield f"api/{endpoint.tag}/__init__.py", doc
            values = {"endpoint": endpoint, "surface": surface}
            text = self._render("package/endpoint_module.py.jinja", **values)
            yield f"api/{endpoint.tag}/{endpoint.operation.id}.py", text

    def _resources(self, package: Package) -> Iterator[tuple[str, str]]:
        values: dict[str, Any] = {"package": package}
        yield "resources/_base.py", self._render("package/resources_base.py.jinja", **values)
        yield "resources/__init__.py", self._render("package/resources_init.py.jinja", **values)
        for resource in package.resources:
            operations = _operations_of(resource)
            values |= {"resource": resource, "operations": operations}
            pages = [each.pagination for each in operations if each.pagination]
            types = {
                part.name: part for part in (*_result_types(operations), *(p.item for p in pages))
            }
            values["types"] = [types[name] for name in sorted(types)]
            text = self._render("package/resource.py.jinja", **values)
            yield f"resources/{resource.name}.py", text


def _operations_of(resource: Resource) -> list[Operation]:
    return [operation for node in resource.walk() for operation in node.methods]


def _result_types(operations: Iterable[Operation]) -> list[Type]:
    found = {
        part.name: part
        for operation in operations
        for part in (operation.result, operation.event)
        if part
    }
    return [found[name] for name in sorted(found)]


def literal(value: Any) -> str:
    """JSON data, and tuples of it, as a Python literal."""
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
    """Text as a Python literal of several lines, if it needs them."""
    pieces = textwrap.wrap(
        text, width=64, drop_whitespace=False, break_long_words=False, break_on_hyphens=False
    )
    if len(pieces) < 2:
        return literal(text)
    return "(" + "\n".join(map(literal, pieces)) + ")"
