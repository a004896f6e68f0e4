"""Commands and groups of `tm`: loaded when used, with the same layout of help."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tensormesh_cli._app import App
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._options import GLOBAL_OPTIONS, GlobalOption
from tensormesh_cli._suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click.shell_completion import CompletionItem

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}

pass_app = click.make_pass_decorator(App, ensure=True)


class Lazy(NamedTuple):
    """A command that is loaded when it is used.

    Attributes:
        module: Name of the module that has it.
        attribute: Name of the command in the module, or of a function that returns it.
        help: One line for the list of commands.
        section: Heading that it is listed under.
        words: Arguments of the function, by default the name of the command.
    """

    module: str
    attribute: str
    help: str
    section: str = "Commands"
    words: tuple[str, ...] = ()


class Argument(click.Argument):
    """A positional argument with a help text."""

    def __init__(self, *arguments: Any, help: str | None = None, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.help = help


class _Base(click.Command):
    """What commands and groups have in common.

    Args:
        examples: Command lines for the end of the help, one per line; `#` starts a comment.
    """

    def __init__(self, *arguments: Any, examples: str = "", **attributes: Any) -> None:
        attributes["context_settings"] = {**_CONTEXT, **(attributes.get("context_settings") or {})}
        super().__init__(*arguments, **attributes)
        self.examples = examples

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, and global options that it does not redefine."""
        params = super().get_params(ctx)
        taken = {name for param in params for name in (*param.opts, *param.secondary_opts)}
        params.extend(option for option in GLOBAL_OPTIONS if taken.isdisjoint(option.opts))
        return params

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write usage, description, arguments, options, commands and examples."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self._format_parameters(ctx, formatter)
        if isinstance(self, TmGroup):
            self.format_commands(ctx, formatter)
        self._format_global_options(ctx, formatter)
        self._format_examples(formatter)

    def _format_parameters(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [param for param in self.get_params(ctx) if not isinstance(param, GlobalOption)]
        arguments = [
            (param.make_metavar(ctx), param.help)
            for param in own
            if isinstance(param, Argument) and param.help
        ]
        options = [
            record
            for param in own
            if isinstance(param, click.Option)
            and (record := param.get_help_record(ctx)) is not None
        ]
        if ctx.parent is None:
            # All options of the root are global.
            options = []
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _format_global_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if ctx.parent is None:
            shown = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
            records = [option.get_help_record(ctx) for option in shown]
            with formatter.section("Global options (before or after any command)"):
                formatter.write_dl([record for record in records if record is not None])
            return
        formatter.write_paragraph()
        formatter.write_text("`tm --help` lists the global options, such as --output and --query.")

    def _format_examples(self, formatter: click.HelpFormatter) -> None:
        if not self.examples:
            return
        with formatter.section("Examples"):
            for line in inspect.cleandoc(self.examples).splitlines():
                # Not wrapped: a wrapped command cannot be copied.
                formatter.write(f"{'':{formatter.current_indent}}{line}".rstrip() + "\n")


class TmCommand(_Base):
    """A command."""


class TmGroup(_Base, click.Group):
    """A group of commands, each loaded when it is used.

    Args:
        lazy: The commands by name, in the order in which they are listed.
    """

    command_class = TmCommand

    def __init__(
        self,
        *arguments: Any,
        lazy: Mapping[str, Lazy | tuple[str, str, str]] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*arguments, **attributes)
        self.lazy = {name: Lazy(*entry) for name, entry in (lazy or {}).items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order in which they are listed."""
        return [*self.lazy, *(name for name in self.commands if name not in self.lazy)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Return the command with a name, or None. Load it if necessary."""
        found = self.commands.get(cmd_name)
        if found is None and cmd_name in self.lazy:
            found = self.commands[cmd_name] = self._load(cmd_name)
        return found

    def _load(self, name: str) -> click.Command:
        from importlib import import_module

        entry = self.lazy[name]
        found = getattr(import_module(entry.module), entry.attribute)
        if not isinstance(found, click.Command):
            found = found(*(entry.words or (name,)))
        assert isinstance(found, click.Command)
        return found

    def listed(self, ctx: click.Context) -> list[tuple[str, str, str]]:
        """Return section, name and one line of help of every visible command. Loads none."""
        rows = []
        for name in self.list_commands(ctx):
            entry = self.lazy.get(name)
            if entry is not None:
                rows.append((entry.section, name, entry.help))
                continue
            found = self.get_command(ctx, name)
            if found is not None and not found.hidden:
                rows.append(("Commands", name, found.get_short_help_str(80)))
        return rows

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands under their headings."""
        sections: dict[str, list[tuple[str, str]]] = {}
        rows = self.listed(ctx)
        for section, name, text in rows:
            sections.setdefault(section, []).append((name, text))
        # Align the texts of all sections.
        longest = max((len(name) for _, name, _ in rows), default=0)
        for section, entries in sections.items():
            with formatter.section(section):
                formatter.write_dl([(f"{name:{longest}}", text) for name, text in entries])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help if no arguments are given, as a result and not as an error."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names, or suggest a similar one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            raise UsageFault(
                f"unknown command `{name}` for `{ctx.command_path}`",
                hint=did_you_mean(name, self.list_commands(ctx), most=2)
                or f"`{ctx.command_path} --help` lists the commands",
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete options and names of commands, without loading the commands."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=text)
            for _, name, text in self.listed(ctx)
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], TmCommand]:
    """Make a function a `TmCommand`. Its docstring is the help."""
    return click.command(name, cls=TmCommand, **attributes)


def group(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], TmGroup]:
    """Make a function a `TmGroup`. Its docstring is the help."""
    return click.group(name, cls=TmGroup, **attributes)
