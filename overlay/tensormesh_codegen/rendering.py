"""Templates to text. What a spec says never becomes code: it is quoted, or it is a checked name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import reference
from .commands import build_commands, groups, names
from .model import Field, Operation, Package, Resource, Surface
from .paging import CONTRACTS
from .types import Type

ROOT_PACKAGE = "tensormesh_api"
WIDTH = 96


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
            py=literal, text=long_literal, tuple=tuple, markdown=reference.markdown
        )
        self.environment.globals.update(
            docstring=docstring,
            module_doc=module_doc,
            method_doc=method_doc,
            result_class=result_class,
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
        doc = f"Models of `{package.name}`, each loaded when it is first used."
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
        doc = "Keyword arguments of the public methods, as types."
        yield "params/__init__.py", self._lazy_init(doc, members)
        yield "requests/__init__.py", module_doc("Request builders: sans I/O, shared by all hosts.")
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
            yield "pages/__init__.py", self._lazy_init("Pages of the lists.", members)

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
            doc = module_doc(f"Endpoints tagged `{endpoint.tag}`.")
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


def _quote(text: str) -> str:
    """Text that can stand between triple quotes, and neither ends them nor hides what it says."""
    folded = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    escaped = folded.replace("\\", "\\\\")
    if '"""' in folded or folded.endswith('"'):
        escaped = escaped.replace('"', '\\"')
    return escaped


def _wrap(text: str, indent: int, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        _quote(text),
        width=WIDTH - indent,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _join(lines: list[str], indent: int) -> str:
    if len(lines) == 1 and len(lines[0]) + indent + 6 <= 100:
        return f'"""{lines[0]}"""'
    body = "\n".join(f"{' ' * indent}{line}".rstrip() for line in lines)
    return f'"""{body.lstrip()}\n{" " * indent}"""'


def module_doc(text: str) -> str:
    """The docstring of a module, with the notice that every generated file begins with."""
    notice = "Generated by `codegen.py` from `specs/`: edit the spec, then run `make generate`."
    return _join([*_wrap(_summary(text), 0), "", notice], 0) + "\n"


def _summary(text: str) -> str:
    return " ".join(text.split())


def docstring(
    text: str, indent: int, fields: Iterable[Field] = (), heading: str = "Attributes"
) -> str:
    """A docstring: a summary, the rest, and a section on fields."""
    summary, rest = _split(text)
    lines = _wrap(summary, indent)
    if rest:
        lines += ["", *_wrap(rest, indent)]
    section = _section(heading, fields, indent)
    return _join([*lines, *section], indent)


def _section(heading: str, fields: Iterable[Field], indent: int) -> list[str]:
    lines = []
    for item in fields:
        annotation = item.parameter if heading == "Args" else item.annotation
        name = f"{item.name} ({annotation})" if heading == "Args" else item.name
        lines += [
            f"    {line}" for line in _wrap(f"{name}: {item.doc or item.wire}", indent + 4, 4)
        ]
    return ["", f"{heading}:", *lines] if lines else []


def _split(text: str) -> tuple[str, str]:
    """The first sentence, and the rest."""
    folded = " ".join(text.split())
    for index, char in enumerate(folded):
        if char == "." and folded[index + 1 : index + 2] == " " and folded[index + 2].isupper():
            return folded[: index + 1], folded[index + 2 :]
    return folded, ""


def result_class(operation: Operation, prefix: str = "") -> str:
    """The class of what a public method gives; `prefix` is `Async` for the asynchronous one."""
    if operation.pagination:
        return f"{prefix}{operation.pagination.class_name}"
    return operation.result.name if operation.result else "None"


_OPTIONS = (
    ("extra_headers", "Headers added to the request; a value of None takes a header away."),
    ("extra_query", "Query parameters added to the request."),
    ("extra_body", "Fields added to the JSON body; they win over those given by name."),
    ("timeout_seconds", "In place of the client's timeout for this call, in seconds."),
    ("total_timeout_seconds", "Longest time of the whole call, its stream included, in seconds."),
)
_NOTES = {
    "inferred": "Note: this operation is inferred by convention. It is not documented publicly.",
    "observed": "Note: this operation was observed on servers. It is not documented publicly.",
}


def method_doc(operation: Operation) -> str:
    """The docstring of a public method."""
    indent = 8
    lines = _wrap(operation.summary, indent)
    for text in (operation.doc, _NOTES.get(operation.provenance, "")):
        if text:
            lines += ["", *_wrap(text, indent)]
    lines += _section("Args", operation.params, indent) or ["", "Args:"]
    options = list(_OPTIONS)
    if operation.event:
        text = "True gives a stream to iterate in place of the whole answer. Default: False."
        options.insert(0, ("stream", text))
    for name, text in options:
        lines += [f"    {line}" for line in _wrap(f"{name}: {text}", indent + 4, 4)]
    if operation.result:
        text = f"{result_class(operation)}: {operation.returns or operation.result.name}"
        lines += ["", "Returns:", *(f"    {line}" for line in _wrap(text, indent + 4, 4))]
    lines += [
        "",
        "Raises:",
        "    ConfigurationError: A credential or a host is missing; nothing was sent.",
        "    APIConnectionError, APITimeoutError: The server was not reached, or was too slow.",
        "    APIStatusError: The server refused; each status has a class of its own.",
        "    ProtocolError: The answer does not fit the specification.",
        "",
        *_wrap(f"Operation: {operation.method} {operation.path} ({operation.provenance}).", indent),
    ]
    return _join(lines, indent)
