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
from tensormesh_local.control_plane.application import create_control_plane
from tensormesh_local.control_plane.state import StateError
from tensormesh_local.engines.base import EngineError
from tensormesh_local.engines.factory import ENGINE_NAMES, make_engine
from tensormesh_local.http.host_check import is_loopback, parse_host
from tensormesh_local.server import Server
from tensormesh_local.specs import SpecError

_PROGRAM: Final = "tensormesh_local"
_USAGE_ERROR: Final = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print one line and leave with status 2."""
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
    options = parser.parse_args(arguments)
    if not is_loopback(options.host) and not options.allow_remote:
        parser.error(
            f"--host {options.host} can be reached by others; add --allow-remote if you mean it"
        )
    try:
        engine = make_engine(
            options.engine,
            seed=options.seed,
            latency_ms=options.latency_ms,
            extra_models=options.served_model_name,
            upstream=options.upstream,
            upstream_api_key=options.upstream_api_key,
            model_path=options.model,
        )
    except EngineError as error:
        parser.error(str(error))
    api_keys = options.api_key or [DEFAULT_API_KEY]
    try:
        server = Server(
            engine,
            host=options.host,
            port=options.port,
            api_keys=api_keys,
            control_plane=create_control_plane(
                api_key=api_keys[0],
                token=options.control_plane_token,
                state=options.state,
                auto_approve=options.auto_approve,
                seed_data=options.seed_data,
                data_seed=options.seed,
                rate_limit=options.rate_limit,
            ),
            enforce_balance=options.enforce_balance,
            allow_hosts=options.allow_host,
            on_ready=lambda: _announce(server, options),
        )
    except StateError as error:
        return _fail(str(error))
    except (OSError, SpecError, ValueError) as error:
        return _fail(f"{options.host}:{options.port}: {error}")
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


def _announce(server: Server, options: argparse.Namespace) -> None:
    if not is_loopback(options.host):
        print(f"{_PROGRAM}: warning: reachable by others on {options.host}", file=sys.stderr)
    key = options.api_key[0] if options.api_key else DEFAULT_API_KEY
    print(
        f"{_PROGRAM} ready serverless={server.serverless_base_url} "
        f"on_demand={server.on_demand_base_url} api_key={key} user_id={DEFAULT_USER_ID} "
        f"control_plane={server.control_plane_base_url} "
        f"control_plane_token={options.control_plane_token}",
        flush=True,
    )


def _make_parser() -> _Parser:
    parser = _Parser(
        prog=f"python -m {_PROGRAM}",
        description="Serve the Tensormesh APIs on this machine, for demos and tests.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--port", type=_port, default=8080, help="port to bind; 0 for any free one (default 8080)")
    add("--host", default="127.0.0.1", help="address to bind (default 127.0.0.1)")
    add("--allow-remote", action="store_true", help="allow a --host that others can reach")
    add(
        "--allow-host",
        action="append",
        type=_host_name,
        default=[],
        metavar="NAME",
        help="host name or IP address to accept in Host and Origin headers, besides loopback "
        "ones and --host; repeatable",
    )
    add("--engine", choices=ENGINE_NAMES, default="builtin", help="what answers (default builtin)")
    add(
        "--seed",
        type=int,
        default=0,
        help="seed of --seed-data and, with builtin, of requests that give none (default 0)",
    )
    add(
        "--latency-ms",
        type=_milliseconds,
        default=0.0,
        metavar="MS",
        help="builtin: milliseconds that each token takes (default 0)",
    )
    add(
        "--served-model-name",
        action="append",
        default=[],
        metavar="NAME",
        help="builtin: one more name for the chat model; repeatable",
    )
    add("--upstream", metavar="URL", help="upstream: base URL of an OpenAI-compatible server")
    add("--upstream-api-key", metavar="KEY", help="upstream: the key sent there")
    add("--model", metavar="FILE.gguf", help="llama: the model to run")
    add(
        "--api-key",
        action="append",
        type=_api_key,
        metavar="KEY",
        help=f"a key to accept; repeatable (default {DEFAULT_API_KEY})",
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
        help="where the Control Plane keeps its state across restarts (default: in memory)",
    )
    add(
        "--auto-approve",
        action="store_true",
        help="approve browser logins at once, for the default user",
    )
    add(
        "--seed-data",
        choices=["demo"],
        help="fill a new Control Plane state: demo gives an account with three months of use",
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
        help="Control Plane requests a minute for each access token; more are answered 429 with "
        "Retry-After (default: any number)",
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
