"""What each kind of error is told as, and the exit status that goes with it."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import click
import pytest
from support.cases import for_each
from support.command_line import Result, tm

import tensormesh
from tensormesh_cli._errors import (
    CliError,
    ConfigFault,
    CredentialFault,
    UsageFault,
    describe,
)

INFERENCE_HINT = "Check `inference_api_key` (TENSORMESH_INFERENCE_API_KEY)"


def status_error(kind: type[tensormesh.APIError], status: int, **more: Any) -> Any:
    attributes: dict[str, Any] = {"reason": "Reason", "request_id": "r-1", **more}
    return kind("it said so", status_code=status, **attributes)  # type: ignore[call-arg]


def failing(error: BaseException, *arguments: str) -> Result:
    with mock.patch("tensormesh_cli.output.emitter.Emitter.emit", side_effect=error):
        return tm("version", *arguments)


@for_each(
    ("error", "kind", "code"),
    [
        (CliError("no"), "error", 1),
        (UsageFault("no"), "usage", 2),
        (ConfigFault("no"), "config", 2),
        (CredentialFault("no"), "credentials", 4),
        (click.UsageError("no"), "usage", 2),
        (click.BadParameter("no"), "usage", 2),
        (status_error(tensormesh.AuthenticationError, 401), "credentials", 4),
        (status_error(tensormesh.PermissionDeniedError, 403), "forbidden", 1),
        (status_error(tensormesh.NotFoundError, 404), "api", 1),
        (status_error(tensormesh.InternalServerError, 503), "api", 1),
        (tensormesh.APIConnectionError("no"), "network", 1),
        (tensormesh.APITimeoutError("no", phase="read"), "timeout", 1),
        (tensormesh.ProtocolError("no"), "api", 1),
        (tensormesh.StreamError("no"), "api", 1),
        (tensormesh.ConfigurationError("no"), "config", 2),
        (PermissionError(13, "Permission denied", "/some/file"), "file", 1),
        (OSError(28, "No space left on device"), "output", 1),
        (ZeroDivisionError("no"), "internal", 1),
    ],
)
def test_every_error_has_its_kind_and_status(error: Exception, kind: str, code: int) -> None:
    fault = describe(error)
    assert (fault.kind, fault.exit_code) == (kind, code)
    assert "\n" not in fault.message


@pytest.mark.parametrize(
    ("argument", "kind", "code", "hint"),
    [
        ("control_plane_token", "credentials", 4, "run `tm auth login`"),
        ("inference_api_key", "credentials", 4, "run `tm init --sync`, or pass --api-key"),
        ("on_demand_user_id", "credentials", 4, "run `tm init --sync`, or pass --user-id"),
        (
            "on_demand_base_url",
            "config",
            2,
            "run `tm init --sync`, or pass --gateway-provider or --base-url",
        ),
    ],
)
def test_what_the_sdk_misses_is_told_in_the_words_of_the_command_line(
    argument: str, kind: str, code: int, hint: str
) -> None:
    with tensormesh.Tensormesh() as client, pytest.raises(tensormesh.ConfigurationError) as caught:
        client._settings.require(argument)
    fault = describe(caught.value)
    assert (fault.kind, fault.exit_code, fault.hint) == (kind, code, hint)
    assert "TENSORMESH_" not in fault.message


def test_a_setting_that_cannot_be_right_keeps_the_words_of_the_sdk() -> None:
    with pytest.raises(tensormesh.ConfigurationError) as caught:
        tensormesh.Tensormesh(on_demand_user_id="me")
    fault = describe(caught.value)
    assert (fault.kind, fault.exit_code) == ("config", 2)
    assert "must be a UUID" in fault.message


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (
            "control_plane_token",
            "`tm auth whoami` tests the login, `tm auth refresh` renews it",
        ),
        (
            "inference_api_key",
            "check the inference API key; `tm init --sync` updates the saved one",
        ),
        (None, None),
    ],
)
def test_a_refused_credential_comes_with_the_command_that_mends_it(
    about: str | None, expected: str | None
) -> None:
    hinted = {"hint": about and "Check it.", "hint_about": about}
    fault = describe(status_error(tensormesh.AuthenticationError, 401, **hinted))
    assert (fault.kind, fault.hint, fault.status, fault.exit_code) == (
        "credentials",
        expected,
        401,
        4,
    )
    assert fault.message == "401 Reason: it said so (request id r-1)"


@pytest.mark.parametrize(
    ("surface", "word"),
    [
        ("control_plane", "tm auth refresh"),
        ("serverless", "tm init --sync"),
        ("on_demand", "tm init --sync"),
    ],
)
def test_the_hints_of_the_sdk_for_401_are_all_known(surface: str, word: str) -> None:
    from tensormesh._errors.status import status_hint

    about, hint = status_hint(401, surface) or (None, None)
    hinted = {"hint": hint, "hint_about": about}
    error = status_error(tensormesh.AuthenticationError, 401, **hinted)
    assert word in (describe(error).hint or "")


@pytest.mark.parametrize(
    ("surface", "word"), [("serverless", "serverless list"), ("on_demand", "served name")]
)
def test_the_hints_of_the_sdk_for_404_are_all_known(surface: str, word: str) -> None:
    from tensormesh._errors.status import status_hint

    about, hint = status_hint(404, surface) or (None, None)
    error = status_error(tensormesh.NotFoundError, 404, hint=hint, hint_about=about)
    assert word in (describe(error).hint or "")


def test_a_server_that_asks_to_wait_is_heard() -> None:
    error = status_error(tensormesh.RateLimitError, 429, retry_after=2.5)
    assert describe(error).hint == "try again in 2.5 s"


def test_describing_an_error_leaves_it_as_it_was() -> None:
    error = status_error(tensormesh.AuthenticationError, 401, hint=INFERENCE_HINT)
    describe(error)
    assert error.hint == INFERENCE_HINT


def test_an_unknown_certificate_comes_with_the_option_for_it() -> None:
    error = tensormesh.APIConnectionError("connection failed: the certificate is unknown")
    error.hint = (
        "To trust a private CA, set `ca_bundle` (TENSORMESH_CA_BUNDLE) to its certificate file"
    )
    error.hint_about = "ca_bundle"
    fault = describe(error)
    assert fault.message == "connection failed: the certificate is unknown"
    assert fault.hint == "set --ca-bundle to a file with the certificates to trust"


def test_people_get_one_line_and_a_hint() -> None:
    result = failing(CliError("it\n  broke", hint="mend it"))
    assert (result.status, result.stdout) == (1, "")
    assert result.stderr == "Error: it broke\nHint: mend it\n"


@pytest.mark.parametrize("mode", ["json", "yaml", "raw"])
def test_programs_get_json_on_stderr(mode: str) -> None:
    result = failing(CredentialFault("no", status=401), "--output", mode)
    assert (result.status, result.stdout) == (4, "")
    said = {"kind": "credentials", "message": "no", "status": 401, "hint": "run `tm auth login`"}
    assert json.loads(result.stderr) == {"error": said}
    result = failing(CliError("no"), "--output", mode)
    assert json.loads(result.stderr) == {
        "error": {"kind": "error", "message": "no", "status": None}
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--output", "json", "zzzz"],
        ["zzzz", "--output", "json"],
        ["zzzz", "--output=json"],
        ["version", "--zzzz", "--output", "json"],
    ],
)
def test_a_mistake_before_the_output_option_is_told_as_json_too(arguments: list[str]) -> None:
    result = tm(*arguments)
    assert result.status == 2
    assert result.error["kind"] == "usage"
    assert result.error["status"] is None
    assert result.error["hint"]


def test_what_stands_after_two_dashes_is_no_option() -> None:
    assert tm("zzzz", "--", "--output", "json").stderr.startswith("Error: ")


def test_a_traceback_is_for_debugging_only() -> None:
    plain, debug = failing(ValueError("odd")), failing(ValueError("odd"), "--debug")
    assert plain.status == debug.status == 1
    assert plain.stderr == (
        "Error: unexpected ValueError: odd\n"
        "Hint: this is a bug in tm; `--debug` shows a traceback\n"
    )
    assert debug.stderr.startswith("Traceback ")
    assert debug.stderr.endswith(plain.stderr)


@pytest.mark.parametrize("arguments", [[], ["--debug"], ["--output", "json"]])
def test_no_error_shows_a_bearer_token(arguments: list[str]) -> None:
    result = failing(RuntimeError("sent Authorization: Bearer abc.def-123"), *arguments)
    assert "abc.def-123" not in result.stderr
    assert "***" in result.stderr


def test_ctrl_d_at_a_prompt_of_click_counts_as_an_interruption() -> None:
    assert failing(click.Abort()).status == 130


def test_line_ends_in_a_hint_do_not_make_more_lines() -> None:
    result = failing(UsageFault("no", hint="write: --json @a\nb"))
    assert result.stderr == "Error: no\nHint: write: --json @a b\n"


def test_what_is_no_text_is_the_mistake_of_who_gave_it() -> None:
    result = failing(UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"))
    assert (result.status, result.stderr) == (
        2,
        "Error: an argument is not valid text\nHint: encode it in UTF-8\n",
    )
