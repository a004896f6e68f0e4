"""The command line: ``python -m tensormesh_local``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from tensormesh_local.auth import DEFAULT_API_KEY, DEFAULT_CONTROL_PLANE_TOKEN, DEFAULT_USER_ID
from tensormesh_local.control_plane.state import StateError
from tensormesh_local.engines.base import EngineError
from tensormesh_local.http.host_check import is_loopback, parse_host
from tensormesh_local.options import ENGINE_NAMES, HostOptions
from tensormesh_local.server import Server
from tensormesh_local.specs import SpecError

_PROGRAM: Final = "tensormesh_local"
_USAGE_ERROR: Final = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print one line and exit with status 2."""
        self.exit(_USAGE_ERROR, f"{_PROGRAM}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    Args:
        arguments: Command-line arguments; those of the process by default.

    Returns:
        The exit status: 0 after a signal, 1 if the address, the state or the engine cannot be
        used.

    Raises:
        SystemExit: Status 2, the arguments are wrong.
    """
    parser = _make_parser()
    given = vars(parser.parse_args(arguments))
    host, allow_remote = given.pop("host"), given.pop("allow_remote")
    options = HostOptions(**{**given, "api_keys": given["api_keys"] or [DEFAULT_API_KEY]})
    if not is_loopback(host) and not allow_remote:
        parser.error(
            f"--host {host} is reachable from other machines; pass --allow-remote to allow this"
        )
    try:
        server = Server(options, host, lambda: _announce(server, options, host))
    except EngineError as error:
        parser.error(str(error))
    except StateError as error:
        return _fail(str(error))
    except (OSError, SpecError, ValueError) as error:
        return _fail(f"{host}:{options.port}: {error}")
    try:
        asyncio.run(_serve(server))
    except EngineError as error:
        return _fail(str(error))
    return 0


def _fail(reason: str) -> int:
    print(f"{_PROGRAM}: error: {reason}", file=sys.stderr)
    return 1


async def _serve(server: Server) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # A second signal does not wait for open requests.
        server.force_exit = server.should_exit
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    await server.run_engine()


def _announce(server: Server, options: HostOptions, host: str) -> None:
    if not is_loopback(host):
        print(f"{_PROGRAM}: warning: reachable from other machines on {host}", file=sys.stderr)
    print(
        f"{_PROGRAM} ready serverless={server.serverless_base_url} "
        f"on_demand={server.on_demand_base_url} api_key={options.api_keys[0]} "
        f"user_id={DEFAULT_USER_ID} control_plane={server.control_plane_base_url} "
        f"control_plane_token={options.control_plane_token}",
        flush=True,
    )


def _make_parser() -> _Parser:
    """Return the parser; its destinations are the names of :class:`HostOptions`."""
    parser = _Parser(
        prog=f"python -m {_PROGRAM}",
        description="Serve the Tensormesh APIs on this machine, for demos and tests.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--port", type=_port, default=8080, help="port to bind; 0 for any free one (default 8080)")
    add("--host", default="127.0.0.1", help="address to bind (default 127.0.0.1)")
    add("--allow-remote", action="store_true", help="allow a --host that other machines can reach")
    add(
        "--allow-host",
        dest="allow_hosts",
        action="append",
        type=_host_name,
        default=[],
        metavar="NAME",
        help="host name or IP address to accept in Host and Origin headers, besides loopback "
        "ones and --host; repeatable",
    )
    add("--engine", choices=ENGINE_NAMES, default="builtin", help="engine (default builtin)")
    add(
        "--seed",
        type=int,
        default=0,
        help="seed for --seed-data and, with builtin, for requests without one (default 0)",
    )
    add(
        "--latency-ms",
        type=_milliseconds,
        default=0.0,
        metavar="MS",
        help="builtin: milliseconds per generated token (default 0)",
    )
    add(
        "--served-model-name",
        dest="extra_models",
        action="append",
        default=[],
        metavar="NAME",
        help="builtin: additional name for the chat model; repeatable",
    )
    add("--upstream", metavar="URL", help="upstream: base URL of an OpenAI-compatible server")
    add("--upstream-api-key", metavar="KEY", help="upstream: API key for the server")
    add("--model", dest="model_path", metavar="FILE.gguf", help="llama: the model to run")
    add(
        "--api-key",
        dest="api_keys",
        action="append",
        type=_api_key,
        metavar="KEY",
        help=f"API key to accept; repeatable (default {DEFAULT_API_KEY})",
    )
    add(
        "--control-plane-token",
        type=_api_key,
        default=DEFAULT_CONTROL_PLANE_TOKEN,
        metavar="TOKEN",
        help=f"access token of the default user (default {DEFAULT_CONTROL_PLANE_TOKEN})",
    )
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="file that keeps the Control Plane's state across restarts (default: in memory)",
    )
    add(
        "--auto-approve",
        action="store_true",
        help="approve browser logins at once, as the default user",
    )
    add(
        "--seed-data",
        choices=["demo"],
        help="fill an empty Control Plane: demo is an account with three months of history",
    )
    add(
        "--enforce-balance",
        action="store_true",
        help="refuse inference with 402 while the user's balance is zero or less",
    )
    add(
        "--rate-limit",
        type=_rate,
        metavar="N",
        help="Control Plane requests per minute for each access token; more are refused with 429 "
        "and Retry-After (default: no limit)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _host_name(text: str) -> str:
    try:
        return parse_host(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 60_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a delay (0 to 60000)")
    return value


def _rate(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests (1 or more)")
    return int(text)


def _api_key(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError("a key must be printable ASCII without spaces")
    return text
