"""Command line of `codegen.py`: generate, check, diff."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from pathlib import Path

from tensormesh_extras import install_hint

from .errors import CodegenError, SpecErrors


def main(root: Path, arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        root: Folder of the project, with specs/, templates/ and generated/.
        arguments: Command-line arguments, without the program name.

    Returns:
        0 for success; 1 if the check fails or `--fail-on` applies; 2 if a spec is invalid or a
        library is missing.
    """
    for stream in (sys.stdout, sys.stderr):
        # Reports quote specs, which may contain characters that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return _diff(root, options) if options.command == "diff" else _generate(root, options)
    except ModuleNotFoundError as error:
        problem = f"{error.name} is not installed: {install_hint('codegen')}"
    except SpecErrors as error:
        count = len(error.errors)
        problem = f"{count} {'problem' if count == 1 else 'problems'}: nothing was written"
        print(error, file=sys.stderr)
    except CodegenError as error:
        problem = str(error)
    print(f"codegen.py {options.command}: {problem}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codegen.py", description="Generate the raw client from specs/ and templates/."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate", help="write generated/ and remove stale files")
    commands.add_parser("check", help="fail if generated/ is out of date")
    diff = commands.add_parser("diff", help="list the changes between two versions of the specs")
    diff.add_argument(
        "old", help="old version: folder of specs, spec file, git revision or REVISION:PATH"
    )
    diff.add_argument(
        "new", help="new version, in any of these forms; `specs` for the working tree"
    )
    diff.add_argument("--json", action="store_true", help="print the report as JSON")
    diff.add_argument(
        "--fail-on", choices=["breaking"], help="exit with status 1 if there is a breaking change"
    )
    return parser


def _diff(root: Path, options: argparse.Namespace) -> int:
    from .diff import compare, load

    report = compare(load(options.old, root), load(options.new, root))
    if options.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        print(report.to_text(color=sys.stdout.isatty() and not os.environ.get("NO_COLOR")), end="")
    return 1 if options.fail_on and report.bump == "major" else 0


def _generate(root: Path, options: argparse.Namespace) -> int:
    # Imported here because `--help` and `diff` need none of it.
    from . import output
    from .pipeline import build, load_specs
    from .rendering import Renderer

    start = time.perf_counter()
    packages = build(load_specs(root / "specs"))
    rendered = Renderer(root / "templates").render(packages)
    files = output.format_files(rendered, root / "pyproject.toml")
    target = root / "generated"
    if options.command == "check":
        differences = output.compare(target, files)
        print("\n".join(differences) or f"generated/ is up to date: {len(files)} files")
        if differences:
            print("generated/ is out of date: run `make generate`")
        return 1 if differences else 0
    written = output.write_tree(target, files)
    stale = output.prune(target, set(files))
    seconds = time.perf_counter() - start
    counts = f"{len(written)} written, {len(stale)} stale removed"
    print(f"generated {len(files)} files in {seconds:.1f} s: {counts}")
    return 0
