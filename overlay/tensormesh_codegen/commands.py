"""Commands of the command line: from what an operation takes to what a person types."""

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
    """One option, or one positional argument. See `tensormesh_api._command`."""

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
class Names:
    """Names on the wire that matter to who reads data without models."""

    secrets: tuple[str, ...]
    once: tuple[str, ...]
    money: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """One command: an operation, called by words and options."""

    words: tuple[str, ...]
    operation: Operation
    options: tuple[Option, ...]

    @property
    def changes(self) -> bool:
        """Whether it may change something at the host."""
        return self.operation.method not in ("GET", "HEAD", "OPTIONS") and not self.operation.safe

    @property
    def body(self) -> dict[str, str]:
        """The fields of the JSON body, each with its keyword argument."""
        fields = [item for item in self.operation.arguments if item.location == "body"]
        return {item.wire: item.name for item in fields}


def build_commands(package: Package) -> list[Command]:
    """A command for each operation.

    A package of several hosts has none: which of them to call is a question that a person has to
    answer. Nor has an operation whose words are also another's: a command of several calls is more
    than its operations say.
    """
    if len(package.surfaces) != 1:
        return []
    times = Counter(words_of(operation) for operation in package.operations)
    builder = _Options(package)
    return [
        Command(words_of(operation), operation, tuple(builder.of(operation)))
        for operation in package.operations
        if times[words_of(operation)] == 1
    ]


def groups(package: Package, commands: list[Command]) -> dict[str, str]:
    """For each group at the top one line on it: of the tag of its name, or of its first command."""
    (surface,) = package.surfaces
    described = dict(surface.tags)
    tags = {endpoint.operation.id: endpoint.tag for endpoint in surface.endpoints}
    found: dict[str, str] = {}
    for command in commands:
        word = command.words[0]
        text = described.get(word.replace("-", "_")) or described.get(tags[command.operation.id])
        if len(command.words) > 1:
            found.setdefault(word, text or "")
    return found


def names(package: Package) -> Names:
    """The names of fields that specs mark."""
    fields = [item for model in package.models for item in model.fields]
    return Names(
        secrets=tuple(sorted({item.wire for item in fields if item.secret})),
        once=tuple(sorted({item.wire for item in fields if item.once})),
        money=tuple(MONEY) if any(model.money for model in package.models) else (),
    )


def words_of(operation: Operation) -> tuple[str, ...]:
    """What is typed after the name of the program."""
    if operation.cli:
        return tuple(operation.cli.split())
    return tuple(_kebab(part) for part in (*operation.resource.split("."), operation.name))


class _Options:
    """Makes options of arguments. An object becomes one option for each of its fields."""

    def __init__(self, package: Package) -> None:
        self._models = {model.name: model for model in package.models}
        self._enums = {
            enum.name: tuple(value for _, value in enum.members) for enum in package.enums
        }
        arguments = [item for each in package.operations for item in each.arguments]
        self._words = {each.id: words_of(each) for each in package.operations}
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
            return
        for inner in model.fields:
            if inner.option != "none":
                yield self._option(inner, (item.name, inner.wire))

    def _option(self, item: Field, target: tuple[str, ...]) -> Option:
        kind = item.type.or_value()
        single = kind.items.or_value() if kind.kind == "list" and kind.items else kind
        model = self._models.get(single.name)
        value = "money" if model and model.money else _KINDS.get(single.kind, single.kind)
        repeated = single is not kind and value in _SIMPLE
        if value not in (*_SIMPLE, "time", "money") or (single is not kind and not repeated):
            value = "json"
        name = _kebab(item.name.strip("_"))
        given = item.option or name
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
    """The name of an option, told apart from those of the others.

    A list has its name in the singular, as one value is given at a time. A field of an object has
    the object's name before its own if another has its own.
    """
    single = option.name.removesuffix("s")
    if option.repeated and single not in times:
        return single
    if times[option.name] > 1 and len(option.target) > 1:
        return f"{_kebab(option.target[0].strip('_'))}-{option.name}"
    return option.name


def command_problems(package: Package, bundles: list[Bundle]) -> list[SpecError]:
    """Options of one command that would have one name, or lead to no other."""
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
                    problem = f"{known} and {field} are both the option --{name} of its command"
                    help_text = "say x-tm-option at one of them"
                    errors.append(bundles[0].error(at, f"{problem}: {help_text}"))
    return errors


def _instead_problem(operation: Operation, item: Field, other: Operation | None) -> str:
    """Why what was given for one operation cannot be given to another; empty if it can."""
    if other is None:
        return f"names {item.instead}, which is no operation with a command: mend it"
    if not any(each.caller for each in operation.arguments):
        return "stands for no caller: mark a parameter by x-tm-caller, or remove it"
    theirs = {each.name: each for each in other.arguments}
    ours = {each.name for each in operation.arguments if not each.caller}
    missing = sorted({name for name, each in theirs.items() if each.required} - {item.name})
    unknown = sorted(ours - theirs.keys())
    if missing or unknown or item.name not in theirs:
        return f"names {other.id}, which does not take the same: {', '.join(missing + unknown)}"
    return ""


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _typed(text: str, names: set[str]) -> str:
    """Names of arguments as they are typed: `page_token` as `--page-token`."""
    return re.sub(
        r"`(\w+)`", lambda hit: f"`--{_kebab(hit[1])}`" if hit[1] in names else hit[0], text
    )
