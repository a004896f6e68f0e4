"""Error messages, and the exit status for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_extras import install_hint

if TYPE_CHECKING:
    import click

    import tensormesh

FAILURE = 1
USAGE = 2
CREDENTIALS = 4

_BAD_CREDENTIAL = 401
_FORBIDDEN = 403
_TOO_MANY = 429
LOGIN_HINT = "run `tm auth login`"
_CA_HINT = "set --ca-bundle to a file with the certificates to trust"


class CliError(Exception):
    """A command failed.

    Args:
        message: What failed, without a full stop.
        hint: What to do about it, such as a command to run.
        kind: Kind of error, for programs.
        status: HTTP status that caused it, or None.
        exit_code: Exit status of the process.
    """

    kind = "error"
    hint: str | None = None
    exit_code = FAILURE

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        kind: str | None = None,
        status: int | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.hint = one_line(hint) if hint else self.hint
        self.kind = kind or self.kind
        self.status = status
        self.exit_code = self.exit_code if exit_code is None else exit_code

    def lines(self) -> str:
        """Return the report for people: one line, and one more if there is a hint."""
        return f"Error: {self.message}\n" + (f"Hint: {self.hint}\n" if self.hint else "")


class UsageFault(CliError):  # noqa: N818
    """An option or an input is wrong. The message names it."""

    kind, exit_code = "usage", USAGE


class ConfigFault(CliError):  # noqa: N818
    """A setting is missing or wrong, or a file of `tm` cannot be used."""

    kind, exit_code = "config", USAGE


class CredentialFault(CliError):  # noqa: N818
    """A credential is missing, expired or refused."""

    kind, exit_code, hint = "credentials", CREDENTIALS, LOGIN_HINT


def describe(error: BaseException) -> CliError:
    """Return any exception that a command can raise as a `CliError`."""
    if isinstance(error, CliError):
        return error
    if isinstance(error, ModuleNotFoundError) and _library(error) in LIBRARIES:
        problem = f"tm needs the library {_library(error)}, which is not installed"
        return CliError(problem, hint=install_hint("cli"), kind="install", exit_code=USAGE)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, UnicodeEncodeError):
        # Python decodes bytes that are not text to lone surrogates.
        return UsageFault("an argument is not valid text", hint="encode it in UTF-8")
    import click

    import tensormesh

    if isinstance(error, click.ClickException):
        return _of_click(error)
    if isinstance(error, tensormesh.ConfigurationError):
        return _of_configuration(error)
    if isinstance(error, tensormesh.APIError):
        return _of_api(error)
    said = one_line(str(error))
    name = type(error).__name__
    return CliError(
        f"unexpected {name}: {said}" if said else f"unexpected {name}",
        hint="this is a bug in tm; `--debug` shows a traceback",
        kind="internal",
    )


# Libraries that only the command line needs.
LIBRARIES = ("click", "rich", "yaml", "tomlkit", "jmespath", "filelock", "prompt_toolkit")


def _library(error: ModuleNotFoundError) -> str:
    return (error.name or "").partition(".")[0]


def one_line(text: str) -> str:
    """Return text with every run of whitespace replaced with one space."""
    return " ".join(text.split())


def _of_click(error: click.ClickException) -> CliError:
    import click

    message = one_line(error.format_message()).rstrip(".").removesuffix(" range")
    if message.endswith("is not a valid float"):
        message = f"{message.removesuffix('float')}number"
    hint = None
    if isinstance(error, click.NoSuchOption):
        message = f"unknown option {error.option_name}"
        if error.possibilities:
            hint = f"did you mean {error.possibilities[0]}?"
    if hint is None and isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"`{error.ctx.command_path} --help` shows the options"
    message = message[:1].lower() + message[1:]
    return UsageFault(message, hint=hint)


# By the missing argument of the SDK: class, message, hint.
_MISSING: dict[str, tuple[type[CliError], str, str]] = {
    "control_plane_token": (
        CredentialFault,
        "not logged in: the command needs a Control Plane token",
        LOGIN_HINT,
    ),
    "inference_api_key": (
        CredentialFault,
        "no inference API key is set",
        "run `tm init --sync`, or pass --api-key",
    ),
    "on_demand_user_id": (
        CredentialFault,
        "no user ID for On-Demand is set",
        "run `tm init --sync`, or pass --user-id",
    ),
    "on_demand_base_url": (
        ConfigFault,
        "the On-Demand host is unknown",
        "run `tm init --sync`, or pass --gateway-provider or --base-url",
    ),
}


def _of_configuration(error: tensormesh.ConfigurationError) -> CliError:
    if error.is_missing and error.argument in _MISSING:
        kind, message, hint = _MISSING[error.argument]
        return kind(message, hint=hint)
    return ConfigFault(str(error), hint=_CA_HINT if error.argument == "ca_bundle" else None)


# By what the SDK's hint is about: the hint for `tm` users.
_HINTS = {
    "ca_bundle": _CA_HINT,
    "control_plane_token": "`tm auth whoami` tests the login, `tm auth refresh` renews it",
    "inference_api_key": "check the inference API key; `tm init --sync` updates the saved one",
    "on_demand_user_id": (
        "check the user ID, and that the model is a served name and not a modelId"
    ),
    "redirect": "redirects are followed only within the same host, and only for GET",
    "model": "`tm billing pricing serverless list` shows the published names",
}


def _of_api(error: tensormesh.APIError) -> CliError:
    import tensormesh

    if isinstance(error, tensormesh.APIStatusError):
        return _of_status(error)
    message = _without_hint(error)
    if isinstance(error, tensormesh.APITimeoutError):
        return CliError(message, hint="raise --timeout to wait longer", kind="timeout")
    if isinstance(error, tensormesh.APIConnectionError):
        return CliError(message, hint=_HINTS.get(error.hint_about or ""), kind="network")
    return CliError(message, kind="api")


def _without_hint(error: tensormesh.APIError) -> str:
    """Return the message without the SDK's hint, which names arguments of the SDK."""
    from copy import copy

    plain = copy(error)
    plain.hint = None
    return str(plain)


def _of_status(error: tensormesh.APIStatusError) -> CliError:
    hint = _HINTS.get(error.hint_about or "")
    if hint is None and error.status_code == _TOO_MANY and error.retry_after is not None:
        hint = f"try again in {error.retry_after:g} s"
    unauthorized = error.status_code == _BAD_CREDENTIAL
    kinds = {_BAD_CREDENTIAL: "credentials", _FORBIDDEN: "forbidden"}
    return CliError(
        _without_hint(error),
        hint=hint,
        kind=kinds.get(error.status_code, "api"),
        status=error.status_code,
        exit_code=CREDENTIALS if unauthorized else FAILURE,
    )


def _of_system(error: OSError) -> CliError:
    reason = error.strerror or one_line(str(error)) or type(error).__name__
    if error.filename is None:
        return CliError(f"cannot write the output: {reason}", kind="output")
    return CliError(f"{error.filename}: {reason}", kind="file")
