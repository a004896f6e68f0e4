"""The options that every command takes, and those that many share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from tensormesh_cli._app import App

if TYPE_CHECKING:
    from collections.abc import Callable

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

OUTPUT_MODES = ("text", "json", "yaml", "raw", "table")
PROVIDERS = ("nebius", "lambda", "yotta")


class _SettingType(click.ParamType):  # type: ignore[type-arg]
    """The type of an option that holds a setting of the SDK.

    Args:
        setting: The SDK's name of the setting.
        name: The name of the type in messages.
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
    """An option that is accepted at every level. The innermost one that is given counts."""


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    # An option that is not given here leaves what was given further out.
    if value is not None and value is not False:
        context.ensure_object(App).given[(parameter.name or "").removeprefix("global_")] = value


def _keep_query(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    # Before anything is sent: an API key whose result cannot be shown would be lost.
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
    # Under a name of its own: a command may have an argument with the same one.
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
        help="Output format: text and table for people, json, yaml and raw for programs."
        "  [default: text]",
    ),
    _global(
        "query",
        metavar="EXPR",
        callback=_keep_query,
        help="Show only what this JMESPath expression selects.",
    ),
    _global("quiet", is_flag=True, help="Leave out what is not essential."),
    _global("debug", is_flag=True, help="Debug logs on stderr; secrets are left out."),
    _global(
        "ca-bundle",
        type=click.Path(),
        help="PEM file of the certificates to trust (overrides TENSORMESH_CA_BUNDLE).",
    ),
    _global(
        "max-retries",
        type=COUNT,
        metavar="N",
        help="Retries of idempotent requests on transient errors"
        " (overrides TENSORMESH_MAX_RETRIES).",
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
        help="Inference gateway provider, which selects the built-in host.",
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


def yes_option(function: FunctionT) -> FunctionT:
    """`--yes`: do it without asking. Passed as `yes: bool`."""
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(function)


def dry_run_option(function: FunctionT) -> FunctionT:
    """`--dry-run`: print the request instead of sending it. Passed as `dry_run: bool`."""
    return click.option(
        "--dry-run", is_flag=True, help="Print the request that would be sent, and send nothing."
    )(function)


def all_option(function: FunctionT) -> FunctionT:
    """`--all`: read every page. Passed as `all_pages: bool`."""
    return click.option("--all", "all_pages", is_flag=True, help="Read all pages.")(function)


def exit_status_option(function: FunctionT) -> FunctionT:
    """`--exit-status`: make readiness the exit status. Passed as `exit_status: bool`."""
    return click.option(
        "--exit-status", is_flag=True, help="Exit with status 1 unless everything is ready."
    )(function)


def timeout_option(function: FunctionT) -> FunctionT:
    """`--timeout`: HTTP timeout of the command's calls in seconds. Passed as `timeout`, or None.

    It also counts as the global option of that name, so that clients of the `App` heed it.
    """

    def keep(context: click.Context, _parameter: click.Parameter, value: object) -> object:
        if value is not None:
            context.ensure_object(App).given["timeout"] = value
        return value

    return click.option(
        "--timeout",
        type=SECONDS,
        metavar="SECONDS",
        callback=keep,
        help="HTTP timeout of the request.",
    )(function)
