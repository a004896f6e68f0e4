"""`python codegen.py generate | check | diff`."""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import TextIO

from tensormesh_extras import install_hint

from .errors import SpecErrors, one_line


def main(root: Path, arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        root: The project: the folder of specs/, templates/ and generated/.
        arguments: Command-line arguments, without the program.

    Returns:
        0; 1 if the check fails, or a breaking change was found and asked for; 2 if a spec is wrong
            or a library is missing.
    """
    for stream in (sys.stdout, sys.stderr):
        # A report quotes specs: no character of theirs may stop it, whatever the terminal can show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return _run(root, options)
    except ModuleNotFoundError as error:
        print(f"codegen: {error.name} is not installed: {install_hint('codegen')}", file=sys.stderr)
        return 2


def _run(root: Path, options: argparse.Namespace) -> int:
    if options.command == "diff":
        from .diff import run

        return run(
            options.old,
            options.new,
            root=root,
            as_json=options.json,
            fail_on=options.fail_on,
            out=sys.stdout,
            err=sys.stderr,
        )
    try:
        return _generate(root, check=options.command == "check", out=sys.stdout)
    except SpecErrors as error:
        print(error, file=sys.stderr)
        count = len(error.errors)
        print(
            f"{count} {'problem' if count == 1 else 'problems'}; nothing written", file=sys.stderr
        )
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codegen.py", description="Generate the raw client from specs/ and templates/."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate", help="write generated/, and remove what is stale")
    commands.add_parser("check", help="fail if generated/ is not what specs and templates give")
    diff = commands.add_parser("diff", help="tell breaking from compatible changes of the specs")
    diff.add_argument("old", help="a spec, a folder of specs, or a git revision")
    diff.add_argument("new", help="the same; for the working tree name the folder")
    diff.add_argument("--json", action="store_true", help="print the report as JSON")
    diff.add_argument("--fail-on", choices=["breaking"], help="exit with 1 if there is one")
    return parser


def _generate(root: Path, *, check: bool, out: TextIO) -> int:
    # What parses and renders is imported here: `--help` and `diff` need none of it.
    from . import output
    from .pipeline import build, load_specs
    from .rendering import Renderer

    start = time.perf_counter()
    packages = build(load_specs(root / "specs"))
    try:
        files = output.format_files(
            Renderer(root / "templates").render(packages), root / "pyproject.toml"
        )
    except output.FormatError as error:
        print(f"codegen: {one_line(str(error))}", file=sys.stderr)
        return 2
    target = root / "generated"
    if check:
        return _report(output.compare(target, files), len(files), out)
    written = output.write_tree(target, files)
    stale = output.prune(target, set(files))
    seconds = time.perf_counter() - start
    print(
        f"generated {len(files)} files in {seconds:.1f} s: "
        f"{len(written)} written, {len(stale)} stale removed",
        file=out,
    )
    return 0


def _report(differences: list[str], count: int, out: TextIO) -> int:
    if differences:
        print("\n".join(differences), file=out)
        print("generated/ is not what specs/ and templates/ give: run `make generate`", file=out)
        return 1
    print(f"generated/ is right: {count} files", file=out)
    return 0
