"""Error messages, and the exit status for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
        exit_code: Exit status of the process.
        kind: Kind of error, for programs.
        status: HTTP status that caused it, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        exit_code: int = FAILURE,
        kind: str = "error",
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.kind = kind
        self.status = status


class UsageFault(CliError):  # noqa: N818
    """An option or an input is wrong. The message names it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, exit_code=USAGE, kind="usage")


class ConfigFault(CliError):  # noqa: N818
    """A setting is missing or wrong, or a file of `tm` cannot be used."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, exit_code=USAGE, kind="config")


class CredentialFault(CliError):  # noqa: N818
    """A credential is missing, expired or refused."""

    def __init__(
        self, message: str, *, hint: str | None = LOGIN_HINT, status: int | None = None
    ) -> None:
        super().__init__(
            message, hint=hint, exit_code=CREDENTIALS, kind="credentials", status=status
        )


class Fault(NamedTuple):
    """An error as it is reported.

    Attributes:
        kind: Kind of error, for programs, such as `usage`.
        message: What failed, on one line.
        hint: What to do about it, or None.
        status: HTTP status that caused it, or None.
        exit_code: Exit status of the process.
    """

    kind: str
    message: str
    hint: str | None
    status: int | None
    exit_code: int

    def lines(self) -> str:
        """Return the report for people: one line, and one more if there is a hint."""
        return f"Error: {self.message}\n" + (f"Hint: {one_line(self.hint)}\n" if self.hint else "")


def describe(error: BaseException) -> Fault:
    """Return the report of any exception that a command can raise."""
    if isinstance(error, CliError):
        return Fault(error.kind, one_line(error.message), error.hint, error.status, error.exit_code)
    if isinstance(error, ModuleNotFoundError) and _library(error) in LIBRARIES:
        return _of_library(_library(error))
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, UnicodeEncodeError):
        # Python decodes bytes that are not text to lone surrogates.
        return Fault("usage", "an argument is not valid text", "encode it in UTF-8", None, USAGE)
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
    return Fault(
        "internal",
        f"unexpected {name}: {said}" if said else f"unexpected {name}",
        "this is a bug in tm; `--debug` shows a traceback",
        None,
        FAILURE,
    )


# Libraries that only the command line needs.
LIBRARIES = ("click", "rich", "yaml", "tomlkit", "jmespath", "filelock", "prompt_toolkit")


def _library(error: ModuleNotFoundError) -> str:
    return (error.name or "").partition(".")[0]


def _of_library(name: str) -> Fault:
    return Fault(
        "install",
        f"tm needs the library {name}, which is not installed",
        install_hint("cli"),
        None,
        USAGE,
    )


def one_line(text: str) -> str:
    """Return text with every run of white space replaced by one space."""
    return " ".join(text.split())


def _of_click(error: click.ClickException) -> Fault:
    import click

    message = one_line(error.format_message()).rstrip(".")
    hint = None
    if isinstance(error, click.NoSuchOption):
        message = f"unknown option {error.option_name}"
        if error.possibilities:
            hint = f"did you mean {error.possibilities[0]}?"
    if hint is None and isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"`{error.ctx.command_path} --help` shows the options"
    message = message[:1].lower() + message[1:]
    return Fault("usage", message, hint, None, USAGE)


# By the missing argument of the SDK: message, hint, exit status.
_MISSING = {
    "control_plane_token": (
        "not logged in: the command needs a Control Plane token",
        LOGIN_HINT,
        CREDENTIALS,
    ),
    "inference_api_key": (
        "no inference API key is set",
        "run `tm init --sync`, or pass --api-key",
        CREDENTIALS,
    ),
    "on_demand_user_id": (
        "no user ID for On-Demand is set",
        "run `tm init --sync`, or pass --user-id",
        CREDENTIALS,
    ),
    "on_demand_base_url": (
        "the On-Demand host is unknown",
        "run `tm init --sync`, or pass --gateway-provider or --base-url",
        USAGE,
    ),
}


def _of_configuration(error: tensormesh.ConfigurationError) -> Fault:
    message = one_line(str(error))
    if error.is_missing and error.argument in _MISSING:
        missing, source, code = _MISSING[error.argument]
        kind = "credentials" if code == CREDENTIALS else "config"
        return Fault(kind, missing, source, None, code)
    hint = _CA_HINT if error.argument == "ca_bundle" else None
    return Fault("config", message, hint, None, USAGE)


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


def _of_api(error: tensormesh.APIError) -> Fault:
    import tensormesh

    if isinstance(error, tensormesh.APIStatusError):
        return _of_status(error)
    message = one_line(_without_hint(error))
    if isinstance(error, tensormesh.APITimeoutError):
        return Fault("timeout", message, "raise --timeout to wait longer", None, FAILURE)
    if isinstance(error, tensormesh.APIConnectionError):
        return Fault("network", message, _HINTS.get(error.hint_about or ""), None, FAILURE)
    return Fault("api", message, None, None, FAILURE)


def _without_hint(error: tensormesh.APIError) -> str:
    """Return the message without the SDK's hint, which names arguments of the SDK."""
    from copy import copy

    plain = copy(error)
    plain.hint = None
    return str(plain)


def _of_status(error: tensormesh.APIStatusError) -> Fault:
    hint = _HINTS.get(error.hint_about or "")
    if hint is None and error.status_code == _TOO_MANY and error.retry_after is not None:
        hint = f"try again in {error.retry_after:g} s"
    message = one_line(_without_hint(error))
    if error.status_code == _BAD_CREDENTIAL:
        return Fault("credentials", message, hint, error.status_code, CREDENTIALS)
    kind = "forbidden" if error.status_code == _FORBIDDEN else "api"
    return Fault(kind, message, hint, error.status_code, FAILURE)


def _of_system(error: OSError) -> Fault:
    reason = error.strerror or one_line(str(error)) or type(error).__name__
    if error.filename is None:
        return Fault("output", f"cannot write the output: {reason}", None, None, FAILURE)
    return Fault("file", f"{error.filename}: {reason}", None, None, FAILURE)
