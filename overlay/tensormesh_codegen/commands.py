"""Commands of the command line, derived from operations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .bundling import Bundle
from .errors import SpecError
from .model import Field, Operation, Package
from .rules import MONEY

_KINDS = {"datetime": "time", "enum": "string", "int64": "string"}
_SIMPLE = ("string", "integer", "number", "boolean")


@dataclass(frozen=True)
class Option:
    """An option or positional argument; see `tensormesh_api._command`."""

    name: str
    kind: str
    target: tuple[str, ...]
    doc: str
    negative: str | None = None
    positional: bool = False
    required: bool = False
    repeated: bool = False
    choices: tuple[str, ...] = ()
    secret: bool = False
    caller: bool = False
    whose: bool = False
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command that calls an operation."""

    words: tuple[str, ...]
    operation: Operation
    options: tuple[Option, ...]

    @property
    def changes(self) -> bool:
        """Whether it may change something on the host."""
        return self.operation.method not in ("GET", "HEAD", "OPTIONS") and not self.operation.safe

    @property
    def body(self) -> dict[str, str]:
        """The keyword argument of each field of the JSON body."""
        fields = [item for item in self.operation.arguments if item.location == "body"]
        return {item.wire: item.name for item in fields}


def build_commands(package: Package) -> list[Command]:
    """Return a command for each operation.

    Packages with several hosts have none, because a command could not tell which one to call. The
    same applies to operations whose words are not unique.
    """
    if len(package.hosts) != 1:
        return []
    times = Counter(words_of(operation) for operation in package.operations)
    builder = _Options(package)
    return [
        Command(words_of(operation), operation, tuple(builder.of(operation)))
        for operation in package.operations
        if times[words_of(operation)] == 1
    ]


def groups(package: Package, commands: list[Command]) -> dict[str, str]:
    """Return the description of each top-level group: of its tag, or that of its first command."""
    (host,) = package.hosts
    described = dict(host.tags)
    tags = {endpoint.operation.id: endpoint.tag for endpoint in host.endpoints}
    found: dict[str, str] = {}
    for command in commands:
        word = command.words[0]
        text = described.get(word.replace("-", "_")) or described.get(tags[command.operation.id])
        if len(command.words) > 1:
            found.setdefault(word, text or "")
    return found


def names(package: Package) -> dict[str, tuple[str, ...]]:
    """Return the wire names of fields with special handling."""
    fields = [item for model in package.models for item in model.fields]
    return {
        "secrets": tuple(sorted({item.wire for item in fields if item.secret})),
        "once": tuple(sorted({item.wire for item in fields if item.once})),
        "money": tuple(MONEY) if any(model.money for model in package.models) else (),
    }


def words_of(operation: Operation) -> tuple[str, ...]:
    """Return the words to type after the name of the program."""
    if operation.cli:
        return tuple(operation.cli.split())
    return tuple(_kebab(part) for part in (*operation.resource.split("."), operation.name))


class _Options:
    """Creates options from arguments. Objects become one option per field."""

    def __init__(self, package: Package) -> None:
        self._models = {model.name: model for model in package.models}
        self._enums = {each.name: tuple(v for _, v in each.members) for each in package.enums}
        self._words = {each.id: words_of(each) for each in package.operations}
        arguments = [item for each in package.operations for item in each.arguments]
        self._callers = {item.wire for item in arguments if item.caller}

    def of(self, operation: Operation) -> list[Option]:
        found = [option for item in operation.arguments for option in self._argument(item)]
        times = Counter(option.name for option in found)
        names = {item.name for item in operation.arguments}
        return [
            replace(option, name=_name(option, times), doc=_typed(option.doc, names))
            for option in found
        ]

    def _argument(self, item: Field) -> Iterator[Option]:
        model = self._models.get(item.type.name) if item.type.kind == "model" else None
        if item.option == "none":
            return
        if model is None or model.money:
            yield self._option(item, (item.name,))
        else:
            inner = [each for each in model.fields if each.option != "none"]
            yield from (self._option(each, (item.name, each.wire)) for each in inner)

    def _option(self, item: Field, target: tuple[str, ...]) -> Option:
        kind = item.type.or_value()
        single = kind.items.or_value() if kind.kind == "list" and kind.items else kind
        model = self._models.get(single.name)
        value = "money" if model and model.money else _KINDS.get(single.kind, single.kind)
        repeated = single is not kind and value in _SIMPLE
        if value not in (*_SIMPLE, "time", "money") or (single is not kind and not repeated):
            value = "json"
        given = item.option or _kebab(item.name.strip("_"))
        name, _, negative = given.lower().partition("/")
        positional = item.location == "path" or given.isupper()
        return Option(
            name=name,
            kind=value,
            target=target,
            doc=item.short,
            negative=negative or None,
            positional=positional,
            required=(item.required or positional) and not item.caller and len(target) == 1,
            repeated=repeated,
            choices=self._enums.get(single.name, ()),
            secret=item.secret,
            caller=item.caller,
            whose=item.wire in self._callers and len(target) == 1,
            instead=self._words.get(item.instead or "", ()),
        )


def _name(option: Option, times: Counter[str]) -> str:
    """Return the name of an option, made unique within its command.

    Lists are in the singular, because each use of the option adds one value. Fields of an object
    are prefixed by the name of the object if their own name is in use.
    """
    single = option.name.removesuffix("s")
    if option.repeated and single not in times:
        return single
    if times[option.name] > 1 and len(option.target) > 1:
        return f"{_kebab(option.target[0].strip('_'))}-{option.name}"
    return option.name


def command_problems(package: Package, bundles: list[Bundle]) -> list[SpecError]:
    """Return an error for every option with a duplicate name or an invalid `x-tm-instead`."""
    errors = []
    commands = build_commands(package)
    others = {command.operation.id: command.operation for command in commands}
    for command in commands:
        operation = command.operation
        at = ("paths", operation.path, operation.method.lower())
        for item in operation.arguments:
            problem = item.instead and _instead_problem(operation, item, others.get(item.instead))
            if problem:
                errors.append(bundles[0].error(at, f"x-tm-instead of {item.wire!r} {problem}"))
        seen: dict[str, str] = {}
        for option in command.options:
            for name in filter(None, (option.name, option.negative)):
                field = ".".join(option.target)
                known = seen.setdefault(name, field)
                if known != field:
                    problem = f"{known} and {field} both become the option --{name}"
                    errors.append(bundles[0].error(at, f"{problem}: add x-tm-option to one"))
    return errors


def _instead_problem(operation: Operation, item: Field, other: Operation | None) -> str:
    """Return why another operation cannot take the same arguments, or an empty string."""
    if other is None:
        return f"names {item.instead}, which is not an operation with a command: fix it"
    if not any(each.caller for each in operation.arguments):
        return "needs a parameter with x-tm-caller: add one or remove the key"
    theirs = {each.name: each for each in other.arguments}
    ours = {each.name for each in operation.arguments if not each.caller}
    missing = sorted({name for name, each in theirs.items() if each.required} - {item.name})
    unknown = sorted(ours - theirs.keys())
    differs = missing or unknown or item.name not in theirs
    problem = f"names {other.id}, which has other arguments: {', '.join(missing + unknown)}"
    return problem if differs else ""


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _typed(text: str, names: set[str]) -> str:
    """Replace names of arguments by options: `page_token` by `--page-token`."""
    return re.sub(
        r"`(\w+)`", lambda hit: f"`--{_kebab(hit[1])}`" if hit[1] in names else hit[0], text
    )
