"""Options that every command takes, and options that many share."""

from __future__ import annotations

from typing import Any

import click

from tensormesh_cli._app import App

OUTPUT_MODES = ("text", "json", "yaml", "raw", "table")
PROVIDERS = ("nebius", "lambda", "yotta")


class _SettingType(click.ParamType):  # type: ignore[type-arg]
    """The type of an option that contains a setting of the SDK.

    Args:
        setting: Name of the setting in the SDK.
        name: Name of the type in messages.
    """

    def __init__(self, setting: str, name: str) -> None:
        self.setting = setting
        self.name = name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        from tensormesh.settings import SETTINGS, SettingError

        try:
            return SETTINGS[self.setting].parse(str(value))
        except SettingError as error:
            self.fail(f"{str(value)!r}; it {error.problem}", param, ctx)


SECONDS = _SettingType("timeout_seconds", "seconds")
COUNT = _SettingType("max_retries", "number")


class GlobalOption(click.Option):
    """An option that is accepted at every level. The innermost one takes precedence."""


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    # If it is not given here, keep the value from the outer command.
    if value is not None and value is not False:
        context.ensure_object(App).given[(parameter.name or "").removeprefix("global_")] = value


def _keep_query(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    # Before anything is sent: a new API key is lost if its result cannot be shown.
    if value is not None and not context.resilient_parsing:
        from tensormesh_cli.output.query import check

        check(value)
    _keep(context, parameter, value)


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from tensormesh import __version__

        click.echo(f"tm {__version__}")
        context.exit()


def _global(name: str, **attributes: Any) -> GlobalOption:
    # Prefixed: a command may have an argument with the same name.
    return GlobalOption(
        [f"--{name}", f"global_{name.replace('-', '_')}"],
        expose_value=False,
        **{"callback": _keep, **attributes},
    )


GLOBAL_OPTIONS: tuple[GlobalOption, ...] = (
    _global(
        "config",
        type=click.Path(),
        help="Config TOML file.  [default: ~/.config/tensormesh/config.toml]",
    ),
    _global(
        "output",
        type=click.Choice(OUTPUT_MODES),
        help="Output format: text and table for people; json, yaml and raw for programs."
        "  [default: text]",
    ),
    _global(
        "query",
        metavar="EXPR",
        callback=_keep_query,
        help="Print only what this JMESPath expression selects.",
    ),
    _global("quiet", is_flag=True, help="Hide notes and progress messages."),
    _global("debug", is_flag=True, help="Log to stderr, without secrets."),
    _global(
        "ca-bundle",
        type=click.Path(),
        help="PEM file with the certificates to trust (overrides TENSORMESH_CA_BUNDLE).",
    ),
    _global(
        "max-retries",
        type=COUNT,
        metavar="N",
        help="Maximum retries of an idempotent request (overrides TENSORMESH_MAX_RETRIES).",
    ),
    _global(
        "timeout",
        type=SECONDS,
        metavar="SECONDS",
        help="HTTP timeout (overrides TENSORMESH_TIMEOUT_SECONDS).",
    ),
    _global("controlplane-base", metavar="URL", help="Control Plane base URL."),
    _global(
        "gateway-provider",
        type=click.Choice(PROVIDERS),
        help="Inference gateway provider; selects the default host.",
    ),
    GlobalOption(
        ["--version", "-V", "global_version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_show_version,
        help="Show the version and exit.",
    ),
)


def _keep_timeout(context: click.Context, _parameter: click.Parameter, value: object) -> object:
    # It also counts as the global option, so that clients of the `App` respect it.
    if value is not None:
        context.ensure_object(App).given["timeout"] = value
    return value


yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print the request instead of sending it."
)
all_option = click.option("--all", "all_pages", is_flag=True, help="Read all pages.")
exit_status_option = click.option(
    "--exit-status", is_flag=True, help="Exit with status 1 if a check fails."
)
timeout_option = click.option(
    "--timeout", type=SECONDS, metavar="SECONDS", callback=_keep_timeout, help="HTTP timeout."
)
