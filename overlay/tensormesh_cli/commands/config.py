"""`tm config`: the settings, and the file that contains them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tensormesh_cli._click import Argument, command, group, pass_app
from tensormesh_cli.output import Column, Result, Table

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tensormesh_cli._app import App


@group(
    "config",
    examples="""
    tm config show --sources
    tm config set gateway_provider nebius
    tm config path
    """,
)
def config() -> None:
    """Show and change settings.

    Flags take precedence over environment variables, and those over the config file. In the file,
    [overrides] takes precedence over [managed].
    """


@command(
    "show",
    examples="""
    tm config show --sources
    tm --output json config show --query gateway_model_id
    """,
)
@click.option("--sources", is_flag=True, help="Show where each value comes from.")
@click.option("--show-secrets", is_flag=True, help="Show keys in full.")
@pass_app
def show(app: App, sources: bool, show_secrets: bool) -> Result:
    """Show the settings that apply to this command line."""
    settings = app.settings
    values = settings.values if show_secrets else settings.shown_values
    if not sources:
        return Result(values)
    origins = {name: settings.sources[name] for name in values}
    columns = [
        Column("setting", lambda name: name),
        Column("value", lambda name: values[str(name)]),
        Column("source", lambda name: origins[str(name)]),
    ]
    return Result({"values": values, "sources": origins}, view=Table(columns, list(values)))


@command(
    "init",
    examples="""
    tm config init
    tm config init --path ./tensormesh.toml
    """,
)
@click.option(
    "--path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.  [default: the config file]",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@pass_app
def init(app: App, path: Path | None, force: bool) -> Result:
    """Write a config file to start with."""
    from tensormesh_cli.config.file import write_template

    target = path or _path(app)
    write_template(target, force=force)
    notes = () if path is None else (f"Use it with: tm --config {path} ...",)
    return Result({"path": str(target)}, view=f"Wrote {target}.", notes=notes)


@command("path", examples="tm config path")
@pass_app
def path(app: App) -> Result:
    """Print the path of the config file."""
    target = _path(app)
    return Result(
        {"path": str(target), "exists": target.exists()},
        raw=f"{target}\n".encode(),
        view=str(target),
    )


def _complete_key(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from tensormesh_cli.config.keys import KEYS

    return [
        CompletionItem(key.name)
        for key in KEYS.values()
        if key.writable and key.name.startswith(incomplete)
    ]


@command(
    "set",
    examples="""
    tm config set max_retries 3
    tm config set gateway_model_id openai-gpt-oss-120b
    # Read a key from standard input, to keep it out of the shell's history.
    tm config set gateway_api_key - < key.txt
    """,
)
@click.argument("key", cls=Argument, shell_complete=_complete_key, help="Name of the setting.")
@click.argument("value", cls=Argument, help="The value; `-` reads it from standard input.")
@pass_app
def set_(app: App, key: str, value: str) -> Result:
    """Set a value in the config file.

    Gateway settings go to [overrides], which `tm init --sync` does not change.
    """
    import sys

    from tensormesh.settings import SettingError
    from tensormesh_cli._errors import UsageFault
    from tensormesh_cli.config.file import update
    from tensormesh_cli.config.keys import mask, writable_key

    found = writable_key(key)
    if value == "-":
        value = sys.stdin.readline().strip()
    if not value:
        raise UsageFault(
            f"`{key}` needs a value", hint=f"`tm config unset {key}` removes the setting"
        )
    try:
        checked = found.check(value)
    except SettingError as error:
        raise UsageFault(f"`{key}` {error.problem}") from None
    target = _path(app)
    update(target, {found.home: checked})
    shown = mask(str(checked)) if found.is_secret else checked
    hidden = found.variable if app.environ.get(found.variable or "") else None
    return Result(
        {"path": str(target), "key": key, "value": shown},
        view=f"{key} = {shown} in {target}",
        warnings=(f"{hidden} is set and overrides the config file",) if hidden else (),
    )


@command("unset", examples="tm config unset gateway_model_id")
@click.argument("key", cls=Argument, shell_complete=_complete_key, help="Name of the setting.")
@pass_app
def unset(app: App, key: str) -> Result:
    """Remove a setting from the config file.

    A gateway setting is removed from [overrides], so that the one in [managed] applies.
    """
    from tensormesh_cli.config.file import read, update
    from tensormesh_cli.config.keys import writable_key

    found = writable_key(key)
    target = _path(app)
    *tables, name = found.home
    document = read(target)
    removed = name in (document.get(tables[0], {}) if tables else document)
    if removed:
        update(target, {found.home: None})
    said = f"Removed {key} from {target}." if removed else f"{key} was not set in {target}."
    return Result({"path": str(target), "key": key, "removed": removed}, view=said)


for _command in (init, show, path, set_, unset):
    config.add_command(_command)


def _path(app: App) -> Path:
    """Return the path of the config file. Does not read it, so that a broken one can be fixed."""
    from tensormesh_cli.config.paths import require_config

    return require_config(app.options.config, app.environ)
